# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of acm_certificate_info: certificates that satisfy conditions, with the requested details."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from . import inventory
from .certificate import Certificate
from .._door.acm import GONE, AcmError
from .inventory import Door, Query

_NOT_THERE = (GONE, "RequestInProgressException")  # deleted, or not issued yet


# Descriptions from ACM → the obstacles of each (_diagnosis/obstacles.py), in the same order.
Diagnose = t.Callable[[t.Sequence[t.Mapping[str, t.Any]]], list[list[dict[str, t.Any]]]]


Records = t.Callable[[t.Mapping[str, t.Any]], list[dict[str, str]]]

# How results are ordered: the option sort of acm_certificate_info.
NEWEST, EXPIRY, NAME = SORTS = ("newest", "expiry", "name")


class Wishes(t.NamedTuple):
    """What to read about each certificate."""

    details: bool = False
    pem: bool = False
    tags: bool = False
    diagnosis: bool = False
    sort: str = NEWEST


def survey(
    acm: Door,
    query: Query,
    tags: t.Optional[dict[str, t.Optional[str]]],
    wishes: Wishes,
    now: datetime,
    diagnose: t.Optional[Diagnose] = None,
    records_of: Records = lambda detail: [],
) -> list[dict[str, t.Any]]:
    """Return values of all certificates that satisfy the query and have the tags (None: any value).

    Those of query.arns are always described, whatever the wishes.
    diagnose: finds obstacles; needed if the wishes include a diagnosis. records_of: a description from ACM → the DNS
    records that validate it (_validation/proof_records.py).
    """
    if query.arns is None:
        found = inventory.find(acm, query, now)
    else:
        found = inventory.read(acm, query, now, as_listed=wishes.details)
    found, known_tags = _with_tags(acm, found, tags, wishes.tags)

    # Operations have separate rates, so different ones are called in parallel.
    with ThreadPoolExecutor(max_workers=2) as pool:
        pems = pool.submit(
            _pems, acm, [certificate for certificate in found if wishes.pem and _may_have_pem(certificate)]
        )
        detailed = inventory.described(
            acm, found, lambda certificate: wishes.details or (wishes.diagnosis and _may_be_stuck(certificate))
        )
    diagnoses: dict[str, list[dict[str, t.Any]]] = {}
    if wishes.diagnosis and diagnose is not None:
        described = [certificate for certificate in detailed if certificate.detail is not None]
        found_for_each = diagnose([certificate.detail or {} for certificate in described])
        diagnoses = {certificate.arn: obstacles for certificate, obstacles in zip(described, found_for_each)}
    results = []
    for certificate in ordered(detailed, wishes.sort):
        result = {**certificate.result(known_tags.get(certificate.arn)), **pems.result().get(certificate.arn, {})}
        if certificate.detail is not None and certificate.type == "AMAZON_ISSUED":
            result["validation_records"] = records_of(certificate.detail)
        if wishes.diagnosis:
            result["diagnosis"] = diagnoses.get(certificate.arn, [])
        results.append(result)
    return results


def ordered(certificates: t.Sequence[Certificate], sort: str) -> list[Certificate]:
    """In the wanted order; certificates without the sort key come last."""
    if sort == EXPIRY:
        latest = datetime.max.replace(tzinfo=timezone.utc)
        return sorted(certificates, key=lambda certificate: certificate.not_after or latest)
    if sort == NAME:
        # by domain: example.com next to www.example.com, and a wildcard next to its apex
        return sorted(
            certificates,
            key=lambda certificate: (not certificate.domain_name, (certificate.domain_name or "").split(".")[::-1]),
        )
    return list(certificates)


def all_records(results: t.Iterable[t.Mapping[str, t.Any]]) -> list[dict[str, str]]:
    """The validation records of all results, each once: certificates of one account share them."""
    return list(
        {record["name"].lower(): record for each in results for record in each.get("validation_records") or ()}.values()
    )


def _with_tags(
    acm: Door, found: list[Certificate], wanted: t.Optional[dict[str, t.Optional[str]]], is_wished: bool
) -> tuple[list[Certificate], dict[str, dict[str, str]]]:
    """The certificates with the wanted tags, and the tags of each as far as they are known or wanted."""
    known: dict[str, dict[str, str]] = {}
    if wanted and len(found) > inventory.FEW:
        tagged = inventory.tagged(acm, wanted)
        if tagged is not None:
            found = [certificate for certificate in found if certificate.arn in tagged]
            known = {arn: tagged[arn] for arn in (certificate.arn for certificate in found)}
            return found, known
    if wanted or is_wished:
        known = inventory.tags_of(acm, [certificate.arn for certificate in found])
    if wanted:
        found = [certificate for certificate in found if inventory.has_tags(known[certificate.arn], wanted)]
    return found, known


def _pems(acm: Door, found: t.Sequence[Certificate]) -> dict[str, dict[str, str]]:
    answers = acm.each("GetCertificate", [{"CertificateArn": certificate.arn} for certificate in found])
    pems = {}
    for certificate, answer in zip(found, answers):
        if isinstance(answer, AcmError):
            if answer.code not in _NOT_THERE:
                raise answer
            continue
        members = (("certificate", "Certificate"), ("certificate_chain", "CertificateChain"))
        pems[certificate.arn] = {key: answer[member] for key, member in members if answer.get(member)}
    return pems


def _may_be_stuck(certificate: Certificate) -> bool:
    """Public certificates have names to validate; of others, only requests or renewals for which ACM reports a
    reason."""
    has_begun = certificate.renewal_status not in (None, "SUCCESS")
    return certificate.type in (None, "AMAZON_ISSUED") or certificate.status == "FAILED" or has_begun


def _may_have_pem(certificate: Certificate) -> bool:
    return certificate.status not in ("PENDING_VALIDATION", "VALIDATION_TIMED_OUT", "FAILED")
