# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RequestCertificate and the life of a request (acm-rules §2, §4, §11, §12)."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing import approvals
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from cryptography import x509

NAME_64 = "a" * 28 + "." + "b" * 23 + ".example.com"
LABEL_64 = "a" * 64 + ".example.com"
PCA = "arn:aws:acm-pca:us-east-1"


# ---------------------------------------------------------------- what is made


def test_a_public_request_waits_for_validation(lab: Lab) -> None:
    arn = lab.public("www.example.com", SubjectAlternativeNames=["example.com"])
    assert re.fullmatch(r"arn:aws:acm:us-east-1:123456789012:certificate/[0-9a-f-]{36}", arn)
    shown = lab.describe(arn)
    assert (shown["Status"], shown["Type"], shown["DomainName"]) == (
        "PENDING_VALIDATION",
        "AMAZON_ISSUED",
        "www.example.com",
    )
    assert shown["SubjectAlternativeNames"] == ["www.example.com", "example.com"]
    assert shown["Options"] == {"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "DISABLED"}
    assert shown["RenewalEligibility"] == "INELIGIBLE"
    assert not {"Serial", "NotAfter", "IssuedAt", "RenewalSummary", "FailureReason", "ImportedAt"} & set(shown)


def test_defaults_of_a_request(lab: Lab) -> None:
    arn = lab.acm.request_certificate(DomainName="www.example.com")["CertificateArn"]
    shown = lab.describe(arn)
    assert shown["KeyAlgorithm"] == "RSA-2048"
    assert [option["ValidationMethod"] for option in shown["DomainValidationOptions"]] == ["EMAIL"]


def test_names_are_those_requested_without_duplicates(lab: Lab) -> None:
    arn = lab.public("WWW.Example.com", SubjectAlternativeNames=["example.com", "www.example.com", "EXAMPLE.com"])
    assert lab.describe(arn)["SubjectAlternativeNames"] == ["www.example.com", "example.com"]


@pytest.mark.parametrize(
    "algorithm, shown", [("EC_prime256v1", "EC_prime256v1"), ("EC_secp384r1", "EC_secp384r1"), ("RSA_2048", "RSA-2048")]
)
def test_key_algorithms(lab: Lab, algorithm: str, shown: str) -> None:
    ca = lab.ca("rsa", key_algorithm="RSA_2048") if algorithm.startswith("RSA") else lab.ca()
    arn = lab.private(ca=ca, KeyAlgorithm=algorithm)
    assert lab.describe(arn)["KeyAlgorithm"] == shown
    leaf = pem.load_certificate(lab.acm.get_certificate(CertificateArn=arn)["Certificate"])
    assert pem.key_algorithm(leaf.public_key()) == algorithm


@pytest.mark.parametrize("algorithm", ["RSA_1024", "RSA_3072", "RSA_4096", "EC_secp521r1"])
def test_key_algorithms_that_are_for_imports_only(lab: Lab, algorithm: str) -> None:
    message = lab.fails(
        "request_certificate", "InvalidParameterException", DomainName="a.example.com", KeyAlgorithm=algorithm
    )
    assert algorithm in message


def test_the_issued_leaf(lab: Lab, clock: Clock) -> None:
    arn = lab.private("www.corp.test", SubjectAlternativeNames=["*.corp.test", "corp.test"])
    leaf = pem.load_certificate(lab.acm.get_certificate(CertificateArn=arn)["Certificate"])
    assert leaf.version is x509.Version.v3
    assert pem.dns_names(leaf) == ["www.corp.test", "*.corp.test", "corp.test"]
    assert pem.common_name(leaf) == "www.corp.test"
    extensions = {each.oid._name: each for each in leaf.extensions}
    assert set(extensions) == {
        "subjectKeyIdentifier", "authorityKeyIdentifier", "basicConstraints", "keyUsage", "extendedKeyUsage",
        "subjectAltName", "cRLDistributionPoints", "authorityInfoAccess",
    }  # fmt: skip
    assert extensions["basicConstraints"].value == x509.BasicConstraints(ca=False, path_length=None)
    assert extensions["keyUsage"].critical
    shown = lab.describe(arn)
    assert shown["KeyUsages"] == [{"Name": "DIGITAL_SIGNATURE"}]
    assert [usage["OID"] for usage in shown["ExtendedKeyUsages"]] == ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]
    assert shown["Serial"] == pem.serial(leaf)
    assert shown["SignatureAlgorithm"] == "SHA256WITHECDSA"
    assert shown["NotAfter"] == leaf.not_valid_after_utc
    lifetime = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    assert (lifetime.days, lifetime.seconds) == (394, 86399)  # both ends count: 395 days
    assert leaf.not_valid_before_utc <= clock.now < leaf.not_valid_after_utc


def test_an_rsa_leaf_allows_key_encipherment(lab: Lab) -> None:
    arn = lab.private(ca=lab.ca("rsa", key_algorithm="RSA_2048"), KeyAlgorithm="RSA_2048")
    assert lab.describe(arn)["KeyUsages"] == [{"Name": "DIGITAL_SIGNATURE"}, {"Name": "KEY_ENCIPHERMENT"}]


@pytest.mark.parametrize("days", [1, 47, 198])
def test_validity_is_a_setting(lab: Lab, days: int) -> None:
    lab.set(private_validity_days=days)
    shown = lab.describe(lab.private())
    assert (shown["NotAfter"] - shown["NotBefore"]).days == days - 1


# ---------------------------------------------------------------- names (acm-rules §2)


@pytest.mark.parametrize(
    "name",
    ["example.com", "*.example.com", "a--example.com", "abc--example.com", "xn--mnchen-3ya.example.com", "1.example.com",
     "a" * 63 + ".example.com", NAME_64],
)  # fmt: skip
def test_names_that_are_accepted(lab: Lab, name: str) -> None:
    assert name in lab.describe(lab.public("example.com", SubjectAlternativeNames=[name]))["SubjectAlternativeNames"]


def test_the_first_name_may_have_64_octets(lab: Lab) -> None:
    assert lab.describe(lab.public(NAME_64))["DomainName"] == NAME_64


@pytest.mark.parametrize(
    "name, code",
    [
        ("ab--example.com", "InvalidParameterException"),
        ("xn--example.com", "InvalidParameterException"),
        ("a.*.example.com", "ValidationException"),
        ("w*.example.com", "ValidationException"),
        ("*", "ValidationException"),
        ("localhost", "ValidationException"),
        ("-a.example.com", "ValidationException"),
        ("under_score.example.com", "ValidationException"),
        ("192.0.2.1", "ValidationException"),
        ("x" + NAME_64, "InvalidDomainValidationOptionsException"),
        (LABEL_64, "ValidationException"),
    ],
)
def test_names_that_are_refused(lab: Lab, name: str, code: str) -> None:
    lab.fails("request_certificate", code, DomainName=name)


def test_other_names_may_be_longer_than_the_first(lab: Lab) -> None:
    long = ".".join(["a" * 60] * 4)[: 253 - len(".example.com")].rstrip(".") + ".example.com"
    assert lab.describe(lab.public("example.com", SubjectAlternativeNames=[long]))["SubjectAlternativeNames"][1] == long
    lab.fails("request_certificate", "InvalidDomainValidationOptionsException", DomainName=long)


def test_ten_names_by_default_and_more_by_quota(lab: Lab) -> None:
    more = [f"n{number}.corp.test" for number in range(10)]
    message = lab.fails(
        "request_certificate", "LimitExceededException", DomainName="corp.test", SubjectAlternativeNames=more
    )
    assert message == "Certificate has too many domains."
    assert (
        len(lab.describe(lab.private("corp.test", SubjectAlternativeNames=more[:9]))["SubjectAlternativeNames"]) == 10
    )
    lab.set(max_names=100)
    many = [f"n{number}.corp.test" for number in range(99)]
    assert len(lab.describe(lab.private("corp.test", SubjectAlternativeNames=many))["SubjectAlternativeNames"]) == 100


@pytest.mark.parametrize(
    "name, reason",
    [
        ("amazonaws.com", "DOMAIN_NOT_ALLOWED"),
        ("x.s3.amazonaws.com", "DOMAIN_NOT_ALLOWED"),
        ("*.cloudfront.net", "DOMAIN_NOT_ALLOWED"),
        ("a.elasticbeanstalk.com", "DOMAIN_NOT_ALLOWED"),
        ("www.corp.internal", "INVALID_PUBLIC_DOMAIN"),
        ("printer.local", "INVALID_PUBLIC_DOMAIN"),
        ("a.home.arpa", "INVALID_PUBLIC_DOMAIN"),
    ],
)
def test_names_that_are_never_issued(lab: Lab, name: str, reason: str) -> None:
    shown = lab.describe(lab.public(name))
    assert (shown["Status"], shown["FailureReason"]) == ("FAILED", reason)
    assert [option["ValidationStatus"] for option in shown["DomainValidationOptions"]] == ["FAILED"]


@pytest.mark.parametrize("name", ["notamazonaws.com", "www.corp.lab", "corp.lab", "*.corp.lab"])
def test_suffixes_that_count_as_public(lab: Lab, name: str) -> None:
    lab.set(public_suffixes=["corp.lab"], never_issued=["amazonaws.com"])
    assert lab.describe(lab.public(name))["Status"] == "PENDING_VALIDATION"


def test_a_private_certificate_may_have_any_name(lab: Lab) -> None:
    assert lab.status(lab.private("db.corp.internal")) == "ISSUED"


# ---------------------------------------------------------------- options


def test_export_is_fixed_by_the_request(lab: Lab) -> None:
    arn = lab.issued(Options={"Export": "ENABLED"})
    assert lab.describe(arn)["Options"]["Export"] == "ENABLED"
    message = lab.fails(
        "update_certificate_options", "ValidationException", CertificateArn=arn, Options={"Export": "DISABLED"}
    )
    assert "Export" in message


def test_export_is_not_an_option_of_a_private_certificate(lab: Lab) -> None:
    lab.fails(
        "request_certificate", "ValidationException", DomainName="a.corp.test", CertificateAuthorityArn=lab.ca(),
        Options={"Export": "ENABLED"},
    )  # fmt: skip


def test_transparency_can_be_opted_out_of(lab: Lab, clock: Clock) -> None:
    arn = lab.issued(Options={"CertificateTransparencyLoggingPreference": "DISABLED"})

    def transparency() -> str:
        return str(lab.describe(arn)["Options"]["CertificateTransparencyLoggingPreference"])

    def wish(what: str) -> None:
        options = {"CertificateTransparencyLoggingPreference": what}
        lab.acm.update_certificate_options(CertificateArn=arn, Options=options)

    assert transparency() == "DISABLED"
    wish("ENABLED")
    assert transparency() == "ENABLED"
    clock.advance(days=395 - 59)
    wish("DISABLED")  # the renewal window has begun: no effect and no error
    assert transparency() == "ENABLED"


def test_the_method_is_fixed_where_a_setting_says_so(lab: Lab) -> None:
    lab.set(email_to_dns=False)
    arn = lab.acm.request_certificate(DomainName="www.example.com", ValidationMethod="EMAIL")["CertificateArn"]
    lab.fails(
        "update_certificate_options", "ValidationException", CertificateArn=arn, Options={"ValidationMethod": "DNS"}
    )


def test_from_email_to_dns(lab: Lab) -> None:
    members = {
        "ValidationMethod": "EMAIL",
        "SubjectAlternativeNames": ["*.example.com"],
        "KeyAlgorithm": "EC_prime256v1",
    }
    arn = lab.acm.request_certificate(DomainName="example.com", **members)["CertificateArn"]
    lab.acm.update_certificate_options(CertificateArn=arn, Options={"ValidationMethod": "DNS"})
    options = lab.describe(arn)["DomainValidationOptions"]
    assert {(each["ValidationMethod"], each["ValidationStatus"]) for each in options} == {("DNS", "PENDING_VALIDATION")}
    lab.publish(arn)
    assert lab.status(arn) == "ISSUED"
    lab.unpublish(arn)
    lab.fails(
        "update_certificate_options", "ValidationException", CertificateArn=arn, Options={"ValidationMethod": "EMAIL"}
    )


def test_an_issued_certificate_changes_to_dns_with_its_next_renewal(lab: Lab, clock: Clock) -> None:
    members = {"ValidationMethod": "EMAIL", "KeyAlgorithm": "EC_prime256v1"}
    arn = lab.acm.request_certificate(DomainName="example.com", **members)["CertificateArn"]
    approvals.approve(lab.authority, arn, "example.com")
    before = lab.describe(arn)
    approvals.set_in_use_by(lab.authority, arn, ["arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/a"])
    lab.acm.update_certificate_options(CertificateArn=arn, Options={"ValidationMethod": "DNS"})
    shown = lab.describe(arn)
    assert (shown["Status"], shown["Serial"]) == ("ISSUED", before["Serial"])
    lab.publish(arn)
    clock.advance(days=395 - 59)  # in the window of DNS, not yet in that of e-mail
    shown = lab.describe(arn)
    assert shown["Serial"] != before["Serial"] and shown["RenewalSummary"]["RenewalStatus"] == "SUCCESS"
    assert {each["ValidationStatus"] for each in shown["DomainValidationOptions"]} == {"SUCCESS"}
    lab.unpublish(arn)


def test_options_of_other_types(lab: Lab) -> None:
    options = {"CertificateTransparencyLoggingPreference": "DISABLED"}
    lab.fails("update_certificate_options", "InvalidStateException", CertificateArn=lab.private(), Options=options)


@pytest.mark.parametrize(
    "members",
    [
        {"ManagedBy": "CLOUDFRONT", "ValidationMethod": "DNS"},
        {"ValidationMethod": "HTTP"},
        {"ValidationMethod": "HTTP", "ManagedBy": "CLOUDFRONT", "SubjectAlternativeNames": ["*.example.com"]},
    ],
)
def test_http_goes_with_cloudfront_and_no_wildcards(lab: Lab, members: dict[str, t.Any]) -> None:
    lab.fails("request_certificate", "InvalidParameterException", DomainName="www.example.com", **members)


# ---------------------------------------------------------------- idempotency token


def test_the_same_token_and_request_answer_the_same_arn_for_an_hour(lab: Lab, clock: Clock) -> None:
    first = lab.public(IdempotencyToken="again")
    assert lab.public(IdempotencyToken="again") == first
    clock.advance(minutes=59)
    assert lab.public(IdempotencyToken="again") == first
    clock.advance(minutes=1)
    assert lab.public(IdempotencyToken="again") != first


def test_the_same_token_with_another_request(lab: Lab) -> None:
    first = lab.public("a.example.com", IdempotencyToken="one")
    second = lab.public("b.example.com", IdempotencyToken="one")
    assert first != second == lab.public("b.example.com", IdempotencyToken="one")
    assert lab.public("a.example.com", IdempotencyToken="one") == first
    lab.set(idempotency_one_request=True)
    lab.fails(
        "request_certificate", "InvalidParameterException", DomainName="c.example.com", IdempotencyToken="one",
        ValidationMethod="DNS", KeyAlgorithm="EC_prime256v1",
    )  # fmt: skip


@pytest.mark.parametrize("token", ["x" * 33, "with-hyphen", "with space", "ümlaut"])
def test_an_invalid_token(lab: Lab, token: str) -> None:
    lab.fails("request_certificate", "ValidationException", DomainName="a.example.com", IdempotencyToken=token)


# ---------------------------------------------------------------- private CAs (acm-rules §4)


def test_a_private_certificate_is_issued_at_once(lab: Lab) -> None:
    shown = lab.describe(lab.private())
    assert (shown["Status"], shown["Type"], shown["CertificateAuthorityArn"]) == ("ISSUED", "PRIVATE", lab.ca())
    assert "DomainValidationOptions" not in shown


# ---------------------------------------------------------------- request policy (acm-rules §12)


@pytest.mark.parametrize(
    "policy, allowed, refused",
    [
        ({"acm:ValidationMethod": ["DNS"]}, {"ValidationMethod": "DNS"}, {"ValidationMethod": "EMAIL"}),
        ({"acm:ValidationMethod": ["DNS"]}, {"ValidationMethod": "DNS"}, {}),
        ({"acm:DomainNames": ["*.example.com"]}, {}, {"SubjectAlternativeNames": ["example.com"]}),
        ({"acm:DomainNames": ["*.example.com"]}, {"DomainName": "WWW.EXAMPLE.COM"}, {"DomainName": "www.example.net"}),
        ({"acm:DomainNames": ["www[.]*"]}, None, {}),
        ({"acm:KeyAlgorithm": ["EC_*"]}, {"KeyAlgorithm": "EC_prime256v1"}, {}),
        (
            {"acm:CertificateTransparencyLogging": ["ENABLED"]},
            {},
            {"Options": {"CertificateTransparencyLoggingPreference": "DISABLED"}},
        ),
        ({"acm:Export": ["DISABLED"]}, {}, {"Options": {"Export": "ENABLED"}}),
        (
            {"acm:CertificateAuthority": [f"{PCA}:*"]},
            {},
            {"CertificateAuthorityArn": f"{PCA.replace('us', 'eu')}:123456789012:certificate-authority/x"},
        ),
    ],
)
def test_conditions(lab: Lab, policy: dict[str, list[str]], allowed: t.Any, refused: dict[str, t.Any]) -> None:
    lab.set(request_policy=policy)
    if allowed is not None:
        assert lab.acm.request_certificate(**{"DomainName": "www.example.com", **allowed})["CertificateArn"]
    message = lab.fails("request_certificate", "AccessDeniedException", **{"DomainName": "www.example.com", **refused})
    assert next(iter(policy)) in message
