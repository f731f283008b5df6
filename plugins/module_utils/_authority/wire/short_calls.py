# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls that read a few rows and wait for nothing: the server answers them in the thread that reads connections.

Their audit records are written shortly after the answers, many in one transaction, so such a call never waits for a
writer. A server that is killed loses the records of its last moment. Calls that change something, and calls that are
refused, are recorded before they are answered.
"""

from __future__ import annotations

import collections
import logging
import threading
import typing as t

from .endpoint import Answer, Endpoint, members_of, operation_name
from ..lifecycle.records import Caller
from ..operations.call import Call
from ..store.transactions import Store, StoreError

LARGEST = 4096  # octets of a request
MOMENT_S = 0.05
AGAIN_S = 1.0  # after the store could not be written
MOST = 1000  # records waiting to be written
MOST_AT_ONCE = 100  # in one transaction: others want to write too

log = logging.getLogger(__name__)


class ShortCalls(Endpoint):
    """An endpoint that can also answer without waiting."""

    def look(
        self,
        target: str,
        body: bytes,
        caller: Caller,
        judge: t.Callable[[Call], None],
        keep: t.Callable[[Call], None],
    ) -> t.Optional[Answer]:
        """The answer, if it can be given without waiting for anything; otherwise None, and `answer` has to be called.
        keep: receives the call, which has not been recorded yet."""
        name = operation_name(target)
        operation = self._operations.get(name)
        if operation is None or not operation.is_short or len(body) > LARGEST:
            return None
        try:
            call = Call(self._authority, name, caller)
            answer = call.look(operation.act, self._request(name, operation, members_of(body)), judge)
            reply = self._reply(200, self._shown(name, answer), call.request_id)
        except Exception:  # whatever the fault, `answer` meets it again, reports it and records it
            return None
        keep(call)
        return reply


class LateRecords:
    """A thread that writes audit records from start() to end()."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._calls: collections.deque[Call] = collections.deque()
        self._are_there_some = threading.Event()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="late records", daemon=True)

    @property
    def are_too_many(self) -> bool:
        """No more records can be kept now: calls that read have to wait until theirs is written."""
        return len(self._calls) >= MOST

    def keep(self, call: Call) -> None:
        self._calls.append(call)
        self._are_there_some.set()

    def start(self) -> None:
        self._thread.start()

    def end(self, grace_s: float = 10.0) -> None:
        """Write the remaining records; the log says how many could not be written in time."""
        self._is_over.set()
        self._are_there_some.set()
        self._thread.join(grace_s)
        if self._calls:
            log.warning("%d calls that only read were not recorded.", len(self._calls))

    def _run(self) -> None:
        while not self._is_over.is_set() or self._calls:
            self._are_there_some.wait()
            self._is_over.wait(MOMENT_S)
            self._are_there_some.clear()
            try:
                while self._calls:
                    self._write()
            except StoreError as error:
                log.warning("%s", error)
                if self._is_over.is_set():
                    return
                self._is_over.wait(AGAIN_S)
                self._are_there_some.set()
            except Exception:  # a defect of ours: later records are written all the same
                log.exception("calls that only read were not recorded")

    def _write(self) -> None:
        calls = [self._calls.popleft() for _each in range(min(len(self._calls), MOST_AT_ONCE))]
        try:
            with self._store.write(durable=False) as tx:
                for call in calls:
                    call.record(tx)
        except StoreError:
            self._calls.extendleft(reversed(calls))
            raise
