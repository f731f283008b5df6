# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of each call, in the shape and spelling of CloudTrail (user guide, "Using CloudTrail")."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle import records
from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle.events import Place
from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle.records import Caller
from ansible_collections.certops.acm.plugins.module_utils._authority.operations.table import OPERATIONS
from ansible_collections.certops.acm.plugins.module_utils._authority.store.event_log import Wanted
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.endpoint import Endpoint
from ansible_collections.certops.acm.tests.support.authority_lab import Lab
from ansible_collections.certops.acm.tests.support.endpoint_calls import PREFIX, send

PLACE = Place("aws", "us-east-1", "123456789012")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def call(lab: Lab, operation: str, caller: Caller, **members: t.Any) -> tuple[dict[str, t.Any], str]:
    """A call as the server passes it on: the answer, and the ID of the request."""
    told = Endpoint(lab.authority, OPERATIONS).answer(
        f"CertificateManager.{operation}", json.dumps(members).encode(), caller
    )
    return json.loads(told.body or b"{}"), told.headers["x-amzn-RequestId"]


def test_the_record_of_a_call_over_tls(lab: Lab) -> None:
    caller = Caller(
        "user", "Alice", "AKIAIOSFODNN7EXAMPLE", "192.0.2.7", "aws-cli/2.9",
        ("TLSv1.3", "TLS_AES_128_GCM_SHA256", "acm.example.com"),
    )  # fmt: skip
    arn = lab.private()
    _told, request_id = call(
        lab, "AddTagsToCertificate", caller, CertificateArn=arn, Tags=[{"Key": "Admin", "Value": "Alice"}]
    )
    record = lab.audit()[-1]
    assert UUID.fullmatch(record["eventID"]) and record.pop("eventID") != request_id
    principal = record["userIdentity"].pop("principalId")
    assert re.fullmatch(r"AIDA[0-9A-F]{17}", principal)
    assert record == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "arn": "arn:aws:iam::123456789012:user/Alice",
            "accountId": "123456789012",
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "userName": "Alice",
        },
        "eventTime": "2026-11-23T12:00:00Z",
        "eventSource": "acm.amazonaws.com",
        "eventName": "AddTagsToCertificate",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "aws-cli/2.9",
        "requestParameters": {"certificateArn": arn, "tags": [{"key": "Admin", "value": "Alice"}]},
        "responseElements": None,
        "requestID": request_id,
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "123456789012",
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": "acm.example.com",
        },
    }


def test_a_role_and_the_owner(lab: Lab) -> None:
    call(lab, "ListCertificates", Caller("role", "Deploy", "AKIA", "192.0.2.7"))
    lab.acm.list_certificates()
    role, owner = (record["userIdentity"] for record in lab.audit())
    assert role["type"] == "AssumedRole"
    assert role["arn"] == "arn:aws:sts::123456789012:assumed-role/Deploy/Deploy"
    assert role["sessionContext"]["sessionIssuer"]["arn"] == "arn:aws:iam::123456789012:role/Deploy"
    assert (owner["type"], owner["arn"]) == ("Root", "arn:aws:iam::123456789012:root")
    assert owner["userName"]  # the account on this machine


def test_a_call_that_was_refused(lab: Lab) -> None:
    lab.private()
    lab.fails("describe_certificate", "InvalidArnException", CertificateArn="arn:aws:acm:us-east-1:123456789012:x")
    made, refused = lab.audit()
    assert made["responseElements"]["certificateArn"] and "errorCode" not in made
    assert (refused["errorCode"], refused["readOnly"], refused["responseElements"]) == (
        "InvalidArnException", True, None,
    )  # fmt: skip
    assert refused["errorMessage"]


def test_large_requests_are_recorded_in_part(lab: Lab, pki: t.Any) -> None:
    """Not even a refused one: whoever may call nothing must not fill the disk."""
    arn = lab.private()
    leaf = pki.issue("www.corp.test", pki.authority("corp"))
    lab.fails(
        "import_certificate", "ValidationException", CertificateArn=arn, Certificate=leaf.pem, PrivateKey=b"none",
        CertificateChain=b"\xff" * 1_000_000,
    )  # fmt: skip
    body = {"DomainName": "a", "DomainValidationOptions": [{"DomainName": "!", "ValidationDomain": "!"}] * 10_000}
    _status, answer = send(lab, f"{PREFIX}RequestCertificate", body)
    assert answer["message"].startswith("20002 validation errors detected: ") and len(answer["message"]) < 30_000
    _made, imported, asked = lab.audit()
    assert imported["requestParameters"] == {
        "certificateArn": arn, "certificate": leaf.pem, "privateKey": records.HIDDEN, "omitted": True
    }  # fmt: skip
    assert answer["message"].startswith(asked["errorMessage"]) and len(asked["errorMessage"]) == 1024
    with lab.authority.store.read() as tx:
        assert [number for number, _body in tx.journal.audit(wanted=Wanted(arn=arn))] == [1, 2]


def test_nested_members_begin_with_a_lower_case_letter(lab: Lab) -> None:
    lab.acm.request_certificate(
        DomainName="www.example.com", ValidationMethod="DNS", Options={"Export": "ENABLED"}, KeyAlgorithm="RSA_2048"
    )
    lab.acm.put_account_configuration(ExpiryEvents={"DaysBeforeExpiry": 10}, IdempotencyToken="a")
    request, configuration = (record["requestParameters"] for record in lab.audit())
    assert request["options"] == {"export": "ENABLED"}
    assert configuration == {"expiryEvents": {"daysBeforeExpiry": 10}, "idempotencyToken": "a"}


def test_one_record_per_call(lab: Lab) -> None:
    arn = lab.private()
    lab.describe(arn)
    lab.export(arn)
    lab.acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "a"}])
    lab.acm.list_tags_for_certificate(CertificateArn=arn)
    lab.acm.list_certificates()
    lab.acm.renew_certificate(CertificateArn=arn)
    lab.acm.delete_certificate(CertificateArn=arn)
    lab.fails("describe_certificate", "ResourceNotFoundException", CertificateArn=arn)
    found = lab.audit()
    assert [(record["eventName"], record["readOnly"], record.get("errorCode")) for record in found] == [
        ("RequestCertificate", False, None),
        ("DescribeCertificate", True, None),
        ("ExportCertificate", False, None),
        ("AddTagsToCertificate", False, None),
        ("ListTagsForCertificate", True, None),
        ("ListCertificates", True, None),
        ("RenewCertificate", False, None),
        ("DeleteCertificate", False, None),
        ("DescribeCertificate", True, "ResourceNotFoundException"),
    ]
    assert len({record["eventID"] for record in found}) == len({record["requestID"] for record in found}) == len(found)
    assert found[0]["responseElements"] == {"certificateArn": arn}


def test_secrets_are_hidden(lab: Lab, pki: t.Any) -> None:
    arn = lab.private()
    lab.export(arn, b"opensesame")
    pair = pki.leaf("www.example.com")
    lab.acm.import_certificate(Certificate=pair.pem.encode(), PrivateKey=pair.key_pem.encode())
    lab.fails("export_certificate", "ValidationException", CertificateArn=arn, Passphrase=b"open$esame")
    written = json.dumps([lab.audit(), lab.events()])
    assert "esame" not in written and "PRIVATE KEY" not in written
    assert written.count("HIDDEN_DUE_TO_SECURITY_REASONS") == 4


@pytest.mark.parametrize("text", ['"errorCode":"x"', '\\"', "é\u2028"])
def test_what_a_client_says_about_itself_stays_text(lab: Lab, text: str) -> None:
    call(lab, "ListCertificates", Caller("user", "Alice", "AKIA", "192.0.2.7", text))
    (record,) = lab.audit()
    assert record["userAgent"] == text and "errorCode" not in record


def test_a_deeply_nested_request() -> None:
    nested: dict[str, t.Any] = {}
    for _level in range(5000):
        nested = {"And": [nested]}
    assert len(json.dumps(records.stored("SearchCertificates", {"FilterStatement": nested}, None, None))) < 2000
