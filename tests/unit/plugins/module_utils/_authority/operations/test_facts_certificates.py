# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the live service was seen to answer about certificates, one test for each fact."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing import approvals
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from cryptography import x509

LOAD_BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/a"
SERVER = {"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"}
CLIENT = {"Name": "TLS_WEB_CLIENT_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.2"}


def imported(lab: Lab, pair: t.Any, **more: t.Any) -> str:
    wanted = {"Certificate": pair.pem.encode(), "PrivateKey": pair.key_pem.encode(), **more}
    return str(lab.acm.import_certificate(**wanted)["CertificateArn"])


def statuses(lab: Lab, arn: str) -> dict[str, str]:
    return {each["DomainName"]: each["ValidationStatus"] for each in lab.describe(arn)["DomainValidationOptions"]}


# ---------------------------------------------------------------- DescribeCertificate: requests


@pytest.mark.parametrize(
    "algorithm, shown, signature",
    [("RSA_2048", "RSA-2048", "SHA256WITHRSA"), ("EC_prime256v1", "EC_prime256v1", "SHA256WITHECDSA")],
)
def test_requested_and_pending(lab: Lab, algorithm: str, shown: str, signature: str) -> None:
    arn = lab.public("www.example.com", SubjectAlternativeNames=["*.example.com"], KeyAlgorithm=algorithm)
    found = lab.describe(arn)
    assert (found["Subject"], found["Issuer"]) == ("CN=www.example.com", "Amazon")
    assert (found["KeyAlgorithm"], found["SignatureAlgorithm"]) == (shown, signature)
    assert found["KeyUsages"] == found["ExtendedKeyUsages"] == found["InUseBy"] == []
    assert found["Options"] == {"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "DISABLED"}
    assert found["RenewalEligibility"] == "INELIGIBLE"
    assert not {"Serial", "NotBefore", "NotAfter"} & set(found)
    domains = {each["DomainName"]: each["ValidationDomain"] for each in found["DomainValidationOptions"]}
    assert domains == {"www.example.com": "www.example.com", "*.example.com": "*.example.com"}


@pytest.mark.parametrize("name, verdict", [("example.com", "PENDING_VALIDATION"), ("nomail.test", "FAILED")])
def test_by_email_the_outcome_is_known_later(lab: Lab, clock: Clock, name: str, verdict: str) -> None:
    lab.set(validation_emails_delay_s=2)
    arn = lab.acm.request_certificate(DomainName=name, ValidationMethod="EMAIL")["CertificateArn"]
    (option,) = lab.describe(arn)["DomainValidationOptions"]
    assert (lab.status(arn), option["ValidationStatus"]) == ("PENDING_VALIDATION", "PENDING_VALIDATION")
    assert option["ValidationEmails"] == []
    clock.advance(seconds=2)
    (option,) = lab.describe(arn)["DomainValidationOptions"]
    assert lab.status(arn) == verdict
    assert bool(option["ValidationEmails"]) == (verdict == "PENDING_VALIDATION")


def test_only_the_name_at_fault_has_failed(lab: Lab) -> None:
    arn = lab.public("www.example.com", SubjectAlternativeNames=["x.amazonaws.com", "a.example.com"])
    assert (lab.status(arn), lab.describe(arn)["FailureReason"]) == ("FAILED", "DOMAIN_NOT_ALLOWED")
    assert statuses(lab, arn) == {
        "www.example.com": "PENDING_VALIDATION",
        "x.amazonaws.com": "FAILED",
        "a.example.com": "PENDING_VALIDATION",
    }


def test_only_the_name_without_mail_has_failed(lab: Lab) -> None:
    names = {"DomainName": "example.com", "SubjectAlternativeNames": ["nomail.test"]}
    arn = lab.acm.request_certificate(**names, ValidationMethod="EMAIL")["CertificateArn"]
    assert lab.describe(arn)["FailureReason"] == "NO_AVAILABLE_CONTACTS"
    assert statuses(lab, arn) == {"example.com": "PENDING_VALIDATION", "nomail.test": "FAILED"}


def test_only_the_name_forbidden_by_caa_has_failed(lab: Lab) -> None:
    lab.dns.add("caa.example.com", "CAA", '0 issue "other.example"')
    arn = lab.public("www.example.com", SubjectAlternativeNames=["caa.example.com"])
    lab.publish(arn)
    assert (lab.status(arn), lab.describe(arn)["FailureReason"]) == ("FAILED", "CAA_ERROR")
    assert statuses(lab, arn) == {"www.example.com": "SUCCESS", "caa.example.com": "FAILED"}
    lab.unpublish(arn)
    lab.dns.remove("caa.example.com")


def test_a_reason_that_only_the_service_knows(lab: Lab) -> None:
    """ADDITIONAL_VERIFICATION_REQUIRED was seen for test.example.com next to names of another domain."""
    lab.set(failure_reasons={"test.example.com": "ADDITIONAL_VERIFICATION_REQUIRED"})
    arn = lab.public("www.example.net", SubjectAlternativeNames=["test.example.com", "a.example.net"])
    assert lab.describe(arn)["FailureReason"] == "ADDITIONAL_VERIFICATION_REQUIRED"
    assert statuses(lab, arn) == {
        "www.example.net": "PENDING_VALIDATION",
        "test.example.com": "FAILED",
        "a.example.net": "PENDING_VALIDATION",
    }
    assert lab.status(lab.public("www.example.com")) == "PENDING_VALIDATION"


@pytest.mark.parametrize("reason", ["PCA_REQUEST_FAILED", "OTHER"])
def test_a_reason_of_a_private_ca(lab: Lab, reason: str) -> None:
    lab.set(failure_reasons={"corp.test": reason})
    shown = lab.describe(lab.private("www.corp.test"))
    assert (shown["Status"], shown["FailureReason"]) == ("FAILED", reason)


@pytest.mark.parametrize("old, usages", [(False, [SERVER]), (True, [SERVER, CLIENT])])
def test_public_leaves_are_for_server_authentication_only(lab: Lab, old: bool, usages: list[dict[str, str]]) -> None:
    lab.set(public_client_auth=old)
    arn = lab.issued("eku.example.com", KeyAlgorithm="RSA_2048")
    shown = lab.describe(arn)
    assert shown["ExtendedKeyUsages"] == usages
    assert shown["KeyUsages"] == [{"Name": "DIGITAL_SIGNATURE"}, {"Name": "KEY_ENCIPHERMENT"}]
    leaf = pem.load_certificate(lab.acm.get_certificate(CertificateArn=arn)["Certificate"])
    assert [oid for _name, oid in pem.extended_key_usages(leaf)] == [usage["OID"] for usage in usages]
    lab.unpublish(arn)


# ---------------------------------------------------------------- DescribeCertificate: imports


def test_imported(lab: Lab, pki: t.Any) -> None:
    issuer = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Example Ltd"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "Example CA"),
        ]
    )
    pair = pki.issue("WWW.Example.com", names=("b.Example.com", "WWW.Example.com"), issuer_name=issuer)
    shown = lab.describe(imported(lab, pair))
    assert shown["DomainValidationOptions"] == [{"DomainName": "b.Example.com"}, {"DomainName": "WWW.Example.com"}]
    assert shown["Options"] == {"CertificateTransparencyLoggingPreference": "DISABLED", "Export": "DISABLED"}
    assert shown["Issuer"] == "Example Ltd"
    assert shown["Subject"] == "CN=WWW.Example.com"
    assert shown["Serial"] == pem.serial(pair.certificate)
    assert (shown["DomainName"], shown["SubjectAlternativeNames"]) == (
        "WWW.Example.com",
        ["b.Example.com", "WWW.Example.com"],
    )
    assert shown["RenewalEligibility"] == "INELIGIBLE"
    assert shown["CreatedAt"] == shown["ImportedAt"] == lab.clock.now
    found = lab.acm.search_certificates(
        FilterStatement={
            "Filter": {
                "X509AttributeFilter": {
                    "SubjectAlternativeName": {"DnsName": {"Value": "www.example.COM", "ComparisonOperator": "EQUALS"}}
                }
            }
        }
    )
    assert len(found["Results"]) == 1  # whatever the case


def test_an_issuer_without_an_organization(lab: Lab, pki: t.Any) -> None:
    assert lab.describe(imported(lab, pki.leaf("www.example.com")))["Issuer"] == "intermediate"


@pytest.mark.parametrize("name", ["localhost.example.cloudIP:127.0.0.1", "under_score.example.com", "printer", "*.*.x"])
def test_sans_are_not_checked(lab: Lab, pki: t.Any, name: str) -> None:
    shown = lab.describe(imported(lab, pki.issue("www.example.com", names=("www.example.com", name))))
    assert shown["SubjectAlternativeNames"] == ["www.example.com", name]


@pytest.mark.parametrize("name", ["", "evil\0.example.com"])
def test_an_invalid_dns_name_is_refused_with_acms_code(lab: Lab, pki: t.Any, name: str) -> None:
    pair = pki.issue("www.example.com", names=("www.example.com", name))
    message = lab.fails(
        "import_certificate", "ValidationException", Certificate=pair.pem.encode(), PrivateKey=pair.key_pem.encode()
    )
    assert "DNS name" in message and "Parameter" not in message


def test_a_common_name_that_is_an_address(lab: Lab, pki: t.Any) -> None:
    shown = lab.describe(imported(lab, pki.issue("192.0.2.1", names=(), addresses=("192.0.2.1",))))
    assert "DomainName" not in shown and "SubjectAlternativeNames" not in shown
    shown = lab.describe(imported(lab, pki.issue("192.0.2.1", names=("www.example.com",))))
    assert "DomainName" not in shown and shown["SubjectAlternativeNames"] == ["www.example.com"]


@pytest.mark.parametrize("name", ["server", "My Awesome Service", "vpn_server.staging.lab.test"])
def test_a_common_name_that_is_not_a_domain_name(lab: Lab, pki: t.Any, name: str) -> None:
    arn = imported(lab, pki.issue(name, names=()))
    assert lab.describe(arn)["DomainName"] == name
    listed = lab.acm.list_certificates(Includes={"keyTypes": ["EC_prime256v1"]})["CertificateSummaryList"]
    assert [each["DomainName"] for each in listed] == [name]
    (event,) = lab.events("ACM Certificate Available")
    assert event["detail"]["CommonName"] == name


def test_a_root_ca(lab: Lab, pki: t.Any) -> None:
    assert lab.describe(imported(lab, pki.issue("Lab Root", names=(), is_ca=True)))["DomainName"] == "Lab Root"


# ---------------------------------------------------------------- ListCertificates


def listed(lab: Lab, **includes: t.Any) -> list[dict[str, t.Any]]:
    everything = ["RSA_2048", "EC_prime256v1"]
    found = lab.acm.list_certificates(Includes={"keyTypes": everything, **includes})["CertificateSummaryList"]
    return list(found)


def test_summaries(lab: Lab, pki: t.Any) -> None:
    imported(lab, pki.issue("c.example.com", names=("b.example.com", "c.example.com", "a.example.com")))
    (summary,) = listed(lab)
    assert summary["ExportOption"] == "DISABLED"
    assert summary["SubjectAlternativeNameSummaries"] == ["b.example.com", "c.example.com", "a.example.com"]
    pending = lab.public("p.example.com")
    (summary,) = [each for each in listed(lab) if each["CertificateArn"] == pending]
    assert summary["Exported"] is False
    assert not {"NotBefore", "NotAfter"} & set(summary)


def test_absent_any_and_unknown_usages(lab: Lab, pki: t.Any) -> None:
    names = {
        imported(lab, pki.issue(f"{name}.example.com", **usages)): name
        for name, usages in {
            "none": {"extended_key_usage": None, "key_usage": None},
            "any": {"extended_key_usage": ("2.5.29.37.0",)},
            "custom": {"extended_key_usage": ("1.2.3.4",)},
            "server": {"extended_key_usage": (SERVER["OID"],)},
        }.items()
    }

    def found(**includes: t.Any) -> set[str]:
        return {names[each["CertificateArn"]] for each in listed(lab, **includes)}

    def searched(**attribute: str) -> set[str]:
        statement = {"Filter": {"X509AttributeFilter": attribute}}
        results = lab.acm.search_certificates(FilterStatement=statement)["Results"]
        return {names[each["CertificateArn"]] for each in results}

    usages = {names[each["CertificateArn"]]: each["ExtendedKeyUsages"] for each in listed(lab)}
    assert usages["none"] == ["NONE"] and usages["any"] == ["ANY"] and usages["custom"] == ["CUSTOM"]
    for name in ("none", "any", "custom"):
        assert found(extendedKeyUsage=[name.upper()]) == searched(ExtendedKeyUsage=name.upper()) == {name}
    assert found(extendedKeyUsage=["NONE", SERVER["Name"]]) == {"none", "server"}
    for usage in ("ANY", "CUSTOM"):  # of the key, not the extended ones
        assert found(keyUsage=[usage]) == searched(KeyUsage=usage) == set()
    assert found(keyUsage=["DIGITAL_SIGNATURE"]) == {"any", "custom", "server"}


# ---------------------------------------------------------------- GetCertificate


def test_there_is_always_a_chain(lab: Lab, pki: t.Any) -> None:
    pair = pki.issue("self.example.com")
    answer = lab.acm.get_certificate(CertificateArn=imported(lab, pair))
    assert (answer["Certificate"], answer["CertificateChain"]) == (pair.pem, pair.pem)


def test_a_chain_that_starts_with_the_leaf(lab: Lab, pki: t.Any) -> None:
    pair = pki.leaf("www.example.com")
    whole = pair.pem + pair.chain_pem
    arn = imported(lab, pair, CertificateChain=whole.encode())
    assert lab.acm.get_certificate(CertificateArn=arn)["CertificateChain"] == whole


# ---------------------------------------------------------------- events


def test_health_notices_of_one_renewal_are_one_event(lab: Lab, clock: Clock) -> None:
    arn = lab.issued("health.example.com", Options={"Export": "ENABLED"})
    lab.export(arn)
    records = lab.records(arn)
    lab.unpublish(arn)
    for days in (355, 10, 15):
        clock.advance(days=days)
        lab.describe(arn)
    for name, value in records:
        lab.dns.add(name, "CNAME", value)
    clock.advance(days=1)
    assert lab.describe(arn)["RenewalSummary"]["RenewalStatus"] == "SUCCESS"
    lab.unpublish(arn)
    told = [event["detail"] for event in lab.events("AWS Health Event")]
    assert len(told) > 2 and len({each["eventArn"] for each in told}) == 1
    assert len({each["communicationId"] for each in told}) == len(told)
    updates = [each["lastUpdatedTime"] for each in told]
    assert updates == list(dict.fromkeys(updates))
    approvals.set_in_use_by(lab.authority, arn, [LOAD_BALANCER])
    clock.advance(days=395 - 40)
    lab.describe(arn)
    assert lab.events("AWS Health Event")[-1]["detail"]["eventArn"] != told[0]["eventArn"]  # the next renewal
