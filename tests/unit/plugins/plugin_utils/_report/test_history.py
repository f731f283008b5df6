# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._report import history

NOW = "2026-11-28T10:00:00Z"
BEFORE = "2026-10-01T10:00:00Z"


def one(serial: str | None, arn: str = "arn:1") -> dict[str, Any]:
    return {
        "certificate_arn": arn,
        "connection": "here",
        "serial": serial,
        "not_before": "2026-10-01T00:00:00Z",
        "not_after": "2027-04-01T00:00:00Z",
    }


def past(serial: str, connection: str = "here") -> dict[str, Any]:
    return {"serial": serial, "first_seen_at": BEFORE, "connection": connection}


def serials(found: history.History) -> dict[str, list[tuple[str, str]]]:
    return {arn: [(each["serial"], each["first_seen_at"]) for each in entries] for arn, entries in found.items()}


@pytest.mark.parametrize(
    ("before", "certificates", "expected"),
    [
        (None, [one("a")], {"arn:1": [("a", NOW)]}),
        ("nonsense", [one("a")], {"arn:1": [("a", NOW)]}),
        ({"arn:1": [past("a")]}, [one("a")], {"arn:1": [("a", BEFORE)]}),
        ({"arn:1": [past("a")]}, [one("b")], {"arn:1": [("b", NOW), ("a", BEFORE)]}),
        # an import of the one before
        ({"arn:1": [past("b"), past("a")]}, [one("a")], {"arn:1": [("a", NOW), ("b", BEFORE)]}),
        ({}, [one(None)], {}),
        # deleted in ACM, against: of a connection that this run did not read
        ({"arn:2": [past("a")], "arn:3": [past("c", "elsewhere")]}, [], {"arn:3": [("c", BEFORE)]}),
    ],
)
def test_each_serial_is_kept_with_the_time_it_was_first_seen(before: Any, certificates: Any, expected: Any) -> None:
    assert serials(history.prolong(before, certificates, {"here"}, NOW)) == expected


def test_the_history_does_not_grow_endlessly() -> None:
    before: Any = {}
    for number in range(100):
        before = history.prolong(before, [one(str(number))], {"here"}, NOW)
    assert len(before["arn:1"]) == history.KEPT and before["arn:1"][0]["serial"] == "99"


@pytest.mark.parametrize("text", [" ", "{", "[]", "7", '{"generator": "another"}'])
def test_a_foreign_file_is_not_overwritten(text: str) -> None:
    with pytest.raises(InvalidInput, match="^/srv/x.json already exists and is not the data of a report"):
        history.read_previous(text, "/srv/x.json")


def test_data_of_another_format_is_ignored() -> None:
    assert history.read_previous(json.dumps({"generator": history.GENERATOR, "format": 99}), "x") == {}
    assert history.read_previous(None, "x") == history.read_previous("", "x") == {}
