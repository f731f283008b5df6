# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/metrics: the metric DaysToExpiry and the state of the authority, as Prometheus reads them."""

from __future__ import annotations

import typing as t

from ...authority import Authority
from ... import audit
from ...store.transactions import StoreError
from ..messages import Reply


def answer(authority: Authority) -> Reply:
    headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Cache-Control": "no-store"}
    return Reply(200, headers, text(authority).encode())


def text(authority: Authority) -> str:
    """In Prometheus's text format. If the store cannot be read, there is only acm_authority_up."""
    try:
        return "".join(_lines(authority))
    except StoreError:
        return "".join(_family("acm_authority_up", "gauge", "Whether the store can be read.", [({}, 0)]))


def days_text(days: t.Sequence[tuple[str, t.Mapping[str, t.Any]]]) -> str:
    """The metric DaysToExpiry alone; days: what audit.days_to_expiry found."""
    samples = [({"arn": each["Dimensions"][0]["Value"], "domain": name}, each["Value"]) for name, each in days]
    said = "CloudWatch's DaysToExpiry: the days until a certificate expires."
    return "".join(_family("acm_certificate_days_to_expiry", "gauge", said, samples))


def _lines(authority: Authority) -> t.Iterator[str]:
    now = authority.now()
    days = audit.days_to_expiry(authority.store, now)
    with authority.store.read() as tx:
        counts = [({"type": name}, tx.count(name)) for name in ("AMAZON_ISSUED", "IMPORTED", "PRIVATE")]
        due = len(tx.due(now))
        waiting = {row.name: tx.targets.waiting(row.cursor) for row in tx.targets.all()}
        settled = tx.meta("last_due_work_at") or tx.meta("last_sweep_at")
    yield from _family("acm_authority_up", "gauge", "Whether the store can be read.", [({}, 1)])
    yield from _family("acm_authority_certificates", "gauge", "Certificates by type.", counts)
    yield from _family("acm_authority_due", "gauge", "Certificates with due work.", [({}, due)])
    undelivered = [({"target": name}, number) for name, number in sorted(waiting.items())]
    yield from _family(
        "acm_authority_undelivered_events", "gauge", "Events that a target has not received yet.", undelivered
    )
    if settled:
        yield from _family(
            "acm_authority_last_due_work_timestamp_seconds", "gauge", "When due work was last done.",
            [({}, int(audit.instant(settled).timestamp()))],
        )  # fmt: skip
    yield days_text(days)


def _family(name: str, kind: str, said: str, samples: t.Sequence[tuple[t.Mapping[str, str], t.Any]]) -> t.Iterator[str]:
    yield f"# HELP {name} {said}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        shown = ",".join(f'{key}="{_escaped(labels[key])}"' for key in labels)
        yield f"{name}{{{shown}}} {value}\n" if shown else f"{name} {value}\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
