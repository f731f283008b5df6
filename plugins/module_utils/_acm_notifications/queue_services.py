# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads queues, rules and topics with as few calls as possible, and carries out a plan."""

from __future__ import annotations

import json
import typing as t

from .._door.acm import Acm, AcmError, call_service
from .inbox import NO_QUEUE
from .queue_plan import (
    TOPIC_TARGET,
    Place,
    Present,
    Rule,
    Step,
    Thing,
    Wanted,
)

NO_TOPIC = ("NotFound", "NotFoundException")


class Services:
    """SQS, EventBridge and SNS. `urls`: of the queues, as far as they are known."""

    def __init__(self, acm: Acm) -> None:
        self.urls: dict[str, str] = {}
        self._acm = acm
        self._clients: dict[str, t.Any] = {}

    def call(self, service: str, operation: str, **members: t.Any) -> dict[str, t.Any]:
        if service not in self._clients:
            self._clients[service] = self._acm.client(service)
        return call_service(self._clients[service], operation, **members)

    # ---- reading

    def read(self, wanted: Wanted) -> tuple[Present, Place]:
        """What exists, and where what is wanted belongs."""
        with_tags = wanted.tags is not None or wanted.topic_name == ""
        queues, rules = self._queues(wanted, with_tags), self._rules(wanted, with_tags)
        place = self._place(queues, rules) or self._own_place()
        if wanted.topic_name:
            arns = {place.arn("sns", wanted.topic_name)}
        else:  # without a name, the topics stay as they are
            arns = set() if wanted.topic_name is None else _topic_arns(rules)
        return Present(queues, rules, self._topics(arns, with_tags)), place

    def read_for_removal(self, wanted: Wanted) -> Present:
        """What exists, with its tags."""
        queues, rules = self._queues(wanted, True), self._rules(wanted, True)
        place = self._place(queues, rules)
        arns = _topic_arns(rules)
        if wanted.topic_name and place:
            arns.add(place.arn("sns", wanted.topic_name))
        return Present(queues, rules, self._topics(arns, True))

    def _queues(self, wanted: Wanted, with_tags: bool) -> dict[str, Thing]:
        names = (wanted.queue_name, wanted.dead_letter_queue_name)
        return {name: queue for name in names if (queue := self._queue(name, with_tags))}

    def _topics(self, arns: t.Iterable[str], with_tags: bool) -> dict[str, Thing]:
        return {arn: topic for arn in sorted(arns) if (topic := self._topic(arn, with_tags))}

    def _queue(self, name: str, with_tags: bool) -> t.Optional[Thing]:
        try:
            if name not in self.urls:
                self.urls[name] = self._neighbour(name) or self.call("sqs", "GetQueueUrl", QueueName=name)["QueueUrl"]
            url = self.urls[name]
            attributes = self.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
        except AcmError as error:
            if error.code not in NO_QUEUE:
                raise
            self.urls.pop(name, None)
            return None
        found = self.call("sqs", "ListQueueTags", QueueUrl=url).get("Tags") or {} if with_tags else None
        return Thing(attributes, found)

    def _neighbour(self, name: str) -> t.Optional[str]:
        """Queues of one account and region have URLs that differ only in the name."""
        known = next(iter(self.urls.values()), None)
        return f"{known.rpartition('/')[0]}/{name}" if known else None

    def _rules(self, wanted: Wanted, with_tags: bool) -> dict[str, Rule]:
        found = {}
        for answer in self._pages("ListRules", "Rules", NamePrefix=wanted.queue_name):
            name = answer["Name"]
            if name not in wanted.rule_names:
                continue
            targets = {each["Id"]: each for each in self._pages("ListTargetsByRule", "Targets", Rule=name)}
            # The tags of a rule that may have to be removed show whether it is ours.
            tags = None
            if with_tags or wanted.pattern(name) is None:
                tags = _tags(self.call("events", "ListTagsForResource", ResourceARN=answer["Arn"]))
            pattern = json.loads(answer.get("EventPattern") or "null")
            found[name] = Rule(pattern, answer.get("State") == "ENABLED", answer.get("Description"), targets, tags)
        return found

    def _topic(self, arn: str, with_tags: bool) -> t.Optional[Thing]:
        try:
            attributes = self.call("sns", "GetTopicAttributes", TopicArn=arn)["Attributes"]
        except AcmError as error:
            if error.code not in NO_TOPIC:
                raise
            return None
        return Thing(attributes, _tags(self.call("sns", "ListTagsForResource", ResourceArn=arn)) if with_tags else None)

    def _place(self, queues: dict[str, Thing], rules: dict[str, Rule]) -> t.Optional[Place]:
        arns = [queue.attributes["QueueArn"] for queue in queues.values()]
        arns += [target["Arn"] for rule in rules.values() for target in rule.targets.values()]
        parts = arns[0].split(":") if arns else []
        return Place(parts[1], self._acm.region, parts[4]) if parts else None

    def _own_place(self) -> Place:
        identity = self.call("sts", "GetCallerIdentity")
        return Place(identity["Arn"].split(":")[1], self._acm.region, identity["Account"])

    def _pages(self, operation: str, key: str, **members: t.Any) -> t.Iterator[dict[str, t.Any]]:
        token = None
        while True:
            page = self.call("events", operation, NextToken=token, **members)
            yield from page[key]
            token = page.get("NextToken")
            if not token:
                return

    # ---- doing

    def carry_out(self, steps: t.Sequence[Step]) -> None:
        """Raises AcmError, which says what had already been done."""
        done: list[str] = []
        for step in steps:
            try:
                self._do(step)
            except AcmError as error:
                before = f" (done before: {', '.join(done)})" if done else ""
                raise AcmError(error.operation, error.code, error.message.rstrip(".") + before) from error
            done.append(step.operation)

    def _do(self, step: Step) -> None:
        members = dict(step.members)
        if "QueueUrl" in members:
            members["QueueUrl"] = self.urls[members["QueueUrl"]]
        answer = self.call(step.service, step.operation, **members)
        if step.operation == "CreateQueue":
            self.urls[members["QueueName"]] = answer["QueueUrl"]
        for failed in answer.get("FailedEntries") or ():
            raise AcmError(step.operation, failed.get("ErrorCode", "Failed"), failed.get("ErrorMessage", "no reason"))


def _topic_arns(rules: t.Mapping[str, Rule]) -> set[str]:
    """The topics that the rules send to."""
    return {rule.targets[TOPIC_TARGET]["Arn"] for rule in rules.values() if TOPIC_TARGET in rule.targets}


def _tags(answer: t.Mapping[str, t.Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in answer.get("Tags") or ()}
