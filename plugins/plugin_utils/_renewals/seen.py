# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a renewal run has seen, and the concerns that follow from it. Pure."""

from __future__ import annotations

import typing as t
from datetime import datetime

from .plan import Entry, Standing

Alert = dict[str, t.Any]

CRITICAL_DAYS = 7


class Problem(t.NamedTuple):
    """Something that went wrong with the run itself: one of alerts.PROBLEMS, and a sentence."""

    what: str
    sentence: str


class Concern(t.NamedTuple):
    """An alert, and the situation for which the run fails, if any. why: sentences that the failure adds to the alert's
    title."""

    alert: Alert
    situation: str | None = None
    why: str = ""


class Seen(t.NamedTuple):
    """What a run has seen. closely: details with a diagnosis, by ARN, of suspicious certificates. forced_in_vain:
    (ARN, why) of renewals that could not be forced. memory: what the previous run stored."""

    now: datetime
    listing: t.Sequence[Entry]
    closely: t.Mapping[str, Entry]
    standings: t.Sequence[Standing]
    memory: Entry
    forced_in_vain: t.Sequence[tuple[str, str]] = ()
    problems: t.Sequence[Problem] = ()
    is_check: bool = False


def is_all_in_place(host: str, seen: Seen) -> bool:
    """Whether this run saw everything in place that a host should have. Only then are the troubles over that earlier
    runs reported about the host: if something was held back, could not be read, or was out of reach, nobody has
    looked."""
    states = [standing.state for standing in seen.standings if standing.host == host]
    return bool(states) and all(state == "deployed" for state in states)


def hosts_of(arn: str, seen: Seen) -> list[str]:
    return sorted({standing.host for standing in seen.standings if standing.arn == arn})
