# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What root makes in the folder of another user belongs to that user, who could not use it otherwise."""

from __future__ import annotations

import os
import stat
import typing as t
from contextlib import contextmanager, suppress

from .locks import wait_for


def owner_for_root(path: str) -> t.Optional[int]:
    """For root, the owner of the folder, unless anybody could have created it, as in /tmp. None for other users, who make
    only files of their own."""
    place = os.path.realpath(path)
    if os.geteuid() != 0 or not os.path.isdir(place) or os.stat(os.path.dirname(place)).st_mode & stat.S_IWOTH:
        return None
    return os.stat(place).st_uid


def open_lock(path: str) -> int:
    """The descriptor of a lock file, which is created if it is missing. Raises OSError."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(FileNotFoundError):
        return os.open(path, flags)
    with suppress(FileExistsError):  # another process was faster
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        if os.geteuid() == 0:
            os.fchown(descriptor, os.stat(os.path.dirname(path)).st_uid, -1)
        return descriptor
    return os.open(path, flags)


@contextmanager
def turn(path: str) -> t.Iterator[bool]:
    """Whether we got the lock of the file, without waiting for it."""
    descriptor = open_lock(path)
    try:
        yield wait_for(descriptor, 0)
    finally:
        os.close(descriptor)
