# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far delivery to each target of events has got, in the store."""

from __future__ import annotations

from datetime import timedelta

from ansible_collections.certops.acm.plugins.module_utils._authority.store.event_targets import LARGEST, TargetRow
from ansible_collections.certops.acm.plugins.module_utils._authority.store.transactions import Transaction
from ansible_collections.certops.acm.tests.support.authority_lab import START, Lab


def add_events(tx: Transaction, number: int) -> None:
    for each in range(number):
        tx.journal.add_event(START, "arn", "kind", f"id-{each}", {}, None)


def test_a_new_target_gets_only_new_events_and_a_changed_one_continues(lab: Lab) -> None:
    with lab.authority.store.write() as tx:
        add_events(tx, 2)
        tx.targets.put("hook", b"old")
        add_events(tx, 3)
        tx.targets.put("hook", b"new")
        tx.targets.put("api", b"")
        assert tx.targets.all() == [TargetRow("api", b"", 5), TargetRow("hook", b"new", 2)]
        assert [tx.targets.waiting(target.cursor) for target in tx.targets.all()] == [0, 3]
        tx.targets.remove("hook")
        assert tx.targets.named("hook") is None and tx.targets.named("api") == TargetRow("api", b"", 5)


def test_progress_never_goes_back_and_clears_a_failure(lab: Lab) -> None:
    with lab.authority.store.write() as tx:
        tx.targets.put("hook", b"")
        tx.targets.not_delivered("hook", 100, "It said no.")
        tx.targets.not_delivered("hook", 200, "It said no again.")
        assert tx.targets.named("hook") == TargetRow("hook", b"", 0, None, 100, "It said no again.")
        assert tx.targets.move("hook", 4, 300) and tx.targets.move("hook", 3, None)
        assert tx.targets.named("hook") == TargetRow("hook", b"", 4, 300)
        assert not tx.targets.move("absent", 4, 300)


def test_only_events_that_every_target_has_may_be_forgotten(lab: Lab) -> None:
    with lab.authority.store.write() as tx:
        assert tx.targets.delivered_everywhere() == LARGEST
        add_events(tx, 3)
        for name, cursor in (("a", 3), ("b", 2)):
            tx.targets.put(name, b"")
            tx._execute("UPDATE event_targets SET cursor = ? WHERE name = ?", (cursor, name))
        assert tx.targets.delivered_everywhere() == 2
        later = START + timedelta(days=1)
        tx.journal.forget(later, later, later, tx.targets.delivered_everywhere())
        assert [number for number, _body in tx.journal.events()] == [3]
        assert tx.targets.last_event() == 3
