# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that tests run to the end, or in the background."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from ansible_collections.certops.acm.tests.support.real_servers import PATH

COLLECTION = Path(__file__).resolve().parents[2]
LIMIT_S = 300


def require(*programs: str) -> None:
    """Skip the test if one of the programs is missing; in CI, fail."""
    missing = [name for name in programs if not shutil.which(name, path=PATH)]
    if missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{', '.join(missing)} is not installed.")


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The tests' environment, with the tools next to their Python first in PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "ANSIBLE_NOCOLOR": "1", **more}


def run(words: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a program; returns its output. AssertionError with that output if it fails."""
    done = finish(words, cwd, env)
    assert done.returncode == 0, f"{words[0]} (exit code {done.returncode})\n\n{done.stdout}"
    return done.stdout


def finish(
    words: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None, limit_s: float = LIMIT_S
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; stdout also contains its standard error."""
    return subprocess.run(
        words,
        cwd=cwd,
        env=environment(env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=limit_s,
        check=False,
    )


@contextlib.contextmanager
def running(
    words: Sequence[str], cwd: Path, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program while the block runs, with its output in `log`, in its own process group, which is then ended."""
    with open(log, "wb") as output:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=environment(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until(is_so: Callable[[], bool], log: Path, limit_s: float = LIMIT_S) -> None:
    """Wait until `is_so` returns true; AssertionError with the content of `log` if it does not in time."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8", errors="replace")
        time.sleep(0.1)
