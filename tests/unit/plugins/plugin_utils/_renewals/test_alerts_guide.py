# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The messages in docs/guides/alerts.md are those that renewal runs send: found by their rules, written by the channels."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_alert import chat, text
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.alert import Alert, read_alerts
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.security_hub import SecurityHub
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.sns import Sns
from ansible_collections.certops.acm.plugins.plugin_utils._renewals import alerts, plan
from ansible_collections.certops.acm.plugins.plugin_utils._renewals.policy import read_policy
from ansible_collections.certops.acm.plugins.plugin_utils._renewals.seen import Seen
from ansible_collections.certops.acm.tests.support.renewal_facts import make_certificate, make_memory
from moto import mock_aws

GUIDE = Path(__file__).resolve().parents[5] / "docs" / "guides" / "alerts.md"
NOW = datetime(2027, 3, 1, 6, tzinfo=timezone.utc)
ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-12345678901{}"


def certificate(number: int, name: str, until: datetime, **members: Any) -> dict[str, Any]:
    return make_certificate(
        certificate_arn=ARN.format(number),
        domain_name=name,
        subject_alternative_names=[name],
        not_before=f"{until - timedelta(days=198):%Y-%m-%dT%H:%M:%SZ}",
        not_after=f"{until:%Y-%m-%dT%H:%M:%SZ}",
        serial=f"0{number}:5d:c2:41",
        **members,
    )


def shown_alerts() -> list[Alert]:
    record = {
        "name": "_0123456789abcdef.example.com.",
        "type": "CNAME",
        "value": "_fedcba9876543210.xyz.acm-validations.aws.",
    }
    waiting = certificate(
        2,
        "*.example.com",
        datetime(2027, 3, 16, 12, tzinfo=timezone.utc),
        validation_method="DNS",
        renewal_summary={"renewal_status": "PENDING_VALIDATION"},
        domain_validation_options=[{"domain_name": "*.example.com", "resource_record": record}],
        diagnosis=[
            {
                "domain_name": "*.example.com",
                "reason": "_0123456789abcdef.example.com has no CNAME record.",
                "remedy": f"Publish this record in the public zone of example.com: {record['name'][:-1]} CNAME {record['value'][:-1]}.",
            }
        ],
    )
    renewed = certificate(3, "shop.example.com", datetime(2027, 9, 15, 12, tzinfo=timezone.utc))
    standings = []
    for host, found in (("web1", waiting), ("web2", waiting), ("web1", renewed), ("web3", renewed)):
        standings.append(
            plan.Standing(
                host=host,
                identity=found["certificate_arn"],
                arn=found["certificate_arn"],
                domain_name=found["domain_name"],
                state="deployed",
                serial=found["serial"],
                served_serial=found["serial"],
                served_until=plan.moment(found["not_after"]),
                was_new=found is renewed,
                services=("nginx",),
            )
        )
    standings[3] = standings[3]._replace(
        state="failed",
        reason='nginx: [emerg] unknown directive "ssl_certificat" in /etc/nginx/nginx.conf:12',
        served_serial="0f",
        served_until=datetime(2027, 4, 30, 12, tzinfo=timezone.utc),
        services=(),
    )
    seen = Seen(NOW, [waiting, renewed], {}, standings, make_memory())
    found_alerts = [concern.alert for concern in alerts.concerns(seen, read_policy({}))]
    found_alerts.sort(key=lambda alert: ["action_required", "deploy_failed", "deployed"].index(alert["kind"]))
    return read_alerts(found_alerts)


def messages() -> dict[str, str]:
    """By the heading under which the guide shows them."""
    shown = shown_alerts()

    def as_json(content: dict[str, Any]) -> str:
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    return {
        "Slack": as_json(chat.slack(shown[:1])),
        "Teams": as_json(chat.teams(shown[:1])),
        "Any program": as_json(chat.plain_json(shown[:1])),
        "Mail": f"Subject: {text.headline(shown)}\n\n{text.plain_text(shown)}",
    }


@pytest.mark.parametrize("heading", list(messages()))
def test_the_guide_shows_what_is_sent(heading: str) -> None:
    section = re.split(r"^## ", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (part,) = [each for each in section if each.startswith(f"{heading}\n")]
    block = re.search(r"^```(?:json|text)\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    assert block and block[1] == messages()[heading]


def sample(heading: str) -> Any:
    """The JSON that the guide shows under a heading."""
    section = rf"^## {heading}\n.*?^```json\n(.*?)^```"
    (found,) = re.findall(section, GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return json.loads(found)


@pytest.fixture(name="connect")
def fixture_connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("MOTO_ACCOUNT_ID", "111122223333"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        clients: dict[str, Any] = {}
        yield lambda service, region=None: clients.setdefault(
            service, boto3.client(service, region_name=region or "eu-central-1")
        )


def test_the_guide_shows_the_finding_that_security_hub_has(connect: Callable[..., Any]) -> None:
    hub, alert = SecurityHub({"name": "hub"}, connect=connect, now=lambda: NOW), shown_alerts()[:1]
    assert not hub.prepare(alert, alert)().refused
    assert connect("securityhub").get_findings()["Findings"] == [sample("Security Hub")]


def test_the_guide_shows_what_sns_receives(connect: Callable[..., Any]) -> None:
    client, published = connect("sns"), []
    client.meta.events.register("provide-client-params.sns.Publish", lambda params, **_: published.append(params))
    topic = client.create_topic(Name="certificates")["TopicArn"]
    Sns({"name": "topic", "topic_arn": topic}, connect=connect, new_id=str).prepare(shown_alerts(), [])()
    (message,) = published
    assert {name: value for name, value in message.items() if name not in ("TopicArn", "Message")} == sample("SNS")
