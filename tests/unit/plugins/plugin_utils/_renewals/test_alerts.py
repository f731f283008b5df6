# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.plugin_utils._renewals import alerts, plan
from ansible_collections.certops.acm.plugins.plugin_utils._renewals.policy import read_policy
from ansible_collections.certops.acm.tests.support.renewal_facts import NOW, arn, iso, make_certificate

RECORD = {"name": "_a.host-1.example.com.", "type": "CNAME", "value": "_b.acm-validations.aws."}
MISSING = {
    "renewal_summary": {"renewal_status": "PENDING_VALIDATION", "renewal_status_reason": "PENDING_DOMAIN_VALIDATION"},
    "validation_method": "DNS",
    "domain_validation_options": [
        {"domain_name": "host-1.example.com", "resource_record": RECORD},
        {"domain_name": "fine.example.com", "resource_record": {**RECORD, "name": "_c.fine.example.com."}},
    ],
    "diagnosis": [
        {"domain_name": "host-1.example.com", "reason": "There is no such record.", "remedy": "Publish it."},
    ],
}


def standing(one: dict[str, Any], *, host: str = "web", state: str = "deployed", **changes: Any) -> plan.Standing:
    return plan.Standing(
        **{
            "host": host,
            "identity": one["certificate_arn"],
            "arn": one["certificate_arn"],
            "domain_name": one["domain_name"],
            "state": state,
            "serial": one.get("serial"),
            "served_serial": one.get("serial"),
            "served_until": plan.maybe_moment(one.get("not_after")),
            **changes,
        }
    )


def told(
    listing: list[dict[str, Any]], *standings: plan.Standing, policy: dict[str, Any] | None = None, **seen: Any
) -> list[dict[str, Any]]:
    return alerts.alerts(alerts.Seen(NOW, listing, {}, standings, **seen), read_policy(policy or {}))


@pytest.mark.parametrize(
    ("members", "kinds"),
    [
        ({}, []),
        ({"left": 46}, []),
        ({"left": 44}, []),  # ACM may have just begun; it renews from 60 or 45 days on
        ({"left": 29}, ["expiring"]),
        ({"left": 44, "renewal_eligibility": "INELIGIBLE"}, ["expiring"]),
        ({"left": 44, "type": "IMPORTED", "renewal_eligibility": "INELIGIBLE"}, ["expiring"]),
        ({"left": 44, **MISSING}, ["action_required"]),
        ({"left": 59, **MISSING}, []),  # ACM has just begun; the first notice is at 45 days
        ({"left": 44, **MISSING, "renewal_eligibility": "INELIGIBLE"}, ["expiring"]),
        (
            {"left": 44, "renewal_summary": {"renewal_status": "FAILED", "updated_at": "x"}},
            ["renewal_failed", "expiring"],
        ),
        ({"left": 20, "lifetime": 47}, []),
        ({"left": 14, "lifetime": 47}, ["expiring"]),
        (
            {"left": 44, "renewal_summary": {"renewal_status": "PENDING_VALIDATION"}, "validation_method": "EMAIL"},
            ["action_required"],
        ),
        ({"left": -1}, ["expired"]),
        ({"left": -8}, []),  # old history
        ({"left": -8, "in_use": True}, ["expired"]),
        ({"left": -1, "status": "EXPIRED"}, ["expired"]),
        ({"left": -1, "status": "REVOKED"}, []),
        ({"status": "PENDING_VALIDATION", "not_after": None, "created_at": iso(NOW - timedelta(hours=23))}, []),
        (
            {"status": "PENDING_VALIDATION", "not_after": None, "created_at": iso(NOW - timedelta(hours=25))},
            ["not_issued"],
        ),
        ({"status": "FAILED", "not_after": None, "created_at": iso(NOW - timedelta(days=2))}, ["not_issued"]),
        ({"status": "FAILED", "not_after": None, "created_at": iso(NOW - timedelta(days=20))}, []),
        ({"not_after": None, "not_before": None, "created_at": None}, []),
        ({"domain_name": None, "subject_alternative_names": None, "left": 14}, ["expiring"]),
    ],
)
def test_of_one_that_nobody_deploys(members: dict[str, Any], kinds: list[str]) -> None:
    one = make_certificate(**members)
    assert [alert["kind"] for alert in told([one])] == kinds
    assert told([one], policy={"watch": "deployed"}) == []


@pytest.mark.parametrize(
    ("members", "kinds"),
    [
        ({}, []),
        ({"left": -8}, ["expired"]),
        ({"status": "REVOKED"}, ["not_issued"]),
        ({"status": "FAILED", "not_after": None, "created_at": iso(NOW - timedelta(days=20))}, ["not_issued"]),
        ({"status": "PENDING_VALIDATION", "not_after": None, "created_at": iso(NOW - timedelta(hours=23))}, []),
        (
            {"status": "PENDING_VALIDATION", "not_after": None, "created_at": iso(NOW - timedelta(hours=25))},
            ["not_issued"],
        ),
        ({"renewal_eligibility": "INELIGIBLE"}, ["ineligible"]),
        ({"renewal_eligibility": "INELIGIBLE", "left": 44}, ["expiring"]),
        ({"renewal_eligibility": "INELIGIBLE", "type": "IMPORTED"}, []),
        ({"renewal_eligibility": "INELIGIBLE", "options": {"export": "DISABLED"}}, []),
    ],
)
def test_of_one_that_is_deployed(members: dict[str, Any], kinds: list[str]) -> None:
    one = make_certificate(**members)
    assert [alert["kind"] for alert in told([one], standing(one), policy={"watch": "deployed"})] == kinds


def test_what_was_replaced_expires_in_silence() -> None:
    names = ["www.example.com", "example.com"]
    old = make_certificate(1, left=20, domain_name=names[0], subject_alternative_names=names)
    new = make_certificate(2, left=300, domain_name=names[1], subject_alternative_names=[*names, "more.example.com"])
    assert told([old, new]) == []
    assert [alert["kind"] for alert in told([{**old, "in_use": True}, new])] == ["expiring"]
    assert [alert["kind"] for alert in told([old, new], standing(old))] == ["expiring"]
    assert [alert["kind"] for alert in told([old, {**new, "subject_alternative_names": names[:1]}])] == []
    assert len(told([old, {**new, "domain_name": "other.example.com", "subject_alternative_names": names[:1]}])) == 1


def test_action_required_says_what_to_do() -> None:
    (alert,) = told([make_certificate(left=14.5, **MISSING)])
    assert alert["text"] == "host-1.example.com: There is no such record. Publish it."
    assert alert["records"] == [RECORD]  # not that of the name that is fine
    assert alert["days_to_expiry"] == 14
    assert alert["severity"] == "warning"
    assert alert["key"] == f"action_required {arn(1)} 01 15"
    assert alert["title"] == "host-1.example.com: the renewal waits for you, 14 days are left"


def test_action_required_by_mail() -> None:
    mail = {"renewal_summary": {"renewal_status": "PENDING_VALIDATION"}, "validation_method": "EMAIL"}
    (alert,) = told([make_certificate(left=1.5, **mail)])
    assert "resend_validation_email" in alert["text"]
    assert alert["severity"] == "critical"
    assert alert["title"] == "host-1.example.com: the renewal waits for you, 1 day is left"


def test_each_notice_day_has_a_key_of_its_own() -> None:
    members: dict[str, Any] = {"type": "IMPORTED"}
    keys = [told([make_certificate(left=left + 0.5, **members)])[0]["key"] for left in range(45, -1, -1)]
    assert [key.split(" ")[-1] for key in dict.fromkeys(keys)] == ["45", "30", "15", "7", "3", "1"]
    assert keys.index(f"expiring {arn(1)} 01 30") == 45 - 30


def test_deployed_is_told_once_for_all_hosts() -> None:
    one = make_certificate()
    hosts = [standing(one, host=f"web-{number}", was_new=True, services=("nginx",)) for number in (2, 1)]
    (alert,) = told([one], *hosts, standing(one, host="web-3"))
    assert (alert["kind"], alert["severity"], alert["hosts"]) == ("deployed", "info", ["web-1", "web-2"])
    assert alert["title"] == "host-1.example.com: a new certificate is in place on 2 hosts"


OLD = {"served_serial": "0f", "served_until": NOW + timedelta(days=20)}


def test_a_failed_host_is_told_at_once_and_at_the_notice_days() -> None:
    one = make_certificate()
    keys = []
    for left in (50, 40, 20, 2):
        served = {**OLD, "served_until": NOW + timedelta(days=left)}
        (alert,) = told([one], standing(one, state="failed", reason="nginx -t failed.", **served))
        keys.append(alert["key"])
        assert alert["kind"] == "deploy_failed"
        assert alert["severity"] == "critical"
        assert alert["text"].startswith("nginx -t failed. What it has is valid until")
    assert [key.split(" ")[-1] for key in keys] == ["first", "45", "30", "3"]


def test_a_silent_host_is_told_of_only_when_it_lacks_something() -> None:
    one, two = make_certificate(1), make_certificate(2)
    assert told([one], standing(one, state="unreachable")) == []
    (alert,) = told([one, two], standing(one, state="unreachable", **OLD), standing(two, state="unreachable", **OLD))
    assert (alert["kind"], alert["severity"]) == ("host_unreachable", "warning")
    assert alert["title"] == "web does not answer, so that it lacks host-1.example.com, host-2.example.com"
    (alert,) = told([one], standing(one, state="unreachable", served_serial=None, served_until=None))
    assert "It is not known what the host serves." in alert["text"]


def test_an_entry_that_acm_does_not_know() -> None:
    gone = plan.Standing(
        "web", "www.example.com", None, "www.example.com", "left_out", None, None, None, reason="None."
    )
    (alert,) = told([], gone, gone._replace(host="web-2"))
    assert (alert["kind"], alert["hosts"]) == ("not_issued", ["web", "web-2"])
    assert "certificate_arn" not in alert


def test_forced_in_vain() -> None:
    (alert,) = told([make_certificate()], forced_in_vain=[(arn(1), "The CA is DISABLED.")])
    assert (alert["kind"], alert["domain_name"]) == ("renewal_failed", "host-1.example.com")
    assert alert["text"].startswith("The CA is DISABLED.")


@pytest.mark.parametrize(("hours", "is_told"), [(47, False), (49, True)])
def test_stalled(hours: int, is_told: bool) -> None:
    found = told([], last_sweep_at=NOW - timedelta(hours=hours))
    assert [alert["kind"] for alert in found] == (["run_missed"] if is_told else [])


def test_resolved() -> None:
    """A trouble is over when its subject has none; the next notice of the same expiry does not end the one before."""
    now = told([make_certificate(1, left=28), make_certificate(2)])
    keys = [
        f"expiring {arn(1)} 01 45",
        f"expiring {arn(1)} 01 30",
        f"expiring {arn(2)} 02 45",
        f"deployed {arn(2)} 02 web",
        "host_unreachable web 01 first",
    ]
    assert alerts.resolved(now, keys) == [keys[2], keys[4]]
