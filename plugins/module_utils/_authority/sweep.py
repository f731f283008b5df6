# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sweep, which does whatever is due: what an operator has run from time to time, though every read settles what it
reads.

Safe to run at any time, twice at once, after a year of silence: what is slow happens outside of transactions, and
before anything is stored the certificate is read again; if somebody else was quicker, the work is dropped.
"""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timedelta

from .._rules.errors import InvalidInput
from .delivery import deliveries
from .issuing import settlement
from .keys import key_file
from .authority import Authority
from .lifecycle.state import Certificate
from .._rules.times import iso

WALK = 500  # certificates looked at in one transaction when all dues are computed again


class Swept(t.NamedTuple):
    """What one sweep did. issued, renewed, failed: ARNs. troubles: sentences on what could not be done, and will be
    tried by the next sweep. delivered: how many events their targets took."""

    looked_at: int
    issued: list[str]
    renewed: list[str]
    failed: list[str]
    troubles: list[str]
    delivered: int = 0


def sweep(authority: Authority) -> Swept:
    """Do all that is due: validations, renewals, notices of expiry, revocation lists, delivery of events, and forgetting
    what is old. What waits for validation is looked at whether or not that is due: whoever sweeps has often just mended
    something."""
    started_at = authority.now()
    settings = authority.settings
    swept = _settle(authority, started_at - timedelta(hours=settings.validation_hours))
    with authority.store.write() as tx:
        tx.forget_tokens(started_at - timedelta(minutes=settings.idempotency_minutes))
        tx.journal.forget(
            started_at,
            started_at - timedelta(days=settings.events_kept_days),
            started_at - timedelta(days=settings.audit_kept_days),
            tx.targets.delivered_everywhere(),
        )
        tx.set_meta("last_sweep_at", iso(started_at))
    try:
        key_file.finish_rotation(authority.path, authority.store)
    except InvalidInput as error:
        swept.troubles.append(str(error))
    authority.cas.publish(with_crls=True)
    return deliver(authority, swept)


def settle_due(authority: Authority, limit: int = -1) -> Swept:
    """Only the part of a sweep that certificates wait for: validations, renewals and notices of expiry, each when it is
    due; for so many certificates at most, the longest due first."""
    return _settle(authority, limit=limit)


def deliver(authority: Authority, swept: Swept) -> Swept:
    """Only the part that the targets of events wait for; `swept` with what became of it."""
    deliveries_made = deliveries.deliver(authority)
    swept.troubles.extend(each.trouble for each in deliveries_made if each.trouble)
    return swept._replace(delivered=sum(each.events for each in deliveries_made))


def _settle(authority: Authority, waiting_since: t.Optional[datetime] = None, limit: int = -1) -> Swept:
    """waiting_since: look at all that waits for validation in a request that is not older, or in a renewal."""
    _refresh_dues(authority)
    with authority.store.read() as tx:
        due = tx.due(authority.now(), limit)
        if waiting_since is not None:
            due = list(dict.fromkeys([*due, *tx.waiting(waiting_since)]))
    settled = settlement.settle(authority, due)
    return Swept(len(due), *settled)


def _refresh_dues(authority: Authority) -> None:
    """Compute all dues again if a setting that they depend on has changed since the last sweep, or the clock was set
    back: what had expired by then may be alive, and nobody would look at it again.

    In pieces; one that is killed half-way begins again.
    """
    with authority.store.read() as tx:
        wanted = json.dumps(authority.due_basis(tx))
        was_set_back = (tx.meta("last_sweep_at") or "") > iso(authority.now())
        if tx.meta("due_basis") == wanted and not was_set_back:
            return
    last, now = "", authority.now()
    while True:
        with authority.store.write() as tx:
            identifiers = tx.ids_after(last, WALK)
            for last in identifiers:
                tx.set_due(last, authority.due_at(tx, t.cast(Certificate, tx.certificate(last)), now))
            if not identifiers:
                tx.set_meta("due_basis", wanted)
                return
