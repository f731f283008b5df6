# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation by DNS (acm-rules §3): the CNAME that the CA asked for, seen from the CA's side."""

from __future__ import annotations

from .verdict import Verdict, pending, success
from ...._net.resolver import Asks
from ...._rules.names import plain


def check(name: str, record_name: str, record_value: str, resolver: Asks, max_cname_chain: int = 5) -> Verdict:
    """Whether a chain of at most `max_cname_chain` CNAMEs leads from `record_name` to `record_value`.

    The value may lack its leading underscore, the record's name may not; case never matters.
    Never FAILED: a record that is missing or wrong today may be right tomorrow.
    """
    owner = plain(record_name)
    value = plain(record_value)
    seen = [owner]
    for _step in range(max_cname_chain):
        found = resolver.lookup(seen[-1], "CNAME")
        if not found.is_certain:
            way = f"{owner} leads to {seen[-1]}, which" if len(seen) > 1 else f"The record for {name}"
            return pending(f"{way} cannot be looked up. {found.detail}")
        if not found.records:
            break
        target = found.records[0]
        if target in (value, value[1:] if value.startswith("_") else value):
            return success(f"{owner} leads to {target}.")
        if target in seen:
            return pending(f"The CNAME records at {owner} form a loop.")
        seen.append(target)
    if len(seen) == 1:
        return pending(f"{owner} has no CNAME record; {name} is waiting for one with the value {value}.")
    if len(seen) > max_cname_chain:
        return pending(f"{owner} starts a chain of more than {max_cname_chain} CNAME records; shorten the chain.")
    return pending(f"{owner} leads to {seen[-1]}; {name} is waiting for the value {value}.")
