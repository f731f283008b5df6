# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._renewals import memory
from ansible_collections.certops.acm.tests.support.renewal_facts import (
    NOW,
    arn,
    iso,
    make_certificate,
    make_done,
    make_known,
    make_memory,
)


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_there_was_none(text: str | None) -> None:
    assert memory.read(text) == memory.empty()


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "not readable"), ("[]", "not readable"), ("{}", "not readable"), ('{"version": 2}', "has the version 2")],
)
def test_something_else(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        memory.read(text)
    assert said in str(caught.value)


def test_it_survives_being_written() -> None:
    left = memory.after(
        memory.empty(), {"web": {"done": [make_done(make_certificate())]}}, {"k": {"ops": "t"}}, iso(NOW)
    )
    assert memory.read(json.dumps(left)) == left
    assert left["hosts"] == {"web": {arn(1): make_known(make_certificate())}}
    assert left["last_sweep_at"] == iso(NOW)


@pytest.mark.parametrize("outcome", [None, {"reachable": False}, {"reachable": True, "done": [], "failures": []}])
def test_what_was_known_of_a_host_stays_until_more_is_known(outcome: dict[str, Any] | None) -> None:
    known = {"web": {arn(1): make_known(make_certificate())}, "elsewhere": {}}
    assert memory.after(make_memory(hosts=known), {"web": outcome}, {}, iso(NOW))["hosts"] == known


def test_forcing_keeps_what_still_counts() -> None:
    old = [{"arn": arn(1), "at": iso(NOW - timedelta(days=3))}, {"arn": arn(2), "at": iso(NOW - timedelta(hours=20))}]
    forced = memory.forcing(make_memory(forced=old), [arn(3)], NOW)["forced"]
    assert forced == [old[1], {"arn": arn(3), "at": iso(NOW)}]
