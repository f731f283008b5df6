# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the certificate of every item in one read of the existing certificates, and read what a plan needs to know about
it. Nothing is decided here.

An item that cannot be found gets an error of its own; an exception raised here concerns all items.
"""

from __future__ import annotations

import typing as t
from datetime import datetime

from . import matching
from .._batch.items import refuse_twins, still_open
from .._certificates import inventory
from .._certificates.certificate import Certificate, from_detail
from .._certificates.inventory import Door
from .._door.acm import GONE, AcmError
from .._rules.errors import InvalidInput
from .._rules.names import base_name
from .item import Item, Settings

TAGGING = {"AddTagsToCertificate", "RemoveTagsFromCertificate"}


def look_up(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    """Find the certificate of each item, in one read for all."""
    refuse_twins(items, lambda item: item.want.identity())
    _describe_by_arn(acm, items, settings)
    _find_by_names(acm, items, settings)
    _find_replacements(acm, items, settings)
    _find_by_name_tag(acm, items, settings)
    _read_details(acm, items, settings)
    _read_tags(acm, items)
    refuse_twins(
        items,
        lambda item: item.arn if item.certificate is not None else None,
        lambda item, first: (
            f"It is the same certificate as item {first}, {item.arn}: give them different key algorithms or name tags, "
            "or leave one of them out."
        ),
    )


def confirm_tags(acm: Door, items: t.Sequence[Item]) -> list[Item]:
    """Have ACM itself confirm the tagging API's answer about tags that have to be changed, since that API lags behind.
    Returns the items whose tags were read again."""
    tagging = [item for item in still_open(items) if TAGGING & set(item.plan.operations)]
    if not tagging or acm.is_authority or len([item for item in items if item.tags is not None]) <= inventory.FEW:
        return []
    tags = inventory.tags_of(acm, [item.arn for item in tagging], surely=True)
    for item in tagging:
        item.tags = tags[item.arn]
    return tagging


def _describe_by_arn(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    by_arn = [item for item in still_open(items) if item.want.arn]
    if len(by_arn) > inventory.FEW and not settings.details:
        # The inventory has all of them, but whether to replace one should be known before looking for its successor.
        by_arn = [item for item in by_arn if item.want.replace]
    _describe_items(acm, by_arn)


def _describe_items(acm: Door, items: t.Sequence[Item]) -> None:
    answers = acm.each("DescribeCertificate", [{"CertificateArn": item.want.arn} for item in items])
    for item, answer in zip(items, answers):
        if not isinstance(answer, AcmError):
            _take(item, from_detail(answer["Certificate"]))
        elif answer.code != GONE:
            item.error = answer
        elif item.want.state == "present":
            item.error = InvalidInput(
                f"There is no certificate {item.want.arn}: correct certificate_arn, or give domain_name instead "
                "to find the certificate by its names, or request it."
            )


def _take(item: Item, certificate: Certificate) -> None:
    item.certificate, item.found = certificate, [certificate]


def _find_by_names(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    by_arn = [item for item in still_open(items) if item.want.arn and item.certificate is None]
    if not (len(by_arn) > inventory.FEW and not settings.details):
        by_arn = []
    by_names = [item for item in still_open(items) if not item.want.arn and item.want.domain_name]
    if not by_arn and not by_names:
        return
    listed = _listing(acm, [] if by_arn else [item.want.names[0] for item in by_names], settings.now)
    at_hand = {certificate.arn: certificate for certificate in listed}
    for item in by_arn:
        if item.want.arn in at_hand:
            _take(item, at_hand[item.want.arn])
    _describe_items(acm, [item for item in by_arn if item.certificate is None])
    _match(acm, by_names, listed, settings.now)


def _listing(acm: Door, names: t.Sequence[str], now: datetime) -> list[Certificate]:
    """The existing certificates that may have to do with these names, or without names all of them."""
    return inventory.listing(acm, inventory.Query(any_names=tuple(names) or None), now)


def _match(acm: Door, items: t.Sequence[Item], listed: list[Certificate], now: datetime) -> None:
    vague = {
        certificate.arn
        for item, candidates in _candidates(items, listed)
        for certificate in candidates
        if matching.needs_detail_to_match(item.want, certificate)
    }
    if vague:
        listed = inventory.described(acm, listed, lambda certificate: certificate.arn in vague)
    pairs = [
        (item, [certificate for certificate in candidates if matching.may_be(item.want, certificate)], candidates)
        for item, candidates in _candidates(items, listed)
    ]
    tagged = {each.arn for item, possible, _others in pairs if item.want.name_tag is not None for each in possible}
    tags = inventory.tags_of(acm, sorted(tagged)) if tagged else {}
    for item, possible, candidates in pairs:
        if item.want.state == "present":
            item.spent = matching.spent(item.want, possible, now)
            item.certificate = matching.choose(item.want, possible, tags, now)
            item.failed = matching.failed_request(item.want, possible, tags, now)
            item.near = matching.near(item.want, candidates, now)
            if item.certificate is not None:
                item.tags = tags.get(item.certificate.arn)
            continue
        item.near = matching.kept(item.want, candidates)
        if item.want.name_tag is not None:
            item.found = [each for each in possible if tags[each.arn].get("Name") == item.want.name_tag]
        else:
            item.found = possible


def _candidates(items: t.Sequence[Item], listed: t.Iterable[Certificate]) -> list[tuple[Item, list[Certificate]]]:
    """Every item with the certificates that have its first name or unknown names, in order."""
    by_name: dict[str, list[Certificate]] = {}
    vague = []
    for certificate in listed:
        if certificate.names_are_complete:
            for name in certificate.names:
                by_name.setdefault(name, []).append(certificate)
        else:
            vague.append(certificate)
    return [(item, [*by_name.get(item.want.names[0], ()), *vague]) for item in items]


def _find_replacements(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    """A certificate given by ARN that has to be replaced may already have a successor."""
    replacing = [
        item
        for item in still_open(items)
        if item.want.state == "present" and item.want.replace and item.want.arn and item.certificate is not None
        if matching.fixed_differences(item.want, item.certificate, can_migrate=False)
        or not item.certificate.is_live(settings.now)
    ]
    if not replacing:
        return
    listed = _listing(acm, [item.want.names[0] for item in replacing], settings.now)
    for item in replacing:
        old = item.existing
        successor = Item(item.want._replace(arn=None))
        _match(acm, [successor], [certificate for certificate in listed if certificate.arn != old.arn], settings.now)
        item.spent = successor.spent
        if successor.certificate is not None and not matching.fixed_differences(
            item.want, successor.certificate, can_migrate=False
        ):
            item.certificate, item.tags, item.replaces = successor.certificate, successor.tags, old


def _find_by_name_tag(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    for item in still_open(items):
        name = item.want.name_tag
        if name is None or item.want.arn or item.certificate is not None or item.found:
            continue
        if item.want.state != "present" and item.want.domain_name:
            continue
        tags = inventory.tagged(acm, {"Name": name})
        if tags is None:
            tags = inventory.tags_of(acm, [certificate.arn for certificate in _listing(acm, [], settings.now)])
        details = inventory.describe_each(acm, [arn for arn in tags if tags[arn].get("Name") == name])
        found = [from_detail(detail) for detail in details.values() if detail is not None]
        if item.want.state == "present":
            live = [
                certificate
                for certificate in inventory.newest(found, settings.now)
                if certificate.is_live(settings.now)
            ]
            item.certificate = next(iter(live), None)
        else:
            item.found = found


def _read_details(acm: Door, items: t.Sequence[Item], settings: Settings) -> None:
    """Describe the certificates for which the list does not contain enough; with details, all of them."""
    wanted = {
        certificate.arn
        for item in still_open(items)
        for certificate in ([item.certificate] if item.certificate is not None else item.found)
        if certificate.detail is None
        and (settings.details or matching.needs_detail(item.want, certificate, settings.now))
    }
    wanted |= {item.failed.arn for item in still_open(items) if item.failed is not None and item.failed.detail is None}
    if not wanted:
        return
    details = inventory.describe_each(acm, sorted(wanted))

    def told(certificate: Certificate) -> t.Optional[Certificate]:
        if certificate.arn not in details:
            return certificate
        detail = details[certificate.arn]
        return None if detail is None else certificate.detailed(detail)  # None: deleted in the meantime

    for item in still_open(items):
        item.found = [certificate for certificate in map(told, item.found) if certificate is not None]
        if item.certificate is not None:
            item.certificate = told(item.certificate)
        if item.failed is not None:
            item.failed = told(item.failed)


def _read_tags(acm: Door, items: t.Sequence[Item]) -> None:
    items = [
        item
        for item in still_open(items)
        if item.certificate is not None and item.tags is None
        if item.want.state == "present" and item.want.all_tags is not None
    ]
    if items:
        tags = inventory.tags_of(acm, [item.arn for item in items])
        for item in items:
            item.tags = tags[item.arn]


def check_zones(acm: Door, items: t.Sequence[Item]) -> None:
    """Before anything is requested, check that the records can be published."""
    requesting = [item for item in still_open(items) if item.is_new and item.want.publish]
    if not requesting:
        return
    from .._validation import publishing

    needs = [(item.want.publish or {}, [base_name(name) for name in item.want.names]) for item in requesting]
    for item, error in zip(requesting, publishing.check_each(needs, acm.client)):
        item.error = error
