# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry out plans for many certificates at once: each kind of call side by side, and a failure stays with the certificate
that it belongs to."""

from __future__ import annotations

import typing as t
from datetime import timedelta

from . import plan, lookup
from .._certificates import renewal_window
from .._certificates.certificate import Certificate
from .._door.acm import AcmError
from .._certificates.inventory import Door
from .job import Job, Settings, still_open
from .._rules.errors import InvalidInput
from .options import request_members

if t.TYPE_CHECKING:
    from . import waiting as readiness

_GONE = "ResourceNotFoundException"
_IN_USE = "ResourceInUseException"
A_MOMENT = timedelta(seconds=5)
NO_REFUSAL = ("AccessDeniedException", "ThrottlingException", "LimitExceededException", "InternalServerError")


def fulfil(acm: Door, jobs: t.Sequence[Job], settings: Settings, *, is_check: bool) -> None:
    """Look, decide, and unless this is a check, do. What came of it stands in the jobs."""
    settings = settings._replace(ends_at_s=settings.clock.monotonic() + settings.timeout_s)
    lookup.look_up(acm, jobs, settings)
    lookup.decide(acm, jobs, settings)
    if not is_check:
        carry_out(acm, jobs, settings)
    publish(acm, jobs, is_check)
    if not is_check:
        await_issue(acm, jobs, settings)
        renew(acm, jobs, settings)


def carry_out(acm: Door, jobs: t.Sequence[Job], settings: Settings) -> None:
    """Do what the plans say. What has been done stands in job.done, whatever happens afterwards."""
    _perform(acm, jobs, "RequestCertificate")
    _await_records(acm, jobs, settings)
    # First away, then to: a certificate may be at its 50 tags.
    for operation in ("RemoveTagsFromCertificate", "AddTagsToCertificate"):
        _perform(acm, jobs, operation)
    for operation in ("UpdateCertificateOptions", "ResendValidationEmail", "RevokeCertificate"):
        _perform(acm, jobs, operation)
    _replace_unmigrated(acm, jobs, settings)
    _delete(acm, jobs, settings)
    _refresh(acm, jobs)
    _await_migration_records(acm, jobs, settings)


def _replace_unmigrated(acm: Door, jobs: t.Sequence[Job], settings: Settings) -> None:
    """Where ACM does not change e-mail to DNS validation: request another certificate, if that is wanted."""
    refused = [
        job
        for job in jobs
        if job.wanted is not None and job.wanted.replace and _is_refused_migration(job.error)
        if any("ValidationMethod" in step.members.get("Options", ()) for step in job.plan.steps)
    ]
    for job in refused:
        job.plan = plan.plan_present(
            job.want, job.one, job.tags, settings.now, spent_arns=job.spent, prices=settings.prices, can_migrate=False
        )
        job.error, job.replaces, job.is_stale, job.is_new = None, job.one, False, True
    _perform(acm, refused, "RequestCertificate")
    _await_records(acm, [job for job in refused if job.is_open], settings)


def _await_migration_records(acm: Door, jobs: t.Sequence[Job], settings: Settings) -> None:
    """What is to be published of a certificate that has just begun to change to DNS may not be told at once."""
    changed = [job for job in still_open(jobs) if "UpdateCertificateOptions" in job.done and job.want.publish]
    if not changed:
        return
    from . import waiting as readiness

    migrating = [job for job in changed if job.one and not readiness.has_migration_records(job.one).is_over]
    _await_appearance(acm, migrating, settings, readiness.has_migration_records)
    for job in migrating:
        if job.is_open and job.one is not None and not readiness.has_migration_records(job.one).is_over:
            job.warnings.append(_untold(job))


def _is_refused_migration(error: t.Optional[Exception]) -> bool:
    return (
        isinstance(error, AcmError) and error.operation == "UpdateCertificateOptions" and error.code not in NO_REFUSAL
    )


def renew(acm: Door, jobs: t.Sequence[Job], settings: Settings) -> None:
    """Renew what is due, and wait for the new certificate where that is wanted."""
    _perform(acm, jobs, "RenewCertificate")
    renewing = [job for job in still_open(jobs) if job.is_renewing]
    waiting = [job for job in renewing if job.want.wait]
    if waiting:
        _await_renewals(acm, waiting, settings)
    _refresh(acm, [job for job in renewing if not job.want.wait])


def _await_renewals(acm: Door, waiting: t.Sequence[Job], settings: Settings) -> None:
    from . import waiting as readiness

    befores = {job.arn: t.cast(Certificate, job.one) for job in waiting}
    judges = {arn: readiness.is_renewed(before) for arn, before in befores.items()}
    _await(acm, waiting, judges, settings, "has not been renewed")


def publish(acm: Door, jobs: t.Sequence[Job], is_check: bool) -> None:
    """Put the validation records where `publish` says, and keep them for the result in any case."""
    publishing_jobs = []
    for job in jobs:
        if job.wanted is None or job.want.state != "present" or job.one is None or job.one.detail is None:
            continue
        if job.replaces is not None and job.one is job.replaces:
            continue
        if job.one.type == "AMAZON_ISSUED" and "DNS" in _methods(job.one.detail):
            from .._validation import proof_records

            job.records = proof_records.records(job.one.detail)
            if job.is_open and job.want.publish:
                publishing_jobs.append(job)
    if not publishing_jobs:
        return
    from .._validation import publishing

    needs = [(t.cast("dict[str, t.Any]", job.want.publish), job.records or []) for job in publishing_jobs]
    for job, published in zip(publishing_jobs, publishing.publish_each(needs, acm.client, is_check)):
        job.published, job.error = published.changes, published.error


def _methods(detail: dict[str, t.Any]) -> set[str]:
    """How the names are validated; in more than one way while that is being changed."""
    return {option.get("ValidationMethod") or "DNS" for option in detail.get("DomainValidationOptions") or ()}


def await_issue(acm: Door, jobs: t.Sequence[Job], settings: Settings) -> None:
    """Wait for the certificates of all jobs that want it to be issued, or changed to DNS validation."""
    waiting = [job for job in still_open(jobs) if job.want.state == "present" and job.want.wait and job.one is not None]
    if not waiting:
        return
    from . import waiting as readiness

    pending = [job for job in waiting if t.cast(Certificate, job.one).status != "ISSUED"]
    _await(acm, pending, {job.arn: readiness.is_issued for job in pending}, settings, "is not issued")
    migrating = [
        job for job in waiting if job.is_open and not readiness.is_migrated(t.cast(Certificate, job.one)).is_over
    ]
    _await(acm, migrating, {job.arn: readiness.is_migrated for job in migrating}, settings, "is not validated by DNS")


def _perform(acm: Door, jobs: t.Sequence[Job], operation: str) -> None:
    calls = [(job, step) for job in still_open(jobs) for step in job.plan.steps if step.operation == operation]
    for (job, step), answer in zip(calls, acm.each(operation, [step.members for _job, step in calls])):
        if isinstance(answer, AcmError):
            if operation == "RenewCertificate" and answer.code == "RequestInProgressException":
                # ACM was about to renew it anyway, or an earlier run has asked and it shows only now.
                decision = renewal_window.Decision(False, "A renewal is already under way.")
                job.plan, job.is_renewing = job.plan._replace(renewal=decision, cost=None), True
                continue
            if operation != "DeleteCertificate" or answer.code != _GONE:
                job.error = job.error or explained(answer, job)
                continue
        job.done.append(operation)
        if operation == "DeleteCertificate":
            job.deleted.append(step.members["CertificateArn"])
            continue
        job.is_renewing = operation == "RenewCertificate"
        job.is_stale = operation != "RequestCertificate"
        if operation == "RequestCertificate":
            job.one = Certificate(arn=answer["CertificateArn"])
            job.tags = plan.requested_tags(step)
        elif operation in ("AddTagsToCertificate", "RemoveTagsFromCertificate"):
            job.is_stale = False
            job.tags = job.plan.after["tags"]


def _await_records(acm: Door, jobs: t.Sequence[Job], settings: Settings) -> None:
    fresh = [job for job in still_open(jobs) if "RequestCertificate" in job.done]
    _await_appearance(acm, fresh, settings)
    # ACM remembers a token for an hour, longer than a certificate that was deleted meanwhile: then it answered the ARN of
    # one that is gone, and has to be asked with another token.
    lost = [job for job in fresh if job.one is not None and job.one.detail is None and job.is_open]
    for job in lost:
        job.spent.append(job.arn)
        members = request_members(job.want, job.tags, job.spent)
        job.plan = job.plan._replace(steps=(plan.Step("RequestCertificate", members),))
        job.done.remove("RequestCertificate")
    _perform(acm, lost, "RequestCertificate")
    _await_appearance(acm, [job for job in lost if job.is_open], settings)
    # One that was requested a moment ago by an earlier run, and whose records are to be published now.
    early = [job for job in still_open(jobs) if job not in fresh and job.want.publish and _lacks_records(job)]
    _await_appearance(acm, early, settings)
    for job in fresh:
        if job.is_open and job.one is not None and _was_there(acm, job.one):
            job.done.remove("RequestCertificate")
            job.is_new, job.plan = False, job.plan._replace(cost=None)
    for job in [*fresh, *early]:
        if job.is_open and _lacks_records(job):
            job.warnings.append(_untold(job))


def _was_there(acm: Door, one: Certificate) -> bool:
    """Whether an earlier run made it: by its token ACM brings back what its lists do not show yet. Both times are ACM's."""
    asked_at = acm.first_answer_at("RequestCertificate")
    return asked_at is not None and one.created_at is not None and one.created_at < asked_at - A_MOMENT


def _untold(job: Job) -> str:
    return f"ACM has not told yet what validates {job.arn}: run this task again in a minute for the records."


def _lacks_records(job: Job) -> bool:
    from . import waiting as readiness

    return job.want.state == "present" and job.one is not None and not readiness.has_records(job.one).is_over


def _await_appearance(
    acm: Door, jobs: t.Sequence[Job], settings: Settings, judge: t.Optional[readiness.Judge] = None
) -> None:
    """Wait until what is to be published is told; judge: readiness.has_records unless given."""
    if not jobs:
        return
    from . import waiting as readiness

    outcomes = readiness.await_each(
        acm,
        {job.arn: judge or readiness.has_records for job in jobs},
        timeout_s=readiness.APPEARANCE_S,
        interval_s=settings.interval_s,
        clock=settings.clock,
        may_appear=not acm.is_authority,  # there, what was requested is seen at once
    )
    for job in jobs:
        outcome = outcomes[job.arn]
        job.error = outcome.error
        job.one = outcome.one or job.one


def _await(
    acm: Door, jobs: t.Sequence[Job], judges: dict[str, readiness.Judge], settings: Settings, not_yet: str
) -> None:
    if not jobs:
        return
    from . import waiting as readiness

    outcomes = readiness.await_each(
        acm,
        judges,
        known={} if any(job.is_stale for job in jobs) else {job.arn: t.cast(Certificate, job.one) for job in jobs},
        timeout_s=settings.left_s,
        interval_s=settings.interval_s,
        clock=settings.clock,
    )
    reasons = _reasons([outcome for outcome in outcomes.values() if outcome.is_timed_out], settings)
    for job in jobs:
        outcome = outcomes[job.arn]
        job.one = outcome.one or job.one
        job.is_stale = False
        name = f"{job.want.label} ({job.arn})" if job.want.domain_name else job.arn
        if outcome.error is not None:
            job.error = outcome.error
        elif outcome.failure:
            job.error = InvalidInput(f"{name}: {outcome.failure}")
        elif outcome.is_timed_out:
            why = reasons.get(job.arn, "")
            job.error = InvalidInput(f"{name} {not_yet} after {settings.timeout_s:g} seconds. {why}".rstrip())


def _reasons(outcomes: t.Sequence[readiness.Outcome], settings: Settings) -> dict[str, str]:
    """By ARN, the sentences on what blocks those that are late."""
    late = [(outcome.one.arn, outcome.one.detail) for outcome in outcomes if outcome.one and outcome.one.detail]
    if not late:
        return {}
    from .._diagnosis import obstacles

    seen: t.Sequence[t.Optional[list[dict[str, str]]]] = [None] * len(late)
    if settings.look is not None:
        try:
            seen = settings.look([detail for _arn, detail in late])
        except InvalidInput:
            pass  # without dnspython there is no look
    return {arn: obstacles.explain(detail, own) for (arn, detail), own in zip(late, seen)}


def _delete(acm: Door, jobs: t.Sequence[Job], settings: Settings) -> None:
    deleting = [job for job in still_open(jobs) if "DeleteCertificate" in job.plan.operations]
    used = {one.arn: one for job in deleting for one in job.found if plan.users_of(one)}
    if used:
        from . import waiting as readiness

        outcomes = readiness.await_each(
            acm,
            {arn: readiness.is_released for arn in used},
            known=used,
            timeout_s=settings.left_s,
            interval_s=settings.interval_s,
            clock=settings.clock,
        )
        for job in deleting:
            for one in job.found:
                if one.arn in outcomes and outcomes[one.arn].is_timed_out:
                    users = ", ".join(plan.users_of(t.cast(Certificate, outcomes[one.arn].one)))
                    job.error = InvalidInput(
                        f"{one.arn} is still in use by {users} after {settings.timeout_s:g} seconds: "
                        "give these another certificate first."
                    )
    _perform(acm, deleting, "DeleteCertificate")
    # In use after all: ACM tells so for a while after the last user has let go.
    while settings.left_s > 0:
        again = [job for job in deleting if job.want.wait and getattr(job.error, "code", None) == _IN_USE]
        if not again:
            return
        settings.clock.sleep(min(settings.interval_s, settings.left_s))
        for job in again:
            job.error = None
            left = [step for step in job.plan.steps if step.members["CertificateArn"] not in job.deleted]
            job.plan = job.plan._replace(steps=tuple(left))
        _perform(acm, again, "DeleteCertificate")


def _refresh(acm: Door, jobs: t.Sequence[Job]) -> None:
    stale = [job for job in jobs if job.is_stale and job.one is not None]
    answers = acm.each("DescribeCertificate", [{"CertificateArn": job.arn} for job in stale])
    for job, answer in zip(stale, answers):
        job.is_stale = False
        if isinstance(answer, AcmError):
            job.warnings.append(f"What was done shows not yet in the result: {answer}.")
        else:
            job.one = t.cast(Certificate, job.one).detailed(answer.get("Certificate") or {})


def explained(error: AcmError, job: Job) -> Exception:
    """ACM's refusal, with what the user can do about it where that is known."""
    advice = ""
    if error.code == "LimitExceededException":
        advice = "the account's quota is used up, and deleting does not give back what was requested within a year"
    elif error.operation == "RenewCertificate" and error.code == "ValidationException":
        advice = "ACM renews on demand only what was exported before: export it first (certops.acm.acm_export)"
    elif error.operation == "UpdateCertificateOptions" and "ValidationMethod" in str(job.plan.steps):
        advice = "where ACM does not offer the change to DNS validation, set replace=true to request a new certificate"
    return AcmError(error.operation, error.code, f"{error.message.rstrip('.')} ({advice})") if advice else error
