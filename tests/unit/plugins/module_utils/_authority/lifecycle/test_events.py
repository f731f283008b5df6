# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events, Health and the account's configuration (acm-rules §8)."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._authority import sweep
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab

AVAILABLE = "ACM Certificate Available"


def test_the_form_of_an_event(lab: Lab) -> None:
    arn = lab.private()
    (event,) = lab.events()
    assert set(event) == {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
    assert (event["source"], event["account"], event["region"]) == ("aws.acm", "123456789012", "us-east-1")
    assert (event["resources"], event["time"], event["detail-type"]) == ([arn], "2026-11-23T12:00:00Z", AVAILABLE)
    assert event["detail"] == {
        "Action": "ISSUANCE",
        "CertificateType": "PRIVATE",
        "CommonName": "www.corp.test",
        "CertificateCreatedDate": "2026-11-23T12:00:00Z",
        "CertificateExpirationDate": "2027-12-23T10:59:59Z",
        "DaysToExpiry": 395,
        "InUse": False,
        "Exported": False,
        "Exportable": True,
        "FirstSubjectAlternativeName": "www.corp.test",
        "ValidityInDays": 395,
        "CertificateKeyPairOrigin": "AWS_MANAGED",
    }


def test_actions(lab: Lab, clock: Clock, pki: t.Any) -> None:
    arn = lab.exported()
    clock.advance(days=1)
    lab.acm.renew_certificate(CertificateArn=arn)
    lab.describe(arn)
    public = lab.issued("event.example.com")
    lab.unpublish(public)
    found = [(event["resources"][0], event["detail"]["Action"]) for event in lab.events(AVAILABLE)]
    assert found == [(arn, "ISSUANCE"), (arn, "RENEWAL"), (public, "ISSUANCE")]
    assert lab.events(AVAILABLE)[2]["detail"]["DomainValidationMethod"] == "DNS"
    (health,) = lab.events("AWS Health Event")
    assert (health["source"], health["detail"]["eventTypeCode"]) == ("aws.health", "AWS_ACM_RENEWAL_STATE_CHANGE")
    assert (health["detail"]["service"], health["detail"]["eventTypeCategory"]) == ("ACM", "scheduledChange")
    assert health["resources"] == [arn] == [each["entityValue"] for each in health["detail"]["affectedEntities"]]


def test_revoked(lab: Lab) -> None:
    arn = lab.exported()
    lab.acm.revoke_certificate(CertificateArn=arn, RevocationReason="SUPERSEDED")
    (event,) = lab.events("ACM Certificate Revoked")
    assert set(event["detail"]) == {"CertificateType", "CommonName", "CertificateExpirationDate", "Exportable"}


def test_approaching_expiration_once_a_day_for_every_type(lab: Lab, clock: Clock, pki: t.Any) -> None:
    lab.private()
    pair = pki.issue("import.example.com", days=60.3)
    lab.acm.import_certificate(Certificate=pair.pem.encode(), PrivateKey=pair.key_pem.encode())
    for _half_day in range(2 * 62):
        clock.advance(hours=12)
        sweep.sweep(lab.authority)
    events = lab.events("ACM Certificate Approaching Expiration")
    assert {event["detail"]["CommonName"] for event in events} == {"import.example.com"}
    days = [event["detail"]["DaysToExpiry"] for event in events]
    assert days[0] == 45 and days[-1] == 1 and days == sorted(set(days), reverse=True)
    assert lab.events("ACM Certificate Expired") == []  # imported ones
    for _day in range(340):
        clock.advance(days=1)
        if sweep.sweep(lab.authority).looked_at and lab.events("ACM Certificate Expired"):
            break
    (expired,) = lab.events("ACM Certificate Expired")
    assert expired["detail"]["CertificateType"] == "PRIVATE" and "DaysToExpiry" not in expired["detail"]
    assert (len(lab.events("ACM Certificate Approaching Expiration")) - len(events)) in (45, 46)


def test_days_before_expiry_is_the_accounts(lab: Lab, clock: Clock) -> None:
    assert lab.acm.get_account_configuration()["ExpiryEvents"] == {"DaysBeforeExpiry": 45}
    lab.set(days_before_expiry=30)
    assert lab.acm.get_account_configuration()["ExpiryEvents"] == {"DaysBeforeExpiry": 30}
    lab.private()
    clock.advance(days=395 - 40)
    sweep.sweep(lab.authority)
    assert lab.events("ACM Certificate Approaching Expiration") == []
    lab.acm.put_account_configuration(ExpiryEvents={"DaysBeforeExpiry": 41}, IdempotencyToken="a")
    assert lab.acm.get_account_configuration()["ExpiryEvents"] == {"DaysBeforeExpiry": 41}
    sweep.sweep(lab.authority)
    assert len(lab.events("ACM Certificate Approaching Expiration")) == 1
