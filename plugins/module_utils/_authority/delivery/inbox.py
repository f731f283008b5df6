# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authority's events, read like a queue: each consumer gets every event until it acknowledges it.

For each consumer the store keeps the number of the last event it has seen, and the earlier events that it has not
acknowledged; so neither new nor acknowledged events take up a row. When an event is deleted (setting
events_kept_days), the rows about it are deleted too.
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
    """A received event. handle: acknowledges the event, as long as nobody else has received it since."""

    id: str
    handle: str
    body: str
    deliveries: int


class Inbox:
    """The events that one consumer has not acknowledged. Several processes may read at once: each event is hidden from
    the others for as long as its reader asked for."""

    def __init__(self, authority: Authority, consumer: str) -> None:
        if not NAME.fullmatch(consumer):
            raise InvalidInput(
                f"{consumer!r} is not a valid name for a queue: use 1 to 80 letters, digits, hyphens and underscores."
            )
        self._authority = authority
        self._consumer = consumer

    def receive(self, limit: int, hidden_s: int) -> list[Received]:
        """The oldest events that are not hidden, which are hidden from now on."""
        now = self._authority.now()
        with self._authority.store.read() as tx:
            if not tx.consumers.waiting(self._consumer, millis(now)):
                return []  # a waiting reader polls often and need not hold up writers
        hidden_until = millis(now + timedelta(seconds=hidden_s))
        # If a power failure loses this, the events only come again sooner.
        with self._authority.store.write(durable=False) as tx:
            tx.consumers.take_new(self._consumer, limit)
            received = []
            for event, deliveries, *told in tx.consumers.free(self._consumer, millis(now), limit):
                handle = f"{event}/{self._authority.parts.new_id()}"
                tx.consumers.hide(self._consumer, event, handle, hidden_until, deliveries + 1)
                received.append(Received(str(event), handle, tx.journal.event_body(*told), deliveries + 1))
        return received

    def acknowledge(self, handles: t.Iterable[str]) -> list[str]:
        """Acknowledge these events for this consumer. Returns the handles that are not valid, or no longer."""
        with self._authority.store.write() as tx:
            return [
                handle
                for handle in handles
                if not tx.consumers.acknowledge(self._consumer, handle.partition("/")[0], handle)
            ]

    def waiting(self) -> int:
        """How many events are not hidden."""
        with self._authority.store.read() as tx:
            return tx.consumers.waiting(self._consumer, millis(self._authority.now()))
