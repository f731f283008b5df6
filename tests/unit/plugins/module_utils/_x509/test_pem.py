# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.key_algorithms import KEY_ALGORITHMS
from ansible_collections.certops.acm.plugins.module_utils._x509.key_encryption import sealed
from ansible_collections.certops.acm.plugins.module_utils._x509 import import_rules, pem
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

SERVER_AUTH, CLIENT_AUTH = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"


def rule_of(caught: Any) -> str:
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message and "PRIVATE KEY-----" not in message
    return str(caught.value.rule)


# ---------------------------------------------------------------- PEM in and out


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "2048"])
def test_keys_go_out_and_come_back(pki: Any, kind: str) -> None:
    key = pki.key(kind)
    clear = pem.private_key_pem(key)
    assert clear.startswith("-----BEGIN PRIVATE KEY-----\n") and clear.endswith("-----END PRIVATE KEY-----\n")
    encrypted = pem.encrypted_private_key_pem(key, b"correct horse")
    assert encrypted.startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    for trusted in (False, True):
        for text, passphrase in ((clear, None), (clear, b"not needed"), (encrypted, b"correct horse")):
            assert pem.private_key_pem(pem.load_private_key(text, passphrase, trusted=trusted)) == clear


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_every_form_of_an_encrypted_key_is_read(pki: Any, form: str) -> None:
    text = pki.leaf().key_pem_in(form, b"correct horse")
    assert pem.key_matches(pem.load_private_key(text, b"correct horse"), pki.leaf().certificate)
    for passphrase, rule in ((None, "key-encrypted"), (b"", "key-encrypted"), (b"wrong horse", "key-passphrase")):
        with pytest.raises(InvalidMaterial) as caught:
            pem.load_private_key(text, passphrase)
        assert rule_of(caught) == rule
        assert "horse" not in str(caught.value)


def test_the_key_is_encrypted_as_acm_does(pki: Any, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(pem.encrypted_private_key_pem(pki.key(), b"abcd"))
    command = ["openssl", "asn1parse", "-in", str(tmp_path / "key.pem")]
    parsed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for part in (":PBES2", ":PBKDF2", ":0800", ":hmacWithSHA256", ":aes-256-cbc"):
        assert part in parsed


@pytest.mark.parametrize("kind", ["P-256", "P-521", "2048"])
def test_a_key_in_a_file_is_sealed_with_the_rounds_of_today_and_openssl_opens_it(
    pki: Any, tmp_path: Path, kind: str
) -> None:
    key, path = pki.key(kind), tmp_path / "key.pem"
    sealed = pem.sealed_private_key_pem(key, b"correct horse")
    path.write_text(sealed)
    assert max(len(line) for line in sealed.splitlines()) == 64
    assert pem.private_key_pem(pem.load_private_key(sealed, b"correct horse")) == pem.private_key_pem(key)
    with pytest.raises(InvalidMaterial):
        pem.load_private_key(sealed, b"wrong horse")
    assert pem.sealed_private_key_pem(key, b"correct horse") != sealed
    parsed = subprocess.run(
        ["openssl", "asn1parse", "-in", str(path)], capture_output=True, text=True, check=True
    ).stdout
    for part in (":PBES2", ":PBKDF2", ":0927C0", ":hmacWithSHA256", ":aes-256-cbc"):
        assert part in parsed
    opened = ["openssl", "pkey", "-in", str(path), "-passin", "pass:correct horse", "-check", "-noout"]
    assert "Key is valid" in subprocess.run(opened, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("size", [0, 1, 15, 16, 100, 200, 70_000])
@pytest.mark.parametrize("rounds", [1, 127, 128, 2048, 600_000])
def test_what_is_sealed_has_lengths_and_numbers_as_der_wants_them(size: int, rounds: int) -> None:
    if size and rounds == 600_000:
        return  # once is enough
    der = sealed(b"x" * size, b"abcd", rounds)
    parsed = subprocess.run(
        ["openssl", "asn1parse", "-inform", "DER"], input=der, capture_output=True, check=True
    ).stdout
    assert f":{rounds:02X}".encode() in parsed or f":0{rounds:X}".encode() in parsed


def test_text_between_blocks_is_passed_over(pki: Any) -> None:
    pair = pki.leaf()
    ec_parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    text = (
        "Bag Attributes\n    friendlyName: x\nsubject=CN = a\n"
        + pair.pem
        + "\n# a comment\n"
        + ec_parameters
        + pair.key_pem_in("TraditionalOpenSSL")
    )
    for data in (
        text,
        text.encode(),
        text.replace("\n", "\r\n"),
        text.replace("\n", "\r"),
        "\ufeff" + text,
        text.encode("utf-16"),
        text.replace("\n", "  \n"),
        "\n" + text.replace("\n", "\n\t"),
    ):
        found = pem.blocks(data)
        assert [block.label for block in found] == ["CERTIFICATE", "EC PRIVATE KEY"]
        assert pem.load_certificate(data) == pair.certificate
        assert pem.key_matches(pem.load_private_key(data), pair.certificate)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("-----END CERTIFICATE-----", ""),
        lambda text: text.replace("-----BEGIN CERTIFICATE-----", ""),
        lambda text: text.replace("END CERTIFICATE", "END PRIVATE KEY"),
        lambda text: text.replace("BEGIN CERTIFICATE", "BEGIN TRUSTED CERTIFICATE"),
        lambda text: text.replace("MII", "M!I", 1),
        lambda text: text[:70] + text[73:],
        lambda text: text.replace("-----END", "-----BEGIN CERTIFICATE-----\n-----END"),
    ],
)
def test_damaged_blocks_are_said_to_be_so(pki: Any, spoil: Any) -> None:
    with pytest.raises(InvalidMaterial) as caught:
        pem.blocks(spoil(pki.leaf().pem))
    assert rule_of(caught) == "pem"


def test_no_blocks_in_nothing() -> None:
    assert pem.blocks("") == [] == pem.blocks(b"\x30\x82\x01\x00")
    assert pem.chain_pem([]) == ""


def test_one_certificate_means_one(pki: Any) -> None:
    assert pem.certificate_pem(pki.leaf().certificate) == pki.leaf().pem
    for text in ("", pki.leaf().pem * 2, pki.leaf().key_pem):
        with pytest.raises(InvalidMaterial) as caught:
            pem.load_certificate(text)
        assert rule_of(caught) == "certificate-one"


@pytest.mark.parametrize("text", ["", "two", "ssh", "damaged"])
def test_one_private_key_means_one(pki: Any, text: str) -> None:
    key = pki.key()
    ssh = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    ).decode()
    rule, text = {
        "": ("key-one", ""),
        "two": ("key-one", pem.private_key_pem(key) * 2),
        "ssh": ("key-format", ssh),
        "damaged": ("key-readable", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"),
    }[text]
    with pytest.raises(InvalidMaterial) as caught:
        pem.load_private_key(text)
    assert rule_of(caught) == rule


def test_pkcs12_is_read_by_openssl_with_everything_in_it(pki: Any, tmp_path: Path) -> None:
    pair = pki.leaf()
    store = pem.pkcs12("www", pair.key, pair.certificate, pair.issuers, b"abcd")
    (tmp_path / "store.p12").write_bytes(store)
    command = ["openssl", "pkcs12", "-in", str(tmp_path / "store.p12"), "-passin", "pass:abcd", "-nodes"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert pem.load_certificates(text) == [pair.certificate, *pair.issuers]
    assert pem.key_matches(pem.load_private_key(text), pair.certificate)
    assert "friendlyName: www" in text


def test_combined_is_in_haproxys_order(pki: Any) -> None:
    pair = pki.leaf()
    found = pem.blocks(pem.combined(pair.certificate, pair.issuers, pair.key))
    assert [block.label for block in found] == ["CERTIFICATE"] * 3 + ["PRIVATE KEY"]
    assert found[0].der == pair.certificate.public_bytes(serialization.Encoding.DER)


# ---------------------------------------------------------------- facts


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


@pytest.mark.parametrize(("number", "text"), [(1, "01"), (0x0A1B, "0a:1b"), (0xFF00, "ff:00"), (0x100, "01:00")])
def test_serials_as_acm_shows_them(number: int, text: str) -> None:
    class Certificate:
        serial_number = number

    assert pem.serial(Certificate()) == text  # type: ignore[arg-type]


# ---------------------------------------------------------------- re-import


@pytest.mark.parametrize(
    ("present", "wanted", "rule"),
    [
        ({}, {}, None),
        ({}, {"names": ("a.example.com", "b.example.com")}, None),
        ({"names": ("a.example.com", "b.example.com")}, {}, None),
        ({}, {"common_name": "other.example.org"}, None),
        ({}, {"common_name": None, "addresses": ("192.0.2.1",)}, "reimport-names"),
        ({"common_name": None, "addresses": ("192.0.2.1",)}, {"common_name": None, "addresses": ("192.0.2.2",)}, None),
        ({}, {"kind": "P-384"}, "reimport-key-algorithm"),
        ({}, {"kind": "2048"}, "reimport-key-algorithm"),
        ({"kind": "1024"}, {"kind": "2048"}, "reimport-key-algorithm"),
        ({}, {"key_usage": ("digital_signature", "key_agreement")}, None),
        ({}, {"key_usage": ("key_agreement",)}, "reimport-key-usage"),
        ({}, {"key_usage": None}, "reimport-key-usage"),
        ({"key_usage": None}, {"key_usage": ("digital_signature",)}, "reimport-key-usage"),
        ({"key_usage": None}, {"key_usage": None}, None),
        ({}, {"extended_key_usage": (SERVER_AUTH, CLIENT_AUTH)}, None),
        ({}, {"extended_key_usage": (CLIENT_AUTH,)}, "reimport-extended-key-usage"),
        ({}, {"extended_key_usage": None}, "reimport-extended-key-usage"),
        ({"extended_key_usage": None}, {}, "reimport-extended-key-usage"),
        # Public CAs no longer certify clients, and keyEncipherment means nothing to an EC key: these may go
        ({"extended_key_usage": (SERVER_AUTH, CLIENT_AUTH)}, {}, None),
        (
            {"extended_key_usage": (SERVER_AUTH, CLIENT_AUTH)},
            {"extended_key_usage": None},
            "reimport-extended-key-usage",
        ),
        ({"key_usage": ("digital_signature", "key_encipherment")}, {}, None),
        (
            {"key_usage": ("digital_signature", "key_encipherment"), "kind": "2048"},
            {"kind": "2048"},
            "reimport-key-usage",
        ),
        ({"common_name": "server", "names": ()}, {"common_name": "client", "names": ()}, None),
        ({"extended_key_usage": ("1.2.3.4",)}, {"extended_key_usage": ("1.2.3.5",)}, "reimport-extended-key-usage"),
    ],
)
def test_rules_of_a_reimport(pki: Any, present: dict[str, Any], wanted: dict[str, Any], rule: str | None) -> None:
    def make(options: dict[str, Any]) -> x509.Certificate:
        options = {"common_name": "www.example.com", **options}
        kind = options.pop("kind", "P-256")
        return pki.issue(options.pop("common_name"), key=pki.key(kind), **options).certificate

    if rule is None:
        import_rules.check_reimport(make(present), make(wanted))
        return
    with pytest.raises(InvalidMaterial) as caught:
        import_rules.check_reimport(make(present), make(wanted))
    assert rule_of(caught) == rule


def test_material_is_returned_loaded(pki: Any) -> None:
    pair = pki.leaf()
    made = import_rules.check_import(pair.pem.encode(), pair.key_pem.encode(), pair.chain_pem.encode(), pki.now)
    assert made.certificate == pair.certificate
    assert made.chain == list(pair.issuers[:1])
    assert pem.key_matches(made.private_key, pair.certificate)
    whole = pem.chain_pem(pair.issuers).encode()
    assert import_rules.check_import(pair.pem.encode(), pair.key_pem.encode(), whole, pki.now).chain == list(
        pair.issuers
    )


def test_base64_without_line_ends_is_read(pki: Any) -> None:
    der = pki.leaf().certificate.public_bytes(serialization.Encoding.DER)
    text = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(der).decode()}\n-----END CERTIFICATE-----"
    assert pem.load_certificate(text) == pki.leaf().certificate
