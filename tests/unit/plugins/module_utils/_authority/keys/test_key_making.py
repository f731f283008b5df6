# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotation is thorough: nothing that the old key opened is left in a file, and no kill loses the authority."""

from __future__ import annotations

import json
import os
import pwd
import signal
import stat
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation, directory, opening, sweep
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import key_file, key_making
from ansible_collections.certops.acm.plugins.module_utils._authority.store.transactions import StoreError
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_keys import content, wrapped
from ansible_collections.certops.acm.tests.support.authority_lab import Lab


def test_nothing_that_the_old_key_opened_is_left_in_a_file(lab: Lab) -> None:
    before = wrapped(lab)
    assert before[0] in content(lab)
    for _time in range(3):
        lab.private()
        key_making.rotate(lab.path, lab.authority.store, None, None)
        assert not any(each in content(lab) for each in before)
        before += wrapped(lab)
    assert before[-1] in content(lab)
    assert (Path(lab.path) / "acm.sqlite3-wal").stat().st_size < 100_000
    assert lab.authority.store.verify() == []


def test_nothing_that_the_old_passphrase_opened_is_left_in_a_file(tmp_path: Path) -> None:
    authority = creation.create(str(tmp_path / "authority"), passphrase="old")
    with authority.store.read() as tx:
        (before,) = tx.data_keys().values()
        assert json.loads(tx.meta("key") or "")["cost"] == 2**17
    key_making.rotate(authority.path, authority.store, "old", "new")
    files = (tmp_path / "authority").glob("acm.sqlite3*")
    assert not any(before in path.read_bytes() for path in files)


def test_a_killed_rotation_is_completed_by_a_sweep(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    (before,) = wrapped(lab)
    monkeypatch.setattr(type(lab.authority.store), "scrub", lambda store: os._exit(9))
    child = os.fork()
    if not child:
        key_making.rotate(lab.path, directory.Store(lab.authority.store.path), None, None)
    os.waitpid(child, 0)
    monkeypatch.undo()
    assert before in content(lab)
    swept = sweep.sweep(lab.authority)
    assert swept.troubles == [] and before not in content(lab)


def test_what_could_not_be_removed_is_removed_by_a_sweep(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the file needs space. The key has been replaced all the same, and the task says so."""
    (before,) = wrapped(lab)
    key_file_path = Path(lab.path) / "key-encryption-key"
    old = key_file_path.read_text()

    def full(_store: t.Any) -> None:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(type(lab.authority.store), "scrub", full)
        with pytest.raises(InvalidInput, match="The key was replaced, but .* The disk is full."):
            key_making.rotate(lab.path, lab.authority.store, None, None)
        assert "The disk is full." in sweep.sweep(lab.authority).troubles
    assert key_file_path.read_text() != old and before in content(lab)
    assert sweep.sweep(lab.authority).troubles == [] and before not in content(lab)


def test_a_link_in_the_place_of_the_new_key_is_not_followed(lab: Lab, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (Path(lab.path) / "key-encryption-key.new").symlink_to(victim)
    key_making.rotate(lab.path, lab.authority.store, None, None)
    assert victim.read_text() == "mine"
    found = Path(lab.path) / "key-encryption-key"
    assert not found.is_symlink() and stat.S_IMODE(found.stat().st_mode) == 0o600


def test_a_key_file_is_rotated(lab: Lab) -> None:
    arn = lab.private()
    key_file = Path(lab.path) / "key-encryption-key"
    before = key_file.read_text()
    key_making.rotate(lab.path, lab.authority.store, None, None)
    assert key_file.read_text() != before and stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert not key_file.with_suffix(".new").exists()
    opening.open_authority(lab.path)
    lab.export(arn)  # an open authority keeps working
    key_file.write_text(before)
    with pytest.raises(InvalidInput, match="does not open"):
        opening.open_authority(lab.path)


def test_a_passphrase_is_replaced(tmp_path: Path) -> None:
    authority = creation.create(str(tmp_path / "authority"), passphrase="old")
    with pytest.raises(InvalidInput, match="give the new one"):
        key_making.rotate(authority.path, authority.store, "old", None)
    key_making.rotate(authority.path, authority.store, "old", "new")
    opening.open_authority(authority.path, passphrase="new")
    with pytest.raises(InvalidInput, match="does not open"):
        opening.open_authority(authority.path, passphrase="old")


def test_a_rotation_killed_at_any_point_leaves_an_authority_that_opens(lab: Lab) -> None:
    """A rotation is killed after its nth step, for every n."""
    lab.authority.store.close()
    done = False
    for steps in range(1, 200):
        child = os.fork()
        if not child:
            _rotate_and_die(lab.path, steps)
        _pid, status = os.waitpid(child, 0)
        opening.open_authority(lab.path)
        if not os.WIFSIGNALED(status):
            assert os.WEXITSTATUS(status) == 0
            done = True
            break
    assert done and steps > 5
    with lab.authority.store.read() as tx:
        assert len(tx.data_keys()) == 1


def _rotate_and_die(path: str, steps: int) -> t.NoReturn:
    """Die at the nth system call that changes anything."""
    left = [steps]

    def counted(call: t.Any) -> t.Any:
        def step(*arguments: t.Any, **members: t.Any) -> t.Any:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **members)

        return step

    try:
        for name in ("open", "close", "fsync", "rename", "fdopen"):
            setattr(os, name, counted(getattr(os, name)))
        key_making.rotate(path, directory.Store(os.path.join(path, directory.STORE_FILE)), None, None)
        os._exit(0)
    except BaseException:
        os._exit(3)
    raise AssertionError


def test_an_authority_opens_while_its_key_is_rotated(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its key is replaced between the two reads, of the store and of the key file."""
    read_key, rotated = key_file.read_key, []

    def rotate_first(*arguments: t.Any) -> bytes:
        if not rotated:
            rotated.append(True)
            key_making.rotate(lab.path, directory.Store(lab.authority.store.path), None, None)
        return read_key(*arguments)

    monkeypatch.setattr(key_file, "read_key", rotate_first)
    opening.open_authority(lab.path)
    assert rotated


def test_a_killed_change_of_the_passphrase_is_completed_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = creation.create(str(tmp_path / "authority"), passphrase="old")
    with authority.store.read() as tx:
        (before,) = tx.data_keys().values()
    with monkeypatch.context() as killed:
        killed.setattr(key_making, "_scrub", lambda store: None)
        key_making.rotate(authority.path, authority.store, "old", "new")
    assert sweep.sweep(authority).troubles == []
    files = (tmp_path / "authority").glob("acm.sqlite3*")
    assert not any(before in path.read_bytes() for path in files)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to another user")
def test_what_root_makes_belongs_to_the_owner_of_the_directory(lab: Lab) -> None:
    """Otherwise the owner's server could neither read the next key nor take its turn."""
    owner = pwd.getpwnam("nobody").pw_uid
    folder = Path(lab.path)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner, -1)
    for name in ("open.lock", "acm.sqlite3-writers"):
        (folder / name).unlink()
    root = opening.open_authority(lab.path)
    key_making.rotate(root.path, root.store, None, None)
    assert sweep.sweep(root).troubles == []
    assert {path.stat().st_uid for path in folder.rglob("*")} == {owner}


def test_two_simultaneous_rotations(lab: Lab) -> None:
    def rotate(_number: int) -> None:
        key_making.rotate(lab.path, directory.Store(lab.authority.store.path), None, None)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(rotate, range(8)))
    opening.open_authority(lab.path)
