# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions to the store: ListCertificates and SearchCertificates as SQL over indexed columns.

A page is found by where the page before ended, never by counting rows, so that page 200 costs what page 1 costs.
"""

from __future__ import annotations

import base64
import binascii
import json
import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta


class BadToken(Exception):
    """A NextToken that this query did not hand out."""


@dataclass(frozen=True)
class Condition:
    """A piece of SQL with its arguments; values never stand in the text."""

    sql: str
    arguments: tuple[t.Any, ...] = ()

    def __and__(self, other: Condition) -> Condition:
        return every([self, other])


EVERYTHING = Condition("1")
NOTHING = Condition("0")


def every(conditions: t.Sequence[Condition]) -> Condition:
    return _joined(" AND ", conditions) if conditions else EVERYTHING


def some(conditions: t.Sequence[Condition]) -> Condition:
    return _joined(" OR ", conditions) if conditions else NOTHING


def none_of(condition: Condition) -> Condition:
    return Condition(f"NOT COALESCE({condition.sql}, 0)", condition.arguments)


def equals(column: str, value: t.Any) -> Condition:
    return Condition(f"{COLUMNS[column]} = ?", (value,))


def one_of(column: str, values: t.Iterable[t.Any]) -> Condition:
    distinct = tuple(dict.fromkeys(values))
    return Condition(f"{COLUMNS[column]} IN ({', '.join('?' * len(distinct))})", distinct)


def contains(column: str, text: str) -> Condition:
    return Condition(f"instr({COLUMNS[column]}, ?) > 0", (text,))


def between(column: str, start: t.Optional[int], end: t.Optional[int]) -> Condition:
    """Milliseconds since the epoch, both ends included; None leaves an end open."""
    parts = [Condition(f"{COLUMNS[column]} IS NOT NULL")]
    if start is not None:
        parts.append(Condition(f"{COLUMNS[column]} >= ?", (start,)))
    if end is not None:
        parts.append(Condition(f"{COLUMNS[column]} <= ?", (end,)))
    return every(parts)


def has_name(name: str) -> Condition:
    return Condition("number IN (SELECT certificate FROM names WHERE name = ?)", (name,))


def has_name_with(text: str) -> Condition:
    return Condition("number IN (SELECT certificate FROM names WHERE instr(name, ?) > 0)", (text,))


def has_usage(usage: str) -> Condition:
    return Condition("instr(usages, ?) > 0", (f" {usage} ",))


class Clock(t.NamedTuple):
    """What a status depends on beside the stored facts: now, and when a request that is timed out now was made."""

    now: int
    timed_out: int

    @classmethod
    def at(cls, now: datetime, validation_time: timedelta) -> Clock:
        return cls(round(now.timestamp() * 1000), round((now - validation_time).timestamp() * 1000))


def has_status(status: str, clock: Clock) -> Condition:
    """The status that lifecycle.status computes, as SQL; a test holds the two together."""
    alive = "+revoked_at IS NULL AND +failed_at IS NULL AND "  # the + keeps an index from being used for it
    if status == "REVOKED":
        return Condition("(revoked_at IS NOT NULL) = 1")
    if status == "FAILED":
        return Condition("(+revoked_at IS NULL AND (failed_at IS NOT NULL) = 1)")
    if status == "ISSUED":  # nearly all
        return Condition(f"({alive}+not_after >= ?)", (clock.now,))
    if status == "EXPIRED":
        return Condition(f"({alive}unlikely(COALESCE(not_after, '') < ?))", (clock.now,))
    if status == "PENDING_VALIDATION":
        return Condition(f"({alive}(not_after IS NULL) = 1 AND created_at > ?)", (clock.timed_out,))
    if status == "VALIDATION_TIMED_OUT":
        return Condition(f"({alive}(not_after IS NULL) = 1 AND created_at <= ?)", (clock.timed_out,))
    return NOTHING


# What may be asked for and sorted by → column. Anything else is a programming error (KeyError), never SQL.
COLUMNS = {
    "ID": "id",
    "CREATED_AT": "created_at",
    "NOT_AFTER": "not_after",
    "NOT_BEFORE": "not_before",
    "ISSUED_AT": "issued_at",
    "IMPORTED_AT": "imported_at",
    "REVOKED_AT": "revoked_at",
    "COMMON_NAME": "common_name",
    "SERIAL": "serial",
    "TYPE": "type",
    "KEY_ALGORITHM": "key_algorithm",
    "VALIDATION_METHOD": "method",
    "EXPORT_OPTION": "export_option",
    "MANAGED_BY": "managed_by",
    "RENEWAL_STATUS": "renewal_status",
    "EXPORTED": "exported",
    "IN_USE": "in_use",
    "HAS_NAMES": "has_names",
}
NEVER_NULL = ("id", "created_at", "type", "key_algorithm", "exported", "in_use", "common_name")
# What is sorted by and has no column of its own. Of ACME, which the authority does not speak, there is nothing.
SORTED_AS = {
    "CERTIFICATE_ARN": "id",  # before which all ARNs of an authority are the same
    "STATUS": (
        "CASE WHEN revoked_at IS NOT NULL THEN 'REVOKED' WHEN failed_at IS NOT NULL THEN 'FAILED' "
        "WHEN not_after < {now} THEN 'EXPIRED' WHEN not_after IS NOT NULL THEN 'ISSUED' "
        "WHEN created_at > {timed_out} THEN 'PENDING_VALIDATION' ELSE 'VALIDATION_TIMED_OUT' END"
    ),
    "RENEWAL_ELIGIBILITY": (
        "CASE WHEN renewable AND revoked_at IS NULL AND not_after >= {now} THEN 'ELIGIBLE' ELSE 'INELIGIBLE' END"
    ),
    "ACME_ENDPOINT_ARN": "created_at",
    "ACME_ACCOUNT_ID": "created_at",
    "CERTIFICATE_KEY_PAIR_ORIGIN": "type = 'IMPORTED'",
}


@dataclass(frozen=True)
class Query:
    """A page of certificates. `each_of`: one of these holds, each of which has an index; the best of each are merged,
    so that neither many nor few that fit make it slow."""

    where: Condition
    limit: int
    clock: Clock
    sort_by: str = "CREATED_AT"
    descending: bool = True
    next_token: t.Optional[str] = None
    each_of: t.Sequence[Condition] = (EVERYTHING,)

    def sql(self) -> tuple[str, tuple[t.Any, ...]]:
        """Asks for one row more than the page has, which tells whether there is another page."""
        column = (
            SORTED_AS[self.sort_by].format(**self.clock._asdict())
            if self.sort_by in SORTED_AS
            else COLUMNS[self.sort_by]
        )
        # '' sorts after every number, so that what has no value comes last when ascending.
        key = column if column in NEVER_NULL else f"COALESCE({column}, '')"
        way, direction = ("<", "DESC") if self.descending else (">", "ASC")
        where = self.where
        if self.next_token is not None:
            where = where & Condition(f"({key}, number) {way} (?, ?)", self._position())
        parts = [every([one, where]) for one in self.each_of]
        selects = [
            f"SELECT * FROM (SELECT facts, {key}, number FROM certificates WHERE {part.sql} "
            f"ORDER BY {key} {direction}, number {direction} LIMIT {self.limit + 1})"
            for part in parts
        ]
        text = " UNION ALL ".join(selects) + f" ORDER BY 2 {direction}, 3 {direction} LIMIT {self.limit + 1}"
        return text, tuple(argument for part in parts for argument in part.arguments)

    def token(self, row: t.Sequence[t.Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps([self.sort_by, self.descending, row[1], row[2]]).encode()).decode()

    def _position(self) -> tuple[t.Any, int]:
        try:
            sort_by, descending, value, number = json.loads(base64.urlsafe_b64decode(self.next_token or ""))
            str(value).encode()
        except (ValueError, TypeError, RecursionError, binascii.Error):
            raise BadToken from None
        if (sort_by, descending) != (self.sort_by, self.descending):
            raise BadToken
        for each in (value, number):
            if not (isinstance(each, str) or (isinstance(each, int) and abs(each) < 2**63)):
                raise BadToken
        return value, number


def _joined(word: str, conditions: t.Sequence[Condition]) -> Condition:
    return Condition(
        "(" + word.join(each.sql for each in conditions) + ")",
        tuple(argument for each in conditions for argument in each.arguments),
    )
