# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator's policy for renewals: when to force one, when to deploy, when to warn of an expiry. Pure."""

from __future__ import annotations

import difflib
import math
import re
import typing as t
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ansible_collections.certops.acm.plugins.module_utils._rules.acm_limits import RENEWAL_NOTICE_DAYS
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._certificates.renewal_window import Window, parse_window

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# A notice while more than this share of the lifetime is left would follow every renewal: for a certificate of 47 days,
# "45 days left" is not news.
LATEST_SHARE = 1 / 3

# The situations in which a run fails. See docs/guides/renewals.md.
SITUATIONS = {
    "expired": "a certificate that hosts should have has expired",
    "action_required": "a renewal needs somebody's action, and should be done by now",
    "renewal_failed": "a renewal failed, or could not be forced",
    "unavailable": "hosts should have a certificate, but ACM has no valid one or does not hand it out",
    "deploy_failed": "a certificate could not be deployed",
    "host_unreachable": "a host that is not up to date did not answer",
    "not_served": "a server is no longer running, or was not seen serving its certificate",
    "undelivered": "an alert could not be delivered",
    "notices": "the queue could not be read, or its notices could not be acknowledged",
    "memory": "the memory of earlier runs was lost, or cannot be written",
    "textfile": "the text file for Prometheus cannot be written",
    "run_limit": "the run took longer than allowed",
}

_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True)
class MaintenanceWindow:
    """On which days, and between which local times, renewed certificates may be put in place.

    A window that ends before it starts lasts until the next day; weekdays are the days on which it starts.
    """

    weekdays: frozenset[int]
    start: time
    end: time
    zone: t.Any

    def is_open(self, now: datetime) -> bool:
        here = now.astimezone(self.zone)
        clock = here.time()
        if self.start == self.end:
            return here.weekday() in self.weekdays
        if self.start < self.end:
            return here.weekday() in self.weekdays and self.start <= clock < self.end
        yesterday = (here - timedelta(days=1)).weekday()
        return (here.weekday() in self.weekdays and clock >= self.start) or (
            yesterday in self.weekdays and clock < self.end
        )


@dataclass(frozen=True)
class Policy:
    """notice_days: descending. renew_before: None if no renewal is forced. urgent_before: from this time before expiry
    on the maintenance window no longer applies. overdue_before: until then ACM may still renew automatically, and
    nobody is told unless something is wrong. forced_a_day: how many renewals are forced in 24 hours at most. run_limit:
    after this time, no further host is begun. failed_hosts: after this many failures, no further host is begun.
    tolerated: the situations in which a run does not fail."""

    notice_days: tuple[int, ...] = RENEWAL_NOTICE_DAYS
    renew_before: Window | None = None
    maintenance_window: MaintenanceWindow | None = None
    urgent_before: Window = Window("7", days=7.0)
    overdue_before: Window = Window("30", days=30.0)
    forced_a_day: int = 20
    watches_all: bool = True
    stalled_after: timedelta = timedelta(hours=48)
    run_limit: timedelta = timedelta(minutes=60)
    failed_hosts: int = 3
    tolerated: frozenset[str] = frozenset()

    def is_open(self, now: datetime) -> bool:
        return self.maintenance_window is None or self.maintenance_window.is_open(now)

    def notice(self, days_left: int, lifetime: timedelta) -> int | None:
        """The notice that is due with this many days left: the smallest notice day not passed yet."""
        latest = math.ceil(lifetime.total_seconds() / 86400 * LATEST_SHARE)  # 90 days may be an hour short
        due = [days for days in self.notice_days if days_left <= days <= latest]
        return min(due) if due else None


def read_policy(options: t.Mapping[str, t.Any]) -> Policy:
    """Check the role's options, given by their names without the prefix. Raises InvalidInput."""
    default = Policy()
    days = sorted(
        {_number("notice_days", day) for day in options.get("notice_days") or default.notice_days}, reverse=True
    )
    limit = _number("run_limit", options.get("run_limit") or default.run_limit.total_seconds() / 60, 1)
    hours = _hours("stalled_after", options.get("stalled_after") or default.stalled_after / timedelta(hours=1))
    return Policy(
        notice_days=tuple(days),
        renew_before=_window("renew_before", options.get("renew_before")),
        maintenance_window=_maintenance_window(options.get("maintenance_window")),
        urgent_before=_window("urgent_before", options.get("urgent_before")) or default.urgent_before,
        overdue_before=_window("overdue_before", options.get("overdue_before")) or default.overdue_before,
        forced_a_day=_number("forced_a_day", options.get("forced_a_day", default.forced_a_day)),
        watches_all=options.get("watch", "all") == "all",
        stalled_after=timedelta(hours=hours),
        run_limit=timedelta(minutes=limit),
        failed_hosts=_number("failed_hosts", options.get("failed_hosts", default.failed_hosts), 1),
        tolerated=_situations(options.get("tolerate") or ()),
    )


def _number(option: str, value: t.Any, least: int = 0) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = least - 1
    if number < least:
        raise InvalidInput(f"acm_deploy_renewals_{option} is {value!r}: give a number of at least {least}.")
    return number


def _hours(option: str, value: t.Any) -> float:
    try:
        hours = float(value)
    except (TypeError, ValueError):
        hours = 0.0
    if not 0 < hours < 10**6:
        raise InvalidInput(f"acm_deploy_renewals_{option} is {value!r}: give a number of hours.")
    return hours


def _situations(names: t.Any) -> frozenset[str]:
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else names
    for name in names:
        if name not in SITUATIONS:
            near = difflib.get_close_matches(str(name), SITUATIONS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"use any of {', '.join(SITUATIONS)}."
            raise InvalidInput(f"acm_deploy_renewals_tolerate has {name!r}, which is not a situation: {hint}")
    return frozenset(str(name) for name in names)


def _window(option: str, text: t.Any) -> Window | None:
    return None if text in (None, "") else parse_window(text, f"acm_deploy_renewals_{option}")


def _maintenance_window(option: t.Mapping[str, t.Any] | None) -> MaintenanceWindow | None:
    if not option:
        return None
    name = option.get("time_zone") or "UTC"
    try:
        zone: t.Any = timezone.utc if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            f"acm_deploy_renewals_maintenance_window.time_zone is {name!r}, which is unknown on the controller: "
            "give a name such as Europe/Berlin, or UTC."
        ) from None
    return MaintenanceWindow(
        weekdays=frozenset(WEEKDAYS.index(day) for day in option.get("weekdays") or WEEKDAYS),
        start=_clock("start", option["start"]),
        end=_clock("end", option["end"]),
        zone=zone,
    )


def _clock(option: str, text: t.Any) -> time:
    match = _TIME.fullmatch(str(text))
    if not match:
        raise InvalidInput(
            f"acm_deploy_renewals_maintenance_window.{option} is {text!r}: give hours and minutes in quotes, for "
            "example '01:30'."
        )
    return time(int(match[1]), int(match[2]))
