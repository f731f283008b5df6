#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_alert
short_description: Tell people what happens to certificates
version_added: 1.0.0
author:
  - The certops.acm authors (@certops)
description:
  - Sends alerts to people through Slack, Teams, any other webhook, mail or Amazon SNS, and as findings to AWS Security Hub.
  - Each channel gets an alert once. An alert that could not be delivered is sent by the next run, and a channel that fails does
    not hold up the others.
  - The module stores nothing. Pass RV(told) of one run to the next run as O(told).
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
      - Nothing is sent. RV(sent) lists what would be sent, and RV(told) is returned unchanged.
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - If the second run is given RV(told) of the first as O(told).
options:
  alerts:
    description:
      - All alerts that apply now, whether or not they were sent before.
    type: list
    elements: dict
    default: []
    suboptions:
      key:
        description:
          - Identifies the alert. Each channel gets an alert with this key once.
          - Include the ARN of the certificate, so that an ARN in O(resolved) matches it, and whatever makes another alert
            worthwhile, such as V(/expiring/7) for seven days before expiry.
        type: str
        required: true
      kind:
        description:
          - What the alert is about.
        type: str
        required: true
        choices:
          - deployed
          - action_required
          - expiring
          - expired
          - ineligible
          - renewal_failed
          - deploy_failed
          - host_unreachable
          - not_served
          - run_failed
          - run_missed
          - not_issued
          - unavailable
          - resolved
      severity:
        description:
          - How bad it is.
        type: str
        choices: [info, warning, critical]
        default: warning
      title:
        description:
          - What happened, on one line. It is truncated after 300 characters.
        type: str
        required: true
      text:
        description:
          - A few sentences that say what to do. They are truncated after 20,000 characters.
        type: str
      certificate_arn:
        description:
          - The certificate.
        type: str
      domain_name:
        description:
          - The certificate's first name.
        type: str
      expires_at:
        description:
          - When the certificate expires, in ISO 8601.
        type: str
      days_to_expiry:
        description:
          - How many days are left until it expires; negative once it has expired.
        type: int
      hosts:
        description:
          - The servers that are affected.
        type: list
        elements: str
      records:
        description:
          - DNS records that somebody must publish.
        type: list
        elements: dict
        suboptions:
          name:
            description:
              - The name of the record.
            type: str
            required: true
          type:
            description:
              - The type of the record.
            type: str
            default: CNAME
          value:
            description:
              - The value of the record.
            type: str
            required: true
      facts:
        description:
          - Anything else that is worth knowing, as names and values.
        type: dict
      answers:
        description:
          - Keys of earlier alerts that this one follows up, as an all-clear does. It goes to the channels that got one of
            them, whatever their O(channels[].kinds) and O(channels[].min_severity), and to no others.
        type: list
        elements: str
  channels:
    description:
      - Where alerts go.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The name of the channel, under which O(told) records what it was sent. A renamed channel gets everything again.
        type: str
        required: true
      type:
        description:
          - The type of channel. V(sns) and V(security_hub) need AWS and do not work with O(authority).
        type: str
        required: true
        choices: [webhook, mail, sns, security_hub]
      kinds:
        description:
          - The kinds of alerts that it gets.
          - By default all, and for V(security_hub) all but V(deployed).
        type: list
        elements: str
        choices:
          - deployed
          - action_required
          - expiring
          - expired
          - ineligible
          - renewal_failed
          - deploy_failed
          - host_unreachable
          - not_served
          - run_failed
          - run_missed
          - not_issued
          - unavailable
          - resolved
      min_severity:
        description:
          - The lowest severity that it gets.
        type: str
        choices: [info, warning, critical]
        default: info
      digest:
        description:
          - Overrides O(digest) for this channel.
        type: bool
      url:
        description:
          - The URL of a webhook. It is treated as a secret.
        type: str
      format:
        description:
          - The format of the messages to a webhook. V(slack) for an incoming webhook of Slack, V(teams) for a workflow of Teams
            that posts Adaptive Cards, V(json) for anything else.
        type: str
        choices: [slack, teams, json]
        default: json
      headers:
        description:
          - Additional headers for a webhook. Their values are treated as secrets.
        type: dict
      signing_secret:
        description:
          - The secret with which messages to a webhook are signed, according to the Standard Webhooks specification (C(webhook-id), C(webhook-timestamp),
            C(webhook-signature)). Either V(whsec_) and base64, or any text.
        type: str
      host:
        description:
          - The mail server.
        type: str
      port:
        description:
          - Its port. By default 587 for V(starttls), 465 for V(tls) and 25 for V(none).
        type: int
      security:
        description:
          - How the connection to the mail server is protected.
        type: str
        choices: [none, starttls, tls]
        default: starttls
      username:
        description:
          - The user name for the mail server. Without it the module does not log in.
        type: str
      password:
        description:
          - The password for the mail server. It is never sent unencrypted.
        type: str
      sender:
        description:
          - The sender of the mail, an address or V(Name <address>).
        type: str
      recipients:
        description:
          - The recipients of the mail.
        type: list
        elements: str
      ca_file:
        description:
          - A file with the CA certificates for verifying a webhook or a mail server, instead of the system's.
        type: path
      timeout:
        description:
          - How many seconds to wait for an answer from a webhook or a mail server.
        type: int
        default: 10
      topic_arn:
        description:
          - The ARN of the SNS topic, in any region. FIFO topics are supported.
        type: str
      region:
        description:
          - The region of Security Hub, if it differs from that of the task.
        type: str
      product_arn:
        description:
          - The product under which findings are filed. By default the account's own,
            V(arn:aws:securityhub:REGION:ACCOUNT:product/ACCOUNT/default).
        type: str
  told:
    description:
      - RV(told) of the previous run, which records what has been sent so far.
    type: dict
    default: {}
  resolved:
    description:
      - Keys of alerts, or ARNs of certificates, whose problem is solved. They are removed from RV(told), so that the same
        problem causes a new alert if it comes back, and their findings in Security Hub are archived.
      - An alert that is still in O(alerts) does not count as solved. A finding that could not be archived is in RV(undelivered). List it
        here again in the next run.
    type: list
    elements: str
    default: []
  digest:
    description:
      - Whether all alerts for a webhook, mail or topic are sent as one message, grouped by severity. If they are too long for
        one message, they are sent as several.
      - If V(false), each alert is sent as a separate message.
    type: bool
    default: true
  max_attempts:
    description:
      - How often to try to send a message if the failure may be temporary. The pauses between attempts grow, unless the server
        asks for a pause of at most 30 seconds. For AWS, botocore counts its attempts itself.
    type: int
    default: 3
  forget_after:
    description:
      - After how many days a key is removed from RV(told). If it is still in O(alerts), it is sent again then.
    type: int
    default: 400
  fail_on_error:
    description:
      - Whether the task fails if something could not be delivered, after everything else was. By default it only warns.
    type: bool
    default: false
notes:
  - "Least IAM policy: C(sns:Publish) on the topics for V(sns); C(securityhub:BatchImportFindings),
    C(securityhub:BatchUpdateFindings) and C(securityhub:GetFindings) for V(security_hub). A topic that is encrypted with a
    customer managed key also needs C(kms:GenerateDataKey) and C(kms:Decrypt)."
  - Mail and webhooks need no AWS credentials and no region.
  - Passwords, URLs and headers of O(channels) are sent to the module only through the connection. If that does not support pipelining,
    the task fails instead of writing them to a temporary file.
  - If the answer to a message is lost, the message is sent again, so it may arrive twice.
seealso:
  - module: certops.acm.acm_certificate_info
"""

EXAMPLES = r"""
- name: Alert the team by chat and by mail
  certops.acm.acm_alert:
    alerts:
      - key: arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012/action_required
        kind: action_required
        severity: critical
        title: www.example.com cannot be renewed until a DNS record is back
        text: The record that proves the name is missing. Publish it again, and the renewal continues automatically.
        domain_name: www.example.com
        expires_at: "2027-03-07T12:00:00Z"
        days_to_expiry: 15
        records:
          - name: _0123456789abcdef.www.example.com.
            value: _fedcba9876543210.xyz.acm-validations.aws.
    channels:
      - name: chat
        type: webhook
        format: slack
        url: "{{ slack_webhook_url }}"
      - name: mail
        type: mail
        host: smtp.example.com
        username: certops
        password: "{{ smtp_password }}"
        sender: Certificates <certops@example.com>
        recipients: [web-team@example.com]
        min_severity: warning
    told: "{{ told_before }}"
  register: alert

- name: Send findings to Security Hub, and archive those that are solved
  certops.acm.acm_alert:
    region: eu-central-1
    alerts: "{{ alerts }}"
    resolved: "{{ healthy_certificate_arns }}"
    channels:
      - name: findings
        type: security_hub
      - name: on-call
        type: sns
        topic_arn: arn:aws:sns:eu-central-1:111122223333:certificates
        min_severity: critical
    told: "{{ told_before }}"
"""

RETURN = r"""
told:
  description:
    - Which channel got which alert, and when. A dictionary of keys, each with a dictionary of channels and times. Pass it to
      the next run.
    - In check mode, O(told) unchanged.
  returned: when the options could be read
  type: dict
  sample: {"arn:aws:acm:…/expiring/7": {"chat": "2027-02-28T06:00:00Z"}}
sent:
  description: What was sent by this run; in check mode, what would be.
  returned: when the options could be read
  type: list
  elements: dict
  contains: &pair
    key:
      description: The key of the alert.
      returned: always
      type: str
    channel:
      description: The name of the channel.
      returned: always
      type: str
undelivered:
  description:
    - Alerts that could not be delivered. They are sent again if they are in O(alerts) of the next run.
  returned: when the options could be read
  type: list
  elements: dict
  contains:
    <<: *pair
    reason:
      description: The reason, in a sentence without secrets.
      returned: always
      type: str
      sample: hooks.slack.com did not answer within 10 s.
archived:
  description: The findings in Security Hub that were archived, or in check mode would be, by key or by the ARN of the certificate.
  returned: when the options could be read
  type: list
  elements: dict
  contains: *pair
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
      description: The operation that failed, if one was called.
      returned: always
      type: str
"""

import time
import typing as t
import uuid
from datetime import datetime, timedelta, timezone

from ansible_collections.certops.acm.plugins.module_utils._door.module import AcmModule, guard
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.delivery import Delivery, Outcome
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.security_hub import SecurityHub
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.mail import Mail
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.sns import Sns
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.webhook import Webhook
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.alert import (
    KINDS,
    SEVERITIES,
    Channel,
    Told,
    read_alerts,
    read_told,
)
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput, contract

NEED_AWS = ("sns", "security_hub")
SECRETS = ("url", "headers", "signing_secret", "password")
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"

_ALERT: dict[str, t.Any] = {
    "key": {"type": "str", "required": True, "no_log": False},
    "kind": {"type": "str", "required": True, "choices": list(KINDS)},
    "severity": {"type": "str", "choices": list(SEVERITIES), "default": "warning"},
    "title": {"type": "str", "required": True},
    "text": {"type": "str"},
    "certificate_arn": {"type": "str"},
    "domain_name": {"type": "str"},
    "expires_at": {"type": "str"},
    "days_to_expiry": {"type": "int"},
    "hosts": {"type": "list", "elements": "str"},
    "records": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "type": {"type": "str", "default": "CNAME"},
            "value": {"type": "str", "required": True},
        },
    },
    "facts": {"type": "dict"},
    "answers": {"type": "list", "elements": "str", "no_log": False},
}
_CHANNEL: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str", "required": True, "choices": ["webhook", "mail", *NEED_AWS]},
    "kinds": {"type": "list", "elements": "str", "choices": list(KINDS)},
    "min_severity": {"type": "str", "choices": list(SEVERITIES), "default": "info"},
    "digest": {"type": "bool"},
    "url": {"type": "str", "no_log": True},
    "format": {"type": "str", "choices": ["slack", "teams", "json"], "default": "json"},
    "headers": {"type": "dict", "no_log": True},
    "signing_secret": {"type": "str", "no_log": True},
    "host": {"type": "str"},
    "port": {"type": "int"},
    "security": {"type": "str", "choices": ["none", "starttls", "tls"], "default": "starttls"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "sender": {"type": "str"},
    "recipients": {"type": "list", "elements": "str"},
    "ca_file": {"type": "path"},
    "timeout": {"type": "int", "default": 10},
    "topic_arn": {"type": "str"},
    "region": {"type": "str"},
    "product_arn": {"type": "str"},
}
ARGUMENT_SPEC: dict[str, t.Any] = {
    "alerts": {"type": "list", "elements": "dict", "options": _ALERT, "default": []},
    "channels": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": _CHANNEL,
        "required_if": [
            ["type", "webhook", ["url"]],
            ["type", "mail", ["host", "sender", "recipients"]],
            ["type", "sns", ["topic_arn"]],
        ],
    },
    "told": {"type": "dict", "default": {}},
    "resolved": {"type": "list", "elements": "str", "default": []},
    "digest": {"type": "bool", "default": True},
    "max_attempts": {"type": "int", "default": 3},
    "forget_after": {"type": "int", "default": 400},
    "fail_on_error": {"type": "bool", "default": False},
}


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


def new_id() -> str:
    return uuid.uuid4().hex


def open_channels(module: AcmModule, given: t.Sequence[t.Mapping[str, t.Any]]) -> list[Channel]:
    """The channels, checked. Nothing is connected yet. Raises InvalidInput."""
    clients: dict[tuple[str, t.Optional[str]], t.Any] = {}

    def connect(service: str, region: t.Optional[str]) -> t.Any:
        if (service, region) not in clients:
            clients[service, region] = module.acm.client(service, region)
        return clients[service, region]

    channels: list[Channel] = []
    for settings in given:
        name, is_digest = settings["name"], module.params["digest"]
        if any(channel.name == name for channel in channels):
            raise InvalidInput(f"Two channels are called {name}: give each its own name.")
        if settings["type"] in NEED_AWS and module.params["authority"]:
            raise InvalidInput(
                f"Channel {name} is of type {settings['type']}, which needs AWS: with authority use webhook or mail."
            )
        if settings["timeout"] < 1:
            raise InvalidInput(
                f"Channel {name}: timeout is {settings['timeout']}; give a number of seconds, at least 1."
            )
        if settings["type"] == "webhook":
            channels.append(Webhook(settings, is_digest=is_digest, now=utc_now, new_id=new_id))
        elif settings["type"] == "mail":
            channels.append(Mail(settings, is_digest=is_digest, now=utc_now, new_id=new_id))
        elif settings["type"] == "sns":
            channels.append(Sns(settings, is_digest=is_digest, connect=connect, new_id=new_id))
        else:
            channels.append(SecurityHub(settings, is_digest=is_digest, connect=connect, now=utc_now))
    return channels


def hide_secrets(module: AcmModule) -> list[dict[str, t.Any]]:
    """Take the channels out of the parameters, and leave a copy without their secrets.

    Ansible also looks for each secret in everything that a module returns, and masks whatever looks like one: a header
    `X-Priority: 1` would mask every 1 in the times in `told`, which must be returned unchanged.
    """
    params = module.params
    channels: list[dict[str, t.Any]] = params["channels"]
    for channel in channels:
        _strip_line_ends(module, channel)
    params["channels"] = [
        {name: HIDDEN if name in SECRETS and value is not None else value for name, value in channel.items()}
        for channel in channels
    ]
    names = [*params["told"], *(alert["key"] for alert in params["alerts"]), *(each["name"] for each in channels)]
    blanked = module._module.no_log_values
    blanked -= {value for value in blanked if len(value) < 8 or any(value in str(name) for name in names)}
    return channels


def _strip_line_ends(module: AcmModule, channel: dict[str, t.Any]) -> None:
    """Text from a file or from C(echo … | ansible-vault encrypt_string) ends with an unintended line break."""
    for option, value in channel.items():
        stripped = value.rstrip("\r\n") if isinstance(value, str) else value
        if isinstance(value, dict):
            stripped = {name: each.rstrip("\r\n") if isinstance(each, str) else each for name, each in value.items()}
        if stripped != value:
            channel[option] = stripped
            module.warn(f"Channel {channel['name']}: the line break at the end of {option} was left out.")


def run(module: AcmModule, channels: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    params = module.params
    for name in ("max_attempts", "forget_after"):
        if params[name] < 1:
            raise InvalidInput(f"{name} is {params[name]}: give a number of at least 1.")
    told = read_told(params["told"])
    alerts = read_alerts(params["alerts"])
    delivery = Delivery(
        open_channels(module, channels),
        now=utc_now,
        sleep=time.sleep,
        max_attempts=params["max_attempts"],
        is_check=module.check_mode,
    )
    outcome = delivery.run(alerts, told, set(params["resolved"]), timedelta(days=params["forget_after"]))
    titles = {alert.key: alert.title for alert in alerts}
    for warning in [*outcome.warnings, *warnings_of(outcome, titles)]:
        module.warn(warning)
    result: dict[str, t.Any] = {
        "changed": bool(outcome.sent or outcome.archived),
        "told": told if module.check_mode else outcome.told,
        "sent": outcome.sent,
        "undelivered": outcome.undelivered,
        "archived": outcome.archived,
        "diff": diff(told, outcome),
    }
    if outcome.undelivered and params["fail_on_error"]:
        first = outcome.undelivered[0]
        title = titles.get(first["key"], first["key"])
        more = f", and {len(outcome.undelivered) - 1} more" if len(outcome.undelivered) > 1 else ""
        module.fail_json(
            msg=f"Channel {first['channel']} did not get '{title}'{more}: {first['reason']}",
            error=contract("Undelivered"),
            **result,
        )
    return result


def warnings_of(outcome: Outcome, titles: t.Mapping[str, str]) -> list[str]:
    """One warning for each channel and reason; a channel that is down would otherwise warn once for each alert."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for undelivered in outcome.undelivered:
        title = titles.get(undelivered["key"], "that something is over")
        reasons.setdefault((undelivered["channel"], undelivered["reason"]), []).append(f"'{title}'")
    return [
        f"Channel {channel} did not get {', '.join(missing[:3])}"
        f"{f' and {len(missing) - 3} more' if len(missing) > 3 else ''}: {reason}"
        for (channel, reason), missing in reasons.items()
    ]


def diff(told: Told, outcome: Outcome) -> dict[str, t.Any]:
    """Which channels got which keys, before and after this run."""
    keys = dict.fromkeys(pair["key"] for pair in outcome.sent)
    before = {key: sorted(told.get(key, {})) for key in keys}
    after = {
        key: sorted({*before[key], *(pair["channel"] for pair in outcome.sent if pair["key"] == key)}) for key in keys
    }
    return {"before": {"told": before}, "after": {"told": after}}


def main() -> None:
    module = AcmModule(ARGUMENT_SPEC, supports_check_mode=True)
    channels = hide_secrets(module)
    guard(module, lambda: run(module, channels))


if __name__ == "__main__":
    main()
