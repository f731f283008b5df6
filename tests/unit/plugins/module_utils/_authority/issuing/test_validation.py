# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Domain validation through the whole authority (acm-rules §3): real BIND, real mail server, real web server.

The checks' own rules are tested in checks/; here is what a customer of the authority sees of them.
"""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import sweep
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from ansible_collections.certops.acm.tests.support.mail_server import mail_server
from ansible_collections.certops.acm.tests.support.web_server import redirect, web_server


def option(lab: Lab, arn: str) -> dict[str, t.Any]:
    return dict(lab.describe(arn)["DomainValidationOptions"][0])


# ---------------------------------------------------------------- DNS


def test_issued_once_the_record_is_there(lab: Lab) -> None:
    arn = lab.public("dns.example.com")
    record = option(lab, arn)["ResourceRecord"]
    assert re.fullmatch(r"_[0-9a-f]{32}\.dns\.example\.com\.", record["Name"])
    assert re.fullmatch(r"_[0-9a-f]{32}\.[a-z]{10}\.acm-validations\.aws\.", record["Value"])
    lab.fails("get_certificate", "RequestInProgressException", CertificateArn=arn)
    lab.publish(arn)
    shown = lab.describe(arn)
    assert (shown["Status"], shown["IssuedAt"]) == ("ISSUED", lab.clock.now)
    assert option(lab, arn)["ValidationStatus"] == "SUCCESS"
    assert shown["Issuer"] == "Amazon"
    lab.unpublish(arn)


def test_get_and_export_validate_too(lab: Lab) -> None:
    arn = lab.public("get.example.com", Options={"Export": "ENABLED"})
    lab.publish(arn)
    assert lab.acm.get_certificate(CertificateArn=arn)["Certificate"].startswith("-----BEGIN CERTIFICATE")
    other = lab.public("get.example.com", Options={"Export": "ENABLED"})
    assert lab.export(other)["PrivateKey"].startswith("-----BEGIN ENCRYPTED PRIVATE KEY")
    lab.unpublish(arn)


def test_a_sweep_issues_certificates_that_nobody_reads(lab: Lab) -> None:
    arn = lab.public("sweep.example.com")
    assert sweep.sweep(lab.authority).issued == []
    lab.publish(arn)
    assert sweep.sweep(lab.authority).issued == [arn]
    lab.unpublish(arn)


def test_the_record_is_shared_with_the_wildcard_and_later_certificates(lab: Lab) -> None:
    arn = lab.public("shared.example.com", SubjectAlternativeNames=["*.shared.example.com"])
    first, second = (each["ResourceRecord"] for each in lab.describe(arn)["DomainValidationOptions"])
    assert first == second
    assert lab.records(lab.public("*.shared.example.com")) == lab.records(arn)
    assert lab.records(lab.public("other.example.com")) != lab.records(arn)


def test_every_name_must_be_validated(lab: Lab) -> None:
    arn = lab.public("one.example.com", SubjectAlternativeNames=["two.example.com"])
    name, value = lab.records(arn)[0]
    lab.dns.add(name, "CNAME", value)
    shown = lab.describe(arn)
    assert shown["Status"] == "PENDING_VALIDATION"
    assert sorted(each["ValidationStatus"] for each in shown["DomainValidationOptions"]) == [
        "PENDING_VALIDATION",
        "SUCCESS",
    ]
    lab.publish(arn)
    assert lab.status(arn) == "ISSUED"
    lab.unpublish(arn)


@pytest.mark.parametrize("prefix, status", [("", "ISSUED"), ("x", "PENDING_VALIDATION")])
def test_the_value_without_its_underscore(lab: Lab, prefix: str, status: str) -> None:
    arn = lab.public("bare.example.com")
    ((name, value),) = lab.records(arn)
    lab.dns.remove(name)
    lab.dns.add(name, "CNAME", prefix + value.lstrip("_"))
    assert lab.status(arn) == status
    lab.dns.remove(name)


def test_after_72_hours_the_request_times_out_for_good(lab: Lab, clock: Clock) -> None:
    arn = lab.public("late.example.com")
    assert sweep.sweep(lab.authority).looked_at == 1
    clock.advance(hours=72, milliseconds=-1)
    assert lab.status(arn) == "PENDING_VALIDATION"
    clock.advance(milliseconds=1)
    assert lab.status(arn) == "VALIDATION_TIMED_OUT"
    assert option(lab, arn)["ValidationStatus"] == "FAILED"
    ((name, value),) = lab.records(arn)
    lab.dns.add(name, "CNAME", value)
    assert lab.status(arn) == "VALIDATION_TIMED_OUT"
    lab.dns.remove(name)
    assert sweep.sweep(lab.authority).looked_at == 0  # never again
    lab.fails("get_certificate", "ValidationException", CertificateArn=arn)


def test_the_record_may_be_shown_some_seconds_later(lab: Lab, clock: Clock) -> None:
    lab.set(resource_record_delay_s=5)
    arn = lab.public("delay.example.com")
    assert "ResourceRecord" not in option(lab, arn)
    clock.advance(seconds=5)
    assert "ResourceRecord" in option(lab, arn)


# ---------------------------------------------------------------- CAA


@pytest.mark.parametrize(
    "name, records, status",
    [
        ("caa1.example.com", ['0 issue "letsencrypt.org"'], "FAILED"),
        ("caa2.example.com", ['0 issue "letsencrypt.org"', '0 issue "amazon.com"'], "ISSUED"),
        ("caa3.example.com", ['0 issue ";"'], "FAILED"),
        ("caa4.example.com", ['128 unheard "of"'], "FAILED"),
        ("*.caa5.example.com", ['0 issue "amazontrust.com"', '0 issuewild ";"'], "FAILED"),
        ("*.caa6.example.com", ['0 issue ";"', '0 issuewild "awstrust.com"'], "ISSUED"),
        ("caa7.example.com", ['0 iodef "mailto:a@example.com"'], "ISSUED"),
    ],
)
def test_caa_is_looked_up_after_validation(lab: Lab, name: str, records: list[str], status: str) -> None:
    owner = name.removeprefix("*.")
    lab.dns.add(owner, "CAA", *records)
    arn = lab.public(name)
    assert lab.status(arn) == "PENDING_VALIDATION"  # nobody asks for CAA before the names are validated
    lab.publish(arn)
    shown = lab.describe(arn)
    assert (shown["Status"], shown.get("FailureReason")) == (status, "CAA_ERROR" if status == "FAILED" else None)
    lab.dns.remove(owner, "CAA")
    assert lab.status(arn) == status  # a failed request stays failed
    lab.unpublish(arn)


# ---------------------------------------------------------------- e-mail


@pytest.mark.parametrize("name", ["www.nomail.test", "www.example.net"])  # a null MX, and none at all
def test_a_domain_without_mail(lab: Lab, name: str) -> None:
    arn = lab.public(name, ValidationMethod="EMAIL")
    shown = lab.describe(arn)
    assert (shown["Status"], shown["FailureReason"]) == ("FAILED", "NO_AVAILABLE_CONTACTS")


def test_resend(lab: Lab, clock: Clock) -> None:
    with mail_server() as server:
        lab.set(smtp={"host": "127.0.0.1", "port": server.port})
        arn = lab.public("a.www.example.com", ValidationMethod="EMAIL", DomainValidationOptions=[
            {"DomainName": "a.www.example.com", "ValidationDomain": "example.com"}])  # fmt: skip
        lab.acm.resend_validation_email(CertificateArn=arn, Domain="a.www.example.com", ValidationDomain="example.com")
        first, second = server.wait_for(2)
        assert first["To"] == second["To"] and "admin@example.com" in first["To"]
        assert option(lab, arn)["ValidationDomain"] == "example.com"
        clock.advance(hours=72)
        lab.fails(
            "resend_validation_email", "InvalidStateException", CertificateArn=arn, Domain="a.www.example.com",
            ValidationDomain="example.com",
        )  # fmt: skip


@pytest.mark.parametrize(
    "domain, validation_domain, code",
    [
        ("www.example.com", "example.net", "InvalidDomainValidationOptionsException"),
        ("www.example.com", "ample.com", "InvalidDomainValidationOptionsException"),
        ("other.example.com", "example.com", "InvalidDomainValidationOptionsException"),
        ("www.example.com", "example.com", "InvalidStateException"),
    ],
)
def test_resend_refuses(lab: Lab, domain: str, validation_domain: str, code: str) -> None:
    arn = lab.public("www.example.com")  # by DNS
    lab.fails("resend_validation_email", code, CertificateArn=arn, Domain=domain, ValidationDomain=validation_domain)


def test_resend_for_a_certificate_that_is_not_pending(lab: Lab) -> None:
    lab.fails(
        "resend_validation_email", "InvalidStateException", CertificateArn=lab.private(), Domain="www.corp.test",
        ValidationDomain="corp.test",
    )  # fmt: skip


@pytest.mark.parametrize("domain", ["example.net", "a.www.example.com"])
def test_the_validation_domain_is_the_name_or_a_parent_of_it(lab: Lab, domain: str) -> None:
    options = [{"DomainName": "www.example.com", "ValidationDomain": domain}]
    lab.fails(
        "request_certificate", "InvalidDomainValidationOptionsException", DomainName="www.example.com",
        ValidationMethod="EMAIL", DomainValidationOptions=options,
    )  # fmt: skip


def test_a_mail_server_that_is_down_does_not_end_the_request(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    lab.set(smtp={"host": "127.0.0.1", "port": 1})
    arn = lab.public(ValidationMethod="EMAIL")
    assert lab.status(arn) == "PENDING_VALIDATION"
    (said,) = caplog.messages
    assert said.startswith("The mail for www.example.com was not sent")
    lab.acm.resend_validation_email(CertificateArn=arn, Domain="www.example.com", ValidationDomain="example.com")
    assert caplog.messages == [said, said]


# ---------------------------------------------------------------- HTTP


@pytest.mark.parametrize(
    "how, status", [("redirect", "ISSUED"), ("elsewhere", "PENDING_VALIDATION"), ("moved", "PENDING_VALIDATION")]
)
def test_http(lab: Lab, how: str, status: str) -> None:
    arn = lab.public("web.example.com", ValidationMethod="HTTP", ManagedBy="CLOUDFRONT")
    shown = option(lab, arn)
    wanted = shown["HttpRedirect"]
    token = wanted["RedirectFrom"].rpartition("/")[2]
    assert wanted["RedirectFrom"] == f"http://web.example.com/.well-known/pki-validation/{token}"
    assert re.fullmatch(
        rf"https://validation\.us-east-1\.acm-validations\.aws/[0-9a-f]+/\.well-known/pki-validation/{re.escape(token)}",
        wanted["RedirectTo"],
    )
    assert lab.describe(arn)["ManagedBy"] == "CLOUDFRONT"
    pages = {
        "redirect": redirect(wanted["RedirectTo"]),
        "elsewhere": redirect("https://example.org/"),
        "moved": redirect(wanted["RedirectTo"], 301),
    }
    with web_server({f"/.well-known/pki-validation/{token}": pages[how]}) as server:
        lab.set(http_addresses={"web.example.com": server.address})
        assert lab.status(arn) == status
        assert server.requests[0].host.startswith("web.example.com")
