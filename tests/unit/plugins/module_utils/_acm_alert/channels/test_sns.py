# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts to SNS topics."""

from __future__ import annotations

import json
import typing as t

import boto3
import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.sns import Sns
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.alert_channels import an_alert, Aws, deliver, keys, sns


def subscribed(topic: str, region: str = "eu-central-1") -> tuple[str, t.Callable[[], list[t.Any]]]:
    """A topic, and a function that reads its messages from a subscribed queue."""
    client, queues = boto3.client("sns", region_name=region), boto3.client("sqs", region_name=region)
    arn = client.create_topic(Name=topic)["TopicArn"]
    queue = queues.create_queue(QueueName=topic)["QueueUrl"]
    queue_arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)

    def read() -> list[t.Any]:
        found = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"]) for one in found]

    return arn, read


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_sns_gets_one_digest_whatever_the_region_of_the_topic(aws: Aws, region: str) -> None:
    topic, read = subscribed("certificates", region)
    each = [an_alert("a", title="Für *.example.com – bald"), an_alert("b", severity="critical", kind="expired")]
    assert sorted(keys(deliver(each, sns(aws, topic)).sent)) == ["a", "b"]
    (message,) = read()
    assert message["Subject"] == "TLS certificates: 1 critical, 1 warning"
    assert "Für *.example.com – bald" in message["Message"]
    assert message["MessageAttributes"] == {
        "severity": {"Type": "String", "Value": "critical"},
        "kinds": {"Type": "String.Array", "Value": '["expired", "expiring"]'},
    }


def test_the_subject_for_sns_is_ascii_and_short(aws: Aws) -> None:
    topic, read = subscribed("certificates")
    deliver([an_alert(title="Über " + "x" * 200)], sns(aws, topic))
    (message,) = read()
    assert message["Subject"].startswith("Warning: ?ber xxx") and len(message["Subject"]) <= 99


def test_messages_for_sns_fit_its_limit_and_lose_nothing(aws: Aws) -> None:
    topic, read = subscribed("certificates")
    each = [an_alert(f"k{number}", text="wörter " * 2800) for number in range(30)]
    outcome = deliver(each, sns(aws, topic))
    assert len(outcome.sent) == 30
    messages = [call["Message"] for call in aws.of("Publish")]
    assert len(messages) > 1 and all(len(message.encode()) < 256 * 1024 - 500 for message in messages)
    assert all(f"Title of k{number}." in "".join(messages) for number in range(30))


def test_a_fifo_topic(aws: Aws) -> None:
    client = boto3.client("sns", region_name="eu-central-1")
    topic = client.create_topic(Name="certificates.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    assert deliver([an_alert()], sns(aws, topic)).sent
    assert aws.of("Publish")[0]["MessageDeduplicationId"] == "0001"


def test_a_topic_that_does_not_exist(aws: Aws) -> None:
    outcome = deliver([an_alert("a"), an_alert("b")], sns(aws, "arn:aws:sns:eu-central-1:123456789012:gone"))
    assert "Publish failed with NotFound" in outcome.undelivered[0]["reason"]
    assert len(outcome.undelivered) == 2 and len(aws.of("Publish")) == 1


def test_a_topic_must_be_an_arn() -> None:
    with pytest.raises(InvalidInput, match="not the ARN of an SNS topic"):
        Sns({"name": "x", "topic_arn": "certificates"}, connect=lambda *_: None, new_id=str)
