# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The results of acm_import: of one item, and of a list. Pure."""

from __future__ import annotations

import typing as t

from .._batch import results
from .._certificates.certificate import as_result
from .._rules.times import iso
from .._x509 import pem
from .._x509.material import Ready
from .item import Item
from .plan import IMPORT


def of_one(item: Item, is_check: bool) -> dict[str, t.Any]:
    """The result of a task about one certificate."""
    actions = item.plan.operations if is_check else item.done
    result: dict[str, t.Any] = {
        "changed": bool(actions) and not (is_check and not item.is_open),
        "actions": list(actions),
        "certificate": _certificate(item, is_check),
    }
    if item.superseded is not None and item.is_open:
        told = item.superseded.detail or {}
        used_by = {"in_use_by": list(told["InUseBy"])} if "InUseBy" in told else {}
        result["superseded"] = {"certificate_arn": item.superseded.arn, **used_by}
    warnings = [*(item.want.warnings if item.wanted is not None else ()), *item.plan.warnings, *item.warnings]
    if warnings:
        result["warnings"] = warnings
    if result["changed"]:
        result["diff"] = {"before": dict(item.plan.before), "after": dict(item.plan.after)}
    if item.error is not None:
        result.update(results.failure(item.error, [] if is_check else item.done, item.known_arn))
    return result


def of_many(items: t.Sequence[Item], own: t.Sequence[dict[str, t.Any]]) -> dict[str, t.Any]:
    """The result of a task about a list. own: the result of each, in the order of the list."""
    flat = [
        {**result["certificate"], **{name: result[name] for name in result if name != "certificate"}} for result in own
    ]
    return results.together(items, flat)


def _certificate(item: Item, is_check: bool) -> dict[str, t.Any]:
    if item.wanted is None or (item.error is not None and item.certificate is None):
        return {}
    tags = None
    if item.want.all_tags is not None:
        tags = item.want.tags_after(item.tags or {}) if item.is_open else item.tags
    shown: dict[str, t.Any] = {}
    if item.detail:
        shown = as_result(item.detail, tags)
    elif item.certificate is not None:
        shown = item.certificate.result(tags)
    was_imported = IMPORT in item.done
    if item.error is not None and not was_imported:
        return shown  # the wanted state is not ACM's state
    shown["fingerprint"] = pem.fingerprint(item.want.ready.certificate)
    if was_imported and not item.detail:
        shown.update(facts(item.want.ready))
    if is_check and IMPORT in item.plan.operations:
        if item.plan.supersedes or item.certificate is None:
            shown = {"fingerprint": shown["fingerprint"], **({} if tags is None else {"tags": tags})}
        shown = {"in_use_by": [], **shown, **facts(item.want.ready)}
    return shown


def facts(ready: Ready) -> dict[str, t.Any]:
    """What DescribeCertificate will return, as far as that is known beforehand."""
    leaf = ready.certificate
    known: dict[str, t.Any] = {
        "serial": pem.serial(leaf),
        "subject": pem.distinguished_name(leaf.subject),
        "issuer": pem.issuer_name(leaf),
        "not_before": iso(leaf.not_valid_before_utc),
        "not_after": iso(leaf.not_valid_after_utc),
        "key_algorithm": pem.key_algorithm(leaf.public_key()),
        "signature_algorithm": pem.signature_algorithm(leaf),
        "type": "IMPORTED",
        "status": "ISSUED",
        "renewal_eligibility": "INELIGIBLE",
    }
    names = pem.domain_names(leaf)
    if names:
        known.update(domain_name=names[0], subject_alternative_names=names)
    return known
