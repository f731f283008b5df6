# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the certificate of each item, in one read of the existing certificates, and read what ACM has under its ARN.

Nothing is decided here. An item that cannot be found gets an error of its own; an exception raised here concerns all
items.
"""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from . import matching
from .._batch.items import ask, attempt, refuse_twins, still_open
from .._certificates import inventory
from .._certificates.certificate import Certificate, from_detail
from .._certificates.inventory import Door
from .._door.acm import GONE, AcmError
from .._rules.errors import InvalidInput
from .held import read_held
from .item import Item


def look_up(acm: Door, items: t.Sequence[Item], now: datetime) -> None:
    """Find the certificate of each item, and read it."""
    _describe_by_arn(acm, items)
    _find(acm, [item for item in still_open(items) if not item.want.arn], now)
    refuse_twins(items, _identity)
    found = [item for item in still_open(items) if item.certificate is not None]
    # operations have separate rates, so different ones are called in parallel
    with ThreadPoolExecutor(max_workers=2) as pool:
        reading = pool.submit(_read_tags, acm, found)
        described = pool.submit(read_details, acm, [item for item in found if _needs_detail(item)])
        _read_held(acm, found)
        reading.result()
        described.result()


def read_details(acm: Door, items: t.Sequence[Item]) -> None:
    """Describe the certificates whose results need more than is known yet."""
    due = [item for item in still_open(items) if item.certificate is not None and item.detail is None]
    for item, answer in ask(acm, "DescribeCertificate", due):
        item.detail = answer["Certificate"]


def listing(acm: Door, items: t.Sequence[Item], now: datetime) -> list[Certificate]:
    """All imported certificates that the items may refer to, with all their names."""
    names: t.Optional[tuple[str, ...]] = ()
    for item in items:
        searched = matching.searched_names(item.want.ready.certificate)
        if item.want.name_tag is not None or not searched:
            names = None  # a search by names would miss certificates found by tag, or without such a name
            break
        names = (*(names or ()), *searched)
    if names is not None:
        names = tuple(sorted(set(names)))
    listed = inventory.listing(acm, inventory.Query(any_names=names, types=("IMPORTED",)), now)
    listed = inventory.with_names(acm, [each for each in listed if each.type in (None, "IMPORTED")])
    return [each for each in listed if each.type == "IMPORTED"]


def _identity(item: Item) -> t.Hashable:
    if item.certificate is not None:
        return item.arn
    return item.want.name_tag, matching.identity(item.want.ready.certificate), item.want.key_algorithm


def _needs_detail(item: Item) -> bool:
    """Whether the list shows the wanted certificate, so that the result needs its description; or a certificate with
    other names, so that it matters who uses it."""
    listed, own = item.existing, item.want.ready.certificate
    if item.detail is not None:
        return False
    return matching.has_serial(listed, own) or not listed.names & matching.names_of(own)


def _read_held(acm: Door, items: t.Sequence[Item]) -> None:
    due = [item for item in items if item.held is None]
    answers = {item.arn: answer for item, answer in ask(acm, "GetCertificate", due)}
    attempt(
        [item for item in due if item.arn in answers], lambda item: setattr(item, "held", read_held(answers[item.arn]))
    )


def _read_tags(acm: Door, items: t.Sequence[Item]) -> None:
    unread = [item for item in items if item.tags is None and (item.want.all_tags is not None or item.want.replace)]
    for item, answer in ask(acm, "ListTagsForCertificate", unread):
        item.tags = inventory.as_dict(answer.get("Tags"))


def _describe_by_arn(acm: Door, items: t.Sequence[Item]) -> None:
    by_arn = [item for item in still_open(items) if item.want.arn]
    for item, answer in ask(acm, "DescribeCertificate", by_arn, lambda item: {"CertificateArn": item.want.arn}):
        item.detail = answer["Certificate"]
        item.certificate = from_detail(item.detail)
        if item.certificate.type not in (None, "IMPORTED"):
            item.error = InvalidInput(
                f"{item.want.arn} is of type {item.certificate.type}, not an imported certificate; "
                "leave out certificate_arn to import a new certificate."
            )
    for item in by_arn:
        if isinstance(item.error, AcmError) and item.error.code == GONE:
            item.error = InvalidInput(
                f"There is no certificate {item.want.arn}; "
                "correct certificate_arn, or leave it out to import a new certificate."
            )


def _find(acm: Door, items: t.Sequence[Item], now: datetime) -> None:
    """Choose by name tag, or else by identity and key algorithm, among all imported certificates (one read for all)."""
    if not items:
        return
    try:
        listed = listing(acm, items, now)
        arns = {id(item): alike(acm, item, listed) for item in items}
        vague = {arn for own in arns.values() if len(own) > 1 for arn in own}
        listed = inventory.described(acm, listed, lambda each: each.serial is None and each.arn in vague)
        tags = _tags(acm, items, listed, {arn for own in arns.values() for arn in own})
    except AcmError as error:
        for item in items:
            item.error = error
        return

    def choose(item: Item) -> None:
        item.certificate = matching.choose(item.want, listed, arns[id(item)], tags, now)
        if item.certificate is not None:
            item.tags = tags.get(item.arn)
            item.detail = item.certificate.detail

    attempt(items, choose)


def alike(acm: Door, item: Item, listed: t.Sequence[Certificate]) -> set[str]:
    """ARNs of the certificates with the item's identity. Certificates without names must be read to find out."""
    own = item.want.ready.certificate
    found = {each.arn for each in listed if matching.has_names_of(each, own)}
    if matching.may_lack_names(own):
        unnamed = [each.arn for each in listed if not each.names and each.key_algorithm == item.want.key_algorithm]
        answers = acm.each("GetCertificate", [{"CertificateArn": arn} for arn in unnamed])
        for arn, answer in zip(unnamed, answers):
            if isinstance(answer, AcmError):
                if answer.code != GONE:
                    raise answer
            elif matching.identity(read_held(answer).certificate) == matching.identity(own):
                found.add(arn)
    return found


def _tags(
    acm: Door, items: t.Sequence[Item], listed: t.Sequence[Certificate], alike: t.Collection[str]
) -> dict[str, dict[str, str]]:
    """Tags of all certificates that a name tag may refer to. The tagging API narrows them down; ACM has the last
    word."""
    wanted = {item.want.name_tag for item in items if item.want.name_tag is not None}
    if not wanted:
        return {}
    present = {each.arn for each in listed}
    candidates = present.intersection(alike)
    # for a few, one call each; for many, one call for all
    questions = sorted(wanted) if len(wanted) <= inventory.FEW else [None]
    for found in [inventory.tagged(acm, {"Name": name}) for name in questions]:
        if found is None:
            candidates |= present
        else:
            candidates |= present & {arn for arn, tags in found.items() if tags.get("Name") in wanted}
    return inventory.tags_of(acm, sorted(candidates), surely=True)
