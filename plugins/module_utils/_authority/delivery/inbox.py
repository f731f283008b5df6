# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authority's events, read as from a queue: each consumer gets every event until it acknowledges it.

A consumer remembers up to which event it has looked, and of those before what it has not acknowledged: so neither a
new event nor an acknowledged one costs it a row. What a forgotten event (setting events_kept_days) left goes with it.
"""

from __future__ import annotations

import re
import typing as t
from datetime import timedelta

from ..authority import Authority
from ..._rules.times import millis
from ..._rules.errors import InvalidInput

NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")  # that of an SQS queue


class Received(t.NamedTuple):
    """An event handed out. handle: acknowledges it, as long as nobody else has received it since."""

    id: str
    handle: str
    body: str
    deliveries: int


class Inbox:
    """What one consumer has not acknowledged. Several processes may read it at once: each event is hidden from the
    others for as long as its reader asked for."""

    def __init__(self, authority: Authority, consumer: str) -> None:
        if not NAME.fullmatch(consumer):
            raise InvalidInput(
                f"{consumer!r} is not a name for a queue: use 1 to 80 letters, digits, hyphens and underscores."
            )
        self._authority = authority
        self._consumer = consumer

    def receive(self, limit: int, hidden_s: int) -> list[Received]:
        """The oldest that are not hidden; now they are."""
        now = self._authority.now()
        with self._authority.store.read() as tx:
            if not tx.consumers.waiting(self._consumer, millis(now)):
                return []  # a reader that waits looks often, and need not hold up writers
        hidden_until = millis(now + timedelta(seconds=hidden_s))
        # A power cut that forgets it only makes the events come again sooner.
        with self._authority.store.write(durable=False) as tx:
            tx.consumers.take_new(self._consumer, limit)
            received = []
            for event, deliveries, *told in tx.consumers.free(self._consumer, millis(now), limit):
                handle = f"{event}/{self._authority.parts.new_id()}"
                tx.consumers.hide(self._consumer, event, handle, hidden_until, deliveries + 1)
                received.append(Received(str(event), handle, tx.journal.event_body(*told), deliveries + 1))
        return received

    def acknowledge(self, handles: t.Iterable[str]) -> list[str]:
        """Take these away for this consumer. Answers the handles that are not good, or no longer."""
        with self._authority.store.write() as tx:
            return [
                handle
                for handle in handles
                if not tx.consumers.acknowledge(self._consumer, handle.partition("/")[0], handle)
            ]

    def waiting(self) -> int:
        """How many are not hidden."""
        with self._authority.store.read() as tx:
            return tx.consumers.waiting(self._consumer, millis(self._authority.now()))
