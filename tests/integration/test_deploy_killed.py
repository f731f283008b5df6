# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role acm_deploy, killed after each of its tasks: at every instant nginx serves a whole set, and the next run converges.

It takes minutes, and so runs only with KILL_AFTER_EACH=1. Of the tasks before the first that changes something, one stands
for all, as a kill there leaves nothing behind; KILL_AFTER_EACH=all takes each.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SUPPORT = Path(__file__).resolve().parents[1] / "support"
FIRST_CHANGE = "Put the sets in place"
LIMIT_S = 120
NAME = "www.example.com"


class Lab:
    """An authority, an nginx, and a playbook that deploys the one to the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.acm = folder / "acm"
        command = [sys.executable, str(SUPPORT / "real_servers.py"), str(folder / "s"), str(self.acm), "nginx"]
        described = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        (self.service,) = described["services"]
        self.stop_command = self.service.pop("stop_command")
        self.port = self.service["ports"][0]
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
            "acm_deploy_services": [self.service],
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

    def served(self) -> bytes:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as plain:
            with context.wrap_socket(plain, server_hostname=NAME) as connection:
                return connection.getpeercert(binary_form=True) or b""

    def on_disk(self) -> bytes:
        """The certificate of the live set, which its key must belong to."""
        live = (self.acm / NAME / "live").resolve()  # one set, also when the link moves meanwhile
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(live / "fullchain.pem", live / "privkey.pem")
        text = (live / "fullchain.pem").read_text()
        return ssl.PEM_cert_to_DER_cert(text[: text.index("-----END CERTIFICATE-----") + 25] + "\n")


@pytest.fixture(name="lab", scope="module")
def fixture_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    if not shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("nginx is not installed.")
    lab = Lab(tmp_path_factory.mktemp("killed"))
    lab.succeed("issue")
    try:
        lab.succeed("deploy")
        yield lab
    finally:
        subprocess.run(lab.stop_command, check=False, capture_output=True)


@pytest.mark.skipif(not os.environ.get("KILL_AFTER_EACH"), reason="Takes minutes; set KILL_AFTER_EACH=1.")
def test_a_run_that_is_killed_anywhere_is_caught_up_by_the_next(lab: Lab) -> None:
    faults: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            try:
                assert lab.served() and lab.on_disk()
            except (OSError, ValueError, AssertionError) as error:
                faults.append(f"{time.strftime('%X')} {error!r}")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    count = lab.folder / "count"
    try:
        lab.succeed("renew")
        lab.succeed("deploy", KILL_COUNT=str(count))
        tasks = count.read_text().splitlines()
        first = next(number for number, task in enumerate(tasks, 1) if task.endswith(FIRST_CHANGE))
        everywhere = os.environ["KILL_AFTER_EACH"] == "all"
        for number in range(1 if everywhere else first - 1, len(tasks) + 1):
            lab.succeed("renew")
            killed = lab.run("deploy", KILL_AFTER=str(number))
            assert killed.returncode == -9, (number, killed.stdout)
            lab.succeed("deploy")
            assert lab.served() == lab.on_disk(), f"killed after task {number}: {tasks[number - 1]}"
            assert not [*lab.acm.rglob(".new-*"), *lab.acm.rglob(".live-new")]
    finally:
        done.set()
        watcher.join(10)
    assert faults == []
