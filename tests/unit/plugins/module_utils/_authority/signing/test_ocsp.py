# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OCSP responses (RFC 6960), as cryptography reads them."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.signing import ocsp
from ansible_collections.certops.acm.plugins.module_utils._authority.signing.issuer import Signer
from ansible_collections.certops.acm.plugins.module_utils._authority.signing.ocsp import Standing
from ansible_collections.certops.acm.tests.support.authority_lab import START
from ansible_collections.certops.acm.tests.support.authority_service import question
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import OCSPNonce, ReasonFlags
from cryptography.x509.ocsp import OCSPCertStatus, OCSPRequestBuilder, OCSPResponseStatus, load_der_ocsp_response

KINDS = ["P-256", "P-384", "2048"]


def signer(pair: t.Any) -> Signer:
    return Signer.of("ca", pair.pem, pair.key)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()], ids=["SHA-1", "SHA-256"])
def test_which_ca_a_request_is_about(pki: t.Any, kind: str, algorithm: t.Any) -> None:
    ca, namesake = pki.authority("corp", kind=kind), pki.authority("corp", kind=kind, number=1)
    leaf = pki.issue("www.corp.test", ca)
    asked = ocsp.read(question(leaf.certificate, ca.certificate, algorithm))
    assert asked.serial_number == leaf.certificate.serial_number
    others = [namesake, pki.issue("other", key=ca.key, is_ca=True, names=())]
    assert [ocsp.is_of(asked, each.certificate) for each in [ca, *others]] == [True, False, False]


@pytest.mark.parametrize("kind", KINDS)
def test_a_response_is_signed_by_the_ca_and_valid_from_now_on(pki: t.Any, kind: str) -> None:
    ca = pki.authority("corp", kind=kind)
    asked = ocsp.read(question(pki.issue("www.corp.test", ca).certificate, ca.certificate, nonce=b"n" * 16))
    response = load_der_ocsp_response(ocsp.answer(asked, signer(ca), Standing(), START, timedelta(hours=24)))
    assert (response.certificate_status, response.serial_number) == (OCSPCertStatus.GOOD, asked.serial_number)
    assert (response.this_update_utc, response.next_update_utc) == (START, START + timedelta(hours=24))
    assert [each.value for each in response.extensions] == [OCSPNonce(b"n" * 16)]
    public, digest = ca.certificate.public_key(), response.signature_hash_algorithm
    assert digest.name == ("sha384" if kind == "P-384" else "sha256")
    how = (ec.ECDSA(digest),) if kind.startswith("P") else (padding.PKCS1v15(), digest)
    public.verify(response.signature, response.tbs_response_bytes, *how)


@pytest.mark.parametrize(
    ("standing", "status", "reason"),
    [
        (None, OCSPCertStatus.UNKNOWN, None),
        (Standing(), OCSPCertStatus.GOOD, None),
        (Standing(START, "KEY_COMPROMISE"), OCSPCertStatus.REVOKED, ReasonFlags.key_compromise),
        (Standing(START, "KEY_COMPROMISE", True), OCSPCertStatus.REVOKED, ReasonFlags.key_compromise),
        (Standing(START, "SUPERCEDED"), OCSPCertStatus.REVOKED, ReasonFlags.superseded),
        (Standing(START, "CA_COMPROMISE"), OCSPCertStatus.REVOKED, ReasonFlags.ca_compromise),
        (Standing(START, "CA_COMPROMISE", True), OCSPCertStatus.REVOKED, None),  # CA/B baseline 7.2.2
        (Standing(START, "UNSPECIFIED"), OCSPCertStatus.REVOKED, None),
        (Standing(START), OCSPCertStatus.REVOKED, None),
    ],
)
def test_the_status_of_a_certificate(pki: t.Any, standing: Standing | None, status: t.Any, reason: t.Any) -> None:
    ca = pki.authority("corp")
    asked = ocsp.read(question(pki.issue("www.corp.test", ca).certificate, ca.certificate))
    response = load_der_ocsp_response(ocsp.answer(asked, signer(ca), standing, START, timedelta(hours=24)))
    assert (response.certificate_status, response.revocation_reason) == (status, reason)
    assert response.revocation_time_utc == (standing and standing.revoked_at)


def test_responses_without_a_certificate() -> None:
    told = {load_der_ocsp_response(der).response_status for der in (ocsp.malformed(), ocsp.unauthorized())}
    assert told == {OCSPResponseStatus.MALFORMED_REQUEST, OCSPResponseStatus.UNAUTHORIZED}


@pytest.mark.parametrize("der", [b"", b"\x30", b"x" * 5000, b"\x30\x03\x02\x01\x01"])
def test_malformed_requests(der: bytes) -> None:
    with pytest.raises(ocsp.Malformed):
        ocsp.read(der)


@pytest.mark.parametrize(
    ("algorithm", "old", "new"),
    [
        (hashes.SHA1(), "2b0e03021a", "2b0e03021b"),  # the OID of an algorithm that nobody knows
        (hashes.SHA256(), "608648016503040201", "608648016503040208"),  # SHA3-256
        (hashes.SHA1(), "0203010203", "0203810203"),  # a negative serial number
    ],
)
def test_a_request_that_no_response_can_answer(algorithm: t.Any, old: str, new: str) -> None:
    asked = OCSPRequestBuilder().add_certificate_by_hash(
        b"n" * algorithm.digest_size, b"k" * algorithm.digest_size, 0x10203, algorithm
    )
    der = asked.build().public_bytes(Encoding.DER).hex()
    assert der.count(old) == 1 and ocsp.read(bytes.fromhex(der))
    with pytest.raises(ocsp.Malformed):
        ocsp.read(bytes.fromhex(der.replace(old, new)))
