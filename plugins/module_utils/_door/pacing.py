# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pace of calls: each operation of ACM has its own rate, which may be shared with other clients."""

from __future__ import annotations

import threading
import typing as t

PATIENCE_S = 300.0  # how long a call is repeated if others use up the rate
THROTTLED = ("ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown")
MANY_REFUSALS = 0.6  # share among about the last ten calls; below that, a retry costs less than a slower pace
LONGEST_INTERVAL_S = 0.4
UNEVEN = 1.03  # at one call a second there is no slack for a call that arrives a little early


class Turnstile:
    """Lets callers from many threads through at `rate` a second; one second's worth, less one, may go at once.

    The rate is shared by the whole account: if many calls are refused, callers are let through more slowly.
    """

    def __init__(
        self, rate: t.Optional[float], sleep: t.Callable[[float], None], monotonic: t.Callable[[], float]
    ) -> None:
        self._interval_s = self._shortest_s = (UNEVEN if rate <= 1 else 1) / rate if rate else 0.0
        self._refused_share = 0.0
        # One less than a second's worth, because calls do not arrive as evenly as they are sent.
        self._burst_s = max(self._interval_s, 1.0 - self._interval_s)
        self._sleep = sleep
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._queue = threading.Lock()
        self._next_at = float("-inf")

    def wait(self) -> None:
        if not self._interval_s:
            return
        with self._queue:  # one after the other: if a caller woke up late, the next would come too soon after it
            now = self._monotonic()
            turn_at = max(self._next_at, now - self._burst_s) + self._interval_s
            if turn_at > now:
                self._sleep(turn_at - now)
            self._next_at = max(turn_at, self._monotonic() - self._burst_s + self._interval_s)

    def heard(self, was_refused: bool) -> None:
        """Note the outcome of a call that was let through."""
        if not self._interval_s:
            return
        with self._lock:
            self._refused_share += 0.1 * (was_refused - self._refused_share)
            if was_refused and self._refused_share > MANY_REFUSALS:
                longest_s = max(LONGEST_INTERVAL_S, self._shortest_s)
                self._interval_s = min(self._interval_s * 1.05, longest_s)
            elif not was_refused and self._refused_share < MANY_REFUSALS:
                self._interval_s = max(self._interval_s * 0.7, self._shortest_s)
