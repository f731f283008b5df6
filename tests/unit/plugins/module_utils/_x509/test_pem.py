# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._x509.key_encryption import sealed
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.tests.support.openssl import openssl_output
from cryptography.hazmat.primitives import serialization


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "2048"])
def test_keys_survive_a_round_trip(pki: Any, kind: str) -> None:
    key = pki.key(kind)
    clear = pem.private_key_pem(key)
    assert clear.startswith("-----BEGIN PRIVATE KEY-----\n") and clear.endswith("-----END PRIVATE KEY-----\n")
    encrypted = pem.encrypted_private_key_pem(key, b"correct horse")
    assert encrypted.startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    for trusted in (False, True):
        for text, passphrase in ((clear, None), (clear, b"not needed"), (encrypted, b"correct horse")):
            assert pem.private_key_pem(pem.load_private_key(text, passphrase, trusted=trusted)) == clear


def test_the_key_is_encrypted_as_acm_does(pki: Any, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(pem.encrypted_private_key_pem(pki.key(), b"abcd"))
    parsed = openssl_output("asn1parse", "-in", tmp_path / "key.pem").decode()
    for part in (":PBES2", ":PBKDF2", ":0800", ":hmacWithSHA256", ":aes-256-cbc"):
        assert part in parsed


@pytest.mark.parametrize("kind", ["P-256", "P-521", "2048"])
def test_a_key_in_a_file_is_encrypted_with_current_iterations_and_openssl_reads_it(
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
    parsed = openssl_output("asn1parse", "-in", path).decode()
    for part in (":PBES2", ":PBKDF2", ":0927C0", ":hmacWithSHA256", ":aes-256-cbc"):
        assert part in parsed
    assert b"Key is valid" in openssl_output("pkey", "-in", path, "-passin", "pass:correct horse", "-check", "-noout")


@pytest.mark.parametrize("size", [0, 1, 15, 16, 100, 200, 70_000])
@pytest.mark.parametrize("rounds", [1, 127, 128, 2048, 600_000])
def test_encrypted_keys_are_valid_der(size: int, rounds: int) -> None:
    if size and rounds == 600_000:
        return  # once is enough
    der = sealed(b"x" * size, b"abcd", rounds)
    parsed = openssl_output("asn1parse", "-inform", "DER", given=der)
    assert f":{rounds:02X}".encode() in parsed or f":0{rounds:X}".encode() in parsed


def test_combined_is_in_haproxys_order(pki: Any) -> None:
    pair = pki.leaf()
    found = pem.blocks(pem.combined(pair.certificate, pair.issuers, pair.key))
    assert [block.label for block in found] == ["CERTIFICATE"] * 3 + ["PRIVATE KEY"]
    assert found[0].der == pair.certificate.public_bytes(serialization.Encoding.DER)
