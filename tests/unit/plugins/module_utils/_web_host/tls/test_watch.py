# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a watch settles, by a clock that only looks and pauses advance."""

from __future__ import annotations

import types
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.certops.acm.plugins.module_utils._web_host.tls import watch as watching
from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.handshake import (
    CannotAsk,
    Endpoint,
    Sight,
    Unreachable,
)
from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.watch import Watch, describe, watch_all
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._web_host.deployments.test_proof import (
    NOW,
    deployed,
)

ENDPOINT = Endpoint("localhost", 443, "www.x")
REFUSED = Unreachable("Nothing listens.", is_refused=True)
NEW, OLD = "new-www.x", "new-old.x"
Shown = t.Union[str, Unreachable]


def sight(fingerprint: str) -> Sight:
    facts = deployed(fingerprint.removeprefix("new-")).facts
    return Sight(facts, b"", None, "TLSv1.3", None, None)


@pytest.fixture(name="looks")
def fixture_looks(monkeypatch: pytest.MonkeyPatch) -> list[Shown]:
    """What successive looks show; the last one is repeated. A look takes 10 ms."""
    shown: list[Shown] = []
    clock = {"now": 100.0}

    def advance(seconds: float) -> None:
        clock["now"] += seconds

    def look(_endpoint: Endpoint, _timeout_s: float, _trust: t.Any) -> Sight:
        advance(0.01)
        found = shown.pop(0) if len(shown) > 1 else shown[0]
        if isinstance(found, Unreachable):
            raise found
        return sight(found)

    monkeypatch.setattr(watching, "time", types.SimpleNamespace(monotonic=lambda: clock["now"], sleep=advance))
    monkeypatch.setattr(watching, "look", look)
    return shown


def watched(
    looks: list[Shown], *shown: Shown, wait_s: float = 5.0, steady_for_s: float = 0.1, **options: t.Any
) -> Watch:
    looks.extend(shown)
    watch = Watch(ENDPOINT, **{"expected": [NEW], **options})
    watch_all([watch], wait_s, steady_for_s, 1, None)
    return watch


def turns() -> Iterator[Shown]:
    for _turn in range(1000):
        yield from (NEW, OLD)


def test_without_a_wait_there_is_one_look(looks: list[Shown]) -> None:
    watch = watched(looks, OLD, NEW, wait_s=0)
    assert (watch.looks, watch.is_as_expected) == (1, False)


def test_the_expected_certificate_must_be_served_for_some_time(looks: list[Shown]) -> None:
    watch = watched(looks, OLD, REFUSED, NEW)
    assert watch.is_as_expected and watch.error is None
    assert watch.steady_since is not None and watch.last_look_at - watch.steady_since >= 0.1
    assert 4 < watch.looks < 10


def test_another_certificate_in_between_restarts_the_time(looks: list[Shown]) -> None:
    watch = watched(looks, NEW, NEW, OLD, NEW)
    assert watch.first_seen_at is not None and watch.steady_since is not None
    assert watch.steady_since > watch.first_seen_at and watch.is_as_expected


def test_alternating_old_and_new_certificates_never_settle(looks: list[Shown]) -> None:
    watch = watched(looks, *turns(), OLD, wait_s=2)
    assert not watch.is_as_expected and 30 < watch.looks < 70


def test_a_correct_certificate_at_the_time_out_gets_time_to_settle(looks: list[Shown]) -> None:
    late = [OLD] * 49  # 40 ms each, in 2 s
    assert watched(looks, *late, NEW, wait_s=2, steady_for_s=1).is_as_expected


def test_the_steady_time_is_capped_by_the_wait(looks: list[Shown]) -> None:
    watch = watched(looks, NEW, wait_s=1, steady_for_s=3600)
    assert watch.is_as_expected and 20 < watch.looks < 30


@pytest.mark.parametrize(
    ("shown", "options", "is_waited_for"),
    [
        (REFUSED, {}, True),
        (REFUSED, {"may_be_silent": True}, False),
        (OLD, {"may_be_silent": True}, True),
        (CannotAsk("This Python cannot ask."), {}, False),
        (OLD, {"expected": None}, False),
    ],
)
def test_what_is_waited_for(looks: list[Shown], shown: Shown, options: dict[str, t.Any], is_waited_for: bool) -> None:
    assert (watched(looks, shown, wait_s=1, **options).looks > 1) is is_waited_for


def test_an_endpoint_that_shows_nothing_is_described_by_its_error(looks: list[Shown]) -> None:
    told = describe(watched(looks, REFUSED, wait_s=0, label="web"), NOW)
    assert told["error"] == "Nothing listens." and told["is_refused"] is True and told["label"] == "web"
    assert told["reachable"] is False and told["as_expected"] is False and "cannot_ask" not in told
    looks.clear()
    unasked = describe(watched(looks, CannotAsk("This Python cannot ask."), wait_s=0), NOW)
    assert unasked["as_expected"] is None and unasked["cannot_ask"] is True


def test_a_certificate_is_described_with_what_it_covers(looks: list[Shown]) -> None:
    told = describe(watched(looks, NEW, wait_s=0), NOW)
    assert (told["fingerprint"], told["names"], told["covers_server_name"]) == (NEW, ["www.x"], True)
    assert told["not_after"] == "2026-01-01T00:00:00Z" and told["seconds_left"] == 0
    looks.clear()
    assert describe(watched(looks, OLD, wait_s=0), NOW)["covers_server_name"] is False
