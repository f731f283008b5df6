# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts that several tests of _acm_alert use."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._acm_alert.alert import Alert, DnsRecord

ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"


def an_alert(key: str = "k", **members: t.Any) -> Alert:
    return Alert(**{"key": key, "kind": "expiring", "severity": "warning", "title": f"Title of {key}", **members})


def check_slack(message: dict[str, t.Any]) -> None:
    """Assert the limits that Slack documents for messages, blocks and texts."""
    blocks = message["blocks"]
    assert 1 <= len(blocks) <= 50 and message["text"] and len(message["text"]) < 40_000
    assert len(blocks[0]["text"]["text"]) <= 150
    for block in blocks[1:-1]:
        assert block["type"] == "rich_text"
        (element,) = block["elements"]
        texts = [piece["text"] for piece in element["elements"]]
        assert all(texts) and 1 <= sum(len(text) for text in texts) <= 3001


FULL = an_alert(
    ARN + "/action_required",
    kind="action_required",
    severity="critical",
    title="*.example.com cannot be renewed until a DNS record is back",
    text="The record that proves the name <*.example.com> is missing & must be published again.\nThen wait.",
    certificate_arn=ARN,
    domain_name="*.example.com",
    expires_at="2027-03-16T13:00:00+01:00",
    days_to_expiry=15,
    hosts=("web1", "web2"),
    records=(DnsRecord("_abc_def_.example.com.", "CNAME", "_xyz.acm-validations.aws."),),
    facts=(("Reason", "<script>alert(1)</script>"),),
)
