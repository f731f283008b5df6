# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state machine, pure (lifecycle.py), and its statuses as SQL (query.has_status, sorting)."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle import state
from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle.state import (
    Certificate,
    DomainValidation,
    Renewal,
)
from ansible_collections.certops.acm.tests.support.drawn_certificates import (
    certificate,
    DAY,
    DEFAULTS,
    leaf,
    MILLI,
    NOW,
)


def issued(ends: timedelta = 90 * DAY, **changes: t.Any) -> Certificate:
    return certificate(**{"leaf": leaf(ends), "exported_at": NOW - DAY, "ever_exported": True, **changes})


def renewal(status: str = "PENDING_VALIDATION", attempted: t.Optional[timedelta] = None, **changes: t.Any) -> Renewal:
    base: dict[str, t.Any] = {
        "status": status, "started_at": NOW - DAY, "updated_at": NOW - DAY,
        "attempted_at": None if attempted is None else NOW - attempted,
    }  # fmt: skip
    return Renewal(**{**base, **changes})


@pytest.mark.parametrize(
    "given_certificate, expected",
    [
        (certificate(), "PENDING_VALIDATION"),
        (certificate(created_at=NOW - timedelta(hours=72) + MILLI), "PENDING_VALIDATION"),
        (certificate(created_at=NOW - timedelta(hours=72)), "VALIDATION_TIMED_OUT"),
        (certificate(failed_at=NOW), "FAILED"),
        (certificate(failed_at=NOW, created_at=NOW - 9 * DAY), "FAILED"),
        (issued(), "ISSUED"),
        (issued(timedelta(0)), "ISSUED"),
        (issued(-MILLI), "EXPIRED"),
        (issued(revoked_at=NOW), "REVOKED"),
        (issued(-DAY, revoked_at=NOW), "REVOKED"),
        (issued(type="IMPORTED"), "ISSUED"),
    ],
)
def test_status(given_certificate: Certificate, expected: str) -> None:
    assert state.status(given_certificate, NOW, DEFAULTS) == expected


@pytest.mark.parametrize(
    "given_certificate, expected",
    [
        (issued(), True),
        (issued(exported_at=None), False),
        (issued(exported_at=None, in_use_by=("arn",)), True),
        (issued(type="PRIVATE"), True),
        (issued(type="IMPORTED", in_use_by=("arn",)), False),
        (issued(-DAY), False),
        (issued(revoked_at=NOW), False),
        (issued(names=("a.example.com", "ab--c.example.com")), False),
        (certificate(exported_at=NOW), False),
    ],
)
def test_eligible(given_certificate: Certificate, expected: bool) -> None:
    assert state.is_eligible_for_renewal(given_certificate, NOW, DEFAULTS) is expected


@pytest.mark.parametrize(
    "given_certificate, expected",
    [
        (issued(60 * DAY + MILLI), False),
        (issued(60 * DAY), True),
        (issued(46 * DAY, validation_method="EMAIL"), False),
        (issued(45 * DAY, validation_method="EMAIL"), True),
        (issued(60 * DAY, type="PRIVATE", validation_method=None), True),
        (issued(10 * DAY, exported_at=None), False),
        (issued(10 * DAY, type="IMPORTED"), False),
        (issued(-DAY), False),
        (issued(renewal=renewal()), True),  # requested long before the window
        (issued(renewal=renewal("SUCCESS")), False),
        (issued(50 * DAY, renewal=renewal("SUCCESS")), True),
        (issued(exported_at=None, renewal=renewal()), True),
        (issued(renewal=renewal(), revoked_at=NOW), False),
    ],
)
def test_renewal_due(given_certificate: Certificate, expected: bool) -> None:
    assert state.is_renewal_due(given_certificate, NOW, DEFAULTS) is expected


NO_RECORD = (DomainValidation("a.example.com", "DNS"),)
MAILED = (DomainValidation("a.example.com", "EMAIL", emails=("admin@a.example.com",)),)


def waiting(waited: timedelta, looked: timedelta, took_ms: int = 0) -> Certificate:
    """A request whose names were checked `looked` ago, after it had waited this long."""
    made = certificate(created_at=NOW - looked - waited, validations=NO_RECORD)
    return made._replace(looked_at=NOW - looked, look_ms=took_ms)


@pytest.mark.parametrize(
    "given_certificate, by_a_reader, by_a_list",
    [
        (certificate(), 0, 0),
        (waiting(timedelta(0), timedelta(0)), 0, 0),
        (waiting(timedelta(seconds=20), timedelta(0)), 2, 2),
        (waiting(timedelta(seconds=20), timedelta(seconds=1)), 1, 1),
        (waiting(timedelta(seconds=300), timedelta(0)), 5, 30),
        (waiting(timedelta(hours=3), timedelta(0)), 5, 60),
        (waiting(timedelta(seconds=5), timedelta(0), took_ms=5000), 15, 15),  # DNS does not answer
        (waiting(timedelta(seconds=40), timedelta(0), took_ms=40_000), 60, 60),
        (waiting(timedelta(hours=3), -timedelta(hours=1)), 0, 0),  # by a clock that was wrong
    ],
)
def test_when_names_are_checked_again(given_certificate: Certificate, by_a_reader: float, by_a_list: float) -> None:
    for is_read, expected in ((True, by_a_reader), (False, by_a_list)):
        again_at = state.next_validation_at(given_certificate, NOW, DEFAULTS, is_read)
        assert (again_at - NOW).total_seconds() == expected


@pytest.mark.parametrize(
    "given_renewal, minutes",
    [
        (renewal(attempted=None), 0),
        (renewal("PENDING_AUTO_RENEWAL", attempted=timedelta(minutes=59)), 1),  # a CA is asked every hour
        (renewal("PENDING_AUTO_RENEWAL", attempted=timedelta(minutes=60)), 0),
        (renewal(attempted=-timedelta(days=1)), 0),  # by a clock that was wrong
        (renewal("PENDING_VALIDATION", attempted=timedelta(0))._replace(validations=NO_RECORD), 1),
        (renewal("PENDING_VALIDATION", attempted=timedelta(0))._replace(validations=MAILED), 60),
    ],
)
def test_when_a_renewal_is_attempted_again(given_renewal: Renewal, minutes: float) -> None:
    again_at = state.next_attempt_at(issued(renewal=given_renewal), NOW, DEFAULTS, is_read=False)
    assert again_at == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "made, is_dropped",
    [
        (issued(renewal=renewal()), False),
        (issued(renewal=renewal(), exported_at=None), True),
        (issued(renewal=renewal(), exported_at=None, in_use_by=("arn",)), False),
        (issued(renewal=renewal()._replace(is_asked_for=True), exported_at=None), False),
        (issued(renewal=renewal("SUCCESS"), exported_at=None), False),
    ],
)
def test_a_renewal_ends_with_eligibility(made: Certificate, is_dropped: bool) -> None:
    assert state.is_renewal_dropped(made, NOW, DEFAULTS) is is_dropped
    assert not is_dropped or state.next_due_at(made, NOW, DEFAULTS, 45) == NOW


@pytest.mark.parametrize(
    "given_certificate, expected",
    [
        (certificate(), timedelta(0)),
        (certificate(validations=MAILED), None),  # its approval is reported, not polled for
        (certificate(created_at=NOW - 4 * DAY), None),
        (certificate(failed_at=NOW), None),
        (issued(), 30 * DAY),
        (issued(exported_at=None), 45 * DAY),
        (issued(type="IMPORTED"), 45 * DAY),
        (issued(renewal=renewal("PENDING_AUTO_RENEWAL", attempted=timedelta(minutes=20))), timedelta(minutes=40)),
        (issued(renewal=renewal(attempted=None)), timedelta(0)),
        (issued(30 * DAY, exported_at=None), -15 * DAY),
        (issued(30 * DAY, exported_at=None, noticed_at=NOW - DAY / 2), DAY / 2),
        (issued(DAY / 4, exported_at=None, noticed_at=NOW - DAY / 2), DAY / 4),
        (issued(-DAY, noticed_at=NOW - 2 * DAY), -DAY),
        (issued(-DAY, noticed_at=NOW), None),
        (issued(-DAY, noticed_at=NOW, renewal=renewal(attempted=DAY)), timedelta(0)),
        (issued(revoked_at=NOW), None),
    ],
)
def test_next_due(given_certificate: Certificate, expected: t.Optional[timedelta]) -> None:
    due_at = state.next_due_at(given_certificate, NOW, DEFAULTS, 45)
    assert due_at == (None if expected is None else NOW + expected)


def test_a_renewal_younger_than_72_hours_continues() -> None:
    begun = issued(renewal=renewal())
    assert state.begin_renewal(begun, NOW, DEFAULTS) is begun
    again = state.begin_renewal(begun, NOW + 2 * DAY, DEFAULTS)
    assert again.renewal and again.renewal.started_at == NOW + 2 * DAY


def test_only_a_changed_result_gets_a_new_date() -> None:
    pending = (DomainValidation("a.example.com", "DNS"),)
    begun = state.begin_renewal(issued(), NOW, DEFAULTS)
    once = state.attempted(begun, pending, None, NOW + DAY)
    twice = state.attempted(once, pending, None, NOW + 2 * DAY)
    assert once.renewal and twice.renewal
    assert (once.renewal.updated_at, twice.renewal.updated_at) == (NOW + DAY, NOW + DAY)
    assert twice.renewal.attempted_at == NOW + 2 * DAY
