# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In the store: how far delivery to each target of events has got (deliveries.py)."""

from __future__ import annotations

import typing as t

LARGEST = 2**63 - 1


class TargetRow(t.NamedTuple):
    """sealed: its address and credentials. cursor: the number of the last event that it has received. Times are
    milliseconds."""

    name: str
    sealed: bytes
    cursor: int
    delivered_at: t.Optional[int] = None
    failing_since: t.Optional[int] = None
    trouble: t.Optional[str] = None


class EventTargets:
    """The targets of events, in one transaction."""

    def __init__(self, execute: t.Callable[..., t.Any]) -> None:
        self._execute = execute

    def all(self) -> list[TargetRow]:
        return [TargetRow(*row) for row in self._execute("SELECT * FROM event_targets ORDER BY name")]

    def named(self, name: str) -> t.Optional[TargetRow]:
        row = self._execute("SELECT * FROM event_targets WHERE name = ?", (name,)).fetchone()
        return TargetRow(*row) if row else None

    def put(self, name: str, sealed: bytes) -> None:
        """Add or change a target. A new target gets the events from now on; a changed target continues where it was."""
        self._execute(
            "INSERT INTO event_targets (name, sealed, cursor) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET sealed = excluded.sealed",
            (name, sealed, self.last_event()),
        )

    def remove(self, name: str) -> None:
        self._execute("DELETE FROM event_targets WHERE name = ?", (name,))

    def last_event(self) -> int:
        """The number of the newest event, even if that has been deleted."""
        row = self._execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
        return row[0] if row else 0

    def waiting(self, cursor: int) -> int:
        return self._execute("SELECT count(*) FROM events WHERE number > ?", (cursor,)).fetchone()[0]

    def move(self, name: str, cursor: int, delivered_at: t.Optional[int]) -> bool:
        """Note that the target has received everything up to that event; False if the target no longer exists."""
        cursor_moved = self._execute(
            "UPDATE event_targets SET cursor = max(cursor, ?), delivered_at = COALESCE(?, delivered_at), "
            "failing_since = NULL, trouble = NULL WHERE name = ?",
            (cursor, delivered_at, name),
        )
        return bool(cursor_moved.rowcount)

    def not_delivered(self, name: str, at: int, trouble: str) -> None:
        self._execute(
            "UPDATE event_targets SET failing_since = COALESCE(failing_since, ?), trouble = ? WHERE name = ?",
            (at, trouble, name),
        )

    def delivered_everywhere(self) -> int:
        """The last event that every target has received."""
        return self._execute("SELECT COALESCE(min(cursor), ?) FROM event_targets", (LARGEST,)).fetchone()[0]
