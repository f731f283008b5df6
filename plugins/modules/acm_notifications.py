#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_notifications
short_description: Receive notifications of AWS Certificate Manager, and acknowledge them once the work is done
version_added: 1.0.0
author:
  - The certops.acm authors (@certops)
description:
  - Receives notifications about certificates (issued, renewed, about to expire, waiting for an action, revoked) from the queue that
    M(certops.acm.acm_notification_queue) creates, and returns them in one plain format.
  - Receiving removes nothing. Received notifications are hidden from other readers for O(visibility_timeout) seconds, and are
    delivered again unless they were acknowledged by then. So do the work first, then run the module again with O(acknowledge).
  - Understands the events of ACM and of AWS Health as EventBridge sends them, directly or inside an SNS notification.
  - EventBridge may deliver an event twice, late, or never. The module merges events with the same id. Treat a notification as
    a reason to read ACM again, never as the truth, and check all certificates from time to time anyway.
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
    details:
      - Receives nothing, because receiving alone would hide notifications from other readers. RV(waiting) says how many there are.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - Receiving never counts as a change, but returns different notifications each time. Acknowledged ones are gone.
options:
  queue_name:
    description:
      - The name of the SQS queue.
      - With O(authority), the name of a consumer. Each consumer gets every event that the authority has stored, whatever
        other consumers have done with it.
    type: str
    default: certops-acm
  queue_url:
    description:
      - The URL of the SQS queue, if it belongs to another account or to save the call that looks up the URL.
      - Not with O(authority).
    type: str
  wait_time:
    description:
      - How many seconds to wait for a first notification if there is none, at most V(600).
      - On AWS, finding a queue empty takes a second even with V(0), because without waiting SQS may return nothing from a queue
        that is not empty.
    type: int
    default: 0
  max_notifications:
    description:
      - The maximum number of messages to receive, from V(1) to V(10000).
    type: int
    default: 100
  visibility_timeout:
    description:
      - How many seconds the received messages are hidden from other readers, from V(0) to V(43200). Choose more than the work
        takes.
    type: int
    default: 900
  acknowledge:
    description:
      - Handles from RV(notifications[].handles) or RV(unknown[].handle). These messages are removed, and nothing is received.
      - A handle that is no longer valid, for example because O(visibility_timeout) has passed and the message was delivered again,
        causes a warning. The notification may then be processed twice.
      - With an empty list the module does nothing.
    type: list
    elements: str
notes:
  - "Least IAM policy, on the queue: C(sqs:ReceiveMessage) to receive, C(sqs:DeleteMessage) for O(acknowledge),
    C(sqs:GetQueueUrl) without O(queue_url), and C(sqs:GetQueueAttributes) for RV(waiting). With a KMS key on the queue also
    C(kms:Decrypt) on that key."
  - Messages in RV(unknown) stay in the queue. Once they have been received as often as the queue allows, SQS moves them to the
    dead-letter queue.
seealso:
  - module: certops.acm.acm_notification_queue
  - module: certops.acm.acm_certificate_info
"""

EXAMPLES = r"""
- name: Receive notifications
  certops.acm.acm_notifications:
    queue_name: certops-acm
    wait_time: 20
  register: told

- name: List the certificates that have a new version
  ansible.builtin.set_fact:
    renewed: >-
      {{ told.notifications | selectattr('kind', 'in', ['available', 'rotated'])
         | map(attribute='certificate_arns') | flatten | unique }}

- name: Do the work
  ansible.builtin.include_tasks: deploy.yml
  loop: "{{ renewed }}"

- name: Acknowledge them
  certops.acm.acm_notifications:
    queue_name: certops-acm
    acknowledge: "{{ told.notifications | map(attribute='handles') | flatten }}"

- name: Receive from an embedded authority
  certops.acm.acm_notifications:
    authority: /srv/acm
    queue_name: monitoring
"""

RETURN = r"""
notifications:
  description:
    - One entry for each event. Keys that the event has no value for are missing.
    - They are in the order in which they arrived, which may differ from the order in which they happened.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The event's id. It stays the same when the event is delivered again.
      returned: always
      type: str
      sample: 7bf73129-1428-4cd3-a780-95db273d1602
    kind:
      description:
        - The subject of the event, one of C(available) (issued, renewed or imported), C(approaching_expiration), C(expired),
          C(renewal_action_required), C(revoked), C(rotated) or C(health) (an event of AWS Health).
      returned: always
      type: str
      sample: available
    detail_type:
      description: EventBridge's name for the subject.
      returned: always
      type: str
      sample: ACM Certificate Available
    action:
      description: How it became available, C(ISSUANCE), C(RENEWAL), C(IMPORT) or C(REIMPORT).
      returned: when the event has it
      type: str
      sample: RENEWAL
    certificate_arns:
      description: The certificates. A Health event may have several.
      returned: always
      type: list
      elements: str
      sample: ["arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"]
    domain_name:
      description: The first name of the certificate.
      returned: when the event has it
      type: str
      sample: www.example.com
    region:
      description: The region.
      returned: when the event has it
      type: str
      sample: eu-central-1
    account:
      description: The AWS account.
      returned: when the event has it
      type: str
      sample: "111122223333"
    occurred_at:
      description: When it happened.
      returned: when the event has it
      type: str
      sample: "2026-11-23T16:51:00Z"
    expires_at:
      description: Until when the certificate is valid.
      returned: when the event has it
      type: str
      sample: "2027-06-09T23:59:59Z"
    days_to_expiry:
      description: How many days were left until then when the event happened.
      returned: when the event has it
      type: int
      sample: 45
    reason:
      description: What prevents the renewal, for example C(CAA_ERROR) or C(PENDING_DOMAIN_VALIDATION).
      returned: when the event has it
      type: str
      sample: PENDING_DOMAIN_VALIDATION
    certificate_type:
      description: C(AMAZON_ISSUED), C(PRIVATE) or C(IMPORTED).
      returned: when the event has it
      type: str
      sample: AMAZON_ISSUED
    validation_method:
      description: How its names are validated.
      returned: when the event has it
      type: str
      sample: DNS
    in_use:
      description: Whether an AWS service uses it.
      returned: when the event has it
      type: bool
    exported:
      description: Whether it was ever exported.
      returned: when the event has it
      type: bool
    exportable:
      description: Whether it can be exported.
      returned: when the event has it
      type: bool
    health_code:
      description: C(AWS_ACM_RENEWAL_STATE_CHANGE), C(CAA_CHECK_FAILURE), C(AWS_ACM_RENEWAL_FAILURE), or another code of Health.
      returned: for RV(notifications[].kind=health)
      type: str
      sample: AWS_ACM_RENEWAL_STATE_CHANGE
    description:
      description: AWS Health's text for people.
      returned: for RV(notifications[].kind=health), when the event has it
      type: str
    handles:
      description: The handles for O(acknowledge). Acknowledge all of them, or the event is delivered again.
      returned: always
      type: list
      elements: str
    deliveries:
      description: How often it has been delivered so far, to any reader. More than C(1) if an earlier reader did not acknowledge it
        or if EventBridge delivered it more than once.
      returned: always
      type: int
      sample: 1
unknown:
  description: Messages that are not notifications of ACM, or are malformed. They are acknowledged only if O(acknowledge) lists them.
  returned: always
  type: list
  elements: dict
  contains:
    handle:
      description: The handle for O(acknowledge).
      returned: always
      type: str
    why:
      description: What is wrong with it, in a sentence.
      returned: always
      type: str
      sample: The message is not a JSON object.
    deliveries:
      description: How often it has been delivered so far.
      returned: always
      type: int
      sample: 1
    detail_type:
      description: The type of the event.
      returned: when it is an event
      type: str
      sample: EC2 Instance State-change Notification
    excerpt:
      description: How the message begins.
      returned: when it is not an event
      type: str
waiting:
  description: Approximately how many more messages can be received now.
  returned: without O(acknowledge)
  type: int
  sample: 0
acknowledged:
  description: How many were acknowledged; in check mode, how many would be.
  returned: always
  type: int
  sample: 0
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

import time
import typing as t

from ansible_collections.certops.acm.plugins.module_utils._door.module import AcmModule, guard
from ansible_collections.certops.acm.plugins.module_utils._door.acm import Acm
from ansible_collections.certops.acm.plugins.module_utils._door.embedded import open_door
from ansible_collections.certops.acm.plugins.module_utils._acm_notifications import events
from ansible_collections.certops.acm.plugins.module_utils._acm_notifications.inbox import Inbox, open_inbox
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

ARGUMENT_SPEC: dict[str, t.Any] = {
    "queue_name": {"type": "str", "default": "certops-acm"},
    "queue_url": {"type": "str"},
    "wait_time": {"type": "int", "default": 0},
    "max_notifications": {"type": "int", "default": 100},
    "visibility_timeout": {"type": "int", "default": 900},
    "acknowledge": {"type": "list", "elements": "str"},
}
BOUNDS = {"wait_time": (0, 600), "max_notifications": (1, 10_000), "visibility_timeout": (0, 43_200)}


def open_embedded(path: str, region: t.Optional[str]) -> Acm:
    """The door to an embedded authority: this module reads its events, and calls no operation of ACM."""
    from ansible_collections.certops.acm.plugins.module_utils._authority.delivery import inbox

    return open_door(path, region, events=inbox.Inbox)


def main() -> None:
    module = AcmModule(ARGUMENT_SPEC, embedded=open_embedded, supports_check_mode=True)
    guard(module, lambda: run(module))


def run(module: AcmModule) -> dict[str, t.Any]:
    params = module.params
    for option, (least, most) in BOUNDS.items():
        if not least <= params[option] <= most:
            raise InvalidInput(f"{option} is {params[option]}: give a number from {least} to {most}.")
    result: dict[str, t.Any] = {"changed": False, "notifications": [], "unknown": [], "acknowledged": 0}
    handles = params["acknowledge"]
    if handles is not None and not handles:
        return result
    inbox = open_inbox(module.acm, params["queue_name"], params["queue_url"], time.sleep, time.monotonic)
    if handles is None:
        return {**result, **receive(inbox, params, module.check_mode)}
    handles = list(dict.fromkeys(handles))
    refused = {} if module.check_mode else inbox.acknowledge(handles)
    for handle, why in refused.items():
        module.warn(f"Not acknowledged, so it may be delivered again: {handle[:24]} ({why}).")
    done = len(handles) - len(refused)
    return {**result, "changed": done > 0, "acknowledged": done}


def receive(inbox: Inbox, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    if check_mode:
        return {"waiting": inbox.waiting()}
    limit = params["max_notifications"]
    messages = inbox.receive(limit, params["wait_time"], params["visibility_timeout"])
    told, unknown = events.read_all(messages)
    # With fewer than the maximum, it stopped because the queue was empty.
    waiting = inbox.waiting() if len(messages) == limit else 0
    return {"notifications": told, "unknown": unknown, "waiting": waiting}


if __name__ == "__main__":
    main()
