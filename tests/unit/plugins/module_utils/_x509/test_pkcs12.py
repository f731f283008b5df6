# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PKCS#12 stores, as OpenSSL reads and writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem, pkcs12
from ansible_collections.certops.acm.tests.support.broken_material import rule_of
from ansible_collections.certops.acm.tests.support.openssl import openssl_output


def test_openssl_reads_everything_in_a_pkcs12(pki: Any, tmp_path: Path) -> None:
    pair = pki.leaf()
    store = pkcs12.packed("www", pair.key, pair.certificate, pair.issuers, b"abcd")
    (tmp_path / "store.p12").write_bytes(store)
    text = openssl_output("pkcs12", "-in", tmp_path / "store.p12", "-passin", "pass:abcd", "-nodes").decode()
    assert pem.load_certificates(text) == [pair.certificate, *pair.issuers]
    assert pem.key_matches(pem.load_private_key(text), pair.certificate)
    assert "friendlyName: www" in text


@pytest.mark.parametrize("is_legacy", [False, True])
@pytest.mark.parametrize("name", ["www", "zwölf.example.com"])
def test_a_created_store_can_be_loaded_again(pki: Any, name: str, is_legacy: bool) -> None:
    pair = pki.leaf()
    store = pkcs12.packed(name, pair.key, pair.certificate, pair.issuers, b"abcd", is_legacy)
    key, certificate, others = pkcs12.load(store, b"abcd")
    assert pem.private_key_pem(key) == pem.private_key_pem(pair.key)
    assert certificate == pair.certificate and {*others} == {*pair.issuers}
    assert pkcs12.form_of(store, b"abcd") == (name, is_legacy)


@pytest.mark.parametrize("passphrase", ["", None])
def test_a_store_without_a_passphrase(pki: Any, passphrase: str | None, tmp_path: Path) -> None:
    """Some programs treat none as an empty one, others as none at all."""
    (tmp_path / "both.pem").write_text(pki.leaf().key_pem + pki.leaf().pem)
    store = openssl_output("pkcs12", "-export", "-in", tmp_path / "both.pem", "-passout", "pass:")
    given = None if passphrase is None else passphrase.encode()
    assert pkcs12.load(store, given)[1] == pki.leaf().certificate


@pytest.mark.parametrize(
    ("spoil", "passphrase", "advice"),
    [
        (lambda store: store, b"wrong", "check its passphrase"),
        (lambda store: store, None, "give its passphrase"),
        (lambda store: store[:-10], b"abcd", "check its passphrase"),
        (lambda store: b"", b"abcd", "check its passphrase"),
        (lambda store: b"-----BEGIN CERTIFICATE-----", None, "give its passphrase"),
    ],
)
def test_a_store_that_cannot_be_opened(pki: Any, spoil: Any, passphrase: bytes | None, advice: str) -> None:
    pair = pki.leaf()
    store = spoil(pkcs12.packed("www", pair.key, pair.certificate, (), b"abcd"))
    with pytest.raises(InvalidMaterial, match=advice) as caught:
        pkcs12.load(store, passphrase)
    assert rule_of(caught) == "pkcs12"
