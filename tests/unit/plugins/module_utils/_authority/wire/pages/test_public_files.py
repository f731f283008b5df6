# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder public/ over HTTP: its files, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.support.authority_lab import Lab
from ansible_collections.certops.acm.tests.support.authority_service import ask

MEDIA_TYPES = {".crt": "application/pkix-cert", ".crl": "application/pkix-crl", ".pem": "application/x-pem-file"}


def test_published_files_are_served(lab: Lab) -> None:
    lab.authority.cas.ensure_public()
    seen = set()
    for path in Path(lab.authority.public_folder).iterdir():
        answer = ask(lab, "GET", f"/public/{path.name}")
        assert (answer.status, answer.body) == (200, path.read_bytes())
        assert answer.headers["Content-Type"] == MEDIA_TYPES[path.suffix]
        seen.add(path.suffix)
    assert seen == set(MEDIA_TYPES)


@pytest.mark.parametrize(
    "path",
    [
        "/public/", "/public", "/public/.", "/public/..", "/public/../acm.sqlite3", "/public/%2e%2e/acm.sqlite3",
        "/public/..%2facm.sqlite3", "/public//etc/passwd", "//public/trust.pem", "/public/./trust.pem",
        "/public/../public/trust.pem", "/public/trust.pem/", "/public/trust.pem%00", "/public/.trust.pem-x.pem",
        "/public/absent.crt", "/public/link.pem", "/public/folder.pem", "/public/pipe.pem", "/acm.sqlite3",
        "/key-encryption-key",
    ],
)  # fmt: skip
def test_nothing_else_is_served(lab: Lab, path: str) -> None:
    lab.authority.cas.ensure_public()
    folder = Path(lab.authority.public_folder)
    (folder / ".trust.pem-x.pem").write_text("half-written")
    (folder / "link.pem").symlink_to("../key-encryption-key")
    (folder / "folder.pem").mkdir()
    os.mkfifo(folder / "pipe.pem")
    answer = ask(lab, "GET", path)
    assert answer.status == 404
    assert b"SQLite" not in answer.body and b"BEGIN" not in answer.body and b"half" not in answer.body
