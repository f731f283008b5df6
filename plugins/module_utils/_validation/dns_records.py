# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wanted DNS records, and the changes that they need. Plain data, no network."""

from __future__ import annotations

import typing as t

from .._rules.errors import InvalidInput

CREATE, REPLACE = "create", "replace"
DEFAULT_TTL_S = 300
LONGEST_TTL_S = 2**31 - 1


class PublishError(Exception):
    """A name server or Route 53 did not carry out a request. The message is one sentence without secrets.

    done: the changes that were made before the fault.
    """

    def __init__(self, message: str, done: t.Sequence[Change] = ()) -> None:
        super().__init__(message)
        self.done = list(done)


class Record(t.NamedTuple):
    """A CNAME record: names in lower case, without the final dot."""

    name: str
    value: str


class Change(t.NamedTuple):
    """One change towards the wanted records. before: the present values."""

    action: str
    zone: str  # the zone's name; for Route 53 "example.com (Z123)"
    record: Record
    ttl: int
    before: tuple[str, ...] = ()

    def as_result(self) -> dict[str, t.Any]:
        return {
            "action": self.action,
            "zone": self.zone,
            "name": self.record.name + ".",
            "type": "CNAME",
            "value": self.record.value + ".",
            "ttl": self.ttl,
            "before": [value + "." for value in self.before],
        }


class Publisher(t.Protocol):
    """A place where records can be published. Checking and planning only read; all methods raise PublishError."""

    def check(self, names: t.Iterable[str]) -> None:
        """Whether there is a zone for each of these names."""

    def plan(self, records: t.Sequence[Record]) -> list[Change]:
        """The changes for missing or different records; empty if everything is already in place."""

    def apply(self, changes: t.Sequence[Change]) -> None:
        """Make the changes. If one fails, PublishError.done says which were made before."""


def ttl_of(settings: t.Mapping[str, t.Any]) -> int:
    """The option ttl of a way of publishing. Raises InvalidInput if it is out of the range of DNS (RFC 2181 §8)."""
    if settings.get("ttl") is None:
        return DEFAULT_TTL_S
    ttl = int(settings["ttl"])
    if not 0 <= ttl <= LONGEST_TTL_S:
        raise InvalidInput(f"publish: ttl is {ttl}; give seconds from 0 to {LONGEST_TTL_S}.")
    return ttl


def batches(changes: t.Sequence[Change], most: int) -> t.Iterator[tuple[str, list[Change]]]:
    """The changes zone by zone, at most MOST at once."""
    for zone in dict.fromkeys(change.zone for change in changes):
        here = [change for change in changes if change.zone == zone]
        for start in range(0, len(here), most):
            yield zone, here[start : start + most]
