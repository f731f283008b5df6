# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Responses of an OCSP responder (RFC 6960); the CA itself signs whether a certificate is revoked. Stores nothing."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509 import ocsp
except ImportError:
    pass  # the door reports it

from .issuer import PUBLIC_REASONS, REVOCATION_REASONS, Signer


class Malformed(Exception):
    """Not an OCSP request, or a kind of request that is not supported."""


class Asked(t.NamedTuple):
    """Which certificate is asked about: its serial number and, as hashes, its issuer's name and key."""

    serial_number: int
    name_hash: bytes
    key_hash: bytes
    algorithm: t.Any
    nonce: t.Any


class Standing(t.NamedTuple):
    """What the store says about a certificate; revoked_at is None for a good certificate."""

    revoked_at: t.Optional[datetime] = None
    reason: t.Optional[str] = None
    is_public: bool = False  # then only the reasons that the CA/B baseline allows are given


def read(der: bytes) -> Asked:
    try:
        request = ocsp.load_der_ocsp_request(der)
        nonces = [each.value for each in request.extensions if isinstance(each.value, x509.OCSPNonce)]
        asked = Asked(
            request.serial_number,
            request.issuer_name_hash,
            request.issuer_key_hash,
            request.hash_algorithm,
            nonces[0] if nonces else None,
        )
    except (
        ValueError,
        NotImplementedError,
        x509.UnsupportedGeneralNameType,
        TypeError,
        UnsupportedAlgorithm,
    ) as error:
        raise Malformed(str(error)) from None
    if asked.serial_number < 0 or not isinstance(
        asked.algorithm, (hashes.SHA1, hashes.SHA224, hashes.SHA256, hashes.SHA384, hashes.SHA512)
    ):
        raise Malformed("No response can name this serial number, or use this hash algorithm.")
    return asked


def is_of(asked: Asked, ca_certificate: t.Any) -> bool:
    """Whether this CA is the issuer in the request."""
    return asked.name_hash == _hash(asked, ca_certificate.subject.public_bytes()) and asked.key_hash == _hash(
        asked, _key_bits(ca_certificate.public_key())
    )


def answer(asked: Asked, ca: Signer, standing: t.Optional[Standing], now: datetime, validity: timedelta) -> bytes:
    """A signed response; `standing` is None for a certificate that the CA never issued."""
    status, revoked_at, reason = ocsp.OCSPCertStatus.UNKNOWN, None, None
    if standing is not None and standing.revoked_at is None:
        status = ocsp.OCSPCertStatus.GOOD
    elif standing is not None:
        status, revoked_at = ocsp.OCSPCertStatus.REVOKED, standing.revoked_at
        told = REVOCATION_REASONS.get(standing.reason or "")
        if told and (told in PUBLIC_REASONS or not standing.is_public):
            reason = x509.ReasonFlags[told]
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=asked.name_hash,
        issuer_key_hash=asked.key_hash,
        serial_number=asked.serial_number,
        algorithm=asked.algorithm,
        cert_status=status,
        this_update=now,
        next_update=now + validity,
        revocation_time=revoked_at,
        revocation_reason=reason,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, ca.certificate)
    if asked.nonce is not None:
        builder = builder.add_extension(asked.nonce, critical=False)
    is_large = isinstance(ca.key, ec.EllipticCurvePrivateKey) and ca.key.curve.key_size >= 384
    return _der(builder.sign(ca.key, hashes.SHA384() if is_large else hashes.SHA256()))


def malformed() -> bytes:
    return _der(ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST))


def unauthorized() -> bytes:
    """The response about certificates of other CAs."""
    return _der(ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED))


def _der(response: t.Any) -> bytes:
    return bytes(response.public_bytes(serialization.Encoding.DER))


def _hash(asked: Asked, content: bytes) -> bytes:
    digest = hashes.Hash(asked.algorithm)
    digest.update(content)
    return digest.finalize()


def _key_bits(public_key: t.Any) -> bytes:
    """The content of subjectPublicKey, without tag and length (RFC 6960 §4.1.1)."""
    if isinstance(public_key, rsa.RSAPublicKey):
        return public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    point: bytes = public_key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return point
