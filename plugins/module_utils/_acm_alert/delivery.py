# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deliver alerts to channels: each once; a failed alert is sent again next time, and does not stop the others."""

from __future__ import annotations

import threading
import typing as t
from concurrent.futures import Future
from datetime import datetime, timedelta, timezone

from .alert import (
    Alert,
    Attempt,
    Channel,
    Receipt,
    Told,
    Undelivered,
    keys_over,
    prune,
)

PAUSE_S = 1.0  # before the second attempt; doubled for each further attempt
LONGEST_PAUSE_S = 30.0  # a channel that asks for a longer pause is told by the next run


class Outcome(t.NamedTuple):
    told: Told
    sent: list[dict[str, str]]
    undelivered: list[dict[str, str]]
    archived: list[dict[str, str]]
    warnings: list[str]


class Delivery:
    def __init__(
        self,
        channels: t.Sequence[Channel],
        *,
        now: t.Callable[[], datetime],
        sleep: t.Callable[[float], None],
        max_attempts: int = 3,
        is_check: bool = False,
    ) -> None:
        self._channels = channels
        self._now = now
        self._sleep = sleep
        self._max_attempts = max_attempts
        self._is_check = is_check
        self._told_before: Told = {}
        self._outcome = Outcome({}, [], [], [], [])

    def run(
        self, alerts: t.Sequence[Alert], told: Told, resolved: t.Collection[str], forget_after: timedelta
    ) -> Outcome:
        """Close what is over, then tell what has not been told yet. The outcome's `told` replaces the given one."""
        over = keys_over(told, resolved, alerts)
        kept = {key: dict(channels) for key, channels in told.items() if key not in over}
        self._outcome = Outcome(prune(kept, self._now(), forget_after), [], [], [], [])
        for channel in self._channels:
            current = [alert for alert in alerts if channel.wants(alert, told)]
            self._told_before = told
            self._resolve(channel, resolved, current, {key: told[key] for key in over if channel.name in told[key]})
            due = [alert for alert in current if channel.name not in self._outcome.told.get(alert.key, {})]
            self._tell(channel, channel.split(due), current)
        return self._outcome

    def _resolve(self, channel: Channel, resolved: t.Collection[str], current: t.Sequence[Alert], over: Told) -> None:
        """over: what the channel was told and is now over. It counts as told until the channel has closed it, so that
        the next run tries again."""
        try:
            closed = channel.resolve(resolved, current, self._is_check)
        except Undelivered as error:
            for key in over or sorted(resolved):
                self._outcome.undelivered.append({"key": key, "channel": channel.name, "reason": error.reason})
            for key, channels in over.items():
                self._outcome.told.setdefault(key, {})[channel.name] = channels[channel.name]
        else:
            self._outcome.archived.extend({"key": key, "channel": channel.name} for key in closed)

    def _tell(self, channel: Channel, messages: t.Sequence[list[Alert]], current: t.Sequence[Alert]) -> None:
        todo = list(messages)
        while todo:
            alerts = todo.pop(0)
            if self._is_check:
                self._outcome.sent.extend({"key": alert.key, "channel": channel.name} for alert in alerts)
                continue
            try:
                receipt = self._send(channel, alerts, current)
            except Undelivered as error:
                if error.is_of_content and len(alerts) > 1:
                    todo = [[alert] for alert in alerts] + todo  # one alert may be what makes the message unacceptable
                elif error.is_of_content:
                    self._failed(channel, alerts, error.reason)
                else:  # the channel does not work, so the other messages would fail too
                    self._failed(channel, [alert for message in [alerts, *todo] for alert in message], error.reason)
                    return
            else:
                self._arrived(channel, alerts, receipt)

    def _send(self, channel: Channel, alerts: t.Sequence[Alert], current: t.Sequence[Alert]) -> Receipt:
        attempt = channel.prepare(alerts, current)
        has_any = False
        number = 1
        while True:
            try:
                return _within(channel.limit_s, attempt)
            except Undelivered as error:
                has_any = has_any or error.was_partly
                pause_s = PAUSE_S * 2 ** (number - 1) if error.retry_after_s is None else error.retry_after_s
                if not error.is_transient or number >= self._max_attempts or pause_s > LONGEST_PAUSE_S:
                    if has_any:
                        return Receipt(warnings=[f"{error.reason} The others were told."])
                    raise
                self._sleep(pause_s)
                number += 1

    def _arrived(self, channel: Channel, alerts: t.Sequence[Alert], receipt: Receipt) -> None:
        at = self._now().astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._outcome.warnings.extend(f"Channel {channel.name}: {warning}" for warning in receipt.warnings)
        for alert in alerts:
            if alert.key in receipt.refused:
                self._failed(channel, [alert], receipt.refused[alert.key])
            else:
                self._outcome.told.setdefault(alert.key, {})[channel.name] = at
                self._outcome.sent.append({"key": alert.key, "channel": channel.name})

    def _failed(self, channel: Channel, alerts: t.Sequence[Alert], reason: str) -> None:
        for alert in alerts:
            self._outcome.undelivered.append({"key": alert.key, "channel": channel.name, "reason": reason})
            for key in alert.answers:  # otherwise the next run would not know which channels to answer
                if channel.name in self._told_before.get(key, {}):
                    self._outcome.told.setdefault(key, {})[channel.name] = self._told_before[key][channel.name]


def _within(limit_s: t.Optional[float], attempt: Attempt) -> Receipt:
    """What the attempt returns or raises. An attempt that takes longer is abandoned: a server could answer a little at
    a time forever, and no other channel would be told in the meantime."""
    if limit_s is None:
        return attempt()
    outcome: Future[Receipt] = Future()
    thread = threading.Thread(target=_resolve, args=(outcome, attempt), daemon=True)
    thread.start()
    thread.join(limit_s)
    if not outcome.done():
        raise Undelivered(f"The server did not finish within {limit_s:g} s.")
    return outcome.result()


def _resolve(outcome: Future[Receipt], attempt: Attempt) -> None:
    try:
        outcome.set_result(attempt())
    except Exception as error:  # whatever it is, pass it on to the waiting thread
        outcome.set_exception(error)
