# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""acm_notifications as a whole, on an embedded authority and on moto's SQS."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import boto3
import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.plugins.module_utils._door import acm
from ansible_collections.certops.acm.tests.support.authority_client import authority_client

REGION = "eu-central-1"
ARN = f"arn:aws:acm:{REGION}:123456789012:certificate/12345678-1234-1234-1234-123456789012"
NAME = "certops-acm"


@pytest.fixture
def authority(tmp_path: Path) -> str:
    """An authority with an issued certificate, which it has announced."""
    path = str(tmp_path / "authority")
    made = creation.create(path)
    ca = made.cas.private("corp", key_algorithm="EC_prime256v1").arn
    authority_client(path).request_certificate(
        DomainName="www.corp.test", CertificateAuthorityArn=ca, KeyAlgorithm="EC_prime256v1"
    )
    return path


def test_on_the_authority(authority: str, run_module: t.Any) -> None:
    def ask(**arguments: t.Any) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", run_module("acm_notifications", {"authority": authority, **arguments}))

    looked = ask(_ansible_check_mode=True)
    assert looked["waiting"] == 1 and looked["notifications"] == [] and not looked["changed"]
    told = ask()
    (notification,) = told["notifications"]
    assert not told["changed"] and told["unknown"] == [] and told["waiting"] == 0
    assert (notification["kind"], notification["action"], notification["domain_name"], notification["deliveries"]) == (
        "available", "ISSUANCE", "www.corp.test", 1,
    )  # fmt: skip
    assert notification["exportable"] is True and notification["exported"] is False and "reason" not in notification
    assert ask()["notifications"] == []
    handles = notification["handles"]
    foreseen = ask(acknowledge=handles, _ansible_check_mode=True)
    assert foreseen["changed"] and foreseen["acknowledged"] == 1
    done = ask(acknowledge=handles * 2)
    assert done["changed"] and done["acknowledged"] == 1 and "warnings" not in done
    again = ask(acknowledge=handles)
    assert not again["changed"] and again["acknowledged"] == 0 and "Not acknowledged" in str(again["warnings"])
    other = ask(queue_name="monitoring", visibility_timeout=0)
    assert [each["id"] for each in other["notifications"]] == [notification["id"]]
    assert ask(queue_name="monitoring")["notifications"][0]["deliveries"] == 2


def test_it_waits_for_notices(authority: str, run_module: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr("time.monotonic", lambda: sum(slept))
    asked = {"authority": authority, "queue_name": "web", "wait_time": 5, "max_notifications": 1}
    assert run_module("acm_notifications", asked)["waiting"] == 0
    assert slept == []
    assert run_module("acm_notifications", {**asked, "wait_time": 5})["notifications"] == []
    assert sum(slept) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"wait_time": 601}, "wait_time is 601: give a number from 0 to 600."),
        ({"max_notifications": 0}, "max_notifications is 0"),
        ({"visibility_timeout": 43201}, "visibility_timeout is 43201"),
        ({"queue_name": "a/b"}, "not a valid name for a queue"),
        ({"queue_url": "https://sqs.eu-central-1.amazonaws.com/1/x"}, "leave out queue_url"),
    ],
)
def test_nonsense_is_refused(authority: str, run_module: t.Any, arguments: dict[str, t.Any], message: str) -> None:
    answer = run_module("acm_notifications", {"authority": authority, **arguments})
    assert answer["failed"] and message in answer["msg"]


# ---------------------------------------------------------------- SQS


class Sqs:
    """moto's SQS with one queue, the calls counted."""

    def __init__(self, run_module: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client = boto3.client("sqs", region_name=REGION)
        self.url = self.client.create_queue(QueueName=NAME)["QueueUrl"]
        self._run_module = run_module
        self.calls: list[str] = []
        whole = acm.call_service

        def counted(service: t.Any, operation: str, **members: t.Any) -> dict[str, t.Any]:
            self.calls.append(operation)
            return whole(service, operation, **members)

        monkeypatch.setattr(
            "ansible_collections.certops.acm.plugins.module_utils._acm_notifications.inbox.call_service", counted
        )
        monkeypatch.setattr(
            "ansible_collections.certops.acm.plugins.module_utils._acm_notifications.inbox.SURE_POLL_S", 0
        )

    def ask(self, **arguments: t.Any) -> dict[str, t.Any]:
        """The module's result; its calls are in `calls`."""
        self.calls.clear()
        return t.cast("dict[str, t.Any]", self._run_module("acm_notifications", {"region": REGION, **arguments}))

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.client.send_message(QueueUrl=self.url, MessageBody=body)

    def left(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(number) for number in found.values())


@pytest.fixture
def sqs(run_module: t.Any, monkeypatch: pytest.MonkeyPatch, moto: None) -> Sqs:
    return Sqs(run_module, monkeypatch)


def event(number: int, **others: t.Any) -> str:
    told = {"id": f"event-{number}", "source": "aws.acm", "detail-type": "ACM Certificate Expired", "detail": {}}
    return json.dumps({**told, "resources": [ARN], **others})


def test_received_and_acknowledged_in_the_fewest_calls(sqs: Sqs) -> None:
    sqs.send(*[event(number) for number in range(23)], event(3))
    told = sqs.ask()
    assert sqs.calls == ["GetQueueUrl", *["ReceiveMessage"] * 4]
    assert len(told["notifications"]) == 23 and told["waiting"] == 0
    assert [len(each["handles"]) for each in told["notifications"] if each["id"] == "event-3"] == [2]
    handles = [handle for each in told["notifications"] for handle in each["handles"]]
    done = sqs.ask(acknowledge=handles, queue_url=sqs.url)
    assert sqs.calls == ["DeleteMessageBatch"] * 3 and done["acknowledged"] == 24 and done["changed"]
    assert sqs.left() == 0


def test_no_more_than_requested_are_received(sqs: Sqs) -> None:
    sqs.send(*[event(number) for number in range(15)])
    told = sqs.ask(max_notifications=12, queue_url=sqs.url)
    assert sqs.calls == ["ReceiveMessage"] * 2 + ["GetQueueAttributes"]
    assert len(told["notifications"]) == 12 and told["waiting"] == 3


def test_check_mode_receives_nothing(sqs: Sqs) -> None:
    sqs.send(event(1))
    assert sqs.ask(_ansible_check_mode=True)["waiting"] == 1
    assert sqs.calls == ["GetQueueUrl", "GetQueueAttributes"]
    (told,) = sqs.ask()["notifications"]
    assert told["deliveries"] == 1
    assert sqs.ask(acknowledge=told["handles"], _ansible_check_mode=True)["acknowledged"] == 1
    assert sqs.calls == [] and sqs.left() == 1


def test_unreadable_messages_go_to_the_dead_letter_queue(sqs: Sqs) -> None:
    dead = sqs.client.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    sqs.client.set_queue_attributes(QueueUrl=sqs.url, Attributes={"RedrivePolicy": redrive})
    sqs.send("what is this", event(1))
    for deliveries in (1, 2):
        told = sqs.ask(visibility_timeout=0, max_notifications=2)
        (unknown,) = told["unknown"]
        assert (unknown["excerpt"], unknown["deliveries"]) == ("what is this", deliveries)
        if deliveries == 1:
            sqs.ask(acknowledge=told["notifications"][0]["handles"])
    assert sqs.ask()["unknown"] == [] and sqs.left() == 0
    (message,) = sqs.client.receive_message(QueueUrl=dead)["Messages"]
    assert message["Body"] == "what is this"


def test_an_invalid_handle_causes_a_warning(sqs: Sqs) -> None:
    sqs.send(event(1))
    (told,) = sqs.ask()["notifications"]
    done = sqs.ask(acknowledge=["nonsense", *told["handles"]])
    assert done["acknowledged"] == 1 and done["changed"] and sqs.left() == 0
    assert "nonsense (ReceiptHandleIsInvalid" in str(done["warnings"])


def test_a_queue_that_does_not_exist(sqs: Sqs) -> None:
    answer = sqs.ask(queue_name="other")
    assert answer["failed"] and "there is no queue other in eu-central-1: create it" in answer["msg"]
    assert answer["error"]["operation"] == "GetQueueUrl"
    answer = sqs.ask(queue_url=sqs.url + "x")
    assert answer["failed"] and "there is no queue http" in answer["msg"]


def test_a_queue_of_another_region(sqs: Sqs) -> None:
    answer = sqs.ask(queue_url="https://sqs.us-west-2.amazonaws.com/123456789012/x")
    assert answer["failed"] and "set region to us-west-2" in answer["msg"] and sqs.calls == []
