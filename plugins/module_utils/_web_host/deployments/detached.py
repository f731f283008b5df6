# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work that outlives the connection: in a process of its own session, whose result comes back through a pipe if anybody is
left to read it. Standard library only.

The process has everything imported when it begins, as Ansible removes the module's files when its parent ends. A new
session does not leave a cgroup: what systemd kills with a session (KillMode, KillUserProcesses) it kills here too.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import typing as t

Result = t.Dict[str, t.Any]

# What a connection that breaks may send. A handler, other than "ignore", is not inherited by the commands that are run.
_IGNORED = (signal.SIGHUP, signal.SIGPIPE, signal.SIGINT, signal.SIGQUIT)


class Killed(Exception):
    """The process ended without a result."""


def run_detached(work: t.Callable[[], Result], stop: t.Callable[[], None]) -> Result:
    """Do WORK in a child and return its result. Nothing before may have used threads: a lock that one of them holds while it
    ends, such as one of OpenSSL's, would be held in the child for ever. A SIGTERM, to it or to us, calls STOP in it, which may raise.

    Raises Killed if the child ends without a result. Whoever ends us does not end it.
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
        os._exit(status)  # what the parent has to clean up is the parent's
