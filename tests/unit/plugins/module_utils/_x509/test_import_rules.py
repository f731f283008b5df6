# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ACM accepts for an import, and under an existing ARN."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._x509 import import_rules, pem
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.tests.support import broken_material
from ansible_collections.certops.acm.tests.support.broken_material import rule_of
from cryptography import x509
from cryptography.hazmat.primitives import serialization

SERVER_AUTH, CLIENT_AUTH = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"


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


def test_material_is_returned_parsed(pki: Any) -> None:
    pair = pki.leaf()
    made = import_rules.check_import(pair.pem.encode(), pair.key_pem.encode(), pair.chain_pem.encode(), pki.now)
    assert made.certificate == pair.certificate
    assert made.chain == list(pair.issuers[:1])
    assert pem.key_matches(made.private_key, pair.certificate)
    whole = pem.chain_pem(pair.issuers).encode()
    assert import_rules.check_import(pair.pem.encode(), pair.key_pem.encode(), whole, pki.now).chain == list(
        pair.issuers
    )


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (
            lambda pki, parts: parts.update(
                certificate=pki.leaf().certificate.public_bytes(serialization.Encoding.DER)
            ),
            "certificate-pem",
        ),
        (lambda pki, parts: parts.update(certificate=b""), "certificate-pem"),
        (lambda pki, parts: parts.update(certificate=parts["certificate"] + parts["chain"]), "certificate-one"),
        (lambda pki, parts: parts.update(certificate=parts["key"]), "certificate-pem"),
        (lambda pki, parts: parts.update(certificate=b"#" * 32_769), "certificate-size"),
        (lambda pki, parts: parts.update(certificate=parts["certificate"].replace(b"\n", b" \n")), "pem-lines"),
        (lambda pki, parts: parts.update(certificate=parts["certificate"].replace(b"\nM", b"\n\nM", 1)), "pem-lines"),
        (lambda pki, parts: parts.update(key=parts["key"] + b"#" * (5_121 - len(parts["key"]))), "key-size"),
        (lambda pki, parts: parts.update(key=pki.leaf().key_pem_in("PKCS8", b"abcd").encode()), "key-encrypted"),
        (
            lambda pki, parts: parts.update(key=pki.leaf().key_pem_in("TraditionalOpenSSL", b"abcd").encode()),
            "key-encrypted",
        ),
        (lambda pki, parts: parts.update(key=parts["key"] * 2), "key-one"),
        (lambda pki, parts: parts.update(key=parts["certificate"]), "key-pem"),
        (lambda pki, parts: parts.update(key=b"\x30\x82\x01\x00"), "key-pem"),
        (
            lambda pki, parts: parts.update(key=pki.leaf("x.example.com", number=8).key_pem.encode()),
            "key-matches-certificate",
        ),
        (lambda pki, parts: parts.update(chain=parts["chain"] + parts["certificate"]), "chain-order"),
        (lambda pki, parts: parts.update(chain=parts["certificate"] * 2 + parts["chain"]), "chain-repeats"),
        (
            lambda pki, parts: parts.update(
                chain=pki.leaf().root.public_bytes(serialization.Encoding.PEM) + parts["chain"]
            ),
            "chain-order",
        ),
        (
            lambda pki, parts: parts.update(chain=pki.leaf().root.public_bytes(serialization.Encoding.PEM)),
            "chain-order",
        ),
        (lambda pki, parts: parts.update(chain=parts["chain"] * 2), "chain-repeats"),
        (lambda pki, parts: parts.update(chain=parts["chain"] + parts["key"]), "chain-pem"),
        (lambda pki, parts: parts.update(chain=b"\x30\x82\x01\x00"), "chain-pem"),
        (lambda pki, parts: parts.update(chain=b"hello"), "chain-pem"),
        (lambda pki, parts: parts.update(chain=b"#" * 2_097_153), "chain-size"),
    ],
)
def test_each_rule_of_an_import(pki: Any, change: Any, rule: str) -> None:
    pair = pki.leaf()
    parts = {"certificate": pair.pem.encode(), "key": pair.key_pem.encode(), "chain": pair.chain_pem.encode()}
    import_rules.check_import(parts["certificate"], parts["key"], parts["chain"], pki.now)
    windows = [part.replace(b"\n", b"\r\n") for part in parts.values()]
    import_rules.check_import(windows[0], windows[1], windows[2], pki.now)
    change(pki, parts)
    with pytest.raises(InvalidMaterial) as caught:
        import_rules.check_import(parts["certificate"], parts["key"], parts["chain"], pki.now)
    assert caught.value.rule == rule


@pytest.mark.parametrize(
    "make",
    [
        lambda pki, root: pki.issue("server", root, names=()),
        lambda pki, root: pki.issue("vpn_server.staging.lab.test", root, names=()),
        lambda pki, root: pki.issue("My Awesome Service", root, names=()),
        lambda pki, root: pki.authority("My root"),
        lambda pki, root: pki.issue("192.0.2.1", root, names=()),
        lambda pki, root: pki.issue(None, root, addresses=("192.0.2.1",)),
        lambda pki, root: pki.issue(
            None, root, names=("localhost.localstack.cloudIP:127.0.0.1", "WWW.Example.com.", "a b")
        ),
        lambda pki, root: pki.issue("www.example.com", root, more=(broken_material.ocsp(1_000),)),
        lambda pki, root: pki.issue("www.example.com", pki.authority("RSA root", kind="2048")),
        lambda pki, root: pki.issue("www.example.com", root, key=pki.key("2048")),
    ],
)
def test_everything_the_service_accepts_is_accepted(pki: Any, make: Any) -> None:
    pair = make(pki, pki.authority())
    import_rules.check_import(pair.pem.encode(), pair.key_pem.encode(), None, pki.now)


def test_a_chain_may_begin_with_the_certificate_and_is_returned_whole(pki: Any) -> None:
    pair = pki.leaf()
    chain = (pair.pem + pair.chain_pem).encode()
    made = import_rules.check_import(pair.pem.encode(), pair.key_pem.encode(), chain, pki.now)
    assert made.chain == [pair.certificate, pair.issuers[0]]


@pytest.mark.parametrize("kind", ["P-256", "2048"])
def test_the_older_rule_of_one_key_family(pki: Any, kind: str) -> None:
    other = "2048" if kind == "P-256" else "P-256"
    alike = pki.leaf(kind=kind)
    import_rules.check_import(alike.pem.encode(), alike.key_pem.encode(), None, pki.now, one_key_family=True)
    mixed = pki.issue("www.example.com", pki.authority("other root", kind=other), key=pki.key(kind))
    with pytest.raises(InvalidMaterial) as caught:
        import_rules.check_import(mixed.pem.encode(), mixed.key_pem.encode(), None, pki.now, one_key_family=True)
    assert caught.value.rule == "key-family"


def test_validity_includes_its_first_and_last_second(pki: Any) -> None:
    pair = pki.leaf()
    for moment in (pair.certificate.not_valid_before_utc, pair.certificate.not_valid_after_utc):
        import_rules.check_import(pair.pem.encode(), pair.key_pem.encode(), None, moment)
