# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events and audit records in the store. What all of them have in common is not stored but added on reading."""

from __future__ import annotations

import functools
import json
import ssl
import typing as t
from datetime import datetime

from ..lifecycle import events, records
from ..lifecycle.events import Place
from .authorities import Authorities
from .event_targets import LARGEST
from ..._rules.times import millis, moment

EVENT = "events.id, at, arn, detail_type, detail"  # the columns that event_body takes


def stored_place(execute: t.Callable[..., t.Any]) -> Place:
    """Where the authority claims to be, which never changes."""
    row = execute("SELECT value FROM meta WHERE key = 'place'").fetchone()
    return Place(*json.loads(row[0] if row else "[]"))


class Wanted(t.NamedTuple):
    """Which records to find: of these operations, of calls with this ARN in their request or response, from `start` on
    and before `end`; failed: only refused calls, or only calls that were not refused."""

    operations: t.Sequence[str] = ()
    arn: t.Optional[str] = None
    start: t.Optional[datetime] = None
    end: t.Optional[datetime] = None
    failed: t.Optional[bool] = None

    def condition(self) -> tuple[str, list[t.Any]]:
        """SQL to append to another condition, and its values."""
        parts: list[str] = []
        values: list[t.Any] = []
        if self.operations:
            parts.append(f"operation IN ({', '.join('?' * len(self.operations))})")
            values += self.operations
        if self.arn:
            members = ("requestParameters", "responseElements")
            parts.append(
                "? IN (" + ", ".join(f"json_extract(said, '$.{name}.certificateArn')" for name in members) + ")"
            )
            values.append(self.arn)
        for limit, sign in ((self.start, ">="), (self.end, "<")):
            if limit is not None:
                parts.append(f"at {sign} ?")
                values.append(millis(limit))
        if self.failed is not None:
            parts.append(f"json_extract(said, '$.errorCode') IS {'NOT ' if self.failed else ''}NULL")
        return "".join(f" AND {part}" for part in parts), values


class Journal:
    """Events and audit records, in one transaction. Their bodies are JSON texts (events.py)."""

    def __init__(self, execute: t.Callable[..., t.Any]) -> None:
        self._execute = execute

    @functools.cached_property
    def _place(self) -> Place:
        return stored_place(self._execute)

    def add_event(
        self,
        at: datetime,
        arn: str,
        detail_type: str,
        identifier: str,
        detail: t.Mapping[str, t.Any],
        once: t.Optional[str],
    ) -> bool:
        """Store an event; False if an event with the same `once` has been stored before."""
        cursor = self._execute(
            "INSERT OR IGNORE INTO events (at, arn, detail_type, once, id, detail) VALUES (?, ?, ?, ?, ?, ?)",
            (millis(at), arn, detail_type, once, identifier, events.text(detail)),
        )
        return cursor.rowcount == 1

    def events(self, after: int = 0, limit: int = 1000) -> list[tuple[int, str]]:
        """(number, body), oldest first."""
        rows = self._execute(
            f"SELECT number, {EVENT} FROM events WHERE number > ? ORDER BY number LIMIT ?", (after, limit)
        ).fetchall()
        return [(number, self.event_body(*row)) for number, *row in rows]

    def event_body(self, identifier: str, at: int, arn: str, detail_type: str, detail: str) -> str:
        return events.text(events.event(detail_type, arn, self._place, moment(at), identifier, json.loads(detail)))

    def add_audit(self, at: datetime, operation: str, identifier: str, said: t.Mapping[str, t.Any]) -> None:
        """`said`: the result of records.stored for the call."""
        self._execute(
            "INSERT INTO audit (at, operation, id, said) VALUES (?, ?, ?, ?)",
            (millis(at), operation, identifier, records.text(said)),
        )

    def audit(self, after: int = 0, limit: int = 1000, wanted: Wanted = Wanted()) -> list[tuple[int, str]]:
        """(number, body), oldest first."""
        condition, values = wanted.condition()
        rows = self._execute(
            f"SELECT number, operation, at, id, said FROM audit WHERE number > ?{condition} ORDER BY number LIMIT ?",
            (after, *values, limit),
        ).fetchall()
        return [(number, self._record(*row)) for number, *row in rows]

    def _record(self, operation: str, at: int, identifier: str, said: str) -> str:
        call = json.loads(said)
        if "leaf" in call:
            call["responseElements"] = self._answered(operation, *call["leaf"])
        return events.text(records.record(operation, call, self._place, moment(at), identifier))

    def _answered(self, operation: str, ca_id: str, serial: str) -> t.Optional[dict[str, t.Any]]:
        row = self._execute("SELECT der FROM leaves WHERE ca_id = ? AND serial = ?", (ca_id, serial)).fetchone()
        if row is None:
            return None
        chain = "".join(ca.pem for ca in Authorities(self._execute).chain(ca_id))
        return records.answered_leaf(operation, ssl.DER_cert_to_PEM_cert(row[0]), chain)

    def forget(self, now: datetime, events_before: datetime, audit_before: datetime, delivered: int) -> None:
        """Delete what is older, but no event after `delivered`: those still have to be delivered."""
        for table, before, last in (
            ("events", events_before, delivered),
            ("audit", audit_before, LARGEST),
        ):
            # Rows are in order of time, apart from those written by a wrong clock: deleting stops at the first row that
            # is recent and not in the future.
            self._execute(
                f"DELETE FROM {table} WHERE at < ? AND number <= ? AND number < COALESCE("
                f"(SELECT number FROM {table} WHERE at BETWEEN ? AND ? ORDER BY number LIMIT 1), {LARGEST})",
                (millis(before), last, millis(before), millis(now)),
            )
