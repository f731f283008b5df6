# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An authority opens only with its key."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation, opening
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import key_file
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_lab import Lab


def test_a_key_file_in_another_place(tmp_path: Path) -> None:
    path, key = str(tmp_path / "authority"), tmp_path / "key"
    creation.create(path, key_file=str(key))
    assert not (Path(path) / "key-encryption-key").exists()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    opening.open_authority(path)
    key.rename(tmp_path / "away")
    with pytest.raises(InvalidInput, match="missing: put"):
        opening.open_authority(path)


@pytest.mark.parametrize(
    "content, said",
    [("00" * 32, "does not open"), ("00" * 31, "damaged"), ("", "damaged"), ("no hex", "damaged"), ("ü", "damaged")],
)
def test_a_wrong_key_is_refused_at_once(tmp_path: Path, content: str, said: str) -> None:
    authority = creation.create(str(tmp_path / "authority"))
    (Path(authority.path) / "key-encryption-key").write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput, match=said):
        opening.open_authority(authority.path)


def test_a_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "authority")
    creation.create(path, passphrase="correct horse")
    assert not (Path(path) / "key-encryption-key").exists()
    opening.open_authority(path, passphrase="correct horse")
    with pytest.raises(InvalidInput, match="passphrase does not open"):
        opening.open_authority(path, passphrase="wrong horse")
    with pytest.raises(InvalidInput, match=key_file.PASSPHRASE_VARIABLE):
        opening.open_authority(path)
    monkeypatch.setenv(key_file.PASSPHRASE_VARIABLE, "correct horse")
    opening.open_authority(path)


def test_a_moved_or_altered_secret_does_not_open(lab: Lab) -> None:
    first, second = lab.private("a.corp.test"), lab.private("b.corp.test")
    with lab.authority.store.write() as tx:
        rows = [tx.leaf(arn.rpartition("/")[2]) for arn in (first, second)]
        assert rows[0] and rows[1]
        tx._execute("UPDATE leaves SET sealed_key = ? WHERE serial = ?", (rows[1].sealed_key, rows[0].serial))
        tx._execute("UPDATE leaves SET sealed_key = x'00' WHERE serial = ?", (rows[1].serial,))
    for arn in (first, second):
        message = lab.fails("export_certificate", "ServiceUnavailable", CertificateArn=arn, Passphrase=b"secret")
        assert "cannot be opened" in message
