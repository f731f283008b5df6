# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exports: what the files of a certificate should hold, which of them do, and the calls that the rest needs.

ExportCertificate is called only for a key that no file at hand holds. What it answers is believed only after the key
was decrypted, found to belong to the certificate, and the chain found to verify.
"""

from __future__ import annotations

import base64
import secrets
import typing as t
from datetime import datetime

from .._certificates import inventory
from .._files import atomic
from .._x509 import pem
from .._certificates.certificate import Certificate
from .._door.acm import AcmError
from .job import (
    Change,
    Job,
    ask,
    key_in,
    parse,
    settle,
    still_open,
)
from .lookup import listed_by_arn, not_exportable
from .._files.atomic import FileSpec
from .._files.forms import SECRET_FORMS
from .._certificates.inventory import Door
from .._rules.errors import InvalidMaterial

EXPORT = "ExportCertificate"


# ---------------------------------------------------------------- decide


def decide(jobs: t.Sequence[Job]) -> None:
    """Compare every job's files with what they should hold, and see whether a key has to be fetched."""
    for job in still_open(jobs):
        settle(job, lambda job=job: _decide(job))  # type: ignore[misc]


def _decide(job: Job) -> None:
    if job.keys is None:
        job.needs_export = True
        return
    leaf = job.keys.certificate
    job.keys.key = next((key for key in job.keys_at_hand if pem.key_matches(key, leaf)), None)
    job.changes = list(_changes(job))
    needs_key = job.want.returns_key or any(
        change.is_content and change.spec.form in SECRET_FORMS for change in job.changes
    )
    job.needs_export = needs_key and job.keys.key is None
    one = t.cast(Certificate, job.one)
    if job.needs_export and not one.is_exportable:
        raise not_exportable(one)


def _changes(job: Job) -> t.Iterator[Change]:
    rendered = job.key_set.render(job.want)
    for spec in job.want.files:
        present = job.present[spec.path]
        if spec.form == "chain" and not job.key_set.chain:
            continue
        if present is None:
            yield Change(spec, ("it was missing",), True)
            continue
        reasons = atomic.access_differences(spec, present)
        if not _is_as_wanted(job, spec, present.content, rendered):
            yield Change(spec, (_content_reason(job, spec, present.content), *reasons), True)
        elif reasons:
            yield Change(spec, tuple(reasons), False)


def _is_as_wanted(job: Job, spec: FileSpec, content: bytes, rendered: dict[str, bytes]) -> bool:
    """Encrypted forms are salted anew each time, so they are opened instead of compared."""
    keys, want = job.key_set, job.want
    if spec.form in SECRET_FORMS and keys.key is None:
        return False
    if spec.form == "pkcs12":
        try:
            key, certificate, chain = pem.load_pkcs12(content, want.passphrase or b"")
        except InvalidMaterial:
            return False
        is_same = (certificate, chain) == (keys.certificate, list(keys.chain))
        return is_same and key is not None and pem.key_matches(key, keys.certificate)
    if spec.form == "key" and want.encrypts_key:
        key = key_in("key", content, want.passphrase)
        only = [block.label for block in pem.blocks(content)] == ["ENCRYPTED PRIVATE KEY"] if key is not None else False
        return only and pem.key_matches(key, keys.certificate)
    return content == rendered.get(spec.form)


def _content_reason(job: Job, spec: FileSpec, content: bytes) -> str:
    try:
        found = pem.load_certificates(content) if spec.form != "pkcs12" else []
    except InvalidMaterial:
        found = []
    if found and spec.form != "chain" and found[0] != job.key_set.certificate:
        return f"it held the certificate with serial {pem.serial(found[0])}"
    if spec.form in ("key", "pkcs12"):
        key = key_in(spec.form, content, job.want.passphrase)
        if key is not None and not pem.key_matches(key, job.key_set.certificate):
            return "it held another key"
    return "it was altered"


# ---------------------------------------------------------------- do


def carry_out(
    acm: Door, jobs: t.Sequence[Job], now: datetime, restore_context: t.Optional[atomic.RestoreContext] = None
) -> None:
    """Fetch the keys that are needed, side by side, and write the files."""
    due = [job for job in still_open(jobs) if job.needs_export]
    passphrases = {id(job): job.want.passphrase or random_passphrase() for job in due}

    def members(job: Job) -> dict[str, t.Any]:
        return {"CertificateArn": job.arn, "Passphrase": passphrases[id(job)]}

    for job, answer in ask(acm, EXPORT, due, members):
        job.was_exported = True
        settle(job, lambda job=job, answer=answer: _take(job, answer, passphrases[id(job)]))  # type: ignore[misc]
    for job in still_open(jobs):
        settle(job, lambda job=job: _write(job, restore_context))  # type: ignore[misc]
    _see_eligibility(acm, [job for job in still_open(jobs) if job.was_exported], now)


def random_passphrase() -> bytes:
    """64 letters, digits, - and _: within ACM's rules, and never written anywhere."""
    return base64.urlsafe_b64encode(secrets.token_bytes(48))


def _take(job: Job, answer: dict[str, t.Any], passphrase: bytes) -> None:
    keys = parse(answer, passphrase)
    is_news = job.keys is None or keys.certificate != job.keys.certificate  # renewed between the two calls
    job.keys = keys
    if is_news:
        job.changes = list(_changes(job))


def _write(job: Job, restore_context: t.Optional[atomic.RestoreContext]) -> None:
    if job.changes:
        wanted = [spec for spec in job.want.files if spec.form != "chain" or job.key_set.chain]
        with atomic.locked(wanted) as held:
            present = {spec.path: atomic.read(spec) for spec in job.want.files}
            if present != job.present:  # another run was here: the set must not become a mixture
                job.present = present
                job.changes = list(_changes(job))
            rendered = job.key_set.render(job.want)
            contents = [(change.spec, rendered[change.spec.form]) for change in job.changes if change.is_content]
            atomic.write(held, contents, restore_context)
            atomic.mend_access(held, [change.spec for change in job.changes if not change.is_content], restore_context)
    job.is_done = True


def _see_eligibility(acm: Door, jobs: t.Sequence[Job], now: datetime) -> None:
    """An export is what makes a certificate that no service uses eligible for renewal: look again."""
    due = [job for job in jobs if job.one is not None and job.one.renewal_eligibility != "ELIGIBLE"]
    listed = listed_by_arn(acm, [job.arn for job in due], now)
    for job in due:
        job.one = listed.get(job.arn, job.one)
    due = [job for job in due if t.cast(Certificate, job.one).renewal_eligibility != "ELIGIBLE"]
    answers = acm.each("DescribeCertificate", [{"CertificateArn": job.arn} for job in due])
    for job, answer in zip(due, answers):
        if not isinstance(answer, AcmError):  # all is done: not to know is no failure
            job.one = inventory.from_detail(answer.get("Certificate") or {})
