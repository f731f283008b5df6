# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate with its chain and key: what is refused, what its files contain, which key on the host is reused."""

from __future__ import annotations

import os
import typing as t

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.key_pair import (
    BundleFault,
    check_key_pair,
    read_key_pair,
)
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._web_host.sets.conftest import NOW, Authority

# --- what is refused ---------------------------------------------------------------------------------------------------


def test_a_good_pair_is_accepted(ca: Authority) -> None:
    check_key_pair(ca.pair(), NOW, names=["www.example.com"])


@pytest.mark.parametrize(
    ("kind", "other"), [("P-256", "P-256"), ("P-256", "P-384"), ("P-256", "2048"), ("2048", "P-256")]
)
def test_a_key_of_another_certificate_is_refused(ca: Authority, kind: str, other: str) -> None:
    leaf = ca.pki.issue("www.example.com", ca.intermediate, key=ca.pki.key(kind))
    another = ca.leaf() if other == kind else ca.pki.issue("www.example.com", ca.root, key=ca.pki.key(other))
    pair = read_key_pair("www", leaf.pem, leaf.chain_pem, another.key_pem)
    with pytest.raises(BundleFault, match="^The private key of www does not belong to its certificate; take both"):
        check_key_pair(pair, NOW)


@pytest.mark.parametrize(("not_before", "words"), [(-99, "expired at"), (1, "is not valid before")])
def test_dates_are_judged_by_the_given_clock(ca: Authority, not_before: int, words: str) -> None:
    pair = ca.pair(not_before=not_before)
    with pytest.raises(BundleFault, match=words):
        check_key_pair(pair, NOW)
    check_key_pair(pair, NOW, require_valid=False)


def test_an_expired_issuer_is_refused(ca: Authority) -> None:
    old = ca.pki.issue("Old", ca.root, is_ca=True, not_before=-99)
    leaf = ca.pki.issue("www.example.com", old)
    with pytest.raises(BundleFault, match="CN=Old in the chain of www expired"):
        check_key_pair(read_key_pair("www", leaf.pem, leaf.chain_pem, leaf.key_pem), NOW)


def test_a_name_that_is_not_covered_is_refused(ca: Authority) -> None:
    with pytest.raises(BundleFault, match="does not cover shop.example.com; it covers www.example.com"):
        check_key_pair(ca.pair(), NOW, names=["shop.example.com"])


def test_a_chain_out_of_order_is_refused(ca: Authority) -> None:
    certificate, chain, key = ca.texts()
    with pytest.raises(BundleFault, match="is broken"):
        check_key_pair(read_key_pair("www", certificate, ca.root.pem + chain, key), NOW)


@pytest.mark.skipif(
    not hasattr(os, "memfd_create"), reason="signatures are checked where the kernel has files in memory"
)
def test_a_chain_of_the_same_name_but_another_key_is_refused(ca: Authority) -> None:
    certificate, _chain, key = ca.texts()
    namesake = ca.pki.authority("Intermediate", ca.root, number=1)
    with pytest.raises(BundleFault, match="does not verify"):
        check_key_pair(read_key_pair("www", certificate, namesake.pem, key), NOW)


def test_a_certificate_for_clients_only_is_accepted(ca: Authority) -> None:
    check_key_pair(ca.pair(extended_key_usage=(ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string,)), NOW)


def test_the_root_may_come_last_and_the_leaf_twice(ca: Authority) -> None:
    certificate, chain, key = ca.texts()
    pair = read_key_pair("www", certificate + chain, certificate + chain + ca.root.pem, key)
    check_key_pair(pair, NOW)
    assert pair.chain == chain + ca.root.pem


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c, i, k: ("x", i, k), "The certificate of www is not PEM"),
        (lambda c, i, k: (c, "x", k), "The chain of www is not PEM"),
        (lambda c, i, k: (c, i, "x"), "The private key of www is not PEM"),
        (lambda c, i, k: (c.replace("MII", "AAA"), i, k), "cannot be read"),
    ],
)
def test_text_that_is_not_pem_is_refused(ca: Authority, change: t.Callable[..., t.Any], words: str) -> None:
    with pytest.raises(BundleFault, match=words):
        read_key_pair("www", *change(*ca.texts()))


def test_an_encrypted_key_is_refused(ca: Authority) -> None:
    leaf = ca.leaf()
    for form in ("PKCS8", "TraditionalOpenSSL"):
        with pytest.raises(BundleFault, match="is encrypted"):
            read_key_pair("www", leaf.pem, leaf.chain_pem, leaf.key_pem_in(form, b"secret-passphrase"))


def test_no_message_and_no_repr_shows_the_key(ca: Authority) -> None:
    certificate, chain, key = ca.texts()
    body = key.splitlines()[1]
    assert body not in repr(read_key_pair("www", certificate, chain, key))
    with pytest.raises(BundleFault) as caught:
        check_key_pair(read_key_pair("www", *ca.texts()[:2], key), NOW)
    assert body not in str(caught.value)


# --- the files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "parts"),
    [
        ("cert", "cert.pem", "c"),
        ("chain", "chain.pem", "i"),
        ("fullchain", "fullchain.pem", "ci"),
        ("key", "privkey.pem", "k"),
        ("combined", "combined.pem", "kci"),
    ],
)
def test_what_each_kind_of_file_contains(ca: Authority, kind: str, name: str, parts: str) -> None:
    texts = dict(zip("cik", ca.texts()))
    pair = read_key_pair("www", *texts.values())
    assert pair.render([kind]) == {name: "".join(texts[part] for part in parts).encode()}


def test_without_a_key_its_files_are_unknown_and_an_empty_chain_makes_no_file(ca: Authority) -> None:
    pair = read_key_pair("www", ca.leaf().pem, None, None)
    assert pair.render(["chain", "key", "combined", "pkcs1", "pkcs12"]) == {
        "privkey.pem": None,
        "combined.pem": None,
        "privkey-pkcs1.pem": None,
        "bundle.p12": None,
    }


def test_a_given_pkcs12_is_always_written(ca: Authority) -> None:
    pair = read_key_pair("www", *ca.texts(), b"a PKCS#12")
    assert pair.render(["cert"])["bundle.p12"] == b"a PKCS#12"


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "2048"])
def test_pkcs1_is_the_key_as_openssl_writes_its_older_form(ca: Authority, kind: str) -> None:
    leaf = ca.pki.issue("www.example.com", ca.root, key=ca.pki.key(kind))
    wanted = {"privkey-pkcs1.pem": leaf.key_pem_in("TraditionalOpenSSL").encode()}
    for form in ("PKCS8", "TraditionalOpenSSL"):
        assert read_key_pair("www", leaf.pem, None, leaf.key_pem_in(form)).render(["pkcs1"]) == wanted


def test_a_key_without_an_older_form_is_refused_as_pkcs1(ca: Authority) -> None:
    leaf = ca.pki.issue("www.example.com", ca.root, key=ed25519.Ed25519PrivateKey.generate())
    pair = read_key_pair("www", leaf.pem, None, leaf.key_pem)
    with pytest.raises(BundleFault, match="cannot be written as pkcs1: .*; leave out pkcs1"):
        pair.render(["pkcs1"])


# --- a key that is on the host already ---------------------------------------------------------------------------------


def test_the_key_of_the_certificate_is_adopted(ca: Authority) -> None:
    certificate, chain, key = ca.texts()
    pair = read_key_pair("www", certificate, chain, None)
    pair.adopt(key.encode(), b"a PKCS#12")
    assert (pair.private_key, pair.pkcs12) == (key, b"a PKCS#12")


def test_a_given_key_is_kept(ca: Authority) -> None:
    certificate, chain, key = ca.texts()
    pair = read_key_pair("www", certificate, chain, key, b"given")
    pair.adopt(ca.leaf().key_pem.encode(), b"on the host")
    assert (pair.private_key, pair.pkcs12) == (key, b"given")


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="a key is compared where the kernel has files in memory")
def test_a_key_of_another_certificate_is_not_adopted(ca: Authority) -> None:
    pair = read_key_pair("www", *ca.texts()[:2], None)
    for key in (ca.leaf().key_pem.encode(), b"garbage", "privé".encode()):
        pair.adopt(key, b"a PKCS#12")
        assert (pair.private_key, pair.pkcs12) == (None, None)
