# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run leaves for the next: read whatever has happened to it, and written wherever possible."""

from __future__ import annotations

import errno
import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._files import folders
from ansible_collections.certops.acm.plugins.module_utils._renewals import memory
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

NOW = datetime(2027, 3, 1, 6, tzinfo=timezone.utc)
ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-0000-0000-000000000001"


def ago(**time: float) -> str:
    return memory.iso(NOW - timedelta(**time))


FULL: dict[str, Any] = {
    "version": memory.VERSION,
    "began_at": ago(hours=1),
    "ended_at": ago(minutes=58),
    "forced": [{"arn": ARN, "at": ago(hours=1)}],
    "hosts": {
        "web": {ARN: {"serial": "01", "not_before": ago(days=9), "not_after": ago(days=-81), "services": ["nginx"]}}
    },
    "told": {f"expiring {ARN} 01 7": {"chat": ago(hours=1)}},
    "missed": [{"key": "deployed x", "kind": "deployed", "severity": "info", "title": "It is in place."}],
}


def test_a_sound_memory_is_left_unchanged() -> None:
    assert memory.judge(json.dumps(FULL), NOW) == (FULL, [], False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is damaged"),
        (" \n", "is damaged"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ("[" * 100_000, "is damaged"),
        ("\x00\x00\x00", "is damaged"),
        ("{}", "was written by another version"),
        ('{"version": 1}', "was written by another version"),
        ('{"version": 3}', "was written by another version"),
        (json.dumps({**FULL, "forced": [{"arn": ARN}]}), "is damaged"),
        (json.dumps({**FULL, "forced": [{"arn": ARN, "at": "soon"}]}), "is damaged"),
        (json.dumps({**FULL, "forced": [{"arn": ARN, "at": 5}]}), "is damaged"),
        (json.dumps({**FULL, "hosts": []}), "is damaged"),
        (json.dumps({**FULL, "hosts": {"web": {ARN: {"serial": "01"}}}}), "is damaged"),
        (json.dumps({**FULL, "told": {"k": "yesterday"}}), "is damaged"),
        (json.dumps({**FULL, "told": {"k": {"chat": "yesterday"}}}), "is damaged"),
        (json.dumps({**FULL, "began_at": "0"}), "is damaged"),
        (json.dumps({**FULL, "missed": [{}]}), "is damaged"),
    ],
)
def test_a_damaged_memory(text: str, said: str) -> None:
    document, problems, must_be_put_aside = memory.judge(text, NOW)
    assert document == memory.empty() and must_be_put_aside
    assert said in problems[0]


def test_a_clock_that_was_ahead() -> None:
    """Twenty renewals forced "in the future" would use up the daily attempts for years."""
    ahead = ago(days=-300)
    forced = [{"arn": f"{ARN}{number}", "at": ahead} for number in range(20)]
    told = {"old": {"chat": ago(days=1)}, "new": {"chat": ahead}}
    text = json.dumps(
        {**FULL, "began_at": ahead, "ended_at": ahead, "forced": [*forced, *FULL["forced"]], "told": told}
    )
    document, problems, must_be_put_aside = memory.judge(text, NOW)
    assert document["forced"] == FULL["forced"]
    assert (document["began_at"], document["ended_at"]) == (None, None)
    assert document["told"] == {"old": {"chat": ago(days=1)}, "new": {"chat": memory.iso(NOW)}}
    assert must_be_put_aside and "times in the future" in problems[0]


def store(folder: Path) -> memory.Store:
    return memory.Store(str(folder / "state"), "here", str(folder / "spare"))


def test_a_stored_memory_is_read_back(tmp_path: Path) -> None:
    assert store(tmp_path).recall(NOW) == (memory.empty(), [])
    assert store(tmp_path).remember(FULL) is None
    assert store(tmp_path).recall(NOW) == (FULL, [])
    path = tmp_path / "state" / "here.json"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert os.listdir(path.parent) == ["here.json"] and not (tmp_path / "spare").exists()


@pytest.mark.parametrize("text", ["", "{"])
def test_a_damaged_file_is_moved_aside(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state" / "here.json"
    path.parent.mkdir(mode=0o700)
    path.write_text(text, encoding="utf-8")
    document, problems = store(tmp_path).recall(NOW, may_change=False)
    assert document == memory.empty() and path.exists()
    damaged = f"{path} is damaged, so alerts may be sent twice;"
    assert problems == [f"{damaged} the next run outside check mode moves it aside."]
    moved = f"{path}.20270301T060000Z"
    assert store(tmp_path).recall(NOW)[1] == [f"{damaged} it was moved to {moved}, and nothing else needs to be done."]
    assert not path.exists() and Path(moved).read_text(encoding="utf-8") == text


def test_a_damaged_file_that_cannot_be_moved_is_left_to_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state" / "here.json"
    path.parent.mkdir(mode=0o700)
    path.write_text("{", encoding="utf-8")
    monkeypatch.setattr(folders.Folder, "rename", refuse)
    assert store(tmp_path).recall(NOW)[1] == [
        f"{path} is damaged, so alerts may be sent twice; it could not be moved aside: move or remove it."
    ]


def refuse(*_given: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), "/somewhere")


def test_a_memory_that_cannot_be_written_is_stored_elsewhere(tmp_path: Path) -> None:
    """The folder is a file here, which stops root too."""
    (tmp_path / "state").write_text("", encoding="utf-8")
    assert store(tmp_path).recall(NOW)[1] == [
        f"{tmp_path}/state/here.json cannot be read (Not a directory), so alerts may be sent twice: fix that, or set "
        "acm_deploy_renewals_path to another folder."
    ]
    assert store(tmp_path).remember(FULL) == (
        f"It is in {tmp_path}/spare/here.json instead, because {tmp_path}/state/here.json cannot be written (Not a "
        "directory): fix that, or set acm_deploy_renewals_path to a folder that can be written."
    )
    assert store(tmp_path).recall(NOW) == (FULL, [])
    (tmp_path / "state").unlink()
    newer = {**FULL, "began_at": ago(minutes=1)}
    assert store(tmp_path).remember(newer) is None
    assert store(tmp_path).recall(NOW) == (newer, []) and not (tmp_path / "spare" / "here.json").exists()


def test_no_place_can_be_written(tmp_path: Path) -> None:
    for name in ("state", "spare"):
        (tmp_path / name).write_text("", encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        store(tmp_path).remember(FULL)
    assert str(refused.value) == (
        f"Neither {tmp_path}/state/here.json nor {tmp_path}/spare/here.json can be written (Not a directory): free some "
        "space or fix the permissions, or set acm_deploy_renewals_path to a folder that can be written."
    )


def test_a_folder_to_which_others_may_write_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    said = store(tmp_path).remember(FULL)
    assert said == (
        f"It is in {tmp_path}/spare/here.json instead. The folder {tmp_path}/state is writable by everyone, who could "
        "replace these files; choose a folder to which only root or the files' owner can write."
    )


def test_files_that_others_put_into_the_temporary_folder_are_not_used(tmp_path: Path) -> None:
    spare = tmp_path / "spare"
    spare.mkdir()
    spare.chmod(0o777)
    (spare / "here.json").write_text(json.dumps(FULL), encoding="utf-8")
    assert store(tmp_path).recall(NOW)[0] == memory.empty()


def test_a_link_in_the_temporary_folder_removes_nothing(tmp_path: Path) -> None:
    """Somebody has created one that points to the folder of the memory."""
    (tmp_path / "temporary").mkdir()
    (tmp_path / "temporary").chmod(0o1777)
    (tmp_path / "temporary" / "spare").symlink_to(tmp_path / "state")
    kept = memory.Store(str(tmp_path / "state"), "here", str(tmp_path / "temporary" / "spare"))
    for _run in range(2):
        assert kept.remember(FULL) is None
        assert kept.recall(NOW) == (FULL, [])
