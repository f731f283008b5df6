# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find what many jobs are about in one read of what exists, and make their plans.

A job that cannot be done gets an error of its own; what is raised here concerns them all.
"""

from __future__ import annotations

import typing as t
from datetime import datetime

from . import plan
from .._certificates import inventory
from .._certificates.certificate import Certificate
from .._door.acm import AcmError
from .._certificates.inventory import Door
from .job import Job, Settings, still_open
from .._rules.errors import InvalidInput

_GONE = "ResourceNotFoundException"


def look_up(acm: Door, jobs: t.Sequence[Job], settings: Settings) -> None:
    """Find what each job is about, in one read for all."""
    _refuse_twins(jobs)
    _describe_by_arn(acm, jobs, settings)
    _find_by_names(acm, jobs, settings)
    _find_replacements(acm, jobs, settings)
    _find_by_name_tag(acm, jobs, settings)
    _read_details(acm, jobs, settings)
    _read_tags(acm, jobs)
    _refuse_shared(jobs)


def decide(acm: Door, jobs: t.Sequence[Job], settings: Settings) -> None:
    """Make every job's plan, and have ACM itself confirm what only the tagging API says about tags."""
    for job in still_open(jobs):
        _plan(job, settings)
    tagging = [
        job
        for job in still_open(jobs)
        if {"AddTagsToCertificate", "RemoveTagsFromCertificate"} & set(job.plan.operations)
    ]
    if tagging and len([job for job in jobs if job.tags is not None]) > inventory.FEW and not acm.is_authority:
        tags = inventory.tags_of(acm, [job.arn for job in tagging], surely=True)
        for job in tagging:
            job.tags = tags[job.arn]
            _plan(job, settings)


def _refuse_twins(jobs: t.Sequence[Job]) -> None:
    seen: dict[t.Any, int] = {}
    for number, job in enumerate(jobs, 1):
        if job.is_open:
            first = seen.setdefault(job.want.identity(), number)
            if first != number:
                job.error = InvalidInput(
                    f"Item {number} ({job.want.label}) means the same certificate as item {first}."
                )


def _refuse_shared(jobs: t.Sequence[Job]) -> None:
    seen: dict[str, int] = {}
    for number, job in enumerate(jobs, 1):
        if job.is_open and job.one is not None:
            first = seen.setdefault(job.arn, number)
            if first != number:
                job.error = InvalidInput(
                    f"Item {number} ({job.want.label}) and item {first} both mean {job.arn}: "
                    "give them different key algorithms or name tags, or leave one out."
                )


def _describe_by_arn(acm: Door, jobs: t.Sequence[Job], settings: Settings) -> None:
    by_arn = [job for job in still_open(jobs) if job.want.arn]
    if len(by_arn) > inventory.FEW and not settings.details:
        # The inventory tells about all of them; but whether to replace one should be known before its successor is sought.
        by_arn = [job for job in by_arn if job.want.replace]
    _describe_jobs(acm, by_arn)


def _describe_jobs(acm: Door, jobs: t.Sequence[Job]) -> None:
    answers = acm.each("DescribeCertificate", [{"CertificateArn": job.want.arn} for job in jobs])
    for job, answer in zip(jobs, answers):
        if not isinstance(answer, AcmError):
            _take(job, inventory.from_detail(answer.get("Certificate") or {}))
        elif answer.code != _GONE:
            job.error = answer
        elif job.want.state == "present":
            job.error = InvalidInput(
                f"There is no certificate {job.want.arn}: correct certificate_arn, or leave it out "
                "to have the certificate found by its names or requested."
            )


def _take(job: Job, one: Certificate) -> None:
    job.one, job.found = one, [one]


def _find_by_names(acm: Door, jobs: t.Sequence[Job], settings: Settings) -> None:
    by_arn = [job for job in still_open(jobs) if job.want.arn and job.one is None]
    if not (len(by_arn) > inventory.FEW and not settings.details):
        by_arn = []
    by_names = [job for job in still_open(jobs) if not job.want.arn and job.want.domain_name]
    if not by_arn and not by_names:
        return
    listed = _listing(acm, [] if by_arn else [job.want.names[0] for job in by_names], settings.now)
    at_hand = {one.arn: one for one in listed}
    for job in by_arn:
        if job.want.arn in at_hand:
            _take(job, at_hand[job.want.arn])
    _describe_jobs(acm, [job for job in by_arn if job.one is None])
    _match(acm, by_names, listed, settings.now)


def _listing(acm: Door, names: t.Sequence[str], now: datetime) -> list[Certificate]:
    """What exists: as far as it may have to do with these names, or (without names) everything."""
    return inventory.listing(acm, inventory.Query(any_names=tuple(names) or None), now)


def _match(acm: Door, jobs: t.Sequence[Job], listed: list[Certificate], now: datetime) -> None:
    vague = {
        one.arn
        for job, matching in _matching(jobs, listed)
        for one in matching
        if plan.needs_detail_to_match(job.want, one)
    }
    if vague:
        listed = inventory.described(acm, listed, lambda one: one.arn in vague)
    pairs = _matching(jobs, listed)
    tagged = {one.arn for job, matching in pairs if job.want.name_tag is not None for one in matching}
    tags = inventory.tags_of(acm, sorted(tagged)) if tagged else {}
    for job, matching in pairs:
        if job.want.state == "present":
            job.spent = plan.spent(job.want, matching, now)
            job.one = plan.choose(job.want, matching, tags, now)
            if job.one is not None:
                job.tags = tags.get(job.one.arn)
        elif job.want.name_tag is not None:
            job.found = [one for one in matching if tags[one.arn].get("Name") == job.want.name_tag]
        else:
            job.found = matching


def _matching(jobs: t.Sequence[Job], listed: t.Iterable[Certificate]) -> list[tuple[Job, list[Certificate]]]:
    """Every job with the certificates that it may be about, in their order."""
    by_name: dict[str, list[Certificate]] = {}
    vague = []
    for one in listed:
        if one.names_are_complete:
            for name in one.names:
                by_name.setdefault(name, []).append(one)
        else:
            vague.append(one)
    return [
        (job, [one for one in [*by_name.get(job.want.names[0], ()), *vague] if plan.may_be(job.want, one)])
        for job in jobs
    ]


def _find_replacements(acm: Door, jobs: t.Sequence[Job], settings: Settings) -> None:
    """A certificate named by its ARN that is to be replaced may have its successor already."""
    replacing = [
        job
        for job in still_open(jobs)
        if job.want.state == "present" and job.want.replace and job.want.arn and job.one is not None
        if plan.fixed_differences(job.want, job.one, can_migrate=False) or not job.one.is_live(settings.now)
    ]
    if not replacing:
        return
    listed = _listing(acm, [job.want.names[0] for job in replacing], settings.now)
    for job in replacing:
        old = t.cast(Certificate, job.one)
        successor = Job(job.want._replace(arn=None))
        _match(acm, [successor], [one for one in listed if one.arn != old.arn], settings.now)
        job.spent = successor.spent
        if successor.one is not None and not plan.fixed_differences(job.want, successor.one, can_migrate=False):
            job.one, job.tags, job.replaces = successor.one, successor.tags, old


def _find_by_name_tag(acm: Door, jobs: t.Sequence[Job], settings: Settings) -> None:
    for job in still_open(jobs):
        name = job.want.name_tag
        if name is None or job.want.arn or job.one is not None or job.found:
            continue
        if job.want.state != "present" and job.want.domain_name:
            continue
        tags = inventory.tagged(acm, {"Name": name})
        if tags is None:
            tags = inventory.tags_of(acm, [one.arn for one in _listing(acm, [], settings.now)])
        details = inventory.describe_each(acm, [arn for arn in tags if tags[arn].get("Name") == name])
        found = [inventory.from_detail(detail) for detail in details.values() if detail is not None]
        if job.want.state == "present":
            live = [one for one in inventory.newest(found, settings.now) if one.is_live(settings.now)]
            job.one = next(iter(live), None)
        else:
            job.found = found


def _read_details(acm: Door, jobs: t.Sequence[Job], settings: Settings) -> None:
    """Describe what the list did not tell enough about; with details, everything."""
    wanted = {
        one.arn
        for job in still_open(jobs)
        for one in ([job.one] if job.one is not None else job.found)
        if one.detail is None and (settings.details or plan.needs_detail(job.want, one, settings.now))
    }
    if not wanted:
        return
    details = inventory.describe_each(acm, sorted(wanted))

    def told(one: Certificate) -> t.Optional[Certificate]:
        if one.arn not in details:
            return one
        detail = details[one.arn]
        return None if detail is None else one.detailed(detail)  # None: deleted meanwhile

    for job in still_open(jobs):
        job.found = [one for one in map(told, job.found) if one is not None]
        if job.one is not None:
            job.one = told(job.one)


def _read_tags(acm: Door, jobs: t.Sequence[Job]) -> None:
    jobs = [
        job
        for job in still_open(jobs)
        if job.one is not None and job.tags is None
        if job.want.state == "present" and job.want.all_tags is not None
    ]
    if jobs:
        tags = inventory.tags_of(acm, [job.arn for job in jobs])
        for job in jobs:
            job.tags = tags[job.arn]


def _plan(job: Job, settings: Settings) -> None:
    try:
        if job.want.state == "absent":
            job.plan = plan.plan_absent(job.found, job.want)
        elif job.want.state == "revoked":
            job.plan = plan.plan_revoked(job.found, job.want)
            job.one = next(iter(job.found), None)
        else:
            job.plan = plan.plan_present(
                job.want, job.one, job.tags, settings.now, spent_arns=job.spent, prices=settings.prices
            )
            if job.plan.replaces is not None:
                job.replaces = job.plan.replaces
            job.is_new = "RequestCertificate" in job.plan.operations
    except InvalidInput as error:
        job.error = error
