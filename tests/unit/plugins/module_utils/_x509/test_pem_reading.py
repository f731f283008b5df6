# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.tests.support.broken_material import rule_of
from cryptography.hazmat.primitives import serialization


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_every_form_of_an_encrypted_key_is_read(pki: Any, form: str) -> None:
    text = pki.leaf().key_pem_in(form, b"correct horse")
    assert pem.key_matches(pem.load_private_key(text, b"correct horse"), pki.leaf().certificate)
    for passphrase, rule in ((None, "key-encrypted"), (b"", "key-encrypted"), (b"wrong horse", "key-passphrase")):
        with pytest.raises(InvalidMaterial) as caught:
            pem.load_private_key(text, passphrase)
        assert rule_of(caught) == rule
        assert "horse" not in str(caught.value)


def test_text_between_blocks_is_skipped(pki: Any) -> None:
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
def test_damaged_blocks_are_reported(pki: Any, spoil: Any) -> None:
    with pytest.raises(InvalidMaterial) as caught:
        pem.blocks(spoil(pki.leaf().pem))
    assert rule_of(caught) == "pem"


def test_empty_text_has_no_blocks() -> None:
    assert pem.blocks("") == [] == pem.blocks(b"\x30\x82\x01\x00")
    assert pem.chain_pem([]) == ""


def test_exactly_one_certificate_is_required(pki: Any) -> None:
    assert pem.certificate_pem(pki.leaf().certificate) == pki.leaf().pem
    for text in ("", pki.leaf().pem * 2, pki.leaf().key_pem):
        with pytest.raises(InvalidMaterial) as caught:
            pem.load_certificate(text)
        assert rule_of(caught) == "certificate-one"


@pytest.mark.parametrize("text", ["", "two", "ssh", "damaged"])
def test_exactly_one_private_key_is_required(pki: Any, text: str) -> None:
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


def test_base64_without_line_ends_is_read(pki: Any) -> None:
    der = pki.leaf().certificate.public_bytes(serialization.Encoding.DER)
    text = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(der).decode()}\n-----END CERTIFICATE-----"
    assert pem.load_certificate(text) == pki.leaf().certificate
