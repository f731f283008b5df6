#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_authority_records_info
short_description: Read an embedded certificate authority's records of calls, and its metric
version_added: 1.0.0
author:
  - The certops.acm authors (@certops)
description:
  - An embedded authority records each call as AWS CloudTrail does. A record says who called, from where and when, with which
    parameters, and with which result. Passphrases and private keys are hidden.
  - It also shows the metric C(DaysToExpiry) of every valid certificate, as ACM publishes it to CloudWatch.
  - Records are kept for the number of days in the authority's setting V(audit_kept_days).
extends_documentation_fragment:
  - certops.acm.attributes
  - certops.acm.attributes.info_module
options:
  path:
    description:
      - Directory of the authority. Its key is not needed.
    type: path
    required: true
    aliases: [authority]
  operations:
    description:
      - Only calls of these operations of ACM, such as V(ExportCertificate).
    type: list
    elements: str
    aliases: [operation]
  certificate_arn:
    description:
      - Only calls that name this certificate, or the one that created it.
    type: str
    aliases: [arn]
  start:
    description:
      - Only calls from this time on. ISO 8601, or how long ago, as in V(90m), V(12h) or V(7d).
    type: str
  end:
    description:
      - Only calls before this time, in the same form.
    type: str
  outcome:
    description:
      - Only calls that succeeded, or only calls that were refused.
    type: str
    choices: [all, succeeded, refused]
    default: all
  max_records:
    description:
      - How many records to return at most.
    type: int
    default: 1000
  next_token:
    description:
      - Continue where an earlier task ended; its result has the token.
    type: str
  days_to_expiry:
    description:
      - Return the metric C(DaysToExpiry), too.
    type: bool
    default: false
requirements:
  - dnspython >= 2.6.1
  - idna >= 3.4 (for internationalized names)
seealso:
  - module: certops.acm.acm_authority
"""

EXAMPLES = r"""
- name: Who exported private keys in the last week
  certops.acm.acm_authority_records_info:
    path: /srv/acm
    operations: [ExportCertificate]
    start: 7d
  register: exports

- name: Show them
  ansible.builtin.debug:
    msg: "{{ item.eventTime }} {{ item.userIdentity.arn }} from {{ item.sourceIPAddress }}: {{ item.requestParameters.certificateArn }}"
  loop: "{{ exports.records }}"

- name: What was refused today
  certops.acm.acm_authority_records_info:
    path: /srv/acm
    outcome: refused
    start: 24h

- name: How long each certificate is still valid
  certops.acm.acm_authority_records_info:
    path: /srv/acm
    max_records: 1
    days_to_expiry: true
"""

RETURN = r"""
records:
  description: The calls, the oldest first, each as CloudTrail shows it.
  returned: success
  type: list
  elements: dict
  contains:
    eventName:
      description: The operation.
      returned: success
      type: str
      sample: ExportCertificate
    eventTime:
      description: When it was called.
      returned: success
      type: str
      sample: "2026-11-23T16:51:00Z"
    userIdentity:
      description: Who called. Type V(Root) for the owner, V(IAMUser) or V(AssumedRole) for another access key.
      returned: success
      type: dict
    sourceIPAddress:
      description: Where the call came from.
      returned: success
      type: str
      sample: 192.0.2.7
    requestParameters:
      description: What was asked. Members begin with a small letter, as CloudTrail spells them.
      returned: success
      type: dict
    responseElements:
      description: What was answered, by operations that change something, and by C(GetCertificate). Null for others.
      returned: success
      type: dict
    errorCode:
      description: Why the call was refused.
      returned: when the call was refused
      type: str
      sample: ResourceNotFoundException
next_token:
  description: What O(next_token) takes to go on; null when there are no more.
  returned: success
  type: str
  sample: "8812"
metric_data:
  description: The metric C(DaysToExpiry) of each certificate that is valid, as CloudWatch's C(PutMetricData) has it.
  returned: when O(days_to_expiry=true)
  type: list
  elements: dict
  contains:
    Namespace:
      description: V(AWS/CertificateManager).
      returned: success
      type: str
    MetricName:
      description: V(DaysToExpiry).
      returned: success
      type: str
    Dimensions:
      description: C(CertificateArn) and the certificate's ARN.
      returned: success
      type: list
      elements: dict
    Timestamp:
      description: Now.
      returned: success
      type: str
    Value:
      description: Days until the certificate expires.
      returned: success
      type: int
      sample: 31
    Unit:
      description: V(None).
      returned: success
      type: str
error:
  description: What failed.
  returned: failure
  type: dict
  contains:
    code:
      description: The kind of fault.
      returned: always
      type: str
      sample: InvalidInput
    operation:
      description: Always null, as no operation of ACM is called.
      returned: always
      type: str
"""

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._ansible.secret_module import DiscreetModule
from ansible_collections.certops.acm.plugins.module_utils._authority import audit, directory, parts
from ansible_collections.certops.acm.plugins.module_utils._authority.store.event_log import Wanted
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

ARGUMENT_SPEC: dict[str, t.Any] = {
    "path": {"type": "path", "required": True, "aliases": ["authority"]},
    "operations": {"type": "list", "elements": "str", "aliases": ["operation"]},
    "certificate_arn": {"type": "str", "aliases": ["arn"]},
    "start": {"type": "str"},
    "end": {"type": "str"},
    "outcome": {"type": "str", "choices": ["all", "succeeded", "refused"], "default": "all"},
    "max_records": {"type": "int", "default": 1000},
    "next_token": {"type": "str", "no_log": False},
    "days_to_expiry": {"type": "bool", "default": False},
}
OUTCOMES = {"all": None, "succeeded": False, "refused": True}


def main() -> None:
    module = DiscreetModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        module.exit_json(changed=False, **read(module.params))
    except InvalidInput as error:
        module.fail(error)


def read(wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    """The module's result. Raises InvalidInput."""
    now = parts.system_clock()
    limit, token = wanted["max_records"], wanted["next_token"] or "0"
    if limit < 1:
        raise InvalidInput(f"max_records is {limit}: it must be 1 or more.")
    if not token.isdigit() or len(token) > 18:
        raise InvalidInput(f"next_token is {token}: give the next_token that an earlier task returned.")
    store = directory.open_store(wanted["path"])
    page = audit.find(
        store,
        Wanted(
            operations=audit.checked_operations(wanted["operations"] or ()),
            arn=wanted["certificate_arn"],
            start=audit.ago(wanted["start"], now) if wanted["start"] else None,
            end=audit.ago(wanted["end"], now) if wanted["end"] else None,
            failed=OUTCOMES[wanted["outcome"]],
        ),
        int(token),
        limit,
    )
    result: dict[str, t.Any] = {
        "records": page.records,
        "next_token": None if page.next_number is None else str(page.next_number),
    }
    if wanted["days_to_expiry"]:
        result["metric_data"] = [each for _name, each in audit.days_to_expiry(store, now)]
    return result


if __name__ == "__main__":
    main()
