# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where an authority is, and the message where there is none."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation, directory
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput


def test_an_authority_exists(tmp_path: Path) -> None:
    path = str(tmp_path / "authority")
    assert not directory.exists(path)
    creation.create(path, account_id="210987654321")
    assert directory.exists(path)
    with directory.open_store(path).read() as tx:
        assert tx.place.account_id == "210987654321"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nothing", "There is no embedded authority in .*nothing: create one with certops.acm.acm_authority"),
        ("http://127.0.0.1:8410", "http://127.0.0.1:8410 is a URL, .* give the server.s URL as endpoint_url"),
        ("https://acm.example.com/a", "https://acm.example.com/a is a URL"),
    ],
)
def test_no_authority_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match=said):
        directory.open_store(path)
    assert list(tmp_path.iterdir()) == []


def test_another_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / directory.STORE_FILE
    sqlite3.connect(file).execute("CREATE TABLE mine (a)").connection.close()
    before = file.read_bytes()
    with pytest.raises(InvalidInput, match="is not the store of an embedded authority"):
        directory.open_store(str(tmp_path))
    assert file.read_bytes() == before
