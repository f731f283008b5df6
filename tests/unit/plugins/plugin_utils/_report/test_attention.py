# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.plugin_utils._report import attention, fleet
from ansible_collections.certops.acm.tests.support import report_fleet
from ansible_collections.certops.acm.tests.support.report_fleet import NOW, iso

LABEL = "eu-central-1"
IN_USE = {"in_use_by": ["arn:aws:cloudfront::111122223333:distribution/E1"]}
UNUSED: dict[str, Any] = {"in_use_by": []}
IMPORTED = {"type": "IMPORTED", "renewal_eligibility": "INELIGIBLE"}
FINDING = {
    "domain_name": "www0.example.com",
    "reason": "DNS has no such record.",
    "remedy": "Publish it.",
    "problem": "record_missing",
}
OPEN = {**report_fleet.certificate(0)["domain_validation_options"][0], "validation_status": "PENDING_VALIDATION"}
RECORD = OPEN["resource_record"]


def ends(**within: float) -> dict[str, str]:
    return {"not_before": iso(NOW - timedelta(days=180)), "not_after": iso(NOW + timedelta(**within))}


def found(
    *changes: dict[str, Any], hosts: Any = (), looks: Any = None, runs: Any = (), connections: Any = ()
) -> list[Any]:
    told = [report_fleet.certificate(3 * number, **each) for number, each in enumerate(changes)]
    certificates = fleet.certificates([{"label": LABEL, "certificates": told}], None, NOW)
    made = fleet.hosts(dict(hosts), looks or {}, certificates)
    return attention.items(certificates, made, connections, runs, NOW)


def kinds(items: list[Any]) -> list[tuple[str, str]]:
    return [(item["severity"], item["kind"]) for item in items]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        (ends(days=59), []),
        ({**ends(days=20), **IN_USE}, [("warning", "expiring")]),
        ({**ends(days=6), **IN_USE}, [("critical", "expiring")]),
        ({**ends(days=20), **UNUSED, "renewal_eligibility": "INELIGIBLE"}, [("notice", "expiring")]),
        ({**ends(days=31), **IN_USE, **IMPORTED}, []),
        ({**ends(days=29), **IN_USE, **IMPORTED}, [("warning", "expiring")]),
        ({**ends(days=-1), **IN_USE}, [("critical", "expired")]),
        ({**ends(days=-1), **UNUSED}, []),
        ({"status": "PENDING_VALIDATION", "not_after": None}, [("warning", "pending")]),
        ({"status": "FAILED", "created_at": iso(NOW), **UNUSED}, [("warning", "not_issued")]),
        ({"status": "FAILED", "created_at": iso(NOW - timedelta(days=99)), **UNUSED}, []),
        ({"status": "REVOKED", **IN_USE}, [("critical", "not_issued")]),
        ({"renewal_summary": {"renewal_status": "FAILED"}}, [("critical", "renewal_failed")]),
        (
            {"renewal_summary": {"renewal_status": "PENDING_VALIDATION", "domain_validation_options": [OPEN]}},
            [("warning", "action_required")],
        ),
        ({"renewal_summary": {"renewal_status": "PENDING_AUTO_RENEWAL"}}, []),
        ({"diagnosis": [FINDING]}, [("warning", "renewal_blocked")]),
        # 47 days: nothing needs attention before ACM should have renewed it
        ({"not_before": iso(NOW - timedelta(days=36)), "not_after": iso(NOW + timedelta(days=11)), **IN_USE}, []),
        (
            {"not_before": iso(NOW - timedelta(days=41)), "not_after": iso(NOW + timedelta(days=6)), **IN_USE},
            [("critical", "expiring")],
        ),
    ],
)
def test_what_needs_a_person(changes: dict[str, Any], expected: list[Any]) -> None:
    items = found(changes)
    assert kinds(items) == expected
    assert all(item["remedy"] and item["title"] for item in items)


def test_a_replaced_and_unused_certificate_expires_without_attention() -> None:
    first = {**ends(days=10), **UNUSED, **IMPORTED}
    successor = {
        "subject_alternative_names": ["www0.example.com", "*.www0.example.com"],
        "domain_name": "www0.example.com",
    }
    assert kinds(found(first)) == [("notice", "expiring")]
    assert found(first, successor) == []
    assert kinds(found({**first, **IN_USE}, successor)) == [("warning", "expiring")]


def test_a_failed_request_that_later_succeeded_needs_no_attention() -> None:
    why = "The request for www0.example.com failed with CAA_ERROR: CAA records do not allow Amazon to issue."
    failed = {"status": "FAILED", "created_at": iso(NOW), **UNUSED}
    failed["diagnosis"] = [{**FINDING, "problem": "ended", "reason": why}]
    (item,) = found(failed)
    assert item["text"] == why
    names = {"subject_alternative_names": ["www0.example.com", "*.www0.example.com"], "domain_name": "www0.example.com"}
    assert found(failed, names) == []


def test_the_record_to_publish_and_the_mail_to_approve() -> None:
    (item,) = found({"status": "PENDING_VALIDATION", "domain_validation_options": [OPEN], "diagnosis": [FINDING]})
    assert item["records"] == [RECORD] and item["remedy"] == "Publish it."
    mail = {**OPEN, "resource_record": None, "validation_method": "EMAIL", "validation_emails": ["admin@example.com"]}
    (item,) = found({"status": "PENDING_VALIDATION", "domain_validation_options": [mail]})
    assert item["emails"] == ["admin@example.com"] and item["remedy"].startswith("Open the link in ACM's mail")


def test_the_most_urgent_comes_first() -> None:
    items = found(
        {**ends(days=20), **IN_USE}, {**ends(days=5), **IN_USE}, {**ends(days=3), **IN_USE}, {**ends(days=18), **IN_USE}
    )
    assert [item["title"].split(" ")[0] for item in items] == [f"www{number}.example.com" for number in (6, 3, 9, 0)]


def test_texts_do_not_change_from_day_to_day() -> None:
    """So that a report of the same facts is not a change."""
    told = [report_fleet.certificate(0, **ends(days=20), **IN_USE)]
    reads = [{"label": LABEL, "certificates": told}]
    first, second = (
        attention.items(fleet.certificates(reads, None, now), [], [], [], now) for now in (NOW, NOW + timedelta(days=1))
    )
    assert first == second != []


WEB = {"web-1": report_fleet.host([0, 3]), "web-2": report_fleet.host([0, 3])}


def test_one_fault_on_many_hosts_is_one_item() -> None:
    looks = {name: report_fleet.look([0, 3], outdated=True) for name in WEB}
    (item,) = found({}, {}, hosts=WEB, looks=looks)
    assert item["title"] == "2 hosts serve an earlier certificate for www0.example.com and 1 more"
    assert item["hosts"] == ["web-1", "web-2"] and len(item["certificates"]) == 2
    assert "Run certops.acm.deploy for these hosts" in item["remedy"]


def test_hosts_that_did_not_answer_are_one_item_for_each_reason() -> None:
    looks = {name: {"unreachable": True, "msg": f"{name} does not answer"} for name in WEB}
    (item,) = found({}, {}, hosts=WEB, looks=looks)
    assert (item["title"], item["text"]) == ("2 hosts could not be checked", "… does not answer")


def test_excluded_hosts_need_no_attention() -> None:
    assert found({}, {}, hosts=WEB) == []


def test_a_certificate_that_acm_does_not_have() -> None:
    (item,) = found({}, hosts={"web-1": report_fleet.host([0, 3])})
    assert (item["severity"], item["title"]) == ("critical", "ACM has no valid certificate for www3.example.com")


def test_a_port_without_an_answer() -> None:
    look = {"served": [{"reachable": False, "error": "localhost port 443 refuses connections."}]}
    (item,) = found({}, hosts={"web-1": report_fleet.host([0])}, looks={"web-1": look})
    assert item["title"] == "www0.example.com is not served on web-1"
    assert item["text"] == "nginx, port 443. localhost port 443 refuses connections."


def test_failed_reads_of_acm_and_runs_that_have_stopped() -> None:
    items = found(
        connections=[{"label": LABEL, "error": "Access denied."}, {"label": "x", "error": None}],
        runs=[{"what": "", "at": iso(NOW - timedelta(hours=49))}, {"what": "b", "at": iso(NOW)}],
    )
    assert kinds(items) == [("critical", "not_read"), ("warning", "stalled")]
