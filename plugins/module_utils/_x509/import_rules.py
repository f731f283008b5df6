# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of an import and a re-import, each by name (acm-rules §5, and the behaviour of the live service).

Pure functions. Others import them through pem.py.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from .._rules.times import iso
from .._rules.key_algorithms import KEY_ALGORITHMS
from .._rules.errors import InvalidMaterial
from .certificate import (
    describe,
    dns_names,
    domain_names,
    extended_key_usages,
    extension,
    issued_by,
    key_algorithm,
    key_matches,
    key_usages,
    ocsp_urls,
    signature_family,
)
from .pem_reading import CERTIFICATE_LABELS, PRIVATE_KEY_LABELS, Block, blocks, parse_certificate, parse_private_key

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
except ImportError:
    pass  # certificate.py keeps the reason

# Octets that ImportCertificate accepts: the key by acm-rules §5, the others by botocore's model of acm
MAX_CERTIFICATE_OCTETS = 32_768
MAX_PRIVATE_KEY_OCTETS = 5_120
MAX_CHAIN_OCTETS = 2_097_152
MAX_OCSP_URL_LETTERS = 1_000
# Usages that a re-import may remove: public CAs no longer issue for clients, and keyEncipherment is meaningless for EC
CLIENT_AUTHENTICATION, KEY_ENCIPHERMENT = "1.3.6.1.5.5.7.3.2", "KEY_ENCIPHERMENT"


class Material(NamedTuple):
    """The parts of an import; chain is empty if none was given, and begins with the certificate if the given chain
    did."""

    certificate: x509.Certificate
    private_key: Any
    chain: list[x509.Certificate]


def check_import(
    certificate: bytes, private_key: bytes, chain: bytes | None, now: datetime, *, one_key_family: bool = False
) -> Material:
    """Apply every rule of an import to the three parts of an ImportCertificate call.

    NOW is aware. Returns the loaded parts, or raises InvalidMaterial whose rule names the rule that is broken.
    one_key_family: ACM's older rule, that an RSA certificate must be signed by an RSA key and an EC one by an EC key.
    """
    leaf = _only_certificate(certificate)
    _check_size("private key", "key-size", private_key, MAX_PRIVATE_KEY_OCTETS)
    key = _clear_key(private_key)
    _check_leaf(leaf, now)
    _check_key(leaf, key)
    if one_key_family:
        _check_key_family(leaf)
    return Material(leaf, key, _checked_chain(leaf, chain))


def check_reimport(present: x509.Certificate, wanted: x509.Certificate) -> None:
    """Apply the rules for replacing PRESENT with WANTED under its ARN, or raise InvalidMaterial.

    "You can't remove all of the domain names" means: a certificate with a name can't be replaced by one without names.
    """
    old, new = key_algorithm(present.public_key()), key_algorithm(wanted.public_key())
    if old != new:
        raise InvalidMaterial(
            "reimport-key-algorithm",
            f"A re-import can't change the key from {old} to {new}; "
            "use a key of the same type and size, or import it as a new certificate.",
        )
    if domain_names(present) and not domain_names(wanted):
        raise InvalidMaterial(
            "reimport-names",
            f"A re-import can't remove every domain name, and {describe(wanted)} has none; "
            "import it as a new certificate.",
        )
    _check_usages("key usage", "reimport-key-usage", present, wanted, x509.KeyUsage)
    _check_usages("extended key usage", "reimport-extended-key-usage", present, wanted, x509.ExtendedKeyUsage)


def _check_leaf(leaf: x509.Certificate, now: datetime) -> None:
    if leaf.version is not x509.Version.v3:
        raise InvalidMaterial(
            "x509-v3", f"The certificate {describe(leaf)} is X.509 {leaf.version.name}; ACM accepts version 3 only."
        )
    if now < leaf.not_valid_before_utc:
        raise InvalidMaterial(
            "not-yet-valid", f"The certificate {describe(leaf)} is not valid before {iso(leaf.not_valid_before_utc)}."
        )
    if now > leaf.not_valid_after_utc:
        raise InvalidMaterial(
            "expired", f"The certificate {describe(leaf)} expired on {iso(leaf.not_valid_after_utc)}."
        )
    if not list(leaf.issuer):
        raise InvalidMaterial("issuer", f"The certificate {describe(leaf)} does not name its issuer.")
    if not list(leaf.subject) and extension(leaf, x509.SubjectAlternativeName) is None:
        raise InvalidMaterial(
            "names", f"The certificate {describe(leaf)} has no name: it has neither a subject nor a SAN."
        )
    for name in dns_names(leaf):
        if not name.strip() or "\0" in name:
            raise InvalidMaterial(
                "names",
                f"The certificate {describe(leaf)} has a DNS name in its SAN that is empty or contains a NUL character.",
            )
    for url in ocsp_urls(leaf):
        if len(url) > MAX_OCSP_URL_LETTERS:
            raise InvalidMaterial(
                "ocsp-url",
                f"The certificate {describe(leaf)} has an OCSP URL of {len(url)} characters; "
                f"ACM accepts at most {MAX_OCSP_URL_LETTERS}.",
            )


def _check_key(leaf: x509.Certificate, key: Any) -> None:
    try:
        algorithm = key_algorithm(leaf.public_key())
    except (InvalidMaterial, UnsupportedAlgorithm, ValueError) as error:
        raise InvalidMaterial(
            "key-algorithm",
            f"The key of the certificate {describe(leaf)} is neither RSA nor EC; ACM imports {', '.join(KEY_ALGORITHMS)}.",
        ) from error
    if algorithm not in KEY_ALGORITHMS:
        raise InvalidMaterial(
            "key-algorithm",
            f"The key of the certificate {describe(leaf)} is {algorithm}; ACM imports {', '.join(KEY_ALGORITHMS)}.",
        )
    if not key_matches(key, leaf):
        raise InvalidMaterial(
            "key-matches-certificate",
            f"The private key does not belong to the certificate {describe(leaf)}: give the key that it was requested with.",
        )


def _check_key_family(leaf: x509.Certificate) -> None:
    signer = signature_family(leaf)
    own = "RSA" if key_algorithm(leaf.public_key()).startswith("RSA") else "ECDSA"
    if signer != own:
        raise InvalidMaterial(
            "key-family",
            f"The certificate {describe(leaf)} has an {own} key but is signed by "
            f"{'an ' + signer if signer else 'another kind of'} key; both must be of the same family.",
        )


def _checked_chain(leaf: x509.Certificate, chain: bytes | None) -> list[x509.Certificate]:
    if not chain:
        return []
    _check_size("certificate chain", "chain-size", chain, MAX_CHAIN_OCTETS)
    found = _pem_blocks("certificate chain", "chain-pem", chain)
    _check_lines("certificate chain", chain)
    certificates = []
    for number, block in enumerate(found, 1):
        if block.label not in CERTIFICATE_LABELS:
            raise InvalidMaterial(
                "chain-pem", f"The certificate chain contains a block {block.label}; only certificates belong in it."
            )
        certificates.append(parse_certificate(block.der, what=f"certificate {number} of the chain"))
    child = leaf
    for number, parent in enumerate(certificates, 1):
        if parent in certificates[: number - 1]:
            raise InvalidMaterial("chain-repeats", f"The certificate chain contains {describe(parent)} twice.")
        begins_with_leaf = number == 1 and parent == leaf  # as in "fullchain" files, which the service accepts
        if not begins_with_leaf and not issued_by(child, parent):
            raise InvalidMaterial(
                "chain-order",
                f"Certificate {number} of the chain, {describe(parent)}, "
                f"does not certify the one before it, {describe(child)}.",
            )
        child = parent
    return certificates


def _only_certificate(data: bytes) -> x509.Certificate:
    _check_size("certificate", "certificate-size", data, MAX_CERTIFICATE_OCTETS)
    found = _pem_blocks("certificate", "certificate-pem", data)
    if len(found) != 1:
        raise InvalidMaterial(
            "certificate-one",
            f"The certificate must be one PEM block; {len(found)} were given. Put the others in the chain.",
        )
    if found[0].label not in CERTIFICATE_LABELS:
        raise InvalidMaterial("certificate-pem", f"A certificate was expected, but a {found[0].label} was given.")
    _check_lines("certificate", data)
    return parse_certificate(found[0].der)


def _clear_key(data: bytes) -> Any:
    found = _pem_blocks("private key", "key-pem", data)
    if len(found) != 1:
        raise InvalidMaterial("key-one", f"The private key must be one PEM block; {len(found)} were given.")
    if found[0].label not in PRIVATE_KEY_LABELS:
        raise InvalidMaterial("key-pem", f"A private key was expected, but a {found[0].label} was given.")
    if found[0].is_encrypted or found[0].label == "ENCRYPTED PRIVATE KEY":
        raise InvalidMaterial("key-encrypted", "The private key is encrypted; ACM accepts only unencrypted keys.")
    _check_lines("private key", data)
    return parse_private_key(found[0])


def _pem_blocks(what: str, rule: str, data: bytes) -> list[Block]:
    if data[:1] == b"\x30" and b"-----BEGIN" not in data:
        raise InvalidMaterial(rule, f"The {what} is in DER; ACM accepts PEM only.")
    found = blocks(data)
    if not found:
        raise InvalidMaterial(rule, f"The {what} contains no PEM block.")
    return found


def _check_lines(what: str, data: bytes) -> None:
    # The user guide, "Certificate and key format for importing": a space at the end of a line makes it invalid
    is_inside = False
    for number, line in enumerate(data.decode("latin-1").split("\n"), 1):
        text = line[:-1] if line.endswith("\r") else line
        if (is_inside or text.startswith("-----BEGIN ")) and (text != text.strip() or not text):
            raise InvalidMaterial(
                "pem-lines", f"Line {number} of the {what} is empty or has blanks around it; ACM accepts neither."
            )
        is_inside = text.startswith("-----BEGIN ") or (is_inside and not text.startswith("-----END "))


def _check_size(what: str, rule: str, data: bytes, limit: int) -> None:
    if len(data) > limit:
        raise InvalidMaterial(rule, f"The {what} has {len(data)} bytes; ACM accepts at most {limit}.")


def _check_usages(what: str, rule: str, present: x509.Certificate, wanted: x509.Certificate, kind: Any) -> None:
    old, new = extension(present, kind), extension(wanted, kind)
    if old is None and new is not None:
        raise InvalidMaterial(
            rule,
            f"A re-import can't add the {what} extension, which the certificate in ACM does not have; "
            "leave it out, or import it as a new certificate.",
        )
    before, after = _usages(present, kind), _usages(wanted, kind)
    lost = [name for usage, name in before.items() if usage not in after and not _may_go(usage, present)]
    if lost:
        raise InvalidMaterial(
            rule,
            f"A re-import can't remove the {what} {', '.join(lost)}; "
            "keep what the certificate in ACM has, or import it as a new certificate.",
        )


def _usages(certificate: x509.Certificate, kind: Any) -> dict[str, str]:
    """How each usage is shown: ACM's name for a key usage, or the OID of an extended key usage."""
    if kind is x509.KeyUsage:
        return {name: name for name in key_usages(certificate)}
    return {oid: oid if name == "CUSTOM" else name for name, oid in extended_key_usages(certificate)}


def _may_go(usage: str, present: x509.Certificate) -> bool:
    if usage == KEY_ENCIPHERMENT:
        return key_algorithm(present.public_key()).startswith("EC")
    return usage == CLIENT_AUTHENTICATION
