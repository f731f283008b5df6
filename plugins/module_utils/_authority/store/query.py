# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries of the store: ListCertificates and SearchCertificates as SQL over indexed columns.

Certificates that differ only in names, numbers and times are of one kind, and there are few kinds. So a page is found
kind by kind, each in the order of its index, whatever the filter and however many certificates match. It begins where
the previous page ended and skips no rows: page 200 costs as much as page 1.
"""

from __future__ import annotations

import base64
import binascii
import json
import typing as t
from datetime import datetime, timedelta

MOST_KINDS = 60  # queried kind by kind; SQLite joins up to 500
MOST_ARGUMENTS = 900  # arguments of one statement; old versions of SQLite allow 999


class BadToken(Exception):
    """A NextToken that does not come from this query."""


class Condition(t.NamedTuple):
    """A piece of SQL with its arguments; its text never contains values.

    of_kind, kind_arguments: its condition on a certificate's kind. is_of_kind: it has no other condition. is_found: an
    index of its own finds the matching certificates.
    """

    sql: str
    arguments: tuple[t.Any, ...] = ()
    of_kind: str = "1"
    kind_arguments: tuple[t.Any, ...] = ()
    is_of_kind: bool = False
    is_found: bool = False

    def __and__(self, other: Condition) -> Condition:
        return every([self, other])


def _of_kind(sql: str, arguments: tuple[t.Any, ...] = ()) -> Condition:
    return Condition(sql, arguments, sql, arguments, is_of_kind=True)


EVERYTHING = _of_kind("1")
NOTHING = _of_kind("0")


def every(conditions: t.Sequence[Condition]) -> Condition:
    return _joined(" AND ", conditions, any) if conditions else EVERYTHING


def some(conditions: t.Sequence[Condition]) -> Condition:
    return _joined(" OR ", conditions, all) if conditions else NOTHING


def none_of(condition: Condition) -> Condition:
    sql = f"NOT COALESCE({condition.sql}, 0)"
    return _of_kind(sql, condition.arguments) if condition.is_of_kind else Condition(sql, condition.arguments)


def equals(column: str, value: t.Any) -> Condition:
    return _on(column, f"{COLUMNS[column]} = ?", (value,), is_found=column in FOUND)


def one_of(column: str, values: t.Iterable[t.Any]) -> Condition:
    distinct = tuple(dict.fromkeys(values))
    return _on(column, f"{COLUMNS[column]} IN ({', '.join('?' * len(distinct))})", distinct)


def contains(column: str, text: str) -> Condition:
    return _on(column, f"instr({COLUMNS[column]}, ?) > 0", (text,))


def between(column: str, start: t.Optional[int], end: t.Optional[int]) -> Condition:
    """Milliseconds since the epoch, both ends inclusive; None leaves an end open."""
    parts = [Condition(f"{COLUMNS[column]} IS NOT NULL")]
    if start is not None:
        parts.append(Condition(f"{COLUMNS[column]} >= ?", (start,)))
    if end is not None:
        parts.append(Condition(f"{COLUMNS[column]} <= ?", (end,)))
    return every(parts)


def has_name(name: str) -> Condition:
    return Condition("number IN (SELECT certificate FROM names WHERE name = ?)", (name,), is_found=True)


def has_name_with(text: str) -> Condition:
    return Condition("number IN (SELECT certificate FROM names WHERE instr(name, ?) > 0)", (text,), is_found=True)


def has_serial(serial: str) -> Condition:
    return Condition(
        "number IN (SELECT certificate FROM leaves WHERE serial = ? AND is_current)", (serial,), is_found=True
    )


def has_key_usage(usage: str) -> Condition:
    return _of_kind("instr(key_usages, ?) > 0", (f" {usage} ",))


def has_extended_key_usage(usage: str) -> Condition:
    """NONE: without the extension, or with an empty extension."""
    return _of_kind("instr(extended_key_usages, ?) > 0", (f" {usage} ",))


class Clock(t.NamedTuple):
    """What a status depends on besides the stored facts: now, and the time before which requests have timed out."""

    now: int
    timed_out: int

    @classmethod
    def at(cls, now: datetime, validation_time: timedelta) -> Clock:
        return cls(round(now.timestamp() * 1000), round((now - validation_time).timestamp() * 1000))


def has_status(status: str, clock: Clock) -> Condition:
    """The status that lifecycle.status computes, as SQL; a test compares the two."""
    if status in ("REVOKED", "FAILED"):
        return _of_kind("state = ?", (status,))
    if status == "ISSUED":
        return _of_kind("state = 'ISSUED'") & Condition("not_after >= ?", (clock.now,))
    if status == "EXPIRED":
        expired = Condition("unlikely(COALESCE(not_after, '') < ?)", (clock.now,), is_found=True)
        return _of_kind("state = 'ISSUED'") & expired
    if status == "PENDING_VALIDATION":
        return _of_kind("state = 'PENDING'") & Condition("created_at > ?", (clock.timed_out,))
    if status == "VALIDATION_TIMED_OUT":
        return _of_kind("state = 'PENDING'") & Condition("created_at <= ?", (clock.timed_out,))
    return NOTHING


# Name to filter or sort by → column. Any other name is a programming error (KeyError), never SQL.
KIND_COLUMNS = {
    "TYPE": "type",
    "KEY_ALGORITHM": "key_algorithm",
    "VALIDATION_METHOD": "method",
    "EXPORT_OPTION": "export_option",
    "MANAGED_BY": "managed_by",
    "RENEWAL_STATUS": "renewal_status",
    "EXPORTED": "exported",
    "IN_USE": "in_use",
    "HAS_NAMES": "has_names",
    "ROOT_HIERARCHY": "root_hierarchy",
}
COLUMNS = {
    "ID": "id",
    "CREATED_AT": "created_at",
    "NOT_AFTER": "not_after",
    "NOT_BEFORE": "not_before",
    "ISSUED_AT": "issued_at",
    "IMPORTED_AT": "imported_at",
    "REVOKED_AT": "revoked_at",
    "COMMON_NAME": "common_name",
    **KIND_COLUMNS,
}
FOUND = ("ID", "COMMON_NAME")
NEVER_NULL = ("id", "created_at", "type", "key_algorithm", "exported", "in_use", "common_name")
# Sort keys without a column of their own. For ACME, which the authority does not support, the value is empty.
SORTED_AS = {
    "CERTIFICATE_ARN": "id",  # the part of the ARN that differs within an authority
    "STATUS": (
        "CASE WHEN state IN ('REVOKED', 'FAILED') THEN state "
        "WHEN not_after < {now} THEN 'EXPIRED' WHEN not_after IS NOT NULL THEN 'ISSUED' "
        "WHEN created_at > {timed_out} THEN 'PENDING_VALIDATION' ELSE 'VALIDATION_TIMED_OUT' END"
    ),
    "RENEWAL_ELIGIBILITY": (
        "CASE WHEN renewable AND state = 'ISSUED' AND not_after >= {now} THEN 'ELIGIBLE' ELSE 'INELIGIBLE' END"
    ),
    "ACME_ENDPOINT_ARN": "created_at",
    "ACME_ACCOUNT_ID": "created_at",
    "CERTIFICATE_KEY_PAIR_ORIGIN": "type = 'IMPORTED'",
}


class Query(t.NamedTuple):
    """A page of certificates."""

    where: Condition
    limit: int
    clock: Clock
    sort_by: str = "CREATED_AT"
    descending: bool = True
    next_token: t.Optional[str] = None

    def kinds(self) -> tuple[str, tuple[t.Any, ...]]:
        """The query for the kinds that can match."""
        return f"SELECT kind FROM kinds WHERE {self.where.of_kind}", self.where.kind_arguments

    def sql(self, kinds: t.Sequence[int]) -> tuple[str, tuple[t.Any, ...]]:
        """The query for the facts, the sort key and the number of one certificate more than a page holds, which shows
        whether there is another page. `kinds`: the result of the other query."""
        column = (
            SORTED_AS[self.sort_by].format(**self.clock._asdict())
            if self.sort_by in SORTED_AS
            else COLUMNS[self.sort_by]
        )
        # '' sorts after every number, so that certificates without a value come last in ascending order.
        key = column if column in NEVER_NULL else f"COALESCE({column}, '')"
        way, direction = ("<", "DESC") if self.descending else (">", "ASC")
        where = self.where if kinds else NOTHING
        if self.next_token is not None:
            where = where & Condition(f"({key}, number) {way} (?, ?)", self._position())
        parts = [where]
        if kinds and self._goes_by_kind(len(kinds), len(where.arguments)):
            parts = [Condition("certificates.kind = ?", (kind,)) & where for kind in kinds]
        # CROSS JOIN makes SQLite begin with the certificates, in the order of their index.
        selects = [
            f"SELECT * FROM (SELECT facts, {key}, number FROM certificates CROSS JOIN kinds "
            f"ON kinds.kind = certificates.kind WHERE {part.sql} "
            f"ORDER BY {key} {direction}, number {direction} LIMIT {self.limit + 1})"
            for part in parts
        ]
        text = " UNION ALL ".join(selects) + f" ORDER BY 2 {direction}, 3 {direction} LIMIT {self.limit + 1}"
        return text, tuple(argument for part in parts for argument in part.arguments)

    def token(self, row: t.Sequence[t.Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps([self.sort_by, self.descending, row[1], row[2]]).encode()).decode()

    def _goes_by_kind(self, kinds: int, arguments: int) -> bool:
        is_ordered = self.sort_by == "CREATED_AT" and not self.where.is_found
        return is_ordered and kinds <= MOST_KINDS and kinds * (arguments + 1) <= MOST_ARGUMENTS

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


def _on(column: str, sql: str, arguments: tuple[t.Any, ...], is_found: bool = False) -> Condition:
    return _of_kind(sql, arguments) if column in KIND_COLUMNS else Condition(sql, arguments, is_found=is_found)


def _joined(word: str, conditions: t.Sequence[Condition], are_found: t.Callable[[t.Iterable[bool]], bool]) -> Condition:
    return Condition(
        "(" + word.join(each.sql for each in conditions) + ")",
        tuple(argument for each in conditions for argument in each.arguments),
        "(" + word.join(each.of_kind for each in conditions) + ")",
        tuple(argument for each in conditions for argument in each.kind_arguments),
        is_of_kind=all(each.is_of_kind for each in conditions),
        is_found=are_found(each.is_found for each in conditions),
    )
