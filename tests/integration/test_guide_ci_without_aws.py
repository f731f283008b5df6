# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/ci-without-aws.md: its pipeline passes, an approval issues, and programs in three languages use the server."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.support.guide_reader import Reader
from ansible_collections.certops.acm.tests.support.name_server import free_port
from ansible_collections.certops.acm.tests.support.programs import COLLECTION, run, require

NODE = os.environ.get("ACM_NODE", "")


def reader_of(folder: Path, port: int) -> Reader:
    places = {"10053": str(port), "~/.ansible/collections": str(COLLECTION.parents[2])}
    env = {"CERTOPS_ACM_AUTHORITY": str(folder / "lab"), "TMPDIR": str(folder)}
    reader = Reader("ci-without-aws.md", folder, env, places)
    reader.save()
    return reader


def test_pipeline(tmp_path: Path) -> None:
    require("named", "nsupdate", "tsig-keygen", "openssl")
    reader = reader_of(tmp_path, free_port())
    before = set(tmp_path.iterdir())
    reader.follow("The pipeline")
    assert set(tmp_path.iterdir()) == before


def test_approval_and_refusal(tmp_path: Path) -> None:
    require("named", "nsupdate", "tsig-keygen", "openssl")
    reader = reader_of(tmp_path, free_port())
    more = "ansible-playbook approve.yml\nansible-playbook refuse.yml\necho Passed.\n"
    change(tmp_path / "pipeline.sh", "echo Passed.\n", more)
    printed = run(["sh", "pipeline.sh"], tmp_path, reader.env)
    assert '"msg": "ISSUED"' in printed and printed.endswith("Passed.\n")

    change(tmp_path / "refuse.yml", "failure_reasons: {refused.", "failure_reasons: {other.")
    with pytest.raises(AssertionError, match="refused.shop.test"):
        run(["sh", "pipeline.sh"], tmp_path, reader.env)


def test_name_server_that_does_not_start(tmp_path: Path) -> None:
    """What goes wrong: its log is shown before it is removed."""
    require("named", "nsupdate", "tsig-keygen")
    reader = reader_of(tmp_path, free_port())
    before = set(tmp_path.iterdir())
    change(tmp_path / "named.conf", "recursion no;", "recursion perhaps;")
    with pytest.raises(AssertionError) as failure:
        run(["sh", "pipeline.sh"], tmp_path, reader.env)
    assert "cannot be reached over TCP: Connection refused" in str(failure.value)
    assert "perhaps" in str(failure.value)
    assert set(tmp_path.iterdir()) == before


def test_cancelled_job(tmp_path: Path) -> None:
    """The name server has ended, and the folder is gone."""
    require("named", "tsig-keygen")
    port = free_port()
    reader = reader_of(tmp_path, port)
    before = set(tmp_path.iterdir())
    change(tmp_path / "pipeline.sh", "ansible-playbook site.yml", "kill -TERM $$\nansible-playbook site.yml")
    with pytest.raises(AssertionError, match="exit code 1"):
        run(["sh", "pipeline.sh"], tmp_path, reader.env)
    assert set(tmp_path.iterdir()) == before
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_clients(tmp_path: Path) -> None:
    require("aws", "node")
    if not NODE:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("@aws-sdk/client-acm is not installed.")
    reader = reader_of(tmp_path, free_port())
    shutil.copytree(Path(NODE) / "node_modules", tmp_path / "node_modules", symlinks=True)
    reader.follow("Other programs and languages", without="pip ")
