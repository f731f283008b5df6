# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""acm_notification_queue as a whole, on moto's SQS, EventBridge and SNS, with every call counted."""

from __future__ import annotations

import functools
import json
import typing as t
from pathlib import Path

import boto3
import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_notifications import queue_services
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.plugins.module_utils._door import acm, aws
from ansible_collections.certops.acm.plugins.module_utils._acm_notifications.events import DETAIL_TYPES
from ansible_collections.certops.acm.tests.support.aws_endpoint import mended_moto

REGION = "eu-central-1"
NAME = "certops-acm"
DEAD = "certops-acm-dead-letter"
HEALTH = "certops-acm-health"
ACCOUNT = "123456789012"
OWNER = "certops.acm:notification-queue"
RULE_ARNS = [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}" for name in (NAME, HEALTH)]
LOOK = [
    "GetQueueUrl",
    "GetQueueAttributes",
    "GetQueueAttributes",
    "ListRules",
    "ListTargetsByRule",
    "ListTargetsByRule",
]


class Account:
    """An account at moto. `calls`: what the last task called, `made`: those of them that change something."""

    def __init__(self, run_module: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sqs, self.events, self.sns, self.acm = (
            boto3.client(service, region_name=REGION) for service in ("sqs", "events", "sns", "acm")
        )
        self._run_module = run_module
        self.calls: list[str] = []
        self.fails_at: str | None = None
        whole, ask = acm.call_service, acm.Acm.call

        def counted(service: t.Any, operation: str, **members: t.Any) -> dict[str, t.Any]:
            self.calls.append(operation)
            if operation == self.fails_at:
                raise acm.AcmError(operation, "AccessDenied", "no.")
            return whole(service, operation, **members)

        def asked(acm: t.Any, operation: str, **members: t.Any) -> dict[str, t.Any]:
            self.calls.append(operation)
            return ask(acm, operation, **members)

        monkeypatch.setattr(queue_services, "call_service", counted)
        monkeypatch.setattr(acm.Acm, "call", asked)

    @property
    def made(self) -> list[str]:
        return [call for call in self.calls if not call.startswith(("Get", "List"))]

    def bring(self, **arguments: t.Any) -> dict[str, t.Any]:
        self.calls.clear()
        return t.cast("dict[str, t.Any]", self._run_module("acm_notification_queue", {"region": REGION, **arguments}))

    def url(self, name: str = NAME) -> str:
        return str(self.sqs.get_queue_url(QueueName=name)["QueueUrl"])

    def queue(self, name: str = NAME) -> dict[str, t.Any]:
        found = dict(self.sqs.get_queue_attributes(QueueUrl=self.url(name), AttributeNames=["All"])["Attributes"])
        return {key: json.loads(value) if value.startswith("{") else value for key, value in found.items()}

    def tags(self, name: str = NAME) -> dict[str, str]:
        return dict(self.sqs.list_queue_tags(QueueUrl=self.url(name)).get("Tags", {}))

    def rules(self) -> dict[str, t.Any]:
        return {rule["Name"]: json.loads(rule["EventPattern"]) for rule in self.events.list_rules()["Rules"]}

    def targets(self, rule: str = NAME) -> dict[str, t.Any]:
        return {each["Id"]: each for each in self.events.list_targets_by_rule(Rule=rule)["Targets"]}

    def names(self) -> set[str]:
        queues = {url.rpartition("/")[2] for url in self.sqs.list_queues().get("QueueUrls", ())}
        topics = {each["TopicArn"].rpartition(":")[2] for each in self.sns.list_topics()["Topics"]}
        return queues | topics | set(self.rules())


_open_door = aws.open_door
_opened: list[t.Any] = []


def opened(module: t.Any) -> t.Any:
    """The same door for all tasks, since creating the clients of five services takes half a second."""
    if not _opened:
        acm = _open_door(module)
        acm.client = functools.lru_cache(maxsize=None)(acm.client)
        _opened.append(acm)
    return _opened[0]


@pytest.fixture
def account(run_module: t.Any, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Account]:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "testing")
    monkeypatch.setattr(aws, "open_door", opened)
    with mended_moto():
        yield Account(run_module, monkeypatch)


def test_what_is_created(account: Account) -> None:
    answer = account.bring()
    made = answer["notification_queue"]
    assert answer["changed"] and made["is_needed"] and made["queue_url"] == account.url()
    assert made["queue_arn"] == f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}"
    assert made["dead_letter_queue"] == {
        "name": DEAD, "arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{DEAD}", "url": account.url(DEAD),
    }  # fmt: skip
    assert [rule["arn"] for rule in made["rules"]] == RULE_ARNS and "days_before_expiry" not in made
    queue, dead = account.queue(), account.queue(DEAD)
    assert (queue["MessageRetentionPeriod"], queue["VisibilityTimeout"]) == ("1209600", "900")
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": dead["QueueArn"], "maxReceiveCount": 5}
    assert queue["SqsManagedSseEnabled"] == dead["SqsManagedSseEnabled"] == "true"
    assert dead["MessageRetentionPeriod"] == "1209600" and "RedrivePolicy" not in dead
    for each in (queue, dead):
        allow, deny = each["Policy"]["Statement"]
        assert (allow["Effect"], allow["Principal"], allow["Action"], allow["Resource"]) == (
            "Allow", {"Service": "events.amazonaws.com"}, "sqs:SendMessage", each["QueueArn"],
        )  # fmt: skip
        assert allow["Condition"] == {"ArnEquals": {"aws:SourceArn": RULE_ARNS}}
        assert (deny["Effect"], deny["Principal"], deny["Action"], deny["Resource"]) == (
            "Deny", "*", "sqs:*", each["QueueArn"],
        )  # fmt: skip
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert account.rules() == {
        NAME: {"source": ["aws.acm"], "detail-type": [name for kind, name in DETAIL_TYPES.items() if kind != "health"]},
        HEALTH: {"source": ["aws.health"], "detail-type": ["AWS Health Event"], "detail": {"service": ["ACM"]}},
    }
    sends = {"Id": "certops-acm-queue", "Arn": queue["QueueArn"], "DeadLetterConfig": {"Arn": dead["QueueArn"]}}
    assert account.targets(NAME) == account.targets(HEALTH) == {"certops-acm-queue": sends}
    assert account.tags() == account.tags(DEAD) == {OWNER: NAME}


def test_calls(account: Account) -> None:
    account.bring()
    assert account.made == ["CreateQueue", "CreateQueue", "PutRule", "PutTargets", "PutRule", "PutTargets"]
    assert account.calls[:4] == ["GetQueueUrl", "GetQueueUrl", "ListRules", "GetCallerIdentity"]
    again = account.bring()
    assert account.calls == LOOK
    assert not again["changed"] and again["diff"]["before"] == again["diff"]["after"]
    account.bring(tags={"team": "web"}, days_before_expiry=30, topic_name="people")
    assert account.made == [
        "TagQueue", "TagQueue", "CreateTopic", "TagResource", "PutTargets", "TagResource", "PutTargets",
        "PutAccountConfiguration",
    ]  # fmt: skip
    again = account.bring(tags={"team": "web"}, days_before_expiry=30, topic_name="people")
    assert account.made == [] and len(account.calls) == 13 and not again["changed"]


def test_check_mode_reports_and_creates_nothing(account: Account) -> None:
    asked = {"tags": {"team": "web"}, "topic_name": "people", "days_before_expiry": 30}
    foreseen = account.bring(_ansible_check_mode=True, _ansible_diff=True, **asked)
    assert foreseen["changed"] and account.made == [] and account.names() == set()
    assert "queue_url" not in foreseen["notification_queue"]
    done = account.bring(**asked)
    assert done["diff"] == foreseen["diff"] and done["diff"]["before"] == {"days_before_expiry": 45}
    assert "queue_url" in done["notification_queue"] and done["notification_queue"]["days_before_expiry"] == 30
    changed = account.bring(_ansible_check_mode=True, tags={}, max_receives=2)
    assert changed["changed"] and account.made == [] and account.queue()["RedrivePolicy"]["maxReceiveCount"] == 5


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        ({"max_receives": 3}, ["SetQueueAttributes"]),
        ({"retention_days": 4, "visibility_timeout": 60}, ["SetQueueAttributes"]),
        ({"visibility_timeout": 0}, ["SetQueueAttributes"]),
        ({"kms_key_id": "alias/mine"}, ["SetQueueAttributes"] * 2),
        ({"events": ["available", "health"]}, ["PutRule"]),
        ({"events": ["available"]}, [*["SetQueueAttributes"] * 2, "PutRule", "RemoveTargets", "DeleteRule"]),
        ({"events": ["health"]}, [*["SetQueueAttributes"] * 2, "RemoveTargets", "DeleteRule"]),
        ({"topic_name": "people"}, ["CreateTopic", "PutTargets", "PutTargets"]),
        ({"tags": {"a": "b"}}, ["TagQueue", "TagQueue", "TagResource", "TagResource"]),
        ({"tags": {}}, []),
        ({"dead_letter_queue_name": "other"}, ["CreateQueue", "SetQueueAttributes", "PutTargets", "PutTargets"]),
        ({"days_before_expiry": 44}, ["PutAccountConfiguration"]),
        ({"days_before_expiry": 45}, []),
    ],
    ids=str,
)
def test_each_change_is_made_only_once(account: Account, change: dict[str, t.Any], calls: list[str]) -> None:
    account.bring()
    answer = account.bring(**change)
    assert account.made == calls and answer["changed"] == bool(calls)
    assert (answer["diff"]["before"] != answer["diff"]["after"]) == bool(calls)
    again = account.bring(**change)
    assert account.made == [] and not again["changed"]


def test_options_not_given_are_left_alone(account: Account) -> None:
    account.bring(retention_days=2, visibility_timeout=60, max_receives=3, kms_key_id="alias/mine", topic_name="people")
    account.bring()
    assert account.made == []
    account.bring(kms_key_id="")
    assert account.queue().get("KmsMasterKeyId", "") == "" and account.queue()["SqsManagedSseEnabled"] == "true"


def test_tags_are_set_and_purged_but_never_our_own(account: Account) -> None:
    account.bring(tags={"a": "b", "c": "d"})
    account.bring(tags={"a": "x"}, purge_tags=False)
    assert account.tags() == {"a": "x", "c": "d", OWNER: NAME}
    account.bring(tags={"a": "x"})
    assert account.made == ["UntagQueue", "UntagQueue", "UntagResource", "UntagResource"]
    assert account.tags() == account.tags(DEAD) == {"a": "x", OWNER: NAME}


def test_additions_by_others_are_kept(account: Account) -> None:
    account.bring(topic_name="people")
    theirs = {"Sid": "Audit", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sqs:ReceiveMessage"}
    policy = account.queue()["Policy"]
    policy["Statement"].insert(1, {**theirs, "Resource": account.queue()["QueueArn"]})
    account.sqs.set_queue_attributes(QueueUrl=account.url(), Attributes={"Policy": json.dumps(policy)})
    other = {"Id": "log", "Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/events/x"}
    account.events.put_targets(Rule=NAME, Targets=[other])
    account.bring(topic_name="people")
    assert account.made == []
    account.bring(events=["available"])
    assert [each["Sid"] for each in account.queue()["Policy"]["Statement"]] == [
        "Audit", "CertopsAcmEvents", "CertopsAcmTls",
    ]  # fmt: skip
    assert set(account.targets()) == {"log", "certops-acm-queue", "certops-acm-topic"}


def test_existing_resources_are_adopted_and_repaired_but_not_removed(account: Account) -> None:
    account.sqs.create_queue(QueueName=NAME, Attributes={"SqsManagedSseEnabled": "false"}, tags={"mine": "yes"})
    account.events.put_rule(Name=NAME, EventPattern='{"source": ["aws.acm"]}', State="DISABLED", Description="mine")
    account.bring()
    assert account.made == [
        "CreateQueue", "SetQueueAttributes", "PutRule", "PutTargets", "PutRule", "PutTargets",
    ]  # fmt: skip
    assert account.tags() == {"mine": "yes"} and account.queue()["SqsManagedSseEnabled"] == "true"
    rule = account.events.describe_rule(Name=NAME)
    assert (rule["State"], rule["Description"]) == ("ENABLED", "mine")
    account.bring()
    assert account.made == []
    gone = account.bring(state="absent")
    assert account.names() == {NAME} and account.targets() == {}
    assert "was not created by this module" in str(gone["warnings"]) and len(gone["warnings"]) == 2


@pytest.mark.parametrize("broken", ["queue", "dead-letter queue", "rule", "target", "policy", "topic"])
def test_broken_resources_are_repaired(account: Account, broken: str) -> None:
    account.bring(topic_name="people")
    if broken == "queue":
        account.sqs.delete_queue(QueueUrl=account.url())
    elif broken == "dead-letter queue":
        account.sqs.delete_queue(QueueUrl=account.url(DEAD))
    elif broken == "policy":
        account.sqs.set_queue_attributes(QueueUrl=account.url(), Attributes={"Policy": ""})
    elif broken == "topic":
        account.sns.delete_topic(TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:people")
    else:
        account.events.remove_targets(Rule=HEALTH, Ids=["certops-acm-queue", "certops-acm-topic"])
        if broken == "rule":
            account.events.delete_rule(Name=HEALTH)
    assert account.bring(topic_name="people")["changed"]
    assert account.names() == {NAME, DEAD, HEALTH, "people"}
    assert set(account.targets(HEALTH)) == {"certops-acm-queue", "certops-acm-topic"}
    assert [each["Sid"] for each in account.queue()["Policy"]["Statement"]] == ["CertopsAcmEvents", "CertopsAcmTls"]
    account.bring(topic_name="people")
    assert account.made == []


def test_an_additional_topic_for_people(account: Account) -> None:
    answer = account.bring(topic_name="people", kms_key_id="alias/mine")
    arn = answer["notification_queue"]["topic"]["arn"]
    policy = json.loads(account.sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
    (allow,) = (each for each in policy["Statement"] if each["Sid"] == "CertopsAcmEvents")
    assert (allow["Action"], allow["Principal"]) == ("sns:Publish", {"Service": "events.amazonaws.com"})
    assert allow["Condition"] == {"ArnEquals": {"aws:SourceArn": RULE_ARNS}}
    account.bring()
    assert account.made == []  # an option that is not set takes nothing away
    account.bring(topic_name="")
    assert account.made == ["RemoveTargets", "RemoveTargets", "DeleteTopic"]
    account.bring(topic_name="")
    assert account.made == [] and account.names() == {NAME, DEAD, HEALTH}


def test_removal(account: Account) -> None:
    account.bring(topic_name="people", days_before_expiry=20)
    account.sqs.create_queue(QueueName=f"{NAME}-other")
    account.events.put_rule(Name=f"{NAME}-other", EventPattern='{"source": ["aws.acm"]}')
    foreseen = account.bring(state="absent", _ansible_check_mode=True)
    assert foreseen["changed"] and account.made == []
    gone = account.bring(state="absent")
    assert account.made == [*["RemoveTargets", "DeleteRule"] * 2, "DeleteTopic", "DeleteQueue", "DeleteQueue"]
    assert gone["diff"]["after"] == {} and gone["diff"] == foreseen["diff"] and gone.get("warnings") is None
    assert account.names() == {f"{NAME}-other"}
    assert account.acm.get_account_configuration()["ExpiryEvents"]["DaysBeforeExpiry"] == 20
    again = account.bring(state="absent")
    assert not again["changed"] and account.calls == ["GetQueueUrl", "GetQueueUrl", "ListRules"]


@pytest.mark.parametrize("name", [NAME, DEAD])
def test_a_queue_that_holds_messages_is_not_removed(account: Account, name: str) -> None:
    account.bring()
    account.sqs.send_message(QueueUrl=account.url(name), MessageBody="{}")
    account.sqs.receive_message(QueueUrl=account.url(name))  # a hidden one counts too
    refused = account.bring(state="absent")
    assert refused["failed"] and f"Messages are waiting ({name} about 1)" in refused["msg"] and account.made == []
    account.bring(state="absent", force=True)
    assert account.names() == set()


def test_a_rule_used_by_others_is_kept(account: Account) -> None:
    account.bring()
    other = {"Id": "log", "Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/events/x"}
    account.events.put_targets(Rule=NAME, Targets=[other])
    gone = account.bring(state="absent")
    assert account.names() == {NAME} and set(account.targets()) == {"log"}
    assert "it has other targets (log)" in str(gone["warnings"])


def test_a_failure_says_what_was_done(account: Account) -> None:
    account.fails_at = "PutRule"
    answer = account.bring()
    assert answer["failed"] and answer["error"] == {"code": "AccessDenied", "operation": "PutRule"}
    assert answer["msg"] == "PutRule failed with AccessDenied: no (done before: CreateQueue, CreateQueue)."
    account.fails_at = None
    account.bring()
    assert account.made == ["PutRule", "PutTargets", "PutRule", "PutTargets"]


def test_targets_that_eventbridge_refuses(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """PutTargets answers 200 and names what failed."""
    whole = queue_services.call_service

    def answer(service: t.Any, operation: str, **members: t.Any) -> dict[str, t.Any]:
        if operation == "PutTargets":
            failed = {"TargetId": "x", "ErrorCode": "LimitExceeded", "ErrorMessage": "too many"}
            return {"FailedEntryCount": 1, "FailedEntries": [failed]}
        return whole(service, operation, **members)

    monkeypatch.setattr(queue_services, "call_service", answer)
    assert "PutTargets failed with LimitExceeded: too many" in account.bring()["msg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"queue_name": "a.fifo"}, "queue_name is 'a.fifo': use 1 to 57 letters"),
        ({"queue_name": "a" * 58}, "use 1 to 57"),
        ({"events": []}, "events is empty"),
        ({"retention_days": 15}, "retention_days is 15: give a number from 1 to 14"),
        ({"days_before_expiry": 46}, "days_before_expiry is 46"),
        ({"kms_key_id": "alias/aws/sqs"}, "EventBridge cannot use the key alias/aws/sqs"),
        ({"dead_letter_queue_name": NAME}, "dead_letter_queue_name is the queue itself"),
        ({"tags": {"aws:x": "y"}}, "reserved for AWS"),
    ],
)
def test_nonsense_is_refused_before_anything_is_called(
    account: Account, arguments: dict[str, t.Any], message: str
) -> None:
    answer = account.bring(**arguments)
    assert answer["failed"] and message in answer["msg"] and account.calls == []


def test_events_arrive(account: Account, run_module: t.Any) -> None:
    """EventBridge delivers what the rules match to the queue, and acm_notifications reads it."""
    account.bring()
    arn = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
    health = {"service": "ACM", "eventTypeCode": "CAA_CHECK_FAILURE", "affectedEntities": [{"entityValue": arn}]}
    entries = [
        {"Source": "aws.acm", "DetailType": name, "Detail": "{}", "Resources": [arn]}
        for kind, name in DETAIL_TYPES.items()
        if kind != "health"
    ]
    entries += [
        {"Source": "aws.health", "DetailType": "AWS Health Event", "Detail": json.dumps(health)},
        {"Source": "aws.health", "DetailType": "AWS Health Event", "Detail": json.dumps({**health, "service": "EC2"})},
        {"Source": "aws.acm", "DetailType": "ACM Certificate Painted", "Detail": "{}"},
    ]
    account.events.put_events(Entries=entries)
    told = run_module("acm_notifications", {"region": REGION})
    assert sorted(each["kind"] for each in told["notifications"]) == sorted(DETAIL_TYPES) and told["unknown"] == []
    assert {each["certificate_arns"][0] for each in told["notifications"]} == {arn}


def test_on_an_authority(tmp_path: Path, run_module: t.Any) -> None:
    path = str(tmp_path / "authority")
    creation.create(path)

    def bring(**arguments: t.Any) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", run_module("acm_notification_queue", {"authority": path, **arguments}))

    looked = bring(topic_name="people", tags={"a": "b"})
    assert not looked["changed"] and "no queue is needed" in looked["msg"]
    assert looked["notification_queue"] == {"queue_name": NAME, "is_needed": False, "days_before_expiry": 45}
    assert bring(days_before_expiry=20, _ansible_check_mode=True)["changed"]
    assert bring()["notification_queue"]["days_before_expiry"] == 45
    assert bring(days_before_expiry=20)["diff"] == {
        "before": {"days_before_expiry": 45}, "after": {"days_before_expiry": 20},
    }  # fmt: skip
    assert not bring(days_before_expiry=20)["changed"]
    bring(days_before_expiry=30)
    assert bring(days_before_expiry=20)["changed"] and bring()["notification_queue"]["days_before_expiry"] == 20
    assert not bring(state="absent", days_before_expiry=5)["changed"]
