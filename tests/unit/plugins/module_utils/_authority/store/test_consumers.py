# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each consumer of events has received, in the store."""

from __future__ import annotations

from ansible_collections.certops.acm.plugins.module_utils._authority.store.transactions import Transaction
from ansible_collections.certops.acm.tests.support.authority_lab import START, Lab

WEB = "web"


def add_events(tx: Transaction, number: int) -> None:
    for each in range(number):
        tx.journal.add_event(START, "arn", "kind", f"id-{each}", {}, None)


def free(tx: Transaction, now: int, consumer: str = WEB) -> list[tuple[int, int]]:
    """Number and delivery count of each event that can be received now."""
    return [(row[0], row[1]) for row in tx.consumers.free(consumer, now, 9)]


def test_new_events_in_order_and_each_once(lab: Lab) -> None:
    with lab.authority.store.write() as tx:
        add_events(tx, 3)
        assert (tx.consumers.waiting(WEB, 0), free(tx, 0)) == (3, [])
        tx.consumers.take_new(WEB, 2)
        tx.consumers.take_new(WEB, 9)
        tx.consumers.take_new(WEB, 9)
        assert free(tx, 0) == [(1, 0), (2, 0), (3, 0)]
        assert tx.consumers.waiting(WEB, 0) == 3 == tx.consumers.waiting("another", 0)
        assert tx.consumers.free(WEB, 0, 1)[0][2] == "id-0"


def test_hidden_events_return_in_time(lab: Lab) -> None:
    with lab.authority.store.write() as tx:
        add_events(tx, 2)
        tx.consumers.take_new(WEB, 2)
        tx.consumers.hide(WEB, 1, "handle", 100, 1)
        assert (free(tx, 99), tx.consumers.waiting(WEB, 99)) == ([(2, 0)], 1)
        assert (free(tx, 100), tx.consumers.waiting(WEB, 100)) == ([(1, 1), (2, 0)], 2)


def test_only_the_last_handle_acknowledges(lab: Lab) -> None:
    with lab.authority.store.write() as tx:
        add_events(tx, 1)
        for consumer in (WEB, "another"):
            tx.consumers.take_new(consumer, 1)
            tx.consumers.hide(consumer, 1, f"handle of {consumer}", 100, 1)
        for consumer, event, handle in ((WEB, "1", "handle of another"), (WEB, "2", "handle of web"), (WEB, "1", "")):
            assert not tx.consumers.acknowledge(consumer, event, handle)
        assert tx.consumers.acknowledge(WEB, "1", "handle of web")
        assert not tx.consumers.acknowledge(WEB, "1", "handle of web")
        tx.consumers.take_new(WEB, 9)
        assert (free(tx, 999), free(tx, 999, "another")) == ([], [(1, 1)])
