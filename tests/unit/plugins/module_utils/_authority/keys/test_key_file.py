# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotation means it: what the old key opened is in no file any more, and every secret can be sealed again."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import data_key, directory, leftovers, sweep
from ansible_collections.certops.acm.plugins.module_utils._authority.delivery import deliveries
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import key_file, vault
from ansible_collections.certops.acm.plugins.module_utils._authority.keys.access_keys import AccessKeys
from ansible_collections.certops.acm.plugins.module_utils._authority.keys.lease import Lease
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_lab import Lab


def content(lab: Lab) -> bytes:
    """Everything in the store's files, free pages and the log included."""
    return b"".join(path.read_bytes() for path in Path(lab.path).glob("acm.sqlite3*"))


def wrapped(lab: Lab) -> list[bytes]:
    with lab.authority.store.read() as tx:
        return list(tx.data_keys().values())


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


def test_every_secret_is_sealed_again(lab: Lab) -> None:
    arn = lab.private()
    keys = AccessKeys(lab.authority.store, lab.authority.vault)
    owner = keys.owner()
    keys.set([{"kind": "user", "name": "web", "policy": None}])
    web = keys.all()[1]
    lab.authority.smtp_password.replace("of the mail server")
    target = {"name": "hook", "kind": "webhook", "detail_types": [], "url": "https://hooks.example.com/"}
    deliveries.set_targets(lab.authority, [target])
    old = vault.Vault(key_file.unlock(lab.path, lab.authority.store, None))
    with lab.authority.store.read() as tx:
        sealed = [each[2] for each in tx.sealed()]
        secrets = [*sealed, bytes.fromhex(tx.meta("smtp_password") or ""), tx.targets.all()[0].sealed]
    data_key.renew(lab.authority)
    lab.export(arn)
    lab.authority.cas.private("made-after", key_algorithm="EC_prime256v1")
    again = directory.open_authority(lab.path)
    assert lab.private(ca=lab.ca("made-after"))  # what was made since is sealed with the new key, too
    assert AccessKeys(again.store, again.vault).all() == [owner, web]
    assert again.smtp_password.read() == "of the mail server"
    assert deliveries.targets(again)[0]["name"] == "hook"
    everything = content(lab)
    assert not any(each in everything for each in secrets)
    with lab.authority.store.read() as tx:
        for _table, _row, each, context in tx.sealed():
            again.vault.open(each, context)
            with pytest.raises(vault.WrongKey):
                old.open(each, context)


def test_nobody_else_may_have_it_open(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    other = directory.open_authority(lab.path)
    (before,) = wrapped(lab)
    with pytest.raises(InvalidInput, match="Another program has the authority in .* open"):
        with lab.authority.lease.alone(wait_s=0.1):
            raise AssertionError
    assert wrapped(lab) == [before]
    del other
    data_key.renew(lab.authority)
    assert wrapped(lab) != [before]


def test_a_lease_of_who_may_only_look(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="run as its owner"):
        with Lease(str(tmp_path / "absent")).alone():
            pass


@pytest.mark.parametrize("folder", ["public", ""])
def test_what_killed_writes_left_is_swept(lab: Lab, folder: str, tmp_path: Path) -> None:
    old, fresh, ours = ".trust.pem-abcd1234", ".trust.pem-efgh5678", "a.crt"
    for name in (old, fresh, ours):
        (tmp_path / name).write_text("half")
    (tmp_path / ".auth-abcd1234").mkdir()
    (tmp_path / ".auth-abcd1234" / "acm.sqlite3").touch()
    past = time.time() - 7200
    for name in (old, ours, ".auth-abcd1234"):
        os.utime(tmp_path / name, (past, past))
    leftovers.remove(str(tmp_path), "auth")
    assert {path.name for path in tmp_path.iterdir()} >= {old, fresh, ours} and not (
        tmp_path / ".auth-abcd1234"
    ).exists()
    leftovers.remove(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {fresh, ours}
