# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory of an authority: made whole or not at all, opened with the right key only (directory, keys, vault)."""

from __future__ import annotations

import os
import signal
import stat
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.plugins.module_utils._authority import directory
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import key_file as keys, vault
from ansible_collections.certops.acm.plugins.module_utils._authority.signing import issuer
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_lab import Lab


def test_what_lies_in_it_and_who_may_read_it(tmp_path: Path) -> None:
    authority = directory.create(str(tmp_path / "a" / "authority"))
    authority.cas.private("corp", key_algorithm="EC_prime256v1")
    modes = {
        str(path.relative_to(authority.path)): stat.S_IMODE(path.stat().st_mode)
        for path in sorted(Path(authority.path).rglob("*"))
    }
    assert {name for name in modes if "/" not in name} >= {"acm.sqlite3", "key-encryption-key", "public"}
    for name, mode in modes.items():
        if name == "public":
            assert mode == 0o755
        elif name.startswith("public/"):
            assert mode == 0o644, name
        else:
            assert mode == 0o600, name
    # A web server reaches public/ through it, and sees nothing else.
    assert stat.S_IMODE(os.stat(authority.path).st_mode) == 0o711


def test_no_secret_lies_in_the_clear(lab: Lab) -> None:
    arn = lab.private()
    key = pem.load_private_key(lab.export(arn)["PrivateKey"].encode(), b"opensesame")
    lab.authority.smtp_password.replace("mail-secret")
    scalar = key.private_numbers().private_value.to_bytes(32, "big")
    for path in Path(lab.path).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert scalar not in content and b"PRIVATE KEY" not in content and b"mail-secret" not in content, path
            assert issuer.key_der(key) not in content


@pytest.mark.parametrize(
    "wanted, said",
    [
        ({"region": "here"}, "not the name of an AWS region"),
        ({"account_id": "12"}, "twelve digits"),
        ({"settings": {"validity_dys": 1}}, "did you mean"),
        ({"key_file": "/no/such/folder/key"}, "No such file"),
    ],
)
def test_nothing_is_left_of_one_that_cannot_be_made(tmp_path: Path, wanted: dict[str, t.Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        directory.create(str(tmp_path / "authority"), **wanted)
    assert list(tmp_path.iterdir()) == []


def test_places_that_are_taken(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("precious")
    (tmp_path / "file").write_text("precious")
    with pytest.raises(InvalidInput, match="is not empty"):
        directory.create(str(tmp_path / "full"))
    with pytest.raises(InvalidInput, match="is a file"):
        directory.create(str(tmp_path / "file"))
    with pytest.raises(InvalidInput, match="exists"):
        directory.create(str(tmp_path / "new"), key_file=str(tmp_path / "file"))
    assert (tmp_path / "file").read_text() == (tmp_path / "full" / "mine").read_text() == "precious"
    (tmp_path / "empty").mkdir()
    assert directory.create(str(tmp_path / "empty"))


def test_of_two_that_make_it_at_once_one_does(tmp_path: Path) -> None:
    path, key_file = str(tmp_path / "authority"), str(tmp_path / "key")

    def make(_number: int) -> bool:
        try:
            directory.create(path, key_file=key_file)
            return True
        except InvalidInput:
            return False

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, range(4)))
    assert made.count(True) == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["authority", "key"]
    directory.open_authority(path)  # the winner's key is still there


def test_none_is_made_or_opened_where_others_may_write(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    directory.create(str(shared / "authority")).store.close()
    os.chmod(shared, 0o777)
    for attempt in (
        lambda: directory.open_authority(str(shared / "authority")),
        lambda: directory.open_store(str(shared / "authority")),
        lambda: directory.create(str(shared / "new")),
        lambda: directory.create(str(shared / "below" / "new")),
    ):
        with pytest.raises(InvalidInput, match=f"The folder {shared}, .* is writable by everyone"):
            attempt()
    assert os.listdir(shared) == ["authority"]
    os.chmod(shared, 0o1777)  # as /tmp is: nobody else can exchange what this user has made in it
    directory.create(str(shared / "new")).store.close()
    os.chmod(shared / "new", 0o777)
    with pytest.raises(InvalidInput, match="new is writable by everyone"):
        directory.open_authority(str(shared / "new"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_root_uses_the_directory_of_another_user_but_not_one_that_anybody_could_have_made(tmp_path: Path) -> None:
    home, shared = tmp_path / "home", tmp_path / "shared"
    directory.create(str(home / "authority")).store.close()
    for folder in (home, home / "authority"):
        os.chown(folder, 12345, -1)
    directory.open_authority(str(home / "authority")).store.close()
    directory.create(str(shared / "authority")).store.close()
    os.chmod(shared, 0o1777)
    os.chown(shared / "authority", 12345, -1)
    with pytest.raises(InvalidInput, match="The folder .* is writable by everyone"):
        directory.open_authority(str(shared / "authority"))


def test_the_folders_above_are_made_for_nobody_else_to_write_in(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        directory.create(str(tmp_path / "a" / "b" / "authority")).store.close()
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / each).stat().st_mode) for each in ("a", "a/b", "a/b/authority")] == [
        0o755,
        0o755,
        0o711,
    ]


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no embedded authority"):
        directory.open_authority(str(tmp_path))


def test_a_key_file_elsewhere(tmp_path: Path) -> None:
    path, key_file = str(tmp_path / "authority"), tmp_path / "key"
    directory.create(path, key_file=str(key_file))
    assert not (Path(path) / "key-encryption-key").exists()
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    directory.open_authority(path)
    key_file.rename(tmp_path / "away")
    with pytest.raises(InvalidInput, match="missing: put"):
        directory.open_authority(path)


@pytest.mark.parametrize(
    "content, said",
    [("00" * 32, "does not open"), ("00" * 31, "damaged"), ("", "damaged"), ("no hex", "damaged"), ("ü", "damaged")],
)
def test_a_wrong_key_is_refused_at_once(tmp_path: Path, content: str, said: str) -> None:
    authority = directory.create(str(tmp_path / "authority"))
    (Path(authority.path) / "key-encryption-key").write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput, match=said):
        directory.open_authority(authority.path)


def test_a_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "authority")
    directory.create(path, passphrase="correct horse")
    assert not (Path(path) / "key-encryption-key").exists()
    directory.open_authority(path, passphrase="correct horse")
    with pytest.raises(InvalidInput, match="passphrase does not open"):
        directory.open_authority(path, passphrase="wrong horse")
    with pytest.raises(InvalidInput, match=keys.PASSPHRASE_VARIABLE):
        directory.open_authority(path)
    monkeypatch.setenv(keys.PASSPHRASE_VARIABLE, "correct horse")
    directory.open_authority(path)


def test_a_secret_that_was_moved_or_altered_does_not_open(lab: Lab) -> None:
    first, second = lab.private("a.corp.test"), lab.private("b.corp.test")
    with lab.authority.store.write() as tx:
        rows = [tx.leaf(arn.rpartition("/")[2]) for arn in (first, second)]
        assert rows[0] and rows[1]
        tx._execute("UPDATE leaves SET sealed_key = ? WHERE serial = ?", (rows[1].sealed_key, rows[0].serial))
        tx._execute("UPDATE leaves SET sealed_key = x'00' WHERE serial = ?", (rows[1].serial,))
    for arn in (first, second):
        message = lab.fails("export_certificate", "ServiceUnavailable", CertificateArn=arn, Passphrase=b"secret")
        assert "cannot be opened" in message


def test_vault() -> None:
    box = vault.Vault(vault.new_key())
    sealed = box.seal(b"secret", "here")
    assert box.open(sealed, "here") == b"secret" and b"secret" not in sealed
    assert box.seal(b"secret", "here") != sealed
    flipped = bytes([sealed[0] ^ 1]) + sealed[1:]
    for content, context in (
        (sealed, "there"),
        (flipped, "here"),
        (sealed[:-1], "here"),
        (b"", "here"),
        (sealed[:5], "here"),
    ):
        with pytest.raises(vault.WrongKey):
            box.open(content, context)


def test_a_key_file_is_rotated(lab: Lab) -> None:
    arn = lab.private()
    key_file = Path(lab.path) / "key-encryption-key"
    before = key_file.read_text()
    keys.rotate(lab.path, lab.authority.store, None, None)
    assert key_file.read_text() != before and stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert not key_file.with_suffix(".new").exists()
    directory.open_authority(lab.path)
    lab.export(arn)  # one that is open goes on
    key_file.write_text(before)
    with pytest.raises(InvalidInput, match="does not open"):
        directory.open_authority(lab.path)


def test_a_passphrase_is_replaced(tmp_path: Path) -> None:
    authority = directory.create(str(tmp_path / "authority"), passphrase="old")
    with pytest.raises(InvalidInput, match="give the new one"):
        keys.rotate(authority.path, authority.store, "old", None)
    keys.rotate(authority.path, authority.store, "old", "new")
    directory.open_authority(authority.path, passphrase="new")
    with pytest.raises(InvalidInput, match="does not open"):
        directory.open_authority(authority.path, passphrase="old")


def test_a_rotation_that_is_killed_anywhere_leaves_an_authority_that_opens(lab: Lab) -> None:
    """The n-th step of a rotation is its last, for every n."""
    lab.authority.store.close()
    done = False
    for steps in range(1, 200):
        child = os.fork()
        if not child:
            _rotate_and_die(lab.path, steps)
        _pid, status = os.waitpid(child, 0)
        directory.open_authority(lab.path)
        if not os.WIFSIGNALED(status):
            assert os.WEXITSTATUS(status) == 0
            done = True
            break
    assert done and steps > 5
    with lab.authority.store.read() as tx:
        assert len(tx.data_keys()) == 1


def _rotate_and_die(path: str, steps: int) -> t.NoReturn:
    """Die at the n-th call into the system that changes anything."""
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
        keys.rotate(path, directory.Store(os.path.join(path, directory.STORE_FILE)), None, None)
        os._exit(0)
    except BaseException:
        os._exit(3)
    raise AssertionError


def test_two_rotations_at_once(lab: Lab) -> None:
    def rotate(_number: int) -> None:
        keys.rotate(lab.path, directory.Store(lab.authority.store.path), None, None)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(rotate, range(8)))
    directory.open_authority(lab.path)
