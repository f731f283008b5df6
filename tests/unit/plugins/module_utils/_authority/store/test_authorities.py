# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certification authorities in the store."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.store.authorities import CaRow
from ansible_collections.certops.acm.tests.support.authority_lab import Lab


def row(identifier: str, parent: str | None = None, created_at: int = 0, **facts: t.Any) -> CaRow:
    return CaRow(
        identifier, f"arn:{identifier}", f"name of {identifier}", "private", "ACTIVE", "RSA_2048", parent, "PEM",
        b"sealed", 9, created_at, 0, json.dumps(facts),
    )  # fmt: skip


def test_what_was_added_is_found(lab: Lab) -> None:
    rows = [row("b", created_at=1), row("a", created_at=1), row("root"), row("leafy", "b", 2, is_permitted=False)]
    with lab.authority.store.write() as tx:
        for each in rows:
            tx.cas.add(each)
        assert [each.id for each in tx.cas.all()] == ["root", "a", "b", "leafy"]
        assert tx.cas.of_arn("arn:leafy") == tx.cas.named("name of leafy") == rows[3]
        assert tx.cas.of_arn("arn:x") is tx.cas.named("x") is None


def test_a_chain_ends_with_the_root(lab: Lab) -> None:
    with lab.authority.store.write() as tx:
        for each in (row("root"), row("middle", "root"), row("bottom", "middle")):
            tx.cas.add(each)
        assert [each.id for each in tx.cas.chain("bottom")] == ["bottom", "middle", "root"]
        assert [each.id for each in tx.cas.chain("root")] == ["root"]


def test_a_change_affects_one_ca(lab: Lab) -> None:
    with lab.authority.store.write() as tx:
        for each in (row("a"), row("b")):
            tx.cas.add(each)
        tx.cas.set_status("a", "DISABLED")
        tx.cas.set_facts("a", '{"is_permitted": false}')
        assert [tx.cas.next_crl_number("a") for _list in range(3)] == [1, 2, 3]
        tx.count_up("a")
        tx.count_up("a", 7)  # of a day: not part of the sum
        a, b = tx.cas.all()
        assert (a.status, a.crl_number, a.issued, a.is_permitted) == ("DISABLED", 3, 1, False)
        assert b == row("b") and b.is_permitted


def test_ids_and_arns_are_unique(lab: Lab) -> None:
    for second in (row("a")._replace(arn="arn:other", name="other"), row("b")._replace(arn="arn:a")):
        with pytest.raises(Exception, match="UNIQUE"), lab.authority.store.write() as tx:
            tx.cas.add(row("a"))
            tx.cas.add(second)
