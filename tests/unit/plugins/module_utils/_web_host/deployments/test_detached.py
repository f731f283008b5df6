# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work in its own session: its result is returned, and a signal to the waiting process stops it in an orderly way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.certops.acm.tests.support.deployment_host import wait_for

COLLECTION = Path(__file__).resolve().parents[6]
# In a process without threads: what is forked must not inherit a lock that pytest holds.
PROGRAM = """
import os, signal, sys, time
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.detached import Killed, run_detached

signal.signal(signal.SIGINT, signal.SIG_DFL)  # so that Python itself does not catch it

def stop():
    raise RuntimeError("stopped")

def catches(pid, number):
    with open(f"/proc/{pid}/status") as file:
        (mask,) = [line.split()[1] for line in file if line.startswith("SigCgt:")]
    return int(mask, 16) >> number - 1 & 1

def work():
    signal.alarm(50)  # whatever goes wrong, nothing is left running
    parent = os.getppid()
    {work}

try:
    print(run_detached(work, stop))
except Killed as error:
    print("killed:", error)
"""


def start(work: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.replace("{work}", work)],
        env={**os.environ, "PYTHONPATH": str(COLLECTION.parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def printed(work: str) -> str:
    output, errors = start(work).communicate(timeout=60)
    assert errors == ""
    return output.strip()


def test_the_result_comes_back_from_another_session() -> None:
    assert printed(
        "return {'is_leader': os.getsid(0) == os.getpid(), 'is_other': os.getsid(parent) != os.getsid(0)}"
    ) == ("{'is_leader': True, 'is_other': True}")


def test_output_of_the_work_does_not_get_into_the_answer() -> None:
    assert printed("print('x', flush=True); sys.stderr.write('y'); return {}") == "{}"


@pytest.mark.parametrize(
    ("work", "how"),
    [("os.kill(os.getpid(), signal.SIGKILL)", "signal 9"), ("os._exit(3)", "status 3"), ("1 / 0", "status 1")],
)
def test_work_without_a_result_is_reported_with_the_reason(work: str, how: str) -> None:
    assert printed(work) == f"killed: {how}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_waiting_process_calls_stop_in_the_child(number: signal.Signals) -> None:
    work = f"""
    while not catches(parent, {int(number)}):
        time.sleep(0.01)
    try:
        os.kill(parent, {int(number)})
        while True:
            time.sleep(0.01)
    except RuntimeError as error:
        return {{"how": str(error)}}
"""
    assert printed(work.strip()) == "{'how': 'stopped'}"


def test_a_lost_connection_does_not_end_the_work() -> None:
    assert printed("os.kill(os.getpid(), signal.SIGHUP); os.kill(os.getpid(), signal.SIGPIPE); return {}") == "{}"


def test_the_work_is_completed_even_if_nobody_is_waiting(tmp_path: Path) -> None:
    done = tmp_path / "done"
    work = f"""
    os.kill(parent, signal.SIGKILL)
    while os.getppid() == parent:
        time.sleep(0.01)
    open({str(done)!r}, "w").close()
    return {{}}
"""
    process = start(work.strip())
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    wait_for(done)
