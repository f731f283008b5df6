# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one run of renewals leaves to the next: a small JSON document without any secret. Pure.

Losing it loses no work: certificates are compared with what hosts really serve. Only alerts may then come twice, and a
renewal may be forced twice in a day.

version: of this shape. last_sweep_at: when the last run began. forced: renewals that were asked for, {arn, at}.
hosts: {host: {arn: {serial, not_before, not_after}}}, what each host was seen to have. told: acm_alert's.
"""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timedelta

from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import iso
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from .plan import Entry, moment

VERSION = 1
FORGOTTEN_AFTER = timedelta(days=2)  # forced renewals count for a day


def empty() -> dict[str, t.Any]:
    return {"version": VERSION, "last_sweep_at": None, "forced": [], "hosts": {}, "told": {}}


def read(text: str | None) -> dict[str, t.Any]:
    """The document, or an empty one where there is none yet. Raises InvalidInput when it is something else."""
    if not text or not text.strip():
        return empty()
    try:
        document = json.loads(text)
        version = document["version"]
    except (ValueError, KeyError, TypeError):
        raise InvalidInput(
            "The memory of the renewals is not readable; move the file away, and alerts may come a second time."
        ) from None
    if version != VERSION:
        raise InvalidInput(
            f"The memory of the renewals has the version {version}, this collection knows {VERSION}; use the newer one."
        )
    return {**empty(), **document}


def forcing(memory: Entry, arns: t.Iterable[str], now: datetime) -> dict[str, t.Any]:
    """The memory as it has to be before renewals are forced: whoever is killed then has still used up his attempts."""
    lately = [entry for entry in memory["forced"] if now - moment(entry["at"]) < FORGOTTEN_AFTER]
    return {**memory, "forced": lately + [{"arn": arn, "at": iso(now)} for arn in arns]}


def after(memory: Entry, outcomes: t.Mapping[str, Entry | None], told: Entry, started_at: str) -> dict[str, t.Any]:
    """The memory as a whole run leaves it. Hosts that did not take part keep what was known of them."""
    hosts = {host: dict(known) for host, known in memory["hosts"].items()}
    for host, outcome in outcomes.items():
        for each in (outcome or {}).get("done", ()):
            hosts.setdefault(host, {})[each["arn"]] = {
                key: each[key] for key in ("serial", "not_before", "not_after") if each.get(key)
            }
    return {**memory, "version": VERSION, "last_sweep_at": started_at, "hosts": hosts, "told": dict(told)}
