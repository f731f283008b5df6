# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Prometheus reads."""

from __future__ import annotations

import ipaddress

from ansible_collections.certops.acm.plugins.module_utils._authority.wire.messages import Peer, Request
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.service import Service
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from ansible_collections.certops.acm.tests.support.authority_service import ask
from prometheus_client.parser import text_string_to_metric_families


def test_metrics(lab: Lab, clock: Clock) -> None:
    arn = lab.private("a.corp.test")
    lab.public("pending.example.com")
    answer = ask(lab, "GET", "/metrics")
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }
    days = found["acm_certificate_days_to_expiry", arn, "a.corp.test"]
    assert 394 <= days <= 395
    assert found["acm_authority_up",] == 1
    assert found["acm_authority_certificates", "PRIVATE"] == 1
    clock.advance(days=400)
    assert arn not in ask(lab, "GET", "/metrics").body.decode()  # CloudWatch gets none for expired certificates


def test_who_may_read_the_metrics(lab: Lab) -> None:
    assert ask(lab, "GET", "/metrics", address="192.0.2.1").status == 403
    service = Service(lab.authority, monitors=[ipaddress.ip_network("192.0.2.0/24")])
    assert service.answer(Request("GET", "/metrics", {}, b"", Peer("192.0.2.1"))).status == 200
    assert service.answer(Request("GET", "/metrics", {}, b"", Peer("2001:db8::1"))).status == 403
    assert ask(lab, "GET", "/metrics", address="::1").status == 200
