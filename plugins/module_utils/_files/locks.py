# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time: locks that the kernel releases when their process ends, however it ends. Standard library only.

Whoever can open a file can lock it, and everybody can open a folder that servers read from. So a folder is held by a file in
it that only its owner can open, and that is there only while the folder is held.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
import typing as t
from contextlib import contextmanager, suppress

from .._rules.errors import InvalidInput

NAME = ".certops-acm.lock"  # in a folder that is held
PAUSE_S = 0.02
_NO_LOCKS = (
    errno.ENOLCK,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.EINVAL,
    errno.ENOSPC,  # without space a run still goes back to what was there
    errno.EDQUOT,
    errno.EROFS,
)


def wait_for(descriptor: int, timeout_s: float) -> bool:
    """Lock the open file or folder until it is closed. Returns whether that succeeded within TIMEOUT_S.

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
    """Whether we hold the lock of the file at PATH, without waiting for it. The file is made if it is missing."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        yield wait_for(descriptor, 0)
    finally:
        os.close(descriptor)


def hold_folder(folder: int, shown: str, timeout_s: float) -> t.Optional[int]:
    """Hold the folder with this descriptor against other runs; returns what release_folder() wants.

    None where that cannot be: on some network file systems, or without space. Raises OSError, and InvalidInput when another
    run has held the folder all the time.
    """
    deadline = time.monotonic() + timeout_s
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    while True:
        descriptor = -1
        try:
            descriptor = os.open(NAME, flags, 0o600, dir_fd=folder)
            is_ours = wait_for(descriptor, 0)
            if is_ours and _is_there(descriptor, folder):
                return descriptor
            os.close(descriptor)
        except OSError as error:
            if descriptor >= 0:
                os.close(descriptor)
            if error.errno in _NO_LOCKS:
                return None
            error.filename = os.path.join(shown, NAME)
            raise
        if is_ours:  # but the run before has removed it when it ended
            continue
        if time.monotonic() > deadline:
            raise InvalidInput(f"Another run has held {shown} for {timeout_s:g} s; wait for its end, or end it.")
        time.sleep(PAUSE_S)


def release_folder(folder: int, held: t.Optional[int]) -> None:
    """Release the folder; the file that held it is removed, unless it is another run's by now."""
    if held is None:
        return
    with suppress(OSError):
        if _is_there(held, folder):
            os.unlink(NAME, dir_fd=folder)
    os.close(held)


def _is_there(descriptor: int, folder: int) -> bool:
    try:
        there = os.stat(NAME, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))
