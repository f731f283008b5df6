# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events and audit records in the store. What all of them say alike is not stored but added when they are read."""

from __future__ import annotations

import functools
import json
import typing as t
from datetime import datetime

from ..lifecycle import events
from ..lifecycle.events import Place
from .event_targets import LARGEST, Outbox
from ..._rules.times import millis, moment

EVENT = "events.id, at, arn, detail_type, detail"  # the columns that event_body wants


class Journal(Outbox):
    """What a transaction does for events and audit records. Their bodies are JSON texts (events.py)."""

    meta: t.Callable[[str], t.Optional[str]]

    @functools.cached_property
    def place(self) -> Place:
        """Where the authority says it is, for good."""
        return Place(*json.loads(self.meta("place") or "[]"))

    def add_event(
        self,
        at: datetime,
        arn: str,
        detail_type: str,
        identifier: str,
        detail: t.Mapping[str, t.Any],
        once: t.Optional[str],
    ) -> bool:
        """Store an event; False when one with the same `once` has been stored before."""
        cursor = self.execute(
            "INSERT OR IGNORE INTO events (at, arn, detail_type, once, id, detail) VALUES (?, ?, ?, ?, ?, ?)",
            (millis(at), arn, detail_type, once, identifier, events.text(detail)),
        )
        return cursor.rowcount == 1

    def events(self, after: int = 0, limit: int = 1000) -> list[tuple[int, str]]:
        """(number, body), oldest first."""
        rows = self.execute(
            f"SELECT number, {EVENT} FROM events WHERE number > ? ORDER BY number LIMIT ?", (after, limit)
        ).fetchall()
        return [(number, self.event_body(*row)) for number, *row in rows]

    def event_body(self, identifier: str, at: int, arn: str, detail_type: str, detail: str) -> str:
        return events.text(events.event(detail_type, arn, self.place, moment(at), identifier, json.loads(detail)))

    def add_audit(self, at: datetime, operation: str, identifier: str, said: t.Mapping[str, t.Any]) -> None:
        """`said`: what events.said tells of the call."""
        self.execute(
            "INSERT INTO audit (at, operation, id, said) VALUES (?, ?, ?, ?)",
            (millis(at), operation, identifier, events.text(said)),
        )

    def audit(self, after: int = 0, limit: int = 1000) -> list[tuple[int, str]]:
        """(number, body), oldest first."""
        rows = self.execute(
            "SELECT number, operation, at, id, said FROM audit WHERE number > ? ORDER BY number LIMIT ?", (after, limit)
        ).fetchall()
        return [
            (number, events.text(events.audit_record(operation, json.loads(said), self.place, moment(at), identifier)))
            for number, operation, at, identifier, said in rows
        ]

    def forget(self, now: datetime, events_before: datetime, audit_before: datetime) -> None:
        """What is older; but no event that still has to be delivered."""
        for table, before, last in (
            ("events", events_before, self.delivered_everywhere()),
            ("audit", audit_before, LARGEST),
        ):
            # They lie in the order of their times but for what a wrong clock wrote: the first one that is young, and not
            # of the future, ends the look at them.
            self.execute(
                f"DELETE FROM {table} WHERE at < ? AND number <= ? AND number < COALESCE("
                f"(SELECT number FROM {table} WHERE at BETWEEN ? AND ? ORDER BY number LIMIT 1), {LARGEST})",
                (millis(before), last, millis(before), millis(now)),
            )
