# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/healthz: whether the authority can read and write."""

from __future__ import annotations

import threading
import time
import typing as t

from ...authority import Authority
from ...store.transactions import StoreError
from ..messages import Reply, plain
from ...._rules.times import iso

GOOD_FOR_S = 1.0  # after a write that succeeded
PATIENCE_S = 5.0  # for a write begun by another request


class Health:
    """Anyone may ask, so the store is written to at most once a second and by one thread at a time."""

    def __init__(self, authority: Authority, seconds: t.Callable[[], float] = time.monotonic) -> None:
        self._authority = authority
        self._seconds = seconds
        self._writing = threading.Lock()
        self._good_until = seconds()

    def answer_at_once(self) -> t.Optional[Reply]:
        """The answer while the last write is recent; None if the store has to be written to."""
        return plain(200, "ok\n") if self._seconds() < self._good_until else None

    def answer(self) -> Reply:
        answer = self.answer_at_once()
        if answer:
            return answer
        if not self._writing.acquire(timeout=PATIENCE_S):
            return plain(503, f"The store has taken more than {PATIENCE_S:.0f} s to write.\n")
        try:
            if not self.answer_at_once():
                self._write()
                self._good_until = self._seconds() + GOOD_FOR_S
        except StoreError as error:
            return plain(503, f"{error}\n")
        finally:
            self._writing.release()
        return plain(200, "ok\n")

    def _write(self) -> None:
        with self._authority.store.write(durable=False) as tx:
            tx.set_meta("last_health_check_at", iso(self._authority.now()))
