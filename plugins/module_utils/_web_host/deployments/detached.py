# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work that outlives the connection: a process in a session of its own, which sends its result back through a pipe if
anybody is left to read it. Standard library only.

Everything has been imported before the process begins, because Ansible removes the module's files when the parent ends.
A new session does not leave the cgroup: if systemd kills a login session's processes (KillMode, KillUserProcesses), it
also kills this one.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import typing as t

Result = t.Dict[str, t.Any]

# Signals that a broken connection may send. Unlike "ignore", a handler is not inherited by the commands that are run.
_IGNORED = (signal.SIGHUP, signal.SIGPIPE, signal.SIGINT, signal.SIGQUIT)


class Killed(Exception):
    """The process ended without a result."""


def run_detached(work: t.Callable[[], Result], stop: t.Callable[[], None]) -> Result:
    """Do WORK in a child process and return its result. No threads may have been used before: a lock that a thread
    holds at that moment, for example one of OpenSSL's, would stay locked in the child forever. A SIGTERM, to the child
    or to this process, calls STOP in the child, which may raise.

    Raises Killed if the child ends without a result. Killing this process does not kill the child.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        _be_child(work, stop, write_end)
    os.close(write_end)
    handlers = {number: signal.signal(number, lambda *_: _tell(pid)) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with os.fdopen(read_end, "rb") as file:
            answer = file.read()
        _pid, status = os.waitpid(pid, 0)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    try:
        result: Result = json.loads(answer)
        return result
    except ValueError:
        how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"status {os.WEXITSTATUS(status)}"
        raise Killed(how) from None


def _tell(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


def _be_child(work: t.Callable[[], Result], stop: t.Callable[[], None], write_end: int) -> t.NoReturn:
    status = 1
    try:
        os.setsid()
        for number in _IGNORED:
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: stop())
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        answer = json.dumps(work()).encode("utf-8")
        with contextlib.suppress(OSError), os.fdopen(write_end, "wb") as file:
            file.write(answer)
        status = 0
    finally:
        os._exit(status)  # the parent cleans up after itself
