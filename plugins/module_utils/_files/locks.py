# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time: locks that the kernel releases when their process ends, however it ends. Standard library only.

Whoever can open a file can lock it, and everybody can open a folder that servers read from. So a folder is locked by a
file in it that only its owner can open, and that exists only while the folder is locked.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
import typing as t
from contextlib import contextmanager, suppress

from .._rules.errors import InvalidInput

NAME = ".certops-acm.lock"  # in a locked folder
PAUSE_S = 0.02
_NO_LOCKS = (
    errno.ENOLCK,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.EINVAL,
    errno.ENOSPC,  # without space a run can still roll back
    errno.EDQUOT,
    errno.EROFS,
)


def wait_for(descriptor: int, timeout_s: float) -> bool:
    """Lock the open file or folder until it is closed. Returns whether that succeeded within TIMEOUT_S.

    Raises OSError if the file system does not support locks (some network file systems).
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


def open_lock(path: str) -> int:
    """The descriptor of a lock file, which is created if it is missing. What root creates belongs to the owner of the folder,
    who could not lock it otherwise. Raises OSError."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(FileNotFoundError):
        return os.open(path, flags)
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        descriptor = os.open(os.path.basename(path), flags | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
        if os.geteuid() == 0:
            os.fchown(descriptor, os.fstat(folder).st_uid, -1)
        return descriptor
    except FileExistsError:  # another process was faster
        return os.open(path, flags)
    finally:
        os.close(folder)


@contextmanager
def turn(path: str) -> t.Iterator[bool]:
    """Whether we got the lock of the file at PATH, without waiting for it."""
    descriptor = open_lock(path)
    try:
        yield wait_for(descriptor, 0)
    finally:
        os.close(descriptor)


def hold_folder(folder: int, shown: str, timeout_s: float) -> t.Optional[int]:
    """Lock the folder with this descriptor against other runs; returns the argument for release_folder().

    None if that is impossible: on some network file systems, or without space. Raises OSError, and InvalidInput if
    another run has held the lock all the time."""
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
        if is_ours:  # but the previous run removed it when it ended
            continue
        if time.monotonic() > deadline:
            raise InvalidInput(f"Another run has locked {shown} for {timeout_s:g} s; wait until it ends, or end it.")
        time.sleep(PAUSE_S)


def release_folder(folder: int, held: t.Optional[int]) -> None:
    """Unlock the folder; the lock file is removed, unless it belongs to another run by now."""
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
