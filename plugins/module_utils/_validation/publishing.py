# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option `publish`: put the validation records of many certificates into DNS at once."""

from __future__ import annotations

import json
import typing as t

from . import proof_records
from .dns_records import (
    Change,
    PublishError,
    Publisher,
)
from .._rules.errors import InvalidInput
from .._rules.names import plain

Records = t.Sequence[dict[str, str]]


class Published(t.NamedTuple):
    """The DNS changes for one certificate, in check mode those that would be made, and the fault, or None."""

    changes: list[Change]
    error: t.Optional[Exception] = None


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
                places[key] = proof_records.publisher(way, connect)
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
            where = proof_records.publisher(needs[indexes[0]][0], connect)
        except InvalidInput as error:
            for index in indexes:
                outcomes[index] = Published([], error)
            continue
        try:
            changes = _publish([record for index in indexes for record in needs[index][1]], where, is_check)
        except (PublishError, InvalidInput) as error:
            if len(indexes) == 1:
                outcomes[indexes[0]] = Published(list(getattr(error, "done", ())), error)
                continue
            for index in indexes:
                outcomes[index] = _publish_alone(needs[index][1], where, is_check)
            continue
        for index in indexes:
            own = {plain(record["name"]) for record in needs[index][1]}
            outcomes[index] = Published([change for change in changes if change.record.name in own])
    return [outcome for outcome in outcomes if outcome is not None]


def _publish_alone(records: Records, where: Publisher, is_check: bool) -> Published:
    try:
        return Published(_publish(records, where, is_check))
    except (PublishError, InvalidInput) as error:
        return Published(list(getattr(error, "done", ())), error)


def _publish(records: Records, where: Publisher, is_check: bool) -> list[Change]:
    return proof_records.publish_records(records, where, check_mode=is_check) if records else []
