# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EventBridge rules that send ACM's events to an SQS queue: what exists, what is wanted, and the calls needed. Pure.

Created resources get the tag OWNER; only resources with this tag are ever removed. In policies, targets and tags it
changes only its own entries (by Sid, target id or tag key) and leaves others alone.
"""

from __future__ import annotations

import json
import typing as t

from .._rules import tags
from .._rules.errors import InvalidInput
from .events import (
    ACM_SOURCE,
    DETAIL_TYPES,
    HEALTH,
    HEALTH_SOURCE,
)

OWNER = "certops.acm:notification-queue"  # tag key; its value is the queue's name
QUEUE_TARGET = "certops-acm-queue"
TOPIC_TARGET = "certops-acm-topic"
SIDS = ("CertopsAcmEvents", "CertopsAcmTls")

LONGEST_RETENTION_S = 14 * 86_400
VISIBILITY_S = 900
MAX_RECEIVES = 5

Attributes = t.Dict[str, str]
Tags = t.Dict[str, str]


class Place(t.NamedTuple):
    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


class Wanted(t.NamedTuple):
    """None leaves existing values alone, and uses the default for new resources. topic_name: "" for none."""

    queue_name: str
    dead_letter_queue_name: str
    kinds: tuple[str, ...]
    retention_s: t.Optional[int] = None
    visibility_s: t.Optional[int] = None
    max_receives: t.Optional[int] = None
    kms_key_id: t.Optional[str] = None
    topic_name: t.Optional[str] = None
    tags: t.Optional[Tags] = None
    purge_tags: bool = True

    @property
    def rule_names(self) -> tuple[str, str]:
        return self.queue_name, f"{self.queue_name}-health"

    def pattern(self, rule_name: str) -> t.Optional[dict[str, t.Any]]:
        """The pattern of a rule; None for a rule that is not wanted."""
        if rule_name != self.queue_name:
            if HEALTH not in self.kinds:
                return None
            # Health has one detail-type for all services, so this rule must match on the service too.
            return {"source": [HEALTH_SOURCE], "detail-type": [DETAIL_TYPES[HEALTH]], "detail": {"service": ["ACM"]}}
        told = [name for kind, name in DETAIL_TYPES.items() if kind in self.kinds and kind != HEALTH]
        return {"source": [ACM_SOURCE], "detail-type": told} if told else None


class Rule(t.NamedTuple):
    pattern: t.Any
    is_enabled: bool
    description: t.Optional[str]
    targets: dict[str, dict[str, t.Any]]  # by id
    tags: t.Optional[Tags] = None  # None: not read


class Thing(t.NamedTuple):
    """A queue or a topic."""

    attributes: Attributes
    tags: t.Optional[Tags] = None


class Present(t.NamedTuple):
    """What exists; queues and rules by name. topics: those that were read, by ARN."""

    queues: dict[str, Thing]
    rules: dict[str, Rule]
    topics: dict[str, Thing]


class Step(t.NamedTuple):
    """One call. A member QueueUrl contains the queue's name, because its URL may not be known until it is created."""

    service: str
    operation: str
    members: dict[str, t.Any]


class Plan(t.NamedTuple):
    """shown: the state before and after, for a diff. left: sentences about what is not removed."""

    steps: list[Step]
    before: dict[str, t.Any]
    after: dict[str, t.Any]
    left: list[str]


# ---------------------------------------------------------------- present


def plan(present: Present, wanted: Wanted, place: Place) -> Plan:
    """The calls that turn the present state into the wanted one, in an order in which any of them may be the last: the
    queue is never without its dead-letter queue, and no rule sends to a queue that does not accept its events."""
    rules = [name for name in wanted.rule_names if wanted.pattern(name)]
    sources = [place.arn("events", f"rule/{name}") for name in rules]
    steps: list[Step] = []
    after: dict[str, t.Any] = {}
    dead_arn = place.arn("sqs", wanted.dead_letter_queue_name)
    dead = present.queues.get(wanted.dead_letter_queue_name)
    retention_s = str(wanted.retention_s or LONGEST_RETENTION_S)
    attributes = _encryption(dead, wanted.kms_key_id)
    if dead is None or int(dead.attributes.get("MessageRetentionPeriod", 0)) < int(retention_s):
        attributes["MessageRetentionPeriod"] = str(LONGEST_RETENTION_S)
    attributes["Policy"] = _policy(dead, "sqs", dead_arn, sources)
    name = wanted.dead_letter_queue_name
    after[f"queue {name}"] = _queue(steps, name, dead, attributes, wanted)

    queue = present.queues.get(wanted.queue_name)
    queue_arn = place.arn("sqs", wanted.queue_name)
    attributes = _encryption(queue, wanted.kms_key_id)
    for attribute, value, default in (
        ("MessageRetentionPeriod", wanted.retention_s, LONGEST_RETENTION_S),
        ("VisibilityTimeout", wanted.visibility_s, VISIBILITY_S),
    ):
        if queue is None or value is not None:
            attributes[attribute] = str(default if value is None else value)
    attributes["RedrivePolicy"] = _redrive(queue, dead_arn, wanted.max_receives)
    attributes["Policy"] = _policy(queue, "sqs", queue_arn, sources)
    after[f"queue {wanted.queue_name}"] = _queue(steps, wanted.queue_name, queue, attributes, wanted)

    targets = {QUEUE_TARGET: {"Id": QUEUE_TARGET, "Arn": queue_arn, "DeadLetterConfig": {"Arn": dead_arn}}}
    if wanted.topic_name:
        topic_arn = place.arn("sns", wanted.topic_name)
        after[f"topic {wanted.topic_name}"] = _topic(steps, topic_arn, present.topics.get(topic_arn), sources, wanted)
        targets[TOPIC_TARGET] = {"Id": TOPIC_TARGET, "Arn": topic_arn, "DeadLetterConfig": {"Arn": dead_arn}}
    unwanted_targets = [TOPIC_TARGET] if wanted.topic_name == "" else []
    for name in rules:
        after[f"rule {name}"] = _rule(
            steps, place.arn("events", f"rule/{name}"), name, present.rules.get(name), targets, unwanted_targets, wanted
        )
    left: list[str] = []
    for name in wanted.rule_names:
        if name in present.rules and name not in rules:
            _remove_rule(steps, left, after, name, present.rules[name], wanted.queue_name)
    if unwanted_targets:
        _remove_topics(steps, left, after, present, wanted.queue_name)
    return Plan(steps, shown(present), _merged(shown(present), after), left)


def removal(present: Present, wanted: Wanted, force: bool) -> Plan:
    """The calls that remove what has our tag. Raises InvalidInput if a queue has messages and `force` is not set."""
    steps: list[Step] = []
    left: list[str] = []
    after: dict[str, t.Any] = {}
    for name, rule in present.rules.items():
        _remove_rule(steps, left, after, name, rule, wanted.queue_name)
    ours = {name: queue for name, queue in present.queues.items() if _is_ours(queue.tags, wanted.queue_name)}
    for name, queue in present.queues.items():
        if name not in ours:
            left.append(f"The queue {name} is not removed: it was not created by this module.")
    full = {name: count for name, queue in ours.items() if (count := _messages(queue.attributes))}
    if full and not force:
        held = " and ".join(f"{name} about {count}" for name, count in full.items())
        raise InvalidInput(f"Messages are waiting ({held}): receive them first, or set force to discard them.")
    _remove_topics(steps, left, after, present, wanted.queue_name)
    for name in ours:
        steps.append(Step("sqs", "DeleteQueue", {"QueueUrl": name}))
        after[f"queue {name}"] = None
    return Plan(steps, shown(present), _merged(shown(present), after), left)


def shown(present: Present) -> dict[str, t.Any]:
    """The state as a diff shows it."""
    state: dict[str, t.Any] = {}
    for name, queue in present.queues.items():
        state[f"queue {name}"] = _shown_thing(queue.attributes, queue.tags)
    for arn, topic in present.topics.items():
        state[f"topic {arn.rpartition(':')[2]}"] = _shown_thing(topic.attributes, topic.tags)
    for name, rule in present.rules.items():
        state[f"rule {name}"] = _shown_rule(rule.pattern, rule.is_enabled, rule.targets, rule.tags)
    return state


# ---------------------------------------------------------------- one thing at a time


def _queue(
    steps: list[Step], name: str, present: t.Optional[Thing], attributes: Attributes, wanted: Wanted
) -> dict[str, t.Any]:
    if present is None:
        own = {**(wanted.tags or {}), OWNER: wanted.queue_name}
        steps.append(Step("sqs", "CreateQueue", {"QueueName": name, "Attributes": attributes, "tags": own}))
        return _shown_thing(attributes, own)
    changed = {key: value for key, value in attributes.items() if not _is_same(present.attributes.get(key), value)}
    if changed:
        steps.append(Step("sqs", "SetQueueAttributes", {"QueueUrl": name, "Attributes": changed}))
    change, after = _tag_change(present.tags, wanted)
    if change.to_set:
        steps.append(Step("sqs", "TagQueue", {"QueueUrl": name, "Tags": change.to_set}))
    if change.to_remove:
        steps.append(Step("sqs", "UntagQueue", {"QueueUrl": name, "TagKeys": list(change.to_remove)}))
    return _shown_thing({**present.attributes, **changed}, after)


def _topic(
    steps: list[Step], arn: str, present: t.Optional[Thing], sources: list[str], wanted: Wanted
) -> dict[str, t.Any]:
    attributes = {"Policy": _policy(present, "sns", arn, sources)}
    if wanted.kms_key_id is not None and (present or wanted.kms_key_id):
        attributes["KmsMasterKeyId"] = wanted.kms_key_id
    if present is None:
        own = {**(wanted.tags or {}), OWNER: wanted.queue_name}
        members = {"Name": wanted.topic_name, "Attributes": attributes, "Tags": tags.as_list(own)}
        steps.append(Step("sns", "CreateTopic", members))
        return _shown_thing(attributes, own)
    changed = {key: value for key, value in attributes.items() if not _is_same(present.attributes.get(key), value)}
    for key, value in changed.items():
        members = {"TopicArn": arn, "AttributeName": key, "AttributeValue": value}
        steps.append(Step("sns", "SetTopicAttributes", members))
    after = _retag(steps, "sns", "ResourceArn", arn, present.tags, wanted)
    return _shown_thing({**present.attributes, **changed}, after)


def _rule(
    steps: list[Step],
    arn: str,
    name: str,
    present: t.Optional[Rule],
    targets: dict[str, dict[str, t.Any]],
    unwanted_targets: list[str],
    wanted: Wanted,
) -> dict[str, t.Any]:
    pattern = wanted.pattern(name)
    members: dict[str, t.Any] = {"Name": name, "EventPattern": json.dumps(pattern), "State": "ENABLED"}
    after: t.Optional[Tags]
    if present is None:
        after = {**(wanted.tags or {}), OWNER: wanted.queue_name}
        members.update(Description="Sends events of ACM to the queue of certops.acm", Tags=tags.as_list(after))
        steps.append(Step("events", "PutRule", members))
    else:
        if _canonical(present.pattern) != _canonical(pattern) or not present.is_enabled:
            steps.append(Step("events", "PutRule", {**members, "Description": present.description}))
        after = _retag(steps, "events", "ResourceARN", arn, present.tags, wanted)
    there = present.targets if present else {}
    different = [each for target_id, each in targets.items() if there.get(target_id) != each]
    if different:
        steps.append(Step("events", "PutTargets", {"Rule": name, "Targets": different}))
    surplus = [target_id for target_id in unwanted_targets if target_id in there]
    if surplus:
        steps.append(Step("events", "RemoveTargets", {"Rule": name, "Ids": surplus}))
    kept = {target_id: each for target_id, each in {**there, **targets}.items() if target_id not in surplus}
    return _shown_rule(pattern, True, kept, after)


def _remove_rule(
    steps: list[Step], left: list[str], after: dict[str, t.Any], name: str, rule: Rule, owner: str
) -> None:
    """Our targets are always removed; the rule too, if it is ours and nobody else has a target in it."""
    own = [target_id for target_id in rule.targets if target_id in (QUEUE_TARGET, TOPIC_TARGET)]
    others = {target_id: each for target_id, each in rule.targets.items() if target_id not in own}
    if own:
        steps.append(Step("events", "RemoveTargets", {"Rule": name, "Ids": own}))
    if _is_ours(rule.tags, owner) and not others:
        steps.append(Step("events", "DeleteRule", {"Name": name}))
        after[f"rule {name}"] = None
        return
    why = f"it has other targets ({', '.join(others)})" if others else "it was not created by this module"
    left.append(f"The rule {name} is not removed: {why}.")
    after[f"rule {name}"] = _shown_rule(rule.pattern, rule.is_enabled, others, rule.tags)


def _remove_topics(steps: list[Step], left: list[str], after: dict[str, t.Any], present: Present, owner: str) -> None:
    for arn, topic in present.topics.items():
        name = arn.rpartition(":")[2]
        if _is_ours(topic.tags, owner):
            steps.append(Step("sns", "DeleteTopic", {"TopicArn": arn}))
            after[f"topic {name}"] = None
        else:
            left.append(f"The topic {name} is not removed: it was not created by this module.")


def _retag(
    steps: list[Step], service: str, member: str, arn: str, present: t.Optional[Tags], wanted: Wanted
) -> t.Optional[Tags]:
    change, after = _tag_change(present, wanted)
    if change.to_set:
        steps.append(Step(service, "TagResource", {member: arn, "Tags": tags.as_list(change.to_set)}))
    if change.to_remove:
        steps.append(Step(service, "UntagResource", {member: arn, "TagKeys": list(change.to_remove)}))
    return after


def _tag_change(present: t.Optional[Tags], wanted: Wanted) -> tuple[tags.Change, t.Optional[Tags]]:
    if present is None or wanted.tags is None:
        return tags.Change({}, ()), present
    own = {OWNER: present[OWNER]} if OWNER in present else {}
    change = tags.change(present, {**wanted.tags, **own}, wanted.purge_tags)
    return change, tags.changed(present, change)


# ---------------------------------------------------------------- attributes


def _encryption(present: t.Optional[Thing], kms_key_id: t.Optional[str]) -> Attributes:
    there = present.attributes if present else {}
    if kms_key_id:
        return {"KmsMasterKeyId": kms_key_id}
    if there.get("KmsMasterKeyId"):
        return {"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"} if kms_key_id == "" else {}
    return {"SqsManagedSseEnabled": "true"}


def _redrive(queue: t.Optional[Thing], dead_arn: str, max_receives: t.Optional[int]) -> str:
    there = _json(queue.attributes.get("RedrivePolicy")) if queue else {}
    count = max_receives or int(there.get("maxReceiveCount") or MAX_RECEIVES)
    return json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": count})


def _policy(present: t.Optional[Thing], service: str, arn: str, sources: list[str]) -> str:
    """Only these rules may send, and nobody without TLS. Statements with other Sids are left alone."""
    there = _json(present.attributes.get("Policy")) if present else {}
    found = there.get("Statement") or []
    others = [each for each in (found if isinstance(found, list) else [found]) if each.get("Sid") not in SIDS]
    own = [
        {
            "Sid": SIDS[0],
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage" if service == "sqs" else "sns:Publish",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": sources}},
        },
        {
            "Sid": SIDS[1],
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*" if service == "sqs" else "sns:Publish",
            "Resource": arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]
    return json.dumps({"Version": "2012-10-17", **there, "Statement": [*others, *own]})


def _is_same(present: t.Optional[str], wanted: str) -> bool:
    if wanted.startswith("{"):
        return _canonical(_json(present)) == _canonical(_json(wanted))
    return (present or "") == wanted


def _canonical(value: t.Any) -> t.Any:
    """Order does not matter in policies and patterns, and a list of one value equals that value."""
    if isinstance(value, dict):
        return {key: _canonical(each) for key, each in value.items()}
    if isinstance(value, list):
        items = sorted((_canonical(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
        return items[0] if len(items) == 1 else items
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _json(text: t.Optional[str]) -> dict[str, t.Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _is_ours(found: t.Optional[Tags], owner: str) -> bool:
    return (found or {}).get(OWNER) == owner


def _messages(attributes: Attributes) -> int:
    """All messages in the queue: waiting, hidden and delayed."""
    kinds = ("", "NotVisible", "Delayed")
    return sum(int(attributes.get(f"ApproximateNumberOfMessages{kind}", 0)) for kind in kinds)


SHOWN = ("MessageRetentionPeriod", "VisibilityTimeout", "KmsMasterKeyId", "SqsManagedSseEnabled")


def _shown_thing(attributes: Attributes, found: t.Optional[Tags]) -> dict[str, t.Any]:
    state: dict[str, t.Any] = {key: attributes[key] for key in SHOWN if attributes.get(key)}
    state.update({key: _json(attributes[key]) for key in ("Policy", "RedrivePolicy") if key in attributes})
    return state if found is None else {**state, "tags": found}


def _shown_rule(
    pattern: t.Any, is_enabled: bool, targets: dict[str, dict[str, t.Any]], found: t.Optional[Tags]
) -> dict[str, t.Any]:
    state = {"event_pattern": pattern, "enabled": is_enabled, "targets": [targets[key] for key in sorted(targets)]}
    return state if found is None else {**state, "tags": found}


def _merged(before: dict[str, t.Any], after: dict[str, t.Any]) -> dict[str, t.Any]:
    return {key: value for key, value in {**before, **after}.items() if value is not None}
