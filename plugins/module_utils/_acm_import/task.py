# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task of acm_import, from options to results: read and check the material, look, decide, and unless in check mode,
act."""

from __future__ import annotations

import typing as t
from datetime import datetime

from . import execution, lookup, options, plan, result
from .._batch import items as batch
from .._certificates.inventory import Door
from .item import Item


def run(door: t.Callable[[], Door], task: batch.Options, *, now: datetime, is_check: bool) -> dict[str, t.Any]:
    """The result of the task. The door is opened after all material has been checked, and only if some of it is
    valid."""
    is_list = task.get(batch.LIST) is not None
    shared = task.get("passphrase") if is_list else None
    items = batch.read(
        task,
        lambda own: options.read(own, now, shared_passphrase=shared),
        Item,
        own=options.ONE_CERTIFICATE,
        shown=options.SHOWN_OPTIONS,
    )
    if batch.still_open(items):
        acm = door()
        batch.attempt(items, lambda item: options.check_region(item.want, acm.region))
        lookup.look_up(acm, items, now)
        batch.attempt(items, _decide)
        if is_check:
            lookup.read_details(acm, items)
        else:
            execution.execute(acm, items, now)
    own = [result.of_one(item, is_check) for item in items]
    return result.of_many(items, own) if is_list else own[0]


def _decide(item: Item) -> None:
    present = None
    if item.certificate is not None and item.held is not None:
        users = tuple((item.detail or {}).get("InUseBy") or ())
        present = plan.Present(item.arn, item.held, item.tags or {}, users)
    item.plan = plan.decide(item.want, present)
    if item.plan.supersedes:
        item.superseded = item.certificate
