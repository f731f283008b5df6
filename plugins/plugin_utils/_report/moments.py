# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moments as modules return them (2026-11-23T16:51:00Z), and how long certificates live. Pure."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ansible_collections.certops.acm.plugins.module_utils._rules.acm_limits import RENEWAL_DAYS, RENEWAL_DAYS_BY_EMAIL
from ansible_collections.certops.acm.plugins.module_utils._rules.times import read_iso
from ansible_collections.certops.acm.plugins.module_utils._certificates.renewal_window import Window
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._renewals.plan import may_be_exported

Entry = t.Mapping[str, t.Any]

RENEWAL_SHARE = 3  # ACM begins no renewal before two thirds of the lifetime


def moment(text: t.Any) -> datetime | None:
    """None if the text is not a moment: the page shows what it can."""
    try:
        return read_iso(str(text))
    except ValueError:
        return None


def lifetime(certificate: Entry) -> timedelta | None:
    starts_at, ends_at = moment(certificate.get("not_before")), moment(certificate.get("not_after"))
    return ends_at - starts_at if starts_at and ends_at and ends_at > starts_at else None


def renewal_from(certificate: Entry, renew_before: Window | None = None) -> datetime | None:
    """When the renewal of a certificate begins, by ACM or earlier by the renewal run. None if nobody renews it."""
    ends_at, lives_for = moment(certificate.get("not_after")), lifetime(certificate)
    if ends_at is None or lives_for is None or certificate.get("type") == "IMPORTED":
        return None
    days = RENEWAL_DAYS_BY_EMAIL if certificate.get("validation_method") == "EMAIL" else RENEWAL_DAYS
    by_acm = ends_at - min(timedelta(days=days), lives_for / RENEWAL_SHARE)
    if renew_before is None or not may_be_exported(certificate):
        return by_acm
    try:
        return min(by_acm, renew_before.opens_at(ends_at - lives_for, ends_at))
    except InvalidInput:
        return by_acm  # the renewal run reports what is wrong with the option


def status_at(certificate: Entry, now: datetime) -> str:
    """The status; EXPIRED from the moment of expiry on, whatever ACM's lists still say."""
    ends_at = moment(certificate.get("not_after"))
    status = str(certificate.get("status") or "UNKNOWN")
    return "EXPIRED" if status == "ISSUED" and ends_at is not None and ends_at <= now else status
