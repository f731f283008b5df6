# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an answer from ACM must contain, and what the repr of an item shows."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_export import item
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.tests.support.openssl import openssl_output


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda answer, pki: answer.update(PrivateKey=""), "key-one"),
        (lambda answer, pki: answer.pop("PrivateKey"), "key-one"),
        (lambda answer, pki: answer.update(PrivateKey=answer["PrivateKey"][:200]), "pem"),
        (
            lambda answer, pki: answer.update(PrivateKey=pem.encrypted_private_key_pem(pki.key(), b"another")),
            "key-passphrase",
        ),
        (
            lambda answer, pki: answer.update(PrivateKey=pem.encrypted_private_key_pem(pki.key("P-256", 77), b"abcd")),
            "key-matches-certificate",
        ),
        (
            lambda answer, pki: answer.update(
                CertificateChain=pem.certificate_pem(pki.authority("foreign").certificate)
            ),
            "chain-order",
        ),
        (lambda answer, pki: answer.update(Certificate=""), "certificate-one"),
    ],
)
def test_an_answer_is_accepted_only_if_its_parts_match(pki: Any, spoil: Any, rule: str) -> None:
    pair = pki.leaf()
    answer = {
        "Certificate": pair.pem,
        "CertificateChain": pair.chain_pem,
        "PrivateKey": pem.encrypted_private_key_pem(pair.key, b"abcd"),
    }
    assert item.parse(answer, b"abcd").certificate == pair.certificate
    spoil(answer, pki)
    with pytest.raises(InvalidMaterial) as caught:
        item.parse(answer, b"abcd")
    assert caught.value.rule == rule


def test_a_key_with_the_older_encryption_is_read(pki: Any) -> None:
    """The user guide's sample is PBES2 with HMAC-SHA1 and a salt of 20 octets."""
    pair = pki.leaf()
    how = ("-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1", "-passout", "pass:abcd")
    old = openssl_output("pkcs8", *how, given=pair.key_pem.encode()).decode()
    answer = {"Certificate": pair.pem, "CertificateChain": pair.chain_pem, "PrivateKey": old}
    assert pem.key_matches(item.parse(answer, b"abcd").key, pair.certificate)


def test_no_repr_shows_the_passphrase() -> None:
    wanted = item.Wanted(arn="x", passphrase=b"hushed")
    assert "hushed" not in repr(wanted) + repr(item.Item(wanted))
