# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks: one holder, released when it ends, and a wait that ends. Only our runs can hold a folder."""

from __future__ import annotations

import fcntl
import os
import pwd
import stat
import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._files import atomic, locks
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput


@pytest.fixture(name="folder")
def fixture_folder(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def test_a_local_user_who_locks_the_folder_itself_blocks_nobody(folder: int, tmp_path: Path) -> None:
    """Every local user can open and lock a folder that servers read from."""
    intruder = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(intruder, fcntl.LOCK_EX)
    locks.release_folder(folder, locks.hold_folder(folder, str(tmp_path), 0))
    spec = atomic.FileSpec("cert", str(tmp_path / "cert.pem"), 0o644)
    with atomic.locked([spec]) as held:
        atomic.write(held, [(spec, b"new")])
    os.close(intruder)
    assert os.listdir(tmp_path) == ["cert.pem"]


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_only_the_owner_can_open_a_lock_file(folder: int, tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        held = locks.hold_folder(folder, str(tmp_path), 0)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / locks.NAME).stat().st_mode) == 0o600
    with pytest.raises(InvalidInput, match="Another run has locked"):
        locks.hold_folder(folder, str(tmp_path), 0)
    locks.release_folder(folder, held)
    assert os.listdir(tmp_path) == []


def test_a_link_or_pipe_in_place_of_the_lock_is_refused_or_harmless(folder: int, tmp_path: Path) -> None:
    (tmp_path / locks.NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        locks.hold_folder(folder, str(tmp_path), 0)
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / locks.NAME).unlink()
    os.mkfifo(tmp_path / locks.NAME)
    locks.release_folder(folder, locks.hold_folder(folder, str(tmp_path), 0))


def test_a_lock_left_by_a_killed_run_is_used_and_removed(folder: int, tmp_path: Path) -> None:
    (tmp_path / locks.NAME).touch()
    locks.release_folder(folder, locks.hold_folder(folder, str(tmp_path), 0))
    assert os.listdir(tmp_path) == []


def test_only_one_of_many_runs_holds_the_lock_at_a_time(folder: int, tmp_path: Path) -> None:
    """Although each removes its lock file, which the next may already have opened."""
    inside: list[int] = []
    overlaps: list[int] = []

    def run() -> None:
        for _time in range(40):
            held = locks.hold_folder(folder, str(tmp_path), 60)
            inside.append(1)
            overlaps.extend([1] if len(inside) > 1 else [])
            inside.pop()
            locks.release_folder(folder, held)

    threads = [threading.Thread(target=run) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == [] and os.listdir(tmp_path) == []


def test_a_run_continues_without_the_lock_if_the_disk_is_full(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: t.Any, **_named: t.Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(locks.os, "open", full)
    held = locks.hold_folder(folder, str(tmp_path), 0)
    assert held is None
    locks.release_folder(folder, held)


def test_a_wait_ends_when_the_holder_does_or_when_time_is_up(tmp_path: Path) -> None:
    holder, waiter = os.open(tmp_path, os.O_RDONLY), os.open(tmp_path, os.O_RDONLY)
    assert locks.wait_for(holder, 0)
    assert not locks.wait_for(waiter, 0.05)
    os.close(holder)
    assert locks.wait_for(waiter, 0)
    os.close(waiter)


def test_only_one_run_at_a_time_has_its_turn(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with locks.turn(path) as is_ours:
        with locks.turn(path) as is_theirs:
            assert (is_ours, is_theirs) == (True, False)
    with locks.turn(path) as is_ours:
        assert is_ours
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_lock_file_is_its_owners(tmp_path: Path) -> None:
    for _time in range(2):
        os.close(locks.open_lock(str(tmp_path / "lock")))
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        locks.open_lock(str(tmp_path / "link"))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_what_root_makes_is_the_folders_owners(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    folder = tmp_path / "folder"
    folder.mkdir()
    os.chown(folder, nobody, -1)
    os.close(locks.open_lock(str(folder / "lock")))
    assert (folder / "lock").stat().st_uid == nobody
    (folder / "theirs").touch()
    os.close(locks.open_lock(str(folder / "theirs")))
    assert (folder / "theirs").stat().st_uid == 0  # a file that exists is not given away
