# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo's stand-in for BIND, started as a playbook starts it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from ansible_collections.certops.acm.tests.support.name_server import free_port

PROGRAM = Path(__file__).resolve().parents[2] / "playbooks" / "files" / "demo_name_server.py"
SECRET = "c3RhbmQtaW4ncyBzZWNyZXQgZm9yIHRlc3RzIG9ubHk="


class StandIn:
    """A running demo_name_server.py; its interface is that of NameServer, as far as it can do the same."""

    def __init__(self, folder: Path, zones: t.Mapping[str, t.Optional[str]]) -> None:
        self.folder = folder
        self.address, self.port = "127.0.0.1", free_port()
        self.configuration = folder / "server.json"
        for zone, records in zones.items():
            if records is not None:
                head = "$TTL 60\n@ SOA ns hostmaster 1 3600 600 604800 5\n@ NS ns\nns A 127.0.0.1\n"
                (folder / f"{zone}.zone").write_text(head + records.rstrip("\n") + "\n")
        self.settings: dict[str, t.Any] = {
            "address": self.address,
            "port": self.port,
            "pid_file": "server.pid",
            "log_file": "server.log",
            "key": {"name": "demo", "algorithm": "hmac-sha256", "secret": SECRET},
            "zones": [{"name": zone, "file": f"{zone}.zone"} for zone in zones],
        }

    @property
    def endpoint(self) -> str:
        return f"{self.address}:{self.port}"

    @property
    def pid(self) -> t.Optional[int]:
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / "server.pid").read_text())
        return None

    def rfc2136(self, **others: t.Any) -> dict[str, t.Any]:
        key = {"key_name": "demo", "key_secret": SECRET, "key_algorithm": "hmac-sha256"}
        return {"server": self.address, "port": self.port, **key, **others}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        self.configuration.write_text(json.dumps(self.settings))
        command = [sys.executable, str(PROGRAM), "--config", str(self.configuration), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    def is_running(self) -> bool:
        pid = self.pid
        if pid is None:
            return False
        with contextlib.suppress(OSError):
            os.kill(pid, 0)
            return True
        return False

    def wait_until_gone(self, pid: int, timeout_s: float = 5.0) -> bool:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            try:
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                return True
            if state == "Z":
                return True
            time.sleep(0.01)
        return False


@contextlib.contextmanager
def stand_in(zones: t.Mapping[str, t.Optional[str]]) -> t.Iterator[StandIn]:
    """Run the stand-in with these zones (name → master-file lines; None: no file yet) while the block runs."""
    with tempfile.TemporaryDirectory(prefix="stand-in-") as folder:
        server = StandIn(Path(folder), zones)
        try:
            began = server.run()
            assert began.returncode == 0, began.stderr
            yield server
        finally:
            server.run("--stop")
