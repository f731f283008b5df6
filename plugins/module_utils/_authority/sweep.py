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
import logging
import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from .delivery import deliveries
from .issuing import issuance, renewal
from .lifecycle import events, state
from .authority import Authority
from .lifecycle.state import Certificate
from .store.transactions import StoreError
from .._rules.errors import InvalidInput

SIDE_BY_SIDE = 8
WALK = 500  # certificates looked at in one transaction when all dues are computed again

log = logging.getLogger(__name__)


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
    what is old."""
    started_at = authority.now()
    swept = settle_due(authority)
    settings = authority.settings
    with authority.store.write() as tx:
        tx.forget_tokens(started_at - timedelta(minutes=settings.idempotency_minutes))
        tx.forget(
            started_at,
            started_at - timedelta(days=settings.events_kept_days),
            started_at - timedelta(days=settings.audit_kept_days),
        )
        tx.set_meta("last_sweep_at", events.iso(started_at))
    authority.publish(with_crls=True)
    return deliver(authority, swept)


def settle_due(authority: Authority) -> Swept:
    """Only the part of a sweep that certificates wait for: validations, renewals and notices of expiry."""
    _refresh_dues(authority)
    with authority.store.read() as tx:
        due = tx.due(authority.now())
    swept = Swept(len(due), [], [], [], [])
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        for _each in pool.map(lambda identifier: _settle(authority, identifier, swept), due):
            pass
    return swept


def deliver(authority: Authority, swept: Swept) -> Swept:
    """Only the part that the targets of events wait for; `swept` with what became of it."""
    deliveries_made = deliveries.deliver(authority)
    swept.troubles.extend(each.trouble for each in deliveries_made if each.trouble)
    return swept._replace(delivered=sum(each.events for each in deliveries_made))


def _settle(authority: Authority, identifier: str, swept: Swept) -> None:
    """Do what is due for one certificate. Its trouble is not that of the others."""
    with authority.store.read() as tx:
        before = tx.certificate(identifier)
    if before is None:
        return
    try:
        after = _notice(authority, renewal.attempt(authority, issuance.validate(authority, before)))
        _put_off(authority, after)
    except StoreError:
        raise
    except InvalidInput as error:
        swept.troubles.append(f"{before.arn}: {error}")
        return
    except Exception as error:  # a defect of ours: the sweep goes on, the log has the traceback
        log.exception("the sweep failed on %s", before.arn)
        swept.troubles.append(f"{before.arn}: unexpected {type(error).__name__}.")
        return
    if after.leaf and not before.leaf:
        swept.issued.append(after.arn)
    elif after.leaf and before.leaf and after.leaf.serial != before.leaf.serial:
        swept.renewed.append(after.arn)
    elif after.failed_at and not before.failed_at:
        swept.failed.append(after.arn)


def _put_off(authority: Authority, certificate: Certificate) -> None:
    """Whatever had nothing to do now is not looked at again before it has."""
    now = authority.now()
    with authority.store.read() as tx:
        due_at = authority.due_at(tx, certificate, now)
    if due_at is not None and due_at <= now:
        return
    with authority.store.write() as tx:
        present = tx.certificate(certificate.id)
        if present is not None:
            tx.set_due(present.id, authority.due_at(tx, present, now))


def _refresh_dues(authority: Authority) -> None:
    """Compute all dues again if a setting that they depend on has changed since the last sweep, or the clock was set
    back: what had expired by then may be alive, and nobody would look at it again.

    In pieces; one that is killed half-way begins again.
    """
    with authority.store.read() as tx:
        wanted = json.dumps(authority.due_basis(tx))
        was_set_back = (tx.meta("last_sweep_at") or "") > events.iso(authority.now())
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


def _notice(authority: Authority, certificate: Certificate) -> Certificate:
    """Tell of a coming or past expiry, if that is due (ACM.md §8)."""
    now = authority.now()
    with authority.store.read() as tx:
        due_at = state.next_notice_at(certificate, now, authority.days_before_expiry(tx))
    if due_at is None or due_at > now:
        return certificate
    with authority.store.write() as tx:
        present = tx.certificate(certificate.id)
        if present is None or (present.leaf, present.noticed_at) != (certificate.leaf, certificate.noticed_at):
            return present or certificate
        done = present._replace(noticed_at=now)
        if t.cast(state.Leaf, done.leaf).not_after > now:
            authority.tell(tx, events.APPROACHING, done, now)
        elif done.type != state.IMPORTED:
            authority.tell(tx, events.EXPIRED, done, now)
            if state.is_renewable(done):
                said = f"The certificate {done.arn} expired without having been renewed."
                authority.tell_health(tx, events.RENEWAL_STATE_CHANGE, done, now, said)
        authority.save(tx, done, now)
        return done
