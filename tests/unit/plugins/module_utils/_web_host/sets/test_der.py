# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read from DER without cryptography is what cryptography reads."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.der import (
    Unreadable,
    covers,
    is_sequence,
    pem_certificates,
    read_certificate,
    traditional_key,
)
from ansible_collections.certops.acm.tests.support.pki import Pair, as_version_1
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._web_host.sets.conftest import NOW, Authority

DER = serialization.Encoding.DER


def der_of(pair: Pair) -> bytes:
    return pair.certificate.public_bytes(DER)


def signed(subject: x509.Name, start: datetime, serial: int, ca: Authority) -> x509.Certificate:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(ca.root.certificate.subject)
    builder = builder.public_key(ca.pki.key().public_key()).serial_number(serial)
    builder = builder.not_valid_before(start).not_valid_after(start + timedelta(days=1))
    return builder.sign(ca.root.key, hashes.SHA256())


@pytest.mark.parametrize(
    ("kind", "key_type"), [("P-256", "ecdsa"), ("P-521", "ecdsa"), ("1024", "rsa"), ("4096", "rsa")]
)
def test_the_facts_of_a_certificate(ca: Authority, kind: str, key_type: str) -> None:
    addresses = ("192.0.2.1", "2001:db8::1")
    pair = ca.pki.issue(
        "www.example.com",
        ca.root,
        key=ca.pki.key(kind),
        names=("WWW.example.com", "*.example.com"),
        addresses=addresses,
    )
    facts = read_certificate(der_of(pair))
    wanted, form = pair.certificate, serialization.PublicFormat.SubjectPublicKeyInfo
    assert int(facts.serial.replace(":", ""), 16) == wanted.serial_number
    assert facts.fingerprint == wanted.fingerprint(hashes.SHA256()).hex()
    digest = hashes.Hash(hashes.SHA256())
    digest.update(wanted.public_key().public_bytes(DER, form))
    assert facts.public_key_fingerprint == digest.finalize().hex()
    assert (facts.subject, facts.issuer) == ("CN=www.example.com", "CN=Root")
    assert (facts.subject_der, facts.issuer_der) == (wanted.subject.public_bytes(), wanted.issuer.public_bytes())
    assert (facts.not_before, facts.not_after) == (wanted.not_valid_before_utc, wanted.not_valid_after_utc)
    assert (facts.names, facts.ip_addresses) == (["www.example.com", "*.example.com"], list(addresses))
    assert facts.key_type == key_type


def test_a_certificate_of_version_1_has_no_extensions(ca: Authority) -> None:
    facts = read_certificate(as_version_1(ca.pki.issue("www.example.com")))
    assert (facts.subject, facts.names, facts.is_for_servers) == ("CN=www.example.com", [], True)


@pytest.mark.parametrize(
    ("usages", "is_for_servers"),
    [
        (None, True),
        (("1.3.6.1.5.5.7.3.1",), True),
        (("1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"), True),
        (("2.5.29.37.0",), True),
        (("1.3.6.1.5.5.7.3.2",), False),
    ],
)
def test_whether_a_certificate_is_for_servers(
    ca: Authority, usages: tuple[str, ...] | None, is_for_servers: bool
) -> None:
    pair = ca.pki.issue("www.example.com", ca.root, extended_key_usage=usages)
    assert read_certificate(der_of(pair)).is_for_servers is is_for_servers


@pytest.mark.parametrize("year", [1951, 1999, 2049, 2050, 2999])  # a year of two digits until 2049, of four from 2050
def test_years_of_either_form(ca: Authority, year: int) -> None:
    start = datetime(year, 12, 31, 23, 59, 58, tzinfo=timezone.utc)
    certificate = signed(x509.Name([]), start, 1, ca)
    facts = read_certificate(certificate.public_bytes(DER))
    assert (facts.not_before, facts.not_after) == (start, start + timedelta(days=1))


@pytest.mark.parametrize(
    ("serial", "text"), [(1, "01"), (0x80, "80"), (0xABC, "0a:bc"), (2**159 - 1, "7f" + 19 * ":ff")]
)
def test_serials_as_acm_shows_them(ca: Authority, serial: int, text: str) -> None:
    assert read_certificate(signed(x509.Name([]), NOW, serial, ca).public_bytes(DER)).serial == text


@pytest.mark.parametrize(
    "parts",
    [
        [(NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, "Müller, Söhne + Co."), (NameOID.COMMON_NAME, "a")],
        [(NameOID.ORGANIZATIONAL_UNIT_NAME, 'a "b" <c>; d\\e'), (NameOID.DOMAIN_COMPONENT, "example")],
        [(NameOID.ORGANIZATION_IDENTIFIER, "1")],
        [],
    ],
)
def test_names_as_rfc_4514_writes_them(ca: Authority, parts: list[tuple[x509.ObjectIdentifier, str]]) -> None:
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])
    facts = read_certificate(signed(name, NOW, 1, ca).public_bytes(DER))
    assert facts.subject == name.rfc4514_string()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda der: b"", "not DER"),
        (lambda der: der[:-1], "it ends too early"),
        (lambda der: der + b"\0", "not DER"),
        (lambda der: b"\x31" + der[1:], "not DER"),
        (lambda der: der[:1] + b"\x85" + der[2:], "not DER"),
        (lambda der: der[:4] + b"\x30\x00" + der[6:], "not DER"),
        (lambda der: der.replace(b"\x17\x0d", b"\x16\x0d"), "its dates are not in a format that RFC 5280 allows"),
        (lambda der: der.replace(b"\x17\x0d2", b"\x17\x0dx"), "not DER"),
    ],
)
def test_data_that_is_not_a_certificate(ca: Authority, spoil: t.Callable[[bytes], bytes], words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read_certificate(spoil(der_of(ca.root)))


@pytest.mark.parametrize("label", ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"])
def test_certificates_among_other_text(ca: Authority, label: str) -> None:
    one, other = ca.root, ca.intermediate
    text = f"Issuer: someone\n{one.pem}\r\n{one.key_pem}between\n{other.pem}".replace("CERTIFICATE", label)
    assert pem_certificates(text.encode()) == [der_of(one), der_of(other)]
    assert pem_certificates(one.key_pem.encode()) == []


def test_damaged_base64(ca: Authority) -> None:
    with pytest.raises(Unreadable, match="its base64 is damaged"):
        pem_certificates(ca.root.pem.replace("MII", "MI").encode())


@pytest.mark.parametrize(
    ("pattern", "name", "holds"),
    [
        ("*.example.com", "www.example.com", True),
        ("*.example.com", "WWW.Example.COM.", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", ".example.com", False),
        ("*.example.com", "a.www.example.com", False),
        ("*.example.com", "*.example.com", True),
        ("www.example.com", "*.example.com", False),
        ("192.0.2.1", "192.0.2.1", True),
    ],
)
def test_a_wildcard_covers_one_level(pattern: str, name: str, holds: bool) -> None:
    assert covers(pattern, name) is holds


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "1024", "2048"])
def test_a_key_in_the_traditional_form(ca: Authority, kind: str) -> None:
    key, clear = ca.pki.key(kind), serialization.NoEncryption()
    label, der = traditional_key(key.private_bytes(DER, serialization.PrivateFormat.PKCS8, clear))
    assert label == ("EC" if kind.startswith("P") else "RSA")
    assert der == key.private_bytes(DER, serialization.PrivateFormat.TraditionalOpenSSL, clear)


@pytest.mark.parametrize("data", [b"", b"\x30\x03\x02\x01\x00", b"\x30\x05\x02\x01\x00", b"\xff" * 9])
def test_data_that_is_not_pkcs8(data: bytes) -> None:
    with pytest.raises(Unreadable):
        traditional_key(data)


@pytest.mark.parametrize(
    ("data", "holds"),
    [
        (b"\x30\x00", True),
        (b"\x30\x03abc", True),
        (b"\x30\x81\x03abc", True),
        (b"\x30\x80abc\0\0", True),  # of indefinite length, as in BER
        (b"\x30\x03abcd", False),
        (b"\x30\x03ab", False),
        (b"\x31\x03abc", False),
        (b"\x30", False),
        (b"", False),
    ],
)
def test_exactly_one_sequence(data: bytes, holds: bool) -> None:
    assert is_sequence(data) is holds
