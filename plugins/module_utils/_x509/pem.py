# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates, chains and keys as both sides of the door to ACM see them. This is the file to import.

PEM in is pem_reading.py, what a certificate says is certificate.py, chains in order are chain.py; here is PEM out, and
PKCS#12 is pkcs12.py. What ACM demands of an import is import_rules.py. Pure functions over bytes and cryptography's objects.
"""

from __future__ import annotations

import base64
import textwrap
from typing import Any, Iterable

from .certificate import (
    CRYPTOGRAPHY_IMPORT_ERROR,
    HAS_CRYPTOGRAPHY,
    common_name,
    describe,
    distinguished_name,
    dns_names,
    domain_names,
    extended_key_usages,
    fingerprint,
    ip_addresses,
    is_self_signed,
    issued_by,
    issuer_name,
    key_algorithm,
    key_matches,
    key_usages,
    public_key_fingerprint,
    serial,
    signature_algorithm,
    signature_family,
)
from .key_encryption import sealed
from .pem_reading import (
    CERTIFICATE_LABELS,
    ENCRYPTED,
    Block,
    blocks,
    load_certificate,
    load_certificates,
    load_private_key,
    parse_certificate,
    parse_der_key,
    parse_private_key,
)

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
except ImportError:
    pass  # HAS_CRYPTOGRAPHY is False then

__all__ = [
    "CERTIFICATE_LABELS",
    "Block",
    "blocks",
    "certificate_der",
    "certificate_pem",
    "chain_pem",
    "combined",
    "common_name",
    "CRYPTOGRAPHY_IMPORT_ERROR",
    "describe",
    "distinguished_name",
    "dns_names",
    "domain_names",
    "ENCRYPTED",
    "encrypted_private_key_pem",
    "extended_key_usages",
    "fingerprint",
    "HAS_CRYPTOGRAPHY",
    "ip_addresses",
    "is_self_signed",
    "issued_by",
    "issuer_name",
    "key_algorithm",
    "key_matches",
    "key_usages",
    "load_certificate",
    "load_certificates",
    "load_private_key",
    "parse_certificate",
    "parse_der_key",
    "parse_private_key",
    "private_key_pem",
    "public_key_fingerprint",
    "sealed_private_key_pem",
    "serial",
    "signature_algorithm",
    "signature_family",
]


def certificate_der(certificate: x509.Certificate) -> bytes:
    """Return the certificate as DER."""
    return certificate.public_bytes(serialization.Encoding.DER)


def certificate_pem(certificate: x509.Certificate) -> str:
    """Return the certificate as PEM, ending in a newline."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def chain_pem(certificates: Iterable[x509.Certificate]) -> str:
    """Return the certificates one after the other as PEM; empty text for none."""
    return "".join(certificate_pem(certificate) for certificate in certificates)


def private_key_pem(key: Any) -> str:
    """Return the key in clear as PKCS#8 PEM."""
    return _private_bytes(key, serialization.NoEncryption())


def encrypted_private_key_pem(key: Any, passphrase: bytes) -> str:
    """Return the key as PKCS#8 PEM encrypted as ACM does (acm-rules §6).

    That is PBES2 with PBKDF2-HMAC-SHA256 of 2048 rounds and AES-256-CBC.
    """
    return _private_bytes(key, serialization.BestAvailableEncryption(passphrase))


def sealed_private_key_pem(key: Any, passphrase: bytes) -> str:
    """Return the key as encrypted PKCS#8 PEM for a file that is kept; see key_encryption.sealed()."""
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    lines = "\n".join(textwrap.wrap(base64.b64encode(sealed(der, passphrase)).decode("ascii"), 64))
    return f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{lines}\n-----END ENCRYPTED PRIVATE KEY-----\n"


def combined(certificate: x509.Certificate, chain: Iterable[x509.Certificate], key: Any) -> str:
    """Return one PEM in HAProxy's order: certificate, chain, key in clear."""
    return certificate_pem(certificate) + chain_pem(chain) + private_key_pem(key)


def _private_bytes(key: Any, encryption: Any) -> str:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode("ascii")
