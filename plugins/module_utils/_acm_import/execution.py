# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the calls of the plans: first the imports, then their tags. Nothing is ever deleted.

Calls of one kind are made in parallel, and a failure affects only its own certificate.
"""

from __future__ import annotations

import typing as t
from datetime import datetime

from . import lookup, matching
from .._batch.items import ask, still_open
from .._certificates import inventory
from .._certificates.certificate import Certificate
from .._certificates.inventory import Door
from .._door.acm import AcmError
from .._door.refusals import CUT_OFF
from .item import Item
from .plan import ADD_TAGS, IMPORT, REMOVE_TAGS, Step

ATTEMPTS_TO_IMPORT = 3


def execute(acm: Door, items: t.Sequence[Item], now: datetime) -> None:
    """Carry out the plans, and describe the results."""
    for turn in range(max((len(item.plan.steps) for item in items), default=0)):
        for operation in (IMPORT, ADD_TAGS, REMOVE_TAGS):
            due = [
                item
                for item in still_open(items)
                if len(item.plan.steps) > turn and item.plan.steps[turn].operation == operation
            ]
            _call(acm, operation, due, turn)
            if operation == IMPORT:
                _take_up_lost(acm, due, turn, now)
    lookup.read_details(acm, items)


def _call(acm: Door, operation: str, items: t.Sequence[Item], turn: int) -> None:
    for item, answer in ask(acm, operation, items, lambda item: _members(item, item.plan.steps[turn])):
        item.done.append(operation)
        if operation == IMPORT:
            item.detail = None
            if item.certificate is None or item.plan.supersedes:
                item.certificate = Certificate(arn=answer.get("CertificateArn", ""))


def _members(item: Item, step: Step) -> dict[str, t.Any]:
    if step.operation == IMPORT:
        return {**step.members, "PrivateKey": item.want.ready.private_key_pem}
    return step.members


def _take_up_lost(acm: Door, items: t.Sequence[Item], turn: int, now: datetime) -> None:
    """An import without an answer may have been carried out. Imports have no idempotency token in ACM, so look before
    trying again."""
    for _attempt in range(ATTEMPTS_TO_IMPORT - 1):
        lost = [item for item in items if isinstance(item.error, AcmError) and item.error.code in CUT_OFF]
        if not lost:
            return
        present = _same(acm, lost, now)
        for item in lost:
            item.error = None
            found = present.get(id(item))
            if found is not None and item.plan.steps[turn].members.get("CertificateArn", found.arn) == found.arn:
                item.certificate, item.detail = found, None
                item.done.append(IMPORT)
        _call(acm, IMPORT, [item for item in lost if IMPORT not in item.done], turn)


def _same(acm: Door, items: t.Sequence[Item], now: datetime) -> dict[int, Certificate]:
    """By item, the certificate in ACM that is exactly the imported one."""
    listed = lookup.listing(acm, items, now)
    alike = {id(item): lookup.alike(acm, item, listed) for item in items}
    candidates = set().union(*alike.values())
    listed = inventory.described(acm, listed, lambda each: each.serial is None and each.arn in candidates)
    return {
        id(item): each
        for item in items
        for each in listed
        if each.arn in alike[id(item)] and matching.has_serial(each, item.want.ready.certificate)
    }
