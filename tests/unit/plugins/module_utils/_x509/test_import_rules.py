# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._x509 import import_rules, pem
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.tests.support.broken_material import rule_of
from cryptography import x509

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
