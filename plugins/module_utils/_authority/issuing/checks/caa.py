# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CAA, looked up after every name was validated (acm-rules §3, RFC 8659)."""

from __future__ import annotations

from .verdict import Verdict, failed, pending, success
from ...._net.caa import permission
from ...._net.resolver import Asks


def check(name: str, issuers: list[str], wildcard: bool, resolver: Asks) -> Verdict:
    """FAILED with CAA_ERROR if the records forbid issuance; PENDING if DNS gives no definite answer: that is not a
    permission, but a temporary fault must not end the request either. `wildcard`: check for *.NAME.
    """
    starred = name if name.startswith("*.") or not wildcard else f"*.{name}"
    given, detail = permission(starred, issuers, resolver)
    if given is None:
        return pending(detail)
    return success(detail) if given else failed("CAA_ERROR", detail)
