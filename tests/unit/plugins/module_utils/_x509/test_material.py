# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reader of material and of ACM's answers under fire: whatever the bytes, a set that keeps the rules or one sentence.

FUZZ=100 ./run test … takes a hundred times as many examples.
"""

from __future__ import annotations

import base64
import functools
import json
import os
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_export import item
from ansible_collections.certops.acm.plugins.module_utils._files.certificate_files import SECRET_FORMS
from ansible_collections.certops.acm.plugins.module_utils._acm_import import options, result
from ansible_collections.certops.acm.plugins.module_utils._x509 import import_rules, pem, pkcs12
from ansible_collections.certops.acm.plugins.module_utils._x509.material import make_ready
from ansible_collections.certops.acm.plugins.module_utils._x509.source_reading import MAX_SOURCE_OCTETS, Source
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PASSPHRASE = b"hushed-passphrase"
DER, PEM, PKCS8 = serialization.Encoding.DER, serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
TIMES = int(os.environ.get("FUZZ", "1"))


def fuzz(max_examples: int) -> Any:
    return settings(
        max_examples=max_examples * TIMES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )


mutations = st.lists(
    st.tuples(
        st.sampled_from(["set", "cut", "insert", "double", "swap"]), st.integers(0, 10_000), st.binary(max_size=12)
    ),
    min_size=1,
    max_size=4,
)


def mutated(content: bytes, how: list[tuple[str, int, bytes]]) -> bytes:
    octets = bytearray(content)
    for kind, number, more in how:
        place = number % max(1, len(octets))
        if kind == "set":
            octets[place : place + 1] = more[:1]
        elif kind == "cut":
            del octets[place : place + 1 + len(more) * 7]
        elif kind == "insert":
            octets[place:place] = more
        elif kind == "double":
            octets += octets[place:]
        else:
            octets = octets[place:] + octets[:place]
    return bytes(octets)


def block(label: str, der: bytes) -> bytes:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n".encode()


@functools.lru_cache(maxsize=None)
def whole(pki: Any) -> dict[str, bytes]:
    """What people have, undamaged."""
    pair = pki.leaf()
    certificates = (pair.pem + pair.chain_pem).encode()
    key = pair.key.private_bytes(DER, PKCS8, serialization.NoEncryption())
    store = pkcs12.packed("www", pair.key, pair.certificate, pair.issuers, PASSPHRASE)
    return {
        "bundle": certificates + pair.key_pem.encode(),
        "encrypted": certificates + pair.key_pem_in("PKCS8", PASSPHRASE).encode(),
        "old encryption": certificates + pair.key_pem_in("TraditionalOpenSSL", PASSPHRASE).encode(),
        "utf-16": (pair.pem + pair.key_pem).encode("utf-16"),
        "certificate": pair.certificate.public_bytes(DER),
        "key": key,
        "store": store,
        "store as text": base64.b64encode(store),
        "pkcs7": pkcs7.serialize_certificates([pair.certificate, *pair.issuers], DER),
    }


def check(sources: list[Source], now: Any) -> None:
    """Either it is refused in one sentence without a secret, or the result obeys every rule."""
    try:
        ready = make_ready(sources, PASSPHRASE, now)
    except InvalidMaterial as error:
        said = str(error)
        assert error.rule and said.endswith(".") and "\n" not in said and len(said) < 2000
        assert "hushed" not in said and "PRIVATE KEY-----" not in said
        return
    chain = ready.chain_pem or None
    assert (
        import_rules.check_import(ready.certificate_pem, ready.private_key_pem, chain, now).certificate
        == ready.certificate
    )
    json.dumps(result.facts(ready))
    assert "PRIVATE KEY" not in repr(ready)


@fuzz(max_examples=100)
@given(form=st.sampled_from(sorted(["bundle", "encrypted", "old encryption", "utf-16"])), how=mutations)
def test_a_damaged_bundle(pki: Any, form: str, how: Any) -> None:
    check([Source("bundle", "bundle", mutated(whole(pki)[form], how))], pki.now)


@fuzz(max_examples=60)
@given(form=st.sampled_from(["store", "store as text", "pkcs7", "certificate", "key"]), how=mutations)
def test_damaged_binary(pki: Any, form: str, how: Any) -> None:
    sources = [Source("bundle_path x", "bundle", mutated(whole(pki)[form], how))]
    if form in ("pkcs7", "certificate"):
        sources.append(Source("private_key", "private_key", whole(pki)["key"]))
    if form == "key":
        sources.append(Source("certificate", "certificate", whole(pki)["certificate"]))
    check(sources, pki.now)


@fuzz(max_examples=150)
@given(flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_certificate_with_odd_contents(pki: Any, flips: list[tuple[int, int]]) -> None:
    """Base64 and often the structure are intact, so that the contents are read too."""
    pair = pki.leaf()
    der = bytearray(pair.certificate.public_bytes(DER))
    for place, octet in flips:
        der[place % len(der)] = octet
    text = block("CERTIFICATE", bytes(der))
    key = Source("private_key", "private_key", pair.key_pem.encode())
    check([Source("certificate", "certificate", text), key], pki.now)
    check(
        [
            Source("certificate", "certificate", pair.pem.encode()),
            Source("certificate_chain", "certificate_chain", text),
            key,
        ],
        pki.now,
    )


@fuzz(max_examples=30)
@given(
    flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=3),
    kind=st.sampled_from(["P-256", "2048"]),
)
def test_a_key_with_odd_contents(pki: Any, flips: list[tuple[int, int]], kind: str) -> None:
    pair = pki.leaf(kind=kind)
    der = bytearray(pair.key.private_bytes(DER, PKCS8, serialization.NoEncryption()))
    for place, octet in flips:
        der[place % len(der)] = octet
    for content in (block("PRIVATE KEY", bytes(der)), bytes(der)):
        check(
            [Source("certificate", "certificate", pair.pem.encode()), Source("private_key", "private_key", content)],
            pki.now,
        )


@fuzz(max_examples=60)
@given(
    data=st.dictionaries(
        st.sampled_from(options.KINDS), st.one_of(st.text(max_size=60), st.binary(max_size=60)), min_size=1
    )
)
def test_anything_at_all(pki: Any, data: dict[str, Any]) -> None:
    contents = {
        kind: each.encode("utf-8", "surrogatepass") if isinstance(each, str) else each for kind, each in data.items()
    }
    check([Source(kind, kind, content) for kind, content in contents.items()], pki.now)


@fuzz(max_examples=30)
@given(part=st.sampled_from(["Certificate", "CertificateChain", "PrivateKey"]), how=mutations)
def test_damaged_answers_from_acm(pki: Any, part: str, how: Any) -> None:
    pair = pki.leaf()
    answer = {
        "Certificate": pair.pem,
        "CertificateChain": pair.chain_pem,
        "PrivateKey": pem.encrypted_private_key_pem(pair.key, PASSPHRASE),
    }
    answer[part] = mutated(answer[part].encode(), how).decode("utf-8", "replace")
    try:
        found = item.parse(answer, PASSPHRASE)
    except InvalidMaterial as error:
        assert "hushed" not in str(error) and "\n" not in str(error)
    else:
        assert pem.key_matches(found.key, found.certificate)
    for form in SECRET_FORMS:
        item.key_in(form, answer[part].encode(), PASSPHRASE)
    item.key_in("pkcs12", mutated(whole(pki)["store"], how), PASSPHRASE)


def test_a_subject_cannot_inject_lines(pki: Any) -> None:
    pair = pki.issue("www.example.com\nFAILED! => {}\u2028\u202e\x1b[31m", names=("a.example.com",))
    own = "CN=www.example.com\\0AFAILED! =\\> {}\\E2\\80\\A8\\E2\\80\\AE\\1B[31m"
    assert pem.describe(pair.certificate) == f"{own} (serial {pem.serial(pair.certificate)})"
    assert pem.distinguished_name(pair.certificate.subject) == own
    check([Source("certificate", "certificate", pair.pem.encode())], pki.now)


def test_the_forms_are_good_before_they_are_damaged(pki: Any) -> None:
    for form in ("bundle", "encrypted", "old encryption", "utf-16", "store", "store as text"):
        ready = make_ready([Source("bundle", "bundle", whole(pki)[form])], PASSPHRASE, pki.now)
        assert ready.certificate == pki.leaf().certificate, form
    with pytest.raises(InvalidMaterial):
        make_ready([Source("bundle", "bundle", b"\0" * (MAX_SOURCE_OCTETS + 1))], None, pki.now)


def test_several_keys_are_reported_with_only_the_places_that_contain_one(pki: Any) -> None:
    leaf, other = pki.leaf(number=1), pki.leaf(number=2)
    sources = [
        Source("certificate_path c.pem", "certificate", leaf.pem.encode()),
        Source("private_key_path k.pem", "private_key", leaf.key_pem.encode()),
        Source("bundle_path b.pem", "bundle", (other.pem + other.key_pem).encode()),
    ]
    said = "^There are 2 different private keys in private_key_path k.pem and bundle_path b.pem; give only"
    with pytest.raises(InvalidMaterial, match=said):
        make_ready(sources, None, pki.now)
