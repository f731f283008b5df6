# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has an authority open: all share a lock on a file, and what must be alone with it takes the lock for itself."""

from __future__ import annotations

import contextlib
import fcntl
import os
import typing as t

from ..._files.locks import wait_for
from ..._rules.errors import InvalidInput

FILE = "open.lock"
WAIT_S = 10.0  # others are modules, which are done in a moment; a server is not


class Lease:
    """Held as long as it lives. Raises OSError."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._handle: t.Optional[int] = None
        try:
            self._handle = os.open(os.path.join(path, FILE), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_SH)
        except OSError:  # somebody who may only look; the store says what is wrong where that matters
            pass

    def __del__(self) -> None:
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.close(self._handle)
            self._handle = None

    @contextlib.contextmanager
    def alone(self, wait_s: float = WAIT_S) -> t.Iterator[None]:
        """Nobody else has the authority open meanwhile. Raises InvalidInput when others do not leave in time."""
        if self._handle is None:
            raise InvalidInput(f"{self._path} cannot be written by this user: run as its owner.")
        if not wait_for(self._handle, wait_s):
            fcntl.flock(self._handle, fcntl.LOCK_SH)
            raise InvalidInput(
                f"Another program has the authority in {self._path} open, and would continue with the old data key: "
                "stop its server, wait for playbooks that use it, and run this again."
            )
        try:
            yield
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_SH)
