# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-ins for init systems on PATH, which answer as the real ones do. No real systemd or OpenRC is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.certops.acm.plugins.module_utils._web_host.servers import commands, init_systems
from ansible_collections.certops.acm.plugins.module_utils._web_host.servers.init_systems import find_init_system

SYSTEMCTL = """
case "$1 $2" in
"is-active --quiet") case "$3" in up) exit 0;; down) exit 3;; *) exit 4;; esac;;
"reload fixed") echo "Failed to reload fixed.service: Job type reload is not applicable for unit fixed.service."; exit 1;;
"reload broken") echo "Job for broken.service failed."; exit 1;;
*) echo "$@" >> "$LOG";;
esac
"""
SERVICE = """
case "$1 $2" in
"up status") exit 0;;
"down status") exit 3;;
"odd status") exit 1;;
"fixed reload") echo "Usage: /etc/init.d/fixed {start|stop}"; exit 3;;
*) echo "$@" >> "$LOG";;
esac
"""


class Machine:
    """Programs on PATH, and the folders that show which init system is running."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.log = folder / "log"
        (folder / "bin").mkdir()
        monkeypatch.setenv("PATH", f"{folder}/bin:/usr/bin:/bin")
        monkeypatch.setenv("LOG", str(self.log))
        monkeypatch.setattr(commands, "SBIN", ())
        for name in ("SYSTEMD_FOLDER", "OPENRC_FOLDER", "SCRIPTS_FOLDER"):
            monkeypatch.setattr(init_systems, name, str(folder / name))

    def program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)

    def runs(self, name: str) -> None:
        (self.folder / name).mkdir()


@pytest.fixture(name="machine")
def fixture_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_an_init_system_counts_only_if_it_is_running(machine: Machine) -> None:
    machine.program("service", "")
    for name in ("systemctl", "rc-service"):
        machine.program(name, "")
    found = find_init_system()
    assert found and found.name == "service"  # the others are only installed
    machine.runs("OPENRC_FOLDER")
    found = find_init_system()
    assert found and found.name == "openrc"
    machine.runs("SYSTEMD_FOLDER")
    found = find_init_system()
    assert found and found.name == "systemd"


def test_systemd(machine: Machine) -> None:
    machine.program("systemctl", SYSTEMCTL)
    machine.runs("SYSTEMD_FOLDER")
    found = find_init_system()
    assert found and [found.is_active(unit) for unit in ("up", "down", "absent")] == [True, False, None]
    assert found.do("reload", "nginx", 10).is_good and found.do("start", "nginx", 10).is_good
    assert machine.log.read_text() == "reload nginx\nstart nginx\n"
    assert (
        "the unit fixed cannot be reloaded; give the service a reload_command"
        in found.do("reload", "fixed", 10).sentence
    )
    assert found.do("reload", "broken", 10).sentence == "Job for broken.service failed."


def test_openrc(machine: Machine) -> None:
    machine.program("rc-service", 'case "$*" in "--quiet down status") exit 3;; esac; echo "$@" >> "$LOG"')
    machine.runs("OPENRC_FOLDER")
    found = find_init_system()
    assert found and found.is_active("down") is False and found.do("reload", "nginx", 10).is_good
    assert machine.log.read_text() == "nginx reload\n"


def test_init_scripts(machine: Machine) -> None:
    machine.program("service", SERVICE)
    machine.runs("SCRIPTS_FOLDER")
    for unit in ("up", "down", "odd"):
        script = machine.folder / "SCRIPTS_FOLDER" / unit
        script.touch()
        script.chmod(0o755)
    found = find_init_system()
    assert found and [found.is_active(unit) for unit in ("up", "down", "odd", "absent")] == [True, False, None, None]
    assert found.do("reload", "up", 10).is_good and machine.log.read_text() == "up reload\n"
    assert "give the service a reload_command" in found.do("reload", "fixed", 10).sentence


def test_a_host_without_an_init_system(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{machine.folder}/bin")
    assert find_init_system() is None
