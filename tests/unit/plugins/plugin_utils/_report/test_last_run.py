# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.plugin_utils._report.last_run import last_runs

AT = "2026-11-28T10:00:00Z"
LATER = "2026-11-28T11:00:00Z"


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([], []),
        ([{"version": 1, "last_sweep_at": None, "hosts": {}}], []),
        ([{"version": 1, "last_sweep_at": AT, "hosts": {"a": {"last_sweep_at": LATER}}}], [{"what": "", "at": AT}]),
        # one for each account and region, in one file or in several
        (
            [{"version": 2, "connections": {"111122223333 eu-central-1": {"last_sweep_at": AT}}}],
            [{"what": "111122223333 eu-central-1", "at": AT}],
        ),
        (
            [{"a": {"last_run_at": AT}}, {"b": {"last_run_at": LATER}}],
            [{"what": "b", "at": LATER}, {"what": "a", "at": AT}],
        ),
        ([["a", "list"], "text", 7, {"last_sweep_at": "yesterday"}], []),
    ],
)
def test_the_last_runs_are_found(documents: list[Any], expected: list[Any]) -> None:
    assert last_runs(map(json.dumps, documents)) == expected


def test_what_is_not_json_is_passed_over() -> None:
    assert last_runs(["{", None, ""]) == []
