# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/ci-without-aws.md: its pipeline passes, an approval issues, and programs in three languages use the server."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.support.guide_runs import Reader, needs
from ansible_collections.certops.acm.tests.support.name_server import free_port, name_server
from ansible_collections.certops.acm.tests.support.programs import COLLECTION, run

NODE = os.environ.get("ACM_NODE", "")


def reader_of(folder: Path, port: int) -> Reader:
    places = {"10053": str(port), "~/.ansible/collections": str(COLLECTION.parents[2])}
    env = {"CERTOPS_ACM_AUTHORITY": str(folder / "lab"), "TMPDIR": str(folder)}
    reader = Reader("ci-without-aws.md", folder, places, env)
    reader.save_files()
    return reader


def test_pipeline(tmp_path: Path) -> None:
    needs("named", "nsupdate", "tsig-keygen", "openssl")
    reader = reader_of(tmp_path, free_port())
    before = set(tmp_path.iterdir())
    reader.follow("The pipeline")
    assert {path.name for path in set(tmp_path.iterdir()) - before} == {"printed", "complaints"}


def test_approval_and_refusal(tmp_path: Path) -> None:
    needs("named")
    with name_server({"shop.test": "@ MX 10 mail\nmail A 127.0.0.1"}) as server:
        reader = reader_of(tmp_path, server.port)
        run(["ansible-playbook", "authority.yml"], tmp_path, reader.env)
        assert '"msg": "ISSUED"' in run(["ansible-playbook", "approve.yml"], tmp_path, reader.env)

        task = next(block.text for block in reader.blocks if block.heading == "What should fail")
        play = "- hosts: localhost\n  gather_facts: false\n  tasks:\n" + "".join(
            f"    {line}\n" for line in [*task.splitlines(), *REQUEST.splitlines()]
        )
        (tmp_path / "refuse.yml").write_text(play, encoding="utf-8")
        assert "ADDITIONAL_VERIFICATION_REQUIRED" in run(["ansible-playbook", "refuse.yml"], tmp_path, reader.env)


REQUEST = """\
- certops.acm.acm_certificate:
    domain_name: refused.shop.test
    wait: true
  register: refused
  failed_when: refused is not failed
- ansible.builtin.debug: {var: refused.msg}
"""


def test_clients(tmp_path: Path) -> None:
    needs("aws", "node")
    if not NODE:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("@aws-sdk/client-acm is not installed.")
    reader = reader_of(tmp_path, free_port())
    shutil.copytree(Path(NODE) / "node_modules", tmp_path / "node_modules", symlinks=True)
    reader.follow("Other programs and languages")
