# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of the guide and of botocore's newest model: names, new members and operations, checks of pending names."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation, sweep
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing import approvals, validation
from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle import public_suffix_list
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.tests.support.authority_client import authority_client
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab

SERVER, CLIENT = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
LOAD_BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/a"

# ---------------------------------------------------------------- names that no public CA certifies


@pytest.mark.parametrize(
    "name",
    ["example.invalidpublicdomain", "www.corp.lab", "nas.lan", "a.home.arpa", "co.uk", "*.co.uk", "com.au", "foo.ck"]
    + ["anything.kawasaki.jp", "www.example"],
)
def test_names_that_are_not_public(lab: Lab, name: str) -> None:
    shown = lab.describe(lab.public(name))
    assert (shown["Status"], shown["FailureReason"]) == ("FAILED", "INVALID_PUBLIC_DOMAIN")


@pytest.mark.parametrize(
    "name",
    ["example.co.uk", "www.ck", "city.kawasaki.jp", "a.anything.kawasaki.jp", "me.github.io", "example.xn--p1ai"]
    + ["a.amazon", "example.dev"],
)
def test_names_that_are_public(lab: Lab, name: str) -> None:
    assert lab.status(lab.public(name)) == "PENDING_VALIDATION"


def test_suffixes_of_a_lab(lab: Lab) -> None:
    lab.set(public_suffixes=["lan", "corp.lab"])
    for name, status in (("nas.lan", "PENDING_VALIDATION"), ("a.corp.lab", "PENDING_VALIDATION"), ("b.lab", "FAILED")):
        assert lab.status(lab.public(name)) == status


def test_the_list_is_dated_and_complete() -> None:
    assert public_suffix_list.VERSION[:4].isdigit()
    top = public_suffix_list.TOP_LEVEL.split()
    assert len(top) > 1400 and top == sorted(set(top)) and {"com", "de", "uk", "xn--p1ai"} < set(top)


# ---------------------------------------------------------------- regions


@pytest.mark.parametrize(
    "region, partition",
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso")],
)
def test_the_partition_is_the_regions(tmp_path: t.Any, region: str, partition: str) -> None:
    authority = creation.create(str(tmp_path / "authority"), region=region)
    ca = authority.cas.private("corp", key_algorithm="EC_prime256v1")
    acm = authority_client(authority)
    arn = acm.request_certificate(
        DomainName="a.corp.test", CertificateAuthorityArn=ca.arn, KeyAlgorithm="EC_prime256v1"
    )["CertificateArn"]
    assert arn.startswith(f"arn:{partition}:acm:{region}:") and ca.arn.startswith(f"arn:{partition}:acm-pca:{region}:")
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"


def test_certificates_for_cloudfront_are_requested_in_one_region(tmp_path: t.Any) -> None:
    authority = creation.create(str(tmp_path / "authority"), region="eu-central-1")
    acm = authority_client(authority)
    with pytest.raises(acm.exceptions.InvalidParameterException, match="us-east-1"):
        acm.request_certificate(DomainName="www.example.com", ValidationMethod="HTTP", ManagedBy="CLOUDFRONT")


# ---------------------------------------------------------------- Amazon N2 certificates


@pytest.mark.parametrize(
    "hierarchy, usage, usages, days",
    [
        ("N2_AMAZON_MANAGED", None, [SERVER, CLIENT], 395),
        ("N2_AMAZON_MANAGED", "CLIENT_AUTH_ONLY", [CLIENT], 395),
        ("N2_SFG2_AMAZON_MANAGED", "CLIENT_AND_SERVER_AUTH", [SERVER, CLIENT], 98),
    ],
)
def test_n2_certificates(lab: Lab, hierarchy: str, usage: t.Optional[str], usages: list[str], days: int) -> None:
    wanted = {"RootHierarchyType": hierarchy, **({"CertificateUsage": usage} if usage else {})}
    arn = lab.issued("n2.example.com", **wanted)
    shown = lab.describe(arn)
    assert (shown["RootHierarchyType"], shown["CertificateUsage"]) == (hierarchy, usage or "CLIENT_AND_SERVER_AUTH")
    assert [each["OID"] for each in shown["ExtendedKeyUsages"]] == usages
    assert (shown["NotAfter"] - shown["NotBefore"]).days == days - 1
    answer = lab.acm.get_certificate(CertificateArn=arn)
    other = lab.issued("n2.example.com")
    chain = lab.acm.get_certificate(CertificateArn=other)["CertificateChain"]
    assert pem.load_certificates(answer["CertificateChain"])[-1] != pem.load_certificates(chain)[-1]  # another root
    keys = {"Includes": {"keyTypes": ["EC_prime256v1"]}}
    listed = lab.acm.list_certificates(**keys)["CertificateSummaryList"]
    assert [each["CertificateArn"] for each in listed] == [other]
    (summary,) = lab.acm.list_certificates(**keys, RootHierarchyTypes=[hierarchy])["CertificateSummaryList"]
    assert (summary["CertificateArn"], summary["RootHierarchyType"]) == (arn, hierarchy)
    statement = {"Filter": {"AcmCertificateMetadataFilter": {"RootHierarchyType": hierarchy}}}
    (result,) = lab.acm.search_certificates(FilterStatement=statement)["Results"]
    assert result["CertificateArn"] == arn
    lab.unpublish(arn)


@pytest.mark.parametrize(
    "wanted",
    [
        {"CertificateUsage": "CLIENT_AUTH_ONLY"},
        {"RootHierarchyType": "N2_AMAZON_MANAGED", "ValidationMethod": "EMAIL"},
        {"RootHierarchyType": "N2_SFG2_AMAZON_MANAGED", "CertificateUsage": "CLIENT_AUTH_ONLY"},
    ],
)
def test_impossible_n2_certificates(lab: Lab, wanted: dict[str, str]) -> None:
    members = {"DomainName": "n2.example.com", "ValidationMethod": "DNS", **wanted}
    lab.fails("request_certificate", "ValidationException", **members)


def test_an_n2_hierarchy_is_not_a_private_ca(lab: Lab) -> None:
    members = {"CertificateAuthorityArn": lab.ca(), "RootHierarchyType": "N2_AMAZON_MANAGED"}
    lab.fails("request_certificate", "ValidationException", DomainName="a.corp.test", **members)


def test_the_method_of_a_request_is_not_an_option(lab: Lab) -> None:
    message = lab.fails(
        "request_certificate", "ValidationException", DomainName="a.example.com", Options={"ValidationMethod": "DNS"}
    )
    assert "Options.ValidationMethod" in message


# ---------------------------------------------------------------- from e-mail to DNS


def by_mail(lab: Lab, name: str = "example.com") -> str:
    wanted = {"ValidationMethod": "EMAIL", "KeyAlgorithm": "EC_prime256v1"}
    return str(lab.acm.request_certificate(DomainName=name, **wanted)["CertificateArn"])


def summaries(lab: Lab, arn: str, **more: t.Any) -> list[dict[str, t.Any]]:
    found = lab.acm.list_certificate_domain_validations(CertificateArn=arn, **more)
    return list(found["DomainValidationSummaryList"])


def test_the_status_of_a_change_to_dns(lab: Lab, clock: Clock) -> None:
    arn = by_mail(lab)
    approvals.approve(lab.authority, arn, "example.com")
    assert "UpdateSummary" not in lab.describe(arn)
    (summary,) = summaries(lab, arn)
    assert summary["ActiveValidationConfiguration"]["ValidationMethod"] == "EMAIL"
    assert "RequestedValidationConfiguration" not in summary
    lab.acm.update_certificate_options(CertificateArn=arn, Options={"ValidationMethod": "DNS"})
    update = lab.describe(arn)["UpdateSummary"]
    assert (update["Status"], update["Type"]) == ("PENDING_DOMAIN_VALIDATION", "DOMAIN_VALIDATION_METHOD")
    assert update["DomainValidationMethodUpdateSummary"] == {"From": "EMAIL", "To": "DNS"}
    assert update["RequestedAt"] == clock.now
    (summary,) = summaries(lab, arn)
    active, wanted = summary["ActiveValidationConfiguration"], summary["RequestedValidationConfiguration"]
    assert (active["ValidationMethod"], active["ValidationStatus"]) == ("EMAIL", "SUCCESS")
    assert "admin@example.com" in active["ValidationChallenge"]["EmailValidationChallenge"]["ValidationEmails"]
    assert (wanted["ValidationMethod"], wanted["ValidationStatus"]) == ("DNS", "PENDING_VALIDATION")
    record = wanted["ValidationChallenge"]["DnsValidationChallenge"]["ResourceRecord"]
    lab.dns.add(record["Name"], "CNAME", record["Value"])
    clock.advance(minutes=1)
    update = lab.describe(arn)["UpdateSummary"]
    assert (update["Status"], update["UpdatedAt"]) == ("SUCCESS", clock.now)
    (summary,) = summaries(lab, arn)
    assert summary["ActiveValidationConfiguration"]["ValidationMethod"] == "DNS"
    assert "RequestedValidationConfiguration" not in summary
    lab.dns.remove(record["Name"])


def test_a_change_to_dns_that_never_completes(lab: Lab, clock: Clock) -> None:
    arn = by_mail(lab)
    approvals.approve(lab.authority, arn, "example.com")
    lab.acm.update_certificate_options(CertificateArn=arn, Options={"ValidationMethod": "DNS"})
    clock.advance(hours=73)
    assert lab.describe(arn)["UpdateSummary"]["Status"] == "FAILED"
    (option,) = lab.describe(arn)["DomainValidationOptions"]
    assert (option["ValidationMethod"], option["ValidationStatus"]) == ("EMAIL", "SUCCESS")


def test_pages_of_domain_validations(lab: Lab) -> None:
    names = [f"n{number}.example.com" for number in range(5)]
    arn = lab.public("example.com", SubjectAlternativeNames=names)
    found, token = [], {}
    while True:
        page = lab.acm.list_certificate_domain_validations(CertificateArn=arn, MaxItems=2, **token)
        found += [each["DomainName"] for each in page["DomainValidationSummaryList"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == ["example.com", *names]
    lab.fails("list_certificate_domain_validations", "InvalidArgsException", CertificateArn=arn, NextToken="x")
    assert summaries(lab, lab.private()) == []


# ---------------------------------------------------------------- tags of resources


def test_tags_of_a_resource(lab: Lab) -> None:
    arn = lab.private()
    lab.acm.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b"}])
    assert lab.acm.list_tags_for_resource(ResourceArn=arn)["Tags"] == [
        {"Key": "a", "Value": "1"},
        {"Key": "b", "Value": ""},
    ]
    lab.acm.untag_resource(ResourceArn=arn, TagKeys=["b", "none"])
    assert lab.acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    lab.fails("tag_resource", "ValidationException", ResourceArn=arn, Tags=[{"Key": "aws:x"}])
    lab.set(max_tags=1)
    lab.fails("tag_resource", "ServiceQuotaExceededException", ResourceArn=arn, Tags=[{"Key": "c"}])
    lab.fails("untag_resource", "ResourceNotFoundException", ResourceArn=arn[:-4] + "0000", TagKeys=["a"])


# ---------------------------------------------------------------- eligibility


def test_a_pending_renewal_ends_when_the_certificate_is_no_longer_in_use(lab: Lab, clock: Clock) -> None:
    arn = lab.issued("used.example.com")
    approvals.set_in_use_by(lab.authority, arn, [LOAD_BALANCER])
    records = lab.records(arn)
    lab.unpublish(arn)
    clock.advance(days=350)
    assert lab.describe(arn)["RenewalSummary"]["RenewalStatus"] == "PENDING_VALIDATION"
    serial = lab.describe(arn)["Serial"]
    approvals.set_in_use_by(lab.authority, arn, [])
    for name, value in records:
        lab.dns.add(name, "CNAME", value)
    clock.advance(hours=1)
    assert sweep.sweep(lab.authority).renewed == []
    shown = lab.describe(arn)
    assert "RenewalSummary" not in shown and shown["Serial"] == serial
    assert shown["RenewalEligibility"] == "INELIGIBLE"
    approvals.set_in_use_by(lab.authority, arn, [LOAD_BALANCER])
    assert lab.describe(arn)["Serial"] != serial
    lab.unpublish(arn)


def test_a_ca_that_acm_may_not_use(lab: Lab) -> None:
    ca = lab.ca()
    lab.authority.cas.permit("corp", False)
    shown = lab.describe(lab.private(ca=ca))
    assert (shown["Status"], shown["FailureReason"]) == ("FAILED", "PCA_ACCESS_DENIED")
    lab.authority.cas.permit("corp", True)
    assert lab.status(lab.private(ca=ca)) == "ISSUED"


# ---------------------------------------------------------------- looks at names that wait


def test_lists_and_searches_do_what_is_due(lab: Lab, clock: Clock) -> None:
    def listed() -> set[str]:
        found = lab.acm.list_certificates(Includes={"keyTypes": ["EC_prime256v1"]})["CertificateSummaryList"]
        return {each["Status"] for each in found}

    def searched() -> set[str]:
        results = lab.acm.search_certificates()["Results"]
        return {each["CertificateMetadata"]["AcmCertificateMetadata"]["Status"] for each in results}

    arn = lab.public("listed.example.com")
    assert listed() == {"PENDING_VALIDATION"}
    lab.publish(arn)
    clock.advance(minutes=1)
    assert listed() == {"ISSUED"}
    lab.acm.delete_certificate(CertificateArn=arn)
    lab.public("listed.example.com")
    assert searched() == {"ISSUED"}
    lab.unpublish(lab.public("listed.example.com"))


def test_a_renewal_is_checked_again_within_a_minute(lab: Lab, clock: Clock) -> None:
    arn = lab.issued("minute.example.com", Options={"Export": "ENABLED"})
    lab.export(arn)
    records = lab.records(arn)
    lab.unpublish(arn)
    clock.advance(days=350)
    serial = lab.describe(arn)["Serial"]
    clock.advance(hours=2)
    lab.acm.search_certificates()  # looks, and finds nothing
    for name, value in records:
        lab.dns.add(name, "CNAME", value)
    clock.advance(seconds=61)
    lab.acm.search_certificates()
    with lab.authority.store.read() as tx:
        leaf = tx.leaf(arn[-36:])
    assert leaf and leaf.serial != serial
    lab.unpublish(arn)


def test_a_read_does_not_ask_dns_every_time(lab: Lab, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    check_names = validation.check_names

    def counted(*arguments: t.Any) -> t.Any:
        nonlocal looks
        looks += 1
        return check_names(*arguments)

    monkeypatch.setattr(validation, "check_names", counted)
    lab.set(read_interval_s=5)
    arn = lab.public("waits.example.com")
    clock.advance(minutes=10)
    for _call in range(20):
        lab.describe(arn)
    assert looks == 1
    for _second in range(20):
        clock.advance(seconds=1)
        lab.describe(arn)
    assert looks == 5  # every five seconds
    sweep.sweep(lab.authority)
    assert looks == 6  # a sweep looks at once
    lab.publish(arn)
    assert lab.status(arn) == "PENDING_VALIDATION"
    clock.advance(seconds=5)
    assert lab.status(arn) == "ISSUED"
    lab.unpublish(arn)
