# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates and keys in one option or file of a user: even mangled PEM, DER, PKCS#7, PKCS#12, base64 of these.

Anything else is identified, so that the user knows what to give instead. Pure.
"""

from __future__ import annotations

import re
from typing import Any, Iterable, NamedTuple

from . import import_rules, pem, pem_repair, pkcs12
from .._rules.errors import InvalidMaterial
from .key_encryption import opened

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import pkcs7
except ImportError:
    pass  # pem.HAS_CRYPTOGRAPHY is False then

# The maximum that ACM accepts for all three parts; a larger file is not a certificate
MAX_SOURCE_OCTETS = (
    import_rules.MAX_CERTIFICATE_OCTETS + import_rules.MAX_PRIVATE_KEY_OCTETS + import_rules.MAX_CHAIN_OCTETS
)
MAX_WRAPPINGS = 3

# Found in many bundles besides certificates, and not imported
_PASSED_OVER = (
    "DH PARAMETERS",
    "X9.42 DH PARAMETERS",
    "PUBLIC KEY",
    "CERTIFICATE REQUEST",
    "NEW CERTIFICATE REQUEST",
    "X509 CRL",
)
_PKCS7 = ("PKCS7", "CMS", "PKCS #7 SIGNED DATA")
_PKCS12 = ("PKCS12", "PFX")
_REQUESTS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
# RFC 7292, appendix D: the object identifiers of keyBag and pkcs8ShroudedKeyBag in DER
_KEY_BAGS = tuple(bytes.fromhex("060b2a864886f70d010c0a01") + last for last in (b"\x01", b"\x02"))

# Things that people give by mistake: how they begin, and what to do about it
_BINARY = (
    (b"\xfe\xed\xfe\xed", "is a Java keystore; convert it with keytool -importkeystore -deststoretype PKCS12"),
    (b"\xce\xce\xce\xce", "is a Java keystore; convert it with keytool -importkeystore -deststoretype PKCS12"),
    (b"PK\x03\x04", "is a ZIP archive; unpack it first"),
    (b"\x1f\x8b", "is compressed with gzip; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive; unpack it first"),
    (b"SQLite format 3", "is a database (NSS?); export the certificate and its key from it as PKCS#12"),
)
_TEXTS = (
    (r"\$ANSIBLE_VAULT;", "is still encrypted with Ansible Vault; load it with vars_files or the lookup unvault"),
    (r"-----BEGIN PGP MESSAGE-----", "is encrypted with PGP; decrypt it first"),
    (r"-----BEGIN PGP ", "is a PGP key, which has nothing to do with TLS"),
    (r"-----BEGIN AGE ENCRYPTED", "is encrypted with age; decrypt it first"),
    (r"ENC\[AES256_GCM,", "is encrypted with SOPS; decrypt it with the lookup community.sops.sops"),
    (r"-----BEGIN OPENSSH PRIVATE KEY-----", "is an OpenSSH key; convert a copy with ssh-keygen -p -m PKCS8 -f COPY"),
    (r"---- BEGIN SSH2 |ssh-(rsa|ed25519|dss) AAAA|ecdsa-sha2-\S+ AAAA", "is an SSH public key, not TLS material"),
    (r"PuTTY-User-Key-File-", "is a PuTTY key; convert it with puttygen -O private-openssh, then to PEM"),
    (r"(?s)\{.{0,400}\"kty\"\s*:", "is a JSON Web Key (JWK); convert it to PEM"),
    (r"<!DOCTYPE html|<html[\s>]", "is a web page, not the file behind it; check how it was downloaded"),
    (r"\{\{.{1,200}\}\}", "is a template that was not rendered"),
    (r"(https?|s3|file)://\S+\s*\Z", "is a URL; fetch it first and give its content"),
    (r"(/|~/|\./|[A-Za-z]:\\)[^\n]{0,1000}\Z", "is a path, not the content of a file; give it as {option}_path"),
    (r"[\w./-]{1,200}\.(pem|crt|cer|key|p12|pfx|der)\s*\Z", "is a file name; give it as {option}_path"),
    (r"(None|null|undefined|False|True)\s*\Z", "is only a word; the variable behind it seems to be empty"),
    (r"(?s).*\ufffd", "was binary and has been read as text, which damaged it; give it as {option}_path or in base64"),
)
_LABELS = {
    **dict.fromkeys(_REQUESTS, "a certificate signing request (CSR), not the certificate that a CA issued for it"),
    "PUBLIC KEY": "a public key",
    "RSA PUBLIC KEY": "a public key",
    "X509 CRL": "a revocation list (CRL)",
    "CERTIFICATE": "a certificate",
}


class Source(NamedTuple):
    """One of the user's inputs: where (the option, with the file's name), its bytes, and what may be in it.

    kind: certificate, private_key, certificate_chain, or bundle (anything).
    """

    where: str
    kind: str
    data: bytes


class Contents(NamedTuple):
    """was_encrypted: whether the passphrase was needed for a key or a store."""

    certificates: list[x509.Certificate]
    keys: list[Any]
    was_encrypted: bool = False


def read_source(source: Source, passphrase: bytes | None) -> Contents:
    """Return the content of SOURCE, or raise InvalidMaterial: where, what it is, and what to give instead."""
    try:
        if len(source.data) > MAX_SOURCE_OCTETS:
            raise InvalidMaterial("size", f"it has {len(source.data)} bytes, which is more than ACM accepts.")
        contents = _contents(source, source.data, passphrase, MAX_WRAPPINGS)
        _check_kind(source, contents)
    except InvalidMaterial as error:
        raise InvalidMaterial(error.rule, f"{source.where}: {_as_clause(str(error))}") from error
    return contents


def _contents(source: Source, data: bytes, passphrase: bytes | None, wrappings: int) -> Contents:
    data = _der_read_as_text(data)
    if pem_repair.der_length(data):
        return _of_binary(source, data, passphrase)
    repaired = pem_repair.repaired(data)
    if repaired:
        _refuse_by_looks(source, repaired)
        found = pem.blocks(repaired)
        if found:
            return _of_blocks(source, found, passphrase)
    inner = pem_repair.unwrapped(data) if wrappings else b""
    if inner:
        _refuse_by_looks(source, inner)
    if inner and (pem_repair.der_length(inner) or pem_repair.is_text(inner)):
        return _contents(source, inner, passphrase, wrappings - 1)
    _refuse_by_looks(source, data)
    raise InvalidMaterial(_RULES[source.kind], f"it contains neither PEM nor DER nor PKCS#12; {_WANTED[source.kind]}.")


def _of_blocks(source: Source, found: Iterable[pem.Block], passphrase: bytes | None) -> Contents:
    certificates: list[x509.Certificate] = []
    keys: list[Any] = []
    passed_over: list[str] = []
    was_encrypted = False
    for block in found:
        if block.label in pem.CERTIFICATE_LABELS:
            certificates += _certificates(block, len(certificates) + 1)
        elif block.label.endswith("PRIVATE KEY"):
            keys.append(opened(lambda each, block=block: pem.parse_private_key(block, each), passphrase))  # type: ignore
            was_encrypted = was_encrypted or block.is_encrypted or block.label == "ENCRYPTED PRIVATE KEY"
        elif block.label in _PKCS7:
            certificates.extend(_pkcs7(block.der))
        elif block.label in _PKCS12:
            store = _of_binary(source, block.der, passphrase)
            certificates += store.certificates
            keys += store.keys
            was_encrypted = was_encrypted or store.was_encrypted
        elif block.label == "TRUSTED CERTIFICATE":  # OpenSSL's own: the certificate, and what it is trusted for
            der = block.der[: pem_repair.der_length(block.der)]
            certificates.append(pem.parse_certificate(der))
        elif source.kind != "bundle" or block.label not in _PASSED_OVER:
            raise _misplaced(source, block.label)
        else:
            passed_over.append(block.label)
    if passed_over and not certificates and not keys:
        raise _misplaced(source, passed_over[0])
    return Contents(certificates, keys, was_encrypted)


def _misplaced(source: Source, label: str) -> InvalidMaterial:
    what = _LABELS.get(label, f"a {label}")
    return InvalidMaterial(_RULES[source.kind], f"it contains {what}; {_WANTED[source.kind]}.")


def _certificates(block: pem.Block, number: int) -> list[x509.Certificate]:
    try:
        return [pem.parse_certificate(block.der, what="certificate" if number == 1 else f"certificate number {number}")]
    except InvalidMaterial:
        try:  # Windows writes PKCS#7 between the lines of a certificate
            return _pkcs7(block.der)
        except InvalidMaterial:
            pass
        raise


def _of_binary(source: Source, der: bytes, passphrase: bytes | None) -> Contents:
    for attempt in (_der_certificate, _der_key, _pkcs12, _der_pkcs7):
        contents = attempt(der, passphrase)
        if contents is not None:
            return contents
    _refuse_der_request(source, der)
    raise InvalidMaterial(
        _RULES[source.kind],
        f"it is binary, but neither a certificate nor a key nor PKCS#12; {_WANTED[source.kind]}.",
    )


def _der_certificate(der: bytes, _passphrase: bytes | None) -> Contents | None:
    try:
        return Contents([pem.parse_certificate(der)], [])
    except InvalidMaterial as error:
        if error.rule == "x509-v3":
            raise
        return None


def _der_key(der: bytes, passphrase: bytes | None) -> Contents | None:
    key, was_encrypted = pem.parse_der_key(der, None), False
    if key is pem.ENCRYPTED:
        key = opened(lambda each: pem.parse_der_key(der, each), passphrase)
        was_encrypted = True
        if key is pem.ENCRYPTED:
            raise InvalidMaterial("key-encrypted", "The private key is encrypted; give its passphrase.")
    return None if key is None else Contents([], [key], was_encrypted)


def _pkcs12(der: bytes, passphrase: bytes | None) -> Contents | None:
    # a PFX (RFC 7292) begins with SEQUENCE { INTEGER 3
    if b"\x02\x01\x03" not in der[:10]:
        return None
    keys = sum(der.count(oid) for oid in _KEY_BAGS)
    if keys > 1:  # cryptography would silently take the first
        raise InvalidMaterial(
            "key-one",
            f"The PKCS#12 contains {keys} private keys; give a PKCS#12 with only the key of this certificate.",
        )
    key, certificate, others = opened(lambda each: pkcs12.load(der, each), passphrase)
    certificates = _judged([*([certificate] if certificate else []), *others])
    return Contents(certificates, [] if key is None else [key], True)


def _der_pkcs7(der: bytes, _passphrase: bytes | None) -> Contents | None:
    try:
        return Contents(_pkcs7(der), [])
    except InvalidMaterial:
        return None


def _pkcs7(der: bytes) -> list[x509.Certificate]:
    try:
        found = list(pkcs7.load_der_pkcs7_certificates(der))
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise InvalidMaterial("certificate-readable", "the PKCS#7 is damaged, or contains no certificates.") from error
    return _judged(found)


def _judged(found: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """The same certificates, fully parsed: cryptography reads their parts only when they are used."""
    return [pem.parse_certificate(pem.certificate_der(each)) for each in found]


def _der_read_as_text(data: bytes) -> bytes:
    """The original DER of data that was read as Latin-1 and written as UTF-8."""
    if data[:1] != b"\x30" or data[1:3] not in (b"\xc2\x81", b"\xc2\x82", b"\xc2\x83"):
        return data
    try:
        return data.decode("utf-8").encode("latin-1")
    except UnicodeError:
        return data


def _refuse_der_request(source: Source, der: bytes) -> None:
    try:
        x509.load_der_x509_csr(der)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        return
    raise InvalidMaterial(_RULES[source.kind], f"it contains {_LABELS[_REQUESTS[0]]}; {_WANTED[source.kind]}.")


def _refuse_by_looks(source: Source, data: bytes) -> None:
    option = source.kind
    for beginning, what in _BINARY:
        if data.startswith(beginning):
            raise InvalidMaterial(_RULES[option], f"it {what}.")
    text = pem_repair.as_text(data).strip()
    for pattern, what in _TEXTS:
        if re.match(pattern, text, re.IGNORECASE if pattern.startswith("<") else 0):
            raise InvalidMaterial(
                "key-format" if "key" in what and option == "private_key" else _RULES[option],
                f"it {what.format(option=option)}.",
            )


def _check_kind(source: Source, contents: Contents) -> None:
    if source.kind in ("certificate", "certificate_chain"):
        if not contents.certificates:
            what = "a private key" if contents.keys else "no certificate"
            raise InvalidMaterial(_RULES[source.kind], f"it contains {what}; {_WANTED[source.kind]}.")
        if contents.keys and source.where == source.kind:
            raise InvalidMaterial(
                "key-hidden", "it contains a private key, but this option is shown in logs; give it as bundle."
            )
    if source.kind == "private_key" and not contents.keys:
        raise InvalidMaterial("key-pem", f"it contains a certificate; {_WANTED['private_key']}.")


def _as_clause(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() or sentence.startswith("A ") else sentence


_RULES = {
    "certificate": "certificate-pem",
    "certificate_chain": "chain-pem",
    "private_key": "key-pem",
    "bundle": "bundle",
}
_WANTED = {
    "certificate": "give the certificate",
    "certificate_chain": "give the certificates of the chain",
    "private_key": "give the private key of the certificate",
    "bundle": "give the certificate with its key and chain",
}
