# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A channel that publishes to a topic of Amazon SNS."""

from __future__ import annotations

import json
import re
import typing as t

from .. import text
from . import aws
from ..alert import (
    Alert,
    Attempt,
    Channel,
    Receipt,
    by_urgency,
)
from ..._rules.errors import InvalidInput

OCTETS = 256 * 1024  # octets of message and attributes together
SUBJECT_CHARACTERS = 99  # the API wants fewer than 100
_FRAME = 2048
_TOPIC = re.compile(r"arn:[\w-]+:sns:(?P<region>[\w-]+):\d{12}:[\w-]{1,256}(?P<fifo>\.fifo)?", re.ASCII)


class Sns(Channel):
    def __init__(
        self,
        settings: t.Mapping[str, t.Any],
        *,
        is_digest: bool = True,
        connect: aws.Connect,
        new_id: t.Callable[[], str],
    ) -> None:
        super().__init__(settings, is_digest=is_digest)
        topic = _TOPIC.fullmatch(settings["topic_arn"])
        if not topic:
            raise InvalidInput(
                f"Channel {self.name}: topic_arn {settings['topic_arn']!r} is not the ARN of an SNS topic."
            )
        self._topic_arn = topic.group()
        self._region = topic["region"]
        self._is_fifo = bool(topic["fifo"])
        self._connect = connect
        self._new_id = new_id

    def share(self, alert: Alert) -> float:
        return len(text.plain_alert(alert, OCTETS - _FRAME).encode()) / (OCTETS - _FRAME)

    def prepare(self, alerts: t.Sequence[Alert], current: t.Sequence[Alert]) -> Attempt:
        members: dict[str, t.Any] = {
            "TopicArn": self._topic_arn,
            "Subject": text.ascii_line(text.headline(alerts), SUBJECT_CHARACTERS),
            "Message": text.plain_text(alerts, OCTETS - _FRAME),
            "MessageAttributes": attributes(alerts),
        }
        if self._is_fifo:
            members.update(MessageGroupId=text.SENDER, MessageDeduplicationId=self._new_id())

        def attempt() -> Receipt:
            aws.call(self._connect, "sns", self._region, "publish", **members)
            return Receipt()

        return attempt


def attributes(alerts: t.Sequence[Alert]) -> dict[str, t.Any]:
    """Attributes for subscription filters: the highest severity, and the kinds."""
    kinds = sorted({alert.kind for alert in alerts})
    return {
        "severity": {"DataType": "String", "StringValue": by_urgency(alerts)[0].severity},
        "kinds": {"DataType": "String.Array", "StringValue": json.dumps(kinds)},
    }
