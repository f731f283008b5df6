# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: one record, replaced whole; snippets kept beside it; one holder at a time."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.journal import PLACING, Journal
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.snippets import Before


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(str(tmp_path / "acm"))
    made.open_lock()
    return made


def test_a_record_is_read_as_it_was_written_and_gone_when_removed(journal: Journal) -> None:
    assert journal.peek() is None
    journal.write({"phase": PLACING})
    journal.write({"phase": PLACING, "steps": 2})
    assert (journal.peek() or {})["steps"] == 2
    assert stat.S_IMODE(os.stat(journal.path).st_mode) == 0o700
    journal.remove()
    assert journal.peek() is None and os.listdir(journal.path) == ["lock"]


@pytest.mark.parametrize("before", [Before(), Before(b"old", mode=0o640), Before(target="/etc/x")])
def test_a_snippet_is_kept_as_it_was(journal: Journal, before: Before) -> None:
    assert journal.kept(journal.keep(0, before)) == before


def test_a_record_leads_to_no_file_elsewhere(journal: Journal, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not for a web server")
    with pytest.raises(FileNotFoundError):
        journal.kept({"backup": "../../secret", "target": None, "mode": 0o644})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', "\udcff"])
def test_one_that_cannot_be_read_is_never_taken_for_none(journal: Journal, text: str) -> None:
    Path(journal.path, "journal.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidInput, match="cannot be read"):
        journal.peek()


def test_one_run_at_a_time(journal: Journal) -> None:
    journal.lock(0)
    other = Journal(journal.base)
    other.open_lock()
    with pytest.raises(InvalidInput, match="Another deployment has locked"):
        other.lock(0.05)
    journal.close()
    other.lock(0)
