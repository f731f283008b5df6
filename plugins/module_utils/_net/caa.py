# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certification Authority Authorization (RFC 8659): whether the owner of a name lets an issuer issue for it.

A rule that both sides share: the authority applies it, and the modules' diagnosis predicts it.
"""

from __future__ import annotations

import re
import typing as t

from . import resolver as dns_door
from .._rules.names import base_name, is_wildcard
from .resolver import Asks, CaaRecord

KNOWN_TAGS = ("issue", "issuewild", "iodef")  # RFC 8659, section 4


class Permission(t.NamedTuple):
    """is_given: True, False, or None if DNS gave no definite answer. detail: why, in one sentence."""

    is_given: t.Optional[bool]
    detail: str


def permission(name: str, issuers: t.Iterable[str], resolver: Asks) -> Permission:
    """Whether one of `issuers` may issue for `name` (ASCII, a wildcard with its star).

    The relevant set is the first one found on the way from the name to the root (RFC 8659, section 3); CNAMEs are
    followed at every step, but the search does not climb from their targets. After a DNS fault there is one retry, and
    then no permission: the CA/B Forum (BR 3.2.2.8) lets a CA continue only for a zone that is provably unsigned, and
    ACM does not document that it does so."""
    labels = base_name(name).split(".")
    has_authority = False
    for start in range(len(labels)):
        owner = ".".join(labels[start:])
        found = resolver.lookup(owner, "CAA")
        if found.status in (dns_door.SERVFAIL, dns_door.TIMEOUT):
            found = resolver.lookup(owner, "CAA")
        if found.status == dns_door.REFUSED and has_authority:
            break  # a server that is only authoritative, as in a lab: it knows no records above its own zones
        if not found.is_certain:
            return Permission(None, f"The CAA records of {owner} cannot be looked up. {found.detail}")
        if found.records:
            is_given, why = judge(found.records, issuers, is_wildcard(name))
            return Permission(is_given, f"The CAA records of {owner} {why}.")
        has_authority = has_authority or found.is_authoritative
    return Permission(True, f"No CAA record prevents a certificate for {name}.")


def judge(records: t.Sequence[CaaRecord], issuers: t.Iterable[str], wildcard: bool) -> tuple[bool, str]:
    """What a set of CAA records says about `issuers`: (allowed?, the end of a sentence that begins with the
    records)."""
    for record in records:
        if record.is_critical and record.tag.lower() not in KNOWN_TAGS:
            return False, f"carry the critical tag {record.tag!r}, which this issuer does not know"
    by_tag: dict[str, list[str]] = {}
    for record in records:
        by_tag.setdefault(record.tag.lower(), []).append(issuer_of(record.value))
    tag = "issuewild" if wildcard and "issuewild" in by_tag else "issue"
    if tag not in by_tag:
        return True, f"restrict nothing: none of them has the tag {tag}"
    wanted = {issuer.lower().rstrip(".") for issuer in issuers}
    allowed = [issuer for issuer in by_tag[tag] if issuer]
    for issuer in allowed:
        if issuer in wanted:
            return True, f"allow {issuer} ({tag})"
    if not allowed:
        return False, f"forbid every issuer ({tag})"
    return False, f"allow only {', '.join(sorted(allowed))} ({tag})"


def issuer_of(value: str) -> str:
    """The issuer's domain in a property value such as "amazon.com; policy=ev"; "" if it names none."""
    issuer = value.partition(";")[0].strip(" \t").lower().rstrip(".")
    return issuer if re.fullmatch(r"[a-z0-9.-]*", issuer) else ""
