# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role acm_deploy on several hosts at once: here they share this machine, each with a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HOSTS = ["web1", "web2", "web3"]
LIMIT_S = 120
LEAVE_BEHIND = [
    {
        "ansible.builtin.copy": {
            "content": "{{ {'failure': acm_deploy_failure, 'summary': acm_deploy_summary} | to_json }}",
            "dest": "{{ folder }}/said.json",
        }
    }
]


class Fleet:
    """An authority, and hosts that a play deploys to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = str(folder / "authority")
        self.hosts: dict[str, dict[str, Any]] = {}
        for name in HOSTS:
            (folder / name).mkdir()
            self.hosts[name] = {"folder": str(folder / name)}

    def issue(self, *names: str) -> None:
        issue = {
            "path": self.authority,
            "certificate_authorities": [{"name": "ca", "key_algorithm": "EC_prime256v1"}],
        }
        request = {
            "certificate_authority_arn": "{{ made.authority.certificate_authorities[0].arn }}",
            "key_algorithm": "EC_prime256v1",
        }
        tasks = [
            {"certops.acm.acm_authority": issue, "register": "made"},
            {
                "certops.acm.acm_certificate": {
                    "certificates": [{"domain_name": name, **request} for name in names],
                    "wait": True,
                }
            },
        ]
        done = self.run({"hosts": "localhost", "tasks": tasks})
        assert done.returncode == 0, done.stdout

    def deploy(self, **play: Any) -> subprocess.CompletedProcess[str]:
        """Deploy in a rescue of the caller's, which writes down on every host what the role left behind there."""
        role = {"ansible.builtin.include_role": {"name": "certops.acm.acm_deploy"}}
        tasks = [{"block": [role], "rescue": LEAVE_BEHIND}]
        return self.run({"hosts": "web", "tasks": tasks, **play})

    def run(self, play: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        variables = {
            "acm_deploy_path": "{{ folder }}/acm",
            "acm_deploy_services": [{"name": "own", "ports": [], "reload_command": ["true"]}],
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
        }
        (self.folder / "hosts.json").write_text(json.dumps({"web": {"hosts": self.hosts, "vars": variables}}))
        defaults = {"group/certops.acm.acm": {"authority": self.authority}}
        (self.folder / "play.yml").write_text(
            json.dumps([{"gather_facts": False, "module_defaults": defaults, **play}])
        )
        return subprocess.run(
            [
                str(Path(sys.executable).with_name("ansible-playbook")),
                "-v",
                "-i",
                str(self.folder / "hosts.json"),
                str(self.folder / "play.yml"),
            ],
            env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def said(self, host: str) -> dict[str, Any]:
        said: dict[str, Any] = json.loads((self.folder / host / "said.json").read_text())
        return said


@pytest.fixture(name="fleet")
def fixture_fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def test_every_host_says_why_a_certificate_cannot_be_read(fleet: Fleet) -> None:
    fleet.issue("www.example.com")
    certificates = [{"domain_name": "www.example.com"}, {"domain_name": "nowhere.example.com"}]
    done = fleet.deploy(vars={"acm_deploy_certificates": certificates})
    for host in HOSTS:
        failure = fleet.said(host)["failure"]
        assert "nowhere.example.com" in failure["message"] and failure["restored"], done.stdout
        assert not (fleet.folder / host / "acm").exists()
