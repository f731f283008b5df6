# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role acm_deploy on hosts that share this machine, each with a folder of its own: several at once, without space on
the disk, with an init system, and with every write of every process looked at."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.tests.support.programs import finish
from ansible_collections.certops.acm.tests.support.small_disk import small_disk

SUPPORT = Path(__file__).resolve().parents[1] / "support"
HOSTS = ["web1", "web2", "web3"]
ROLE = {"ansible.builtin.include_role": {"name": "certops.acm.acm_deploy"}}
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

    def issue(self, *names: str, **options: Any) -> None:
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
                    "certificates": [{"domain_name": name, **request, **options} for name in names],
                    "wait": True,
                }
            },
        ]
        done = self.run({"hosts": "localhost", "tasks": tasks})
        assert done.returncode == 0, done.stdout

    def run(
        self, play: dict[str, Any], *words: str, then: dict[str, Any] | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the play, and another one after it, by ansible-playbook, the last of the command WORDS."""
        variables = {
            "acm_deploy_path": "{{ folder }}/acm",
            "acm_deploy_services": [{"name": "own", "ports": [], "reload_command": ["true"]}],
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
        }
        (self.folder / "hosts.json").write_text(json.dumps({"web": {"hosts": self.hosts, "vars": variables}}))
        defaults = {"group/certops.acm.acm": {"authority": self.authority}}
        (self.folder / "play.yml").write_text(
            json.dumps([{"gather_facts": False, "module_defaults": defaults, **each} for each in (play, then) if each])
        )
        playbook = str(Path(sys.executable).with_name("ansible-playbook"))
        files = [str(self.folder / name) for name in ("hosts.json", "play.yml")]
        return finish([*words, playbook, "-v", "-i", *files], self.folder, environment)

    def exports(self) -> int:
        """How many certificates have been exported so far, according to the authority's records."""
        with sqlite3.connect(Path(self.authority) / "acm.sqlite3") as database:
            counted = database.execute("SELECT count(*) FROM audit WHERE operation = 'ExportCertificate'")
            return int(counted.fetchone()[0])

    def live(self, host: str) -> str | None:
        """The set that is live on the host."""
        found = list((self.folder / host / "acm").glob("*/live"))
        return os.readlink(found[0]) if found else None

    def said(self, host: str) -> dict[str, Any]:
        said: dict[str, Any] = json.loads((self.folder / host / "said.json").read_text())
        return said


@pytest.fixture(name="fleet")
def fixture_fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


WWW = {"acm_deploy_certificates": [{"domain_name": "www.example.com"}]}


def test_every_host_says_why_a_certificate_cannot_be_read(fleet: Fleet) -> None:
    fleet.issue("www.example.com")
    certificates = [{"domain_name": "www.example.com"}, {"domain_name": "nowhere.example.com"}]
    play = {"hosts": "web", "tasks": [{"block": [ROLE], "rescue": LEAVE_BEHIND}]}
    done = fleet.run({**play, "vars": {"acm_deploy_certificates": certificates}})
    for host in HOSTS:
        failure = fleet.said(host)["failure"]
        assert "nowhere.example.com" in failure["message"] and failure["restored"], done.stdout
        assert not (fleet.folder / host / "acm").exists()


def test_each_certificate_is_exported_once_for_all_waves_and_a_failure_stops_them(fleet: Fleet) -> None:
    for host, site in zip(HOSTS, ["www", "api", "www"]):
        fleet.hosts[host]["site"] = site
    # one whose layout depends on the distribution, and that does not run
    fleet.hosts["web3"]["acm_deploy_services"] = [{"name": "apache", "ports": [], "pid_file": "/nowhere/apache.pid"}]
    fleet.issue("www.example.com", "api.example.com")
    play = {
        "hosts": "web",
        "serial": 1,
        "max_fail_percentage": 0,
        "vars": {"acm_deploy_certificates": [{"domain_name": "{{ site }}.example.com"}]},
        "tasks": [ROLE],
    }
    done = fleet.run(play)
    assert done.returncode == 0 and fleet.exports() == 2, done.stdout
    before = {host: fleet.live(host) for host in HOSTS}
    assert None not in before.values()

    fleet.issue("www.example.com", force_renewal=True)
    fleet.hosts["web1"]["acm_deploy_services"] = [{"name": "own", "ports": [], "reload_command": ["false"]}]
    done = fleet.run(play)
    assert done.returncode != 0 and "The previous sets are live again on web1." in done.stdout, done.stdout
    assert {host: fleet.live(host) for host in HOSTS} == before
    assert "web3" not in done.stdout


@pytest.mark.parametrize("order, exports", [("shuffle", 1), ("reverse_inventory", 1), ("with a failure", 2)])
def test_the_keys_for_later_waves_are_removed_at_the_end(fleet: Fleet, order: str, exports: int) -> None:
    """Whatever the order of the hosts. After a failure no wave may follow, so the keys go at once; one that does follow
    has them exported anew."""
    fleet.issue("www.example.com")
    play: dict[str, Any] = {"hosts": "web", "serial": 1, "vars": WWW, "tasks": [ROLE]}
    if order == "with a failure":
        fleet.hosts["web2"]["acm_deploy_services"] = [{"name": "own", "ports": [], "check_command": ["false"]}]
        play["tasks"] = [{"block": [ROLE], "rescue": LEAVE_BEHIND}]
    else:
        play["order"] = order
    facts = "query('ansible.builtin.vars', *query('ansible.builtin.varnames', '^__acm_deploy'))"
    kept = {"content": f"{{{{ {facts} | to_json }}}}", "dest": str(fleet.folder / "kept-{{ inventory_hostname }}")}
    done = fleet.run(play, then={"hosts": "web:localhost", "tasks": [{"ansible.builtin.copy": kept}]})
    assert done.returncode == 0 and fleet.exports() == exports, done.stdout
    assert [bool(fleet.live(host)) for host in HOSTS] == [True, order != "with a failure", True]
    texts = {name: (fleet.folder / f"kept-{name}").read_text() for name in [*HOSTS, "localhost"]}
    assert "reads_since" in texts["web1"] and "PRIVATE KEY" not in str(texts)


@pytest.fixture(name="disk")
def fixture_disk(fleet: Fleet) -> Iterator[Path]:
    """A file system of its own, with hardly more space than one set takes, where web1 has its sets."""
    path = fleet.folder / "web1" / "acm"
    path.mkdir()
    with small_disk(path, "64k"):
        path.chmod(0o755)
        yield path


def test_a_host_with_a_full_disk_keeps_its_set(fleet: Fleet, disk: Path) -> None:
    fleet.hosts = {"web1": fleet.hosts["web1"]}
    play = {"hosts": "web", "vars": WWW, "tasks": [{"block": [ROLE], "rescue": LEAVE_BEHIND}]}
    fleet.issue("www.example.com")
    done = fleet.run(play)
    before = fleet.live("web1")
    assert before and "rescued=0" in done.stdout, done.stdout
    with pytest.raises(OSError), (disk / "other").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)

    fleet.issue("www.example.com", force_renewal=True)
    done = fleet.run(play)
    failure = fleet.said("web1")["failure"]
    assert "There is no space left" in failure["message"] and failure["restored"], done.stdout
    assert fleet.live("web1") == before


def test_a_service_running_behind_a_closed_port_is_rolled_back(fleet: Fleet) -> None:
    fleet.hosts = {"web1": fleet.hosts["web1"]}
    play = {
        "hosts": "web",
        "vars": {**WWW, "acm_deploy_timeout": 0.5},
        "tasks": [{"block": [ROLE], "rescue": LEAVE_BEHIND}],
    }
    fleet.issue("www.example.com")
    done = fleet.run(play)
    before = fleet.live("web1")
    assert before and "rescued=0" in done.stdout, done.stdout

    fleet.issue("www.example.com", force_renewal=True)
    (fleet.folder / "pid").write_text(str(os.getpid()))
    closed = {"name": "own", "host": "127.0.0.1", "ports": [1], "pid_file": str(fleet.folder / "pid")}
    fleet.hosts["web1"]["acm_deploy_services"] = [{**closed, "reload_command": ["true"]}]
    done = fleet.run(play)
    failure = fleet.said("web1")["failure"]
    assert "nothing listens there" in failure["message"] and failure["restored"], done.stdout
    assert fleet.live("web1") == before


def test_the_clear_key_is_in_no_other_file(fleet: Fleet) -> None:
    """Every write of every process is examined, at Ansible's highest verbosity."""
    trace = ["strace", "-f", "-y", "-s", "1000000", "-e", "trace=write,writev,pwrite64", "-o"]
    works = shutil.which("strace") and subprocess.run([*trace, os.devnull, "true"], check=False, capture_output=True)
    if not works or works.returncode:
        pytest.skip("There is no strace that works here.")
    fleet.hosts = {"web1": fleet.hosts["web1"]}
    fleet.issue("www.example.com")
    output = fleet.folder / "trace"
    talkative = {"ANSIBLE_VERBOSITY": "5", "ANSIBLE_DIFF_ALWAYS": "true", "ANSIBLE_LOG_PATH": str(fleet.folder / "log")}
    done = fleet.run({"hosts": "web", "vars": WWW, "tasks": [ROLE]}, *trace, str(output), **talkative)
    assert done.returncode == 0, done.stdout
    final = (fleet.folder / "web1" / "acm" / "www.example.com" / "live" / "privkey.pem").resolve()
    secret = final.read_text().splitlines()[1]
    written = {
        re.sub(r"\d+", "N", place.partition(":")[0])
        for line in output.read_text("utf-8", "replace").splitlines()
        for place in re.findall(r"write\w*\(\d+<([^>]*)>", line)
        if secret in line
    }
    files = {place for place in written if place.startswith("/") and place != "/memfd"}  # that is memory
    assert {Path(place).name for place in files} == {"privkey.pem"}, written
    assert written - files <= {"pipe", "socket", "UNIX", "UNIX-STREAM", "/memfd"} and "pipe" in written, written
    assert secret not in done.stdout and secret not in (fleet.folder / "log").read_text()


INIT_SCRIPT = """#!/bin/sh
### BEGIN INIT INFO
# Provides: {name}
# Required-Start:
# Required-Stop:
# Default-Start:
# Default-Stop:
# Short-Description: for a test of acm_deploy
### END INIT INFO
case "$1" in
start) {start} ;;
reload) {reload} ;;
status) kill -0 "$(cat {pid_file})" ;;
*) echo "There is no $1 here."; exit 3 ;;
esac
"""


@pytest.fixture(name="init_service")
def fixture_init_service(fleet: Fleet) -> Iterator[dict[str, Any]]:
    """An nginx of web1 that is managed by this machine's init scripts."""
    if os.getuid() != 0 or not Path("/etc/init.d").is_dir() or Path("/run/systemd/system").exists():
        pytest.skip("This machine has no init scripts to add one to.")
    home = fleet.folder / "web1"
    words = [sys.executable, str(SUPPORT / "real_servers.py"), str(home / "s"), str(home / "acm"), "nginx"]
    described = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
    if described["missing"]:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("nginx is not installed.")
    (service,) = described["services"]
    stop = service.pop("stop_command")
    name = f"acm-deploy-test-{service['ports'][0]}"
    script = Path("/etc/init.d", name)
    script.write_text(
        INIT_SCRIPT.format(
            name=name,
            start=" ".join(service.pop("start_command")),
            reload=" ".join(service.pop("reload_command")),
            pid_file=service["pid_file"],
        )
    )
    script.chmod(0o755)
    try:
        yield {**service, "service_name": name}
    finally:
        script.unlink()
        subprocess.run(stop, check=False, capture_output=True)


def test_the_init_system_starts_and_reloads(fleet: Fleet, init_service: dict[str, Any]) -> None:
    fleet.hosts = {"web1": {**fleet.hosts["web1"], "acm_deploy_services": [init_service]}}
    names = ["www.example.com", "api.example.com"]
    play = {
        "hosts": "web",
        "vars": {
            "acm_deploy_certificates": [{"domain_name": name} for name in names],
            "acm_deploy_when_stopped": "start",
        },
        "tasks": [ROLE, *LEAVE_BEHIND],
    }
    fleet.issue(*names)
    done = fleet.run(play)
    assert done.returncode == 0, done.stdout
    first = fleet.said("web1")["summary"]
    pid = Path(init_service["pid_file"]).read_text()

    fleet.issue("www.example.com", force_renewal=True)
    done = fleet.run(play)
    assert done.returncode == 0, done.stdout
    second = fleet.said("web1")["summary"]
    assert [line["served"] for line in first + second] == [True] * 4
    assert first[0]["new_serial"] == second[0]["old_serial"] != second[0]["new_serial"]
    assert Path(init_service["pid_file"]).read_text() == pid  # reloaded, not restarted
