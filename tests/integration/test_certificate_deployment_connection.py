# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certificate_deployment over a real sshd and sudo with its own terminal; the connection is cut at each step."""

from __future__ import annotations

import getpass
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.journal import (
    ACTIVATING,
    FINISHED,
    PLACING,
    UNDOING,
)
from ansible_collections.certops.acm.tests.support import real_servers
from ansible_collections.certops.acm.tests.support.deployment_host import (
    COLLECTION,
    LIMIT_S,
    MODULE,
    WWW,
    Host,
    issue,
    wait_for,
)

DRIVER = COLLECTION / "tests" / "support" / "paused_module.py"


class Connection:
    """An sshd on loopback, for whoever runs this test."""

    def __init__(self, folder: Path, program: str) -> None:
        self.port = real_servers.free_port()
        for name in ("host", "client"):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(words, check=True)
        shutil.copy(folder / "client.pub", folder / "authorized")
        (folder / "sshd.conf").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
            f"PidFile none\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        )
        self.words = [
            *("ssh", "-F", "none", "-p", str(self.port), "-i", str(folder / "client")),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"),
            f"{getpass.getuser()}@127.0.0.1",
        ]
        self.sshd = subprocess.Popen(
            [program, "-D", "-e", "-f", str(folder / "sshd.conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(folder / "sshd.log").open("w"),
        )

    def start(
        self, host: Host, *certificates: dict[str, t.Any], driver: t.Sequence[str] = (), **options: t.Any
    ) -> subprocess.Popen[str]:
        """Start a run there; DRIVER is the command line of a program that runs the module."""
        remote = ["sudo", "-n", "env", f"PYTHONPATH={COLLECTION.parents[2]}", sys.executable, *driver, str(MODULE)]
        process = subprocess.Popen(
            [*self.words, shlex.join(remote)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin
        process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": host.arguments(*certificates, **options)}))
        process.stdin.close()
        process.stdin = None
        return process

    def cut(self) -> None:
        """End every session, and nothing else, as a broken network eventually does."""
        for pid in self._sessions(self.sshd.pid):
            os.kill(pid, signal.SIGKILL)

    def _sessions(self, pid: int) -> list[int]:
        """The sshd processes below one, the innermost first."""
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                name, _blank, rest = path.read_text().partition(" (")[2].rpartition(") ")
            except OSError:
                continue
            if int(rest.split()[1]) == pid and name.startswith("sshd"):
                child = int(path.parent.name)
                found += [*self._sessions(child), child]
        return found


@pytest.fixture(name="connection")
def fixture_connection() -> Iterator[Connection]:
    sshd = shutil.which("sshd", path=real_servers.PATH)
    missing = [name for name in ("ssh", "ssh-keygen", "sudo") if not shutil.which(name)] + ([] if sshd else ["sshd"])
    if missing or subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode:
        names = ", ".join(missing) or "sudo without a password"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"Not installed: {names}.")
    folder = Path(tempfile.mkdtemp(prefix="ssh-"))
    Path("/run/sshd").mkdir(exist_ok=True)
    connection = Connection(folder, str(sshd))
    for _attempt in range(100):
        if subprocess.run([*connection.words, "true"], check=False, capture_output=True).returncode == 0:
            break
    yield connection
    connection.sshd.terminate()
    connection.sshd.wait()
    shutil.rmtree(folder)


@pytest.fixture(name="host")
def fixture_host() -> Iterator[Host]:
    folder = Path(tempfile.mkdtemp(prefix="d-"))
    host = Host(folder)
    host.begin()
    yield host
    host.server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("step", ["check_command", "reload_command", "refused"])
def test_a_broken_connection_does_not_change_the_outcome(connection: Connection, host: Host, step: str) -> None:
    """Cut while the server checks the new sets, while it reloads, and on the way to sets that it refuses."""
    renewed, begun, go = issue(WWW), host.folder / "begun", host.folder / "go"
    option = "reload_command" if step == "reload_command" else "check_command"
    if step == "refused":
        host.server.refuse(renewed["certificate"])
    words = shlex.join(host.server.service()[option])
    # the first check is of the configuration before; it waits only where the new set is live
    is_new = f"grep -q {renewed['certificate'].splitlines()[1]} {host.acm}/{WWW}/live/fullchain.pem"
    script = f"if {is_new}; then touch {begun}; while [ ! -e {go} ]; do sleep 0.05; done; fi; {words}"
    services = [host.server.service(**{option: ["sh", "-c", script]})]

    process = connection.start(host, renewed, host.first[1], services=services)
    judge(connection, host, process, renewed, (begun, go), is_refused=step == "refused")


@pytest.mark.parametrize(
    "phase, is_refused",
    [(PLACING, False), (ACTIVATING, False), (FINISHED, False), (ACTIVATING, True), (UNDOING, True), (FINISHED, True)],
)
def test_the_connection_may_break_in_any_phase_of_the_journal(
    connection: Connection, host: Host, phase: str, is_refused: bool
) -> None:
    renewed, begun, go = issue(WWW), host.folder / "begun", host.folder / "go"
    if is_refused:
        host.server.refuse(renewed["certificate"])
    driver = [str(DRIVER), phase, str(begun), str(go)]
    process = connection.start(host, renewed, host.first[1], driver=driver)
    judge(connection, host, process, renewed, (begun, go), is_refused)


def judge(
    connection: Connection,
    host: Host,
    process: subprocess.Popen[str],
    renewed: dict[str, t.Any],
    files: tuple[Path, Path],
    is_refused: bool,
) -> None:
    """Cut the connection of PROCESS, which has written the first of the FILES and waits for the second, and run
    again."""
    begun, go = files
    wait_for(begun)
    connection.cut()
    output, _errors = process.communicate(timeout=LIMIT_S)
    assert output == "" and process.returncode == 255
    second = connection.start(host, renewed, host.first[1])
    go.touch()
    output, errors = second.communicate(timeout=LIMIT_S)
    answer = json.loads(output or "{}")
    assert answer["lost_outcome"]["failed"] is is_refused, (answer, errors)
    if is_refused:
        assert answer["failed"] and answer["restored"] and "is refused" in answer["lost_outcome"]["message"]
        assert host.served() == host.on_disk() == host.first[0]["fingerprint"]
    else:
        assert not answer.get("failed") and answer["changed"]
        assert host.served() == host.on_disk() == renewed["fingerprint"]
    assert host.leftovers() == []
