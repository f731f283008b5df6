# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A table of bundles as CAs and people make them: the resulting chain, or the missing certificate."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.plugins.module_utils._x509 import chain as chains
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.plugins.module_utils._x509.chain import Chain, build_chain
from cryptography import x509
from cryptography.hazmat.primitives import hashes


class Bundles:
    """Two roots, cross-signed in every way that occurs, and what is below them; `old` is the root being retired."""

    def __init__(self, pki: Any) -> None:
        self.pki = pki
        self.root, self.old = pki.authority("root"), pki.authority("old")
        self.cross = self.ca("root", self.old, self.root.key)
        self.cross_expired = self.ca("root", self.old, self.root.key, days=10, not_before=-20)
        self.upper = self.ca("upper", self.root, pki.key("P-256", 910))
        self.upper_by_old = self.ca("upper", self.old, self.upper.key)
        self.lower = self.ca("lower", self.upper, pki.key("P-256", 911))
        self.int = self.ca("int", self.root, pki.key("P-256", 912))
        self.int_by_old = self.ca("int", self.old, self.int.key)
        self.int_by_old_longer = self.ca("int", self.old, self.int.key, days=3660)
        self.int_renewed = self.ca("int", self.root, self.int.key, days=3000)
        self.int_expired = self.ca("int", self.root, self.int.key, days=10, not_before=-20)
        self.int_other_key = self.ca("int", self.root, pki.key("P-256", 913))
        self.sibling = self.ca("sibling", self.root, pki.key("P-256", 914))
        self.foreign = pki.authority("foreign")
        self.below_int = pki.issue("www.example.com", self.int)
        self.below_lower = pki.issue("www.example.com", self.lower)
        self.below_root = pki.issue("www.example.com", self.root)
        self.self_signed = pki.issue("www.example.com")

    def ca(self, name: str, parent: Any, key: Any, days: float = 3650, not_before: float = -1) -> Any:
        return self.pki.issue(name, parent, key=key, is_ca=True, names=(), days=days, not_before=not_before)


@functools.lru_cache(maxsize=1)
def bundles(pki: Any) -> Bundles:
    return Bundles(pki)


def built(pki: Any, leaf: str, pool: str, trusted: str = "", **options: Any) -> tuple[str, Chain]:
    """The names of the resulting certificates, and the whole answer."""
    known = bundles(pki)
    names = {pair.certificate: name for name, pair in vars(known).items() if hasattr(pair, "certificate")}
    roots = [getattr(known, name).certificate for name in trusted.split()]
    found = build_chain(
        getattr(known, leaf).certificate,
        [getattr(known, name).certificate for name in pool.split()],
        is_trusted=lambda certificate: any(pem.issued_by(certificate, root) for root in roots),
        now=pki.now,
        **options,
    )
    return " ".join(names[certificate] for certificate in found.certificates), found


@pytest.mark.parametrize(
    ("leaf", "pool", "chain"),
    [
        # one way, in any order, with what does not belong to it
        ("below_int", "int root", "int"),
        ("below_lower", "root foreign below_lower upper lower upper", "lower upper"),
        ("below_lower", "lower upper", "lower upper"),
        ("below_root", "root", "root"),
        ("below_int", "", ""),
        ("self_signed", "", ""),
        ("self_signed", "self_signed foreign", ""),
        # the root as itself and as another root signed it (Sectigo R46, GoDaddy G2, ISRG)
        ("below_int", "int root cross", "int"),
        ("below_int", "int cross root", "int"),
        ("below_int", "int cross", "int cross"),
        ("below_int", "int cross old", "int cross"),
        ("below_int", "int cross old root", "int"),
        ("below_lower", "lower upper cross", "lower upper cross"),
        # one intermediate as two roots signed it
        ("below_int", "int_by_old int root", "int"),
        ("below_int", "int_by_old int old", "int_by_old"),
        ("below_int", "int int_by_old_longer", "int_by_old_longer"),
        ("below_int", "int int_by_old_longer root", "int"),
        ("below_int", "int int_by_old_longer root old", "int_by_old_longer"),
        ("below_lower", "upper_by_old lower upper root", "lower upper"),
        ("below_lower", "upper_by_old lower upper old", "lower upper_by_old"),
        # all intermediates of the CA, as it publishes them
        ("below_int", "sibling int root", "int"),
        ("below_int", "int_other_key int root", "int"),
        # expired ones beside their successors
        ("below_int", "int_expired int root", "int"),
        ("below_int", "int_expired int_renewed root", "int_renewed"),
        ("below_int", "int_expired root", "int_expired"),
        ("below_int", "int cross_expired root", "int"),
        ("below_int", "int cross_expired old", "int cross_expired"),
    ],
)
def test_the_shortest_complete_chain_is_chosen(pki: Any, leaf: str, pool: str, chain: str) -> None:
    names, found = built(pki, leaf, pool)
    assert (names, found.open_end) == (chain, None)


def test_every_order_of_a_bundle_gives_the_same_chain(pki: Any) -> None:
    for bundle in ("int int_by_old root cross sibling", "int int_by_old", "int int_by_old root old"):
        chains_made = {built(pki, "below_int", " ".join(pool))[0] for pool in itertools.permutations(bundle.split())}
        assert len(chains_made) == 1


def test_the_root_is_kept_when_wanted(pki: Any) -> None:
    assert built(pki, "below_int", "int cross root", keep_root=True)[0] == "int root"
    assert built(pki, "below_lower", "root upper lower", keep_root=True)[0] == "lower upper root"


@pytest.mark.parametrize(
    ("leaf", "pool", "missing"),
    [
        ("below_int", "root", "CN=int, which is not among"),
        ("below_int", "sibling", "CN=int, which is not among"),
        ("below_int", "int_other_key root", "CN=int, and CN=int (serial "),
        ("below_lower", "lower root", "CN=upper, which is not among"),
        ("below_lower", "upper root", "CN=lower, which is not among"),
        ("below_lower", "upper", "CN=lower, which is not among"),
        ("below_int", "int foreign", "CN=root, which is not among"),
        ("below_root", "foreign", "CN=root, which is not among"),
    ],
)
def test_the_missing_certificate_is_named(pki: Any, leaf: str, pool: str, missing: str) -> None:
    with pytest.raises(InvalidMaterial) as caught:
        built(pki, leaf, pool)
    assert caught.value.rule == "chain-link" and f"was issued by {missing}" in str(caught.value)


def test_intermediates_without_a_root_are_used_and_omissions_are_reported(pki: Any) -> None:
    names, found = built(pki, "below_int", "sibling int")
    assert names == "int" and found.open_end == bundles(pki).int.certificate
    assert found.left_out == (bundles(pki).sibling.certificate,)


@pytest.mark.parametrize(
    ("leaf", "pool", "trusted", "chain"),
    [
        ("below_int", "sibling int", "root", "int"),
        ("below_int", "int foreign", "root", "int"),
        ("below_int", "int int_by_old foreign", "old", "int_by_old"),
        ("below_root", "foreign", "root", ""),
        # the host does not matter if the bundle is unambiguous: every host must build the same chain
        ("below_int", "int cross", "root", "int cross"),
        ("below_lower", "lower upper", "upper", "lower upper"),
    ],
)
def test_the_hosts_trust_list_decides_if_in_doubt(pki: Any, leaf: str, pool: str, trusted: str, chain: str) -> None:
    names, found = built(pki, leaf, pool, trusted)
    assert (names, found.open_end) == (chain, None)


def test_a_cycle_of_cross_signed_authorities_ends(pki: Any) -> None:
    first, second = pki.key("P-256", 901), pki.key("P-256", 902)
    root_1, root_2 = pki.issue("one", key=first, is_ca=True), pki.issue("two", key=second, is_ca=True)
    one_by_two = pki.issue("one", root_2, key=first, is_ca=True).certificate
    two_by_one = pki.issue("two", root_1, key=second, is_ca=True).certificate
    leaf = pki.issue("www.example.com", root_1).certificate
    found = build_chain(leaf, [one_by_two, two_by_one], is_trusted=lambda _certificate: False, now=pki.now)
    assert found == Chain([one_by_two, two_by_one])


def test_a_hostile_bundle_is_cheap(pki: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred certificates that could all have issued each other."""
    known, tried = pki.authority("x"), []
    hostile = [known.certificate] + [
        pki.issue("x", known, key=pki.key("P-256", 920), is_ca=True, names=()).certificate for _number in range(99)
    ]

    def issued_by(child: x509.Certificate, parent: x509.Certificate) -> bool:
        tried.append((child, parent))
        return child != parent

    monkeypatch.setattr(chains, "issued_by", issued_by)
    monkeypatch.setattr(chains, "is_root", lambda _certificate: False)
    leaf = pki.issue("www.example.com", known)
    found = build_chain(leaf.certificate, hostile, is_trusted=lambda _certificate: False, now=pki.now)
    assert len(found.certificates) == 1 and len(tried) <= chains.MAX_SIGNATURES

    def reversed_order(child: x509.Certificate, parent: x509.Certificate) -> bool:
        """Each leads to only one, which is tried last."""
        return order[parent] == order.get(child, 100) - 1

    by_trial = sorted(hostile, key=lambda each: each.fingerprint(hashes.SHA256()))
    order = {each: number for number, each in enumerate(by_trial)}
    monkeypatch.setattr(chains, "issued_by", reversed_order)
    with pytest.raises(InvalidMaterial) as caught:
        build_chain(leaf.certificate, hostile, is_trusted=lambda _certificate: False, now=pki.now)
    assert caught.value.rule == "chain-size"


def test_a_root_is_recognised_even_if_its_signature_is_too_old_to_check(
    pki: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on hosts whose policy forbids SHA-1, with which many roots are signed."""
    old = pki.issue("old", key=pki.key("2048", 930), is_ca=True, names=(), digest=hashes.SHA256()).certificate
    monkeypatch.setattr(chains, "is_self_signed", lambda _certificate: False)
    assert not chains.is_root(old)
    monkeypatch.setattr(chains, "_digest", lambda _certificate: hashes.SHA1())
    assert chains.is_root(old)
