# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each consumer of events has received and not acknowledged, in the store (delivery/inbox.py)."""

from __future__ import annotations

import typing as t

from .event_log import EVENT


class Consumers:
    """The consumers of events, in one transaction. Times are milliseconds."""

    def __init__(self, execute: t.Callable[..., t.Any]) -> None:
        self._execute = execute

    def waiting(self, consumer: str, now: int) -> int:
        """How many events the consumer can receive now: those not hidden, and those it has not seen."""
        again = self._execute(
            "SELECT count(*) FROM received WHERE consumer = ? AND hidden_until <= ?", (consumer, now)
        ).fetchone()[0]
        new = self._execute("SELECT count(*) FROM events WHERE number > ?", (self._seen(consumer),)).fetchone()[0]
        return int(again + new)

    def take_new(self, consumer: str, limit: int) -> None:
        """Make up to `limit` events that the consumer has not seen available to it."""
        rows = self._execute(
            "SELECT number FROM events WHERE number > ? ORDER BY number LIMIT ?", (self._seen(consumer), limit)
        )
        numbers = [row[0] for row in rows]
        if not numbers:
            return
        self._execute(
            "INSERT INTO consumers VALUES (?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen",
            (consumer, numbers[-1]),
        )
        for number in numbers:
            self._execute("INSERT INTO received VALUES (?, ?, '', 0, 0)", (consumer, number))

    def free(self, consumer: str, now: int, limit: int) -> list[tuple[t.Any, ...]]:
        """(number, how often it was received, then the arguments of Journal.event_body) of the oldest events not
        hidden."""
        return self._execute(
            f"SELECT event, deliveries, {EVENT} FROM received JOIN events ON number = event "
            "WHERE consumer = ? AND hidden_until <= ? ORDER BY event LIMIT ?",
            (consumer, now, limit),
        ).fetchall()

    def hide(self, consumer: str, event: int, handle: str, until: int, deliveries: int) -> None:
        self._execute(
            "UPDATE received SET handle = ?, hidden_until = ?, deliveries = ? WHERE consumer = ? AND event = ?",
            (handle, until, deliveries, consumer, event),
        )

    def acknowledge(self, consumer: str, event: str, handle: str) -> bool:
        """Acknowledge an event; False unless the handle is that of its last receipt."""
        done = self._execute(
            "DELETE FROM received WHERE consumer = ? AND event = ? AND handle = ?", (consumer, event, handle)
        )
        return bool(done.rowcount)

    def _seen(self, consumer: str) -> int:
        row = self._execute("SELECT seen FROM consumers WHERE name = ?", (consumer,)).fetchone()
        return int(row[0]) if row else 0
