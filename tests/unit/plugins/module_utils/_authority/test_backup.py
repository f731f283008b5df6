# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies while the authority is in use, restored elsewhere; nothing that was answered is lost."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import backup, creation, opening
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import key_making
from ansible_collections.certops.acm.plugins.module_utils._authority.wire import command_line
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.modules import acm_authority
from ansible_collections.certops.acm.tests.support.authority_client import authority_client
from ansible_collections.certops.acm.tests.support.authority_lab import Lab


def arns(path: str) -> set[str]:
    authority = opening.open_authority(path)
    with authority.store.read() as tx:
        return {authority.arn("acm", f"certificate/{each}") for each in tx.ids_after("", 100_000)}


@pytest.fixture
def safe(tmp_path: Path) -> Path:
    (tmp_path / "safe").mkdir()
    return tmp_path / "safe"


def test_a_copy_under_load_contains_everything_answered(lab: Lab, tmp_path: Path, safe: Path) -> None:
    answered: list[str] = []
    is_over = threading.Event()

    def request() -> None:
        while not is_over.is_set():
            answered.append(lab.private("load.corp.test"))

    clients = [threading.Thread(target=request) for _number in range(4)]
    for client in clients:
        client.start()
    try:
        copies = []
        for number in range(3):
            while len(answered) < 20 * (number + 1):
                is_over.wait(0.01)
            before = set(answered)
            copies.append(
                (before, backup.back_up(lab.path, str(tmp_path / f"copy-{number}"), str(safe / f"key-{number}")))
            )
    finally:
        is_over.set()
        for client in clients:
            client.join()
    for number, (before, copied) in enumerate(copies):
        assert stat.S_IMODE(os.stat(copied.file).st_mode) == 0o600
        restored = backup.restore(copied.file, str(tmp_path / f"restored-{number}"), key_from=copied.key)
        assert before <= arns(restored.path) <= set(answered)
        assert restored.store.verify() == []
    assert [path.name for path in tmp_path.glob(".*")] == []
    # A restored authority continues: it signs, exports what it had, and publishes.
    acm = authority_client(restored.path)
    some = sorted(before)[0]
    assert acm.export_certificate(CertificateArn=some, Passphrase=b"passphrase")["PrivateKey"]
    acm.request_certificate(DomainName="new.corp.test", CertificateAuthorityArn=lab.ca(), KeyAlgorithm="EC_prime256v1")
    public = Path(restored.public_folder)
    assert (public / "trust.pem").exists() and list(public.glob("*.crl"))


def test_a_copy_of_an_authority_with_a_passphrase(tmp_path: Path) -> None:
    authority = creation.create(str(tmp_path / "a"), passphrase="secret", account_id="210987654321")
    copied = backup.back_up(authority.path, str(tmp_path / "copy"))
    assert copied.key == "its passphrase"
    with pytest.raises(InvalidInput, match=f"The passphrase does not open the copy {copied.file}"):
        backup.restore(copied.file, str(tmp_path / "b"), passphrase="wrong")
    assert not (tmp_path / "b").exists()
    restored = backup.restore(copied.file, str(tmp_path / "b"), passphrase="secret")
    assert restored.place.account_id == "210987654321"
    with pytest.raises(InvalidInput, match="there is no key file to copy"):
        backup.back_up(authority.path, str(tmp_path / "other"), str(tmp_path / "safe" / "key"))
    assert not (tmp_path / "other").exists()


def test_an_old_copy_opens_only_with_its_own_key(lab: Lab, tmp_path: Path, safe: Path) -> None:
    copied = backup.back_up(lab.path, str(tmp_path / "copy"), str(safe / "key"))
    key_making.rotate(lab.path, lab.authority.store, None, None)
    with pytest.raises(
        InvalidInput, match=f"The key in {lab.path}/key-encryption-key does not open the copy {copied.file}"
    ):
        backup.restore(copied.file, str(tmp_path / "b"), key_from=f"{lab.path}/key-encryption-key")
    assert backup.restore(copied.file, str(tmp_path / "b"), key_from=copied.key)


def test_what_is_refused(lab: Lab, tmp_path: Path, safe: Path) -> None:
    (tmp_path / "there").write_text("mine")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "there").write_text("mine")
    for file, key_to, said in (
        ("there", None, "there already exists and is not overwritten"),
        ("copy", "kept/there", "there already exists and is not the key that opens this copy"),
        ("copy", "key", "would be in the same folder as the copy"),
        ("no/such/copy", None, "cannot be written: No such file or directory."),
        ("copy", "no/such/key", "The key cannot be copied to .*no/such/key: No such file or directory."),
    ):
        with pytest.raises(InvalidInput, match=said):
            backup.back_up(lab.path, str(tmp_path / file), str(tmp_path / key_to) if key_to else None)
        assert not (tmp_path / "copy").exists()
    copied = backup.back_up(lab.path, str(tmp_path / "copy"))
    (tmp_path / "broken").write_bytes(Path(copied.file).read_bytes()[:20_000])
    (tmp_path / "text").write_text("x" * 5000)
    for file, path, said in (
        ("copy", "new", "The copy does not contain the key that opens it: .* restore_key_from .* --key-from"),
        ("absent", "new", "There is no copy of an authority at .*/absent"),
        ("text", "new", "cannot be copied to .*: file is not a database"),
        ("broken", "new", "cannot be copied to|is damaged"),
        ("copy", "safe", "The copy does not contain the key"),
        ("copy", "there", "is a file: an authority needs a directory of its own"),
        ("copy", ".", "is not empty"),
    ):
        with pytest.raises(InvalidInput, match=said):
            backup.restore(str(tmp_path / file), str(tmp_path / path))
        assert not (tmp_path / "new").exists()
    assert (tmp_path / "there").read_text() == (tmp_path / "kept" / "there").read_text() == "mine"


@pytest.mark.parametrize(
    ("pragma", "said"),
    [
        (
            "user_version = 1000000",
            "has format 1000000, .*: use the version of certops.acm that created it, or a newer",
        ),
        (
            "application_id = 1",
            "is not a copy of an authority that can be restored: give the file that backup_to wrote",
        ),
    ],
)
def test_a_copy_that_this_version_cannot_read(lab: Lab, tmp_path: Path, pragma: str, said: str) -> None:
    copied = backup.back_up(lab.path, str(tmp_path / "copy"))
    with sqlite3.connect(copied.file) as connection:
        connection.execute(f"PRAGMA {pragma}")
    with pytest.raises(InvalidInput, match=f"^{copied.file} {said}"):
        backup.restore(copied.file, str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_no_copy_is_made_where_others_could_replace_it(lab: Lab, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(InvalidInput, match=f"{shared} is writable by everyone, who could replace these files"):
        backup.back_up(lab.path, str(shared / "copy"))
    assert list(shared.iterdir()) == []


def test_a_key_already_saved_is_not_written_again(lab: Lab, tmp_path: Path, safe: Path) -> None:
    key = str(safe / "key")
    backup.back_up(lab.path, str(tmp_path / "monday"), key)
    written = os.stat(key)
    second = backup.back_up(lab.path, str(tmp_path / "tuesday"), key)
    assert os.stat(key).st_mtime_ns == written.st_mtime_ns
    assert backup.restore(second.file, str(tmp_path / "b"), key_from=second.key)
    key_making.rotate(lab.path, lab.authority.store, None, None)
    with pytest.raises(InvalidInput, match="is not the key that opens this copy: give a new name"):
        backup.back_up(lab.path, str(tmp_path / "wednesday"), key)
    assert not (tmp_path / "wednesday").exists()
    with pytest.raises(InvalidInput, match="There is no key file at .*/safe/kex"):
        backup.restore(second.file, str(tmp_path / "c"), key_from=f"{safe}/kex")


def test_the_verbs_of_the_command_line(
    lab: Lab, tmp_path: Path, safe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.private()
    copy, key = str(tmp_path / "copy"), str(safe / "key")
    assert command_line.main(["backup", lab.path, copy, "--key-to", key]) == 0
    assert capsys.readouterr().out.endswith(f"was copied to {copy}. The copy is opened by {key}.\n")
    assert command_line.main(["restore", copy, str(tmp_path / "b"), "--key-from", key]) == 0
    assert capsys.readouterr().out == f"The authority is restored in {tmp_path}/b, with 1 certificates.\n"
    assert command_line.main(["restore", copy, str(tmp_path / "b")]) == 1
    assert "is not empty" in capsys.readouterr().err


def test_the_module(lab: Lab, tmp_path: Path) -> None:
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

    def task(path: str, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        checked = ArgumentSpecValidator(acm_authority.ARGUMENT_SPEC).validate({"path": path, **options})
        assert checked.error_messages == []
        return acm_authority.run(checked.validated_parameters, check)

    arn = lab.private()
    copy, key = str(tmp_path / "copy"), f"{lab.path}/key-encryption-key"
    assert task(lab.path, check=True, backup_to=copy)["changed"] and not os.path.exists(copy)
    assert task(lab.path, backup_to=copy)["changed"]
    with pytest.raises(InvalidInput, match="already exists and is not overwritten"):
        task(lab.path, backup_to=copy)
    wanted = {"restore_from": copy, "restore_key_from": key}
    assert task(str(tmp_path / "b"), check=True, **wanted)["changed"] and not (tmp_path / "b").exists()
    assert task(str(tmp_path / "b"), **wanted)["changed"]
    assert arns(str(tmp_path / "b")) == {arn}
    assert task(str(tmp_path / "b"), **wanted)["changed"] is False
