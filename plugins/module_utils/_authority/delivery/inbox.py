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

from ..store.event_log import EVENT
from ..authority import Authority
from ..._rules.times import millis
from ..store.transactions import Transaction
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
                f"{consumer!r} is no name for a queue: take 1 to 80 letters, digits, hyphens and underscores."
            )
        self._authority = authority
        self._consumer = consumer

    def receive(self, limit: int, hidden_s: int) -> list[Received]:
        """The oldest that are not hidden; now they are."""
        now = self._authority.now()
        with self._authority.store.read() as tx:
            if not self._count(tx, millis(now)):
                return []  # a reader that waits looks often, and need not hold up writers
        hidden_until = millis(now + timedelta(seconds=hidden_s))
        # A power cut that forgets it only makes the events come again sooner.
        with self._authority.store.write(durable=False) as tx:
            self._take_new(tx, limit)
            rows = tx.execute(
                f"SELECT event, deliveries + 1, {EVENT} FROM received JOIN events ON number = event "
                "WHERE consumer = ? AND hidden_until <= ? ORDER BY event LIMIT ?",
                (self._consumer, millis(now), limit),
            ).fetchall()
            received = [
                Received(str(event), f"{event}/{self._authority.parts.new_id()}", tx.event_body(*told), deliveries)
                for event, deliveries, *told in rows
            ]
            for each in received:
                tx.execute(
                    "UPDATE received SET handle = ?, hidden_until = ?, deliveries = ? WHERE consumer = ? AND event = ?",
                    (each.handle, hidden_until, each.deliveries, self._consumer, int(each.id)),
                )
        return received

    def acknowledge(self, handles: t.Iterable[str]) -> list[str]:
        """Take these away for this consumer. Answers the handles that are not good, or no longer."""
        refused = []
        with self._authority.store.write() as tx:
            for handle in handles:
                event = handle.partition("/")[0]
                done = tx.execute(
                    "DELETE FROM received WHERE consumer = ? AND event = ? AND handle = ?",
                    (self._consumer, event, handle),
                )
                if not done.rowcount:
                    refused.append(handle)
        return refused

    def waiting(self) -> int:
        """How many are not hidden."""
        with self._authority.store.read() as tx:
            return self._count(tx, millis(self._authority.now()))

    def _count(self, tx: Transaction, now: int) -> int:
        again = tx.execute(
            "SELECT count(*) FROM received WHERE consumer = ? AND hidden_until <= ?", (self._consumer, now)
        ).fetchone()[0]
        new = tx.execute("SELECT count(*) FROM events WHERE number > ?", (self._seen(tx),)).fetchone()[0]
        return int(again + new)

    def _seen(self, tx: Transaction) -> int:
        row = tx.execute("SELECT seen FROM consumers WHERE name = ?", (self._consumer,)).fetchone()
        return int(row[0]) if row else 0

    def _take_new(self, tx: Transaction, limit: int) -> None:
        """Up to `limit` events that this consumer has not looked at become its own, free to be received."""
        seen = self._seen(tx)
        rows = tx.execute("SELECT number FROM events WHERE number > ? ORDER BY number LIMIT ?", (seen, limit))
        numbers = [row[0] for row in rows]
        if not numbers:
            return
        tx.execute(
            "INSERT INTO consumers VALUES (?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen",
            (self._consumer, numbers[-1]),
        )
        for number in numbers:
            tx.execute("INSERT INTO received VALUES (?, ?, '', 0, 0)", (self._consumer, number))
