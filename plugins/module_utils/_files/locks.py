# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time: locks that the kernel releases when their process ends, however it ends. Standard library only."""

from __future__ import annotations

import fcntl
import os
import time
import typing as t
from contextlib import contextmanager

PAUSE_S = 0.02


def wait_for(descriptor: int, timeout_s: float) -> bool:
    """Hold the open file or folder alone until it is closed; whether that came about within TIMEOUT_S.

    Raises OSError where the file system knows no locks (some network file systems).
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(PAUSE_S)


@contextmanager
def turn(path: str) -> t.Iterator[bool]:
    """Whether what the file at PATH stands for is ours alone, now; nobody is waited for. The file is made if missing."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        yield wait_for(descriptor, 0)
    finally:
        os.close(descriptor)
