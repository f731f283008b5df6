# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What acm_certificate answers: the result of one job, and of a list of them. Pure."""

from __future__ import annotations

import typing as t

from .._door.acm import AcmError
from .job import Job

_NOT_A_CERTIFICATE = ("cost", "renewal", "validation_emails_for", "certificates", "serial", "validation_records")


def of_one(job: Job, is_check: bool) -> dict[str, t.Any]:
    """The result of a task about one certificate."""
    changes = [change.as_result() for change in job.published]
    actions = list(job.plan.operations if is_check else job.done) + (["publish"] if changes else [])
    has_failed = job.error is not None
    result: dict[str, t.Any] = {
        "changed": bool(actions) and not (is_check and has_failed),
        "actions": actions,
        "certificate": _certificate(job, is_check),
    }
    if job.records is not None:
        result["validation_records"] = job.records
    if job.wanted is not None and job.wanted.publish:
        result["published"] = changes
    if job.plan.renewal is not None:
        result["renewal"] = job.plan.renewal.result()
    if job.plan.cost:
        result["cost"] = job.plan.cost
    if job.wanted is not None and job.wanted.state == "absent":
        result["deleted"] = (
            [] if has_failed and is_check else [one.arn for one in job.found if _is_deleted(job, one.arn)]
        )
    if job.replaces is not None and job.one is not None and job.one.status == "ISSUED" and not has_failed:
        result["superseded"] = {
            "certificate_arn": job.replaces.arn,
            "in_use_by": list((job.replaces.detail or {}).get("InUseBy") or ()),
        }
    warnings = [*job.plan.warnings, *job.warnings]
    if warnings:
        result["warnings"] = warnings
    if result["changed"]:
        result["diff"] = _diff(job, changes)
    if job.error is not None:
        result.update(failure(job.error, actions if not is_check else []))
    return result


def of_many(jobs: t.Sequence[Job], is_check: bool) -> dict[str, t.Any]:
    """The result of a task about a list: an item a certificate, in the order of the list."""
    results = [of_one(job, is_check) for job in jobs]
    items, diffs, warnings = [], [], []
    for number, (job, result) in enumerate(zip(jobs, results), 1):
        diff = result.pop("diff", None)
        if diff:
            label = job.wanted.label if job.wanted else f"item {number}"
            diffs.append({"before_header": label, "after_header": label, **diff})
        warnings.extend(result.pop("warnings", []))
        items.append({**result.pop("certificate"), **result})
    failed = [item for item in items if item.get("failed")]
    answer: dict[str, t.Any] = {"changed": any(item["changed"] for item in items), "certificates": items}
    costs = [result["cost"] for result in results if "cost" in result]
    if costs:
        total = {key: sum(cost[key] for cost in costs) for key in ("names", "wildcards", "amount")}
        answer["cost"] = {**total, "currency": costs[0]["currency"]}
    if diffs:
        answer["diff"] = diffs
    if warnings:
        answer["warnings"] = warnings
    if failed:
        answer["failed"] = True
        told = [
            _told(number, job, item) for number, (job, item) in enumerate(zip(jobs, items), 1) if item.get("failed")
        ]
        answer["msg"] = " ".join([f"{len(failed)} of {len(items)} certificates failed.", *told])
    return answer


def _told(number: int, job: Job, item: dict[str, t.Any]) -> str:
    """What went wrong with one of many, so that one sees where the next begins."""
    sentence = str(item["msg"])
    if sentence.startswith("Item "):
        return sentence
    label = job.wanted.label if job.wanted else ""
    return f"Item {number}: {sentence}" if label in sentence else f"Item {number} ({label}): {sentence}"


def failure(error: Exception, actions: t.Sequence[str]) -> dict[str, t.Any]:
    """What a failed job says: one sentence, ACM's code, and what had been done before."""
    sentence = str(error).rstrip(".") + "."
    if actions:
        sentence = f"{sentence} Done before: {', '.join(dict.fromkeys(actions))}."
    is_acm = isinstance(error, AcmError)
    return {
        "failed": True,
        "msg": sentence,
        "error": {
            "code": getattr(error, "code", None) or type(error).__name__,
            "operation": getattr(error, "operation", None) if is_acm else None,
        },
    }


def _certificate(job: Job, is_check: bool) -> dict[str, t.Any]:
    want = job.wanted
    if want is None:
        return {}
    if want.state == "absent":
        return {}
    if job.one is None or (is_check and job.is_new):
        return {} if job.error else {**_predicted(job), "status": "PENDING_VALIDATION"}
    tags = job.tags if want.all_tags is not None else None
    certificate = job.one.result(tags)
    return {**certificate, **_predicted(job)} if is_check and job.error is None else certificate


def _predicted(job: Job) -> dict[str, t.Any]:
    """What the plan would make of it, as far as that is known before."""
    return {key: value for key, value in job.plan.after.items() if key not in _NOT_A_CERTIFICATE}


def _diff(job: Job, changes: t.Sequence[dict[str, t.Any]]) -> dict[str, t.Any]:
    before, after = dict(job.plan.before), dict(job.plan.after)
    if changes:
        before["validation_records"] = [
            f"{change['name']} CNAME {value}" for change in changes for value in change["before"]
        ]
        after["validation_records"] = [f"{change['name']} CNAME {change['value']}" for change in changes]
    return {"before": before, "after": after}


def _is_deleted(job: Job, arn: str) -> bool:
    return job.error is None or arn in job.deleted
