# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""During a long wait, acm_certificate reports its progress: in real plays, on this machine and over SSH."""

from __future__ import annotations

import getpass
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.tests.support.authority_client import authority_client
from ansible_collections.certops.acm.tests.support import programs
from ansible_collections.certops.acm.tests.support.name_server import free_port

WAITS = "www.example.com is waiting for the CNAME record"


@contextmanager
def ssh_server(folder: Path) -> Iterator[dict[str, str]]:
    """An SSH server for the user of the tests; returns Ansible's connection variables."""
    for program in ("sshd", "ssh", "ssh-keygen"):
        if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
            pytest.fail(f"This test needs {program}: install OpenSSH.")
    port = free_port()
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True)
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
    lines = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {folder}/host",
        f"AuthorizedKeysFile {folder}/authorized_keys",
        "StrictModes no",
        "UsePAM no",
        "PermitRootLogin prohibit-password",
        f"PidFile {folder}/pid",
    ]
    (folder / "sshd_config").write_text("\n".join(lines) + "\n")
    Path("/run/sshd").mkdir(exist_ok=True)
    log = folder / "sshd.log"
    with programs.running(["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "sshd_config")], folder, log):
        programs.wait_until(lambda: "Server listening" in log.read_text(), log)
        yield {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": str(port),
            "ansible_user": getpass.getuser(),
            "ansible_ssh_private_key_file": f"{folder}/user",
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
        }


@contextmanager
def local(_folder: Path) -> Iterator[dict[str, str]]:
    yield {"ansible_connection": "local"}


@pytest.mark.parametrize("connection", [local, ssh_server], ids=["local", "ssh"])
def test_a_long_wait_says_what_each_name_is_waiting_for(tmp_path: Path, connection: object) -> None:
    place = str(tmp_path / "authority")
    creation.create(place, settings={"resolvers": [f"127.0.0.1:{free_port()}"]})
    task = {
        "name": "Have it",
        "certops.acm.acm_certificate": {
            "authority": place,
            "domain_name": "www.example.com",
            "wait": True,
            "wait_timeout": 600,
        },
    }
    play = tmp_path / "play.yml"
    play.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    log = tmp_path / "play.log"
    before = set(Path("/tmp").glob(".certops-acm-*"))
    assert callable(connection)
    with connection(tmp_path) as variables:
        inventory = tmp_path / "inventory.json"
        hosts = {"there": {"ansible_python_interpreter": sys.executable, **variables}}
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(inventory), str(play)]
        with programs.running(command, tmp_path, log) as process:
            programs.wait_until(lambda: WAITS in log.read_text(), log)
            # The certificate is deleted, which ends the wait and the play.
            client = authority_client(place)
            for certificate in client.list_certificates()["CertificateSummaryList"]:
                client.delete_certificate(CertificateArn=certificate["CertificateArn"])
            assert process.wait(programs.LIMIT_S) == 2
    said = log.read_text()
    assert "Have it: still waiting after " in said
    assert "ResourceNotFoundException" in said
    assert set(Path("/tmp").glob(".certops-acm-*")) <= before
