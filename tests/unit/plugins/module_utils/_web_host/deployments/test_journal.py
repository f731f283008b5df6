# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: one record, replaced whole; snippets kept beside it; one holder at a time."""

from __future__ import annotations

import os
import stat
import typing as t
from pathlib import Path

import pytest

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.journal import (
    FINISHED,
    PLACING,
    Journal,
)
from ansible_collections.certops.acm.plugins.module_utils._web_host.servers.known_servers import complete
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.snippets import Before

(WEB,) = complete([{"name": "web", "reload_command": ["true"]}], ["www"], "")
RECORD: dict[str, t.Any] = {
    "phase": PLACING,
    "started_at": "2026-11-01T00:00:00Z",
    "path": "/etc/acm",
    "sets": [{"name": "www", "version": "0002-5f2a9c1e77d0", "previous": None}],
    "snippets": [],
    "services": {"web": WEB._asdict()},
    "reloads": [{"service": "web", "reason": "www is new", "combined": [], "may_fail": False}],
    "starts": [],
    "proofs": [],
    "before": [],
}
ENDED: dict[str, t.Any] = {
    "phase": FINISHED,
    "started_at": "2026-11-01T00:00:00Z",
    "outcome": {"failed": False, "message": "", "restored": True, "was_changed": True, "finished_at": "then"},
}


def parts(value: t.Any) -> t.Iterator[t.Any]:
    """Every copy of VALUE with one key missing from one of its dictionaries."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {other: each for other, each in value.items() if other != key}
            yield from ({**value, key: part} for part in parts(inner))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from ([*value[:number], part, *value[number + 1 :]] for part in parts(inner))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(str(tmp_path / "acm"))
    made.open_lock()
    return made


def test_a_record_is_read_back_as_written_and_gone_after_removal(journal: Journal) -> None:
    assert journal.peek() is None
    journal.write(RECORD)
    journal.write({**RECORD, "starts": ["web"]})
    assert (journal.peek() or {})["starts"] == ["web"]
    journal.write(ENDED)
    assert (journal.peek() or {})["outcome"] == ENDED["outcome"]
    assert stat.S_IMODE(os.stat(journal.path).st_mode) == 0o700
    journal.remove()
    assert journal.peek() is None and os.listdir(journal.path) == ["lock"]


@pytest.mark.parametrize("before", [Before(), Before(b"old", mode=0o640), Before(target="/etc/x")])
def test_the_previous_snippet_is_kept_unchanged(journal: Journal, before: Before) -> None:
    assert journal.kept(journal.keep(0, before)) == before


def test_a_record_cannot_name_files_elsewhere(journal: Journal, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not for a web server")
    with pytest.raises(FileNotFoundError):
        journal.kept({"backup": "../../secret", "target": None, "mode": 0o644})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 2}', "\udcff"])
def test_an_unreadable_journal_does_not_count_as_absent(journal: Journal, text: str) -> None:
    Path(journal.path, "journal.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidInput, match="cannot be read"):
        journal.peek()


@pytest.mark.parametrize("record", [RECORD, ENDED], ids=["in progress", "ended"])
def test_an_incomplete_journal_cannot_be_read(journal: Journal, record: dict[str, t.Any]) -> None:
    broken = [*parts(record), *({**record, key: 5} for key in record)]
    for each in broken:
        journal.write(each)
        with pytest.raises(InvalidInput, match="cannot be read"):
            journal.peek()
    assert len(broken) > 6


def test_one_run_at_a_time(journal: Journal) -> None:
    journal.lock(0)
    other = Journal(journal.base)
    other.open_lock()
    with pytest.raises(InvalidInput, match="Another deployment has locked"):
        other.lock(0.05)
    journal.close()
    other.lock(0)
