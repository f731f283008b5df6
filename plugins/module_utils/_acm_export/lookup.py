# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate an export is about, and what is known of it before its key is fetched: ACM's answers in the fewest
calls, and the files that are there.
"""

from __future__ import annotations

import functools
import typing as t
from datetime import datetime

from .._certificates import inventory
from .._files import atomic
from .._x509 import pem
from .._certificates.certificate import Certificate, newest
from .._door.acm import AcmError
from .job import (
    Job,
    Wanted,
    ask,
    key_in,
    parse,
    settle,
    still_open,
)
from .._files.atomic import FileSpec
from .._files.forms import SECRET_FORMS
from .._certificates.inventory import Door
from .._rules.errors import InvalidInput
from .._rules.names import name_set
from .._rules.errors import InvalidMaterial

_NOT_YET = {
    "PENDING_VALIDATION": "still waits for its validation; let acm_certificate wait for it first",
    "EXPIRED": "has expired; export its successor",
    "REVOKED": "is revoked; export its successor",
}


def look_up(acm: Door, jobs: t.Sequence[Job], now: datetime, *, is_check: bool = False) -> None:
    """Find the certificates, and read from their files and from ACM all but the keys that no file holds."""
    _find_by_arn(acm, still_open(jobs), now)
    _find_by_names(acm, [job for job in still_open(jobs) if not job.want.arn], now)
    _check_states(acm, still_open(jobs), now)
    for job in still_open(jobs):
        settle(job, lambda job=job: _read_files(job))  # type: ignore[misc]
    # an export answers the certificate too
    due = [job for job in still_open(jobs) if is_check or not is_export_due(job)]
    for job, answer in ask(acm, "GetCertificate", due):
        settle(job, lambda job=job, answer=answer: setattr(job, "keys", parse(answer)))  # type: ignore[misc]


def _find_by_arn(acm: Door, jobs: t.Sequence[Job], now: datetime) -> None:
    by_arn = [job for job in jobs if job.want.arn]
    listed = listed_by_arn(acm, [str(job.want.arn) for job in by_arn], now)
    for job in by_arn:
        job.one = listed.get(str(job.want.arn))
    _describe(acm, [job for job in by_arn if job.one is None])


def listed_by_arn(acm: Door, arns: t.Sequence[str], now: datetime) -> dict[str, Certificate]:
    """What one read of the inventory tells of many; nothing where there are few, or no right to list."""
    if len(arns) <= inventory.FEW:
        return {}
    try:
        return {one.arn: one for one in inventory.listing(acm, inventory.Query(arns=tuple(arns)), now)}
    except AcmError:
        return {}  # then each is described, which tells what is wrong


def _describe(acm: Door, jobs: t.Sequence[Job]) -> None:
    for job, answer in ask(acm, "DescribeCertificate", jobs, lambda job: {"CertificateArn": job.want.arn or job.arn}):
        job.one = inventory.from_detail(answer.get("Certificate") or {})


def _find_by_names(acm: Door, jobs: t.Sequence[Job], now: datetime) -> None:
    if not jobs:
        return
    names = tuple(sorted({str(job.want.domain_name) for job in jobs}))
    try:
        listed = inventory.with_names(acm, inventory.listing(acm, inventory.Query(any_names=names), now))
    except AcmError as error:
        for job in jobs:
            job.error = error
        return
    for job in jobs:
        settle(job, lambda job=job: setattr(job, "one", choose(job.want, listed, now)))  # type: ignore[misc]


def _check_states(acm: Door, jobs: t.Sequence[Job], now: datetime) -> None:
    """Refuse what cannot be served; lists may lag behind, so what is refused was described."""
    for job in jobs:
        settle(job, lambda job=job: check_state(t.cast(Certificate, job.one), now))  # type: ignore[misc]
    doubtful = [job for job in jobs if job.error is not None and job.one is not None and job.one.detail is None]
    for job in doubtful:
        job.error = None
    _describe(acm, doubtful)
    for job in still_open(doubtful):
        settle(job, lambda job=job: check_state(t.cast(Certificate, job.one), now))  # type: ignore[misc]


def _read_files(job: Job) -> None:
    job.present = {spec.path: atomic.read(spec) for spec in job.want.files}
    for spec in job.want.files:
        present = job.present[spec.path]
        if spec.form in SECRET_FORMS and present is not None:
            key = key_in(spec.form, present.content, job.want.passphrase)
            if key is not None:
                job.keys_at_hand.append(key)


def is_export_due(job: Job) -> bool:
    """Whether a key must be fetched whatever certificate ACM holds: no file has one that could belong to it."""
    one = t.cast(Certificate, job.one)
    if not job.want.needs_key or not one.is_exportable:
        return False
    leaves = [leaf for leaf in map(functools.partial(_leaf_in, job), job.want.files) if leaf is not None]
    if one.serial is None or any(pem.serial(leaf) == one.serial for leaf in leaves):
        return not job.keys_at_hand
    return all(any(pem.key_matches(key, leaf) for leaf in leaves) for key in job.keys_at_hand)


def _leaf_in(job: Job, spec: FileSpec) -> t.Any:
    """The certificate that a file of the set holds for itself, if it does."""
    present = job.present[spec.path]
    if present is None or spec.form not in ("cert", "fullchain", "combined"):
        return None
    try:
        return next(iter(pem.load_certificates(present.content)), None)
    except InvalidMaterial:
        return None


def choose(wanted: Wanted, listed: t.Iterable[Certificate], now: datetime) -> Certificate:
    """The newest valid one with these names; where the key is wanted, one whose key can be had."""
    same = [one for one in listed if has_names_of(wanted, one)]
    ready = [one for one in newest(same, now) if one.is_valid(now) and one.type != "IMPORTED"]
    exportable = [one for one in ready if not wanted.needs_key or one.is_exportable]
    if exportable:
        return exportable[0]
    if ready:
        raise not_exportable(ready[0])
    if not same:
        raise InvalidInput(f"There is no certificate for {wanted.label}; request it with acm_certificate.")
    statuses = ", ".join(sorted({f"{one.type} {one.status}" for one in same if one.type and one.status}))
    raise InvalidInput(f"No certificate for {wanted.label} can be exported: what there is, is {statuses or 'unknown'}.")


def has_names_of(wanted: Wanted, one: Certificate) -> bool:
    if wanted.names is not None:
        return one.names == wanted.names
    return bool(one.domain_name) and name_set(one.domain_name) == name_set(wanted.domain_name)


def not_exportable(one: Certificate) -> InvalidInput:
    if one.type == "IMPORTED":
        return InvalidInput(f"{one.arn} was imported; ACM gives out no key that it was given.")
    return InvalidInput(
        f"{one.arn} was requested without export, and that can't be changed; "
        "request a new one with acm_certificate and options.export=ENABLED."
    )


def check_state(one: Certificate, now: datetime) -> None:
    """Raise InvalidInput unless the certificate can be served now."""
    status = "EXPIRED" if one.status == "ISSUED" and not one.is_valid(now) else one.status
    if status != "ISSUED":
        why = _NOT_YET.get(status or "", f"has the status {status}; only an ISSUED certificate can be exported")
        raise InvalidInput(f"{one.arn} {why}.")
