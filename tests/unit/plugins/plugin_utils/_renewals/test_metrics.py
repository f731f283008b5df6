# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import timedelta

from ansible_collections.certops.acm.plugins.plugin_utils._renewals import metrics, plan
from ansible_collections.certops.acm.tests.support.renewal_facts import NOW, arn, make_certificate
from prometheus_client.parser import text_string_to_metric_families

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Series:
    """As Prometheus reads it: (name, labels) → value."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def labels(**wanted: str) -> frozenset[tuple[str, str]]:
    return frozenset(wanted.items())


def test_textfile() -> None:
    odd = 'a "quoted" \\ name\nand a line'
    listing = [
        make_certificate(1, renewal_summary={"renewal_status": "FAILED"}, domain_name=odd),
        make_certificate(2, renewal_eligibility="INELIGIBLE", type="IMPORTED"),
        make_certificate(3, status="REVOKED"),
        make_certificate(4, not_after=None, status="PENDING_VALIDATION", renewal_eligibility=None),
    ]
    until = NOW + timedelta(days=5)
    standings = [
        plan.Standing("web", arn(1), arn(1), odd, "deployed", "01", "01", until, services=("nginx",)),
        plan.Standing("mute", arn(1), arn(1), odd, "deployed", "01", "01", None, unserved=(("nginx", "It is off."),)),
        plan.Standing("db", arn(2), arn(2), "host-2.example.com", "unreachable", "02", None, None),
        plan.Standing("later", arn(2), arn(2), "host-2.example.com", "held_back", "02", "01", until),
    ]
    found = parsed(metrics.textfile(NOW, listing, standings, {"expiring": 2, "expired": 0}))
    first = {"arn": arn(1), "domain": odd, "type": "AMAZON_ISSUED"}
    second = {"arn": arn(2), "domain": "host-2.example.com", "type": "IMPORTED"}
    web, mute, db, later = (
        {"host": host, "domain": name, "arn": arn(n)}
        for host, name, n in (
            ("web", odd, 1),
            ("mute", odd, 1),
            ("db", second["domain"], 2),
            ("later", second["domain"], 2),
        )
    )
    assert found == {
        ("acm_renewals_last_run_timestamp_seconds", labels()): NOW.timestamp(),
        ("acm_renewals_troubles", labels(kind="expiring")): 2,
        ("acm_renewals_troubles", labels(kind="expired")): 0,
        ("acm_certificate_not_after_timestamp_seconds", labels(**first)): (NOW + timedelta(days=100)).timestamp(),
        ("acm_certificate_not_after_timestamp_seconds", labels(**second)): (NOW + timedelta(days=100)).timestamp(),
        ("acm_certificate_renewal_eligible", labels(**first)): 1,
        ("acm_certificate_renewal_eligible", labels(**second)): 0,
        ("acm_certificate_renewal_status", labels(**first, status="PENDING_AUTO_RENEWAL")): 0,
        ("acm_certificate_renewal_status", labels(**first, status="PENDING_VALIDATION")): 0,
        ("acm_certificate_renewal_status", labels(**first, status="SUCCESS")): 0,
        ("acm_certificate_renewal_status", labels(**first, status="FAILED")): 1,
        ("acm_served_certificate_current", labels(**web)): 1,
        ("acm_served_certificate_current", labels(**db)): 0,
        ("acm_served_certificate_current", labels(**mute)): 0,
        ("acm_served_certificate_current", labels(**later)): 0,
        ("acm_served_certificate_observed", labels(**web)): 1,
        ("acm_served_certificate_observed", labels(**db)): 0,
        ("acm_served_certificate_observed", labels(**mute)): 0,
        ("acm_served_certificate_not_after_timestamp_seconds", labels(**web)): until.timestamp(),
        ("acm_served_certificate_not_after_timestamp_seconds", labels(**later)): until.timestamp(),
    }


def test_without_certificates_only_the_time_is_written() -> None:
    assert list(parsed(metrics.textfile(NOW, [], [], {}))) == [("acm_renewals_last_run_timestamp_seconds", labels())]
