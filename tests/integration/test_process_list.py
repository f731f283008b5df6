# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""While keys are exported, encrypted, imported and deployed, no process has one, or a passphrase, on its command line or in its
environment."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.support.deploy_lab import ROLE, SERVICE, Lab
from ansible_collections.certops.acm.tests.support.process_watch import ProcessWatch
from cryptography.hazmat.primitives import serialization

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no /proc to read")

NAME, PASSPHRASE = "www.example.com", "Passw0rd-that-no-process-shows"


def tasks(authority: str, folder: Path) -> list[dict[str, t.Any]]:
    export = {"authority": authority, "domain_name": NAME}
    files: dict[str, dict[str, str]] = {"key": {}, "pkcs12": {}}
    return [
        {"certops.acm.acm_export": {**export, "path": str(folder / "clear"), "files": {"key": {}, "combined": {}}}},
        {
            "certops.acm.acm_export": {
                **export,
                "path": str(folder / "sealed"),
                "files": files,
                "encrypt_key": True,
                "passphrase": "{{ passphrase }}",
            }
        },
        {"certops.acm.acm_export": {**export, "return_private_key": True}, "register": "exported", "no_log": True},
        {
            "certops.acm.acm_import": {
                "authority": authority,
                "certificate": "{{ exported.export.certificate }}",
                "certificate_chain": "{{ exported.export.chain }}",
                "private_key": "{{ exported.export.private_key }}",
            }
        },
        {
            "certops.acm.acm_import": {
                "authority": authority,
                "bundle": f"{{{{ lookup('ansible.builtin.file', '{folder}/clear/combined.pem') }}}}",
            },
        },
        {
            "certops.acm.acm_import": {
                "authority": authority,
                "certificate": "{{ exported.export.certificate }}",
                "private_key": f"{{{{ lookup('ansible.builtin.file', '{folder}/sealed/privkey.pem') }}}}",
                "passphrase": "{{ passphrase }}",
            },
        },
    ]


def secrets_of(folder: Path) -> set[str]:
    """The passphrase, and the lines of every key that was written, in the clear and encrypted."""
    keys = [path.read_text(encoding="utf-8") for path in folder.rglob("privkey.pem") if not path.is_symlink()]
    lines = {line for key in keys for line in key.splitlines()[1:-1] if len(line) > 20}
    plain = (folder / "clear" / "privkey.pem").read_bytes()
    number = serialization.load_pem_private_key(plain, None).private_numbers().private_value  # type: ignore[union-attr]
    return {PASSPHRASE, *lines, f"{number:x}", f"{number}"}


def test_no_process_shows_a_key_or_a_passphrase(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    authority = lab.issue("one", NAME)
    entry = {"domain_name": NAME, "pkcs12_passphrase": PASSPHRASE, "files": ["pkcs12", "key", "fullchain", "combined"]}
    service = {**SERVICE, "check_command": ["true"]}
    lab.host("web1", acm_deploy_certificates=[entry], acm_deploy_services=[service])
    control = {"hosts": "localhost", "connection": "local", "tasks": tasks(authority, tmp_path)}
    control["vars"] = {"passphrase": PASSPHRASE, "ansible_python_interpreter": sys.executable}
    deploy = {"hosts": "web", "vars": {"acm_deploy_authority": authority}, "tasks": [ROLE]}
    with ProcessWatch() as watch:
        done = lab.run(control, deploy)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "web1" / NAME / "live" / "privkey.pem").exists()
    secrets = secrets_of(tmp_path)
    assert len(secrets) > 8
    assert any(place == "cmdline" and b"ansible-playbook" in text for place, text in watch.seen)
    assert any(place == "environ" and b"ANSIBLE_NOCOLOR" in text for place, text in watch.seen)
    assert watch.showing(secrets) == []


@pytest.mark.parametrize("place", ["cmdline", "environ"])
def test_a_process_that_shows_one_is_detected(place: str) -> None:
    words = [sys.executable, "-c", "input()", *([f"--passphrase={PASSPHRASE}"] if place == "cmdline" else [])]
    environment = {**os.environ, **({"PASSPHRASE": PASSPHRASE} if place == "environ" else {})}
    with ProcessWatch() as watch:
        with subprocess.Popen(words, env=environment, stdin=subprocess.PIPE) as process:
            watch.wait_for_sweep()
            process.communicate(b"\n")
    assert process.returncode == 0
    assert [each.split()[0] for each in watch.showing([PASSPHRASE])] == [place]
    assert watch.showing(["another"]) == []
