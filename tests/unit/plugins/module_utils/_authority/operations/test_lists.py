# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ListCertificates and SearchCertificates (acm-rules §9): filters, sorting, paging."""

from __future__ import annotations

import base64
import json
import typing as t
from datetime import timedelta

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing import approvals
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from ansible_collections.certops.acm.tests.support.many_certificates import fill

SERVICE = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/1"
EC = {"keyTypes": ["EC_prime256v1"]}


def names(lab: Lab, **wanted: t.Any) -> list[str]:
    summaries = lab.acm.list_certificates(**{"Includes": EC, **wanted})["CertificateSummaryList"]
    return sorted(each["DomainName"] for each in summaries)


def found(lab: Lab, statement: t.Any = None, **wanted: t.Any) -> list[str]:
    if statement:
        wanted["FilterStatement"] = statement
    results = lab.acm.search_certificates(**wanted)["Results"]
    return [each["X509Attributes"]["Subject"]["CommonName"] for each in results]


def metadata(**wanted: t.Any) -> dict[str, t.Any]:
    return {"Filter": {"AcmCertificateMetadataFilter": wanted}}


def attribute(**wanted: t.Any) -> dict[str, t.Any]:
    return {"Filter": {"X509AttributeFilter": wanted}}


@pytest.fixture
def zoo(lab: Lab, clock: Clock, pki: t.Any) -> Lab:
    """One certificate of each kind, a minute apart."""
    made: dict[str, str] = {}

    def keep(name: str, arn: str) -> None:
        made[name] = arn
        clock.advance(minutes=1)

    keep("private.corp.test", lab.private("private.corp.test", SubjectAlternativeNames=["alias.corp.test"]))
    keep("exported.corp.test", lab.private("exported.corp.test"))
    lab.export(made["exported.corp.test"])
    keep("used.corp.test", lab.private("used.corp.test"))
    approvals.set_in_use_by(lab.authority, made["used.corp.test"], [SERVICE])
    keep("revoked.corp.test", lab.private("revoked.corp.test"))
    lab.export(made["revoked.corp.test"])
    lab.acm.revoke_certificate(CertificateArn=made["revoked.corp.test"], RevocationReason="SUPERSEDED")
    keep("pending.example.com", lab.public("pending.example.com", Options={"Export": "ENABLED"}))
    keep("x.amazonaws.com", lab.public("x.amazonaws.com"))
    keep("rsa.example.com", lab.public("rsa.example.com", KeyAlgorithm="RSA_2048"))
    keep("cloud.example.com", lab.public("cloud.example.com", ValidationMethod="HTTP", ManagedBy="CLOUDFRONT"))
    pair = pki.leaf("import.example.com")
    keep(
        "import.example.com",
        lab.acm.import_certificate(Certificate=pair.pem.encode(), PrivateKey=pair.key_pem.encode())["CertificateArn"],
    )
    lab.made = made  # type: ignore[attr-defined]
    return lab


# ---------------------------------------------------------------- ListCertificates


def test_by_default_only_rsa_up_to_2048_and_with_a_name(lab: Lab, pki: t.Any) -> None:
    lab.private()
    lab.public("rsa.example.com", KeyAlgorithm="RSA_2048")
    for pair in (
        pki.issue("old.example.com", key=pki.key("1024")),
        pki.issue("192.0.2.1", key=pki.key("2048"), names=(), addresses=("192.0.2.1",)),
    ):
        lab.acm.import_certificate(Certificate=pair.pem.encode(), PrivateKey=pair.key_pem.encode())
    listed = lab.acm.list_certificates()["CertificateSummaryList"]
    assert sorted(each["DomainName"] for each in listed) == ["old.example.com", "rsa.example.com"]
    every = lab.acm.list_certificates(Includes={"keyTypes": ["RSA_1024", "RSA_2048", "EC_prime256v1"]})
    assert len(every["CertificateSummaryList"]) == 4


def test_a_summary(zoo: Lab) -> None:
    listed = zoo.acm.list_certificates(Includes=EC)["CertificateSummaryList"]
    summary = {each["DomainName"]: each for each in listed}
    one = summary["exported.corp.test"]
    assert (one["Status"], one["Type"], one["KeyAlgorithm"], one["InUse"], one["Exported"], one["RenewalEligibility"]) == (
        "ISSUED", "PRIVATE", "EC_prime256v1", False, True, "ELIGIBLE",
    )  # fmt: skip
    assert one["HasAdditionalSubjectAlternativeNames"] is False and one["ExportOption"] == "ENABLED"
    assert summary["private.corp.test"]["SubjectAlternativeNameSummaries"] == ["private.corp.test", "alias.corp.test"]
    assert summary["used.corp.test"]["InUse"] is True
    assert "RevokedAt" in summary["revoked.corp.test"] and "RevokedAt" not in one
    assert "NotAfter" not in summary["pending.example.com"]
    rsa = zoo.acm.list_certificates()["CertificateSummaryList"]
    assert [each["KeyAlgorithm"] for each in rsa] == ["RSA-2048"]


def test_up_to_100_names_in_a_summary(lab: Lab, pki: t.Any) -> None:
    pair = pki.issue("n0.example.com", names=tuple(f"n{number}.example.com" for number in range(101)))
    lab.acm.import_certificate(Certificate=pair.pem.encode(), PrivateKey=pair.key_pem.encode())
    (summary,) = lab.acm.list_certificates(Includes=EC)["CertificateSummaryList"]
    assert len(summary["SubjectAlternativeNameSummaries"]) == 100
    assert summary["HasAdditionalSubjectAlternativeNames"] is True


@pytest.mark.parametrize(
    "wanted, expected",
    [
        ({"CertificateStatuses": ["REVOKED"]}, ["revoked.corp.test"]),
        ({"CertificateStatuses": ["FAILED", "REVOKED", "FAILED"]}, ["revoked.corp.test", "x.amazonaws.com"]),
        ({"CertificateStatuses": ["PENDING_VALIDATION"]}, ["cloud.example.com", "pending.example.com"]),
        ({"CertificateStatuses": ["INACTIVE"]}, []),
        ({"Includes": {**EC, "exportOption": "ENABLED"}, "CertificateStatuses": ["PENDING_VALIDATION"]}, ["pending.example.com"]),
        ({"Includes": {**EC, "managedBy": "CLOUDFRONT"}}, ["cloud.example.com"]),
        ({"Includes": {**EC, "keyUsage": ["KEY_ENCIPHERMENT"]}}, []),
        ({"Includes": {**EC, "extendedKeyUsage": ["TLS_WEB_CLIENT_AUTHENTICATION"]}, "CertificateStatuses": ["REVOKED"]}, ["revoked.corp.test"]),
        ({"CertificateKeyPairOrigins": ["CUSTOMER_PROVIDED"]}, ["import.example.com"]),
        ({"CertificateKeyPairOrigins": ["ACME"]}, []),
    ],
)  # fmt: skip
def test_list_filters(zoo: Lab, wanted: dict[str, t.Any], expected: list[str]) -> None:
    assert names(zoo, **wanted) == expected


@pytest.mark.parametrize("wanted", [{"SortBy": "CREATED_AT"}, {"SortOrder": "ASCENDING"}])
def test_sort_by_and_order_go_together(lab: Lab, wanted: dict[str, str]) -> None:
    lab.fails("list_certificates", "ValidationException", **wanted)


def test_pages_follow_each_other(lab: Lab) -> None:
    arns = [lab.private(f"n{number}.corp.test") for number in range(7)]
    for order in ("ASCENDING", "DESCENDING"):
        pages = lab.acm.get_paginator("list_certificates").paginate(
            Includes=EC, SortBy="CREATED_AT", SortOrder=order, PaginationConfig={"PageSize": 3}
        )
        sizes, listed = [], []
        for page in pages:
            sizes.append(len(page["CertificateSummaryList"]))
            listed += [each["CertificateArn"] for each in page["CertificateSummaryList"]]
        assert sizes == [3, 3, 1]
        assert listed == (arns if order == "ASCENDING" else arns[::-1])
    full = lab.acm.list_certificates(Includes=EC, MaxItems=7)
    assert "NextToken" not in full


def test_pages_are_stable_while_certificates_come_and_go(lab: Lab, clock: Clock) -> None:
    arns = []
    for number in range(6):
        arns.append(lab.private(f"n{number}.corp.test"))
        clock.advance(minutes=1)
    wanted = {"Includes": EC, "MaxItems": 2, "SortBy": "CREATED_AT", "SortOrder": "DESCENDING"}
    page = lab.acm.list_certificates(**wanted)
    seen = [each["CertificateArn"] for each in page["CertificateSummaryList"]]
    lab.private("new.corp.test")
    lab.acm.delete_certificate(CertificateArn=seen[1])  # the very certificate after which the token continues
    lab.acm.delete_certificate(CertificateArn=arns[2])
    while "NextToken" in page:
        page = lab.acm.list_certificates(NextToken=page["NextToken"], **wanted)
        seen += [each["CertificateArn"] for each in page["CertificateSummaryList"]]
    assert seen == [arns[5], arns[4], arns[3], arns[1], arns[0]]


def token_of(value: t.Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "token",
    ["x", "no token", token_of(["CREATED_AT", True, 1]), token_of(["CREATED_AT", False, 1, 1]), token_of(["ARN", True, 1, 1]),
     token_of(["CREATED_AT", True, 10**30, 1]), token_of(["CREATED_AT", True, "\ud800", 1]), token_of(["CREATED_AT", True, [], 1]),
     base64.urlsafe_b64encode(b"[" * 7000).decode(), token_of("abcd"), token_of(None)],
)  # fmt: skip
def test_invalid_page_tokens(lab: Lab, token: str) -> None:
    lab.fails("list_certificates", "ValidationException", NextToken=token)


@pytest.mark.parametrize(
    "operation, member, most", [("list_certificates", "MaxItems", 1000), ("search_certificates", "MaxResults", 500)]
)
def test_the_largest_page(lab: Lab, operation: str, member: str, most: int) -> None:
    getattr(lab.acm, operation)(**{member: most})
    assert str(most) in lab.fails(operation, "ValidationException", **{member: most + 1})


# ---------------------------------------------------------------- SearchCertificates


def dns_name(value: str, how: str) -> dict[str, t.Any]:
    return attribute(SubjectAlternativeName={"DnsName": {"Value": value, "ComparisonOperator": how}})


def common_name(value: str, how: str) -> dict[str, t.Any]:
    return attribute(Subject={"CommonName": {"Value": value, "ComparisonOperator": how}})


@pytest.mark.parametrize(
    "statement, expected",
    [
        (common_name("USED.corp.test", "EQUALS"), ["used.corp.test"]),
        (common_name("ported", "CONTAINS"), ["exported.corp.test"]),
        (common_name("%", "CONTAINS"), []),
        (dns_name("alias.corp.test", "EQUALS"), ["private.corp.test"]),
        (dns_name("alias", "CONTAINS"), ["private.corp.test"]),
        (dns_name("alias", "EQUALS"), []),
        (attribute(KeyAlgorithm="RSA_2048"), ["rsa.example.com"]),
        (metadata(Status="REVOKED"), ["revoked.corp.test"]),
        (metadata(Status="FAILED"), ["x.amazonaws.com"]),
        (metadata(Type="IMPORTED"), ["import.example.com"]),
        (metadata(InUse=True), ["used.corp.test"]),
        (metadata(Exported=True), ["exported.corp.test", "revoked.corp.test"]),
        (metadata(ManagedBy="CLOUDFRONT"), ["cloud.example.com"]),
        (metadata(ValidationMethod="HTTP"), ["cloud.example.com"]),
        (metadata(CertificateKeyPairOrigin="CUSTOMER_PROVIDED"), ["import.example.com"]),
        (metadata(RenewalStatus="SUCCESS"), []),
        (metadata(AcmeAccountId="0" * 36), []),
        ({"And": [metadata(Type="PRIVATE"), metadata(InUse=False), metadata(Exported=False)]}, ["private.corp.test"]),
        ({"Or": [metadata(InUse=True), metadata(Status="REVOKED")]}, ["revoked.corp.test", "used.corp.test"]),
        ({"And": [metadata(Type="AMAZON_ISSUED"), {"Not": metadata(ValidationMethod="DNS")}]}, ["cloud.example.com"]),
        ({"And": [metadata(Type="IMPORTED"), {"Not": metadata(ValidationMethod="DNS")}]}, ["import.example.com"]),
        ({"Not": {"Not": metadata(InUse=True)}}, ["used.corp.test"]),
    ],
)
def test_search_filters(zoo: Lab, statement: dict[str, t.Any], expected: list[str]) -> None:
    assert sorted(found(zoo, statement)) == expected


def test_search_by_arn_serial_usage_and_dates(zoo: Lab, clock: Clock) -> None:
    arn = zoo.made["used.corp.test"]  # type: ignore[attr-defined]
    shown = zoo.describe(arn)
    assert found(zoo, {"Filter": {"CertificateArn": arn}}) == ["used.corp.test"]
    assert found(zoo, attribute(SerialNumber=shown["Serial"])) == ["used.corp.test"]
    assert len(found(zoo, attribute(ExtendedKeyUsage="TLS_WEB_SERVER_AUTHENTICATION"))) == 5
    assert found(zoo, attribute(KeyUsage="CRL_SIGNING")) == []
    end = shown["NotAfter"]
    for bounds, is_in in (
        ({"Start": end, "End": end}, True),
        ({"End": end - timedelta(seconds=1)}, False),
        ({"Start": end + timedelta(seconds=1)}, False),
        ({"Start": end}, True),
        ({}, True),
    ):
        assert ("used.corp.test" in found(zoo, attribute(NotAfter=bounds))) is is_in, bounds
    assert "pending.example.com" not in found(zoo, attribute(NotBefore={}))


def test_a_search_result(zoo: Lab) -> None:
    statement = common_name("private.corp.test", "EQUALS")
    (result,) = zoo.acm.search_certificates(FilterStatement=statement)["Results"]
    attributes, known = result["X509Attributes"], result["CertificateMetadata"]["AcmCertificateMetadata"]
    assert attributes["Issuer"]["CommonName"] == "corp CA"
    assert attributes["SubjectAlternativeNames"] == [{"DnsName": "private.corp.test"}, {"DnsName": "alias.corp.test"}]
    assert attributes["KeyAlgorithm"] == "EC_prime256v1"
    assert (known["Status"], known["Type"], known["InUse"], known["Exported"]) == ("ISSUED", "PRIVATE", False, False)


SORTS = [
    "CREATED_AT", "NOT_AFTER", "STATUS", "RENEWAL_STATUS", "EXPORTED", "IN_USE", "NOT_BEFORE", "KEY_ALGORITHM", "TYPE",
    "CERTIFICATE_ARN", "COMMON_NAME", "REVOKED_AT", "RENEWAL_ELIGIBILITY", "ISSUED_AT", "MANAGED_BY", "EXPORT_OPTION",
    "VALIDATION_METHOD", "IMPORTED_AT", "ACME_ENDPOINT_ARN", "ACME_ACCOUNT_ID", "CERTIFICATE_KEY_PAIR_ORIGIN",
]  # fmt: skip


@pytest.mark.parametrize("sort_by", SORTS)
def test_paging_in_every_order_neither_loses_nor_repeats(zoo: Lab, sort_by: str) -> None:
    walked = {}
    for order in ("ASCENDING", "DESCENDING"):
        wanted: dict[str, t.Any] = {"SortBy": sort_by, "SortOrder": order, "MaxResults": 2}
        page = zoo.acm.search_certificates(**wanted)
        walked[order] = list(page["Results"])
        while "NextToken" in page:
            page = zoo.acm.search_certificates(NextToken=page["NextToken"], **wanted)
            walked[order] += page["Results"]
    assert walked["ASCENDING"] == walked["DESCENDING"][::-1]
    assert len({each["CertificateArn"] for each in walked["ASCENDING"]}) == len(walked["ASCENDING"]) == 9


@pytest.mark.parametrize(
    "sort_by, value",
    [
        ("STATUS", lambda each: each["CertificateMetadata"]["AcmCertificateMetadata"]["Status"]),
        ("TYPE", lambda each: each["CertificateMetadata"]["AcmCertificateMetadata"]["Type"]),
        (
            "RENEWAL_ELIGIBILITY",
            lambda each: each["CertificateMetadata"]["AcmCertificateMetadata"]["RenewalEligibility"],
        ),
        ("IN_USE", lambda each: each["CertificateMetadata"]["AcmCertificateMetadata"]["InUse"]),
        ("COMMON_NAME", lambda each: each["X509Attributes"]["Subject"]["CommonName"]),
        ("CERTIFICATE_ARN", lambda each: each["CertificateArn"]),
        ("CREATED_AT", lambda each: each["CertificateMetadata"]["AcmCertificateMetadata"]["CreatedAt"]),
    ],
)
def test_orders(zoo: Lab, sort_by: str, value: t.Any) -> None:
    results = zoo.acm.search_certificates(SortBy=sort_by, SortOrder="ASCENDING")["Results"]
    values = [value(each) for each in results]
    assert values == sorted(values)


def test_a_token_of_another_order(lab: Lab) -> None:
    for number in range(2):
        lab.private(f"n{number}.corp.test")
    token = lab.acm.search_certificates(MaxResults=1, SortBy="TYPE")["NextToken"]
    lab.fails("search_certificates", "ValidationException", NextToken=token, SortBy="COMMON_NAME")


def test_a_statement_too_deep_or_too_large(lab: Lab) -> None:
    statement: dict[str, t.Any] = metadata(InUse=True)
    for _level in range(9):
        statement = {"Not": statement}
    lab.acm.search_certificates(FilterStatement=statement)
    lab.fails("search_certificates", "ValidationException", FilterStatement={"Not": statement})
    wide = {"Or": [{"Or": [common_name("a", "CONTAINS")] * 13}] * 15}
    lab.acm.search_certificates(FilterStatement=wide)
    lab.fails("search_certificates", "ValidationException", FilterStatement={"Or": [wide, wide]})


@pytest.mark.parametrize("value", ["'", '"', "x' OR '1'='1", "%", "_", "\0", "ü", "\\", "*"])
def test_search_values_are_never_sql(zoo: Lab, value: str) -> None:
    for how in ("EQUALS", "CONTAINS"):
        assert found(zoo, common_name(value, how)) == found(zoo, dns_name(value, how)) == []


# ---------------------------------------------------------------- what a page costs


def steps(lab: Lab, statement: dict[str, t.Any]) -> int:
    """Steps of SQLite's virtual machine for one search, in tens: the same on any computer."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    lab.acm.search_certificates(FilterStatement=statement)  # does due work in parallel
    lab.authority.store.close()
    lab.describe(lab.made["private.corp.test"])  # type: ignore[attr-defined]
    [connection] = lab.authority.store._lender._idle
    connection.set_progress_handler(step, 10)
    try:
        lab.acm.search_certificates(FilterStatement=statement)
    finally:
        connection.set_progress_handler(None, 0)
    return count


@pytest.mark.parametrize(
    "statement",
    [
        metadata(Type="PRIVATE"),
        metadata(Type="IMPORTED"),
        metadata(InUse=True),
        metadata(InUse=False),
        metadata(Exported=True),
        metadata(Exported=False),
        *(metadata(Status=status) for status in "ISSUED REVOKED FAILED PENDING_VALIDATION VALIDATION_TIMED_OUT EXPIRED".split()),
        metadata(RenewalStatus="SUCCESS"),
        metadata(ValidationMethod="DNS"),
        metadata(ExportOption="DISABLED"),
        metadata(ManagedBy="CLOUDFRONT"),
        metadata(CertificateKeyPairOrigin="CUSTOMER_PROVIDED"),
        attribute(KeyAlgorithm="EC_prime256v1"),
        attribute(KeyAlgorithm="RSA_2048"),
        attribute(KeyUsage="KEY_ENCIPHERMENT"),
        attribute(ExtendedKeyUsage="TLS_WEB_SERVER_AUTHENTICATION"),
        attribute(SerialNumber=(7).to_bytes(16, "big").hex(":")),
        attribute(SubjectAlternativeName={"DnsName": {"Value": "n7.corp.test", "ComparisonOperator": "EQUALS"}}),
        attribute(Subject={"CommonName": {"Value": "n7.corp.test", "ComparisonOperator": "EQUALS"}}),
        {"Not": metadata(Type="PRIVATE")},
        {"Not": {"Or": [metadata(Exported=False), metadata(Status="REVOKED")]}},
        {"Or": [metadata(InUse=True), metadata(Status="REVOKED"), metadata(Type="AMAZON_ISSUED")]},
        {
            "And": [
                metadata(Status="ISSUED"),
                attribute(SubjectAlternativeName={"DnsName": {"Value": "n7.corp.test", "ComparisonOperator": "EQUALS"}}),
            ]
        },
    ],
)  # fmt: skip
def test_a_page_costs_the_same_however_many_there_are(zoo: Lab, statement: dict[str, t.Any]) -> None:
    """Whether nearly all match, a few, or none."""
    arn = zoo.made["private.corp.test"]  # type: ignore[attr-defined]
    fill(zoo.authority, arn, range(300))
    few = steps(zoo, statement)
    fill(zoo.authority, arn, range(300, 3000))
    many = steps(zoo, statement)
    assert many <= few * 1.2 + 20
