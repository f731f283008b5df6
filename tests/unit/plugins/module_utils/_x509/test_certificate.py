# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.key_algorithms import KEY_ALGORITHMS
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.plugins.module_utils._x509.certificate import serial_text
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.tests.support.broken_material import rule_of
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519

SERVER_AUTH, CLIENT_AUTH = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("1024", "RSA_1024"),
        ("2048", "RSA_2048"),
        ("3072", "RSA_3072"),
        ("P-256", "EC_prime256v1"),
        ("P-384", "EC_secp384r1"),
        ("P-521", "EC_secp521r1"),
    ],
)
def test_key_algorithms_by_acms_names(pki: Any, kind: str, name: str) -> None:
    assert pem.key_algorithm(pki.key(kind).public_key()) == name == pem.key_algorithm(pki.key(kind))
    assert name in KEY_ALGORITHMS


def test_kinds_of_keys_that_acm_does_not_import(pki: Any) -> None:
    assert pem.key_algorithm(pki.key("secp256k1").public_key()) not in KEY_ALGORITHMS
    with pytest.raises(InvalidMaterial, match="Ed25519") as caught:
        pem.key_algorithm(ed25519.Ed25519PrivateKey.generate().public_key())
    assert rule_of(caught) == "key-algorithm"


def test_what_a_certificate_says(pki: Any) -> None:
    pair = pki.issue(
        "www.example.com",
        names=("www.example.com", "*.example.com"),
        addresses=("192.0.2.1", "2001:db8::1"),
        key_usage=("digital_signature", "content_commitment", "key_agreement", "encipher_only"),
        extended_key_usage=(SERVER_AUTH, CLIENT_AUTH, "2.5.29.37.0", "1.2.3.4"),
    )
    certificate = pair.certificate
    assert pem.dns_names(certificate) == ["www.example.com", "*.example.com"]
    assert pem.ip_addresses(certificate) == ["192.0.2.1", "2001:db8::1"]
    assert pem.common_name(certificate) == "www.example.com"
    assert pem.distinguished_name(certificate.subject) == "CN=www.example.com"
    assert pem.fingerprint(certificate) == certificate.fingerprint(hashes.SHA256()).hex()
    assert int(pem.serial(certificate).replace(":", ""), 16) == certificate.serial_number
    assert pem.key_usages(certificate) == ["DIGITAL_SIGNATURE", "NON_REPUDIATION", "KEY_AGREEMENT", "ENCIPHER_ONLY"]
    assert pem.extended_key_usages(certificate) == [
        ("TLS_WEB_SERVER_AUTHENTICATION", SERVER_AUTH),
        ("TLS_WEB_CLIENT_AUTHENTICATION", CLIENT_AUTH),
        ("ANY", "2.5.29.37.0"),
        ("CUSTOM", "1.2.3.4"),
    ]
    assert pem.signature_algorithm(certificate) == "SHA256WITHECDSA"
    assert pem.signature_algorithm(pki.leaf(kind="2048").certificate) == "SHA256WITHRSA"


def test_a_certificate_may_say_little(pki: Any) -> None:
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Example, Inc.")])
    bare = pki.issue(None, key_usage=None, extended_key_usage=None, issuer_name=issuer).certificate
    assert pem.dns_names(bare) == pem.ip_addresses(bare) == pem.key_usages(bare) == pem.extended_key_usages(bare) == []
    assert pem.common_name(bare) is None
    assert pem.distinguished_name(bare.subject) == ""
    assert pem.distinguished_name(bare.issuer) == "O=Example\\, Inc."


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "00"), (1, "01"), (0x80, "80"), (0xABC, "0a:bc"), (2**159 - 1, "7f" + 19 * ":ff"),
        (-1, "ff"), (-128, "80"), (-129, "ff:7f"), (-200, "ff:38"),
    ],
)  # fmt: skip
def test_serials_as_acm_shows_them(number: int, text: str) -> None:
    assert serial_text(number) == text
