# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate an export refers to, and whether it can be exported now. Pure."""

from __future__ import annotations

import typing as t
from datetime import datetime

from .._certificates.certificate import Certificate, newest
from .._rules.errors import InvalidInput
from .._rules.names import name_set
from .item import Wanted

_NOT_YET = {
    "PENDING_VALIDATION": "is still waiting for its validation; have acm_certificate wait for it first",
    "EXPIRED": "has expired; export its successor",
    "REVOKED": "is revoked; export its successor",
}


class Missing(InvalidInput):
    """No certificate has the names; an earlier task may be the one that requests it."""

    code = InvalidInput.__name__  # for users it is like any other


def choose(wanted: Wanted, listed: t.Sequence[Certificate], now: datetime) -> Certificate:
    """The newest valid certificate with these names; if the key is wanted, only certificates whose keys can be
    exported."""
    same = [certificate for certificate in listed if has_names_of(wanted, certificate)]
    ready = [
        certificate for certificate in newest(same, now) if certificate.is_valid(now) and certificate.type != "IMPORTED"
    ]
    exportable = [certificate for certificate in ready if not wanted.needs_key or certificate.is_exportable]
    if exportable:
        return exportable[0]
    if ready:
        raise not_exportable(ready[0])
    if not same:
        raise Missing(_missing(wanted, listed))
    imported = [each for each in newest(same, now) if each.type == "IMPORTED"]
    if wanted.needs_key and imported and all(each.type == "IMPORTED" for each in same):
        raise InvalidInput(
            f"{imported[0].arn} ({wanted.label}) was imported, and ACM never gives out the key of an imported "
            "certificate: use the files that it was imported from, or request a certificate with acm_certificate."
        )
    latest = newest(same, now)[0]
    if latest.type != "IMPORTED" and latest.status:
        check_state(latest, now, wanted.needs_key)
    statuses = ", ".join(sorted({f"{each.arn} is {each.type} and {each.status_at(now)}" for each in same if each.type}))
    raise InvalidInput(f"No certificate for {wanted.label} can be exported now: {statuses or 'ACM reports no status'}.")


def _missing(wanted: Wanted, listed: t.Iterable[Certificate]) -> str:
    """The message if no certificate has the names: which names the nearest certificate lacks, and which others it
    has."""
    near = [each for each in listed if wanted.names and name_set(wanted.domain_name) <= each.names]
    if not near or wanted.names is None:
        return f"There is no certificate for {wanted.label}; request it with acm_certificate."
    names = wanted.names
    nearest = min(near, key=lambda each: (len(names ^ each.names), each.arn))
    differences = [
        f"{verb} {', '.join(sorted(some))}"
        for verb, some in (("lacks", names - nearest.names), ("also has", nearest.names - names))
        if some
    ]
    return (
        f"No certificate has exactly the names {', '.join(sorted(names))}: {nearest.arn} has {wanted.domain_name}, but "
        f"{' and '.join(differences)}. Correct subject_alternative_names, or request another certificate with "
        "acm_certificate."
    )


def has_names_of(wanted: Wanted, certificate: Certificate) -> bool:
    if wanted.names is not None:
        return certificate.names == wanted.names
    return bool(certificate.domain_name) and name_set(certificate.domain_name) == name_set(wanted.domain_name)


def not_exportable(certificate: Certificate) -> InvalidInput:
    if certificate.type == "IMPORTED":
        return InvalidInput(f"{certificate.arn} was imported; ACM does not export imported keys.")
    return InvalidInput(
        f"{certificate.arn} was requested without export, which cannot be changed; "
        "request a new certificate with acm_certificate and options.export=ENABLED."
    )


def check_state(certificate: Certificate, now: datetime, needs_key: bool = False) -> None:
    """Raise InvalidInput unless the certificate can be exported now."""
    status = certificate.status_at(now)
    if needs_key and status == "PENDING_VALIDATION" and not certificate.is_exportable:
        raise not_exportable(certificate)  # waiting for it would not help
    if status != "ISSUED":
        why = _NOT_YET.get(status or "", f"has the status {status}; only an ISSUED certificate can be exported")
        raise InvalidInput(f"{certificate.arn} {why}.")
