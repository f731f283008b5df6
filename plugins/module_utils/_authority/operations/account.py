# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account's configuration: how many days before expiry ACM announces it."""

from __future__ import annotations

import typing as t
from datetime import timedelta

from .call import Call, Fault, Operation


def get_account_configuration(call: Call) -> dict[str, t.Any]:
    with call.read() as tx:
        days = call.authority.days_before_expiry(tx)
    return {"ExpiryEvents": {"DaysBeforeExpiry": days}}


def put_account_configuration(call: Call) -> dict[str, t.Any]:
    """A repeated token returns the first result, whatever else the call contains."""
    token = call.request["IdempotencyToken"]
    days = (call.request.get("ExpiryEvents") or {}).get("DaysBeforeExpiry")
    if days is None:
        raise Fault("ValidationException", "Configuration for events is empty.")
    most = call.settings.max_days_before_expiry
    if not 1 <= days <= most:
        raise Fault("ValidationException", f"DaysBeforeExpiry is {days}: it must be 1 to {most}.")
    with call.write() as tx:
        since = call.now - timedelta(minutes=call.settings.idempotency_minutes)
        if not tx.answered(call.operation, token, since):
            tx.remember(call.operation, token, str(days), "{}", call.now)
            tx.set_meta("days_before_expiry", str(days))
    return {}


OPERATIONS = {
    "GetAccountConfiguration": Operation(get_account_configuration, is_short=True),
    "PutAccountConfiguration": Operation(put_account_configuration, ("ExpiryEvents", "IdempotencyToken")),
}
