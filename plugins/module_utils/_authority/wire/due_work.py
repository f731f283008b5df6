# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Due work, done while the server runs: validations, renewals, notices, delivery of events, revocation lists.

Of several processes that serve a directory, one at a time does it: the others find the lock taken, and look again
later. Playbooks may run sweeps at the same time; sweep.py allows for that."""

from __future__ import annotations

import logging
import os
import threading
import time
import typing as t

from .. import audit, sweep
from ..authority import Authority
from ..keys.vault import WrongKey
from ..store.transactions import StoreError
from ..._files.locks import turn
from ..._rules.errors import InvalidInput
from ..._rules.times import iso

LOOK_S = 5.0  # between two looks for what is due
MOST_AT_ONCE = 100  # certificates in one look: work for thousands must not delay requests
TIDY_S = 3600.0  # between two revocation lists, and deletions of old rows
WARN_AGAIN_S = 3600.0  # between two lines in the log about the same trouble
LOCK = "due-work.lock"

log = logging.getLogger(__name__)


class DueWork:
    """A thread that looks for due work from start() to end(). beside: called at each look, for the server's own due
    work."""

    def __init__(
        self,
        authority: Authority,
        beside: t.Callable[[], object] = lambda: None,
        *,
        look_s: float = LOOK_S,
        tidy_s: float = TIDY_S,
        seconds: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self._authority = authority
        self._beside = beside
        self._look_s = look_s
        self._tidy_s = tidy_s
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="due work", daemon=True)
        self._seconds = seconds
        self._warned: dict[str, float] = {}

    def start(self) -> None:
        self._thread.start()

    def end(self, grace_s: float = 30.0) -> bool:
        """Begin no more work; False if work in progress does not finish in time. Nothing is lost: it will be done
        again."""
        self._is_over.set()
        if self._thread.ident is not None:
            self._thread.join(grace_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._is_over.wait(self._look_s):
            try:
                self._beside()
                with turn(os.path.join(self._authority.path, LOCK)) as is_mine:
                    if is_mine:
                        self.look()
            except (StoreError, WrongKey, InvalidInput) as error:
                self._warn(str(error))
            except OSError as error:  # a lock cannot be made: the disk is full, or the directory is gone
                self._warn(
                    f"Due work in {self._authority.path} cannot be done ({error.strerror or error}): "
                    "make sure that the directory is there, and that there is free space."
                )
            except Exception:  # whatever the fault, the next look tries again
                log.exception("due work failed")

    def look(self) -> sweep.Swept:
        """Do what is due now."""
        authority = self._authority
        swept = sweep.settle_due(authority, MOST_AT_ONCE)
        if self._is_tidying_due():
            swept.troubles.extend(sweep.tidy(authority))
        swept = sweep.deliver(authority, swept)
        try:
            authority.cas.publish_late_crls()
        except StoreError as error:
            swept.troubles.append(str(error))
        with authority.store.write(durable=False) as tx:
            tx.set_meta("last_due_work_at", iso(authority.now()))
        self._warn(*swept.troubles)
        return swept

    def _is_tidying_due(self) -> bool:
        with self._authority.store.read() as tx:
            last = tx.meta("last_sweep_at")
        if last is None:
            return True
        age_s = (self._authority.now() - audit.instant(last)).total_seconds()
        return not 0 <= age_s < self._tidy_s  # in the future: the clock was set back

    def _warn(self, *troubles: str) -> None:
        """Log what could not be done, and the same again after an hour: it is tried again much more often."""
        now = self._seconds()
        self._warned = {trouble: at for trouble, at in self._warned.items() if now - at < WARN_AGAIN_S}
        for trouble in troubles:
            if trouble not in self._warned:
                self._warned[trouble] = now
                log.warning("%s", trouble)
