# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has an authority open: everybody shares a lock on a file, and exclusive work takes the lock for itself."""

from __future__ import annotations

import contextlib
import fcntl
import os
import typing as t

from ..._files.locks import open_lock, wait_for
from ..._rules.errors import InvalidInput

FILE = "open.lock"
WAIT_S = 10.0  # modules finish within moments; a server does not


class Lease:
    """Holds the lock as long as it exists. Raises OSError."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._handle: t.Optional[int] = None
        try:
            self._handle = open_lock(os.path.join(path, FILE))
            fcntl.flock(self._handle, fcntl.LOCK_SH)
        except OSError:  # a user with read access only; where it matters, the store reports it
            pass

    def __del__(self) -> None:
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.close(self._handle)
            self._handle = None

    @contextlib.contextmanager
    def alone(self, wait_s: float = WAIT_S) -> t.Iterator[None]:
        """Nobody else has the authority open in the meantime. Raises InvalidInput if others do not close it in time."""
        if self._handle is None:
            raise InvalidInput(f"{self._path} cannot be written by this user: run as its owner.")
        if not wait_for(self._handle, wait_s):
            fcntl.flock(self._handle, fcntl.LOCK_SH)
            raise InvalidInput(
                f"Another process has the authority in {self._path} open and would continue to use the old data key: "
                "stop the authority's server, wait for playbooks that use the authority, and run this again."
            )
        try:
            yield
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_SH)
