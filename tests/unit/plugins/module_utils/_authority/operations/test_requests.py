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
from ansible_collections.certops.acm.plugins.module_utils._authority.signing import issuer
from ansible_collections.certops.acm.plugins.module_utils._authority.operations.table import OPERATIONS
from ansible_collections.certops.acm.plugins.module_utils._rules.call_rates import RATES
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from cryptography import x509

NAME_64 = "a" * 28 + "." + "b" * 23 + ".example.com"
LABEL_64 = "a" * 64 + ".example.com"


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


def test_names_are_those_of_the_request_once_each(lab: Lab) -> None:
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


def test_an_rsa_leaf_may_encipher_keys(lab: Lab) -> None:
    arn = lab.private(ca=lab.ca("rsa", key_algorithm="RSA_2048"), KeyAlgorithm="RSA_2048")
    assert lab.describe(arn)["KeyUsages"] == [{"Name": "DIGITAL_SIGNATURE"}, {"Name": "KEY_ENCIPHERMENT"}]


@pytest.mark.parametrize("ca", ["RSA_2048", "RSA_4096", "EC_prime256v1", "EC_secp384r1"])
def test_what_is_shown_is_what_the_leaf_says(lab: Lab, ca: str) -> None:
    """It is written down while the leaf is made, and not read out of it."""
    arn = lab.ca(ca, key_algorithm=ca, common_name='Büro, "Test" + 1')
    for algorithm in ("RSA_2048",) if ca.startswith("RSA") else ("EC_prime256v1", "EC_secp384r1"):
        made = lab.private("*.corp.test", ca=arn, KeyAlgorithm=algorithm, SubjectAlternativeNames=["corp.test"])
        with lab.authority.store.read() as tx:
            certificate, row = tx.certificate(made[-36:]), tx.leaf(made[-36:])
        assert certificate and row
        assert certificate.leaf == issuer.leaf_facts(pem.load_certificate(row.pem))


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


def test_a_further_name_may_be_longer_than_the_first(lab: Lab) -> None:
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


def test_export_is_fixed_at_the_request(lab: Lab) -> None:
    arn = lab.issued(Options={"Export": "ENABLED"})
    assert lab.describe(arn)["Options"]["Export"] == "ENABLED"
    message = lab.fails(
        "update_certificate_options", "ValidationException", CertificateArn=arn, Options={"Export": "DISABLED"}
    )
    assert "Export" in message


def test_export_is_no_option_of_a_private_certificate(lab: Lab) -> None:
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


def test_an_issued_one_goes_over_to_dns_with_its_next_renewal(lab: Lab, clock: Clock) -> None:
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
def test_a_token_that_is_none(lab: Lab, token: str) -> None:
    lab.fails("request_certificate", "ValidationException", DomainName="a.example.com", IdempotencyToken=token)


# ---------------------------------------------------------------- private CAs (acm-rules §4)


def test_a_private_certificate_is_issued_at_once(lab: Lab) -> None:
    shown = lab.describe(lab.private())
    assert (shown["Status"], shown["Type"], shown["CertificateAuthorityArn"]) == ("ISSUED", "PRIVATE", lab.ca())
    assert "DomainValidationOptions" not in shown


@pytest.mark.parametrize("status", ["CREATING", "PENDING_CERTIFICATE", "DELETED", "DISABLED", "EXPIRED", "FAILED"])
def test_only_an_active_ca_signs(lab: Lab, status: str) -> None:
    lab.ca()
    lab.authority.cas.set_status("corp", status)
    shown = lab.describe(lab.private())
    assert (shown["Status"], shown["FailureReason"]) == ("FAILED", "PCA_INVALID_STATE")
    lab.authority.cas.set_status("corp", "ACTIVE")
    assert lab.status(lab.private()) == "ISSUED"


PCA = "arn:aws:acm-pca:us-east-1"


@pytest.mark.parametrize(
    "arn, reason",
    [
        (f"{PCA}:123456789012:certificate-authority/00000000-0000-0000-0000-000000000000", "PCA_RESOURCE_NOT_FOUND"),
        (f"{PCA}:999999999999:certificate-authority/00000000-0000-0000-0000-000000000000", "PCA_ACCESS_DENIED"),
        ("arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/00000000-0000", "PCA_INVALID_ARN"),
        (f"{PCA}:123456789012:certificate/00000000-0000", "PCA_INVALID_ARN"),
    ],
)
def test_a_ca_that_is_not_there_or_not_ours(lab: Lab, arn: str, reason: str) -> None:
    shown = lab.describe(lab.private(ca=arn))
    assert (shown["Status"], shown["FailureReason"]) == ("FAILED", reason)


def test_name_constraints_of_a_ca(lab: Lab) -> None:
    ca = lab.ca("narrow", permitted_domains=["corp.test", "lab.test"])
    assert (
        lab.status(lab.private("a.corp.test", ca=ca, SubjectAlternativeNames=["*.lab.test", "corp.test"])) == "ISSUED"
    )
    for name in ("a.example.com", "notcorp.test"):
        shown = lab.describe(lab.private("a.corp.test", ca=ca, SubjectAlternativeNames=[name]))
        assert (shown["Status"], shown["FailureReason"]) == ("FAILED", "PCA_NAME_CONSTRAINTS_VALIDATION")
    with lab.authority.store.read() as tx:
        row = tx.cas.of_arn(ca)
    assert row
    extension = pem.load_certificate(row.pem).extensions.get_extension_for_class(x509.NameConstraints)
    assert extension.critical and [each.value for each in extension.value.permitted_subtrees] == [
        "corp.test",
        "lab.test",
    ]


def test_a_ca_of_another_account_signs_as_long_as_the_role_is_there(lab: Lab, clock: Clock) -> None:
    ca = lab.ca("theirs", account_id="999999999999")
    assert ca.split(":")[4] == "999999999999"
    lab.set(service_linked_role=False)
    arn = lab.private(ca=ca)
    lab.export(arn)
    serial = lab.describe(arn)["Serial"]
    clock.advance(days=340)
    summary = lab.describe(arn)["RenewalSummary"]
    assert (summary["RenewalStatus"], summary["RenewalStatusReason"]) == ("PENDING_AUTO_RENEWAL", "SLR_NOT_FOUND")
    lab.set(service_linked_role=True)
    clock.advance(hours=1)
    assert lab.describe(arn)["Serial"] != serial


def test_the_ca_must_outlive_the_certificate(lab: Lab, clock: Clock) -> None:
    ca = lab.ca("short", validity_days=400)
    assert lab.status(lab.private(ca=ca)) == "ISSUED"
    clock.advance(days=10)
    shown = lab.describe(lab.private(ca=ca))
    assert (shown["Status"], shown["FailureReason"]) == ("FAILED", "PCA_INVALID_DURATION")
    clock.advance(days=391)
    assert lab.describe(lab.private(ca=ca))["FailureReason"] == "PCA_INVALID_STATE"


@pytest.mark.parametrize("ca, leaf", [("EC_prime256v1", "RSA_2048"), ("RSA_2048", "EC_prime256v1")])
def test_the_leaf_is_of_the_family_of_the_ca(lab: Lab, ca: str, leaf: str) -> None:
    shown = lab.describe(lab.private(ca=lab.ca("other", key_algorithm=ca), KeyAlgorithm=leaf))
    assert (shown["Status"], shown["FailureReason"]) == ("FAILED", "PCA_INVALID_ARGS")


def test_which_families_a_private_ca_may_have_is_a_setting(lab: Lab) -> None:
    assert lab.status(lab.private()) == "ISSUED"
    lab.set(private_ca_key_families=["RSA"])
    assert lab.describe(lab.private())["FailureReason"] == "PCA_INVALID_ARGS"


def test_certificates_a_ca(lab: Lab) -> None:
    lab.set(quota_certificates_a_ca=2)
    assert [lab.describe(lab.private()).get("FailureReason") for _number in range(3)] == [
        None,
        None,
        "PCA_LIMIT_EXCEEDED",
    ]


# ---------------------------------------------------------------- quotas (acm-rules §11)


def test_certificates_held(lab: Lab) -> None:
    lab.set(quota_certificates=2)
    first = lab.public("amazonaws.com")  # one that failed counts too
    lab.public()
    lab.fails("request_certificate", "LimitExceededException", DomainName="www.example.com")
    lab.private()  # private ones do not count
    lab.acm.delete_certificate(CertificateArn=first)
    lab.public()


def test_requests_in_365_days(lab: Lab, clock: Clock) -> None:
    lab.set(quota_requests_a_year=2)
    lab.private()  # counts for nothing
    for arn in [lab.public(), lab.public()]:
        lab.acm.delete_certificate(CertificateArn=arn)  # deleting gives nothing back
    lab.fails("request_certificate", "LimitExceededException", DomainName="www.example.com")
    clock.advance(days=366)
    lab.public()


def test_private_cas(lab: Lab) -> None:
    lab.set(quota_private_cas=1)
    lab.ca()
    with pytest.raises(ValueError, match="quota_private_cas"):
        lab.ca("second")


# ---------------------------------------------------------------- rates (acm-rules §11)


def test_rates_are_off_unless_switched_on(lab: Lab) -> None:
    for _call in range(30):
        lab.acm.get_account_configuration()


def test_each_operation_has_a_bucket_of_its_own(lab: Lab, clock: Clock) -> None:
    arn = lab.private()
    lab.set(rate_limits=True)
    for _call in range(10):
        lab.describe(arn)
    lab.fails("describe_certificate", "ThrottlingException", CertificateArn=arn)
    lab.acm.get_certificate(CertificateArn=arn)
    clock.advance(milliseconds=99)
    lab.fails("describe_certificate", "ThrottlingException", CertificateArn=arn)
    clock.advance(milliseconds=1)
    lab.describe(arn)
    lab.fails("describe_certificate", "ThrottlingException", CertificateArn=arn)
    clock.advance(hours=1)
    for _call in range(10):  # a second's worth, however long nobody called
        lab.describe(arn)
    lab.fails("describe_certificate", "ThrottlingException", CertificateArn=arn)
    lab.set(rates={"DescribeCertificate": 20})
    clock.advance(seconds=1)
    for _call in range(20):
        lab.describe(arn)
    lab.fails("describe_certificate", "ThrottlingException", CertificateArn=arn)


def test_rates_of_acm() -> None:
    operations = {operation for operation in RATES if RATES[operation] == 1}
    assert operations == {
        "GetAccountConfiguration",
        "ImportCertificate",
        "PutAccountConfiguration",
        "ResendValidationEmail",
    }
    assert set(RATES) <= set(OPERATIONS)


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


# ---------------------------------------------------------------- ARNs


ARN = "arn:aws:acm:us-east-1:123456789012:certificate/"


@pytest.mark.parametrize(
    "arn, code",
    [
        (ARN + "00000000-0000-0000-0000-000000000000", "ResourceNotFoundException"),
        (ARN.replace("123456789012", "999999999999") + "0000", "ResourceNotFoundException"),
        (ARN.replace("us-east-1", "eu-west-1") + "0000", "ResourceNotFoundException"),
        (ARN.replace("arn:aws:", "arn:aws-cn:") + "0000", "ResourceNotFoundException"),
        (ARN.replace("certificate/", "thing/") + "0000", "InvalidArnException"),
        ("arn:aws:iam::123456789012:user/me", "ValidationException"),
        ("not an arn, though long enough", "ValidationException"),
    ],
)
@pytest.mark.parametrize(
    "operation", ["describe_certificate", "get_certificate", "delete_certificate", "renew_certificate"]
)
def test_arns(lab: Lab, operation: str, arn: str, code: str) -> None:
    lab.fails(operation, code, CertificateArn=arn)
