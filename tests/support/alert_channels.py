# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts delivered to stand-ins for the channels, for tests of _acm_alert."""

from __future__ import annotations

import json
import socket
import typing as t
from datetime import datetime, timedelta, timezone

import boto3
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.delivery import Delivery, Outcome
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.mail import Mail
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.sns import Sns
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.webhook import Webhook
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.alert import Alert, Channel, Told
from ansible_collections.certops.acm.tests.support import model_check
from ansible_collections.certops.acm.tests.support.web_server import WebServer

NOW = datetime(2027, 3, 1, 6, tzinfo=timezone.utc)
TOKEN = "T0KEN-of-the-webhook"
PATH = f"/services/{TOKEN}"


def an_alert(key: str = "k", **members: t.Any) -> Alert:
    return Alert(**{"key": key, "kind": "expiring", "severity": "warning", "title": f"Title of {key}.", **members})


def deliver(
    alerts: t.Sequence[Alert],
    *channels: Channel,
    told: t.Optional[Told] = None,
    resolved: t.Collection[str] = (),
    pauses: t.Optional[list[float]] = None,
    **settings: t.Any,
) -> Outcome:
    sleep = (pauses if pauses is not None else []).append
    delivery = Delivery(channels, now=lambda: NOW, sleep=sleep, **settings)
    return delivery.run(alerts, told or {}, resolved, timedelta(days=400))


def keys(pairs: t.Iterable[t.Mapping[str, str]]) -> list[str]:
    return [pair["key"] for pair in pairs]


def webhook(web: t.Union[WebServer, str], **settings: t.Any) -> Webhook:
    url = web if isinstance(web, str) else f"http://{web.address}{PATH}"
    given = {"name": "hook", "url": url, "timeout": 2, **settings}
    return Webhook(given, now=lambda: NOW, new_id=lambda: "0001")


def pki_pem(certificate: t.Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return str(certificate.public_bytes(Encoding.PEM).decode())


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def mail(server: t.Any, **settings: t.Any) -> Mail:
    given: dict[str, t.Any] = {
        "name": "mail",
        "host": "localhost",
        "port": server if isinstance(server, int) else server.port,
        "security": "none",
        "sender": "Zertifikate ü <certops@example.com>",
        "recipients": ["web@example.com", "Ops <ops@example.com>"],
        "timeout": 2,
        **settings,
    }
    return Mail(given, now=lambda: NOW, new_id=lambda: "0001")


class Aws:
    """moto, with Security Hub's BatchUpdateFindings, which moto lacks: it answers according to the model and the guide."""

    def __init__(self) -> None:
        self.clients: dict[tuple[str, t.Optional[str]], t.Any] = {}
        self.calls: list[tuple[str, dict[str, t.Any]]] = []
        self.unprocessed: list[dict[str, t.Any]] = []

    def connect(self, service: str, region: t.Optional[str] = None) -> t.Any:
        if (service, region) not in self.clients:
            client = boto3.client(service, region_name=region or "eu-central-1")
            events = client.meta.events
            events.register("provide-client-params", lambda params, model, **_: self.calls.append((model.name, params)))
            events.register("before-call.securityhub.BatchUpdateFindings", self._update)
            self.clients[service, region] = client
        return self.clients[service, region]

    def _update(self, model: t.Any, params: dict[str, t.Any], **_others: t.Any) -> tuple[t.Any, dict[str, t.Any]]:
        given = json.loads(params["body"])["FindingIdentifiers"]
        refused = [finding["FindingIdentifier"]["Id"] for finding in self.unprocessed]
        processed = [finding for finding in given if finding["Id"] not in refused]
        answer = {"ProcessedFindings": processed, "UnprocessedFindings": self.unprocessed}
        assert model_check.faults(model.output_shape, answer) == []
        return type("Answer", (), {"status_code": 200}), answer

    def of(self, operation: str) -> list[dict[str, t.Any]]:
        return [params for name, params in self.calls if name == operation]

    def findings(self) -> dict[str, dict[str, t.Any]]:
        client = boto3.client("securityhub", region_name="eu-central-1")
        return {finding["Id"]: finding for finding in client.get_findings()["Findings"]}


def sns(aws: Aws, topic_arn: str, **settings: t.Any) -> Sns:
    return Sns({"name": "topic", "topic_arn": topic_arn, **settings}, connect=aws.connect, new_id=lambda: "0001")
