# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do whatever is due for a certificate: validation, renewal, notices of expiry.

Whoever comes first does it: a reader of the certificate, a list, a sweep. So no process has to be running.
"""

from __future__ import annotations

import logging
import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from . import issuance, renewal
from ..authority import Authority
from ..lifecycle import events, state
from ..lifecycle.state import Certificate
from ..settings import Settings
from ..store.transactions import StoreError
from ..._rules.errors import InvalidInput

SIDE_BY_SIDE = 8

log = logging.getLogger(__name__)


class Settled(t.NamedTuple):
    """issued, renewed, failed: ARNs. troubles: sentences about what could not be done and will be tried again."""

    issued: list[str]
    renewed: list[str]
    failed: list[str]
    troubles: list[str]


def is_due_to_reader(certificate: Certificate, now: datetime, settings: Settings) -> bool:
    """Whoever reads the certificate finds something to do first."""
    return issuance.is_look_due(certificate, now, settings) or renewal.is_attempt_due(certificate, now, settings)


def settle_read(authority: Authority, certificate: Certificate) -> Certificate:
    """The certificate as a reader gets it: with all due work done, unless that was tried a moment ago."""
    certificate = issuance.validate(authority, certificate, at_once=False)
    return renewal.attempt(authority, certificate, at_once=False)


def settle_due(authority: Authority, limit: int = SIDE_BY_SIDE) -> Settled:
    """Do what is due now, for at most that many certificates: for lists, and for a server."""
    with authority.store.ask() as tx:
        due = tx.due(authority.now(), limit)
    return settle(authority, due)


def settle(authority: Authority, identifiers: t.Sequence[str]) -> Settled:
    """Do what can be done now for each certificate, in parallel."""
    settled = Settled([], [], [], [])
    if not identifiers:
        return settled
    with ThreadPoolExecutor(max_workers=min(SIDE_BY_SIDE, len(identifiers))) as pool:
        for _each in pool.map(lambda identifier: _settle(authority, identifier, settled), identifiers):
            pass
    return settled


def _settle(authority: Authority, identifier: str, settled: Settled) -> None:
    """Do what is due for one certificate. A fault does not affect the others."""
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
        settled.troubles.append(f"{before.arn}: {error}")
        _try_later(authority, before)
        return
    except Exception as error:  # a bug of ours: the others continue, and the log has the traceback
        log.exception("what is due failed for %s", before.arn)
        settled.troubles.append(f"{before.arn}: unexpected {type(error).__name__}.")
        _try_later(authority, before)
        return
    if after.leaf and not before.leaf:
        settled.issued.append(after.arn)
    elif after.leaf and before.leaf and after.leaf.serial != before.leaf.serial:
        settled.renewed.append(after.arn)
    elif after.failed_at and not before.failed_at:
        settled.failed.append(after.arn)


def _try_later(authority: Authority, certificate: Certificate) -> None:
    """Work that cannot be done must not delay work that can."""
    later = authority.now() + timedelta(seconds=authority.settings.validation_interval_s)
    with authority.store.write() as tx:
        tx.set_due(certificate.id, later)


def _put_off(authority: Authority, certificate: Certificate) -> None:
    """A certificate for which nothing was due is not looked at again until something is."""
    now = authority.now()
    with authority.store.read() as tx:
        due_at = authority.due_at(tx, certificate, now)
    if due_at is not None and due_at <= now:
        return
    with authority.store.write() as tx:
        present = tx.certificate(certificate.id)
        if present is not None:
            tx.set_due(present.id, authority.due_at(tx, present, now))


def _notice(authority: Authority, certificate: Certificate) -> Certificate:
    """Send the event about a coming or past expiry, if that is due (acm-rules §8)."""
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
        if done.issued_leaf.not_after > now:
            authority.announce.event(tx, events.APPROACHING, done, now)
        elif done.type != state.IMPORTED:
            authority.announce.event(tx, events.EXPIRED, done, now)
            if state.is_renewable(done):
                said = f"The certificate {done.arn} expired without having been renewed."
                authority.announce.health_event(tx, events.RENEWAL_STATE_CHANGE, done, now, said)
        authority.save(tx, done, now)
        return done
