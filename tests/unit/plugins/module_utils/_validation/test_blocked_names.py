# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What blocks a certificate or its renewal, name by name, and what to do about it."""

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._validation import blocked_names, proof_records
from ansible_collections.certops.acm.tests.support.descriptions import APEX, MAIL, REDIRECT, WWW, detail, option
from hypothesis import given, strategies


def test_every_pending_name_says_what_it_is_waiting_for() -> None:
    found = blocked_names.find(
        detail(
            option("done.example.com", APEX, ValidationStatus="SUCCESS"),
            option("example.com", APEX),
            option("new.example.com"),
            option("mail.example.com", ValidationMethod="EMAIL", ValidationEmails=MAIL),
            option("www.example.com", ValidationMethod="HTTP", HttpRedirect=REDIRECT),
            option("web.example.com", ValidationMethod="HTTP"),
        )
    )
    assert [(item["domain_name"], item["method"], item["status"]) for item in found] == [
        ("example.com", "DNS", "PENDING_VALIDATION"),
        ("new.example.com", "DNS", "PENDING_VALIDATION"),
        ("mail.example.com", "EMAIL", "PENDING_VALIDATION"),
        ("www.example.com", "HTTP", "PENDING_VALIDATION"),
        ("web.example.com", "HTTP", "PENDING_VALIDATION"),
    ]
    assert [item["reason"] for item in found] == [
        "example.com is waiting for the CNAME record _a.example.com. with the value _1.acm-validations.aws. in public "
        "DNS.",
        "new.example.com is waiting for ACM to provide its DNS record.",
        "mail.example.com is waiting for approval through ACM's mail to administrator@example.com, "
        "hostmaster@example.com.",
        f"www.example.com is waiting for {REDIRECT['RedirectFrom']} to redirect (302) to {REDIRECT['RedirectTo']}.",
        "web.example.com is waiting for ACM to provide its redirect.",
    ]


def test_nothing_blocks_an_issued_certificate() -> None:
    assert blocked_names.find(detail(option("example.com", APEX, ValidationStatus="SUCCESS"), Status="ISSUED")) == []
    assert blocked_names.find({"Status": "ISSUED", "Type": "IMPORTED"}) == []
    assert blocked_names.find({}) == []


def test_all_names_validated_but_not_issued_points_to_caa() -> None:
    (item,) = blocked_names.find(detail(option("example.com", APEX, ValidationStatus="SUCCESS")))
    assert "CAA" in item["reason"]


@pytest.mark.parametrize("code", sorted(blocked_names.FAILURES))
def test_every_failure_has_a_sentence(code: str) -> None:
    (item,) = blocked_names.find(detail(Status="FAILED", FailureReason=code))
    assert code in item["reason"] and blocked_names.FAILURES[code] in item["reason"]


def test_the_failures_are_those_of_acm() -> None:
    botocore_session = pytest.importorskip("botocore.session")
    shape = botocore_session.get_session().get_service_model("acm").shape_for("FailureReason")
    assert set(shape.enum) <= set(blocked_names.FAILURES)


def test_a_failure_lists_the_names_that_failed() -> None:
    one = detail(
        option("example.com", APEX, ValidationStatus="SUCCESS"),
        option("www.example.com", WWW, ValidationStatus="FAILED"),
        Status="FAILED",
        FailureReason="CAA_ERROR",
    )
    assert [item["domain_name"] for item in blocked_names.find(one)] == ["www.example.com"]
    assert blocked_names.find({"Status": "FAILED", "FailureReason": "NEW_ONE"})[0]["status"] == "FAILED"


@pytest.mark.parametrize("code", sorted([*blocked_names.FAILURES, "NEW_ONE"]))
def test_a_failure_and_its_remedy_are_given_once_for_all_names(code: str) -> None:
    names = ["host.internal", "corp.local", "printer.local", "a.home.arpa", "b.home.arpa"]
    one = detail(*[option(name, WWW, ValidationStatus="FAILED") for name in names], Status="FAILED", FailureReason=code)
    said = blocked_names.explain(one)
    assert said.startswith(
        f"The request for host.internal, corp.local, printer.local and 2 more failed with {code}: "
    ) and said.endswith(f"{blocked_names.FAILURES.get(code, blocked_names.UNKNOWN_FAILURE)}.")


def test_timed_out() -> None:
    one = detail(option("example.com", APEX), Status="VALIDATION_TIMED_OUT")
    (item,) = blocked_names.find(one)
    assert "not validated within 72 hours" in item["reason"] and "_a.example.com." in item["reason"]
    (item,) = blocked_names.find({"Status": "VALIDATION_TIMED_OUT", "DomainName": "example.com"})
    assert "72 hours" in item["reason"]


@pytest.mark.parametrize("status", ["EXPIRED", "REVOKED", "INACTIVE"])
def test_ended_certificates_are_reported_as_such(status: str) -> None:
    (item,) = blocked_names.find(detail(Status=status))
    assert status in item["reason"]


@pytest.mark.parametrize(
    "status, blocked", [("PENDING_VALIDATION", 1), ("FAILED", 1), ("SUCCESS", 0), ("PENDING_AUTO_RENEWAL", 0)]
)
def test_a_renewal_that_is_stuck(status: str, blocked: int) -> None:
    one = detail(
        option("example.com", APEX, ValidationStatus="SUCCESS"),
        Status="ISSUED",
        RenewalSummary={"RenewalStatus": status, "DomainValidationOptions": [option("example.com", APEX)]},
    )
    assert len(blocked_names.find(one)) == blocked


@pytest.mark.parametrize(
    ("summary", "sentence"),
    [
        (
            {"RenewalStatus": "PENDING_AUTO_RENEWAL", "RenewalStatusReason": "PCA_ACCESS_DENIED"},
            "The renewal of example.com is held up by PCA_ACCESS_DENIED: ACM is not allowed to use the private CA",
        ),
        ({"RenewalStatus": "FAILED", "RenewalStatusReason": "PCA_INVALID_STATE"}, "failed with PCA_INVALID_STATE"),
        ({"RenewalStatus": "FAILED"}, "failed with OTHER"),
        ({"RenewalStatus": "PENDING_AUTO_RENEWAL"}, None),
        ({"RenewalStatus": "SUCCESS", "RenewalStatusReason": "OTHER"}, None),
        ({}, None),
    ],
)
def test_a_renewal_that_is_not_blocked_by_any_name(summary: dict[str, str], sentence: t.Optional[str]) -> None:
    one = {"DomainName": "example.com", "Status": "ISSUED", "Type": "PRIVATE", "RenewalSummary": summary}
    found = blocked_names.find(one)
    assert len(found) == (sentence is not None)
    if sentence:
        assert sentence in found[0]["reason"] and found[0]["status"] == summary["RenewalStatus"]
    assert blocked_names.find({**one, "Status": "EXPIRED"})[0]["status"] == "EXPIRED"


def test_the_text_for_an_error_message_is_limited() -> None:
    one = detail(*[option(f"n{number}.example.com", APEX) for number in range(100)])
    text = blocked_names.explain(one)
    assert text.startswith("n0.example.com is waiting for") and text.endswith("And 95 more.")
    assert blocked_names.explain(detail(Status="ISSUED")) == ""


MEMBERS = strategies.fixed_dictionaries(
    {},
    optional={
        "DomainName": strategies.just("example.com"),
        "Status": strategies.sampled_from([*proof_records.ALIVE, "FAILED", "VALIDATION_TIMED_OUT", "EXPIRED", "NEW"]),
        "Type": strategies.sampled_from(["AMAZON_ISSUED", "PRIVATE", "IMPORTED"]),
        "FailureReason": strategies.sampled_from([*blocked_names.FAILURES, "NEW"]),
        "RenewalSummary": strategies.fixed_dictionaries({"RenewalStatus": strategies.just("FAILED")}),
        "DomainValidationOptions": strategies.lists(
            strategies.fixed_dictionaries(
                {"DomainName": strategies.just("www.example.com")},
                optional={
                    "ValidationMethod": strategies.sampled_from(["DNS", "EMAIL", "HTTP", "NEW"]),
                    "ValidationStatus": strategies.sampled_from(["SUCCESS", "FAILED", "PENDING_VALIDATION"]),
                    "ResourceRecord": strategies.just(WWW),
                    "HttpRedirect": strategies.just(REDIRECT),
                },
            )
        ),
    },
)


@given(MEMBERS)
def test_any_member_may_be_absent(one: dict[str, t.Any]) -> None:
    before = copy.deepcopy(one)
    for item in blocked_names.find(one):
        assert item["reason"].endswith(".")
    proof_records.records(one), blocked_names.explain(one), proof_records.has_records(one)
    assert one == before
