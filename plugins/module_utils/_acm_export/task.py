# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task of acm_export, from options to results: read the options, look, decide, and unless in check mode, act."""

from __future__ import annotations

import typing as t
from datetime import datetime

from . import execution, lookup, options, plan, result
from .._batch import items as batch
from .._batch import results
from .._certificates.inventory import Door
from .._files import atomic
from .._rules.arns import check_certificate_arn
from .item import Item


def run(
    door: t.Callable[[], Door],
    task: batch.Options,
    *,
    now: datetime,
    is_check: bool,
    restore_context: t.Optional[atomic.RestoreContext] = None,
) -> dict[str, t.Any]:
    """The result of the task. The door is opened after all options have been checked, and only if some are valid."""
    items = batch.read(task, options.read, Item, own=options.ONE_EXPORT)
    options.refuse_shared_files(items)
    if batch.still_open(items):
        acm = door()
        batch.attempt(items, lambda item: _check_region(item, acm.region))
        lookup.look_up(acm, items, now, is_check=is_check)
        plan.decide(items)
        if is_check:
            plan.foretell(items)
        else:
            execution.execute(acm, items, now, restore_context)
    own = [result.of_one(item, is_check) for item in items]
    if task.get(batch.LIST) is not None:
        return results.together(items, own, under="exports")
    alone = results.alone(own[0], "export")
    return {**alone, "exports": [alone["export"]]}


def _check_region(item: Item, region: str) -> None:
    if item.want.arn:
        check_certificate_arn(item.want.arn, region)
