# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The path from a certificate up to its root, found in a bundle that may have several paths and unrelated certificates.

Pure functions. Other rooms import them through pem.py.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Callable, Iterable, NamedTuple

from .._rules.errors import InvalidMaterial
from .certificate import describe, distinguished_name, extension, is_self_signed, issued_by

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
except ImportError:
    pass  # certificate.py keeps the reason

# Real bundles need fewer than ten; a hostile bundle could require the square of its number of certificates
MAX_SIGNATURES = 1_000

Trust = Callable[["x509.Certificate"], bool]


class Chain(NamedTuple):
    """The issuers of a certificate, each directly certifying the one before.

    open_end: the last certificate of the path, if its issuer is neither in the bundle nor known to be trusted although
    the bundle has certificates that the path does not reach: a certificate may be missing. None: all is well. left_out:
    those certificates."""

    certificates: list[x509.Certificate]
    open_end: x509.Certificate | None = None
    left_out: tuple[x509.Certificate, ...] = ()


def build_chain(
    leaf: x509.Certificate,
    pool: Iterable[x509.Certificate],
    *,
    is_trusted: Trust,
    keep_root: bool = False,
    now: datetime | None = None,
) -> Chain:
    """Find the chain of LEAF in POOL. Of all paths up, the one with the fewest certificates that are not valid at NOW
    is chosen; among those the shortest that ends at a root in POOL, or else the shortest; and among equals the one that
    expires last.

    The self-signed root is left out (a client has it, or does not trust it), unless there is nothing else, or
    keep_root. is_trusted: whether the issuer of a certificate is in this host's trust list; called only in doubt.
    Raises InvalidMaterial, naming the missing certificate, if no path is complete: LEAF's own issuer is missing, or the
    path does not reach a root that POOL has."""
    candidates = _distinct(pool, leaf)
    tree = _Tree(leaf, candidates, now)
    roots = tree.roots()
    if roots:
        return Chain(_without_root(tree.way_to(tree.best(roots)), keep_root=keep_root))
    ends = tree.ends()
    end = tree.best(ends)
    left_out = tuple(each for each in candidates if not tree.leads_to(each))
    if not left_out:
        return Chain(tree.way_to(end))
    trusted = [each for each in ends if is_trusted(each)]
    if trusted:
        return Chain(tree.way_to(tree.best(trusted)))
    if end == leaf or any(is_root(each) for each in left_out):
        raise _missing_issuer(end, candidates)
    return Chain(tree.way_to(end), end, left_out)


def is_root(certificate: x509.Certificate) -> bool:
    """Whether the certificate is its own issuer, even if its signature is too old for this host to check."""
    if certificate.subject != certificate.issuer:
        return False
    if is_self_signed(certificate):
        return True
    own = extension(certificate, x509.SubjectKeyIdentifier)
    issuer = extension(certificate, x509.AuthorityKeyIdentifier)
    is_same_key = issuer is None or (own is not None and issuer.key_identifier == own.digest)
    return is_same_key and isinstance(_digest(certificate), (hashes.SHA1, hashes.MD5))


class _Tree:
    """The best path from a leaf to each certificate that can be reached (Dijkstra's algorithm).

    The cost of a path: how many of its certificates are not valid now, its length, and how soon the first expires.
    """

    def __init__(self, leaf: x509.Certificate, candidates: list[x509.Certificate], now: datetime | None) -> None:
        self._cost: dict[x509.Certificate, tuple[int, int, float]] = {leaf: (0, 0, -math.inf)}
        self._below: dict[x509.Certificate, x509.Certificate] = {}
        self._signatures = 0
        settled: set[x509.Certificate] = set()
        while True:
            waiting = [each for each in (leaf, *candidates) if each in self._cost and each not in settled]
            if not waiting:
                break
            certificate = self.best(waiting)
            settled.add(certificate)
            if is_root(certificate):
                continue
            invalid, length, expiry = self._cost[certificate]
            for parent in candidates:
                if parent.subject != certificate.issuer:
                    continue
                ends = -parent.not_valid_after_utc.timestamp()
                cost = (invalid + (not _is_valid(parent, now)), length + 1, max(expiry, ends))
                if cost < self._cost.get(parent, (math.inf,)) and self._is_issued(certificate, parent):
                    self._cost[parent] = cost
                    self._below[parent] = certificate

    def _is_issued(self, child: x509.Certificate, parent: x509.Certificate) -> bool:
        self._signatures += 1
        if self._signatures > MAX_SIGNATURES:
            raise InvalidMaterial(
                "chain-size",
                "Too many of the given certificates could be issuers of each other to try every path; "
                "give the chain of this certificate only.",
            )
        return issued_by(child, parent)

    def leads_to(self, certificate: x509.Certificate) -> bool:
        return certificate in self._cost

    def roots(self) -> list[x509.Certificate]:
        """The roots that were reached; the leaf itself if it is a root."""
        return [certificate for certificate in self._cost if is_root(certificate)]

    def ends(self) -> list[x509.Certificate]:
        """The certificates from which no path leads further."""
        passed = set(self._below.values())
        return [certificate for certificate in self._cost if certificate not in passed]

    def best(self, ends: Iterable[x509.Certificate]) -> x509.Certificate:
        return min(ends, key=lambda certificate: self._cost[certificate])

    def way_to(self, end: x509.Certificate) -> list[x509.Certificate]:
        way: list[x509.Certificate] = []
        while end in self._below:
            way.insert(0, end)
            end = self._below[end]
        return way


def _without_root(way: list[x509.Certificate], *, keep_root: bool) -> list[x509.Certificate]:
    return way[:-1] if len(way) > 1 and not keep_root and is_root(way[-1]) else way


def _distinct(pool: Iterable[x509.Certificate], leaf: x509.Certificate) -> list[x509.Certificate]:
    """Without repetitions, in a fixed order: the chain must not depend on the order of the bundle."""
    return sorted({each for each in pool if each != leaf}, key=lambda each: each.fingerprint(hashes.SHA256()))


def _missing_issuer(end: x509.Certificate, candidates: list[x509.Certificate]) -> InvalidMaterial:
    issuer = distinguished_name(end.issuer)
    namesakes = [each for each in candidates if each.subject == end.issuer]
    found = "which is not among the given certificates"
    if namesakes:
        found = f"and {describe(namesakes[0])}, which was given, has that name but another key"
    return InvalidMaterial(
        "chain-link",
        f"The chain is incomplete: {describe(end)} was issued by {issuer or 'an issuer without a name'}, {found}; "
        "add the certificate of that issuer.",
    )


def _digest(certificate: x509.Certificate) -> object:
    try:
        return certificate.signature_hash_algorithm
    except Exception:  # pylint: disable=broad-exception-caught  # an algorithm that this host does not know
        return None


def _is_valid(certificate: x509.Certificate, now: datetime | None) -> bool:
    return now is None or certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
