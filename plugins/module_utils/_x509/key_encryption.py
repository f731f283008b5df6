# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a private key is encrypted, and the passphrases that may open it. Pure."""

from __future__ import annotations

import os
import re
from typing import Any, Callable

try:
    from cryptography.hazmat.primitives import hashes, padding
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
except ImportError:
    pass  # certificate.py reports it

from .._rules.errors import InvalidMaterial

# OWASP's Password Storage Cheat Sheet for PBKDF2-HMAC-SHA256; a key is decrypted when a server starts, not per request
ROUNDS = 600_000
_PBES2, _PBKDF2 = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12"
_HMAC_SHA256, _AES_256_CBC = "1.2.840.113549.2.9", "2.16.840.1.101.3.4.1.42"

# Algorithms by OID, with OpenSSL's names: PKCS#5 (RFC 8018), PKCS#12 (RFC 7292) and national ciphers
_NAMES = {
    "1.2.840.113549.1.5.1": "PBE-MD2-DES",
    "1.2.840.113549.1.5.3": "PBE-MD5-DES",
    "1.2.840.113549.1.5.4": "PBE-MD2-RC2-64",
    "1.2.840.113549.1.5.6": "PBE-MD5-RC2-64",
    "1.2.840.113549.1.5.10": "PBE-SHA1-DES",
    "1.2.840.113549.1.5.11": "PBE-SHA1-RC2-64",
    "1.2.840.113549.1.12.1.1": "PBE-SHA1-RC4-128",
    "1.2.840.113549.1.12.1.2": "PBE-SHA1-RC4-40",
    "1.2.840.113549.1.12.1.3": "PBE-SHA1-3DES",
    "1.2.840.113549.1.12.1.4": "PBE-SHA1-2DES",
    "1.2.840.113549.1.12.1.5": "PBE-SHA1-RC2-128",
    "1.2.840.113549.1.12.1.6": "PBE-SHA1-RC2-40",
    "1.2.840.113549.3.2": "RC2-CBC",
    "1.2.840.113549.3.9": "RC5-CBC",
    "1.3.14.3.2.7": "DES-CBC",
    "1.2.410.200004.1.4": "SEED-CBC",
    "1.2.410.200046.1.1.2": "ARIA-128-CBC",
    "1.2.410.200046.1.1.7": "ARIA-192-CBC",
    "1.2.410.200046.1.1.12": "ARIA-256-CBC",
    "1.2.392.200011.61.1.1.1.2": "CAMELLIA-128-CBC",
    "1.2.392.200011.61.1.1.1.3": "CAMELLIA-192-CBC",
    "1.2.392.200011.61.1.1.1.4": "CAMELLIA-256-CBC",
    "1.2.156.10197.1.104.2": "SM4-CBC",
    "2.16.840.1.101.3.4.1.2": "AES-128-CBC",
    "2.16.840.1.101.3.4.1.6": "AES-128-GCM",
    "2.16.840.1.101.3.4.1.22": "AES-192-CBC",
    "2.16.840.1.101.3.4.1.26": "AES-192-GCM",
    "2.16.840.1.101.3.4.1.42": "AES-256-CBC",
    "2.16.840.1.101.3.4.1.46": "AES-256-GCM",
}
# Algorithms that OpenSSL 3 reads only with its legacy provider, which a host may not have
_LEGACY = ("1.2.840.113549.1.12.1.1", "1.2.840.113549.1.12.1.5", "1.2.840.113549.1.12.1.6", "1.3.14.3.2.7")
_DEK_INFO = re.compile(rb"^DEK-Info:\s*([A-Za-z0-9-]{1,40})", re.MULTILINE)
_UNKNOWN_OID = re.compile(r"unknown key encryption algorithm: ([0-9.]+)", re.IGNORECASE)


def cipher_of_headers(pem: bytes) -> str | None:
    """The cipher in the DEK-Info header of OpenSSL's older form of an encrypted key, or None."""
    found = _DEK_INFO.search(pem)
    return found[1].decode("ascii").upper() if found else None


def unsupported_cipher(error: Exception, pem: bytes) -> str | None:
    """The name of the algorithm, if cryptography's ERROR says that it can't decrypt it; None for other errors."""
    said = str(error)
    oid = _UNKNOWN_OID.search(said)
    if oid:
        return _NAMES.get(oid[1], oid[1])
    if "unknown cipher" in said.lower():
        return cipher_of_headers(pem)
    return None


def legacy_cipher(der: bytes) -> str | None:
    """The algorithm of a PKCS#12 store, if not every OpenSSL can read it."""
    return next((_NAMES[oid] for oid in _LEGACY if _encoded(oid) in der), None)


def refuse_cipher(name: str) -> InvalidMaterial:
    return InvalidMaterial(
        "key-encryption",
        f"The private key is encrypted with {name}, which is not supported; encrypt it again with AES-256 "
        "(openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW).",
    )


def opened(read: Callable[[bytes | None], Any], passphrase: bytes | None) -> Any:
    """The result of READ for the first spelling of the passphrase that works.

    Files and vaults add a line break to a passphrase, and old programs encoded non-ASCII letters in Latin-1. Each
    decryption proves the spelling, so trying them is safe.
    """
    first: InvalidMaterial | None = None
    for spelling in _spellings(passphrase):
        try:
            return read(spelling)
        except InvalidMaterial as error:
            if error.rule not in ("key-passphrase", "pkcs12"):
                raise
            first = first or error
    raise first or InvalidMaterial("key-passphrase", "The private key cannot be decrypted; check its passphrase.")


def _spellings(passphrase: bytes | None) -> list[bytes | None]:
    if not passphrase:
        return [None]
    found = [passphrase, passphrase.rstrip(b"\r\n")]
    for each in tuple(found):
        try:
            found.append(each.decode("utf-8").encode("latin-1"))
        except UnicodeError:
            continue
    return [each or None for each in dict.fromkeys(found)]


def sealed(pkcs8: bytes, passphrase: bytes, rounds: int = ROUNDS) -> bytes:
    """EncryptedPrivateKeyInfo (RFC 5958) of a PrivateKeyInfo, both in DER: PBES2 with PBKDF2-HMAC-SHA256 and
    AES-256-CBC (RFC 8018, appendix A). cryptography writes the same, but with 2,048 rounds and no setting for them."""
    salt, vector = os.urandom(16), os.urandom(16)
    key = PBKDF2HMAC(hashes.SHA256(), 32, salt, rounds).derive(passphrase)
    padder, encryptor = padding.PKCS7(128).padder(), Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    content = encryptor.update(padder.update(pkcs8) + padder.finalize()) + encryptor.finalize()
    number = rounds.to_bytes(rounds.bit_length() // 8 + 1, "big")
    derivation = _sequence(_octets(salt), _element(2, number), _sequence(_encoded(_HMAC_SHA256), b"\x05\x00"))
    scheme = _sequence(_sequence(_encoded(_PBKDF2), derivation), _sequence(_encoded(_AES_256_CBC), _octets(vector)))
    return _sequence(_sequence(_encoded(_PBES2), scheme), _octets(content))


def _sequence(*parts: bytes) -> bytes:
    return _element(0x30, b"".join(parts))


def _octets(content: bytes) -> bytes:
    return _element(4, content)


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    width = (size.bit_length() + 7) // 8
    return bytes([tag, 0x80 | width]) + size.to_bytes(width, "big") + content


def _encoded(oid: str) -> bytes:
    """The DER of an object identifier."""
    first, second, *others = (int(arc) for arc in oid.split("."))
    octets = bytearray([40 * first + second])
    for arc in others:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.insert(0, arc & 0x7F | 0x80)
        octets += bytes(groups)
    return _element(6, bytes(octets))
