# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A renewal run over one sound web host and many compromised ones: each attack is named by its host."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.tests.support.hostile_python import ATTACKS
from ansible_collections.certops.acm.tests.support.older_core import OLDER, python_path
from ansible_collections.certops.acm.tests.support.programs import COLLECTION, finish
from ansible_collections.certops.acm.tests.support.unattended import NAME, make_authority
from ansible_collections.certops.acm.tests.support.web_server import web_server

LIMIT_S = 800
# What Ansible or the action plugin removes, so that nothing of the attack is left.
HARMLESS = {"facts", "facts-below", "inventory", "internal"}


@pytest.fixture(name="older_core", scope="module")
def fixture_older_core(tmp_path_factory: pytest.TempPathFactory) -> str:
    return python_path(tmp_path_factory.mktemp("core"))


def write_site(folder: Path, told_at: str) -> Path:
    hosts: dict[str, dict[str, Any]] = {"ours": {"ansible_python_interpreter": sys.executable}}
    for attack in ATTACKS:
        liar = folder / "python" / attack
        liar.parent.mkdir(exist_ok=True)
        words = [sys.executable, str(COLLECTION / "tests" / "support" / "hostile_python.py"), sys.executable, attack]
        liar.write_text(f'#!/bin/sh\nexec {" ".join(words)} {folder} "$@"\n', encoding="utf-8")
        liar.chmod(0o755)
        hosts[f"host-{attack}"] = {"ansible_python_interpreter": str(liar)}
    for name, host in hosts.items():
        host.update(ansible_connection="local", acm_deploy_path=str(folder / name))
    variables = {
        "acm_deploy_become": False,
        "acm_deploy_serial": "100%",
        "acm_deploy_authority": str(folder / "authority"),
        "acm_deploy_certificates": [{"domain_name": NAME}],
        "acm_deploy_services": [{"name": "app", "ports": [], "reload_command": ["true"]}],
        "acm_deploy_renewals_path": str(folder / "state"),
        "acm_deploy_renewals_failed_hosts": 1000,
        "acm_deploy_renewals_textfile": str(folder / "acm.prom"),
        "acm_deploy_renewals_channels": [{"name": "people", "type": "webhook", "format": "json", "url": told_at}],
    }
    inventory = folder / "hosts.json"
    inventory.write_text(json.dumps({"web": {"hosts": hosts, "vars": variables}}), encoding="utf-8")
    return inventory


@pytest.mark.parametrize("core", ["installed", OLDER])
def test_a_host_can_affect_only_itself(tmp_path: Path, core: str, request: pytest.FixtureRequest) -> None:
    make_authority(tmp_path / "authority")
    more = {"PYTHONPATH": request.getfixturevalue("older_core")} if core == OLDER else {}
    with web_server({"/told": b"thanks"}) as people:
        inventory = write_site(tmp_path, f"http://{people.address}/told")
        words = ["ansible-playbook", "certops.acm.renew", "-i", str(inventory), "--forks", "4"]
        done = finish(words, tmp_path, more, LIMIT_S)
        bodies = [request.body.decode("utf-8") for request in people.requests]
    assert done.returncode == 2 and "Sum up" in done.stdout, done.stdout[-4000:]
    assert not (tmp_path / "pwned").exists()
    assert not list(tmp_path.glob("elsewhere*")) and not list(tmp_path.glob("**/api.corp.test"))
    assert (tmp_path / "ours" / NAME / "live" / "fullchain.pem").exists()

    told = [alert for body in bodies for alert in json.loads(body)["alerts"]]
    (new,) = [alert for alert in told if alert["kind"] == "deployed"]
    assert set(new["hosts"]) == {"ours", *(f"host-{attack}" for attack in HARMLESS)}
    failed = {
        host for alert in told if alert["kind"] in ("deploy_failed", "host_unreachable") for host in alert["hosts"]
    }
    assert failed == {f"host-{attack}" for attack in ATTACKS if attack not in HARMLESS}
    for alert in told:
        assert len(alert.get("text", "")) < 3000 and "\x1b" not in json.dumps(alert, ensure_ascii=False)
    measured = (tmp_path / "acm.prom").read_text(encoding="utf-8")
    for host in ("ours", *(f"host-{attack}" for attack in HARMLESS)):
        (line,) = [line for line in measured.splitlines() if f'served_certificate_current{{host="{host}"' in line]
        assert line.endswith(" 1")
