# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signatures: those of AWS's own test suite, those of botocore, and every way in which they can be wrong."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.keys.access_keys import AccessKey
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.messages import Peer, Request
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.sigv4 import Gate, Refusal
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

LIST = b'{"Includes": {"keyTypes": ["EC_prime256v1", "RSA_2048"]}}'
KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SIGNED_AT = datetime(2015, 8, 30, 12, 36, tzinfo=timezone.utc)


def sent(method: str, headers: Any, body: bytes) -> Request:
    return Request(method, "/", headers, body, Peer("192.0.2.1"))


def gate(now: datetime = SIGNED_AT, service: str = "acm", region: str = "us-east-1") -> Gate:
    return Gate({KEY[0]: AccessKey(*KEY, "owner", "owner")}.get, region, (service,), lambda: now)


@pytest.mark.parametrize(
    ("method", "headers", "body", "signature"),
    [
        ("GET", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "POST",
            {"Content-Type": "application/x-www-form-urlencoded"},
            b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
    ids=["get-vanilla", "post-vanilla", "post-x-www-form-urlencoded"],
)
def test_the_signatures_of_the_aws_test_suite(
    method: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    signed = ";".join(sorted(["host", "x-amz-date", *map(str.lower, headers)]))
    request = AWSRequest(
        method,
        "/",
        {
            "Host": "example.amazonaws.com",
            "X-Amz-Date": "20150830T123600Z",
            **headers,
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            f"SignedHeaders={signed}, Signature={signature}",
        },
    )
    gate(service="service").check(sent(method, request.headers, body))
    with pytest.raises(Refusal, match="does not match"):
        gate(service="service").check(sent(method, request.headers, body + b"."))


def signed_request(body: bytes = LIST, **headers: str) -> AWSRequest:
    """As botocore signs it at SIGNED_AT."""
    sent = {
        "Host": "127.0.0.1:8400",
        "X-Amz-Target": "CertificateManager.ListCertificates",
        "Content-Type": "application/x-amz-json-1.1",
        "User-Agent": "is not signed",
        "X-Amz-Date": SIGNED_AT.strftime("%Y%m%dT%H%M%SZ"),
        **headers,
    }
    request = AWSRequest("POST", "http://127.0.0.1:8400/", sent, body)
    request.context["timestamp"] = sent.get("X-Amz-Date") or "20150830T123600Z"
    signer = SigV4Auth(Credentials(*KEY), "acm", "us-east-1")
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    return request


def refused(request: AWSRequest, body: bytes = LIST, **of_gate: Any) -> str:
    with pytest.raises(Refusal) as caught:
        gate(**of_gate).check(sent("POST", request.headers, body))
    assert KEY[1] not in caught.value.message
    return f"{caught.value.code}: {caught.value.message}"


def replaced(request: AWSRequest, name: str, value: str | None) -> AWSRequest:
    del request.headers[name]
    if value is not None:
        request.headers[name] = value
    return request


def reworded(old: str, new: str) -> AWSRequest:
    request = signed_request()
    header = request.headers["Authorization"]
    assert old in header
    return replaced(request, "Authorization", header.replace(old, new))


def test_valid_signatures_are_accepted() -> None:
    gate().check(sent("POST", signed_request().headers, LIST))
    # Headers that no client signs may change in transit.
    gate().check(sent("POST", replaced(signed_request(), "User-Agent", "another").headers, LIST))


@pytest.mark.parametrize("minutes", [-14.9, 14.9])
def test_a_clock_that_is_slightly_off(minutes: float) -> None:
    gate(SIGNED_AT + timedelta(minutes=minutes)).check(sent("POST", signed_request().headers, LIST))


def test_clocks_that_are_too_far_off() -> None:
    late, early = (SIGNED_AT + timedelta(minutes=minutes) for minutes in (15.1, -15.1))
    assert refused(signed_request(), now=late).startswith(
        "InvalidSignatureException: Signature expired: 20150830T123600Z is now earlier than 20150830T123606Z"
    )
    assert refused(signed_request(), now=early).startswith("InvalidSignatureException: Signature not yet current: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Amz-Target", "CertificateManager.DeleteCertificate"),
        ("Host", "127.0.0.1:8401"),
        ("Content-Type", "text/plain"),
        ("X-Amz-Date", "20150830T123601Z"),
    ],
)
def test_requests_altered_in_transit(name: str, value: str) -> None:
    assert "The request signature we calculated does not match" in refused(replaced(signed_request(), name, value))
    assert "does not match" in refused(signed_request(), body=LIST + b" ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("AKIDEXAMPLE", "AKIDOTHER", "UnrecognizedClientException: The security token included in the request is invalid."),
        ("us-east-1", "us-west-2", "InvalidSignatureException: Credential should be scoped to a valid region, not 'us-west-2'."),
        ("/acm/", "/s3/", "InvalidSignatureException: Credential should be scoped to correct service: 'acm'."),
        ("aws4_request", "aws4", "InvalidSignatureException: Credential should be scoped with a valid terminator"),
        ("/20150830/", "/20150831/", "InvalidSignatureException: Date in Credential scope does not match"),
        ("/20150830/", "/", "IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements"),
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", "IncompleteSignatureException: "),
        ("AWS4-HMAC-SHA256 ", "Basic ", "IncompleteSignatureException: "),
        ("Signature=", "Sig=", "IncompleteSignatureException: Authorization header requires 'Signature' parameter."),
        ("Credential=", "Who=", "IncompleteSignatureException: Authorization header requires 'Credential' parameter."),
        ("Signature=", "Signature", "IncompleteSignatureException: "),
        ("x-amz-target", "x-amz-date", "InvalidSignatureException: 'x-amz-target' must be a 'SignedHeader'"),
        (";host;", ";", "InvalidSignatureException: 'host' must be a 'SignedHeader'"),
        (";x-amz-date", "", "InvalidSignatureException: 'x-amz-date' must be a 'SignedHeader'"),
        ("Signature=", "Signature=é", "InvalidSignatureException: The request signature we calculated"),
    ],
)  # fmt: skip
def test_invalid_authorization_headers(old: str, new: str, said: str) -> None:
    assert refused(reworded(old, new)).startswith(said)


def test_a_signature_that_is_not_text() -> None:
    """A byte that is not UTF-8 arrives as half of a surrogate pair."""
    request = signed_request()
    headers = {**request.headers, "Authorization": f"{request.headers['Authorization'][:-2]}\udce9"}
    with pytest.raises(Refusal, match="The request signature we calculated does not match"):
        gate().check(sent("POST", headers, LIST))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("Authorization", None, "MissingAuthenticationTokenException: Missing Authentication Token"),
        ("Authorization", "AWS4-HMAC-SHA256", "IncompleteSignatureException: "),
        ("X-Amz-Date", None, "IncompleteSignatureException: Authorization header requires existence of either"),
        ("X-Amz-Date", "yesterday", "IncompleteSignatureException: Date must be in ISO-8601 'basic format'."),
        ("X-Amz-Date", "20159930T123600Z", "IncompleteSignatureException: Date must be in ISO-8601 'basic format'."),
    ],
)
def test_missing_or_wrong_headers(name: str, value: str | None, said: str) -> None:
    assert refused(replaced(signed_request(), name, value)).startswith(said)


def test_a_date_header_in_place_of_amazons() -> None:
    request = AWSRequest(
        "POST", "http://127.0.0.1/", {"Host": "127.0.0.1", "Date": "Sun, 30 Aug 2015 12:36:00 GMT"}, LIST
    )
    request.context["timestamp"] = "20150830T123600Z"
    signer = SigV4Auth(Credentials(*KEY), "acm", "us-east-1")
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    gate().check(sent("POST", request.headers, LIST))


@pytest.mark.parametrize("digest", ["UNSIGNED-PAYLOAD", "0" * 64])
def test_a_digest_that_does_not_match_the_body(digest: str) -> None:
    """Signed or not: a body that no digest covers is refused."""
    assert "'x-amz-content-sha256' header does not match" in refused(signed_request(**{"X-Amz-Content-SHA256": digest}))
