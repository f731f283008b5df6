# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry out the plans of many certificates at once: calls of one kind in parallel, and a failure affects only its own
item."""

from __future__ import annotations

import typing as t
from datetime import timedelta

from . import plan
from .._batch.items import still_open
from .._certificates import renewal_window
from .._certificates.certificate import Certificate
from .._certificates.inventory import Door
from .._door.acm import GONE, AcmError
from .._rules.errors import InvalidInput, RequestFailed, TimedOut
from .._rules.sentences import first_few
from .._validation import blocked_names, proof_records
from . import progress
from .item import Item, Settings

if t.TYPE_CHECKING:
    from . import waiting

_IN_USE = "ResourceInUseException"
A_MOMENT = timedelta(seconds=5)
# Codes that do not show whether ACM would do it.
NO_REFUSAL = ("AccessDeniedException", "ThrottlingException", "LimitExceededException", "InternalServerError")
# Tags are removed before others are added: a certificate may already have 50.
CHANGES = (
    "RemoveTagsFromCertificate",
    "AddTagsToCertificate",
    "UpdateCertificateOptions",
    "ResendValidationEmail",
    "RevokeCertificate",
)


def execute(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    """All steps that a plan may have, in order. item.done records what was done, whatever happens afterwards."""
    request(acm, items, settings)
    for operation in CHANGES:
        call(acm, items, operation, settings)
    replace_unmigrated(acm, items, settings)
    delete(acm, items, settings)
    refresh(acm, items)
    await_migration_records(acm, items, settings)
    say(settings, "publishing the validation records of", [item for item in still_open(items) if item.want.publish])
    publish(acm, items)
    await_issue(acm, items, settings)
    renew(acm, items, settings)


# ---------------------------------------------------------------- the steps, in their order


def request(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    """Make the requests, and wait until ACM shows how they are validated."""
    call(acm, items, "RequestCertificate", settings)
    _await_records(acm, items, settings)


def replace_unmigrated(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    """If ACM refuses to change e-mail to DNS validation, follow the plan that was made for this case."""
    refused = []
    for item in items:
        if item.plan.otherwise is None or not _is_refused_migration(item.error):
            continue
        refused.append(item)
        item.plan = item.plan.otherwise
        item.error, item.replaces, item.is_stale, item.is_new = None, item.certificate, False, True
    request(acm, refused, settings)


def delete(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    deleting = [item for item in still_open(items) if "DeleteCertificate" in item.plan.operations]
    _await_release(acm, [item for item in deleting if plan.RELEASE in item.plan.awaits], settings)
    call(acm, deleting, "DeleteCertificate", settings)
    # In use after all: ACM still reports that for a while after the last service has stopped using it.
    while settings.left_s > 0:
        again = [item for item in deleting if plan.RELEASE in item.plan.awaits and _is_in_use(item.error)]
        if not again:
            return
        settings.clock.sleep(min(settings.interval_s, settings.left_s))
        for item in again:
            item.error = None
            left = [step for step in item.plan.steps if step.members["CertificateArn"] not in item.deleted]
            item.plan = item.plan._replace(steps=tuple(left))
        call(acm, again, "DeleteCertificate", settings)


def refresh(acm: Door, items: t.Sequence[Item]) -> None:
    """Describe what was changed, for the result."""
    stale = [item for item in items if item.is_stale and item.certificate is not None]
    answers = acm.each("DescribeCertificate", [{"CertificateArn": item.arn} for item in stale])
    for item, answer in zip(stale, answers):
        item.is_stale = False
        if isinstance(answer, AcmError):
            item.warnings.append(f"The result does not show the changes yet: {answer}.")
        else:
            item.certificate = item.existing.detailed(answer["Certificate"])


def await_migration_records(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    """The records of a certificate that has just begun to change to DNS validation may take a moment to appear."""
    changed = [item for item in still_open(items) if "UpdateCertificateOptions" in item.done and item.want.publish]
    if not changed:
        return
    from . import waiting

    migrating = [item for item in changed if not _judged(waiting.has_migration_records, item)]
    _await_appearance(acm, migrating, settings, waiting.has_migration_records)
    for item in still_open(migrating):
        if not _judged(waiting.has_migration_records, item):
            item.warnings.append(_no_records_yet(item))


def publish(acm: Door, items: t.Sequence[Item], is_check: bool = False) -> None:
    """Publish the validation records as `publish` says, and keep them for the result in any case."""
    publishing_items = []
    for item in items:
        if item.wanted is None or item.want.state != "present" or item.certificate is None:
            continue
        detail = item.certificate.detail
        if detail is None or (item.replaces is not None and item.certificate is item.replaces):
            continue
        if item.certificate.type == "AMAZON_ISSUED" and "DNS" in _methods(detail):
            item.records = proof_records.records(detail)
            if item.is_open and item.want.publish:
                publishing_items.append(item)
    if not publishing_items:
        return
    from .._validation import publishing

    needs = [(item.want.publish or {}, item.records or []) for item in publishing_items]
    for item, published in zip(publishing_items, publishing.publish_each(needs, acm.client, is_check)):
        item.published, item.error = published.changes, published.error


def await_issue(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    """Wait until the certificates of all items with `wait` are issued, or changed to DNS validation."""
    pending = [
        item
        for item in still_open(items)
        if plan.ISSUE in item.plan.awaits and item.certificate is not None and item.certificate.status != "ISSUED"
    ]
    if pending:
        from . import waiting

        _await(
            acm, pending, {item.arn: waiting.is_issued for item in pending}, settings, progress.ISSUE, "is not issued"
        )
    migrating = [item for item in still_open(items) if plan.MIGRATION in item.plan.awaits and _is_migrating(item)]
    if migrating:
        from . import waiting

        judges = {item.arn: waiting.is_migrated for item in migrating}
        _await(acm, migrating, judges, settings, progress.MIGRATION, "is not validated by DNS")


def renew(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    """Renew certificates that are due, and wait for the new certificate if requested."""
    call(acm, items, "RenewCertificate", settings)
    waiting_items = [item for item in still_open(items) if plan.RENEWAL in item.plan.awaits]
    if waiting_items:
        from . import waiting

        judges = {item.arn: waiting.is_renewed(item.existing) for item in waiting_items}
        _await(acm, waiting_items, judges, settings, progress.RENEWAL, "has not been renewed")
    refresh(acm, items)


# ---------------------------------------------------------------- calls


def say(settings: Settings, doing: str, items: t.Sequence[Item]) -> None:
    """Report what is being done before anything is waited for."""
    if items:
        settings.report(f"{doing} {first_few([item.label for item in items], 'and')}.")


def call(acm: Door, items: t.Sequence[Item], operation: str, settings: Settings) -> None:
    """Call one operation for every step in the plans that needs it."""
    calls = [(item, step) for item in still_open(items) for step in item.plan.steps if step.operation == operation]
    say(settings, f"{operation} for", [item for item, _step in calls])
    for (item, step), answer in zip(calls, acm.each(operation, [step.members for _item, step in calls])):
        if isinstance(answer, AcmError):
            if operation == "RenewCertificate" and answer.code == "RequestInProgressException":
                # ACM was about to renew it anyway, or an earlier run requested it and that shows only now.
                decision = renewal_window.Decision(False, "A renewal is already under way.", True)
                item.plan = item.plan._replace(renewal=decision, cost=None)
                item.is_stale = True
                continue
            if operation != "DeleteCertificate" or answer.code != GONE:
                item.error = item.error or explained(answer, step)
                continue
        item.done.append(operation)
        if operation == "DeleteCertificate":
            item.deleted.append(step.members["CertificateArn"])
            continue
        item.is_stale = operation != "RequestCertificate"
        if operation == "RequestCertificate":
            item.certificate = Certificate(arn=answer["CertificateArn"])
            item.tags = plan.requested_tags(step)
        elif operation in ("AddTagsToCertificate", "RemoveTagsFromCertificate"):
            item.is_stale = False
            item.tags = item.plan.after["tags"]


def explained(error: AcmError, step: plan.Step) -> AcmError:
    """ACM's refusal, with advice for the user if we have any."""
    advice = ""
    if error.code == "LimitExceededException":
        advice = (
            "the account's quota is used up, and deleting certificates does not free the quota of requests within a "
            "year"
        )
    elif error.operation == "RenewCertificate" and error.code == "ValidationException":
        advice = (
            "on demand ACM renews only certificates that were exported before: export it first "
            "(certops.acm.acm_export)"
        )
    elif error.operation == "UpdateCertificateOptions" and "ValidationMethod" in step.members.get("Options", ()):
        advice = "if ACM does not support the change to DNS validation, set replace=true to request a new certificate"
    return AcmError(error.operation, error.code, f"{error.message.rstrip('.')} ({advice})") if advice else error


def _is_refused_migration(error: t.Optional[Exception]) -> bool:
    return (
        isinstance(error, AcmError) and error.operation == "UpdateCertificateOptions" and error.code not in NO_REFUSAL
    )


def _is_in_use(error: t.Optional[Exception]) -> bool:
    return isinstance(error, AcmError) and error.code == _IN_USE


# ---------------------------------------------------------------- waiting


def _await_records(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    fresh = [item for item in still_open(items) if "RequestCertificate" in item.done]
    _await_appearance(acm, fresh, settings)
    # ACM remembers a token for an hour, even if the certificate is deleted in the meantime: then it returns the ARN of a
    # deleted certificate, and has to be called with another token.
    lost = [item for item in still_open(fresh) if item.certificate is not None and item.certificate.detail is None]
    for item in lost:
        item.spent.append(item.arn)
        item.plan = plan.request_again(item.plan, item.want, item.tags, item.spent)
        item.done.remove("RequestCertificate")
    call(acm, lost, "RequestCertificate", settings)
    _await_appearance(acm, still_open(lost), settings)
    # An earlier run requested it a moment ago, and its records have to be published now.
    early = [item for item in still_open(items) if item not in fresh and item.want.publish and _lacks_records(item)]
    _await_appearance(acm, early, settings)
    for item in still_open(fresh):
        certificate = item.existing
        if _was_there(acm, certificate):
            item.done.remove("RequestCertificate")
            item.is_new, item.plan = False, item.plan._replace(cost=None)
        if certificate.status == "FAILED":
            item.error = RequestFailed(blocked_names.explain(certificate.detail or {}))
    for item in still_open([*fresh, *early]):
        if _lacks_records(item):
            item.warnings.append(_no_records_yet(item))


def _was_there(acm: Door, certificate: Certificate) -> bool:
    """Whether an earlier run requested it: for a token ACM returns certificates that its lists do not show yet. Both
    times are ACM's."""
    asked_at = acm.first_answer_at("RequestCertificate")
    return asked_at is not None and certificate.created_at is not None and certificate.created_at < asked_at - A_MOMENT


def _no_records_yet(item: Item) -> str:
    return (
        f"ACM does not yet show the validation records for {item.label} ({item.arn}): run this task again in a minute."
    )


def _lacks_records(item: Item) -> bool:
    from . import waiting

    return item.want.state == "present" and item.certificate is not None and not _judged(waiting.has_records, item)


def _judged(judge: waiting.Judge, item: Item) -> bool:
    """Whether there is nothing left to wait for, as far as is known."""
    return judge(item.existing).is_over


def _is_migrating(item: Item) -> bool:
    from . import waiting

    return not _judged(waiting.is_migrated, item)


def _await_appearance(
    acm: Door, items: t.Sequence[Item], settings: Settings, judge: t.Optional[waiting.Judge] = None
) -> None:
    """Wait until ACM shows the records to publish; judge: waiting.has_records unless given."""
    if not items:
        return
    from . import waiting

    outcomes = waiting.await_each(
        acm,
        {item.arn: judge or waiting.has_records for item in items},
        timeout_s=waiting.APPEARANCE_S,
        interval_s=settings.interval_s,
        clock=settings.clock,
        report=_report(settings, progress.MIGRATION if judge else progress.RECORDS),
        may_appear=not acm.is_authority,  # an authority shows requests at once
    )
    for item in items:
        outcome = outcomes[item.arn]
        item.error = outcome.error
        item.certificate = outcome.certificate or item.certificate


def _await_release(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    """Wait until the certificates to delete are no longer in use."""
    used = {each.arn: each for item in items for each in item.found if plan.users_of(each)}
    if not used:
        return
    from . import waiting

    outcomes = waiting.await_each(
        acm,
        {arn: waiting.is_released for arn in used},
        known=used,
        timeout_s=settings.left_s,
        interval_s=settings.interval_s,
        clock=settings.clock,
        report=_report(settings, progress.RELEASE),
    )
    for item in items:
        for each in item.found:
            if each.arn in outcomes and outcomes[each.arn].is_timed_out:
                users = ", ".join(plan.users_of(outcomes[each.arn].shown))
                item.error = TimedOut(
                    f"{each.arn} is still in use by {users} after {settings.timeout_s:g} seconds: "
                    "assign another certificate to these first."
                )


def _report(settings: Settings, goal: str) -> t.Callable[[t.Sequence[Certificate]], None]:
    return lambda certificates: settings.report(progress.sentence(certificates, goal))


def _await(
    acm: Door,
    items: t.Sequence[Item],
    judges: t.Mapping[str, waiting.Judge],
    settings: Settings,
    goal: str,
    not_yet: str,
) -> None:
    from . import waiting

    is_stale = any(item.is_stale for item in items)
    outcomes = waiting.await_each(
        acm,
        judges,
        known={} if is_stale else {item.arn: item.existing for item in items},
        timeout_s=settings.left_s,
        interval_s=settings.interval_s,
        clock=settings.clock,
        report=_report(settings, goal),
    )
    reasons = _reasons([outcome for outcome in outcomes.values() if outcome.is_timed_out], settings)
    for item in items:
        outcome = outcomes[item.arn]
        item.certificate = outcome.certificate or item.certificate
        item.is_stale = False
        name = f"{item.label} ({item.arn})" if item.label != item.arn else item.arn
        if outcome.error is not None:
            item.error = outcome.error
        elif outcome.failure:
            item.error = RequestFailed(f"{name}: {outcome.failure}")
        elif outcome.is_timed_out:
            why = reasons.get(item.arn, "")
            item.error = TimedOut(f"{name} {not_yet} after {settings.timeout_s:g} seconds. {why}".rstrip())


def _reasons(outcomes: t.Sequence[waiting.Outcome], settings: Settings) -> dict[str, str]:
    """By ARN, the sentences about what blocks the late certificates."""
    late = [(each.certificate.arn, each.certificate.detail) for each in outcomes if each.certificate]
    late = [(arn, detail) for arn, detail in late if detail]
    if not late:
        return {}
    from .._diagnosis import obstacles

    seen: t.Sequence[t.Optional[list[dict[str, str]]]] = [None] * len(late)
    if settings.look is not None:
        try:
            seen = settings.look([detail for _arn, detail in late if detail])
        except InvalidInput:
            pass  # without dnspython there is no look
    return {arn: obstacles.explain(detail or {}, own) for (arn, detail), own in zip(late, seen)}


def _methods(detail: dict[str, t.Any]) -> set[str]:
    """How the names are validated; there is more than one method while it is being changed."""
    return {option.get("ValidationMethod") or "DNS" for option in detail.get("DomainValidationOptions") or ()}
