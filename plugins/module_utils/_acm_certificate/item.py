# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One certificate of a task, from what is wanted to the outcome, and the settings of the whole task."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import datetime

from .._batch import items
from .._certificates.certificate import Certificate
from .options import Wanted
from .plan import Plan, Prices
from .progress import Report, silent

if t.TYPE_CHECKING:
    from .._validation.dns_records import Change

Look = t.Callable[[t.Sequence[t.Mapping[str, t.Any]]], list[list[dict[str, str]]]]


class Clock(t.NamedTuple):
    """Time, which tests replace."""

    sleep: t.Callable[[float], None]
    monotonic: t.Callable[[], float]


@dataclass
class Item(items.NamedItem[Wanted]):
    """What is wanted, what exists, what has to be done, and the outcome."""

    found: list[Certificate] = field(default_factory=list)  # all that match, if several may
    tags: t.Optional[dict[str, str]] = None
    spent: list[str] = field(default_factory=list)  # ARNs of earlier requests that failed
    failed: t.Optional[Certificate] = None  # the last request of this kind, if it FAILED
    near: list[Certificate] = field(default_factory=list)  # with the same first name, but otherwise different
    plan: Plan = field(default_factory=Plan)
    deleted: list[str] = field(default_factory=list)  # ARNs
    records: t.Optional[list[dict[str, t.Any]]] = None
    published: list[Change] = field(default_factory=list)  # in check mode: those that would be
    replaces: t.Optional[Certificate] = None
    is_new: bool = False
    is_stale: bool = False  # changed since it was described


class Settings(t.NamedTuple):
    """The settings of the whole task."""

    now: datetime
    clock: Clock
    timeout_s: float = 900
    interval_s: float = 5
    details: bool = True
    prices: t.Optional[Prices] = None  # AWS's prices, according to the user
    look: t.Optional[Look] = None  # looks at DNS and the web when time is up; may raise InvalidInput
    report: Report = silent  # is told what is being waited for
    ends_at_s: t.Optional[float] = None  # by the monotonic clock; set when the work begins

    @property
    def left_s(self) -> float:
        """How much of the time-out is left: everything that a task waits for shares it."""
        return self.timeout_s if self.ends_at_s is None else max(0.0, self.ends_at_s - self.clock.monotonic())
