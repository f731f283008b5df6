# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""X.509: certification authorities, leaves and revocation lists (RFC 5280). Builds and signs; stores nothing."""

from __future__ import annotations

import ipaddress
import os
import typing as t
from datetime import datetime, timedelta

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
except ImportError:
    pass  # client.py reports it

from ..lifecycle.state import Leaf
from ..._x509 import certificate as reading
from ..._x509.certificate import EXTENDED_KEY_USAGES

RSA_BITS = {"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
CLOCK_SKEW = timedelta(hours=1)  # certificates are valid from this long before issuance, for clocks that are behind
DOMAIN_VALIDATED = "2.23.140.1.2.1"  # CA/B baseline 7.1.2.7.9: the policy of a public leaf and its intermediate
COUNTRY = "XX"  # CA/B baseline 7.1.2.10.2 requires a country; this one is nobody's (ISO 3166: user-assigned)

# RFC 5280 §5.3.1; ACM's REMOVE_FROM_CRL has no meaning in a full list.
REVOCATION_REASONS = {
    "KEY_COMPROMISE": "key_compromise",
    "CA_COMPROMISE": "ca_compromise",
    "AFFILIATION_CHANGED": "affiliation_changed",
    "SUPERCEDED": "superseded",
    "SUPERSEDED": "superseded",
    "CESSATION_OF_OPERATION": "cessation_of_operation",
    "CERTIFICATE_HOLD": "certificate_hold",
    "PRIVILEGE_WITHDRAWN": "privilege_withdrawn",
    "A_A_COMPROMISE": "aa_compromise",
}
# CA/B baseline 7.2.2: the list of a public CA leaves out all other reasons.
PUBLIC_REASONS = frozenset(
    {"key_compromise", "affiliation_changed", "superseded", "cessation_of_operation", "privilege_withdrawn"}
)

SERVER_AUTH, CLIENT_AUTH = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
BOTH_USAGES = (SERVER_AUTH, CLIENT_AUTH)


class Signer(t.NamedTuple):
    """A CA that signs: its id (the name of its published files), its certificate and decrypted key; its name as ACM
    shows it; and the parts that its leaves have in common (_template), by what those depend on."""

    id: str
    certificate: t.Any
    key: t.Any
    name: str
    common_name: t.Optional[str]
    organization: t.Optional[str]
    templates: dict[tuple[t.Any, ...], t.Any]

    @classmethod
    def of(cls, identifier: str, pem: str, key: t.Any) -> Signer:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        name = certificate.subject
        return cls(
            identifier, certificate, key, reading.distinguished_name(name), _common_name(name), _organization(name), {}
        )


def generate_key(algorithm: str) -> t.Any:
    """A new key pair. For RSA the library releases the interpreter lock, so two threads can generate keys in
    parallel."""
    if algorithm in RSA_BITS:
        return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS[algorithm])
    curves: dict[str, t.Any] = {
        "EC_prime256v1": ec.SECP256R1,
        "EC_secp384r1": ec.SECP384R1,
        "EC_secp521r1": ec.SECP521R1,
    }
    return ec.generate_private_key(curves[algorithm]())


def certificate_der(certificate_or_crl: t.Any) -> bytes:
    return certificate_or_crl.public_bytes(serialization.Encoding.DER)


def key_der(key: t.Any) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def key_of_der(der: bytes) -> t.Any:
    """A key from the vault. The seal has already proved it intact, so the check of an RSA key (29 ms) is skipped."""
    return serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)


def new_serial() -> int:
    """A positive serial of 127 random bits (CA/B baseline 7.1: at least 64)."""
    return int.from_bytes(os.urandom(16), "big") >> 1 | 1 << 120


def make_ca(
    *,
    common_name: str,
    organization: str,
    algorithm: str,
    now: datetime,
    validity: timedelta,
    parent: t.Optional[Signer] = None,
    publication_url: str = "",
    ocsp_url: str = "",
    permitted_domains: t.Sequence[str] = (),
) -> tuple[t.Any, t.Any]:
    """(certificate, key) of a CA: self-signed, or an intermediate of `parent` that signs leaves only.

    permitted_domains: name constraints; empty to permit any name.
    """
    key = generate_key(algorithm)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    public_key = key.public_key()
    if parent:
        issuer_name, above = parent.certificate.subject, _authority_key_identifier(parent.certificate)
    else:
        issuer_name, above = name, x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key)
    extensions = [
        (above, False),
        (x509.BasicConstraints(ca=True, path_length=0 if parent else None), True),
        (_key_usage(key_cert_sign=True, crl_sign=True, digital_signature=True), True),
    ]
    if parent:
        extensions += [(_extended_key_usage(BOTH_USAGES), False), (_policy(DOMAIN_VALIDATED), False)]
        extensions += _pointers(parent.id, publication_url, ocsp_url)
    if permitted_domains:
        permitted = [x509.DNSName(domain) for domain in permitted_domains]
        extensions.append((x509.NameConstraints(permitted, None), True))
    builder = _extended(x509.CertificateBuilder().issuer_name(issuer_name), extensions)
    builder = _personal(builder, name, public_key, now, now + validity)
    return _sign(builder, parent.key if parent else key), key


def issue_leaf(
    *,
    names: t.Sequence[str],
    public_key: t.Any,
    ca: Signer,
    now: datetime,
    validity: timedelta,
    publication_url: str,
    ocsp_url: str = "",
    policy: t.Optional[str] = None,
    usages: tuple[str, ...] = BOTH_USAGES,
) -> t.Any:
    """A leaf with the extensions of acm-rules §2. The first name is the common name; usages: the extended ones, as
    OIDs. issued_facts says what ACM shows of it."""
    wanted = (_is_rsa(public_key), publication_url, ocsp_url, policy, usages)
    if wanted not in ca.templates:
        ca.templates[wanted] = _template(ca, *wanted)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    builder = _personal(ca.templates[wanted], subject, public_key, now, now + validity)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    return _sign(builder.add_extension(alternatives, critical=False), ca.key)


def issue_server_certificate(
    *, names: t.Sequence[str], public_key: t.Any, ca: Signer, now: datetime, validity: timedelta
) -> t.Any:
    """The leaf of the authority's own server: names and IP addresses, for server authentication only."""
    alternatives = [_general_name(name) for name in names]
    extensions = [
        (_authority_key_identifier(ca.certificate), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([x509.ObjectIdentifier(SERVER_AUTH)]), False),
        (x509.SubjectAlternativeName(alternatives), False),
    ]
    builder = _extended(x509.CertificateBuilder().issuer_name(ca.certificate.subject), extensions)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    return _sign(_personal(builder, subject, public_key, now, now + validity), ca.key)


def pem_of(certificate: t.Any) -> str:
    return bytes(certificate.public_bytes(serialization.Encoding.PEM)).decode()


def key_pem(key: t.Any) -> str:
    form = serialization.PrivateFormat.PKCS8
    return bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())).decode()


def make_crl(
    ca: Signer,
    revoked: t.Iterable[tuple[str, datetime, str]],
    number: int,
    now: datetime,
    validity: timedelta,
    is_public: bool = False,
) -> t.Any:
    """A full CRL; `revoked` has (serial as ACM shows it, revoked at, ACM's reason). is_public: give only the reasons
    that the CA/B baseline allows."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.certificate.subject)
        .last_update(now)
        .next_update(now + validity)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_authority_key_identifier(ca.certificate), critical=False)
    )
    for serial, revoked_at, reason in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial_number(serial)).revocation_date(revoked_at)
        told = REVOCATION_REASONS.get(reason)  # leaving out the reason means "unspecified" (RFC 5280 §5.3.1)
        if told and (told in PUBLIC_REASONS or not is_public):
            entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags[told]), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(ca.key, _digest(ca.key))


def serial_number(serial: str) -> int:
    return int(serial.replace(":", ""), 16)


def issued_facts(
    leaf: t.Any, *, names: t.Sequence[str], public_key: t.Any, ca: Signer, usages: tuple[str, ...] = BOTH_USAGES
) -> Leaf:
    """leaf_facts of a leaf from issue_leaf, taken from its inputs: parsing the leaf would take as long as signing
    it."""
    return Leaf(
        serial=reading.serial(leaf),
        subject=f"CN={names[0]}",
        common_name=names[0],
        issuer=ca.name,
        issuer_common_name=ca.common_name,
        issuer_organization=ca.organization,
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        signature_algorithm=reading.signature_algorithm(leaf),
        key_usages=("DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT") if _is_rsa(public_key) else ("DIGITAL_SIGNATURE",),
        extended_key_usages=tuple((EXTENDED_KEY_USAGES[oid], oid) for oid in usages),
    )


def signature_algorithm(ca_key_algorithm: str) -> str:
    """What leaf_facts will return for a leaf signed by a CA with such a key."""
    if ca_key_algorithm.startswith("RSA"):
        return "SHA256WITHRSA"
    return "SHA256WITHECDSA" if ca_key_algorithm == "EC_prime256v1" else "SHA384WITHECDSA"


def leaf_facts(certificate: t.Any) -> Leaf:
    """What ACM shows of a certificate."""
    return Leaf(
        serial=reading.serial(certificate),
        subject=reading.distinguished_name(certificate.subject),
        common_name=reading.common_name(certificate),
        issuer=reading.distinguished_name(certificate.issuer),
        issuer_common_name=_common_name(certificate.issuer),
        issuer_organization=_organization(certificate.issuer),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        signature_algorithm=reading.signature_algorithm(certificate),
        key_usages=tuple(reading.key_usages(certificate)),
        extended_key_usages=tuple(reading.extended_key_usages(certificate)),
        ip_addresses=tuple(reading.ip_addresses(certificate)),
    )


# ---------------------------------------------------------------- inside


def _common_name(name: t.Any) -> t.Optional[str]:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else None


def _organization(name: t.Any) -> t.Optional[str]:
    found = name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value) if found else None


def _is_rsa(public_key: t.Any) -> bool:
    return isinstance(public_key, rsa.RSAPublicKey)


def _general_name(name: str) -> t.Any:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _extended(builder: t.Any, extensions: t.Iterable[tuple[t.Any, bool]]) -> t.Any:
    """Add these extensions, each with whether it is critical."""
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, critical=is_critical)
    return builder


def _personal(builder: t.Any, subject: t.Any, public_key: t.Any, start: datetime, end: datetime) -> t.Any:
    """Add what is unique to each certificate. It is valid from a little before `start`; both ends count, so that "90
    days" are 90 days (RFC 5280 §4.1.2.5). For a lifetime of minutes, the usual hour before would be too much."""
    skew = min(CLOCK_SKEW, (end - start) / 24)
    return (
        builder.subject_name(subject)
        .public_key(public_key)
        .serial_number(new_serial())
        .not_valid_before(start - skew)
        .not_valid_after(end - skew - timedelta(seconds=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _template(
    ca: Signer, is_rsa: bool, publication_url: str, ocsp_url: str, policy: t.Optional[str], usages: tuple[str, ...]
) -> t.Any:
    """The encoded parts that all leaves of a CA share: encoding them for each leaf is a quarter of the cost of a
    leaf."""
    extensions = [
        (_authority_key_identifier(ca.certificate), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(digital_signature=True, key_encipherment=is_rsa), True),
        (_extended_key_usage(usages), False),
        *_pointers(ca.id, publication_url, ocsp_url),
    ]
    if policy:
        extensions.append((_policy(policy), False))
    encoded = [(x509.UnrecognizedExtension(each.oid, each.public_bytes()), critical) for each, critical in extensions]
    return _extended(x509.CertificateBuilder().issuer_name(ca.certificate.subject), encoded)


def _authority_key_identifier(certificate: t.Any) -> t.Any:
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _pointers(ca_id: str, publication_url: str, ocsp_url: str) -> list[tuple[t.Any, bool]]:
    """The URLs of the CA's revocation list and certificate, and of its OCSP responder."""
    crl, certificate = (
        x509.UniformResourceIdentifier(f"{publication_url.rstrip('/')}/{ca_id}.{ending}") for ending in ("crl", "crt")
    )
    access = [x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, certificate)]
    if ocsp_url:
        responder = x509.UniformResourceIdentifier(ocsp_url)
        access.insert(0, x509.AccessDescription(AuthorityInformationAccessOID.OCSP, responder))
    return [
        (x509.CRLDistributionPoints([x509.DistributionPoint([crl], None, None, None)]), False),
        (x509.AuthorityInformationAccess(access), False),
    ]


def _policy(oid: str) -> t.Any:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None)])


def _extended_key_usage(usages: tuple[str, ...]) -> t.Any:
    return x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in usages])


def _key_usage(**wanted: bool) -> t.Any:
    every = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
        "encipher_only decipher_only"
    ).split()
    return x509.KeyUsage(**{name: wanted.get(name, False) for name in every})


def _sign(builder: t.Any, key: t.Any) -> t.Any:
    return builder.sign(key, _digest(key))


def _digest(key: t.Any) -> t.Any:
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size >= 384:
        return hashes.SHA384()
    return hashes.SHA256()
