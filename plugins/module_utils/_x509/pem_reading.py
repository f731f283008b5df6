# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PEM in: blocks, certificates and private keys from text as people have it.

Pure functions over bytes. Others import them through pem.py.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, NamedTuple

from .._rules.errors import InvalidMaterial
from .key_encryption import refuse_cipher, unsupported_cipher

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
except ImportError:
    pass  # certificate.py keeps the reason

CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE")
ENCRYPTED = object()
PRIVATE_KEY_LABELS = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "DSA PRIVATE KEY")

# RFC 5480 §2.1.1.2: the field type with which the parameters of an unnamed curve begin
_EXPLICIT_CURVE = bytes.fromhex("06072a8648ce3d0101")
_BEGIN_OR_END = re.compile(rb"-----(BEGIN|END) ([A-Z0-9# ]+)-----")
_ENCAPSULATED_HEADERS = re.compile(rb"\A(?:[A-Za-z0-9-]+:[^\n]*\n(?:[ \t]+[^\n]*\n)*)+\s*\n")


class Block(NamedTuple):
    """One PEM block; pem is the block alone. is_encrypted: it carries the headers of OpenSSL's old key encryption."""

    label: str
    der: bytes
    is_encrypted: bool = False
    pem: bytes = b""


def blocks(data: bytes | str) -> list[Block]:
    """Return the PEM blocks of DATA in their order. Text between blocks is passed over, EC PARAMETERS are dropped.

    Raises InvalidMaterial when a block does not end, ends as another, or is not base64.
    """
    octets = _octets(data)
    found: list[Block] = []
    begin: re.Match[bytes] | None = None
    for marker in _BEGIN_OR_END.finditer(octets):
        label = marker[2].decode("ascii")
        if marker[1] == b"BEGIN":
            if begin is not None:
                raise _broken_block(begin)
            begin = marker
            continue
        if begin is None or begin[2] != marker[2]:
            raise _broken_block(begin or marker)
        if label != "EC PARAMETERS":
            found.append(_block(label, octets[begin.end() : marker.start()]))
        begin = None
    if begin is not None:
        raise _broken_block(begin)
    return found


def load_certificate(data: bytes | str) -> x509.Certificate:
    """Return the only certificate in DATA (PEM), or raise InvalidMaterial."""
    found = load_certificates(data)
    if len(found) != 1:
        raise InvalidMaterial("certificate-one", f"One certificate in PEM was expected, {len(found)} were found.")
    return found[0]


def load_certificates(data: bytes | str) -> list[x509.Certificate]:
    """Return the certificates in DATA (PEM) in their order; other blocks are passed over."""
    return [parse_certificate(block.der) for block in blocks(data) if block.label in CERTIFICATE_LABELS]


def parse_certificate(der: bytes, *, what: str = "certificate") -> x509.Certificate:
    """Return the certificate in DER, or raise InvalidMaterial."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        # read lazily by cryptography: what cannot be read must show here, not later
        certificate.extensions  # pylint: disable=pointless-statement
        certificate.subject  # pylint: disable=pointless-statement
        certificate.issuer  # pylint: disable=pointless-statement
    except x509.InvalidVersion as error:
        raise InvalidMaterial("x509-v3", f"The {what} is not X.509 version 3.") from error
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise InvalidMaterial("certificate-readable", f"The {what} is damaged: it cannot be read as X.509.") from error
    return certificate


def load_private_key(data: bytes | str, passphrase: bytes | None = None, *, trusted: bool = False) -> Any:
    """Return the only private key in DATA (PEM), decrypted with PASSPHRASE if it is encrypted.

    trusted: the key is our own (it comes from a store that checked it), so the costly RSA validation is left out.
    Raises InvalidMaterial; no message holds anything of the key or the passphrase.
    """
    found = [block for block in blocks(data) if block.label.endswith("PRIVATE KEY")]
    if len(found) != 1:
        raise InvalidMaterial("key-one", f"One private key in PEM was expected, {len(found)} were found.")
    return parse_private_key(found[0], passphrase, trusted=trusted)


def parse_private_key(block: Block, passphrase: bytes | None = None, *, trusted: bool = False) -> Any:
    """Return the private key of one PEM block; see load_private_key."""
    if block.label not in PRIVATE_KEY_LABELS:
        raise InvalidMaterial(
            "key-format",
            f"The private key has the format {block.label}, which ACM does not accept; convert it to PKCS#8 PEM.",
        )
    encrypted = block.is_encrypted or block.label == "ENCRYPTED PRIVATE KEY"
    if encrypted and not passphrase:
        raise InvalidMaterial("key-encrypted", "The private key is encrypted; give its passphrase.")
    try:
        return serialization.load_pem_private_key(
            block.pem, passphrase if encrypted else None, unsafe_skip_rsa_key_validation=trusted
        )
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if not encrypted:  # many programs write a key under the label of another form
            key = parse_der_key(block.der, None)
            if key is not None and key is not ENCRYPTED:
                return key
        raise _unreadable_key(error, block, encrypted) from error


def parse_der_key(der: bytes, passphrase: bytes | None) -> Any:
    """Return the private key in DER, ENCRYPTED when it needs a passphrase, or None when it is no key.

    Raises InvalidMaterial when the passphrase is wrong, or its encryption is not supported.
    """
    try:
        return serialization.load_der_private_key(der, passphrase)
    except TypeError:
        return ENCRYPTED if passphrase is None else None
    except (ValueError, UnsupportedAlgorithm) as error:
        cipher = unsupported_cipher(error, b"")
        if cipher:
            raise refuse_cipher(cipher) from error
        if passphrase is not None:
            raise InvalidMaterial(
                "key-passphrase", "The private key cannot be decrypted; check its passphrase."
            ) from error
        return None


def _unreadable_key(error: Exception, block: Block, encrypted: bool) -> InvalidMaterial:
    cipher = unsupported_cipher(error, block.pem)
    if cipher:
        return refuse_cipher(cipher)
    if _EXPLICIT_CURVE in block.der:
        return InvalidMaterial(
            "key-algorithm",
            "The private key writes out the parameters of its curve, which ACM does not accept; "
            "name the curve (openssl ec -param_enc named_curve -in KEY -out NEW).",
        )
    if isinstance(error, UnsupportedAlgorithm):
        return InvalidMaterial("key-algorithm", "The private key has an algorithm or a curve that is not supported.")
    if encrypted:
        return InvalidMaterial("key-passphrase", "The private key cannot be decrypted; check its passphrase.")
    return InvalidMaterial("key-readable", "The private key is damaged: it cannot be read.")


def _octets(data: bytes | str) -> bytes:
    octets = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else bytes(data)
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):  # Windows tools save "Unicode" text as UTF-16
        octets = octets.decode("utf-16", "replace").encode("utf-8")
    return octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _block(label: str, body: bytes) -> Block:
    headers = _ENCAPSULATED_HEADERS.match(body.lstrip(b"\n"))
    payload = body.lstrip(b"\n")[headers.end() :] if headers else body
    payload = b"".join(payload.split())
    try:
        if len(payload) % 4:  # Python overlooks this if the padding happens to fit
            raise binascii.Error("a quartet is cut")
        der = base64.b64decode(payload, validate=True)
    except binascii.Error as error:
        raise InvalidMaterial("pem", f"The PEM block {label} is damaged: its content is not base64.") from error
    is_encrypted = bool(headers) and b"ENCRYPTED" in (headers[0] if headers else b"")
    text = (headers[0].strip() + b"\n\n" if headers else b"") + base64.encodebytes(der)
    marker = label.encode("ascii")
    return Block(
        label, der, is_encrypted, b"-----BEGIN " + marker + b"-----\n" + text + b"-----END " + marker + b"-----\n"
    )


def _broken_block(marker: re.Match[bytes]) -> InvalidMaterial:
    label, number = marker[2].decode("ascii"), marker.string[: marker.end()].count(b"-----BEGIN ")
    which = f"The PEM block {label}" if number < 2 else f"The PEM block {label}, number {number},"
    return InvalidMaterial("pem", f"{which} is cut: its BEGIN and END lines do not match.")
