# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managed renewal and the sweep (acm-rules §7), with a clock that the tests set."""

from __future__ import annotations

from datetime import timedelta
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import sweep
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing import approvals, issuance, renewal
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab

SERVICE = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/1"


def renewal_of(lab: Lab, arn: str) -> dict[str, t.Any]:
    return dict(lab.describe(arn)["RenewalSummary"])


# ---------------------------------------------------------------- who, and when


@pytest.mark.parametrize("how, eligible", [("exported", True), ("used", True), ("neither", False)])
def test_which_certificates_are_eligible(lab: Lab, clock: Clock, how: str, eligible: bool) -> None:
    arn = lab.private()
    if how == "exported":
        lab.export(arn)
    if how == "used":
        approvals.set_in_use_by(lab.authority, arn, [SERVICE])
    shown = lab.describe(arn)
    assert shown["RenewalEligibility"] == ("ELIGIBLE" if eligible else "INELIGIBLE")
    assert "RenewalSummary" not in shown
    clock.advance(days=380)
    assert sweep.sweep(lab.authority).renewed == ([arn] if eligible else [])
    assert ("RenewalSummary" in lab.describe(arn)) == eligible


def test_a_certificate_in_use_is_renewed_repeatedly(lab: Lab, clock: Clock) -> None:
    arn = lab.private()
    approvals.set_in_use_by(lab.authority, arn, [SERVICE])
    serials = {lab.describe(arn)["Serial"]}
    for _year in range(3):
        clock.advance(days=340)
        assert sweep.sweep(lab.authority).renewed == [arn]
        serials.add(lab.describe(arn)["Serial"])
    assert len(serials) == 4 and lab.describe(arn)["InUseBy"] == [SERVICE]


def test_an_exported_certificate_must_be_exported_again(lab: Lab, clock: Clock) -> None:
    arn = lab.exported()
    clock.advance(days=340)
    assert sweep.sweep(lab.authority).renewed == [arn]
    clock.advance(days=340)
    assert sweep.sweep(lab.authority).renewed == []
    clock.advance(days=100)
    assert lab.status(arn) == "EXPIRED"


def test_the_window_of_60_days(lab: Lab, clock: Clock) -> None:
    arn = lab.exported()
    starts_at = lab.describe(arn)["NotAfter"].timestamp() - 60 * 86400
    clock.advance(seconds=starts_at - clock.now.timestamp() - 1)
    assert sweep.sweep(lab.authority).renewed == []
    clock.advance(seconds=1)
    assert sweep.sweep(lab.authority).renewed == [arn]


def test_reading_renews_too(lab: Lab, clock: Clock) -> None:
    arn = lab.exported()
    before = lab.describe(arn)["Serial"]
    clock.advance(days=350)
    assert lab.describe(arn)["Serial"] != before


def test_the_window_as_a_share_of_the_lifetime(lab: Lab, clock: Clock) -> None:
    lab.set(private_validity_days=47, renewal_window_percent=33)
    arn = lab.exported()
    clock.advance(days=31)
    assert sweep.sweep(lab.authority).renewed == []
    clock.advance(days=1)
    assert sweep.sweep(lab.authority).renewed == [arn]


def test_a_lab_sees_a_renewal_within_minutes(lab: Lab, clock: Clock) -> None:
    """ACM has its 60 days; a lab that waited for them would see none."""
    lab.set(validity_minutes=120, renewal_window_percent=90)
    arn = lab.exported()
    shown = lab.describe(arn)
    assert shown["NotAfter"] - shown["NotBefore"] == timedelta(minutes=120, seconds=-1)
    clock.advance(minutes=6)
    assert sweep.sweep(lab.authority).renewed == []
    clock.advance(minutes=2)
    assert sweep.sweep(lab.authority).renewed == [arn]
    assert sweep.sweep(lab.authority).renewed == []


def test_a_window_as_long_as_the_lifetime_does_not_renew_endlessly(lab: Lab) -> None:
    lab.set(private_validity_days=30)
    arn = lab.private()
    approvals.set_in_use_by(lab.authority, arn, [SERVICE])
    assert [sweep.sweep(lab.authority).renewed for _number in range(3)] == [[], [], []]


def test_a_changed_window_applies_to_existing_certificates(lab: Lab, clock: Clock) -> None:
    """Stored due times are recomputed when a setting that they depend on changes."""
    arn = lab.exported()
    clock.advance(days=300)
    assert sweep.sweep(lab.authority).looked_at == 0
    lab.set(renewal_window_days=120)
    assert sweep.sweep(lab.authority).renewed == [arn]


# ---------------------------------------------------------------- DNS


def test_renewal_by_dns_while_the_record_exists(lab: Lab, clock: Clock) -> None:
    arn = lab.issued("renew.example.com", Options={"Export": "ENABLED"})
    lab.export(arn)
    lab.unpublish(arn)
    clock.advance(days=340)
    assert sweep.sweep(lab.authority).renewed == []
    summary = renewal_of(lab, arn)
    assert summary["RenewalStatus"] == "PENDING_VALIDATION"
    assert summary["DomainValidationOptions"][0]["ValidationStatus"] == "PENDING_VALIDATION"
    assert "ResourceRecord" in summary["DomainValidationOptions"][0]
    assert lab.status(arn) == "ISSUED"
    before = lab.describe(arn)["Serial"]
    lab.publish(arn)
    assert sweep.sweep(lab.authority).renewed == [arn]
    summary = renewal_of(lab, arn)
    assert (summary["RenewalStatus"], summary["UpdatedAt"]) == ("SUCCESS", clock.now)
    assert summary["DomainValidationOptions"][0]["ValidationStatus"] == "SUCCESS"
    assert lab.describe(arn)["Serial"] != before
    lab.unpublish(arn)


def test_a_renewal_has_failed_when_the_certificate_expires(lab: Lab, clock: Clock) -> None:
    arn = lab.issued("lost.example.com", Options={"Export": "ENABLED"})
    lab.export(arn)
    lab.unpublish(arn)
    clock.advance(days=340)
    for _day in range(60):
        clock.advance(days=1)
        sweep.sweep(lab.authority)
    shown = lab.describe(arn)
    assert (shown["Status"], shown["RenewalSummary"]["RenewalStatus"]) == ("EXPIRED", "FAILED")
    days = [event["detail"]["DaysToExpiry"] for event in lab.events("ACM Certificate Renewal Action Required")]
    assert days == [45, 30, 15, 7, 3, 1]
    reasons = {
        event["detail"]["RenewalStatusReason"] for event in lab.events("ACM Certificate Renewal Action Required")
    }
    assert reasons == {"PENDING_DOMAIN_VALIDATION"}


def test_a_renewal_restarts_after_72_hours(lab: Lab, clock: Clock) -> None:
    arn = lab.issued("again.example.com", SubjectAlternativeNames=["again2.example.com"], Options={"Export": "ENABLED"})
    lab.export(arn)
    name, value = lab.records(arn)[0]
    lab.unpublish(arn)
    lab.dns.add(name, "CNAME", value)
    clock.advance(days=340)
    sweep.sweep(lab.authority)

    def statuses() -> list[str]:
        options = renewal_of(lab, arn)["DomainValidationOptions"]
        return sorted(each["ValidationStatus"] for each in options)

    assert statuses() == ["PENDING_VALIDATION", "SUCCESS"]
    lab.dns.remove(name)
    clock.advance(hours=71)
    sweep.sweep(lab.authority)
    assert statuses() == ["PENDING_VALIDATION", "SUCCESS"]  # one validated counts for this renewal
    clock.advance(hours=1)
    sweep.sweep(lab.authority)
    assert statuses() == ["PENDING_VALIDATION", "PENDING_VALIDATION"]


def test_caa_blocks_a_renewal(lab: Lab, clock: Clock) -> None:
    arn = lab.issued("caa.example.com", Options={"Export": "ENABLED"})
    lab.export(arn)
    lab.dns.add("caa.example.com", "CAA", '0 issue ";"')
    clock.advance(days=360)
    sweep.sweep(lab.authority)
    summary = renewal_of(lab, arn)
    assert (summary["RenewalStatus"], summary["RenewalStatusReason"]) == ("PENDING_VALIDATION", "CAA_ERROR")
    (event,) = lab.events("ACM Certificate Renewal Action Required")
    assert event["detail"]["RenewalStatusReason"] == "CAA_ERROR"
    (health,) = lab.events("AWS Health Event")
    assert health["detail"]["eventTypeCode"] == "CAA_CHECK_FAILURE"
    lab.dns.remove("caa.example.com", "CAA")
    clock.advance(hours=1)
    assert sweep.sweep(lab.authority).renewed == [arn]
    lab.unpublish(arn)


# ---------------------------------------------------------------- e-mail


def test_renewal_by_email_begins_45_days_before_and_needs_approval_of_every_name(lab: Lab, clock: Clock) -> None:
    names = ["www.example.com", "example.com"]
    arn = lab.public(
        names[0], ValidationMethod="EMAIL", SubjectAlternativeNames=names[1:], Options={"Export": "ENABLED"}
    )
    for name in names:
        approvals.approve(lab.authority, arn, name)
    lab.export(arn)
    clock.advance(days=395 - 46)
    assert "RenewalSummary" not in lab.describe(arn)
    clock.advance(days=1)
    sweep.sweep(lab.authority)
    summary = renewal_of(lab, arn)
    assert summary["RenewalStatus"] == "PENDING_VALIDATION"
    assert [len(each["ValidationEmails"]) for each in summary["DomainValidationOptions"]] == [5, 5]
    before = lab.describe(arn)["Serial"]
    approvals.approve(lab.authority, arn, names[0])
    assert lab.describe(arn)["Serial"] == before
    approvals.approve(lab.authority, arn, names[1])
    assert lab.describe(arn)["Serial"] != before
    assert renewal_of(lab, arn)["RenewalStatus"] == "SUCCESS"


# ---------------------------------------------------------------- private


def test_a_private_renewal_is_tried_hourly(lab: Lab, clock: Clock) -> None:
    arn = lab.exported()
    lab.authority.cas.set_status("corp", "DISABLED")
    clock.advance(days=340)
    attempts = []
    for _quarter in range(9):
        attempts.append(sweep.sweep(lab.authority).looked_at)
        clock.advance(minutes=15)
    assert attempts == [1, 0, 0, 0, 1, 0, 0, 0, 1]
    summary = renewal_of(lab, arn)
    assert (summary["RenewalStatus"], summary["RenewalStatusReason"]) == ("PENDING_AUTO_RENEWAL", "PCA_INVALID_STATE")
    assert summary["DomainValidationOptions"] == [{"DomainName": "www.corp.test"}]
    lab.authority.cas.set_status("corp", "ACTIVE")
    clock.advance(hours=1)
    assert sweep.sweep(lab.authority).renewed == [arn]


def test_a_failed_private_renewal_is_reported_in_health(lab: Lab, clock: Clock) -> None:
    lab.exported()
    lab.authority.cas.set_status("corp", "DISABLED")
    clock.advance(days=360)
    sweep.sweep(lab.authority)
    assert [event["detail"]["eventTypeCode"] for event in lab.events("AWS Health Event")] == ["AWS_ACM_RENEWAL_FAILURE"]


# ---------------------------------------------------------------- the sweep


def test_only_one_of_two_attempts_counts(lab: Lab, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one attempt signs, another one renews: the first one's result is dropped."""
    arn = lab.exported()
    clock.advance(days=340)
    with lab.authority.store.read() as tx:
        certificate = tx.certificate(arn.rpartition("/")[2])
    assert certificate
    sign = issuance.sign

    def sign_late(*arguments: t.Any) -> t.Any:
        monkeypatch.setattr(issuance, "sign", sign)
        renewal.attempt(lab.authority, certificate)
        return sign(*arguments)

    monkeypatch.setattr(issuance, "sign", sign_late)
    after = renewal.attempt(lab.authority, certificate)
    assert after.leaf and after.leaf.serial == lab.describe(arn)["Serial"]
    assert [event["detail"]["Action"] for event in lab.events("ACM Certificate Available")] == ["ISSUANCE", "RENEWAL"]


def test_public_certificates_never_outlive_their_issuer(lab: Lab, clock: Clock) -> None:
    """After more than nine years, new intermediates and roots are created automatically."""
    first = lab.issued("decade.example.com")
    chains = {lab.acm.get_certificate(CertificateArn=first)["CertificateChain"]}
    clock.advance(days=3650 - 394)
    second = lab.public("decade.example.com")
    chains.add(lab.acm.get_certificate(CertificateArn=second)["CertificateChain"])
    assert len(chains) == 2
    lab.unpublish(first)


def test_a_sweep_records_its_time(lab: Lab) -> None:
    sweep.sweep(lab.authority)
    with lab.authority.store.read() as tx:
        assert tx.meta("last_sweep_at") == "2026-11-23T12:00:00Z"


def test_a_clock_that_was_set_back(lab: Lab, clock: Clock) -> None:
    arn = lab.exported()
    lab.authority.cas.set_status("corp", "DISABLED")
    clock.advance(days=340)
    sweep.sweep(lab.authority)
    clock.advance(days=-5)
    lab.authority.cas.set_status("corp", "ACTIVE")
    assert lab.status(arn) == "ISSUED"
    assert renewal_of(lab, arn)["RenewalStatus"] == "SUCCESS"
    clock.advance(days=-400)
    message = lab.fails(
        "request_certificate", "ValidationException", DomainName="a.corp.test", CertificateAuthorityArn=lab.ca(),
        KeyAlgorithm="EC_prime256v1",
    )  # fmt: skip
    assert "clock" in message
    assert lab.authority.store.verify() == []
