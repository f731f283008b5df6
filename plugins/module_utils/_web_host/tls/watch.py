# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at many endpoints in parallel, until each steadily shows an expected certificate."""

from __future__ import annotations

import concurrent.futures
import ssl
import time
import typing as t
from datetime import datetime

from .handshake import CannotAsk, Endpoint, Sight, Unreachable, look
from ..._rules.times import iso

PAUSE_S = 0.03
LOOKS_AT_ONCE = 8


class Watch:
    """What is known so far about one endpoint."""

    def __init__(
        self,
        endpoint: Endpoint,
        expected: t.Collection[str] | None,
        label: str | None = None,
        may_be_silent: bool = False,
    ) -> None:
        """EXPECTED: the right SHA-256 fingerprints, None if any is right. An endpoint that MAY_BE_SILENT is not waited
        for while it shows nothing."""
        self.endpoint = endpoint
        self.may_be_silent = may_be_silent
        self.label = label
        self.expected = expected
        self.sight: Sight | None = None
        self.error: str | None = None
        self.is_refused = False  # nothing listens there
        self.cannot_ask = False  # nothing can be said about it
        self.looks = 0
        self.first_seen_at: float | None = None
        self.steady_since: float | None = None
        self.last_look_at = 0.0

    @property
    def is_as_expected(self) -> bool | None:
        if self.expected is None or self.cannot_ask:
            return None
        return self.sight is not None and self.sight.leaf.fingerprint in self.expected

    def look(self, timeout_s: float, trust: ssl.SSLContext | None) -> None:
        self.looks += 1
        self.last_look_at = time.monotonic()
        try:
            self.sight, self.error = look(self.endpoint, timeout_s, trust), None
        except Unreachable as error:
            self.sight, self.error = None, str(error)
            self.is_refused, self.cannot_ask = error.is_refused, isinstance(error, CannotAsk)
        now = time.monotonic()
        if self.sight is None or self.is_as_expected is False:
            self.steady_since = None
        elif self.steady_since is None:
            self.steady_since = now
            self.first_seen_at = self.first_seen_at or now

    def is_settled(self, steady_for_s: float) -> bool:
        if self.steady_since is None:
            return self.cannot_ask or (self.sight is None and self.may_be_silent)
        # from the end of the first good look to the beginning of the last: a pause of this process proves nothing
        return self.expected is None or self.last_look_at - self.steady_since >= steady_for_s


def watch_all(
    watches: list[Watch], wait_s: float, steady_for_s: float, timeout_s: float, trust: ssl.SSLContext | None
) -> None:
    """Look at every endpoint once, and with WAIT_S repeatedly until each is settled or the time is up.

    An endpoint that shows the expected certificate when the time is up is watched until it settles or shows another,
    but never for as long again.
    """
    steady_for_s = min(steady_for_s, wait_s)
    deadline = time.monotonic() + wait_s
    pending = watches
    with concurrent.futures.ThreadPoolExecutor(max_workers=LOOKS_AT_ONCE) as pool:
        while True:
            list(pool.map(lambda watch: watch.look(timeout_s, trust), pending))
            pending = [watch for watch in pending if not watch.is_settled(steady_for_s)]
            if time.monotonic() >= deadline:
                pending = [watch for watch in pending if wait_s and watch.steady_since is not None]
            if not pending:
                return
            time.sleep(PAUSE_S)


def describe(watch: Watch, now: datetime) -> dict[str, t.Any]:
    """What was seen at an endpoint, as modules return it; times as ISO 8601, seconds_left counted from NOW."""
    endpoint, sight = watch.endpoint, watch.sight
    result: dict[str, t.Any] = {
        "host": endpoint.host,
        "port": endpoint.port,
        "server_name": endpoint.server_name,
        "starttls": endpoint.starttls,
        "reachable": sight is not None,
        "as_expected": watch.is_as_expected,
        "looks": watch.looks,
    }
    if watch.label is not None:
        result["label"] = watch.label
    if endpoint.key_type is not None:
        result["key_type"] = endpoint.key_type
    if sight is None:
        result["error"] = watch.error
        result.update({key: True for key in ("is_refused", "cannot_ask") if getattr(watch, key)})
        return result
    leaf = sight.leaf
    result.update(
        fingerprint=leaf.fingerprint,
        public_key_fingerprint=leaf.public_key_fingerprint,
        serial=leaf.serial,
        subject=leaf.subject,
        issuer=leaf.issuer,
        names=leaf.names,
        ip_addresses=leaf.ip_addresses,
        covers_server_name=None if endpoint.server_name is None else leaf.covers(endpoint.server_name),
        not_before=iso(leaf.not_before),
        not_after=iso(leaf.not_after),
        seconds_left=int((leaf.not_after - now).total_seconds()),
        protocol=sight.protocol,
    )
    return result
