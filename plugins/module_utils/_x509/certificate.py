# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of a certificate: names, serial, usages, algorithms, issuer, spelled as ACM spells them.

Pure functions over cryptography's objects. Other rooms import them through pem.py.
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import Any

from .._rules.errors import InvalidMaterial

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    HAS_CRYPTOGRAPHY = True
    CRYPTOGRAPHY_IMPORT_ERROR: Exception | None = None
except ImportError as error:
    HAS_CRYPTOGRAPHY = False
    CRYPTOGRAPHY_IMPORT_ERROR = error

# The enumeration KeyUsageName of ACM by cryptography's attribute
_KEY_USAGES = (
    ("digital_signature", "DIGITAL_SIGNATURE"),
    ("content_commitment", "NON_REPUDIATION"),
    ("key_encipherment", "KEY_ENCIPHERMENT"),
    ("data_encipherment", "DATA_ENCIPHERMENT"),
    ("key_agreement", "KEY_AGREEMENT"),
    ("key_cert_sign", "CERTIFICATE_SIGNING"),
    ("crl_sign", "CRL_SIGNING"),
)
# The enumeration ExtendedKeyUsageName of ACM by OID
EXTENDED_KEY_USAGES = {
    "1.3.6.1.5.5.7.3.1": "TLS_WEB_SERVER_AUTHENTICATION",
    "1.3.6.1.5.5.7.3.2": "TLS_WEB_CLIENT_AUTHENTICATION",
    "1.3.6.1.5.5.7.3.3": "CODE_SIGNING",
    "1.3.6.1.5.5.7.3.4": "EMAIL_PROTECTION",
    "1.3.6.1.5.5.7.3.5": "IPSEC_END_SYSTEM",
    "1.3.6.1.5.5.7.3.6": "IPSEC_TUNNEL",
    "1.3.6.1.5.5.7.3.7": "IPSEC_USER",
    "1.3.6.1.5.5.7.3.8": "TIME_STAMPING",
    "1.3.6.1.5.5.7.3.9": "OCSP_SIGNING",
    "2.5.29.37.0": "ANY",
}
_SIGNATURE_FAMILIES = {"1.2.840.113549.1.1": "RSA", "1.2.840.10045.4": "ECDSA"}
_SHORT_NAMES = {"2.5.4.5": "SERIALNUMBER", "1.2.840.113549.1.9.1": "EMAILADDRESS"}


def key_algorithm(public_key: Any) -> str:
    """Return the algorithm as ACM's requests spell it (RSA_2048, EC_prime256v1); RSA_512 and the like are named too.

    Raises InvalidMaterial for a kind that ACM does not know at all (DSA, Ed25519 …).
    """
    if isinstance(public_key, (rsa.RSAPublicKey, rsa.RSAPrivateKey)):
        return f"RSA_{public_key.key_size}"
    if isinstance(public_key, (ec.EllipticCurvePublicKey, ec.EllipticCurvePrivateKey)):
        curve = public_key.curve.name
        return f"EC_{'prime256v1' if curve == 'secp256r1' else curve}"
    kind = type(public_key).__name__.replace("PublicKey", "").replace("PrivateKey", "").strip("_") or "unknown"
    raise InvalidMaterial("key-algorithm", f"The key is {kind}; ACM accepts RSA and EC keys only.")


def key_matches(private_key: Any, certificate: x509.Certificate) -> bool:
    """Whether the certificate's public key belongs to the private key."""
    return _public_der(private_key.public_key()) == _public_der(certificate.public_key())


def dns_names(certificate: x509.Certificate) -> list[str]:
    """Return the DNS names of the subject alternative name extension, in their order and spelling."""
    names = extension(certificate, x509.SubjectAlternativeName)
    return [] if names is None else list(names.get_values_for_type(x509.DNSName))


def ip_addresses(certificate: x509.Certificate) -> list[str]:
    """Return the IP addresses of the subject alternative name extension as text."""
    names = extension(certificate, x509.SubjectAlternativeName)
    return [] if names is None else [str(address) for address in names.get_values_for_type(x509.IPAddress)]


def common_name(certificate: x509.Certificate) -> str | None:
    """Return the subject's (last, most specific) common name, or None."""
    found = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[-1].value) if found else None


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 fingerprint in lower-case hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def public_key_fingerprint(public_key: Any) -> str:
    """Return the SHA-256 of the key's SubjectPublicKeyInfo in lower-case hex, the value that key pinning uses."""
    return hashlib.sha256(_public_der(public_key)).hexdigest()


def serial(certificate: x509.Certificate) -> str:
    """Return the serial number as ACM shows it: 0a:1b:…, lower-case."""
    return serial_text(certificate.serial_number)


def serial_text(number: int) -> str:
    """Negative ones, which RFC 5280 forbids, as they are encoded."""
    bits = number.bit_length() if number >= 0 else (number + 1).bit_length() + 1
    return number.to_bytes(max(1, (bits + 7) // 8), "big", signed=number < 0).hex(":")


def key_usages(certificate: x509.Certificate) -> list[str]:
    """Return the key usages by ACM's names; empty when the extension is absent."""
    usage = extension(certificate, x509.KeyUsage)
    if usage is None:
        return []
    found = [name for attribute, name in _KEY_USAGES if getattr(usage, attribute)]
    if usage.key_agreement:
        found += ["ENCIPHER_ONLY"] * usage.encipher_only + ["DECIPHER_ONLY"] * usage.decipher_only
    return found


def extended_key_usages(certificate: x509.Certificate) -> list[tuple[str, str]]:
    """Return the extended key usages as (ACM's name, OID); empty when the extension is absent."""
    usage = extension(certificate, x509.ExtendedKeyUsage)
    if usage is None:
        return []
    return [(EXTENDED_KEY_USAGES.get(oid.dotted_string, "CUSTOM"), oid.dotted_string) for oid in usage]


def signature_algorithm(certificate: x509.Certificate) -> str:
    """Return the signature algorithm as ACM shows it: SHA256WITHRSA, SHA384WITHECDSA."""
    family = signature_family(certificate)
    try:
        digest = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        digest = None
    if family is None or digest is None:
        return certificate.signature_algorithm_oid.dotted_string
    return f"{digest.name.upper().replace('-', '')}WITH{family}"


def signature_family(certificate: x509.Certificate) -> str | None:
    """Return the family of the key that signed the certificate, RSA or ECDSA, or None for any other."""
    oid = certificate.signature_algorithm_oid.dotted_string
    return next((family for prefix, family in _SIGNATURE_FAMILIES.items() if oid.startswith(prefix + ".")), None)


def distinguished_name(name: x509.Name) -> str:
    """Return a subject or issuer as ACM shows it: C=US,O=Example,CN=www.example.com, in the certificate's own order."""
    short = {x509.ObjectIdentifier(oid): word for oid, word in _SHORT_NAMES.items()}
    return _in_one_line(",".join(rdn.rfc4514_string(short) for rdn in name.rdns))


def issuer_name(certificate: x509.Certificate) -> str:
    """Return the issuer as ACM shows it: its organization, else its common name, else its whole name."""
    for oid in (x509.NameOID.ORGANIZATION_NAME, x509.NameOID.COMMON_NAME):
        found = certificate.issuer.get_attributes_for_oid(oid)
        if found:
            return _in_one_line(str(found[0].value))
    return distinguished_name(certificate.issuer)


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether the certificate is signed with its own key."""
    return certificate.subject == certificate.issuer and issued_by(certificate, certificate)


def issued_by(child: x509.Certificate, parent: x509.Certificate) -> bool:
    """Whether PARENT directly certifies CHILD: the names agree and the signature is good."""
    try:
        child.verify_directly_issued_by(parent)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def domain_names(certificate: x509.Certificate) -> list[str]:
    """Return the names that ACM shows: the DNS names of the SAN as they are spelled; without any, the common name.

    ACM does not ask whether a name is a domain name (CN=server is shown), but never shows an IP address as one.
    """
    found = dns_names(certificate)
    name = common_name(certificate)
    if not found and name and name.strip() and name.isprintable() and not is_ip_address(name):
        found = [name]
    return found


def ocsp_urls(certificate: x509.Certificate) -> list[str]:
    """Return the addresses of the OCSP responders that the certificate names."""
    access = extension(certificate, x509.AuthorityInformationAccess)
    return [
        entry.access_location.value
        for entry in access or ()
        if entry.access_method == x509.AuthorityInformationAccessOID.OCSP
        and isinstance(entry.access_location, x509.UniformResourceIdentifier)
    ]


def describe(certificate: x509.Certificate) -> str:
    """Return a few words that identify the certificate for people."""
    names = distinguished_name(certificate.subject) or ", ".join(dns_names(certificate)[:3]) or "without a subject"
    return f"{_in_one_line(names)} (serial {serial(certificate)})"


def _in_one_line(text: str) -> str:
    """TEXT with unprintable characters escaped as in RFC 4514, so that the author of a certificate cannot write log
    lines."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else "".join(f"\\{octet:02X}" for octet in letter.encode("utf-8", "replace"))
        for letter in text
    )


def _public_der(key: Any) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def extension(certificate: x509.Certificate, kind: Any) -> Any:
    """Return the value of the extension of this class, or None."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def is_ip_address(text: str | None) -> bool:
    """Whether TEXT is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text or "")
    except ValueError:
        return False
    return True
