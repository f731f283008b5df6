# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Delivery of events to a real HTTP server and to moto's SQS over HTTP (acm-rules §8, deliveries.py)."""

from __future__ import annotations

import json
import random
import threading
import time
import typing as t
from pathlib import Path

import botocore.session
import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import opening, sweep
from ansible_collections.certops.acm.plugins.module_utils._authority.delivery import deliveries, senders
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from ansible_collections.certops.acm.tests.support.name_server import silent_server
from ansible_collections.certops.acm.tests.support.web_server import Answer, WebServer, web_server
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._authority.delivery.conftest import queue
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._authority.store.test_transactions import Child

SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
REFUSED, TAKEN = Answer(503), Answer(204)


@pytest.fixture
def web() -> t.Iterator[WebServer]:
    with web_server({"/hook": TAKEN, "/other": TAKEN}) as server:
        yield server


def webhook(web: WebServer, name: str = "hook", **others: t.Any) -> dict[str, t.Any]:
    return {"name": name, "kind": "webhook", "detail_types": [], "url": f"http://{web.address}/{name}", **others}


def messages(sqs: t.Any, target: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    found = []
    while True:
        answer = sqs.receive_message(QueueUrl=target["queue_url"], MaxNumberOfMessages=10)
        if not answer.get("Messages"):
            return found
        for message in answer["Messages"]:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=target["queue_url"], ReceiptHandle=message["ReceiptHandle"])


def bodies(web: WebServer, path: str = "/hook") -> list[dict[str, t.Any]]:
    return [json.loads(request.body) for request in web.requests if request.path == path]


def state(lab: Lab, name: str = "hook") -> dict[str, t.Any]:
    return next(target for target in deliveries.targets(lab.authority) if target["name"] == name)


# ---------------------------------------------------------------- what arrives


def test_every_event_in_order(lab: Lab, clock: Clock, web: WebServer) -> None:
    lab.private("before.corp.test")
    deliveries.set_targets(lab.authority, [webhook(web)])
    arn = lab.private()
    lab.export(arn)
    clock.advance(days=340)
    swept = sweep.sweep(lab.authority)
    told = lab.events()[1:]  # events from before the target existed are not for it
    assert bodies(web) == told and swept.delivered == len(told) >= 3
    assert [event["detail"].get("Action") for event in told][:2] == ["ISSUANCE", "RENEWAL"]
    request = web.requests[0]
    assert (request.method, request.headers["Content-Type"]) == ("POST", "application/json")
    assert request.headers["webhook-id"] == told[0]["id"]
    assert "Authorization" not in request.headers and "webhook-signature" not in request.headers
    assert sweep.sweep(lab.authority).delivered == 0 and len(web.requests) == len(told)
    assert (state(lab)["waiting"], state(lab)["trouble"]) == (0, None)


def test_only_wanted_kinds_are_delivered(lab: Lab, clock: Clock, web: WebServer) -> None:
    wanted = ["ACM Certificate Revoked"]
    deliveries.set_targets(lab.authority, [webhook(web, detail_types=wanted), webhook(web, "other")])
    arn = lab.private()
    lab.export(arn)
    deliveries.deliver(lab.authority)
    assert (state(lab)["waiting"], state(lab)["delivered_at"]) == (0, None)
    lab.acm.revoke_certificate(CertificateArn=arn, RevocationReason="UNSPECIFIED")
    deliveries.deliver(lab.authority)
    assert [event["detail-type"] for event in bodies(web)] == wanted
    assert len(bodies(web, "/other")) == 2


@pytest.mark.parametrize("fifo", [False, True])
def test_events_are_delivered_to_a_queue(lab: Lab, sqs: t.Any, fifo: bool) -> None:
    target = queue(sqs, "acm.fifo", FifoQueue="true") if fifo else queue(sqs, "acm")
    deliveries.set_targets(lab.authority, [target])
    for number in range(23):
        lab.private(f"n{number}.corp.test")
    swept = sweep.sweep(lab.authority)
    assert (swept.delivered, swept.troubles) == (23, [])
    found = messages(sqs, target)
    if fifo:
        assert found == lab.events()
    assert sorted(event["id"] for event in found) == sorted(event["id"] for event in lab.events())


def test_a_queue_that_refuses_some_events(lab: Lab, monkeypatch: pytest.MonkeyPatch, sqs: t.Any) -> None:
    """As SQS may answer a batch: the events after the first refused one are sent again."""
    target = queue(sqs, "some")
    deliveries.set_targets(lab.authority, [target])
    for number in range(5):
        lab.private(f"n{number}.corp.test")
    made = botocore.session.Session.create_client
    answers = [{"Failed": [{"Id": "2", "Code": "InternalError", "Message": "later", "SenderFault": False}]}]

    def create(self: t.Any, *arguments: t.Any, **members: t.Any) -> t.Any:
        client = made(self, *arguments, **members)
        plain = client.send_message_batch
        client.send_message_batch = lambda **sent: answers.pop() if answers else plain(**sent)
        return client

    monkeypatch.setattr(botocore.session.Session, "create_client", create)
    (delivered,) = deliveries.deliver(lab.authority)
    assert (delivered.events, delivered.trouble) == (5, None)
    assert [event["id"] for event in messages(sqs, target)] == [event["id"] for event in lab.events()][2:]


# ---------------------------------------------------------------- targets in trouble


def test_a_failing_target_delays_no_other_and_loses_nothing(lab: Lab, clock: Clock, web: WebServer) -> None:
    deliveries.set_targets(lab.authority, [webhook(web), webhook(web, "other")])
    lab.private("first.corp.test")
    web.pages["/hook"] = REFUSED
    for number in range(3):
        lab.private(f"n{number}.corp.test")
        swept = sweep.sweep(lab.authority)
        assert len(swept.troubles) == 1 and "answered 503" in swept.troubles[0] and "/hook" not in swept.troubles[0]
        clock.advance(hours=1)
    assert bodies(web, "/other") == lab.events()
    assert bodies(web) == lab.events()[:1] * 3  # the first is offered again and again, and none overtakes it
    shown = state(lab)
    assert (shown["waiting"], shown["failing_since"]) == (4, "2026-11-23T12:00:00Z")
    web.requests.clear()
    web.pages["/hook"] = TAKEN
    assert sweep.sweep(lab.authority).delivered == 4
    assert bodies(web) == lab.events()
    assert (state(lab)["failing_since"], state(lab)["trouble"]) == (None, None)


def test_a_delivery_that_fails_halfway_continues_from_there(
    lab: Lab, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries.set_targets(lab.authority, [webhook(web)])
    for number in range(4):
        lab.private(f"n{number}.corp.test")
    plain = senders.Fetcher.__call__

    def third_time_out(self: t.Any, url: str, **members: t.Any) -> t.Any:
        if len(web.requests) == 2:
            web.pages["/hook"] = REFUSED
        return plain(self, url, **members)

    monkeypatch.setattr(senders.Fetcher, "__call__", third_time_out)
    (delivered,) = deliveries.deliver(lab.authority)
    assert (delivered.events, state(lab)["waiting"]) == (2, 2)
    monkeypatch.undo()
    web.pages["/hook"] = TAKEN
    deliveries.deliver(lab.authority)
    identifiers = [event["id"] for event in lab.events()]
    assert [event["id"] for event in bodies(web)] == [*identifiers[:3], *identifiers[2:]]


def test_a_silent_server_costs_one_time_out(lab: Lab, web: WebServer) -> None:
    lab.set(delivery_timeout_s=0.3)
    with silent_server() as silent:
        target = webhook(web, "silent", url=f"http://{silent}/secret-path")
        deliveries.set_targets(lab.authority, [target, webhook(web)])
        for number in range(3):
            lab.private(f"n{number}.corp.test")
        started = time.monotonic()
        swept = sweep.sweep(lab.authority)
        assert time.monotonic() - started < 2
    assert len(bodies(web)) == 3 == swept.delivered
    assert len(swept.troubles) == 1 and "secret-path" not in swept.troubles[0]


def test_undelivered_events_are_not_forgotten(lab: Lab, clock: Clock, web: WebServer) -> None:
    lab.set(events_kept_days=10)
    web.pages["/hook"] = REFUSED
    deliveries.set_targets(lab.authority, [webhook(web), webhook(web, "other")])
    arn = lab.private()
    clock.advance(days=30)
    sweep.sweep(lab.authority)
    assert [event["resources"] for event in lab.events()] == [[arn]]
    web.pages["/hook"] = TAKEN
    sweep.sweep(lab.authority)
    sweep.sweep(lab.authority)
    assert bodies(web)[-1]["resources"] == [arn] and lab.events() == []


def test_event_numbers_continue_when_all_events_are_forgotten(lab: Lab, clock: Clock, web: WebServer) -> None:
    """Otherwise a target would mistake new events for ones that it has already received."""
    lab.set(events_kept_days=10)
    deliveries.set_targets(lab.authority, [webhook(web)])
    lab.private()
    sweep.sweep(lab.authority)
    clock.advance(days=30)
    sweep.sweep(lab.authority)
    assert lab.events() == []
    web.requests.clear()
    lab.private("new.corp.test")
    assert sweep.sweep(lab.authority).delivered == len(bodies(web)) == 1


# ---------------------------------------------------------------- killed, and two at once


def test_events_arrive_in_order_at_least_once_if_a_delivery_is_killed(lab: Lab, web: WebServer) -> None:
    deliveries.set_targets(lab.authority, [webhook(web)])
    for number in range(30):
        lab.private(f"n{number}.corp.test")
    dice = random.Random(3)
    for _kill in range(6):
        child = Child(lab, lambda _tell: t.cast(None, deliveries.deliver(lab.authority)))
        time.sleep(dice.uniform(0.01, 0.06))
        child.kill()
    deliveries.deliver(lab.authority)
    expected = [event["id"] for event in lab.events()]
    seen = [event["id"] for event in bodies(web)]
    assert list(dict.fromkeys(seen)) == expected
    # Only what was in progress when it was killed is sent again: one each time.
    assert len(seen) <= len(expected) + 6
    assert all(expected.index(after) - expected.index(before) in (0, 1) for before, after in zip(seen, seen[1:]))


def test_two_simultaneous_sweeps_deliver_once(lab: Lab, web: WebServer) -> None:
    deliveries.set_targets(lab.authority, [webhook(web)])
    for number in range(20):
        lab.private(f"n{number}.corp.test")
    beside = opening.open_authority(lab.path)
    threads = [threading.Thread(target=deliveries.deliver, args=[each]) for each in (lab.authority, beside)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliveries.deliver(lab.authority)
    assert bodies(web) == lab.events()


# ---------------------------------------------------------------- the list of targets


def test_a_changed_target_continues_and_a_removed_one_is_forgotten(lab: Lab, web: WebServer) -> None:
    assert deliveries.set_targets(lab.authority, [webhook(web)])
    assert not deliveries.set_targets(lab.authority, [webhook(web)])
    lab.private()
    assert deliveries.set_targets(lab.authority, [webhook(web, token="new"), webhook(web, "other")])
    deliveries.deliver(lab.authority)
    assert (len(bodies(web)), len(bodies(web, "/other"))) == (1, 0)
    assert web.requests[0].headers["Authorization"] == "Bearer new"
    assert deliveries.set_targets(lab.authority, [])
    assert deliveries.targets(lab.authority) == [] == deliveries.deliver(lab.authority)


def test_targets_are_stored_encrypted(lab: Lab, web: WebServer) -> None:
    deliveries.set_targets(lab.authority, [webhook(web, secret=SECRET, token="let-me-in")])
    lab.private()
    deliveries.deliver(lab.authority)
    lab.authority.store.close()
    for path in Path(lab.path).rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert SECRET.encode() not in content and b"let-me-in" not in content and b"/hook" not in content
    assert web.address not in str(deliveries.targets(lab.authority))


@pytest.mark.parametrize(
    "targets, said",
    [
        ([{"name": "a b", "kind": "webhook", "url": "https://x"}], "letters, digits"),
        ([{"name": "a", "kind": "webhook", "url": "https://x"}] * 2, "twice"),
        ([{"name": "a", "kind": "webhook", "url": "ftp://hidden"}], "not an http:// or https:// URL"),
    ],
)
def test_impossible_targets(lab: Lab, targets: list[dict[str, t.Any]], said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        deliveries.set_targets(lab.authority, targets)
    assert "hidden" not in str(caught.value)
