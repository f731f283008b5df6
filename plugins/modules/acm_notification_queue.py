#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_notification_queue
short_description: Send the events of AWS Certificate Manager to a queue
version_added: 1.0.0
author:
  - The certops.acm authors (@certops)
description:
  - Creates EventBridge rules for the events of ACM and AWS Health about certificates, and the SQS queue to which the rules send them,
    with a dead-letter queue, encryption, and a policy that lets only these rules send. M(certops.acm.acm_notifications) reads it.
  - Adopts queues, rules and topics that already exist under these names, and corrects what is missing or different. In policies,
    targets and tags it changes only what it added itself. Statements that others added to a queue's policy are kept, even if
    they grant access to others.
  - Also sets how many days before expiry ACM begins to send events about it.
  - An embedded authority stores its events itself and needs no queue. With O(authority), only O(days_before_expiry) has an
    effect, so that the same playbook works with both.
requirements:
  - cryptography >= 45 (with O(authority))
  - dnspython >= 2.6.1 (with O(authority))
  - idna >= 3.4 (with O(authority))
extends_documentation_fragment:
  - certops.acm.attributes
  - certops.acm.attributes.actiongroup_acm
  - certops.acm.connection
  - amazon.aws.common.modules
  - amazon.aws.region.modules
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - With V(absent), the rules, queues and topic that this module created are removed; it recognizes them by a tag. Adopted
        ones are kept, and so is a rule to which others have added targets. The module warns about each.
      - O(days_before_expiry) is never reset.
    type: str
    choices: [present, absent]
    default: present
  queue_name:
    description:
      - The name of the queue and of the rule for ACM's events. The rule for AWS Health events has the same name with the suffix
        C(-health).
      - At most 57 letters, digits, hyphens and underscores.
    type: str
    default: certops-acm
    aliases: [name]
  dead_letter_queue_name:
    description:
      - The name of the queue for messages that were received O(max_receives) times and never acknowledged, and for those that
        EventBridge could not deliver. It keeps messages for 14 days.
      - By default O(queue_name) with the suffix C(-dead-letter).
    type: str
  events:
    description:
      - The events to send to the queue. V(available) is sent at the end of a renewal, and V(health) comes from AWS Health.
    type: list
    elements: str
    choices: [available, approaching_expiration, expired, renewal_action_required, revoked, rotated, health]
    default: [available, approaching_expiration, expired, renewal_action_required, revoked, rotated, health]
  retention_days:
    description:
      - For how many days the queue keeps an unacknowledged message, from V(1) to V(14).
      - V(14) for a new queue.
    type: int
  visibility_timeout:
    description:
      - How many seconds a received message is hidden from other readers unless the reader asks for another time, from V(0) to V(43200).
      - V(900) for a new queue.
    type: int
  max_receives:
    description:
      - How often a message is received before it goes to the dead-letter queue, from V(1) to V(1000).
      - V(5) for a new queue.
    type: int
  kms_key_id:
    description:
      - The customer managed KMS key that encrypts both queues and the topic, by id, ARN or alias.
      - Its key policy must allow C(events.amazonaws.com) the actions C(kms:Decrypt) and C(kms:GenerateDataKey), or nothing arrives.
      - By default SQS encrypts the queues with its own keys. An empty string returns to that.
    type: str
  topic_name:
    description:
      - The name of an SNS topic, for people, to which the same rules send events. The subscriptions are up to you.
      - Without this option an existing topic is left alone. An empty string removes it.
    type: str
  days_before_expiry:
    description:
      - How many days before expiry ACM begins to send a daily event about it, from V(1) to V(45).
      - This is a setting of the whole account in this region. It is read and changed only if this option is set.
    type: int
  tags:
    description:
      - Tags of the queues, the rules and the topic.
      - Without this option tags are left alone.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether tags that are not in O(tags) are removed when O(tags) is set. AWS's own tags (C(aws:)) and the tag by which
        this module recognizes its own resources are always kept.
    type: bool
    default: true
  force:
    description:
      - Whether O(state=absent) may remove a queue that still has messages.
      - SQS counts approximately, and may miss messages of the last minute.
    type: bool
    default: false
notes:
  - "Least IAM policy: C(sqs:GetQueueUrl), C(sqs:GetQueueAttributes), C(events:ListRules), C(events:ListTargetsByRule)."
  - "To create and to correct, also C(sts:GetCallerIdentity), C(sqs:CreateQueue), C(sqs:SetQueueAttributes), C(sqs:TagQueue),
    C(events:PutRule), C(events:PutTargets), C(events:TagResource)."
  - "For the options in parentheses, also C(sqs:ListQueueTags), C(sqs:UntagQueue), C(events:ListTagsForResource), C(events:UntagResource)
    (O(tags)); C(sns:GetTopicAttributes), C(sns:CreateTopic), C(sns:SetTopicAttributes), C(sns:ListTagsForResource),
    C(sns:TagResource), C(sns:UntagResource), C(events:RemoveTargets) (O(topic_name)); C(acm:GetAccountConfiguration),
    C(acm:PutAccountConfiguration) (O(days_before_expiry))."
  - "To remove, also C(sqs:ListQueueTags), C(sqs:DeleteQueue), C(events:ListTagsForResource), C(events:RemoveTargets), C(events:DeleteRule),
    and for a topic C(sns:GetTopicAttributes), C(sns:ListTagsForResource), C(sns:DeleteTopic)."
  - The rules match on source and detail-type, and for Health also on the service, because Health sends events of every service under one
    detail-type. They ignore the members about exports, which ACM spells differently from event to event.
  - A queue's name can be used again a minute after the queue was removed.
seealso:
  - module: certops.acm.acm_notifications
  - module: certops.acm.acm_authority
"""

EXAMPLES = r"""
- name: Create a queue for the events of ACM
  certops.acm.acm_notification_queue:
    queue_name: certops-acm
    days_before_expiry: 45
    tags:
      team: web

- name: Send them to people, too
  certops.acm.acm_notification_queue:
    topic_name: certificates
    kms_key_id: alias/certificates

- name: Show what would be removed
  certops.acm.acm_notification_queue:
    state: absent
  check_mode: true
  diff: true

- name: Set when an embedded authority begins to send events about expiry
  certops.acm.acm_notification_queue:
    authority: /srv/acm
    days_before_expiry: 45
"""

RETURN = r"""
notification_queue:
  description: The present state of the queue and its sources; in check mode, the future state.
  returned: always
  type: dict
  contains:
    queue_name:
      description: The name of the queue, or with O(authority) of the consumer.
      returned: always
      type: str
      sample: certops-acm
    is_needed:
      description: Whether a queue is needed. An embedded authority needs none, because it stores its events itself.
      returned: always
      type: bool
      sample: true
    queue_url:
      description: Its URL.
      returned: on AWS, once there is a queue
      type: str
      sample: https://sqs.eu-central-1.amazonaws.com/111122223333/certops-acm
    queue_arn:
      description: Its ARN.
      returned: on AWS, with O(state=present)
      type: str
      sample: arn:aws:sqs:eu-central-1:111122223333:certops-acm
    dead_letter_queue:
      description: The dead-letter queue, with C(name), C(arn), and C(url) once there is one.
      returned: on AWS, with O(state=present)
      type: dict
      sample:
        name: certops-acm-dead-letter
        arn: arn:aws:sqs:eu-central-1:111122223333:certops-acm-dead-letter
        url: https://sqs.eu-central-1.amazonaws.com/111122223333/certops-acm-dead-letter
    rules:
      description: The rules, each with C(name), C(arn) and C(event_pattern).
      returned: on AWS, with O(state=present)
      type: list
      elements: dict
      sample:
        - name: certops-acm-health
          arn: arn:aws:events:eu-central-1:111122223333:rule/certops-acm-health
          event_pattern: {"source": ["aws.health"], "detail-type": ["AWS Health Event"], "detail": {"service": ["ACM"]}}
    topic:
      description: The topic, with C(name) and C(arn).
      returned: on AWS, with O(topic_name) and O(state=present)
      type: dict
      sample: {"name": "certificates", "arn": "arn:aws:sns:eu-central-1:111122223333:certificates"}
    days_before_expiry:
      description: How many days before expiry ACM begins to send events about it.
      returned: with O(days_before_expiry), and on an embedded authority
      type: int
      sample: 45
msg:
  description: That an embedded authority needs no queue.
  returned: on an embedded authority
  type: str
error:
  description: What failed.
  returned: failure
  type: dict
  contains:
    code:
      description: ACM's error code, or the kind of fault.
      returned: always
      type: str
      sample: AccessDeniedException
    operation:
      description: The operation that failed, if one was called.
      returned: always
      type: str
"""

import re
import typing as t
import uuid

from ansible_collections.certops.acm.plugins.module_utils._door.module import AcmModule, guard
from ansible_collections.certops.acm.plugins.module_utils._door.acm import Acm
from ansible_collections.certops.acm.plugins.module_utils._door.embedded import open_door
from ansible_collections.certops.acm.plugins.module_utils._rules import tags as tag_rules
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._acm_notifications.queue_plan import (
    Place,
    Wanted,
    plan,
    removal,
)
from ansible_collections.certops.acm.plugins.module_utils._acm_notifications.queue_services import Services
from ansible_collections.certops.acm.plugins.module_utils._acm_notifications.events import KINDS

ARGUMENT_SPEC: dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "queue_name": {"type": "str", "default": "certops-acm", "aliases": ["name"]},
    "dead_letter_queue_name": {"type": "str"},
    "events": {"type": "list", "elements": "str", "choices": list(KINDS), "default": list(KINDS)},
    "retention_days": {"type": "int"},
    "visibility_timeout": {"type": "int"},
    "max_receives": {"type": "int"},
    "kms_key_id": {"type": "str"},
    "topic_name": {"type": "str"},
    "days_before_expiry": {"type": "int"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "force": {"type": "bool", "default": False},
}
BOUNDS = {
    "retention_days": (1, 14),
    "visibility_timeout": (0, 43_200),
    "max_receives": (1, 1000),
    "days_before_expiry": (1, 45),
}
LENGTHS = {"queue_name": 57, "dead_letter_queue_name": 80, "topic_name": 256}
NEEDLESS = (
    "An embedded authority stores its events itself: acm_notifications reads them from it, and no queue is needed."
)


def open_embedded(path: str, region: t.Optional[str]) -> Acm:
    """The door to an embedded authority, which knows the operations that this module calls."""
    from ansible_collections.certops.acm.plugins.module_utils._authority.operations import account

    return open_door(path, region, account.OPERATIONS)


def main() -> None:
    may_be_empty = ("kms_key_id", "topic_name")  # which removes the key or the topic
    module = AcmModule(ARGUMENT_SPEC, embedded=open_embedded, supports_check_mode=True, may_be_empty=may_be_empty)
    guard(module, lambda: run(module))


def run(module: AcmModule) -> dict[str, t.Any]:
    params, wanted = module.params, read_wanted(module.params)
    acm = module.acm
    is_removal = params["state"] == "absent"
    days = None if is_removal else params["days_before_expiry"]
    result: dict[str, t.Any] = {"changed": False, "diff": {"before": {}, "after": {}}}
    told = {"queue_name": wanted.queue_name, "is_needed": not acm.is_authority}
    if acm.is_authority:
        result["msg"] = NEEDLESS
    else:
        told.update(bring(module, acm, wanted, is_removal, result))
    if days is not None or acm.is_authority:
        told["days_before_expiry"] = set_days(acm, days, module.check_mode, result)
    return {**result, "notification_queue": {name: value for name, value in told.items() if value is not None}}


def read_wanted(params: dict[str, t.Any]) -> Wanted:
    """The options, checked. Raises InvalidInput."""
    for option, (least, most) in BOUNDS.items():
        if params[option] is not None and not least <= params[option] <= most:
            raise InvalidInput(f"{option} is {params[option]}: give a number from {least} to {most}.")
    for option, length in LENGTHS.items():
        if params[option] and not re.fullmatch(rf"[A-Za-z0-9_-]{{1,{length}}}", params[option]):
            raise InvalidInput(
                f"{option} is {params[option]!r}: use 1 to {length} letters, digits, hyphens and underscores."
            )
    if not params["events"]:
        raise InvalidInput("events is empty: list the events to receive, or set state to absent.")
    if (params["kms_key_id"] or "").endswith("alias/aws/sqs"):
        raise InvalidInput(
            "EventBridge cannot use the key alias/aws/sqs: give a customer managed key, or leave out kms_key_id."
        )
    dead = params["dead_letter_queue_name"] or f"{params['queue_name']}-dead-letter"
    if dead == params["queue_name"]:
        raise InvalidInput("dead_letter_queue_name is the queue itself: give it another name.")
    return Wanted(
        queue_name=params["queue_name"],
        dead_letter_queue_name=dead,
        kinds=tuple(params["events"]),
        retention_s=params["retention_days"] and params["retention_days"] * 86_400,
        visibility_s=params["visibility_timeout"],
        max_receives=params["max_receives"],
        kms_key_id=params["kms_key_id"],
        topic_name=params["topic_name"],
        tags=None if params["tags"] is None else tag_rules.check(params["tags"]),
        purge_tags=params["purge_tags"],
    )


def bring(module: AcmModule, acm: Acm, wanted: Wanted, is_removal: bool, result: dict[str, t.Any]) -> dict[str, t.Any]:
    """Read, plan, and carry out the plan; changes are added to `result`. Returns the state afterwards."""
    services = Services(acm)
    place = None
    if is_removal:
        work = removal(services.read_for_removal(wanted), wanted, module.params["force"])
    else:
        present, place = services.read(wanted)
        work = plan(present, wanted, place)
    for sentence in work.left:
        module.warn(sentence)
    result.update(changed=bool(work.steps), diff={"before": work.before, "after": work.after})
    if not module.check_mode:
        services.carry_out(work.steps)
    return describe(wanted, place, services.urls) if place else {}


def describe(wanted: Wanted, place: Place, urls: t.Mapping[str, str]) -> dict[str, t.Any]:
    dead = wanted.dead_letter_queue_name
    dead_letter_queue = {"name": dead, "arn": place.arn("sqs", dead), "url": urls.get(dead)}
    rules = [(name, pattern) for name in wanted.rule_names if (pattern := wanted.pattern(name))]
    topic = {"name": wanted.topic_name, "arn": place.arn("sns", wanted.topic_name)} if wanted.topic_name else None
    return {
        "queue_url": urls.get(wanted.queue_name),
        "queue_arn": place.arn("sqs", wanted.queue_name),
        "dead_letter_queue": {name: value for name, value in dead_letter_queue.items() if value is not None},
        "rules": [
            {"name": name, "arn": place.arn("events", f"rule/{name}"), "event_pattern": pattern}
            for name, pattern in rules
        ],
        "topic": topic,
    }


def set_days(acm: Acm, wanted: t.Optional[int], check_mode: bool, result: dict[str, t.Any]) -> t.Optional[int]:
    """Set DaysBeforeExpiry to `wanted`, if that is given; returns the value afterwards."""
    present: t.Optional[int] = acm.call("GetAccountConfiguration").get("ExpiryEvents", {}).get("DaysBeforeExpiry")
    if wanted is None or wanted == present:
        return present
    result["changed"] = True
    result["diff"] = {
        "before": {**result["diff"]["before"], "days_before_expiry": present},
        "after": {**result["diff"]["after"], "days_before_expiry": wanted},
    }
    if not check_mode:
        # A new token each time: with a token that ACM knows, an older setting would stay in place.
        acm.call(
            "PutAccountConfiguration", ExpiryEvents={"DaysBeforeExpiry": wanted}, IdempotencyToken=uuid.uuid4().hex
        )
    return wanted


if __name__ == "__main__":
    main()
