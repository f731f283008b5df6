# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task of acm_certificate, from options to results: look, decide, and unless in check mode, act."""

from __future__ import annotations

import typing as t

from . import execution, lookup, options, plan, result
from .._batch import items as batch
from .._certificates.inventory import Door
from .item import Item, Settings


def run(acm: Door, task: batch.Options, settings: Settings, *, is_check: bool) -> dict[str, t.Any]:
    """The result of the task. Raises InvalidInput or AcmError for faults that concern all items."""
    items = batch.read(task, options.read, Item, own=options.IDENTITY_OPTIONS)
    batch.attempt(items, lambda item: setattr(item, "wanted", options.placed(item.want, acm)))
    fulfil(acm, items, settings, is_check=is_check)
    own = [result.of_one(item, is_check) for item in items]
    return result.of_many(items, own) if task.get(batch.LIST) is not None else own[0]


def fulfil(acm: Door, items: t.Sequence[Item], settings: Settings, *, is_check: bool) -> None:
    """Look, decide, and unless in check mode, act. The outcome is in the items."""
    prices = None if acm.is_authority else settings.prices or plan.PRICES
    settings = settings._replace(ends_at_s=settings.clock.monotonic() + settings.timeout_s, prices=prices)
    execution.say(settings, "looking in ACM for", [item for item in items if item.wanted is not None])
    lookup.look_up(acm, items, settings)
    batch.attempt(items, lambda item: decide(item, settings))
    batch.attempt(lookup.confirm_tags(acm, items), lambda item: decide(item, settings))
    lookup.check_zones(acm, items)
    if is_check:
        execution.publish(acm, items, is_check=True)
    else:
        execution.execute(acm, items, settings)


def decide(item: Item, settings: Settings) -> None:
    """Make the plan of an item. Raises InvalidInput."""
    if item.want.state == "absent":
        item.plan = plan.plan_absent(item.found, item.want, item.near)
    elif item.want.state == "revoked":
        item.plan = plan.plan_revoked(item.found, item.want)
        item.certificate = next(iter(item.found), None)
    else:
        item.plan = plan.plan_present(
            item.want,
            item.certificate,
            item.tags,
            settings.now,
            spent_arns=item.spent,
            failed=item.failed,
            near=item.near,
            prices=settings.prices,
        )
        if item.plan.replaces is not None:
            item.replaces = item.plan.replaces
        item.is_new = "RequestCertificate" in item.plan.operations
