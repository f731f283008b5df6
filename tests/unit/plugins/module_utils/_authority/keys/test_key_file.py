# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotation means it: what the old key opened is in no file any more, and every secret can be sealed again."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import directory, sweep
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import key_file, vault
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_lab import Lab
from ansible_collections.certops.acm.tests.support.authority_keys import content, wrapped


def test_what_the_old_key_opened_is_in_no_file(lab: Lab) -> None:
    before = wrapped(lab)
    assert before[0] in content(lab)
    for _time in range(3):
        lab.private()
        key_file.rotate(lab.path, lab.authority.store, None, None)
        assert not any(each in content(lab) for each in before)
        before += wrapped(lab)
    assert before[-1] in content(lab)
    assert (Path(lab.path) / "acm.sqlite3-wal").stat().st_size < 100_000
    assert lab.authority.store.verify() == []


def test_the_same_of_a_passphrase(tmp_path: Path) -> None:
    authority = directory.create(str(tmp_path / "authority"), passphrase="old")
    with authority.store.read() as tx:
        (before,) = tx.data_keys().values()
        assert json.loads(tx.meta("key") or "")["cost"] == 2**17
    key_file.rotate(authority.path, authority.store, "old", "new")
    files = (tmp_path / "authority").glob("acm.sqlite3*")
    assert not any(before in path.read_bytes() for path in files)


def test_a_passphrase_of_an_earlier_version_still_opens(tmp_path: Path) -> None:
    authority = directory.create(str(tmp_path / "authority"), passphrase="old")
    salt = vault.new_salt()
    key = vault.key_of_passphrase("old", salt, 2**14)
    with authority.store.write() as tx:
        tx.put_data_key(vault.key_id(key), vault.wrap(key_file.unlock(authority.path, authority.store, "old"), key))
        tx.set_meta("key", json.dumps({"kind": "passphrase", "salt": salt.hex()}))
        tx.keep_data_key(vault.key_id(key))
    directory.open_authority(authority.path, passphrase="old")


def test_a_rotation_that_was_killed_is_finished_by_a_sweep(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    (before,) = wrapped(lab)
    monkeypatch.setattr(type(lab.authority.store), "scrub", lambda store: os._exit(9))
    child = os.fork()
    if not child:
        key_file.rotate(lab.path, directory.Store(lab.authority.store.path), None, None)
    os.waitpid(child, 0)
    monkeypatch.undo()
    assert before in content(lab)
    swept = sweep.sweep(lab.authority)
    assert swept.troubles == [] and before not in content(lab)


def test_a_link_in_the_place_of_the_new_key_is_not_followed(lab: Lab, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (Path(lab.path) / "key-encryption-key.new").symlink_to(victim)
    key_file.rotate(lab.path, lab.authority.store, None, None)
    assert victim.read_text() == "mine"
    found = Path(lab.path) / "key-encryption-key"
    assert not found.is_symlink() and stat.S_IMODE(found.stat().st_mode) == 0o600


def test_a_folder_in_which_others_may_write_gets_no_key(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(InvalidInput, match="is writable by everyone"):
        directory.create(str(tmp_path / "authority"), key_file=str(folder / "key"))
    assert not (tmp_path / "authority").exists() and list(folder.iterdir()) == []
