# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet deployed by the role acm_deploy: its hosts share this machine, each with its own nginx, port and folder.

It shows how often a certificate is exported for the whole fleet, and how long a first deployment, a run with nothing to do, a
renewal run with nothing to do and a renewal take, compared with a play that only pings. The pings run before and after each
deployment, so that a busy machine slows down both. A renewal run asks ACM more than a deployment does, but once for the whole
fleet; so both also run for the first host alone, which shows what each additional host costs. At the end it shows how long a run
with nothing to do takes on one host with many certificates. ./run bench deploy_fleet takes about three minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COLLECTION = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(COLLECTION / "tests" / "support"))

import real_servers  # noqa: E402  # pylint: disable=wrong-import-position
from local_play import run_play  # noqa: E402  # pylint: disable=wrong-import-position

LIMIT_S = 3600
FEW = 2  # certificates of the host that the one with many is compared with
REPEATED = 3


class Fleet:
    def __init__(self, folder: Path, count: int, forks: int) -> None:
        self.folder = folder
        self.forks = forks
        self.authority = folder / "authority"
        self.hosts: dict[str, dict[str, Any]] = {}
        self.stops: list[list[str]] = []
        self.options: list[str] = []  # of ansible-playbook
        self.cpu_s = 0.0  # of the play before, in user mode, with all that it started
        for number in range(count):
            home = folder / f"web{number}"
            (home / "s").mkdir(parents=True)
            (service,) = real_servers.describe(home / "s", home / "acm", ["nginx"])["services"]
            self.add(home, service)

    def add(self, home: Path, service: dict[str, Any]) -> None:
        self.stops.append(service.pop("stop_command"))
        self.hosts[home.name] = {"acm_deploy_path": str(home / "acm"), "acm_deploy_services": [service]}

    def play(self, name: str, content: dict[str, Any]) -> float:
        """Run the play; returns the seconds that it took."""
        inventory = self.folder / "hosts.json"
        inventory.write_text(
            json.dumps({"web": {"hosts": self.hosts, "vars": {"ansible_connection": "local"}}}), encoding="utf-8"
        )
        defaults = {"group/certops.acm.acm": {"authority": str(self.authority)}}
        play = {"gather_facts": False, "module_defaults": defaults, **content}
        options = ["-f", str(self.forks), "-i", str(inventory), *self.options]
        env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTION.parents[2]), "ANSIBLE_NOCOLOR": "1"}
        began, used = time.monotonic(), os.times().children_user
        done = run_play(play, self.folder / f"{name}.yml", env, LIMIT_S, options)
        if done.returncode:
            sys.exit(f"{name} failed:\n{done.stdout[-3000:]}")
        self.cpu_s = os.times().children_user - used
        return time.monotonic() - began

    def exports(self) -> int:
        with sqlite3.connect(self.authority / "acm.sqlite3") as database:
            counted = database.execute("SELECT count(*) FROM audit WHERE operation = 'ExportCertificate'")
            return int(counted.fetchone()[0])

    def issue(self, names: Sequence[str] = real_servers.NAMES, **options: Any) -> None:
        request = {
            "certificate_authority_arn": "{{ made.authority.certificate_authorities[0].arn }}",
            "key_algorithm": "EC_prime256v1",
            **options,
        }
        wanted = [{"domain_name": name, **request} for name in names]
        authority = {
            "path": str(self.authority),
            "certificate_authorities": [{"name": "ca", "key_algorithm": "EC_prime256v1"}],
        }
        tasks = [
            {"certops.acm.acm_authority": authority, "register": "made"},
            {"certops.acm.acm_certificate": {"certificates": wanted, "wait": True}},
        ]
        self.play("issue", {"hosts": "localhost", "tasks": tasks})

    def deploy(self, waves: list[str], names: Sequence[str] = real_servers.NAMES) -> float:
        return self.play("deploy", {**self.of_role(waves, names), "roles": ["certops.acm.acm_deploy"]})

    def renew(self, waves: list[str]) -> float:
        role = {"name": "certops.acm.acm_deploy", "tasks_from": "renewals"}
        return self.play("renew", {**self.of_role(waves), "tasks": [{"ansible.builtin.import_role": role}]})

    def of_role(self, waves: list[str], names: Sequence[str] = real_servers.NAMES) -> dict[str, Any]:
        variables = {
            "acm_deploy_authority": str(self.authority),
            "acm_deploy_certificates": [{"domain_name": name} for name in names],
            "acm_deploy_when_stopped": "start",
            "acm_deploy_renewals_path": str(self.folder / "memory"),
        }
        return {"hosts": "web", "serial": waves, "max_fail_percentage": 0, "vars": variables}

    def ping(self) -> float:
        return self.play("ping", {"hosts": "web", "tasks": [{"ansible.builtin.ping": {}}]})

    def stop(self) -> None:
        for words in self.stops:
            subprocess.run(words, check=False, capture_output=True)

    def sets(self) -> set[str]:
        return {os.readlink(link) for link in self.folder.glob(f"web*/acm/{real_servers.NAMES[0]}/live")}


def measure_hosts(fleet: Fleet, waves: list[str]) -> None:
    """What each additional host adds to a run with nothing to do."""
    added = {}
    for what, run in (("deployment", fleet.deploy), ("renewal run", fleet.renew)):
        everywhere = min(run(waves) for _each in range(REPEATED))
        fleet.options = ["--limit", next(iter(fleet.hosts))]
        alone = min(run(waves) for _each in range(REPEATED))
        fleet.options = []
        added[what] = (everywhere - alone) / (len(fleet.hosts) - 1) * 1000
        print(
            f"{what + ', nothing to do':26} {alone:6.1f} s on one host, {added[what]:.0f} ms for each additional host"
        )
    print(f"{'':26} a renewal run adds {added['renewal run'] / added['deployment']:.2f} x as much as a deployment")


def measure_many(folder: Path, number: int) -> None:
    """What each certificate adds to a run with nothing to do, on a host whose nginx serves all of them."""
    names = [f"n{index}.example.com" for index in range(number)]
    took: dict[int, float] = {}
    fleets = {count: Fleet(folder / str(count), 0, 1) for count in (FEW, number)}
    try:
        for count, fleet in fleets.items():
            home = fleet.folder / "web"
            (home / "s").mkdir(parents=True)
            blocks = "".join(real_servers.nginx_block("PORT ssl", name, name) for name in names[:count])
            fleet.add(home, {"name": "nginx", **real_servers.nginx_with(home / "s", home / "acm", blocks)})
            fleet.issue(names[:count])
            fleet.deploy(["100%"], names[:count])
        for count, fleet in fleets.items():
            took[count] = min(fleet.deploy(["100%"], names[:count]) for _each in range(REPEATED))
        each_ms = (took[number] - took[FEW]) / (number - FEW) * 1000
        print(
            f"{number} certificates on one host, nothing to do: {took[number]:.1f} s, {each_ms:.1f} ms for each of them"
        )
    finally:
        for fleet in fleets.values():
            fleet.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="The role acm_deploy on a fleet, in waves.")
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--forks", type=int, default=10)
    parser.add_argument("--waves", nargs="*", default=["100%"], help="such as 10%% 100%%")
    parser.add_argument("--certificates", type=int, default=60, help="on one host; 0 skips that part")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="df-") as name:
        fleet = Fleet(Path(name), options.hosts, options.forks)
        try:
            fleet.issue()
            print(f"{options.hosts} hosts in waves of {', '.join(options.waves)}, two certificates each")
            exported = 0
            pinged = fleet.ping(), fleet.cpu_s
            for what, run, prepare in (
                ("first deployment", fleet.deploy, None),
                ("nothing to do", fleet.deploy, None),
                # the run before it has dealt with the notices about what was issued
                ("renewal run, nothing to do", fleet.renew, lambda: fleet.renew(options.waves)),
                ("renewal of both", fleet.deploy, lambda: fleet.issue(force_renewal=True)),
            ):
                if prepare:
                    prepare()
                took = run(options.waves)
                cpu = fleet.cpu_s
                before, pinged = pinged, (fleet.ping(), fleet.cpu_s)
                exports, exported = fleet.exports() - exported, fleet.exports()
                ping, ping_cpu = ((early + late) / 2 for early, late in zip(before, pinged))
                print(
                    f"{what:26} {took:6.1f} s, {took / options.hosts:5.2f} s a host, {exports} exports, {took / ping:5.2f} x the "
                    f"ping play ({ping:.1f} s); in user mode {cpu:.1f} s, {cpu / ping_cpu:5.2f} x",
                    flush=True,
                )
            if len(fleet.sets()) != 1:
                sys.exit(f"The hosts do not all have the same set: {fleet.sets()}")
            if options.hosts > 1:
                measure_hosts(fleet, options.waves)
        finally:
            fleet.stop()
        if options.certificates:
            measure_many(Path(name), options.certificates)


if __name__ == "__main__":
    main()
