# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wording of times, hosts and ACM's reasons in alerts. Pure.

Days are counted as people count them, from date to date in UTC: a certificate that expires at eight tomorrow morning
expires tomorrow, even if less than 24 hours are left.
"""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

from ansible_collections.certops.acm.plugins.module_utils._rules.sentences import ended

HOSTS_SHOWN = 5

# ACM's codes in words, for people who have never seen them.
REASONS = {
    "PENDING_DOMAIN_VALIDATION": "ACM could not yet prove that the names belong to you",
    "DOMAIN_VALIDATION_DENIED": "the proof that the names belong to you was refused",
    "DOMAIN_NOT_ALLOWED": "ACM does not issue certificates for one of the names",
    "INVALID_PUBLIC_DOMAIN": "one of the names is not a public domain",
    "ADDITIONAL_VERIFICATION_REQUIRED": "AWS must verify the account first: open a case with AWS Support",
    "NO_AVAILABLE_CONTACTS": "no mailbox was found that could approve the names",
    "CAA_ERROR": "a CAA record in DNS forbids it",
    "PCA_LIMIT_EXCEEDED": "the private CA has reached its quota",
    "PCA_INVALID_ARN": "the private CA no longer exists",
    "PCA_INVALID_STATE": "the private CA is not active",
    "PCA_REQUEST_FAILED": "the private CA refused",
    "PCA_NAME_CONSTRAINTS_VALIDATION": "the private CA is not allowed to issue for one of the names",
    "PCA_RESOURCE_NOT_FOUND": "the private CA no longer exists",
    "PCA_INVALID_ARGS": "the private CA refused the request: its key may be of another family, RSA or EC, than requested",
    "PCA_INVALID_DURATION": "the private CA expires before the certificate would",
    "PCA_ACCESS_DENIED": "ACM is not allowed to use the private CA",
    "SLR_NOT_FOUND": "the service-linked role of ACM is missing",
    "OTHER": "ACM gives no reason",
}


def reason(code: t.Any) -> str:
    """The meaning of ACM's reason, as a clause, with the code for looking it up."""
    if not code:
        return "ACM gives no reason"
    said = REASONS.get(str(code))
    return f"{said} ({code})" if said else f"ACM gives the reason {code}"


def days_until(until: datetime, now: datetime) -> int:
    """The number of days from today to that date; negative once it is past."""
    return (until.astimezone(timezone.utc).date() - now.astimezone(timezone.utc).date()).days


def distance(days: int) -> str:
    """in 12 days, tomorrow, today, yesterday, 3 days ago."""
    if abs(days) < 2:
        return {0: "today", 1: "tomorrow", -1: "yesterday"}[days]
    return f"in {days} days" if days > 0 else f"{-days} days ago"


def date(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def span(seconds: float) -> str:
    """90 minutes, 5 hours, 3 days."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length or (unit == "minute"):
            return counted(round(seconds / length), unit)
    raise AssertionError


def listed(names: t.Sequence[str]) -> str:
    """a, b and c; of many, the first five and how many more."""
    names = list(dict.fromkeys(names))
    if len(names) > HOSTS_SHOWN:
        names = [*names[:HOSTS_SHOWN], f"{len(names) - HOSTS_SHOWN} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def counted(number: int, what: str) -> str:
    """1 host, 2 hosts."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def quoted(titles: t.Sequence[str]) -> str:
    more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
    return ", ".join(f"'{title}'" for title in titles[:3]) + more


def sentence(text: str) -> str:
    """The text on one line, with a full stop."""
    return ended(" ".join(text.split()))


def joined(*sentences: str) -> str:
    return " ".join(" ".join(filter(None, sentences)).split())
