# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option `publish`: put the validation records of many certificates into DNS at once."""

from __future__ import annotations

import json
import typing as t

from .dns_records import (
    Change,
    PublishError,
    Publisher,
    Record,
)
from .._rules.errors import InvalidInput
from .._rules.names import plain

if t.TYPE_CHECKING:
    from .route53 import Connect

Records = t.Sequence[dict[str, str]]


class Published(t.NamedTuple):
    """The DNS changes for one certificate, in check mode those that would be made, and the fault, or None."""

    changes: list[Change]
    error: t.Optional[Exception] = None


def publisher(publish: t.Mapping[str, t.Any], connect: Connect) -> Publisher:
    """The Publisher that a module's option `publish` asks for.

    connect: service name → boto3 client of the task's session; called only for Route 53.
    """
    ways = {way: settings for way, settings in publish.items() if settings is not None}
    if len(ways) != 1:
        raise InvalidInput("publish needs exactly one way of publishing, route53 or rfc2136.")
    way, settings = next(iter(ways.items()))
    if way == "rfc2136":
        from .rfc2136 import Rfc2136

        return Rfc2136(settings)
    if way == "route53":
        from .route53 import Route53

        return Route53(settings, connect)
    raise InvalidInput(f"publish supports route53 and rfc2136, but not {way}.")


def check_each(
    needs: t.Sequence[tuple[dict[str, t.Any], t.Sequence[str]]], connect: t.Callable[[str], t.Any]
) -> list[t.Optional[Exception]]:
    """For every (option publish, names of a certificate), why the records for its names could not be published."""
    places: dict[str, Publisher] = {}
    outcomes: list[t.Optional[Exception]] = []
    for way, names in needs:
        try:
            key = json.dumps(way, sort_keys=True)
            if key not in places:
                places[key] = publisher(way, connect)
            places[key].check(dict.fromkeys(names))
            outcomes.append(None)
        except (PublishError, InvalidInput) as error:
            outcomes.append(error)
    return outcomes


def publish_each(
    needs: t.Sequence[tuple[dict[str, t.Any], Records]], connect: t.Callable[[str], t.Any], is_check: bool
) -> list[Published]:
    """Publish for every (option publish, records of a certificate); the outcomes in the same order.

    Certificates that are published in the same way are combined, so that each record is written once; if that fails,
    each is published alone, so that no certificate fails because of another."""
    outcomes: list[t.Optional[Published]] = [None] * len(needs)
    groups: dict[str, list[int]] = {}
    for index, (way, _records) in enumerate(needs):
        groups.setdefault(json.dumps(way, sort_keys=True), []).append(index)
    for indexes in groups.values():
        try:
            where = publisher(needs[indexes[0]][0], connect)
        except InvalidInput as error:
            for index in indexes:
                outcomes[index] = Published([], error)
            continue
        together = _publish([record for index in indexes for record in needs[index][1]], where, is_check)
        for index in indexes:
            if together.error is None:
                own = {plain(record["name"]) for record in needs[index][1]}
                outcomes[index] = Published([change for change in together.changes if change.record.name in own])
            elif len(indexes) == 1:
                outcomes[index] = together
            else:
                outcomes[index] = _publish(needs[index][1], where, is_check)
    return [outcome for outcome in outcomes if outcome is not None]


def _publish(records: Records, where: Publisher, is_check: bool) -> Published:
    try:
        return Published(publish_records(records, where, is_check))
    except (PublishError, InvalidInput) as error:
        return Published(list(getattr(error, "done", ())), error)


def wanted_records(needed: t.Iterable[t.Mapping[str, str]]) -> list[Record]:
    """records() of one or more certificates → the input of a Publisher; each record once."""
    by_name: dict[str, Record] = {}
    for item in needed:
        record = Record(plain(item["name"]), plain(item["value"]))
        other = by_name.setdefault(record.name, record)
        if other != record:
            raise InvalidInput(
                f"Two certificates need different values at {record.name}: they belong to different accounts, "
                "and a name can have only one CNAME."
            )
    return list(by_name.values())


def publish_records(needed: t.Sequence[t.Mapping[str, str]], where: Publisher, is_check: bool = False) -> list[Change]:
    """Publish what is missing. Returns the changes made, or in check mode those that would be made."""
    changes = where.plan(wanted_records(needed)) if needed else []
    if changes and not is_check:
        where.apply(changes)
    return changes
