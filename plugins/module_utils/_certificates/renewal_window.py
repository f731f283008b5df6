# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a certificate should be renewed now, and why. Pure: takes a description and the time, returns a reason.

The window is measured against the certificate's own lifetime, never against a fixed number of days: public certificates
went from 395 days to 198, and will go to 47 (acm-rules §2, §7).
"""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timedelta

from .certificate import Certificate
from .._rules.errors import InvalidInput

_WINDOW = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(%|d|days?)?\s*", re.IGNORECASE)
MAX_DAYS = 36_525  # a hundred years; CAs are valid for less
UNDER_WAY = ("PENDING_AUTO_RENEWAL", "PENDING_VALIDATION")


class Window(t.NamedTuple):
    """How long before expiry a certificate is renewed: a time, or a share of its lifetime (0 < share < 1)."""

    text: str
    days: t.Optional[float] = None
    share: t.Optional[float] = None
    option: str = "renew_before"

    def opens_at(self, not_before: datetime, not_after: datetime) -> datetime:
        """When renewal is due. Raises InvalidInput for a window as long as the lifetime: every run would renew."""
        lifetime = not_after - not_before
        length = timedelta(days=self.days) if self.days is not None else lifetime * (self.share or 0)
        if length >= lifetime:
            raise InvalidInput(
                f"{self.option} is {self.text!r}, but the certificate is valid for only {_days(lifetime)}, so every "
                "run would renew it again: give a shorter time, or a share such as '33%'."
            )
        return not_after - length


class Decision(t.NamedTuple):
    """Whether to call RenewCertificate now, and why or why not, in words for the user.

    is_under_way: the wanted renewal has already begun and can only be waited for.
    """

    is_due: bool
    reason: str
    is_under_way: bool = False

    def result(self) -> dict[str, t.Any]:
        return {"due": self.is_due, "reason": self.reason}


def parse_window(text: t.Any, option: str = "renew_before") -> Window:
    """Read "30", "30 days" or "33%", the value of an option. Raises InvalidInput."""
    match = _WINDOW.fullmatch(str(text))
    if not match:
        raise InvalidInput(
            f"{option} is {text!r}, which is neither a number of days nor a share: give '30', or '33%' of the lifetime."
        )
    amount, unit = float(match[1]), (match[2] or "days").lower()
    if unit == "%":
        if not 0 < amount < 100:
            raise InvalidInput(
                f"{option} is {text!r}: a share must be more than 0% and less than 100% of the lifetime."
            )
        return Window(text=str(text).strip(), share=amount / 100, option=option)
    if amount <= 0:
        raise InvalidInput(f"{option} is {text!r}: give at least one day.")
    if amount > MAX_DAYS:
        raise InvalidInput(
            f"{option} is {text!r} days: no certificate is valid for that long, so every run would renew it."
        )
    return Window(text=str(text).strip(), days=amount, option=option)


def decide(
    certificate: Certificate, window: t.Optional[Window], is_forced: bool, now: datetime
) -> t.Optional[Decision]:
    """Whether to renew now; None if that was not requested. Raises InvalidInput if the request makes no sense."""
    if window is None and not is_forced:
        return None
    if certificate.type == "IMPORTED":
        raise InvalidInput(
            f"{certificate.arn} was imported, and ACM never renews an imported certificate: import its successor with "
            "certops.acm.acm_import."
        )
    if not certificate.is_valid(now):
        if certificate.status == "PENDING_VALIDATION":
            return Decision(False, "It is not issued yet.")
        raise InvalidInput(
            f"{certificate.arn} cannot be renewed, because it is "
            f"{'EXPIRED' if certificate.status == 'ISSUED' else certificate.status}: request a new certificate."
        )
    reason = "force_renewal is set."
    if not is_forced:
        if certificate.not_before is None or certificate.not_after is None or window is None:
            return Decision(False, "ACM does not say when it expires.")
        opens_at = window.opens_at(certificate.not_before, certificate.not_after)
        left = _days(certificate.not_after - now)
        if now < opens_at:
            return Decision(False, f"It expires in {left}; renewal is due in {_days(opens_at - now)}.")
        reason = f"It expires in {left}, and should be renewed {_spoken(window)} before that."
    if certificate.renewal_status in UNDER_WAY:
        return Decision(False, f"A renewal is already under way ({certificate.renewal_status}).", True)
    return Decision(True, reason)


def has_changed(before: Certificate, after: Certificate) -> bool:
    """Whether a renewal has produced a new certificate. The serial decides: dates and summaries lag or repeat."""
    return after.serial is not None and after.serial != before.serial


def failure(before: Certificate, after: Certificate) -> t.Optional[str]:
    """Why the renewal that has just begun has failed; None while it may still succeed.

    A summary that has not changed since is about an earlier renewal.
    """
    summary = (after.detail or {}).get("RenewalSummary") or {}
    earlier = (before.detail or {}).get("RenewalSummary") or {}
    if summary.get("RenewalStatus") != "FAILED":
        return None
    if earlier.get("RenewalStatus") == "FAILED" and earlier.get("UpdatedAt") == summary.get("UpdatedAt"):
        return None
    return f"The renewal FAILED ({summary.get('RenewalStatusReason') or 'no reason was given'})."


def _spoken(window: Window) -> str:
    if window.share is not None:
        return f"{window.text} of its lifetime"
    return _days(timedelta(days=window.days or 0))


def _days(length: timedelta) -> str:
    days = length.total_seconds() / 86400
    if days >= 2:
        return f"{days:.0f} days"
    hours = days * 24
    return f"{hours:.0f} hours" if hours >= 2 else f"{max(days, 0) * 1440:.0f} minutes"
