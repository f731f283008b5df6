# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The codes and messages of errors, as seen in the live service, and rules that it has changed."""

from __future__ import annotations

import datetime
import json
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import sweep
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing import approvals
from ansible_collections.certops.acm.plugins.module_utils._authority.operations.table import OPERATIONS
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.endpoint import Endpoint
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from cryptography import x509

SERVER, CLIENT = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
UNKNOWN = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
LOAD_BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/a"


def members(pair: t.Any, **more: t.Any) -> dict[str, t.Any]:
    return {"Certificate": pair.pem.encode(), "PrivateKey": pair.key_pem.encode(), **more}


def imported(lab: Lab, pair: t.Any, **more: t.Any) -> str:
    return str(lab.acm.import_certificate(**members(pair, **more))["CertificateArn"])


def raw(lab: Lab, operation: str, body: dict[str, t.Any]) -> tuple[int, bytes]:
    """What botocore would not send or not show."""
    answer = Endpoint(lab.authority, OPERATIONS).answer(f"CertificateManager.{operation}", json.dumps(body).encode())
    return answer.status, answer.body


# ---------------------------------------------------------------- words


@pytest.mark.parametrize("arn", [UNKNOWN, UNKNOWN.replace("us-east-1", "eu-central-1")])
@pytest.mark.parametrize("operation", ["describe_certificate", "get_certificate", "delete_certificate"])
def test_an_arn_that_does_not_exist(lab: Lab, arn: str, operation: str) -> None:
    message = lab.fails(operation, "ResourceNotFoundException", CertificateArn=arn)
    assert message == f"Could not find certificate {arn} in account 123456789012."


def test_delete_in_use(lab: Lab) -> None:
    arn = lab.private()
    approvals.set_in_use_by(lab.authority, arn, [LOAD_BALANCER])
    message = lab.fails("delete_certificate", "ResourceInUseException", CertificateArn=arn)
    assert message == f"Certificate {arn} in account 123456789012 is in use."


def test_a_first_name_that_is_too_long(lab: Lab) -> None:
    message = lab.fails(
        "request_certificate", "InvalidDomainValidationOptionsException", DomainName="a" * 53 + ".example.com"
    )
    assert message == "The first domain name can be no longer than 64 characters."


def test_too_many_names(lab: Lab) -> None:
    names = [f"n{number}.example.com" for number in range(10)]
    message = lab.fails(
        "request_certificate", "LimitExceededException", DomainName="example.com", SubjectAlternativeNames=names
    )
    assert message == "Certificate has too many domains."


def test_too_many_requests_in_a_year(lab: Lab) -> None:
    lab.set(quota_requests_a_year=1)
    lab.private()
    lab.private()  # private ones do not count
    lab.public("a.example.com")
    message = lab.fails("request_certificate", "LimitExceededException", DomainName="b.example.com")
    assert message == "Error: you have reached your limit of 1 certificates in the last year."
    lab.private()


def test_two_certificates_in_the_certificate_field(lab: Lab, pki: t.Any) -> None:
    pair = pki.leaf("www.example.com")
    wanted = {**members(pair), "Certificate": (pair.pem + pair.chain_pem).encode()}
    assert lab.fails("import_certificate", "ValidationException", **wanted) == (
        "The certificate field contains more than one certificate. You can specify only one certificate in this field."
    )


@pytest.mark.parametrize("options", [{"Export": "ENABLED"}, {"CertificateTransparencyLoggingPreference": "DISABLED"}])
def test_options_of_a_private_request(lab: Lab, options: dict[str, str]) -> None:
    message = lab.fails(
        "request_certificate", "ValidationException", DomainName="a.corp.test", CertificateAuthorityArn=lab.ca(),
        Options=options,
    )  # fmt: skip
    assert message == (
        "One or more of the options specified in the request are not supported for PRIVATE certificate types"
    )


def test_the_configuration_of_the_account(lab: Lab, clock: Clock) -> None:
    message = lab.fails("put_account_configuration", "ValidationException", IdempotencyToken="a")
    assert message == "Configuration for events is empty."
    status, body = raw(lab, "PutAccountConfiguration", {"ExpiryEvents": {"DaysBeforeExpiry": 10}})
    assert (status, json.loads(body)["message"]) == (
        400,
        "1 validation error detected: Value null at 'idempotencyToken' failed to satisfy constraint: "
        "Member must not be null",
    )

    def put(days: int) -> int:
        lab.acm.put_account_configuration(ExpiryEvents={"DaysBeforeExpiry": days}, IdempotencyToken="b")
        return int(lab.acm.get_account_configuration()["ExpiryEvents"]["DaysBeforeExpiry"])

    assert (put(10), put(11)) == (10, 10)
    clock.advance(minutes=60)
    assert put(11) == 11


def test_a_bad_san(lab: Lab) -> None:
    message = lab.fails(
        "request_certificate", "ValidationException", DomainName="a.example.com", SubjectAlternativeNames=["ccc"]
    )
    assert message.startswith(
        "1 validation error detected: Value '[ccc]' at 'subjectAlternativeNames' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must have length less than or equal to 253, "
    )
    assert message.endswith("$]") and "pattern: ^(" in message


def test_void_operations_have_an_empty_body(lab: Lab) -> None:
    arn = lab.private()
    assert raw(lab, "AddTagsToCertificate", {"CertificateArn": arn, "Tags": [{"Key": "a"}]}) == (200, b"")
    assert raw(lab, "DeleteCertificate", {"CertificateArn": arn}) == (200, b"")


# ---------------------------------------------------------------- rules that changed


def test_a_reimport_may_drop_client_authentication(lab: Lab, pki: t.Any) -> None:
    arn = imported(lab, pki.issue("www.example.com", extended_key_usage=(SERVER, CLIENT)))
    imported(lab, pki.issue("www.example.com", extended_key_usage=(SERVER,)), CertificateArn=arn)
    assert [usage["OID"] for usage in lab.describe(arn)["ExtendedKeyUsages"]] == [SERVER]


@pytest.mark.parametrize("kind, is_allowed", [("P-256", True), ("2048", False)])
def test_a_reimport_may_drop_key_encipherment_of_an_ec_key(lab: Lab, pki: t.Any, kind: str, is_allowed: bool) -> None:
    key = pki.key(kind)
    arn = imported(lab, pki.issue("www.example.com", key=key, key_usage=("digital_signature", "key_encipherment")))
    wanted = members(pki.issue("www.example.com", key=key, key_usage=("digital_signature",)), CertificateArn=arn)
    if is_allowed:
        lab.acm.import_certificate(**wanted)
        assert lab.describe(arn)["KeyUsages"] == [{"Name": "DIGITAL_SIGNATURE"}]
    else:
        lab.fails("import_certificate", "ValidationException", **wanted)


def test_an_ec_leaf_below_an_rsa_ca(lab: Lab, pki: t.Any) -> None:
    ca = pki.authority("rsa", kind="2048")
    pair = pki.issue("www.example.com", ca)
    chain = {"CertificateChain": ca.pem.encode()}
    assert lab.describe(imported(lab, pair, **chain))["KeyAlgorithm"] == "EC_prime256v1"
    lab.set(import_one_key_family=True)
    assert "family" in lab.fails("import_certificate", "ValidationException", **members(pair, **chain))


@pytest.mark.parametrize("letters, is_allowed", [(1000, True), (1001, False)])
def test_an_ocsp_url_of_1000_characters(lab: Lab, pki: t.Any, letters: int, is_allowed: bool) -> None:
    url = "http://ocsp.example.com/".ljust(letters, "x")
    access = x509.AccessDescription(x509.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))
    pair = pki.issue("www.example.com", more=(x509.AuthorityInformationAccess([access]),))
    if is_allowed:
        imported(lab, pair)
    else:
        assert "OCSP" in lab.fails("import_certificate", "ValidationException", **members(pair))


def test_a_token_with_other_parameters_is_another_request(lab: Lab) -> None:
    """The AWS CLI's own examples use one token for four requests."""
    arns = {lab.public(f"n{number}.example.com", IdempotencyToken="91adc45q") for number in range(4)}
    assert len(arns) == 4
    assert lab.public("n0.example.com", IdempotencyToken="91adc45q") in arns


def test_a_token_whose_certificate_was_deleted(lab: Lab) -> None:
    first = lab.public("a.example.com", IdempotencyToken="again")
    lab.acm.delete_certificate(CertificateArn=first)
    second = lab.public("a.example.com", IdempotencyToken="again")
    assert second != first and lab.status(second) == "PENDING_VALIDATION"
    assert lab.public("a.example.com", IdempotencyToken="again") == second


def test_the_days_of_a_certificate(lab: Lab, clock: Clock) -> None:
    """45, 44 … 1 before it expires; 395 when it is issued."""
    arn = lab.private()
    (available,) = lab.events("ACM Certificate Available")
    assert (available["detail"]["DaysToExpiry"], available["detail"]["ValidityInDays"]) == (395, 395)
    assert available["detail"]["FirstSubjectAlternativeName"] == "www.corp.test"
    assert available["detail"]["CertificateKeyPairOrigin"] == "AWS_MANAGED"
    clock.now = lab.describe(arn)["NotAfter"] - datetime.timedelta(days=46)
    for _day in range(50):
        clock.advance(days=1)
        sweep.sweep(lab.authority)
    told = [event["detail"]["DaysToExpiry"] for event in lab.events("ACM Certificate Approaching Expiration")]
    assert told == list(range(45, 0, -1))
