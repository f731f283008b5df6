# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sweep, which does all due work. Operators run it from time to time, although every read of a certificate also
does what is due for that.

Safe to run at any time, twice at once, or after a year without one: slow work happens outside of transactions, and the
certificate is read again before anything is stored; if another process was faster, our result is dropped.
"""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timedelta

from .._files import leftovers
from .._rules.errors import InvalidInput
from .delivery import deliveries
from .issuing import settlement
from .keys import key_making
from .authority import Authority
from .._rules.times import iso

WALK = 500  # certificates in one transaction when all due times are computed again


class Swept(t.NamedTuple):
    """What one sweep did. issued, renewed, failed: ARNs. troubles: sentences about what could not be done; the next
    sweep tries again. delivered: how many events the targets accepted."""

    looked_at: int
    issued: list[str]
    renewed: list[str]
    failed: list[str]
    troubles: list[str]
    delivered: int = 0


def sweep(authority: Authority) -> Swept:
    """Do all due work: validations, renewals, notices of expiry, revocation lists, delivery of events, and deletion of
    old rows. Names that wait for validation are checked whether or not that is due: whoever runs a sweep has often just
    fixed something."""
    swept = _settle(authority, authority.now() - timedelta(hours=authority.settings.validation_hours))
    swept.troubles.extend(tidy(authority))
    return deliver(authority, swept)


def tidy(authority: Authority) -> list[str]:
    """Only the part of a sweep that is not work for a certificate: deletion of old rows, the end of a key rotation,
    revocation lists, a check of the times when waiting names are due. Returns troubles, as a sweep does."""
    now = authority.now()
    settings = authority.settings
    troubles = []
    with authority.store.write() as tx:
        tx.forget_tokens(now - timedelta(minutes=settings.idempotency_minutes))
        tx.journal.forget(
            now,
            now - timedelta(days=settings.events_kept_days),
            now - timedelta(days=settings.audit_kept_days),
            tx.targets.delivered_everywhere(),
        )
        tx.set_meta("last_sweep_at", iso(now))
    try:
        key_making.finish_rotation(authority.path, authority.store)
    except InvalidInput as error:
        troubles.append(str(error))
    leftovers.remove(authority.public_folder)
    authority.cas.publish(with_crls=True)
    with authority.store.read() as tx:
        waiting = tx.waiting(now - timedelta(hours=settings.validation_hours))
    for start in range(0, len(waiting), WALK):  # whoever checked them last may have had a clock that was ahead
        _compute_dues(authority, waiting[start : start + WALK], now)
    return troubles


def settle_due(authority: Authority, limit: int = -1) -> Swept:
    """Only the part of a sweep for certificates: due validations, renewals and notices of expiry, for at most that many
    certificates, the longest overdue first."""
    return _settle(authority, limit=limit)


def deliver(authority: Authority, swept: Swept) -> Swept:
    """Only the delivery of events; returns `swept` with the outcome added."""
    deliveries_made = deliveries.deliver(authority)
    swept.troubles.extend(each.trouble for each in deliveries_made if each.trouble)
    return swept._replace(delivered=sum(each.events for each in deliveries_made))


def _settle(authority: Authority, waiting_since: t.Optional[datetime] = None, limit: int = -1) -> Swept:
    """waiting_since: check all names that wait for validation, in a request made since then or in a renewal."""
    _refresh_dues(authority)
    with authority.store.read() as tx:
        due = tx.due(authority.now(), limit)
        if waiting_since is not None:
            due = list(dict.fromkeys([*due, *tx.waiting(waiting_since)]))
    settled = settlement.settle(authority, due)
    return Swept(len(due), *settled)


def _refresh_dues(authority: Authority) -> None:
    """Compute all due times again if a setting that they depend on has changed since the last sweep, or the clock was
    set back: certificates that had expired may be valid again, and nobody would look at them.

    In several transactions; if it is killed half-way, the next sweep begins again.
    """
    with authority.store.read() as tx:
        wanted = json.dumps(authority.due_basis(tx))
        was_set_back = (tx.meta("last_sweep_at") or "") > iso(authority.now())
        if tx.meta("due_basis") == wanted and not was_set_back:
            return
    last, now = "", authority.now()
    while True:
        with authority.store.read() as tx:
            identifiers = tx.ids_after(last, WALK)
        if not identifiers:
            break
        _compute_dues(authority, identifiers, now)
        last = identifiers[-1]
    with authority.store.write() as tx:
        tx.set_meta("due_basis", wanted)


def _compute_dues(authority: Authority, identifiers: t.Sequence[str], now: datetime) -> None:
    with authority.store.write() as tx:
        for identifier in identifiers:
            certificate = tx.certificate(identifier)
            if certificate is not None:
                tx.set_due(identifier, authority.due_at(tx, certificate, now))
