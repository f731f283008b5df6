# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An authority is created completely or not at all, and only its owner can read its secrets."""

from __future__ import annotations

import os
import stat
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation, directory, opening
from ansible_collections.certops.acm.plugins.module_utils._authority.signing import issuer
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.tests.support.authority_lab import Lab


def test_the_files_of_an_authority_and_their_modes(tmp_path: Path) -> None:
    authority = creation.create(str(tmp_path / "a" / "authority"))
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


def test_no_secret_is_stored_in_the_clear(lab: Lab) -> None:
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
def test_nothing_is_left_of_an_authority_that_cannot_be_created(
    tmp_path: Path, wanted: dict[str, t.Any], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        creation.create(str(tmp_path / "authority"), **wanted)
    assert list(tmp_path.iterdir()) == []


def test_paths_that_are_already_in_use(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("precious")
    (tmp_path / "file").write_text("precious")
    with pytest.raises(InvalidInput, match="is not empty"):
        creation.create(str(tmp_path / "full"))
    with pytest.raises(InvalidInput, match="is a file"):
        creation.create(str(tmp_path / "file"))
    with pytest.raises(InvalidInput, match="exists"):
        creation.create(str(tmp_path / "new"), key_file=str(tmp_path / "file"))
    assert (tmp_path / "file").read_text() == (tmp_path / "full" / "mine").read_text() == "precious"
    (tmp_path / "empty").mkdir()
    assert creation.create(str(tmp_path / "empty"))


def test_no_authority_replaces_one_that_has_lost_its_store(tmp_path: Path) -> None:
    path = tmp_path / "a"
    creation.create(str(path))
    for file in path.glob(f"{directory.STORE_FILE}*"):
        file.unlink()
    for attempt in (creation.create, directory.open_store):
        with pytest.raises(InvalidInput, match="^acm.sqlite3 is missing from the authority in .*: move .*restore_from"):
            attempt(str(path))
    (path / directory.STORE_FILE).touch()
    with pytest.raises(InvalidInput, match="is not the store of an embedded authority, .*: restore it from a backup"):
        directory.open_store(str(path))


def test_only_one_of_two_simultaneous_creations_succeeds(tmp_path: Path) -> None:
    path, key_file = str(tmp_path / "authority"), str(tmp_path / "key")

    def make(_number: int) -> bool:
        try:
            creation.create(path, key_file=key_file)
            return True
        except InvalidInput:
            return False

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, range(4)))
    assert made.count(True) == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["authority", "key"]
    opening.open_authority(path)  # the winner's key is still there


def test_a_folder_in_which_others_may_write_gets_no_key(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(InvalidInput, match="is writable by everyone"):
        creation.create(str(tmp_path / "authority"), key_file=str(folder / "key"))
    assert not (tmp_path / "authority").exists() and list(folder.iterdir()) == []


def test_no_authority_is_created_or_opened_where_others_may_write(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    creation.create(str(shared / "authority")).store.close()
    os.chmod(shared, 0o777)
    for attempt in (
        lambda: opening.open_authority(str(shared / "authority")),
        lambda: directory.open_store(str(shared / "authority")),
        lambda: creation.create(str(shared / "new")),
        lambda: creation.create(str(shared / "below" / "new")),
    ):
        with pytest.raises(InvalidInput, match=f"The folder {shared}, .* is writable by everyone"):
            attempt()
    assert os.listdir(shared) == ["authority"]
    os.chmod(shared, 0o1777)  # as /tmp is: nobody else can replace what this user has created in it
    creation.create(str(shared / "new")).store.close()
    os.chmod(shared / "new", 0o777)
    with pytest.raises(InvalidInput, match="new is writable by everyone"):
        opening.open_authority(str(shared / "new"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_root_uses_another_users_directory_but_none_that_anybody_could_have_created(tmp_path: Path) -> None:
    home, shared = tmp_path / "home", tmp_path / "shared"
    creation.create(str(home / "authority")).store.close()
    for folder in (home, home / "authority"):
        os.chown(folder, 12345, -1)
    opening.open_authority(str(home / "authority")).store.close()
    creation.create(str(shared / "authority")).store.close()
    os.chmod(shared, 0o1777)
    os.chown(shared / "authority", 12345, -1)
    with pytest.raises(InvalidInput, match="The folder .* is writable by everyone"):
        opening.open_authority(str(shared / "authority"))


def test_parent_folders_are_created_without_write_access_for_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        creation.create(str(tmp_path / "a" / "b" / "authority")).store.close()
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / each).stat().st_mode) for each in ("a", "a/b", "a/b/authority")] == [
        0o755,
        0o755,
        0o711,
    ]
