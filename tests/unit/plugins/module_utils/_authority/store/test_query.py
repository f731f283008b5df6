# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL and lifecycle.state agree about stored certificates."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle import state
from ansible_collections.certops.acm.plugins.module_utils._authority.store import query, transactions
from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle.state import Certificate
from ansible_collections.certops.acm.tests.support.drawn_certificates import CERTIFICATES, DEFAULTS, NOW
from hypothesis import given, settings
from hypothesis import strategies as st

STATUSES = "PENDING_VALIDATION ISSUED INACTIVE EXPIRED VALIDATION_TIMED_OUT REVOKED FAILED".split()


@settings(max_examples=300, deadline=None)
@given(CERTIFICATES, st.integers(1, 45))
def test_everything_due_is_due_in_the_store(one: Certificate, days: int) -> None:
    """A sweep misses nothing: whatever is due now has a stored due time that has passed."""
    due_at = state.next_due_at(one, NOW, DEFAULTS, days)
    is_due = (
        state.is_validation_open(one, NOW, DEFAULTS)
        and state.needs_a_look(one.validations)
        and state.next_validation_at(one, NOW, DEFAULTS, is_read=False) <= NOW
    ) or (state.is_renewal_due(one, NOW, DEFAULTS) and state.next_attempt_at(one, NOW, DEFAULTS, is_read=False) <= NOW)
    if is_due or state.is_renewal_dropped(one, NOW, DEFAULTS) or state.is_renewal_failed(one, NOW, DEFAULTS):
        assert due_at is not None and due_at <= NOW
    notice_at = state.next_notice_at(one, NOW, days)
    if notice_at is not None:
        assert due_at is not None and due_at <= notice_at


@settings(max_examples=60, deadline=None)
@given(st.lists(CERTIFICATES, min_size=1, max_size=8))
def test_the_status_as_sql_is_the_status(many: list[Certificate]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(transactions.SCHEMA)
    tx = transactions.Transaction(connection)
    many = [one._replace(id=str(place), arn=f"arn:{place}") for place, one in enumerate(many)]
    for one in many:
        tx.add(one, {}, None)
    clock = query.Clock.at(NOW, timedelta(hours=DEFAULTS.validation_hours))
    for status in STATUSES:
        found, _token = tx.find(query.Query(query.has_status(status, clock), 100, clock))
        wanted = {one.id for one in many if state.status(one, NOW, DEFAULTS) == status}
        assert {one.id for one in found} == wanted, status
    for order, value in (
        ("STATUS", lambda one: state.status(one, NOW, DEFAULTS)),
        ("RENEWAL_ELIGIBILITY", lambda one: "INELIGIBLE" if not eligible(one) else "ELIGIBLE"),
    ):
        found, _token = tx.find(query.Query(query.EVERYTHING, 100, clock, sort_by=order, descending=False))
        values = [value(one) for one in found]
        assert values == sorted(values) and len(values) == len(many)


def eligible(one: Certificate) -> bool:
    return state.is_eligible_for_renewal(one, NOW, DEFAULTS)
