# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source acm_queue: when it rings and sweeps, and how it handles faults. The tests set its time."""

from __future__ import annotations

import asyncio
import logging
import typing as t

import boto3
import pytest
import yaml
from ansible_collections.certops.acm.extensions.eda.plugins.event_source import acm_queue
from ansible_collections.certops.acm.extensions.eda.plugins.event_source.acm_queue import (
    Bell,
    Present,
    SqsQueue,
    Watch,
    options_from,
)
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

Event = tuple[float, dict[str, t.Any]]


class End(Exception):
    """The time of a test is over."""


class World:
    """A clock that only sleeping advances, a queue whose messages a test scripts, and the events that were sent."""

    def __init__(self, until: float, present: t.Callable[[float], Present] = lambda now: Present(0, 0)) -> None:
        self.now = 0.0
        self.until = until
        self.present = present
        self.events: list[Event] = []
        self.looked_at: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0, "it must never spin"
        self.now += seconds
        if self.now > self.until:
            raise End

    def look(self) -> Present:
        self.looked_at.append(self.now)
        return self.present(self.now)

    async def put(self, data: dict[str, t.Any]) -> None:
        self.events.append((self.now, data["acm"]))

    def watch(self, **args: t.Any) -> None:
        watch = Watch(options_from(args), self, self.look, clock=self.clock, sleep=self.sleep)
        with pytest.raises(End):
            asyncio.run(watch.run())

    def times(self, reason: str) -> list[float]:
        return [at for at, event in self.events if event["reason"] == reason]


# ---- the bell


@pytest.mark.parametrize(
    ("looks", "rung"),
    [
        ([(0, 0, 0), (20, 0, 0)], []),
        ([(0, 1, 0)], [0]),
        ([(0, 1, 0), (20, 1, 0), (40, 1, 0), (899, 1, 0)], [0]),
        ([(0, 1, 0), (900, 1, 0)], [0, 900]),
        ([(0, 1, 0), (20, 2, 0), (60, 2, 0)], [0, 60]),
        ([(0, 1, 0), (20, 0, 1), (40, 0, 0), (60, 1, 0)], [0, 60]),
        ([(0, 1, 0), (20, 0, 1), (60, 1, 0), (80, 1, 0), (900, 1, 0)], [0, 900]),
        ([(0, 1, 0), (20, 0, 1), (60, 1, 1)], [0, 60]),
        ([(0, 0, 3), (20, 0, 3), (40, 1, 2)], [40]),
    ],
    ids=[
        "no notice is waiting",
        "the first notice",
        "a notice that stays does not ring again",
        "a notice that stays rings again after a while",
        "a second notice rings after the pause",
        "one in progress, then a new one",
        "in progress, then back without an acknowledgement",
        "a new notice while the first is in progress",
        "a notice received by others rings when it returns",
    ],
)
def test_bell(looks: list[tuple[float, int, int]], rung: list[float]) -> None:
    bell = Bell(pause_s=60, repeat_after_s=900)
    assert [now for now, waiting, in_flight in looks if bell.rings(Present(waiting, in_flight), now)] == rung


# ---- the watch


def test_a_sweep_at_once_and_then_every_hour() -> None:
    world = World(until=7300)
    world.watch(queue_name="certops-acm")
    assert world.events == [(0.0, {"reason": "sweep"}), (3600.0, {"reason": "sweep"}), (7200.0, {"reason": "sweep"})]
    assert world.looked_at[:3] == [0.0, 20.0, 40.0]


def test_without_a_queue_it_only_sweeps() -> None:
    world = World(until=2000)
    world.watch(sweep_every=900)
    assert world.times("sweep") == [0.0, 900.0, 1800.0] and world.looked_at == []


def test_notices_waiting_at_the_start_are_left_to_the_first_sweep() -> None:
    """A run has already been started; it handles the notices too."""
    world = World(until=3000, present=lambda now: Present(3 if now < 30 else 0, 0))
    world.watch(queue_name="certops-acm")
    assert world.times("notices") == []


def test_a_notice_is_reported_once_within_an_interval() -> None:
    world = World(until=3000, present=lambda now: Present(2 if 1000 <= now < 1100 else 0, 0))
    world.watch(queue_name="certops-acm", sweep_every=0)
    assert world.events == [(1000.0, {"reason": "notices", "queue": "certops-acm", "waiting": 2})]


def test_a_host_that_is_down_does_not_start_a_run_at_every_poll() -> None:
    """Each run receives the notice, fails to deploy, and the notice returns after a quarter of an hour."""
    world = World(until=7000)
    hidden_until = 0.0

    def present(now: float) -> Present:
        nonlocal hidden_until
        if world.times("notices")[-1:] == [world.now] or now < hidden_until:
            return Present(0, 1)
        told = world.times("notices")
        if told and told[-1] > hidden_until - 900:
            hidden_until = told[-1] + 900
            return Present(0, 1) if now < hidden_until else Present(1, 0)
        return Present(1, 0)

    world.present = present
    world.watch(queue_name="certops-acm", sweep_every=0)
    assert world.times("notices") == [0.0, 900.0, 1800.0, 2700.0, 3600.0, 4500.0, 5400.0, 6300.0]


def test_faults_are_logged_and_retried_at_growing_intervals(caplog: pytest.LogCaptureFixture) -> None:
    faults = [
        EndpointConnectionError(endpoint_url="https://sqs.eu-central-1.amazonaws.com/"),
        ClientError({"Error": {"Code": "AccessDenied", "Message": "No.\nReally"}}, "GetQueueAttributes"),
        ValueError(),
    ]

    def present(now: float) -> Present:
        if faults:
            raise faults.pop(0)
        return Present(1, 0)

    world = World(until=400, present=present)
    with caplog.at_level(logging.WARNING, logger="certops.acm.acm_queue"):
        world.watch(queue_name="certops-acm", sweep_every=0)
    assert world.looked_at[:5] == [0.0, 40.0, 120.0, 280.0, 300.0]
    assert world.times("notices") == [280.0]
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        'Cannot check the queue certops-acm: Could not connect to the endpoint URL: "https://sqs.eu-central-1.amazonaws.com/".'
        " Trying again in 40 s.",
        "Cannot check the queue certops-acm: An error occurred (AccessDenied) when calling the GetQueueAttributes operation:"
        " No. Really. Trying again in 80 s.",
        "Cannot check the queue certops-acm: ValueError. Trying again in 160 s.",
        "The queue certops-acm can be checked again.",
    ]


def test_a_queue_unreachable_for_a_week_stops_neither_sweeps_nor_retries() -> None:
    def present(now: float) -> Present:
        raise OSError("network is unreachable")

    world = World(until=7 * 86400, present=present)
    world.watch(queue_name="certops-acm")
    assert len(world.times("sweep")) == 7 * 24 + 1
    pauses = [later - earlier for earlier, later in zip(world.looked_at, world.looked_at[1:])]
    assert max(pauses) == 300


def test_a_hanging_poll_does_not_block_the_loop_and_can_be_cancelled() -> None:
    """boto3 blocks: it must not run in the event loop, where it would stop every other source."""

    async def scene() -> None:
        released = asyncio.Event()
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[t.Any] = asyncio.Queue()

        def look() -> Present:
            return asyncio.run_coroutine_threadsafe(answer(), loop).result(10)

        async def answer() -> Present:
            await released.wait()
            return Present(1, 0)

        watch = asyncio.create_task(Watch(options_from({"queue_name": "q", "sweep_every": 0}), events, look).run())
        await asyncio.sleep(0.05)
        released.set()
        assert (await asyncio.wait_for(events.get(), 5))["acm"]["waiting"] == 1
        watch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watch

    asyncio.run(scene())


# ---- options


def test_options_may_be_written_as_in_a_rulebook() -> None:
    options = options_from(
        {"queue_name": "q", "region": "", "profile": None, "sweep_every": "900", "eda_feedback_queue": 1}
    )
    assert (options.queue_name, options.region, options.profile, options.sweep_every) == ("q", None, None, 900.0)


@pytest.mark.parametrize(
    ("args", "wrong"),
    [
        ({"queue": "q"}, "acm_queue has no option queue;"),
        ({"queue_name": "q", "interval": 0}, "interval must be a number of seconds, 1 or more"),
        ({"queue_name": "q", "interval": "often"}, "interval must be a number"),
        ({"queue_name": "q", "sweep_every": -1}, "sweep_every must be a number of seconds, 0 or more"),
        ({"queue_name": "q", "pause": "inf"}, "pause must be a number"),
        ({"sweep_every": 0}, "there is nothing to do"),
        ({"queue_name": "q", "queue_url": "u"}, "not both"),
        ({"queue_name": "q", "access_key": "a"}, "belong together"),
    ],
)
def test_bad_options_are_reported_before_anything_is_done(args: dict[str, t.Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        asyncio.run(acm_queue.main(World(0), args))


def test_its_documentation_lists_its_options() -> None:
    documented = yaml.safe_load(acm_queue.DOCUMENTATION)["options"]
    defaults = acm_queue.Options()._asdict()
    assert {name: option.get("default") for name, option in documented.items()} == defaults
    for example in yaml.safe_load(acm_queue.EXAMPLES):
        options_from(example["certops.acm.acm_queue"])


# ---- SQS


@mock_aws
def test_polling_sqs_receives_nothing() -> None:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    sqs = boto3.client("sqs", "eu-central-1", **keys)
    options = options_from(
        {"queue_name": "certops-acm", "region": "eu-central-1", "access_key": "a", "secret_key": "b"}
    )
    look = SqsQueue(options)
    with pytest.raises(ClientError, match="NonExistentQueue"):
        look()
    url = sqs.create_queue(QueueName="certops-acm")["QueueUrl"]
    assert look() == Present(0, 0)
    for body in ("one", "two"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    assert look() == look() == Present(2, 0)
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
    assert look() == Present(1, 1)
    assert SqsQueue(options._replace(queue_name=None, queue_url=url))() == Present(1, 1)
