# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all operations share: the rate of calls (acm-rules §11), and the certificate that a request names."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.operations.call import (
    Call,
    Fault,
    MustWait,
    Operation,
)
from ansible_collections.certops.acm.plugins.module_utils._authority.operations.table import OPERATIONS
from ansible_collections.certops.acm.plugins.module_utils._rules.acm_limits import RATES
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab


def test_rates_are_off_unless_switched_on(lab: Lab) -> None:
    for _call in range(30):
        lab.acm.get_account_configuration()


def test_each_operation_has_its_own_bucket(lab: Lab, clock: Clock) -> None:
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
    for _call in range(10):  # one second's worth, however long nobody has called
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


@pytest.mark.parametrize(
    ("part", "other"), [("123456789012", "999999999999"), ("us-east-1", "eu-west-1"), ("arn:aws:", "arn:aws-cn:")]
)
def test_a_certificate_is_not_found_by_an_arn_of_another_region_or_account(lab: Lab, part: str, other: str) -> None:
    arn = lab.private()
    lab.fails("describe_certificate", "ResourceNotFoundException", CertificateArn=arn.replace(part, other))
    assert lab.status(arn) == "ISSUED"


@pytest.mark.parametrize(
    ("request_", "unknown"),
    [
        ({}, None),
        ({"DomainName": "a", "Options": {"Export": "ENABLED"}}, None),
        ({"DomainName": "a", "Colour": "red"}, "Colour"),
        ({"Options": {"Export": "ENABLED", "Colour": "red"}}, "Options.Colour"),
    ],
)
def test_an_unknown_member(request_: dict[str, t.Any], unknown: str | None) -> None:
    operation = Operation(lambda call: {}, ("DomainName", "Options", "Options.Export"))
    assert operation.unknown_member(request_) == unknown


def test_reads_do_not_wait_and_are_recorded_with_their_caller(lab: Lab) -> None:
    arn = lab.private()
    call = Call(lab.authority, "DescribeCertificate")
    assert call.look(lambda call: {"arn": call.certificate().arn}, {"CertificateArn": arn}) == {"arn": arn}
    recorded = len(lab.audit())
    with lab.authority.store.write() as tx:
        call.record(tx)
    assert lab.audit()[recorded]["eventName"] == "DescribeCertificate"
    with pytest.raises(MustWait):
        Call(lab.authority, "DescribeCertificate").look(lambda call: call.write().__enter__() and {}, {})


def test_a_call_that_was_refused_is_recorded_once(lab: Lab) -> None:
    def refuse(_call: Call) -> dict[str, t.Any]:
        raise Fault("ValidationException", "No.")

    with pytest.raises(Fault):
        Call(lab.authority, "DescribeCertificate").carry_out(refuse, {})
    (record,) = lab.audit()
    assert (record["errorCode"], record["errorMessage"]) == ("ValidationException", "No.")
