# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role acm_deploy, killed after each task and each item of a loop that changes something: at every instant every server
serves a whole set, and the next run converges. Killed anywhere between two changes it leaves the same behind.

It takes many minutes, and so runs only with KILL_AFTER_EACH=changes, or =all, which kills after every task and item.
KILL_SERVERS names some servers only. What becomes of a module that is killed half-way is in the unit tests of each.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.handshake import Endpoint, Unreachable, look

SUPPORT = Path(__file__).resolve().parents[1] / "support"
LIMIT_S = 600
NAME = "www.example.com"
SERVERS = "nginx apache haproxy haproxy-runtime lighttpd caddy postfix"


class Lab:
    """An authority, servers, and a playbook that deploys the one to the others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.acm = folder / "acm"
        names = os.environ.get("KILL_SERVERS", SERVERS).split()
        command = [sys.executable, str(SUPPORT / "real_servers.py"), str(folder / "s"), str(self.acm), *names]
        described = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        self.missing: list[str] = described["missing"]
        self.services: list[dict[str, Any]] = described["services"]
        self.stop_commands = [service.pop("stop_command") for service in self.services]
        self.endpoints = {
            service["name"]: Endpoint(
                "127.0.0.1", service["ports"][0], NAME, "smtp" if service["name"] == "postfix" else None
            )
            for service in self.services
        }
        authority = str(folder / "authority")
        names = [NAME, "api.example.com"]
        connection = {"module_defaults": {"group/certops.acm.acm": {"authority": authority}}}
        ca = "{{ made.authority.certificate_authorities[0].arn }}"
        request = {"certificate_authority_arn": ca, "key_algorithm": "EC_prime256v1"}
        play = {"hosts": "localhost", "gather_facts": False, **connection}
        issue: dict[str, Any] = {
            "path": authority,
            "certificate_authorities": [{"name": "ca", "key_algorithm": "EC_prime256v1"}],
        }
        wanted = [{"domain_name": name, **request} for name in names]
        self.play(
            "issue",
            {
                **play,
                "tasks": [
                    {"certops.acm.acm_authority": issue, "register": "made"},
                    {"certops.acm.acm_certificate": {"certificates": wanted, "wait": True}},
                ],
            },
        )
        again = {"certificates": [{"domain_name": NAME, **request, "force_renewal": True}], "wait": True}
        self.play(
            "renew",
            {
                **play,
                "tasks": [
                    {"certops.acm.acm_authority": issue, "register": "made"},
                    {"certops.acm.acm_certificate": again},
                ],
            },
        )
        variables = {
            "acm_deploy_path": str(self.acm),
            "acm_deploy_certificates": [{"domain_name": name} for name in names],
            "acm_deploy_services": self.services,
            "acm_deploy_when_stopped": "start",
        }
        self.play("deploy", {**play, "vars": variables, "roles": ["certops.acm.acm_deploy"]})

    def play(self, name: str, content: dict[str, Any]) -> None:
        (self.folder / f"{name}.yml").write_text(json.dumps([content]), encoding="utf-8")

    def run(self, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                str(Path(sys.executable).with_name("ansible-playbook")),
                "-i",
                "localhost,",
                "-c",
                "local",
                "-e",
                f"ansible_python_interpreter={sys.executable}",
                str(self.folder / f"{name}.yml"),
            ],
            env={
                **os.environ,
                "ANSIBLE_CALLBACK_PLUGINS": str(SUPPORT / "callbacks"),
                "ANSIBLE_CALLBACKS_ENABLED": "kill_after",
                "ANSIBLE_NOCOLOR": "1",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=LIMIT_S,
            start_new_session=True,
            check=False,
        )

    def succeed(self, name: str, **environment: str) -> None:
        done = self.run(name, **environment)
        assert done.returncode == 0, done.stdout

    def served(self, server: str) -> str:
        """The fingerprint of the certificate that it serves."""
        return look(self.endpoints[server], 10, None).leaf.fingerprint

    def on_disk(self) -> str:
        """The fingerprint of the certificate of the live set, whose key must match."""
        live = (self.acm / NAME / "live").resolve()  # one set, also when the link moves meanwhile
        files = [live / name for name in ("fullchain.pem", "privkey.pem")]
        if not files[0].exists():  # HAProxy alone needs no others
            files = [live / "combined.pem"] * 2
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*files)
        text = files[0].read_text()
        text = text[text.index("-----BEGIN CERTIFICATE-----") : text.index("-----END CERTIFICATE-----") + 25]
        der = ssl.PEM_cert_to_DER_cert(f"{text}\n")
        return hashlib.sha256(der).hexdigest()


@pytest.fixture(name="lab", scope="module")
def fixture_lab() -> Iterator[Lab]:
    folder = Path(tempfile.mkdtemp(prefix="k-"))  # a short name, for sockets, which every server's user may reach
    folder.chmod(0o755)
    lab = Lab(folder)
    if lab.missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"Not installed: {', '.join(lab.missing)}.")
    try:
        lab.succeed("issue")
        lab.succeed("deploy")
        yield lab
    finally:
        for command in lab.stop_commands:
            subprocess.run(command, check=False, capture_output=True)
        shutil.rmtree(folder)


@pytest.mark.skipif(not os.environ.get("KILL_AFTER_EACH"), reason="Takes minutes; set KILL_AFTER_EACH.")
def test_a_run_killed_at_any_point_is_completed_by_the_next(lab: Lab) -> None:
    faults: list[str] = []
    done = threading.Event()

    def watch(server: str) -> None:
        while not done.wait(0.05):
            try:
                assert lab.served(server) and lab.on_disk()
            except (OSError, ValueError, AssertionError, Unreachable) as error:
                faults.append(f"{time.strftime('%X')} {server}: {error!r}")

    watchers = [threading.Thread(target=watch, args=[server], daemon=True) for server in lab.endpoints]
    for watcher in watchers:
        watcher.start()
    count = lab.folder / "count"
    try:
        lab.succeed("renew")
        lab.succeed("deploy", KILL_COUNT=str(count))
        steps = count.read_text().splitlines()
        assert steps
        print(f"Killed at {len(steps)} points: {', '.join(steps)}")
        for number in range(1, len(steps) + 1):
            lab.succeed("renew")
            killed = lab.run("deploy", KILL_AFTER=str(number))
            assert killed.returncode == -9, (number, killed.stdout)
            lab.succeed("deploy")
            served = {server: lab.served(server) for server in lab.endpoints}
            assert set(served.values()) == {lab.on_disk()}, f"killed after step {number}, {steps[number - 1]}: {served}"
            assert not [*lab.acm.rglob(".new-*"), *lab.acm.rglob(".live-new")]
    finally:
        done.set()
        for watcher in watchers:
            watcher.join(20)
    assert faults == []
