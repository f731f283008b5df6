# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a real systemd does with our units and modules: the authority's service, and the reload of a web server."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.support.programs import require
from ansible_collections.certops.acm.tests.support.systemd_machine import Machine, systemd_machine
from ansible_collections.certops.acm.tests.support.pki import Pki

COLLECTION = Path(__file__).resolve().parents[2]
UNIT = "acm-authority"
NAME = "www.systemd.test"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with systemd_machine(tmp_path_factory.mktemp("machine")) as booted:
        yield booted


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def play(
    machine: Machine, name: str, collections: str = str(COLLECTION.parents[2]), **variables: object
) -> tuple[int, int, str]:
    """Exit code, the number of changed tasks, and all of the output."""
    told = {"ansible_python_interpreter": "/usr/bin/python3", **variables}
    done = machine.run(
        str(Path(sys.executable).with_name("ansible-playbook")), name, "-i", "localhost,", "-c", "local", "-e", json.dumps(told),
        timeout=800, ANSIBLE_COLLECTIONS_PATH=collections, ANSIBLE_NOCOLOR="1",
    )  # fmt: skip
    changed = re.search(r"changed=(\d+)", done.stdout)
    return done.returncode, int(changed[1]) if changed else -1, done.stdout + done.stderr


def test_the_authority_runs_as_a_service(machine: Machine) -> None:
    """Installed by its playbook; once started it serves, and a failed start fails the play."""
    port, taken = free_port(), socket.create_server(("127.0.0.1", 0))
    code, _changed, told = play(machine, "certops.acm.authority_server", authority_server_port=port)
    assert code == 0, told
    healthy = machine.run("curl", "-s", f"http://127.0.0.1:{port}/healthz")
    assert healthy.stdout == "ok\n" and machine.shown(UNIT, "User") == "acm-authority"
    assert play(machine, "certops.acm.authority_server", authority_server_port=port)[:2] == (0, 0)
    with taken:
        code, _changed, told = play(
            machine, "certops.acm.authority_server", authority_server_port=taken.getsockname()[1]
        )
        assert code != 0 and "acm-authority" in told
    assert play(machine, "certops.acm.authority_server", authority_server_port=port)[0] == 0
    assert machine.run("curl", "-s", f"http://127.0.0.1:{port}/healthz").stdout == "ok\n"
    stopped = machine.run("systemctl", "stop", UNIT)
    assert (stopped.returncode, machine.shown(UNIT, "Result"), machine.shown(UNIT, "ExecMainStatus")) == (
        0,
        "success",
        "0",
    )


OLDER = """
set -e
older=/srv/older/ansible_collections/certops/acm
mkdir -p $older
cd $1
cp -r galaxy.yml meta playbooks plugins requirements*.txt $older
echo raise SystemExit > $older/plugins/module_utils/_rules/gone.py
mkdir -p /opt/acm-authority/versions/mine
"""


def test_nothing_of_an_older_version_remains(machine: Machine) -> None:
    """But files that others put next to it do."""
    assert machine.run("sh", "-c", OLDER, "sh", str(COLLECTION)).returncode == 0
    port, homes = free_port(), []
    for path, brings in (("/srv/older", True), (str(COLLECTION.parents[2]), False)):
        code, _changed, told = play(
            machine, "certops.acm.authority_server", collections=path, authority_server_port=port
        )
        assert code == 0, told
        found = machine.run("find", "/opt/acm-authority", "-name", "gone.py").stdout
        assert bool(found) == brings
        homes.append(set(machine.run("ls", "/opt/acm-authority/versions").stdout.split()))
        assert machine.run("curl", "-s", f"http://127.0.0.1:{port}/healthz").stdout == "ok\n"
    assert homes[0] & homes[1] == {"mine"} and len(homes[0]) == len(homes[1]) == 2
    machine.run("systemctl", "stop", UNIT)


CONFIGURATION = """
pid /run/nginx.pid;
events {}
http {
    server {
        listen 127.0.0.1:PORT ssl;
        ssl_certificate /etc/acm/NAME/live/fullchain.pem;
        ssl_certificate_key /etc/acm/NAME/live/privkey.pem;
    }
}
"""
DEPLOYMENT = """
- hosts: localhost
  gather_facts: false
  tasks:
    - certops.acm.certificate_deployment:
        certificates: "{{ [set] }}"
        services: [{name: nginx, ports: ["{{ port }}"]}]
"""


def test_a_server_is_reloaded_by_its_unit(machine: Machine) -> None:
    require("nginx")
    port, pki = free_port(), Pki()
    configuration = CONFIGURATION.replace("PORT", str(port)).replace("NAME", NAME)
    for path, text in (("/etc/nginx/nginx.conf", configuration), ("/srv/deployment.yml", DEPLOYMENT)):
        assert machine.run("sh", "-c", f'printf %s "$TEXT" > {path}', TEXT=text).returncode == 0
    serials = []
    for number in range(2):
        pair = pki.leaf(NAME, number=number)
        brought = {"name": NAME, "certificate": pair.pem, "chain": pair.chain_pem, "private_key": pair.key_pem}
        code, changed, told = play(machine, "/srv/deployment.yml", set=brought, port=port)
        assert (code, changed) == (0, 1), told
        if number == 0:
            assert machine.run("systemctl", "start", "nginx").returncode == 0
            main_process = machine.shown("nginx", "MainPID")
        served = f"openssl s_client -connect 127.0.0.1:{port} </dev/null 2>/dev/null | openssl x509 -noout -serial"
        serials.append(machine.run("sh", "-c", served).stdout)
    assert len(set(serials)) == 2 and all(serials)
    assert machine.shown("nginx", "MainPID") == main_process and machine.shown("nginx", "NRestarts") == "0"
