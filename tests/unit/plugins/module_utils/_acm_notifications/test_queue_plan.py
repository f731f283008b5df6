# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for a queue and its rules: in which order the calls are made, what counts as a change, and what is ours."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_notifications import queue_plan
from ansible_collections.certops.acm.plugins.module_utils._acm_notifications.events import DETAIL_TYPES
from ansible_collections.certops.acm.plugins.module_utils._acm_notifications.queue_plan import (
    OWNER,
    QUEUE_TARGET,
    Place,
    Plan,
    Present,
    Rule,
    Thing,
    Wanted,
)
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

PLACE = Place("aws", "eu-central-1", "123456789012")
NOTHING = Present({}, {}, {})
QUEUE, DEAD = "certops-acm", "certops-acm-dead"
HEALTH_RULE = f"{QUEUE}-health"


def want(**options: t.Any) -> Wanted:
    return Wanted(QUEUE, DEAD, **{"kinds": tuple(DETAIL_TYPES), "tags": {"team": "web"}, **options})


def after(plan: Plan) -> Present:
    """What exists once the plan for an empty account has been carried out."""
    queues, rules, topics = {}, {}, {}
    for step in plan.steps:
        members = step.members
        if step.operation == "CreateQueue":
            queues[members["QueueName"]] = Thing(members["Attributes"], members["tags"])
        elif step.operation == "CreateTopic":
            tags = {each["Key"]: each["Value"] for each in members["Tags"]}
            topics[PLACE.arn("sns", members["Name"])] = Thing(members["Attributes"], tags)
        elif step.operation == "PutRule":
            tags = {each["Key"]: each["Value"] for each in members["Tags"]}
            rules[members["Name"]] = Rule(json.loads(members["EventPattern"]), True, members["Description"], {}, tags)
        elif step.operation == "PutTargets":
            rules[members["Rule"]].targets.update({each["Id"]: each for each in members["Targets"]})
    return Present(queues, rules, topics)


def made(**options: t.Any) -> Present:
    return after(queue_plan.plan(NOTHING, want(**options), PLACE))


def operations(plan: Plan) -> list[str]:
    return [step.operation for step in plan.steps]


def test_each_thing_is_created_after_what_it_needs() -> None:
    """So whichever call is the last, no event is sent where it is not accepted, and none is lost."""
    plan = queue_plan.plan(NOTHING, want(topic_name="people"), PLACE)
    assert [
        (step.operation, step.members.get("QueueName") or step.members.get("Name") or step.members.get("Rule"))
        for step in plan.steps
    ] == [
        ("CreateQueue", DEAD),
        ("CreateQueue", QUEUE),
        ("CreateTopic", "people"),
        ("PutRule", QUEUE),
        ("PutTargets", QUEUE),
        ("PutRule", HEALTH_RULE),
        ("PutTargets", HEALTH_RULE),
    ]
    assert plan.before == {} and plan.left == []


@pytest.mark.parametrize("topic_name", [None, "people"])
def test_nothing_is_left_to_do_after_a_plan(topic_name: str | None) -> None:
    again = queue_plan.plan(made(topic_name=topic_name), want(topic_name=topic_name), PLACE)
    assert again.steps == [] and again.before == again.after


def test_order_in_a_policy_and_a_list_of_one_are_not_changes() -> None:
    present = made()
    attributes = present.queues[QUEUE].attributes
    policy = json.loads(attributes["Policy"])
    for statement in policy["Statement"]:
        statement["Action"] = [statement["Action"]]
    policy["Statement"].reverse()
    attributes["Policy"] = json.dumps(policy)
    rule = present.rules[QUEUE]
    rule.pattern["detail-type"].reverse()
    assert queue_plan.plan(present, want(), PLACE).steps == []


def test_other_statements_are_kept_in_a_policy() -> None:
    present = made()
    attributes = present.queues[QUEUE].attributes
    foreign = {"Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    attributes["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": foreign})
    (step,) = queue_plan.plan(present, want(), PLACE).steps
    statements = json.loads(step.members["Attributes"]["Policy"])["Statement"]
    assert [each["Sid"] for each in statements] == ["Theirs", *queue_plan.SIDS]


def test_dead_letters_are_kept_at_least_as_long_as_messages() -> None:
    present = made()
    present.queues[DEAD].attributes["MessageRetentionPeriod"] = "3600"
    kept = queue_plan.plan(present, want(retention_s=3600), PLACE)
    assert [step.members["QueueUrl"] for step in kept.steps] == [QUEUE]
    longer = queue_plan.plan(present, want(retention_s=7200), PLACE)
    assert [step.members["QueueUrl"] for step in longer.steps] == [DEAD, QUEUE]


def test_the_rule_of_a_kind_that_is_no_longer_wanted_is_removed() -> None:
    kinds = tuple(kind for kind in DETAIL_TYPES if kind != queue_plan.HEALTH)
    plan = queue_plan.plan(made(), want(kinds=kinds), PLACE)
    assert operations(plan)[-2:] == ["RemoveTargets", "DeleteRule"]
    assert f"rule {HEALTH_RULE}" not in plan.after and f"rule {QUEUE}" in plan.after


def test_a_rule_with_other_targets_loses_only_ours() -> None:
    present = made()
    present.rules[QUEUE].targets["theirs"] = {"Id": "theirs", "Arn": "arn:aws:lambda:eu-central-1:123456789012:f"}
    plan = queue_plan.removal(present, want(), force=False)
    assert [step.members for step in plan.steps if step.members.get("Rule") == QUEUE] == [
        {"Rule": QUEUE, "Ids": [QUEUE_TARGET]}
    ]
    assert "DeleteRule" in operations(plan)  # of the other rule
    assert plan.left == [f"The rule {QUEUE} is not removed: it has other targets (theirs)."]


def test_only_what_has_our_tag_is_removed() -> None:
    present = made(topic_name="people")
    for thing in (present.queues[QUEUE], *present.topics.values()):
        assert thing.tags and thing.tags.pop(OWNER) == QUEUE
    plan = queue_plan.removal(present, want(topic_name="people"), force=True)
    assert [step.members["QueueUrl"] for step in plan.steps if step.operation == "DeleteQueue"] == [DEAD]
    assert "DeleteTopic" not in operations(plan)
    assert len(plan.left) == 2 and all(each.endswith("it was not created by this module.") for each in plan.left)


@pytest.mark.parametrize("kind", ["", "NotVisible", "Delayed"])
def test_messages_in_a_queue_prevent_its_removal(kind: str) -> None:
    present = made()
    present.queues[DEAD].attributes[f"ApproximateNumberOfMessages{kind}"] = "3"
    with pytest.raises(InvalidInput, match=rf"Messages are waiting \({DEAD} about 3\)"):
        queue_plan.removal(present, want(), force=False)
    assert operations(queue_plan.removal(present, want(), force=True)).count("DeleteQueue") == 2


def test_our_own_tag_is_not_purged() -> None:
    plan = queue_plan.plan(made(), want(tags={"stage": "live"}), PLACE)
    keys = [step.members["TagKeys"] for step in plan.steps if step.operation in ("UntagQueue", "UntagResource")]
    assert keys == [["team"]] * 4
    assert plan.after[f"queue {QUEUE}"]["tags"] == {"stage": "live", OWNER: QUEUE}
