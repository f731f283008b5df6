# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The results of acm_certificate: of one item, and of a list. Pure."""

from __future__ import annotations

import typing as t

from .._batch import results
from .item import Item

_NOT_A_CERTIFICATE = ("cost", "renewal", "validation_emails_for", "certificates", "serial", "validation_records")


def of_one(item: Item, is_check: bool) -> dict[str, t.Any]:
    """The result of a task about one certificate."""
    changes = [change.as_result() for change in item.published]
    actions = list(item.plan.operations if is_check else item.done) + (["publish"] if changes else [])
    has_failed = item.error is not None
    result: dict[str, t.Any] = {
        "changed": bool(actions) and not (is_check and has_failed),
        "actions": actions,
        "certificate": _certificate(item, is_check),
    }
    if item.records is not None:
        result["validation_records"] = item.records
    if item.wanted is not None and item.wanted.publish:
        result["published"] = changes
    if item.plan.renewal is not None:
        result["renewal"] = item.plan.renewal.result()
    if item.plan.cost:
        result["cost"] = item.plan.cost
    if item.wanted is not None and item.wanted.state == "absent":
        result["deleted"] = (
            []
            if has_failed and is_check
            else [certificate.arn for certificate in item.found if _is_deleted(item, certificate.arn)]
        )
    if (
        item.replaces is not None
        and item.certificate is not None
        and item.certificate.status == "ISSUED"
        and not has_failed
    ):
        result["superseded"] = {
            "certificate_arn": item.replaces.arn,
            "in_use_by": list((item.replaces.detail or {}).get("InUseBy") or ()),
        }
    warnings = [*item.plan.warnings, *item.warnings]
    if warnings:
        result["warnings"] = warnings
    if result["changed"]:
        result["diff"] = _diff(item, changes)
    if item.error is not None:
        result.update(results.failure(item.error, [] if is_check else actions, item.known_arn))
    return result


def of_many(items: t.Sequence[Item], own: t.Sequence[dict[str, t.Any]]) -> dict[str, t.Any]:
    """The result of a task about a list. own: the result of each, in the order of the list."""
    flat = [
        {**result["certificate"], **{name: result[name] for name in result if name != "certificate"}} for result in own
    ]
    answer = results.together(items, flat)
    costs = [result["cost"] for result in own if "cost" in result]
    if costs:
        total = {key: sum(cost[key] for cost in costs) for key in ("names", "wildcards", "amount")}
        answer["cost"] = {**total, "currency": costs[0]["currency"]}
    return answer


def _certificate(item: Item, is_check: bool) -> dict[str, t.Any]:
    want = item.wanted
    if want is None:
        return {}
    if want.state == "absent":
        return {}
    if item.certificate is None or (is_check and item.is_new):
        return {} if item.error else {**_predicted(item), "status": "PENDING_VALIDATION"}
    tags = item.tags if want.all_tags is not None else None
    certificate = item.certificate.result(tags)
    return {**certificate, **_predicted(item)} if is_check and item.error is None else certificate


def _predicted(item: Item) -> dict[str, t.Any]:
    """The certificate after the plan, as far as that is known beforehand."""
    return {key: value for key, value in item.plan.after.items() if key not in _NOT_A_CERTIFICATE}


def _diff(item: Item, changes: t.Sequence[dict[str, t.Any]]) -> dict[str, t.Any]:
    before, after = dict(item.plan.before), dict(item.plan.after)
    if changes:
        before["validation_records"] = [
            f"{change['name']} CNAME {value}" for change in changes for value in change["before"]
        ]
        after["validation_records"] = [f"{change['name']} CNAME {change['value']}" for change in changes]
    return {"before": before, "after": after}


def _is_deleted(item: Item, arn: str) -> bool:
    return item.error is None or arn in item.deleted
