# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate in ACM an import refers to: by names in one spelling, or other facts if it has no names. Pure."""

from __future__ import annotations

import typing as t
from datetime import datetime

from .._certificates.certificate import Certificate, newest
from .._rules.errors import InvalidInput
from .._rules.names import check_domain_name, covers
from .._x509 import pem
from .options import Wanted


def names_of(certificate: t.Any) -> frozenset[str]:
    """The names of an X.509 certificate in the spelling for comparison with ACM's answers."""
    return Certificate(arn="", alternative_names=tuple(pem.domain_names(certificate))).names


def identity(certificate: t.Any) -> frozenset[str]:
    """What a successor has in common with its predecessor: its names, or else its IP addresses, or else its subject."""
    return (
        names_of(certificate)
        or frozenset(pem.ip_addresses(certificate))
        or frozenset([f"subject {pem.distinguished_name(certificate.subject)}"])
    )


def searched_names(certificate: t.Any) -> tuple[str, ...]:
    """One of the certificate's DNS names, in every spelling under which ACM may find it; empty if none is suitable."""
    for name in sorted(pem.dns_names(certificate)):
        try:
            return tuple(dict.fromkeys((name, check_domain_name(name))))
        except InvalidInput:
            continue
    return ()


def has_names_of(listed: Certificate, certificate: t.Any) -> bool:
    """Whether ACM shows the names of this certificate. They may or may not include its common name."""
    names = names_of(certificate)
    common_name = Certificate(arn="", domain_name=pem.common_name(certificate)).names
    return bool(names) and listed.names in (names, names | common_name)


def may_lack_names(certificate: t.Any) -> bool:
    """Whether ACM may show no name at all of this certificate, so that only the certificate itself shows which it
    is."""
    return not pem.dns_names(certificate)


def has_serial(listed: Certificate, certificate: t.Any) -> bool:
    return listed.serial is not None and _plain(listed.serial) == _plain(pem.serial(certificate))


def shares_a_name(old: t.Any, new: t.Any) -> bool:
    """Whether two certificates have a name in common, or if they have no names, an address or a subject."""
    before, after = identity(old), identity(new)
    return bool(before & after) or any(
        covers(pattern, name)
        for some, others in ((before, after), (after, before))
        for pattern in some
        for name in others
        if pattern.startswith("*.")
    )


def choose(
    wanted: Wanted,
    listed: t.Sequence[Certificate],
    alike: t.Collection[str],
    tags: t.Mapping[str, t.Mapping[str, str]],
    now: datetime,
) -> t.Optional[Certificate]:
    """The matching certificate: the one with the name tag, or else one with the same identity and key algorithm and no
    other name tag: first the same certificate, then the newest valid one. None: it is a new certificate.

    alike: ARNs with the same identity. tags: by ARN, if a name tag is wanted. Raises InvalidInput if several have the
    tag."""
    if wanted.name_tag is not None:
        named = [each for each in listed if tags.get(each.arn, {}).get("Name") == wanted.name_tag]
        same = [each for each in named if has_serial(each, wanted.ready.certificate)]
        if len(named) > 1 and len(same) != 1:
            raise InvalidInput(
                f"{len(named)} imported certificates have the tag Name={wanted.name_tag}: "
                f"{', '.join(sorted(each.arn for each in named))}. Select one with certificate_arn."
            )
        if named:
            return (same or named)[0]
    candidates = newest(
        (
            each
            for each in listed
            if each.arn in alike
            and each.key_algorithm == wanted.key_algorithm
            and (wanted.name_tag is None or "Name" not in tags.get(each.arn, {}))
        ),
        now,
    )
    same = [each for each in candidates if has_serial(each, wanted.ready.certificate)]
    return next(iter(same or candidates), None)


def _plain(serial: str) -> str:
    return serial.replace(":", "").lower().lstrip("0")
