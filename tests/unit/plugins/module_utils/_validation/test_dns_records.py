# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records, changes and times to live, as every way of publishing understands them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._validation.dns_records import (
    CREATE,
    DEFAULT_TTL_S,
    LONGEST_TTL_S,
    REPLACE,
    Change,
    PublishError,
    Record,
    ttl_of,
)

RECORD = Record("_a.example.com", "_b.acm-validations.aws")


@pytest.mark.parametrize(
    ("settings", "ttl_s"),
    [({}, DEFAULT_TTL_S), ({"ttl": None}, DEFAULT_TTL_S), ({"ttl": 0}, 0), ({"ttl": LONGEST_TTL_S}, LONGEST_TTL_S)],
)
def test_the_time_to_live(settings: dict[str, Any], ttl_s: int) -> None:
    assert ttl_of(settings) == ttl_s


@pytest.mark.parametrize("ttl", [-1, LONGEST_TTL_S + 1])
def test_a_time_to_live_outside_the_range_of_dns(ttl: int) -> None:
    with pytest.raises(InvalidInput, match=f"ttl is {ttl}; give seconds from 0 to {LONGEST_TTL_S}"):
        ttl_of({"ttl": ttl})


@pytest.mark.parametrize(
    ("action", "before", "shown"), [(CREATE, (), []), (REPLACE, ("_c.example.net",), ["_c.example.net."])]
)
def test_results_show_names_with_the_final_dot(action: str, before: tuple[str, ...], shown: list[str]) -> None:
    assert Change(action, "example.com", RECORD, 300, before).as_result() == {
        "action": action,
        "zone": "example.com",
        "name": "_a.example.com.",
        "type": "CNAME",
        "value": "_b.acm-validations.aws.",
        "ttl": 300,
        "before": shown,
    }


def test_an_error_says_which_changes_were_made() -> None:
    change = Change(CREATE, "example.com", RECORD, 300)
    assert PublishError("The zone is locked.", [change]).done == [change]
    assert PublishError("The zone is locked.").done == []
