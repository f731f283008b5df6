# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PKCS#12 stores: one file with a key, its certificate and the chain."""

from __future__ import annotations

from typing import Any, Sequence

from .._rules.errors import InvalidMaterial
from .key_encryption import legacy_cipher

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.serialization import pkcs12
except ImportError:
    pass  # HAS_CRYPTOGRAPHY is False then

# pbeWithSHAAnd3-KeyTripleDES-CBC (RFC 7292, appendix C) in DER; which algorithm encrypts a store is not encrypted itself
_TRIPLE_DES = bytes.fromhex("060a2a864886f70d010c0103")


def packed(
    name: str,
    key: Any,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    passphrase: bytes,
    is_legacy: bool = False,
) -> bytes:
    """Return a PKCS#12 store with the key, its certificate under the friendly name NAME, and the chain.

    AES-256-CBC and HMAC-SHA256: read by OpenSSL ≥ 1.1, Java ≥ 8u301 and Windows Server ≥ 2019. is_legacy: Triple DES
    and HMAC-SHA1, for older versions."""
    algorithm, digest = (
        (pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC, hashes.SHA1())
        if is_legacy
        else (pkcs12.PBES.PBESv2SHA256AndAES256CBC, hashes.SHA256())
    )
    encryption = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(50_000)
        .key_cert_algorithm(algorithm)
        .hmac_hash(digest)
        .build(passphrase)
    )
    return pkcs12.serialize_key_and_certificates(
        name.encode("utf-8"), key, certificate, list(chain) or None, encryption
    )


def form_of(data: bytes, passphrase: bytes) -> tuple[str | None, bool]:
    """The friendly name of the certificate in a store that load() reads, and whether the store is a legacy one."""
    found = pkcs12.load_pkcs12(data, passphrase).cert
    name = found.friendly_name if found is not None else None
    return (None if name is None else name.decode("utf-8", "replace")), _TRIPLE_DES in data


def load(data: bytes, passphrase: bytes | None) -> tuple[Any, x509.Certificate | None, list[x509.Certificate]]:
    """Return key, certificate and the other certificates of a PKCS#12 store; the first two may be None.

    Raises InvalidMaterial. If no passphrase is given, both none and an empty passphrase are tried.
    """
    for given in (passphrase,) if passphrase else (None, b""):
        try:
            store = pkcs12.load_pkcs12(data, given)
        except UnsupportedAlgorithm as error:
            raise InvalidMaterial(
                "pkcs12", "The PKCS#12 is encrypted in a way that is not supported; export it again with AES-256."
            ) from error
        except x509.InvalidVersion as error:
            raise InvalidMaterial(
                "x509-v3", "The PKCS#12 contains a certificate that is not X.509 version 3."
            ) from error
        except (ValueError, TypeError):
            continue
        certificate = store.cert.certificate if store.cert else None
        return store.key, certificate, [each.certificate for each in store.additional_certs]
    advice = "check its passphrase" if passphrase else "give its passphrase"
    cipher = legacy_cipher(data)
    if passphrase and cipher:
        advice += f". If that is right: it is encrypted with {cipher}, which not every host can read; use AES-256"
    raise InvalidMaterial("pkcs12", f"The PKCS#12 cannot be opened; {advice}.")
