# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many certificates an account may have, and add in a year (acm-rules §11). Private certificates do not count."""

from __future__ import annotations

from .call import Call, Fault
from ..lifecycle import state
from ..lifecycle.state import Certificate
from ..store.transactions import Transaction

YEAR_DAYS = 365
COUNTERS = {state.AMAZON_ISSUED: "REQUESTS", state.IMPORTED: "IMPORTS"}


def check(call: Call, tx: Transaction, certificate: Certificate) -> None:
    """Raise Fault if one more certificate of this type would exceed a quota."""
    settings = call.settings
    if certificate.type == state.IMPORTED:
        most, most_a_year = settings.quota_imported, settings.quota_imports_a_year
    elif certificate.type == state.AMAZON_ISSUED:
        most, most_a_year = settings.quota_certificates, settings.quota_requests_a_year
    else:
        return
    what = "imported certificates" if certificate.type == state.IMPORTED else "certificates"
    if tx.count(certificate.type) >= most:
        raise Fault("LimitExceededException", f"Error: you have reached your limit of {most} {what}.")
    if tx.count(COUNTERS[certificate.type], _day(call) - YEAR_DAYS) >= most_a_year:
        raise Fault(
            "LimitExceededException", f"Error: you have reached your limit of {most_a_year} {what} in the last year."
        )


def count(call: Call, tx: Transaction, certificate: Certificate) -> None:
    """Count the certificate as created today."""
    if certificate.type in COUNTERS:
        tx.count_up(COUNTERS[certificate.type], _day(call))


def _day(call: Call) -> int:
    return int(call.now.timestamp() // 86400)
