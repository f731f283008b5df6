# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One shape for the answers of three operations, and the return values made from it."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.certops.acm.plugins.module_utils._certificates import certificate
from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import (
    Certificate,
    as_result,
    from_detail,
    from_list,
    from_search,
    newest,
)
from ansible_collections.certops.acm.tests.support.scripted_acm import Fleet, arn

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
ARN = arn(1)


def detail(**members: t.Any) -> dict[str, t.Any]:
    return {**Fleet(2).details[ARN], **members}


def test_result_is_spelled_as_ansible_users_expect() -> None:
    result = as_result(
        detail(
            KeyAlgorithm="RSA-2048",
            CreatedAt=datetime(2026, 11, 23, 18, 51, 0, 123456, tzinfo=timezone(timedelta(hours=2))),
            InUseBy=["arn:aws:elasticloadbalancing:…"],
            ExtendedKeyUsages=[{"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"}],
            UpdateSummary={"DomainValidationMethodUpdateSummary": {"From": "EMAIL", "To": "DNS"}},
        ),
        {"a": "b"},
    )
    assert result["certificate_arn"] == ARN
    assert result["key_algorithm"] == "RSA_2048"
    assert result["created_at"] == "2026-11-23T16:51:00Z"
    assert result["in_use_by"] == ["arn:aws:elasticloadbalancing:…"]
    assert result["extended_key_usages"] == [{"name": "TLS_WEB_SERVER_AUTHENTICATION", "oid": "1.3.6.1.5.5.7.3.1"}]
    assert result["options"] == {"certificate_transparency_logging_preference": "ENABLED", "export": "DISABLED"}
    assert result["update_summary"] == {"domain_validation_method_update_summary": {"from": "EMAIL", "to": "DNS"}}
    assert result["domain_validation_options"][0]["resource_record"]["name"].startswith("_a79865eb4cd1a6ab.")
    assert result["validation_method"] == "DNS"
    assert result["tags"] == {"a": "b"}


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("CertificateArn", "certificate_arn"),
        ("DNSName", "dns_name"),
        ("OID", "oid"),
        ("CertificateTransparencyLoggingPreference", "certificate_transparency_logging_preference"),
        ("keyTypes", "key_types"),
    ],
)
def test_keys(key: str, wanted: str) -> None:
    assert list(as_result({key: 1}))[0] == wanted


@pytest.mark.parametrize("member", sorted(detail()))
def test_every_member_may_be_missing(member: str) -> None:
    lacking = {name: value for name, value in detail().items() if name != member}
    assert as_result(lacking)["in_use_by"] == []
    one = from_detail(lacking)
    assert one.result()["in_use_by"] == []
    one.is_live(NOW)
    newest([one, from_detail({})], NOW)


def test_empty_answers_of_every_kind() -> None:
    for one in (from_detail({}), from_list({}), from_search({})):
        assert one.arn == ""
        assert one.names == frozenset()
        assert not one.is_live(NOW)
    assert from_list({}).names_are_complete is False
    assert from_search({}).names_are_complete is False
    assert as_result({}) == {"in_use_by": []}


def test_tags_are_left_out_when_they_were_not_read() -> None:
    assert "tags" not in as_result(detail())
    assert "tags" not in from_detail(detail()).result()
    assert as_result(detail(), {})["tags"] == {}


def test_search_list_and_describe_agree() -> None:
    fleet = Fleet(2)
    searched = from_search(fleet.call("SearchCertificates")["Results"][1])
    listed = from_list(fleet.call("ListCertificates")["CertificateSummaryList"][1])
    described = from_detail(fleet.details[ARN])
    for field in (
        "arn",
        "domain_name",
        "names",
        "status",
        "type",
        "key_algorithm",
        "export",
        "is_in_use",
        "renewal_eligibility",
        "created_at",
        "not_before",
        "not_after",
    ):
        assert getattr(searched, field) == getattr(listed, field) == getattr(described, field), field
    assert searched.serial == described.serial
    assert searched.issuer == "Amazon"
    common = set(searched.result()) & set(described.result())
    assert {key: searched.result()[key] for key in common if key != "options"} == {
        key: described.result()[key] for key in common if key != "options"
    }


def test_truncated_or_missing_names_are_recognised() -> None:
    assert not from_list({"DomainName": "a.example.com"}).names_are_complete
    assert not from_list(
        {
            "DomainName": "a.example.com",
            "SubjectAlternativeNameSummaries": ["a.example.com"],
            "HasAdditionalSubjectAlternativeNames": True,
        }
    ).names_are_complete
    assert not from_search({"CertificateArn": ARN, "X509Attributes": {}}).names_are_complete


def test_names_are_compared_regardless_of_case_and_order() -> None:
    one = Certificate(ARN, "WWW.Example.com", ("b.example.com", "www.example.com"))
    assert one.names == {"www.example.com", "b.example.com"}
    assert Certificate(ARN, "not an Ä name..").names == {"not an ä name.."}


@pytest.mark.parametrize(
    ("status", "days_left", "valid", "live"),
    [
        ("ISSUED", 10, True, True),
        ("ISSUED", -1, False, False),
        ("ISSUED", None, True, True),
        ("PENDING_VALIDATION", None, False, True),
        ("EXPIRED", -1, False, False),
        ("REVOKED", 10, False, False),
        ("FAILED", None, False, False),
        ("VALIDATION_TIMED_OUT", None, False, False),
        ("INACTIVE", 10, False, False),
        (None, None, False, False),
    ],
)
def test_validity_depends_on_the_date_as_well_as_the_status(
    status: t.Optional[str], days_left: t.Optional[int], valid: bool, live: bool
) -> None:
    not_after = None if days_left is None else NOW + timedelta(days=days_left)
    one = Certificate(ARN, status=status, not_after=not_after)
    assert (one.is_valid(NOW), one.is_live(NOW)) == (valid, live)


def test_newest_valid_first() -> None:
    def one(number: int, status: str, age: int, days_left: int) -> Certificate:
        return Certificate(
            arn(number),
            status=status,
            created_at=NOW - timedelta(days=age),
            not_after=NOW + timedelta(days=days_left),
        )

    pending, old, new, expired = (
        one(1, "PENDING_VALIDATION", 0, 90),
        one(2, "ISSUED", 9, 9),
        one(3, "ISSUED", 3, 9),
        one(4, "ISSUED", 1, -1),
    )
    assert newest([pending, expired, old, new], NOW) == [new, old, pending, expired]


def test_a_description_keeps_what_only_a_list_shows() -> None:
    listed = certificate.from_list({"CertificateArn": ARN, "Exported": True})
    assert listed.detailed(detail()).was_exported is True
    assert listed.detailed(detail()).result()["exported"] is True
