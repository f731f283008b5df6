# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times: read, shown, and stored as milliseconds."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.certops.acm.plugins.module_utils._rules.times import (
    iso,
    maybe_millis,
    millis,
    moment,
    read_iso,
)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text",
    ["2026-11-23T12:00:00Z", "2026-11-23T12:00:00z", "2026-11-23T12:00:00", "2026-11-23T14:00:00+02:00"],
)
def test_iso_8601_is_read_and_means_utc_without_a_zone(text: str) -> None:
    assert read_iso(text) == NOON


@pytest.mark.parametrize("text", ["", "soon", "23.11.2026", "2026-13-01T00:00:00Z"])
def test_invalid_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_iso(text)


def test_moments_are_shown_in_utc_to_the_second() -> None:
    there = timezone(timedelta(hours=2))
    assert iso(NOON.astimezone(there) + timedelta(microseconds=999)) == "2026-11-23T12:00:00Z"


def test_milliseconds_survive_a_round_trip() -> None:
    assert moment(millis(NOON + timedelta(milliseconds=7))) == NOON + timedelta(milliseconds=7)
    assert maybe_millis(None) is None
