# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authority's events as a queue: hidden until acknowledged or timed out, for one reader at a time."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import opening, sweep
from ansible_collections.certops.acm.plugins.module_utils._authority.delivery.inbox import Inbox
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab

AVAILABLE = "ACM Certificate Available"


def tell(lab: Lab, number: int = 1) -> None:
    """Store this many more events about the first certificate."""
    with lab.authority.store.write() as tx:
        certificate = tx.certificate(tx.ids_after("", 1)[0])
        assert certificate
        for _each in range(number):
            lab.authority.announce.event(tx, AVAILABLE, certificate, lab.clock.now, Action="RENEWAL")


@pytest.fixture
def told(lab: Lab) -> list[str]:
    """Ids of three stored events."""
    lab.private()
    tell(lab, 2)
    return ids(lab.events())


def ids(events: t.Iterable[t.Any]) -> list[str]:
    return [event["id"] for event in events]


def bodies(received: t.Iterable[t.Any]) -> list[str]:
    return [json.loads(each.body)["id"] for each in received]


def test_a_received_event_is_hidden_until_its_visibility_time_out(lab: Lab, clock: Clock, told: list[str]) -> None:
    inbox = Inbox(lab.authority, "web")
    assert inbox.waiting() == 3
    first = inbox.receive(2, 60)
    assert bodies(first) == told[:2] and [each.deliveries for each in first] == [1, 1]
    assert inbox.waiting() == 1
    assert bodies(inbox.receive(10, 60)) == told[2:]
    assert inbox.receive(10, 60) == [] and inbox.waiting() == 0
    clock.advance(seconds=59)
    assert inbox.receive(10, 60) == []
    clock.advance(seconds=1)
    assert inbox.waiting() == 3
    again = inbox.receive(10, 60)
    assert bodies(again) == told and [each.deliveries for each in again] == [2, 2, 2]


def test_an_acknowledged_event_never_returns(lab: Lab, clock: Clock, told: list[str]) -> None:
    inbox = Inbox(lab.authority, "web")
    received = inbox.receive(10, 60)
    assert inbox.acknowledge([received[0].handle, received[2].handle]) == []
    clock.advance(days=1)
    assert bodies(inbox.receive(10, 60)) == told[1:2]
    tell(lab)
    assert bodies(inbox.receive(10, 60)) == ids(lab.events())[3:]


def test_each_consumer_sees_every_event(lab: Lab, told: list[str]) -> None:
    web, monitoring = Inbox(lab.authority, "web"), Inbox(lab.authority, "monitoring")
    received = web.receive(10, 60)
    assert web.acknowledge(each.handle for each in received) == []
    assert monitoring.waiting() == 3 and bodies(monitoring.receive(10, 60)) == told


def test_a_handle_is_valid_only_for_its_own_delivery(lab: Lab, clock: Clock, told: list[str]) -> None:
    web, monitoring = Inbox(lab.authority, "web"), Inbox(lab.authority, "monitoring")
    first = web.receive(1, 60)[0].handle
    monitoring.receive(1, 60)
    assert monitoring.acknowledge([first]) == [first]
    clock.advance(seconds=60)
    second = web.receive(1, 60)[0].handle
    assert web.acknowledge([first, second, second, "nonsense", "", "1/x' OR 1=1", "9999999999999999999999/x"]) == [
        first, second, "nonsense", "", "1/x' OR 1=1", "9999999999999999999999/x"
    ]  # fmt: skip
    clock.advance(seconds=60)
    assert bodies(web.receive(10, 60)) == told[1:]


def test_a_late_handle_is_valid_while_nobody_else_has_received_the_event(
    lab: Lab, clock: Clock, told: list[str]
) -> None:
    inbox = Inbox(lab.authority, "web")
    (received,) = inbox.receive(1, 60)
    clock.advance(days=1)
    assert inbox.acknowledge([received.handle]) == []
    assert bodies(inbox.receive(10, 60)) == told[1:]


def test_redelivered_events_come_before_new_ones(lab: Lab, clock: Clock, told: list[str]) -> None:
    inbox = Inbox(lab.authority, "web")
    inbox.receive(2, 60)
    clock.advance(seconds=61)
    assert bodies(inbox.receive(2, 60)) == told[:2]
    assert bodies(inbox.receive(2, 60)) == told[2:]


def test_forgotten_events_are_gone_and_new_ones_still_arrive(lab: Lab, clock: Clock, told: list[str]) -> None:
    lab.set(events_kept_days=10)
    inbox = Inbox(lab.authority, "web")
    received = inbox.receive(10, 0)
    inbox.acknowledge([received[0].handle])
    clock.advance(days=11)
    sweep.sweep(lab.authority)
    assert lab.events() == [] and inbox.waiting() == 0 and inbox.receive(10, 60) == []
    assert inbox.acknowledge([received[1].handle]) == [received[1].handle]
    tell(lab)  # its number must not be one that the consumer has looked at already
    assert bodies(inbox.receive(10, 60)) == ids(lab.events()) != []
    assert lab.authority.store.verify() == []


def test_an_invalid_queue_name(lab: Lab) -> None:
    with pytest.raises(InvalidInput, match="not a valid name for a queue"):
        Inbox(lab.authority, "a/b")


# ---------------------------------------------------------------- several readers, and killed ones


def read_and_acknowledge(path: str, results: t.Any) -> None:
    inbox = Inbox(opening.open_authority(path), "web")
    while True:
        received = inbox.receive(7, 600)
        if not received:
            return
        assert inbox.acknowledge([each.handle for each in received]) == []
        results.put(bodies(received))


def test_several_readers_share_the_events_without_overlap(lab: Lab) -> None:
    lab.private()
    tell(lab, 199)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    readers = [context.Process(target=read_and_acknowledge, args=(lab.path, results)) for _each in range(4)]
    for reader in readers:
        reader.start()
    got: list[str] = []
    while len(got) < 200:
        got += results.get(timeout=30)
    for reader in readers:
        reader.join(30)
        assert reader.exitcode == 0
    assert sorted(got) == sorted(ids(lab.events()))
    assert Inbox(lab.authority, "web").waiting() == 0


def receive_on(path: str, acknowledged: t.Any, turns: t.Any) -> None:
    inbox = Inbox(opening.open_authority(path), "web")
    while turns.acquire():
        for each in inbox.receive(1, 0):
            inbox.acknowledge([each.handle])
            acknowledged.put(json.loads(each.body)["id"])


def test_a_reader_killed_at_any_moment_loses_nothing(lab: Lab, tmp_path: t.Any) -> None:
    """Events that a killed reader did not acknowledge return, and those it acknowledged do not."""
    lab.private()
    tell(lab, 59)
    context = multiprocessing.get_context("fork")
    known: set[str] = set()
    for _round in range(6):
        acknowledged = context.SimpleQueue()
        turns = context.Semaphore(9)  # so that the next round has something to read, however late the kill comes
        reader = context.Process(target=receive_on, args=(lab.path, acknowledged, turns))
        reader.start()
        known.update(acknowledged.get() for _each in range(5))
        os.kill(t.cast(int, reader.pid), signal.SIGKILL)
        reader.join(30)
        while not acknowledged.empty():
            known.add(acknowledged.get())
    left = bodies(Inbox(opening.open_authority(lab.path), "web").receive(100, 0))
    assert lab.authority.store.verify() == []
    # The event being acknowledged when the kill came may not have been reported.
    assert not known & set(left) and 60 - 6 <= len(known | set(left)) <= 60
