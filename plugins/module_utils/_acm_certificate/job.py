# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One certificate of a task on its way from what is wanted to what came of it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import datetime

from .._certificates.certificate import Certificate
from .plan import Plan
from .options import Wanted

if t.TYPE_CHECKING:
    from .._validation.dns_records import Change

Look = t.Callable[[t.Sequence[t.Mapping[str, t.Any]]], list[list[dict[str, str]]]]


class Clock(t.NamedTuple):
    """Time, so that tests need none."""

    sleep: t.Callable[[float], None]
    monotonic: t.Callable[[], float]


@dataclass
class Job:
    """One certificate of a task: what is wanted, what there is, what is to be done, and what came of it."""

    wanted: t.Optional[Wanted]
    error: t.Optional[Exception] = None
    found: list[Certificate] = field(default_factory=list)  # all that match, where several may
    one: t.Optional[Certificate] = None
    tags: t.Optional[dict[str, str]] = None
    spent: list[str] = field(default_factory=list)
    plan: Plan = field(default_factory=Plan)
    done: list[str] = field(default_factory=list)  # operations carried out, in order
    deleted: list[str] = field(default_factory=list)  # ARNs
    warnings: list[str] = field(default_factory=list)
    records: t.Optional[list[dict[str, t.Any]]] = None
    published: list[Change] = field(default_factory=list)  # in check mode: that would be
    replaces: t.Optional[Certificate] = None
    is_new: bool = False
    is_stale: bool = False  # changed since it was described
    is_renewing: bool = False

    @property
    def want(self) -> Wanted:
        return t.cast(Wanted, self.wanted)

    @property
    def is_open(self) -> bool:
        return self.error is None

    @property
    def arn(self) -> str:
        return t.cast(Certificate, self.one).arn


class Settings(t.NamedTuple):
    """What holds for the whole task."""

    now: datetime
    clock: Clock
    timeout_s: float = 900
    interval_s: float = 5
    details: bool = True
    prices: t.Optional[dict[str, t.Any]] = None
    look: t.Optional[Look] = None  # at DNS and the web, when time is up; may raise InvalidInput
    ends_at_s: t.Optional[float] = None  # by the monotonic clock; set when the work begins

    @property
    def left_s(self) -> float:
        """How much of the time-out is left: all waiting of a task shares it."""
        return self.timeout_s if self.ends_at_s is None else max(0.0, self.ends_at_s - self.clock.monotonic())


def still_open(jobs: t.Iterable[Job]) -> list[Job]:
    """Those that have not failed."""
    return [job for job in jobs if job.is_open]
