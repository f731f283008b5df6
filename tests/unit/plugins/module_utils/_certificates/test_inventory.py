# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding and reading certificates: the exact requests, and how many of them."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.certops.acm.plugins.module_utils._certificates import inventory
from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import Certificate
from ansible_collections.certops.acm.plugins.module_utils._rules.key_algorithms import KEY_ALGORITHMS
from ansible_collections.certops.acm.plugins.module_utils._door.acm import AcmError
from ansible_collections.certops.acm.plugins.module_utils._certificates.inventory import Query
from ansible_collections.certops.acm.tests.support.scripted_acm import Fleet, ScriptedAcm, arn

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
SIZES = [10, 2500]
PENDING = {"Filter": {"AcmCertificateMetadataFilter": {"Status": "PENDING_VALIDATION"}}}


def named(name: str) -> dict[str, t.Any]:
    condition = {"DnsName": {"Value": name, "ComparisonOperator": "EQUALS"}}
    return {"Filter": {"X509AttributeFilter": {"SubjectAlternativeName": condition}}}


def test_everything_is_found_in_one_search() -> None:
    acm = ScriptedAcm(
        ("SearchCertificates", {"MaxResults": 500}, {"Results": [{"CertificateArn": arn(1)}], "NextToken": "more"}),
        ("SearchCertificates", {"MaxResults": 500, "NextToken": "more"}, {"Results": [{"CertificateArn": arn(2)}]}),
    )
    assert {one.arn for one in inventory.find(acm, Query(), NOW)} == {arn(1), arn(2)}
    acm.check_is_done()


@pytest.mark.parametrize(
    "answer",
    [
        *(AcmError("SearchCertificates", code, "no") for code in ("AccessDeniedException", "UnknownOperation", "500")),
        {},  # of no certificates, or not from ACM
    ],
    ids=str,
)
def test_without_search_the_list_is_used(answer: t.Any) -> None:
    wanted = {
        "MaxItems": 1000,
        "Includes": {"keyTypes": list(KEY_ALGORITHMS)},
        "CertificateKeyPairOrigins": ["AWS_MANAGED", "ACME", "CUSTOMER_PROVIDED"],
    }
    of_n2 = {**wanted, "RootHierarchyTypes": ["N2_AMAZON_MANAGED", "N2_SFG2_AMAZON_MANAGED"]}
    first = {"CertificateArn": arn(1), "DomainName": "a.example.com"}
    second = {"CertificateArn": arn(2), "DomainName": "n2.example.com", "RootHierarchyType": "N2_AMAZON_MANAGED"}
    acm = ScriptedAcm(
        ("SearchCertificates", {"MaxResults": 500}, answer),
        ("ListCertificates", wanted, {"CertificateSummaryList": [first]}),
        ("ListCertificates", of_n2, {"CertificateSummaryList": [second, first]}),  # where the filter is not known
    )
    assert {one.domain_name for one in inventory.find(acm, Query(), NOW)} == {"a.example.com", "n2.example.com"}
    acm.check_is_done()


@pytest.mark.parametrize(
    ("types", "calls"), [(("IMPORTED",), 1), (("PRIVATE", "IMPORTED"), 1), (("AMAZON_ISSUED",), 2), (None, 2)]
)
def test_amazon_n2_costs_a_call_only_where_it_may_be(types: tuple[str, ...] | None, calls: int) -> None:
    acm = Fleet(0, can_search=False)
    assert inventory.listing(acm, Query(types=types), NOW) == []
    assert acm.counts["ListCertificates"] == calls


@pytest.mark.parametrize("code", ["ThrottlingException", "EndpointConnectionError", "NoCredentialsError"])
def test_a_failed_search_does_not_count_as_an_unsupported_one(code: str) -> None:
    acm = ScriptedAcm(("SearchCertificates", {"MaxResults": 500}, AcmError("SearchCertificates", code, "no")))
    with pytest.raises(AcmError, match=code):
        inventory.find(acm, Query(), NOW)


def test_a_name_is_also_searched_for_among_pending_requests() -> None:
    statement = inventory.search_filter(Query(names=("www.example.com",)), NOW)
    assert statement == {"Or": [named("www.example.com"), PENDING]}
    statement = inventory.search_filter(Query(names=("Www.example.com",), covering=True), NOW)
    assert statement == {"Or": [named("www.example.com"), named("*.example.com"), PENDING]}


def test_conditions_are_combined() -> None:
    query = Query(
        statuses=("ISSUED", "EXPIRED"),
        types=("PRIVATE",),
        key_algorithms=("RSA_2048",),
        is_in_use=False,
        was_exported=True,
        export="ENABLED",
        expires_within=timedelta(days=30),
    )

    def metadata(member: str, value: t.Any) -> dict[str, t.Any]:
        return {"Filter": {"AcmCertificateMetadataFilter": {member: value}}}

    assert inventory.search_filter(query, NOW) == {
        "And": [
            {
                "Or": [
                    metadata("Status", "ISSUED"),
                    metadata("Status", "EXPIRED"),
                    {"Filter": {"X509AttributeFilter": {"NotAfter": {"End": NOW}}}},
                ]
            },
            metadata("Type", "PRIVATE"),
            {"Filter": {"X509AttributeFilter": {"KeyAlgorithm": "RSA_2048"}}},
            metadata("ExportOption", "ENABLED"),
            metadata("InUse", False),
            metadata("Exported", True),
            {"Filter": {"X509AttributeFilter": {"NotAfter": {"Start": NOW, "End": NOW + timedelta(days=30)}}}},
        ]
    }


def test_many_names_are_searched_in_groups_and_very_many_by_listing_everything() -> None:
    names = tuple(f"www{number:03}.example.com" for number in range(150))
    terms = [*map(named, names), PENDING]
    assert inventory.search_filter(Query(any_names=names[:14]), NOW) == {"Or": [*terms[:14], PENDING]}
    assert inventory.search_filter(Query(any_names=names[:15]), NOW) == {"Or": [{"Or": terms[:15]}, PENDING]}
    assert inventory.search_filter(Query(any_names=names[:149]), NOW) == {
        "Or": [{"Or": [*terms[:149], PENDING][start : start + 15]} for start in range(0, 150, 15)]
    }
    assert inventory.search_filter(Query(any_names=names), NOW) is None


def test_a_pending_request_listed_without_its_names_is_described() -> None:
    pending = {
        "CertificateArn": arn(1),
        "CertificateMetadata": {"AcmCertificateMetadata": {"Status": "PENDING_VALIDATION", "Type": "AMAZON_ISSUED"}},
    }
    acm = ScriptedAcm(
        (
            "SearchCertificates",
            {"MaxResults": 500, "FilterStatement": {"Or": [named("a.example.com"), PENDING]}},
            {"Results": [pending]},
        ),
        (
            "DescribeCertificate",
            {"CertificateArn": arn(1)},
            {"Certificate": {"CertificateArn": arn(1), "DomainName": "a.example.com", "Status": "PENDING_VALIDATION"}},
        ),
    )
    assert [one.arn for one in inventory.find(acm, Query(names=("a.example.com",)), NOW)] == [arn(1)]
    acm.check_is_done()


def test_a_certificate_deleted_between_list_and_describe() -> None:
    gone = AcmError("DescribeCertificate", "ResourceNotFoundException", "gone")
    acm = ScriptedAcm(
        ("DescribeCertificate", {"CertificateArn": arn(1)}, gone),
        ("DescribeCertificate", {"CertificateArn": arn(2)}, {"Certificate": {"CertificateArn": arn(2)}}),
    )
    assert [one.arn for one in inventory.described(acm, [Certificate(arn(1)), Certificate(arn(2))])] == [arn(2)]


def test_other_failures_of_describe_are_reported() -> None:
    acm = ScriptedAcm(
        ("DescribeCertificate", {"CertificateArn": arn(1)}, AcmError("DescribeCertificate", "AccessDenied", "no")),
    )
    with pytest.raises(AcmError, match="AccessDenied"):
        inventory.describe_each(acm, [arn(1)])


def one(**facts: t.Any) -> Certificate:
    return Certificate(arn(1), **{"status": "ISSUED", "type": "AMAZON_ISSUED", **facts})


@pytest.mark.parametrize(
    ("query", "facts", "wanted"),
    [
        (Query(names=("WWW.example.com.",)), {"domain_name": "www.example.com"}, True),
        (
            Query(names=("www.example.com",)),
            {"domain_name": "x.test.com", "alternative_names": ("www.example.com",)},
            True,
        ),
        (Query(names=("www.example.com",)), {"domain_name": "*.example.com"}, False),
        (Query(names=("www.example.com",), covering=True), {"domain_name": "*.example.com"}, True),
        (Query(names=("a.www.example.com",), covering=True), {"domain_name": "*.example.com"}, False),
        (Query(names=("example.com",), covering=True), {"domain_name": "*.example.com"}, False),
        (Query(names=("a.example.com", "b.example.com")), {"domain_name": "a.example.com"}, False),
        (Query(statuses=("EXPIRED", "FAILED")), {}, False),
        (Query(statuses=("ISSUED",)), {"not_after": NOW + timedelta(days=1)}, True),
        (Query(statuses=("ISSUED",)), {"not_after": NOW - timedelta(days=1)}, False),
        (Query(statuses=("EXPIRED",)), {"not_after": NOW - timedelta(days=1)}, True),
        (Query(statuses=("EXPIRED",)), {"not_after": NOW - timedelta(days=1), "status": "REVOKED"}, False),
        (Query(types=("AMAZON_ISSUED",)), {}, True),
        (Query(key_algorithms=("EC_prime256v1",)), {"key_algorithm": "RSA_2048"}, False),
        (Query(is_in_use=False), {"is_in_use": False}, True),
        (Query(is_in_use=False), {"is_in_use": None}, False),
        (Query(was_exported=False), {"was_exported": None}, True),
        (Query(was_exported=True), {"was_exported": None}, False),
        (Query(export="DISABLED"), {"export": None}, True),
        (Query(renewal_eligibility="ELIGIBLE"), {"renewal_eligibility": None}, False),
        (Query(expires_within=timedelta(days=30)), {"not_after": NOW + timedelta(days=29)}, True),
        (Query(expires_within=timedelta(days=30)), {"not_after": NOW + timedelta(days=31)}, False),
        (Query(expires_within=timedelta(days=30)), {"not_after": NOW - timedelta(days=1)}, False),
        (Query(expires_within=timedelta(days=30)), {"not_after": None}, False),
    ],
)
def test_satisfies(query: Query, facts: dict[str, t.Any], wanted: bool) -> None:
    assert inventory.satisfies(one(**facts), query, NOW) is wanted


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("can_search", [True, False])
def test_number_of_calls_to_list_everything(size: int, can_search: bool) -> None:
    acm = Fleet(size, can_search=can_search)
    assert len(inventory.find(acm, Query(), NOW)) == size
    if can_search:
        assert acm.counts == {"SearchCertificates": max(1, size // 500)}
    else:
        assert acm.counts == {"SearchCertificates": 1, "ListCertificates": -(-size // 1000) + 1}  # and Amazon N2


@pytest.mark.parametrize("can_search", [True, False])
def test_the_date_decides_what_has_expired_whatever_acm_says(can_search: bool) -> None:
    acm = Fleet(4, can_search=can_search)
    for number, status in enumerate(("ISSUED", "EXPIRED", "INACTIVE")):
        acm.details[arn(number)].update(Status=status, NotAfter=NOW - timedelta(days=1))
    found = {
        status: {one.arn for one in inventory.find(acm, Query(statuses=(status,)), NOW)}
        for status in ("ISSUED", "EXPIRED")
    }
    assert found == {"ISSUED": {arn(3)}, "EXPIRED": {arn(0), arn(1)}}


def test_every_key_type_is_listed() -> None:
    acm = Fleet(3, can_search=False)
    acm.details[arn(1)]["KeyAlgorithm"] = "EC_secp384r1"
    assert len(inventory.find(acm, Query(), NOW)) == 3


@pytest.mark.parametrize("size", SIZES)
def test_tags_of_many_are_read_a_hundred_per_call(size: int) -> None:
    acm = Fleet(size)
    tags = inventory.tags_of(acm, list(acm.details))
    assert tags == acm.tags
    assert acm.counts == {"GetResources": -(-size // 100)}


def test_tags_of_a_few_are_read_from_acm_itself() -> None:
    acm = Fleet(3)
    assert inventory.tags_of(acm, [arn(1), arn(2), arn(1)]) == {arn(1): acm.tags[arn(1)], arn(2): acm.tags[arn(2)]}
    assert acm.counts == {"ListTagsForCertificate": 2}


@pytest.mark.parametrize("acm", [Fleet(5, can_tag=False), Fleet(5, is_authority=True)])
def test_without_a_tagging_api_acm_itself_is_asked(acm: Fleet) -> None:
    assert inventory.tags_of(acm, list(acm.details)) == acm.tags
    assert acm.counts["ListTagsForCertificate"] == 5
    assert inventory.tagged(acm, {"number": "1"}) is None


def test_a_certificate_without_tags() -> None:
    acm = Fleet(4)
    del acm.tags[arn(2)]
    assert inventory.tags_of(acm, list(acm.details))[arn(2)] == {}


def test_tagged() -> None:
    acm = Fleet(250)
    assert set(inventory.tagged(acm, {"number": "7", "fleet": None}) or ()) == {arn(7)}
    assert acm.counts == {"GetResources": 1}
    assert len(inventory.tagged(acm, {"fleet": "blue"}) or ()) == 250
    assert acm.counts == {"GetResources": 4}
