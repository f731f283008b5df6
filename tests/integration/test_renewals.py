# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook certops.acm.renew, as a timer runs it: notices, an nginx on each of two hosts, and a third host that is down."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.tests.support.web_server import WebServer, web_server
from ansible_collections.certops.acm.tests.support.programs import finish
from cryptography import x509
from prometheus_client.parser import text_string_to_metric_families

SUPPORT = Path(__file__).resolve().parents[1] / "support"
LIMIT_S = 600
NAMES = ("www.example.com", "api.example.com")
BOTH = "--limit !web-3 -e acm_deploy_serial=100%"
CLOSED = "-e " + json.dumps(
    {
        "acm_deploy_renewals_maintenance_window": {
            "weekdays": [(datetime.now(timezone.utc) + timedelta(days=3)).strftime("%a").lower()],
            "start": "01:00",
            "end": "02:00",
        }
    },
    separators=(",", ":"),
)
ONCE = "-e acm_deploy_renewals_renew_before=99.99999%"  # seconds after it was issued


class Fleet:
    """An authority, web hosts that are folders of this machine with an nginx each, and a receiver of alerts."""

    def __init__(self, folder: Path, people: WebServer) -> None:
        self.folder = folder
        self.people = people
        self.authority = str(folder / "authority")
        self.textfile = folder / "acm.prom"
        self.stops: list[list[str]] = []
        self.ports: dict[str, int] = {}
        self.configurations: dict[str, Path] = {}
        hosts = {name: self.web_host(name) for name in ("web-1", "web-2")}
        silent = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9, "ansible_ssh_timeout": 2}
        hosts["web-3"] = {**hosts["web-2"], **silent}
        variables = {
            "ansible_python_interpreter": sys.executable,
            "acm_deploy_become": False,
            "acm_deploy_authority": self.authority,
            "acm_deploy_certificates": [{"domain_name": name} for name in NAMES],
            "acm_deploy_when_stopped": "start",
            "acm_deploy_renewals_path": str(folder / "left"),
            "acm_deploy_renewals_textfile": str(self.textfile),
            "acm_deploy_renewals_channels": [
                {"name": "people", "type": "webhook", "format": "json", "url": f"http://{people.address}/told"}
            ],
        }
        self.inventory: dict[str, Any] = {"hosts": hosts, "vars": variables}
        self.write_inventory({})

    def write_inventory(self, changed: dict[str, dict[str, Any]]) -> None:
        """With other variables for some hosts."""
        hosts = {name: {**own, **changed.get(name, {})} for name, own in self.inventory["hosts"].items()}
        web = {**self.inventory, "hosts": hosts}
        (self.folder / "hosts.json").write_text(json.dumps({"all": {"children": {"web": web}}}), encoding="utf-8")

    def variables(self, host: str) -> dict[str, Any]:
        found: dict[str, Any] = self.inventory["hosts"][host]
        return found

    def web_host(self, name: str) -> dict[str, Any]:
        certificates = self.folder / name / "acm"
        command = [
            sys.executable,
            str(SUPPORT / "real_servers.py"),
            str(self.folder / name),
            str(certificates),
            "nginx",
        ]
        (service,) = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["services"]
        self.stops.append(service.pop("stop_command"))
        self.ports[name] = service["ports"][0]
        self.configurations[name] = Path(service["check_command"][3])
        return {"ansible_connection": "local", "acm_deploy_path": str(certificates), "acm_deploy_services": [service]}

    def ansible(self, *words: str) -> subprocess.CompletedProcess[str]:
        program, *arguments = words
        everywhere = [program, "-i", str(self.folder / "hosts.json"), *arguments]
        return finish(everywhere, self.folder, {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}, LIMIT_S)

    def module(self, name: str, **arguments: Any) -> dict[str, Any]:
        interpreter = f"ansible_python_interpreter={sys.executable}"
        done = self.ansible(
            "ansible", "localhost", "-e", interpreter, "-m", f"certops.acm.{name}", "-a", json.dumps(arguments)
        )
        assert done.returncode == 0, done.stdout
        return dict(json.loads(done.stdout[done.stdout.index("{") :]))

    def renew_in_acm(self) -> None:
        listed = self.module("acm_certificate_info", authority=self.authority)["certificates"]
        renewed = [{"certificate_arn": each["certificate_arn"]} for each in listed]
        self.module("acm_certificate", authority=self.authority, certificates=renewed, force_renewal=True, wait=True)

    def renew(self, *words: str, fails: bool = False, of: dict[str, dict[str, Any]] | None = None) -> str:
        """Its output, in one line. of: variables of hosts that differ in this run."""
        self.write_inventory(of or {})
        done = self.ansible("ansible-playbook", "certops.acm.renew", *" ".join(words).split())
        assert bool(done.returncode) is fails, done.stdout
        return " ".join(done.stdout.split())

    def served(self, host: str, name: str = NAMES[0]) -> int:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.ports[host]), timeout=5) as plain:
            with context.wrap_socket(plain, server_hostname=name) as connection:
                return x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"").serial_number

    def left(self) -> str:
        """What the previous run left for the next."""
        (path,) = (self.folder / "left").glob("*.json")
        return path.read_text(encoding="utf-8")

    def told(self) -> list[dict[str, Any]]:
        """The alerts that were delivered since it was last asked."""
        alerts = [alert for request in self.people.requests for alert in json.loads(request.body)["alerts"]]
        self.people.requests.clear()
        return alerts

    def metric(self, name: str, **labels: str) -> list[float]:
        return [
            sample.value
            for family in text_string_to_metric_families(self.textfile.read_text(encoding="utf-8"))
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]


@pytest.fixture(name="fleet", scope="module")
def fixture_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    if not shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("nginx is not installed.")
    with web_server({"/told": b"thanks"}) as people:
        fleet = Fleet(tmp_path_factory.mktemp("renewals"), people)
        made = fleet.module(
            "acm_authority",
            path=fleet.authority,
            certificate_authorities=[{"name": "corp", "key_algorithm": "EC_prime256v1"}],
        )
        request = {
            "certificate_authority_arn": made["authority"]["certificate_authorities"][0]["arn"],
            "key_algorithm": "EC_prime256v1",
        }
        wanted = [{"domain_name": name, **request} for name in NAMES]
        fleet.module("acm_certificate", authority=fleet.authority, certificates=wanted, wait=True)
        try:
            yield fleet
        finally:
            for command in fleet.stops:
                subprocess.run(command, check=False, capture_output=True)


def test_unattended(fleet: Fleet) -> None:
    """One story: each run begins with what the previous one left."""
    said = fleet.renew(fails=True)
    assert fleet.served("web-1") == fleet.served("web-2")
    alerts = fleet.told()
    assert [alert["kind"] for alert in alerts].count("deployed") == 2
    (silent,) = [alert for alert in alerts if alert["kind"] != "deployed"]
    assert (silent["kind"], silent["hosts"]) == ("host_unreachable", ["web-3"])
    assert "web-3 does not answer, and lacks api.example.com and www.example.com." in said
    assert fleet.metric("acm_served_certificate_current", host="web-1") == [1, 1]
    assert fleet.metric("acm_served_certificate_current", host="web-3") == [0, 0]
    first = fleet.served("web-1"), fleet.served("web-1", NAMES[1])

    # without web-3, both are renewed and deployed to both hosts
    fleet.renew(BOTH, ONCE)
    assert fleet.served("web-1") == fleet.served("web-2") != first[0]
    assert fleet.served("web-1", NAMES[1]) == fleet.served("web-2", NAMES[1]) != first[1]
    assert [(alert["kind"], alert["hosts"]) for alert in fleet.told()] == [("deployed", ["web-1", "web-2"])] * 2
    left = json.loads(fleet.left())
    assert len(left["forced"]) == 2


def test_one_host_fails(fleet: Fleet) -> None:
    """The other host gets the new certificate; the next run deploys the rest once the first is repaired."""
    sound = fleet.configurations["web-2"].read_text(encoding="utf-8")
    before = fleet.served("web-2")
    fleet.renew_in_acm()
    fleet.configurations["web-2"].write_text(sound + "nonsense;", encoding="utf-8")
    said = fleet.renew(BOTH, fails=True)
    assert "web-2: api.example.com and www.example.com could not be deployed." in said
    failure = said[said.index(" -> localhost]: FAILED!") :]  # of the run, not of a host
    assert "web-2: api.example.com and www.example.com could not be deployed." in failure and "nonsense" in failure
    assert fleet.served("web-1") != before
    assert fleet.served("web-2") == before
    alerts = {alert["kind"]: alert for alert in fleet.told()}
    assert alerts["deployed"]["hosts"] == ["web-1"]
    assert alerts["deploy_failed"]["hosts"] == ["web-2"]
    assert "nonsense" in alerts["deploy_failed"]["text"]
    assert fleet.metric("acm_served_certificate_current", host="web-2") == [0, 0]
    assert fleet.metric("acm_renewals_troubles", kind="deploy_failed") == [1]

    # a run that has no reason to look at the host does not report it as healthy
    said = fleet.renew(BOTH, CLOSED)
    assert "web-2: www.example.com waits. The maintenance window is closed." in said
    assert fleet.told() == []
    assert fleet.metric("acm_served_certificate_current", host="web-2") == [0, 0]
    assert fleet.metric("acm_renewals_troubles", kind="deploy_failed") == [1]

    fleet.configurations["web-2"].write_text(sound, encoding="utf-8")
    fleet.renew(BOTH)
    assert fleet.served("web-2") == fleet.served("web-1") != before
    assert {(alert["kind"], *alert["hosts"]) for alert in fleet.told()} == {
        ("deployed", "web-2"),
        ("resolved", "web-2"),
    }
    waiting = fleet.module("acm_notifications", authority=fleet.authority, queue_name="certops-acm")
    assert waiting["notifications"] == []


def test_hosts_in_later_batches_are_held_back_after_a_failure(fleet: Fleet) -> None:
    fleet.renew(BOTH)
    sound = fleet.configurations["web-1"].read_text(encoding="utf-8")
    before = fleet.served("web-2")
    fleet.renew_in_acm()
    fleet.configurations["web-1"].write_text(sound + "nonsense;", encoding="utf-8")
    one_by_one = BOTH.replace("100%", "1")
    said = fleet.renew(one_by_one, "-e acm_deploy_renewals_failed_hosts=1", fails=True)
    assert "web-2: www.example.com waits. The deployment failed on 1 host before this one." in said
    assert fleet.served("web-2") == before
    fleet.renew(one_by_one, "-e acm_deploy_renewals_failed_hosts=2", fails=True)
    assert fleet.served("web-2") != before
    fleet.configurations["web-1"].write_text(sound, encoding="utf-8")
    fleet.renew(BOTH)
    assert fleet.served("web-1") == fleet.served("web-2")
    fleet.told()


@pytest.mark.parametrize("port_is", ["refused", "plain"])
def test_a_server_listening_elsewhere_is_not_reported_as_stopped(fleet: Fleet, port_is: str) -> None:
    """It runs, but nothing answers where the inventory says it listens: alerts continue until that is corrected."""
    fleet.renew(BOTH)
    fleet.told()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        if port_is == "refused":
            other.close()
        else:
            threading.Thread(target=answer_in_clear, args=(other,), daemon=True).start()
        moved = {**fleet.variables("web-2")["acm_deploy_services"][0], "ports": [port]}
        said = fleet.renew(
            BOTH, "-e", '{"acm_deploy_timeout":1}', fails=True, of={"web-2": {"acm_deploy_services": [moved]}}
        )
    assert "web-2: api.example.com and www.example.com could not be checked" in said and f":{port}" in said, said
    assert said.count("TASK [certops.acm.acm_deploy : Check what the host needs]") == 1, "it was tried once"
    (alert,) = fleet.told()
    assert (alert["kind"], alert["hosts"], alert["severity"]) == ("deploy_failed", ["web-2"], "critical")
    assert "could not be checked" in alert["title"] and str(port) in alert["text"]
    assert fleet.metric("acm_served_certificate_observed", host="web-2") == [0, 0]
    assert fleet.metric("acm_served_certificate_observed", host="web-1") == [1, 1]

    fleet.renew(BOTH)
    assert [(alert["kind"], alert["hosts"]) for alert in fleet.told()] == [("resolved", ["web-2"])]
    assert fleet.metric("acm_served_certificate_observed", host="web-2") == [1, 1]


def answer_in_clear(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _address = listener.accept()
            with connection:
                connection.sendall(b"220 not what you are looking for\r\n")


def test_check_mode_changes_nothing(fleet: Fleet) -> None:
    before = fleet.served("web-1"), fleet.left()
    arns = [
        one["certificate_arn"]
        for one in fleet.module("acm_certificate_info", authority=fleet.authority)["certificates"]
    ]
    fleet.module("acm_certificate", authority=fleet.authority, certificate_arn=arns[0], force_renewal=True, wait=True)
    said = fleet.renew(BOTH, "--check --diff")
    assert fleet.told() == []
    assert (fleet.served("web-1"), fleet.left()) == before
    assert said.count("nginx would be reloaded: ") == 2
    assert "PRIVATE KEY" not in said


def test_a_missing_authority_is_not_created(fleet: Fleet) -> None:
    """A folder that is not mounted must not look like an ACM with nothing to renew."""
    missing = fleet.folder / "not-mounted"
    left = fleet.left()
    said = fleet.renew(BOTH, f"-e acm_deploy_authority={missing}", fails=True)
    assert str(missing) in said and "PLAY RECAP" in said
    assert not missing.exists()
    assert fleet.left() == left


def test_two_paths_to_one_authority_share_alerts_and_memory(fleet: Fleet) -> None:
    other = fleet.folder / "by-another-name"
    other.symlink_to(fleet.authority)
    fleet.renew_in_acm()
    said = fleet.renew(BOTH, of={"web-2": {"acm_deploy_authority": str(other)}})
    told = fleet.told()
    assert [(alert["kind"], alert["hosts"]) for alert in told] == [("deployed", ["web-1", "web-2"])] * 2
    assert "4 of 4 certificates on 2 hosts are up to date with ACM" in said
    left = json.loads(fleet.left())
    assert {host: sorted(known) for host, known in left["hosts"].items() if host in ("web-1", "web-2")} == {
        host: sorted({alert["certificate_arn"] for alert in told}) for host in ("web-1", "web-2")
    }
    assert fleet.metric("acm_served_certificate_current", host="web-2") == [1, 1]


def test_a_textfile_that_cannot_be_written_hides_nothing(fleet: Fleet) -> None:
    said = fleet.renew(f"-e acm_deploy_renewals_textfile={fleet.folder}/not-there/acm.prom", fails=True)
    verdict = said[said.index("TASK [certops.acm.acm_deploy : Fail if something needs a person's action]") :]
    assert "web-3 does not answer, and lacks api.example.com and www.example.com." in verdict
    assert "The text file for Prometheus could not be written: " in verdict and "not-there" in verdict
    assert "The folder of acm_deploy_renewals_textfile must exist" in verdict


def test_a_host_that_was_not_looked_at_is_not_reported_as_healthy(fleet: Fleet) -> None:
    """web-3 was reported to be silent; a run that can read nothing for it does not try to reach it."""
    fleet.renew(fails=True)
    fleet.told()
    nothing = {"acm_deploy_certificates": [{"domain_name": "nowhere.example.com"}]}
    said = fleet.renew(fails=True, of={"web-3": nothing})
    assert [(alert["kind"], alert["hosts"]) for alert in fleet.told()] == [("unavailable", ["web-3"])]
    assert "unreachable=0" in said[said.index("PLAY RECAP") :]

    fleet.renew(of={"web-3": {"ansible_connection": "local"}})
    clears = {alert["hosts"][0]: alert["text"] for alert in fleet.told() if alert["kind"] == "resolved"}
    assert clears["web-3"] == "The server answers again and is up to date."
