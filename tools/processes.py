# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command so that nothing it started outlives it, daemons included."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def run_to_the_end(argv: list[str], env: dict[str, str], cwd: Path) -> int:
    """Run `argv`, and end whatever it left running, also after an interrupt. Returns its exit code."""
    # Linux: a daemon that leaves its parent becomes our child instead of init's, so that descendants() finds it.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    command = subprocess.Popen(argv, env=env, cwd=cwd)
    try:
        return command.wait()
    except KeyboardInterrupt:
        # Ctrl-C went to the command too: give it time to clean up.
        try:
            command.wait(timeout=10)
        except (KeyboardInterrupt, subprocess.TimeoutExpired):
            pass
        raise
    finally:
        end_descendants()


def end_descendants(grace_s: float = 5) -> None:
    for wanted in (signal.SIGTERM, signal.SIGKILL):
        for pid in descendants():
            try:
                os.kill(pid, wanted)
            except ProcessLookupError:
                pass
        deadline = time.monotonic() + grace_s
        while descendants() and time.monotonic() < deadline:
            reap()
            time.sleep(0.02)


def reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def descendants() -> list[int]:
    """Every process below this one, according to /proc, including zombies that wait for their parent."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # "pid (name, which may contain anything) state parent …"
            parent = int(entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(entry.parent.name))
    found: list[int] = []
    todo = [os.getpid()]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found
