# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings in the store, which other processes may change."""

from __future__ import annotations

import json

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.settings import Settings
from ansible_collections.certops.acm.plugins.module_utils._authority.store.stored_settings import StoredSettings
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_lab import Lab


def test_a_change_is_seen_by_all(lab: Lab) -> None:
    mine, theirs = (StoredSettings(lab.authority.store) for _process in range(2))
    assert mine.current() == theirs.current()
    changed = mine.change({"days_before_expiry": 7})
    assert changed.days_before_expiry == 7
    assert theirs.current() == mine.current() == changed
    assert mine.current() is mine.current()  # parsed only after a change


def test_only_what_differs_from_the_defaults_is_stored(lab: Lab) -> None:
    settings = StoredSettings(lab.authority.store)
    before = set(settings.current().differing())
    settings.change({"days_before_expiry": 7, "quota_imported": Settings().quota_imported})
    with lab.authority.store.read() as tx:
        assert set(json.loads(tx.meta("settings") or "")) == before | {"days_before_expiry"}
        assert settings.read(tx) == settings.current()


def test_a_change_that_is_refused_changes_nothing(lab: Lab) -> None:
    settings = StoredSettings(lab.authority.store)
    before = settings.current()
    with pytest.raises(InvalidInput, match="days_before_expiry"):
        settings.change({"quota_imported": 1, "days_before_expiry": 0})
    assert StoredSettings(lab.authority.store).current() == before
