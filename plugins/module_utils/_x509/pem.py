# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates, chains and keys as both sides of the door to ACM see them. This is the file to import.

PEM in is pem_reading.py, what a certificate says is certificate.py, chains in order are chain.py; here are PEM out and
PKCS#12. What ACM demands of an import is import_rules.py. Pure functions over bytes and cryptography's objects.
"""

from __future__ import annotations

import base64
import textwrap
from typing import Any, Iterable, Sequence

from .._rules.errors import InvalidMaterial
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
from .key_encryption import legacy_cipher, sealed
from .chain import Chain, build_chain
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
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.serialization import pkcs12 as _pkcs12
except ImportError:
    pass  # HAS_CRYPTOGRAPHY is False then

__all__ = [
    "CERTIFICATE_LABELS",
    "Block",
    "blocks",
    "build_chain",
    "Chain",
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
    "InvalidMaterial",
    "ip_addresses",
    "is_self_signed",
    "issued_by",
    "issuer_name",
    "key_algorithm",
    "key_matches",
    "key_usages",
    "load_certificate",
    "load_certificates",
    "load_pkcs12",
    "load_private_key",
    "parse_certificate",
    "parse_der_key",
    "parse_private_key",
    "pkcs12",
    "private_key_pem",
    "public_key_fingerprint",
    "sealed_private_key_pem",
    "serial",
    "signature_algorithm",
    "signature_family",
]

# pbeWithSHAAnd3-KeyTripleDES-CBC (RFC 7292, appendix C) in DER; which algorithm encrypts a store is not encrypted itself
_TRIPLE_DES = bytes.fromhex("060a2a864886f70d010c0103")


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


def pkcs12(
    name: str,
    key: Any,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    passphrase: bytes,
    is_legacy: bool = False,
) -> bytes:
    """Return a PKCS#12 store with the key, its certificate under the friendly name NAME, and the chain.

    AES-256-CBC and HMAC-SHA256: read by OpenSSL ≥ 1.1, Java ≥ 8u301 and Windows Server ≥ 2019. is_legacy: Triple DES and
    HMAC-SHA1, which older ones read.
    """
    algorithm, digest = (
        (_pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC, hashes.SHA1())
        if is_legacy
        else (_pkcs12.PBES.PBESv2SHA256AndAES256CBC, hashes.SHA256())
    )
    encryption = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(50_000)
        .key_cert_algorithm(algorithm)
        .hmac_hash(digest)
        .build(passphrase)
    )
    return _pkcs12.serialize_key_and_certificates(
        name.encode("utf-8"), key, certificate, list(chain) or None, encryption
    )


def pkcs12_form(data: bytes, passphrase: bytes) -> tuple[str | None, bool]:
    """The friendly name of the certificate in a store that load_pkcs12() reads, and whether the store is a legacy one."""
    found = _pkcs12.load_pkcs12(data, passphrase).cert
    name = found.friendly_name if found is not None else None
    return (None if name is None else name.decode("utf-8", "replace")), _TRIPLE_DES in data


def load_pkcs12(data: bytes, passphrase: bytes | None) -> tuple[Any, x509.Certificate | None, list[x509.Certificate]]:
    """Return key, certificate and the other certificates of a PKCS#12 store; the first two may be None.

    Raises InvalidMaterial. An empty passphrase and none are both tried where none is given.
    """
    for given in (passphrase,) if passphrase else (None, b""):
        try:
            store = _pkcs12.load_pkcs12(data, given)
        except UnsupportedAlgorithm as error:
            raise InvalidMaterial(
                "pkcs12", "The PKCS#12 is encrypted in a way that is not supported; export it again with AES-256."
            ) from error
        except x509.InvalidVersion as error:
            raise InvalidMaterial("x509-v3", "The PKCS#12 holds a certificate that is not X.509 version 3.") from error
        except (ValueError, TypeError):
            continue
        certificate = store.cert.certificate if store.cert else None
        return store.key, certificate, [each.certificate for each in store.additional_certs]
    advice = "check its passphrase" if passphrase else "give its passphrase"
    cipher = legacy_cipher(data)
    if passphrase and cipher:
        advice += f". If that is right: it is encrypted with {cipher}, which not every host can read; use AES-256"
    raise InvalidMaterial("pkcs12", f"The PKCS#12 cannot be opened; {advice}.")


def _private_bytes(key: Any, encryption: Any) -> str:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode("ascii")
