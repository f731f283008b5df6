# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting ends: in every final state, at the time-out, and with the reason."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_certificate import waiting
from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import Certificate, from_detail
from ansible_collections.certops.acm.plugins.module_utils._door.acm import AcmError
from ansible_collections.certops.acm.tests.support.scripted_acm import ScriptedAcm, arn

ARN = arn(1)
PENDING = {
    "CertificateArn": ARN,
    "DomainName": "www.example.com",
    "Type": "AMAZON_ISSUED",
    "Status": "PENDING_VALIDATION",
}
RECORD = {"Name": "_a.www.example.com.", "Type": "CNAME", "Value": "_b.acm-validations.aws."}


class Clock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now_s += seconds

    def as_clock(self) -> waiting.Clock:
        return waiting.Clock(self.sleep, lambda: self.now_s)


def describing(*details: t.Any) -> ScriptedAcm:
    return ScriptedAcm(
        *(
            (
                "DescribeCertificate",
                {"CertificateArn": ARN},
                detail if isinstance(detail, Exception) else {"Certificate": detail},
            )
            for detail in details
        )
    )


def wait(acm: ScriptedAcm, judge: waiting.Judge, clock: Clock, **settings: t.Any) -> waiting.Outcome:
    settings = {"timeout_s": 600, "interval_s": 5, **settings}
    return waiting.await_each(acm, {ARN: judge}, clock=clock.as_clock(), **settings)[ARN]


@pytest.mark.parametrize(
    ("facts", "is_over", "sentence"),
    [
        ({"Status": "ISSUED"}, True, None),
        ({"Status": "ISSUED", "Type": "PRIVATE"}, True, None),
        ({"Status": "PENDING_VALIDATION"}, False, None),
        # every name is validated, the certificate is not there yet
        (
            {"DomainValidationOptions": [{"DomainName": "www.example.com", "ValidationStatus": "SUCCESS"}]},
            False,
            None,
        ),
        # one name still waits, but the request has failed
        (
            {
                "Status": "FAILED",
                "FailureReason": "CAA_ERROR",
                "DomainValidationOptions": [
                    {"DomainName": "www.example.com", "ValidationStatus": "PENDING_VALIDATION"}
                ],
            },
            True,
            "CAA_ERROR",
        ),
        ({"Status": "VALIDATION_TIMED_OUT"}, True, "within 72 hours"),
        ({"Status": "REVOKED"}, True, "REVOKED"),
        ({"Status": "EXPIRED"}, True, "EXPIRED"),
        ({"Status": "INACTIVE"}, True, "INACTIVE"),
        ({"Status": "SOMETHING_NEW"}, True, "SOMETHING_NEW"),
    ],
)
def test_the_status_of_the_certificate_decides(
    facts: dict[str, t.Any], is_over: bool, sentence: t.Optional[str]
) -> None:
    verdict = waiting.is_issued(from_detail({**PENDING, **facts}))
    assert verdict.is_over is is_over
    assert (verdict.failure is None) if sentence is None else sentence in (verdict.failure or "")


def test_polling_begins_fast_and_slows_down() -> None:
    clock = Clock()
    acm = describing(*[PENDING] * 8, {**PENDING, "Status": "ISSUED"})
    outcome = wait(acm, waiting.is_issued, clock, interval_s=5)
    assert outcome.certificate is not None and outcome.certificate.status == "ISSUED"
    assert clock.pauses[0] == 0.5
    assert clock.pauses == sorted(clock.pauses)
    assert max(clock.pauses) == 5
    acm.check_is_done()


def test_what_is_already_known_is_not_read_again() -> None:
    known = {ARN: from_detail({**PENDING, "Status": "ISSUED"})}
    assert not wait(ScriptedAcm(), waiting.is_issued, Clock(), known=known).is_timed_out


def test_a_last_look_is_taken_when_time_is_up() -> None:
    clock = Clock()
    acm = describing(*[PENDING] * 4)
    outcome = wait(acm, waiting.is_issued, clock, timeout_s=2, interval_s=1)
    assert outcome.is_timed_out and outcome.certificate is not None
    assert clock.now_s == 2
    acm.check_is_done()


def test_a_time_out_of_zero_means_one_look() -> None:
    acm = describing(PENDING)
    assert wait(acm, waiting.is_issued, Clock(), timeout_s=0).is_timed_out
    acm.check_is_done()


def test_a_new_certificate_may_not_be_visible_immediately() -> None:
    gone = AcmError("DescribeCertificate", "ResourceNotFoundException", "not yet")
    acm = describing(gone, gone, {**PENDING, "Status": "ISSUED"})
    assert wait(acm, waiting.is_issued, Clock()).error is None
    acm.check_is_done()


def test_a_certificate_deleted_meanwhile_is_not_awaited() -> None:
    gone = AcmError("DescribeCertificate", "ResourceNotFoundException", "gone")
    outcome = wait(describing(PENDING, gone), waiting.is_issued, Clock())
    assert outcome.error is gone and not outcome.is_timed_out


def test_a_failing_certificate_does_not_stop_the_others() -> None:
    other = arn(2)
    acm = ScriptedAcm(
        ("DescribeCertificate", {"CertificateArn": ARN}, AcmError("DescribeCertificate", "AccessDenied", "no")),
        ("DescribeCertificate", {"CertificateArn": other}, {"Certificate": {**PENDING, "CertificateArn": other}}),
        (
            "DescribeCertificate",
            {"CertificateArn": other},
            {"Certificate": {**PENDING, "CertificateArn": other, "Status": "ISSUED"}},
        ),
    )
    judges: dict[str, waiting.Judge] = {ARN: waiting.is_issued, other: waiting.is_issued}
    outcomes = waiting.await_each(acm, judges, timeout_s=9, interval_s=1, clock=Clock().as_clock())
    assert outcomes[ARN].error is not None
    issued = outcomes[other].certificate
    assert issued is not None and issued.status == "ISSUED"


@pytest.mark.parametrize(
    ("facts", "is_over"),
    [
        ({}, False),
        ({"DomainValidationOptions": []}, False),
        ({"DomainValidationOptions": [{"DomainName": "a", "ValidationMethod": "DNS"}]}, False),
        ({"DomainValidationOptions": [{"DomainName": "a", "ValidationMethod": "DNS", "ResourceRecord": RECORD}]}, True),
        (
            {
                "DomainValidationOptions": [
                    {"DomainName": "a", "ValidationMethod": "DNS", "ResourceRecord": RECORD},
                    {"DomainName": "b", "ValidationMethod": "DNS"},
                ]
            },
            False,
        ),
        ({"DomainValidationOptions": [{"DomainName": "a", "ValidationMethod": "EMAIL"}]}, True),
        ({"DomainValidationOptions": [{"DomainName": "a", "ValidationMethod": "HTTP"}]}, False),
        (
            {
                "DomainValidationOptions": [
                    {"DomainName": "a", "ValidationMethod": "HTTP", "HttpRedirect": {"RedirectFrom": "x"}}
                ]
            },
            True,
        ),
        ({"Status": "ISSUED"}, True),
        ({"Status": "FAILED"}, True),
        ({"Type": "PRIVATE"}, True),
    ],
)
def test_every_name_has_its_record(facts: dict[str, t.Any], is_over: bool) -> None:
    assert waiting.has_records(from_detail({**PENDING, **facts})).is_over is is_over


def renewed(serial: str, **facts: t.Any) -> Certificate:
    return from_detail({**PENDING, "Status": "ISSUED", "Serial": serial, **facts})


def test_a_renewal_is_over_when_the_serial_changes() -> None:
    judge = waiting.is_renewed(renewed("01"))
    success = {"RenewalSummary": {"RenewalStatus": "SUCCESS"}}
    assert not judge(renewed("01")).is_over
    assert not judge(renewed("01", **success)).is_over  # of the renewal before
    assert judge(renewed("02")) == waiting.READY
    failed = judge(renewed("01", RenewalSummary={"RenewalStatus": "FAILED", "RenewalStatusReason": "CAA_ERROR"}))
    assert failed.is_over and "CAA_ERROR" in (failed.failure or "")
    assert judge(renewed("01", Status="REVOKED")).failure


def test_release_and_migration() -> None:
    assert not waiting.is_released(from_detail({"InUseBy": ["x"]})).is_over
    assert waiting.is_released(from_detail({"InUseBy": []})).is_over
    assert not waiting.is_migrated(from_detail({"UpdateSummary": {"Status": "PENDING_DOMAIN_VALIDATION"}})).is_over
    assert waiting.is_migrated(from_detail({"UpdateSummary": {"Status": "FAILED"}})).failure
    assert waiting.is_migrated(from_detail({})) == waiting.READY


@pytest.mark.parametrize(
    ("status", "options", "is_over"),
    [
        ("PENDING_DOMAIN_VALIDATION", [{"ValidationMethod": "EMAIL"}], False),
        ("PENDING_DOMAIN_VALIDATION", [{"ValidationMethod": "DNS"}], False),
        ("PENDING_DOMAIN_VALIDATION", [{"ValidationMethod": "DNS", "ResourceRecord": RECORD}], True),
        ("SUCCESS", [{"ValidationMethod": "EMAIL"}], True),
        (None, [{"ValidationMethod": "EMAIL"}], True),
    ],
)
def test_the_records_of_a_migration(status: t.Optional[str], options: list[dict[str, t.Any]], is_over: bool) -> None:
    options = [{"DomainName": "www.example.com", **option} for option in options]
    detail = {"Status": "ISSUED", "UpdateSummary": {"Status": status}, "DomainValidationOptions": options}
    assert waiting.has_migration_records(from_detail(detail)).is_over is is_over
