# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of an import and a re-import, each by name (ACM.md §5).

Pure functions. Others import them through pem.py.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from .._rules.errors import InvalidMaterial
from .certificate import (
    KEY_ALGORITHMS,
    common_name,
    describe,
    domain_names,
    extended_key_usages,
    extension,
    ip_addresses,
    is_ip_address,
    issued_by,
    key_algorithm,
    key_matches,
    key_usages,
    signature_family,
    utc_text,
)
from .pem_reading import (
    CERTIFICATE_LABELS,
    PRIVATE_KEY_LABELS,
    Block,
    blocks,
    parse_certificate,
    parse_private_key,
)

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
except ImportError:
    pass  # certificate_facts keeps the reason

# Octets that ImportCertificate accepts: the key by ACM.md §5, the others by botocore's model of acm
MAX_CERTIFICATE_OCTETS = 32_768
MAX_PRIVATE_KEY_OCTETS = 5_120
MAX_CHAIN_OCTETS = 2_097_152


class Material(NamedTuple):
    """What an import consists of; chain is empty where none was given."""

    certificate: x509.Certificate
    private_key: Any
    chain: list[x509.Certificate]


def check_import(certificate: bytes, private_key: bytes, chain: bytes | None, now: datetime) -> Material:
    """Apply every rule of ACM.md §5 to the three parts of an ImportCertificate call.

    NOW is aware. Returns the loaded parts, or raises InvalidMaterial whose rule names the rule that is broken.
    """
    leaf = _only_certificate(certificate)
    _check_size("private key", "key-size", private_key, MAX_PRIVATE_KEY_OCTETS)
    key = _clear_key(private_key)
    _check_leaf(leaf, now)
    _check_key(leaf, key)
    return Material(leaf, key, _checked_chain(leaf, chain))


def check_reimport(present: x509.Certificate, wanted: x509.Certificate) -> None:
    """Apply the rules of ACM.md §5 for putting WANTED in the place of PRESENT under its ARN, or raise InvalidMaterial.

    "Not all names may be removed" is read so: a certificate with a domain name can't become one without any.
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
            f"A re-import can't take away every domain name, but {describe(wanted)} has none; "
            "import it as a new certificate.",
        )
    _check_usages("key usage", "reimport-key-usage", present, wanted, x509.KeyUsage)
    _check_usages("extended key usage", "reimport-extended-key-usage", present, wanted, x509.ExtendedKeyUsage)


def _check_leaf(leaf: x509.Certificate, now: datetime) -> None:
    who = describe(leaf)
    if leaf.version is not x509.Version.v3:
        raise InvalidMaterial(
            "x509-v3", f"The certificate {who} is X.509 {leaf.version.name}; ACM accepts version 3 only."
        )
    if now < leaf.not_valid_before_utc:
        raise InvalidMaterial(
            "not-yet-valid", f"The certificate {who} is not valid before {utc_text(leaf.not_valid_before_utc)}."
        )
    if now > leaf.not_valid_after_utc:
        raise InvalidMaterial("expired", f"The certificate {who} expired on {utc_text(leaf.not_valid_after_utc)}.")
    if not list(leaf.issuer):
        raise InvalidMaterial("issuer", f"The certificate {who} does not name its issuer.")
    if not domain_names(leaf) and not ip_addresses(leaf) and not is_ip_address(common_name(leaf)):
        raise InvalidMaterial("names", f"The certificate {who} has no domain name and no IP address.")


def _check_key(leaf: x509.Certificate, key: Any) -> None:
    who = describe(leaf)
    try:
        algorithm = key_algorithm(leaf.public_key())
    except (InvalidMaterial, UnsupportedAlgorithm, ValueError) as error:
        raise InvalidMaterial(
            "key-algorithm",
            f"The certificate {who} has a key of a kind that ACM does not import: it imports RSA and EC keys only.",
        ) from error
    if algorithm not in KEY_ALGORITHMS:
        raise InvalidMaterial(
            "key-algorithm", f"The certificate {who} has a key {algorithm}; ACM imports {', '.join(KEY_ALGORITHMS)}."
        )
    if not key_matches(key, leaf):
        raise InvalidMaterial("key-matches-certificate", f"The private key does not belong to the certificate {who}.")
    signer = signature_family(leaf)
    own = "RSA" if algorithm.startswith("RSA") else "ECDSA"
    if signer != own:
        raise InvalidMaterial(
            "key-family",
            f"The certificate {who} has an {own} key but is signed by {signer or 'another kind of'} key; "
            "ACM wants both of one family.",
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
                "chain-pem", f"The certificate chain holds a block {block.label}; only certificates belong in it."
            )
        certificates.append(parse_certificate(block.der, what=f"certificate {number} of the chain"))
    if leaf in certificates:
        raise InvalidMaterial(
            "chain-without-leaf", f"The certificate chain holds the certificate {describe(leaf)} itself; leave it out."
        )
    child = leaf
    for number, parent in enumerate(certificates, 1):
        if parent in certificates[: number - 1]:
            raise InvalidMaterial("chain-repeats", f"The certificate chain holds {describe(parent)} twice.")
        if not issued_by(child, parent):
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
        raise InvalidMaterial("key-encrypted", "The private key is encrypted; ACM accepts it in clear only.")
    _check_lines("private key", data)
    return parse_private_key(found[0])


def _pem_blocks(what: str, rule: str, data: bytes) -> list[Block]:
    if data[:1] == b"\x30" and b"-----BEGIN" not in data:
        raise InvalidMaterial(rule, f"The {what} is in DER; ACM accepts PEM only.")
    found = blocks(data)
    if not found:
        raise InvalidMaterial(rule, f"The {what} holds no PEM block.")
    return found


def _check_lines(what: str, data: bytes) -> None:
    # The user guide, "Certificate and key format for importing": a blank at the end of a line makes it invalid
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
            f"A re-import can't add the {what} extension, which the certificate in ACM lacks; "
            "leave it out, or import it as a new certificate.",
        )
    usages = extended_key_usages if kind is x509.ExtendedKeyUsage else key_usages
    lost = [_usage_name(usage) for usage in usages(present) if usage not in usages(wanted)]
    if lost:
        raise InvalidMaterial(
            rule,
            f"A re-import can't take away the {what} {', '.join(lost)}; "
            "keep what the certificate in ACM has, or import it as a new certificate.",
        )


def _usage_name(usage: str | tuple[str, str]) -> str:
    if isinstance(usage, str):
        return usage
    name, oid = usage
    return oid if name == "CUSTOM" else name
