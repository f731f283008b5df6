# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._renewals import memory
from ansible_collections.certops.acm.plugins.plugin_utils._report.last_run import last_runs
from ansible_collections.certops.acm.tests.support.report_fleet import remembered

AT = "2026-11-28T10:00:00Z"
LATER = "2026-11-28T11:00:00Z"
ACCOUNT, AUTHORITY = "111122223333-eu-central-1", "lab-0123456789ab"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], []),
        ([remembered(ACCOUNT, AT)], [{"what": ACCOUNT, "at": AT}]),
        (
            [remembered(ACCOUNT, AT), remembered(AUTHORITY, LATER)],
            [{"what": "lab", "at": LATER}, {"what": ACCOUNT, "at": AT}],
        ),
        ([remembered(ACCOUNT, None)], []),  # the first run was killed
        ([remembered(ACCOUNT, "yesterday")], []),
    ],
)
def test_the_last_runs_are_found(files: list[Any], expected: list[Any]) -> None:
    assert last_runs(files) == expected


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b'"text"', b"\xff", b"{}"])
def test_foreign_files_are_skipped(content: bytes) -> None:
    assert last_runs([{"source": "/x.json", "content": base64.b64encode(content).decode()}]) == []


def test_renewal_runs_write_what_is_read_here() -> None:
    assert "ended_at" in memory.empty()
