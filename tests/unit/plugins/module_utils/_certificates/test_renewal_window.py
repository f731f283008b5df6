# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether to renew: windows in days and shares, and what they must never cause."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.certops.acm.plugins.module_utils._certificates import renewal_window
from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import Certificate, from_detail
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.scripted_acm import arn
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)


def certificate(days_left: float, lifetime_days: float = 198, **facts: t.Any) -> Certificate:
    not_after = NOW + timedelta(days=days_left)
    return Certificate(
        arn(1),
        **{
            "status": "ISSUED",
            "type": "AMAZON_ISSUED",
            "serial": "0a:01",
            "not_before": not_after - timedelta(days=lifetime_days),
            "not_after": not_after,
            **facts,
        },
    )


@pytest.mark.parametrize(
    ("text", "days", "share"),
    [
        ("30", 30, None),
        (30, 30, None),
        ("30d", 30, None),
        (" 30 days ", 30, None),
        ("1 day", 1, None),
        ("0.5", 0.5, None),
        ("33%", None, 0.33),
        ("33.5 %", None, 0.335),
    ],
)
def test_windows(text: t.Any, days: t.Optional[float], share: t.Optional[float]) -> None:
    window = renewal_window.parse_window(text)
    assert (window.days, window.share) == (days, share)


@pytest.mark.parametrize("text", ["", "soon", "-3", "0", "0%", "100%", "120%", "3 weeks", "30 %%", "1e3", "nan", None])
def test_invalid_windows(text: t.Any) -> None:
    with pytest.raises(InvalidInput, match="renew_before"):
        renewal_window.parse_window(text)


@pytest.mark.parametrize(
    ("window", "days_left", "lifetime_days", "due"),
    [
        ("30", 31, 198, False),
        ("30", 30, 198, True),
        ("30", 29, 198, True),
        ("33%", 66, 198, False),
        ("33%", 65, 198, True),
        ("33%", 16, 47, False),
        ("33%", 15, 47, True),
        ("46", 46.5, 47, False),
    ],
)
def test_due(window: str, days_left: float, lifetime_days: float, due: bool) -> None:
    decision = renewal_window.decide(
        certificate(days_left, lifetime_days), renewal_window.parse_window(window), False, NOW
    )
    assert decision is not None and decision.is_due is due
    assert decision.reason.startswith("It expires in ")


@pytest.mark.parametrize(("window", "lifetime_days"), [("198", 198), ("395", 198), ("60", 47), ("47", 47)])
def test_a_window_as_long_as_the_lifetime_would_never_end(window: str, lifetime_days: float) -> None:
    with pytest.raises(InvalidInput, match="every run would renew it again"):
        renewal_window.decide(certificate(3, lifetime_days), renewal_window.parse_window(window), False, NOW)


@given(
    days=st.floats(min_value=0.1, max_value=4000, allow_nan=False),
    lifetime_days=st.floats(min_value=0.5, max_value=4000, allow_nan=False),
)
def test_a_fresh_certificate_is_never_due(days: float, lifetime_days: float) -> None:
    fresh = certificate(lifetime_days, lifetime_days)
    try:
        decision = renewal_window.decide(fresh, renewal_window.Window(text=str(days), days=days), False, NOW)
    except InvalidInput:
        assert days >= lifetime_days - 1e-6
    else:
        assert decision is not None and not decision.is_due


@given(share=st.floats(min_value=0.001, max_value=0.999))
def test_a_fresh_certificate_is_never_due_by_share(share: float) -> None:
    decision = renewal_window.decide(certificate(47, 47), renewal_window.Window(text="x", share=share), False, NOW)
    assert decision is not None and not decision.is_due


def test_no_decision_unless_requested() -> None:
    assert renewal_window.decide(certificate(1), None, False, NOW) is None


def test_forced() -> None:
    decision = renewal_window.decide(certificate(100), None, True, NOW)
    assert decision is not None and decision.is_due
    assert decision.result() == {"due": True, "reason": "force_renewal is set."}


@pytest.mark.parametrize("status", ["PENDING_AUTO_RENEWAL", "PENDING_VALIDATION"])
@pytest.mark.parametrize("is_forced", [True, False])
def test_a_renewal_in_progress_is_not_started_again(status: str, is_forced: bool) -> None:
    one = certificate(1, renewal_status=status)
    decision = renewal_window.decide(one, renewal_window.parse_window("30"), is_forced, NOW)
    assert decision is not None and not decision.is_due
    assert status in decision.reason


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"type": "IMPORTED"}, "certops.acm.acm_import"),
        ({"status": "EXPIRED"}, "because it is EXPIRED"),
        ({"status": "REVOKED"}, "because it is REVOKED"),
        ({"status": "FAILED"}, "request a new certificate"),
    ],
)
def test_what_can_never_be_renewed(facts: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        renewal_window.decide(certificate(10, **facts), None, True, NOW)


def test_expired_whatever_the_status_says() -> None:
    with pytest.raises(InvalidInput, match="because it is EXPIRED"):
        renewal_window.decide(certificate(-1), renewal_window.parse_window("30"), False, NOW)


def test_pending_and_undated_certificates_are_not_due() -> None:
    for one in (certificate(10, status="PENDING_VALIDATION"), certificate(10, not_after=None)):
        decision = renewal_window.decide(one, renewal_window.parse_window("30"), False, NOW)
        assert decision is not None and not decision.is_due


def test_the_serial_decides_whether_it_has_changed() -> None:
    before = certificate(10)
    assert not renewal_window.has_changed(before, certificate(100))
    assert not renewal_window.has_changed(before, certificate(100, serial=None))
    assert renewal_window.has_changed(before, certificate(10, serial="0a:02"))


def test_an_earlier_failure_does_not_count() -> None:
    def described(status: str, updated_at: datetime) -> Certificate:
        return from_detail({"RenewalSummary": {"RenewalStatus": status, "UpdatedAt": updated_at}})

    earlier = described("FAILED", NOW)
    assert renewal_window.failure(earlier, described("FAILED", NOW)) is None
    assert renewal_window.failure(earlier, described("PENDING_VALIDATION", NOW)) is None
    assert renewal_window.failure(earlier, described("FAILED", NOW + timedelta(seconds=1)))
    failed = from_detail({"RenewalSummary": {"RenewalStatus": "FAILED", "RenewalStatusReason": "CAA_ERROR"}})
    assert renewal_window.failure(from_detail({}), failed) == "The renewal FAILED (CAA_ERROR)."
