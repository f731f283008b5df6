# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What acm_certificate_info answers: certificates that satisfy conditions, with as much about each as was asked for."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from . import inventory
from .certificate import Certificate
from .._door.acm import AcmError
from .inventory import Door, Query

_NOT_THERE = ("ResourceNotFoundException", "RequestInProgressException")  # deleted, or not issued yet


# Descriptions as ACM gives them → the obstacles in the way of each (_diagnosis/obstacles.py), in the same order.
Diagnose = t.Callable[[t.Sequence[t.Mapping[str, t.Any]]], list[list[dict[str, t.Any]]]]


class Wishes(t.NamedTuple):
    """What to read about each certificate."""

    details: bool = False
    pem: bool = False
    tags: bool = False
    diagnosis: bool = False


def survey(
    acm: Door,
    query: Query,
    tags: t.Optional[dict[str, t.Optional[str]]],
    wishes: Wishes,
    now: datetime,
    diagnose: t.Optional[Diagnose] = None,
) -> list[dict[str, t.Any]]:
    """Return values of all certificates that satisfy the query and have the tags (None: any value).

    Those of query.arns are described in any case, whatever the wishes.
    diagnose: what finds obstacles; needed where the wishes include a diagnosis.
    """
    if query.arns is None:
        found = inventory.find(acm, query, now)
    else:
        found = inventory.read(acm, query, now, as_listed=wishes.details)
    found, known_tags = _with_tags(acm, found, tags, wishes.tags)

    # Operations have rates of their own: what is told by different ones is read side by side.
    with ThreadPoolExecutor(max_workers=2) as pool:
        pems = pool.submit(_pems, acm, [one for one in found if wishes.pem and _may_have_pem(one)])
        detailed = inventory.described(
            acm, found, lambda one: wishes.details or (wishes.diagnosis and _may_be_stuck(one))
        )
    diagnoses: dict[str, list[dict[str, t.Any]]] = {}
    if wishes.diagnosis and diagnose is not None:
        described = [one for one in detailed if one.detail is not None]
        found_for_each = diagnose([one.detail or {} for one in described])
        diagnoses = {one.arn: obstacles for one, obstacles in zip(described, found_for_each)}
    results = []
    for one in detailed:
        result = {**one.result(known_tags.get(one.arn)), **pems.result().get(one.arn, {})}
        if wishes.diagnosis:
            result["diagnosis"] = diagnoses.get(one.arn, [])
        results.append(result)
    return results


def _with_tags(
    acm: Door, found: list[Certificate], wanted: t.Optional[dict[str, t.Optional[str]]], is_wished: bool
) -> tuple[list[Certificate], dict[str, dict[str, str]]]:
    """Those with the tags wanted, and the tags of each as far as they are known or wished for."""
    known: dict[str, dict[str, str]] = {}
    if wanted and len(found) > inventory.FEW:
        tagged = inventory.tagged(acm, wanted)
        if tagged is not None:
            found = [one for one in found if one.arn in tagged]
            known = {arn: tagged[arn] for arn in (one.arn for one in found)}
            return found, known
    if wanted or is_wished:
        known = inventory.tags_of(acm, [one.arn for one in found])
    if wanted:
        found = [one for one in found if inventory.has_tags(known[one.arn], wanted)]
    return found, known


def _pems(acm: Door, found: t.Sequence[Certificate]) -> dict[str, dict[str, str]]:
    answers = acm.each("GetCertificate", [{"CertificateArn": one.arn} for one in found])
    pems = {}
    for one, answer in zip(found, answers):
        if isinstance(answer, AcmError):
            if answer.code not in _NOT_THERE:
                raise answer
            continue
        members = (("certificate", "Certificate"), ("certificate_chain", "CertificateChain"))
        pems[one.arn] = {key: answer[member] for key, member in members if answer.get(member)}
    return pems


def _may_be_stuck(one: Certificate) -> bool:
    """Public ones have names to prove; of the others only a request or renewal that ACM says something about."""
    has_begun = one.renewal_status not in (None, "SUCCESS")
    return one.type in (None, "AMAZON_ISSUED") or one.status == "FAILED" or has_begun


def _may_have_pem(one: Certificate) -> bool:
    return one.status not in ("PENDING_VALIDATION", "VALIDATION_TIMED_OUT", "FAILED")
