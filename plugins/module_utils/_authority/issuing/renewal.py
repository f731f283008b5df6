# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managed renewal (acm-rules §7) of one certificate.

Slow work happens outside of transactions. The certificate is read again before anything is stored; if another process
was faster, our result is dropped.
"""

from __future__ import annotations

import typing as t
from datetime import datetime

from . import issuance
from ..lifecycle import events, state
from ..authority import Authority
from ..lifecycle.state import Certificate
from ..settings import Settings
from ..._rules.times import millis


def is_attempt_due(certificate: Certificate, now: datetime, settings: Settings) -> bool:
    """Whoever reads the certificate finds a renewal to attempt, or to end."""
    if certificate.type == state.IMPORTED or certificate.leaf is None:
        return False
    return (
        state.is_renewal_failed(certificate, now, settings)
        or state.is_renewal_dropped(certificate, now, settings)
        or (
            state.is_renewal_due(certificate, now, settings)
            and state.next_attempt_at(certificate, now, settings, is_read=True) <= now
        )
    )


def attempt(authority: Authority, certificate: Certificate, at_once: bool = True) -> Certificate:
    """Try to renew now, if that is due. Returns the certificate as it is afterwards.

    at_once: whether names that were checked a moment ago are checked again. A CA is given its hours in any case.
    """
    if certificate.leaf is None or certificate.type == state.IMPORTED:
        return certificate
    now = authority.now()
    settings = authority.settings
    if not at_once and not is_attempt_due(certificate, now, settings):
        return certificate
    if state.is_renewal_failed(certificate, now, settings):
        return _end(
            authority, certificate, now, state.is_renewal_failed, lambda present: state.renewal_failed(present, now)
        )
    if state.is_renewal_dropped(certificate, now, settings):
        return _end(authority, certificate, now, state.is_renewal_dropped, state.drop_renewal)
    if not state.is_renewal_due(certificate, now, settings):
        return certificate
    if not state.is_renewal_waiting(certificate):
        if state.next_attempt_at(certificate, now, settings, is_read=True) > now:
            return certificate
    from . import validation  # few calls need it

    begun = state.begin_renewal(certificate, now, settings)
    renewal = begun.begun_renewal
    looked = validation.Looked((), None, True)
    if certificate.type == state.AMAZON_ISSUED:
        looked = validation.check_names(authority, begun, renewal.validations, now)
    signed, reason = None, looked.reason
    if looked.is_valid:
        try:
            signed = issuance.sign(authority, begun, now, settings)
        except issuance.CannotSign as error:
            reason = error.reason
    ended_at = authority.now()
    with authority.store.write() as tx:
        present = tx.certificate(certificate.id)
        if present is None or (present.leaf, present.renewal) != (certificate.leaf, certificate.renewal):
            return present or certificate
        begun = present._replace(renewal=renewal)
        if signed:
            return issuance.store_renewed(authority, tx, begun, signed, now)
        took_ms = millis(ended_at) - millis(now)
        done = state.attempted(begun, looked.validations, reason, ended_at, took_ms)
        authority.save(tx, done, now)
        _ask_for_action(authority, tx, done, now)
        return done


def _end(
    authority: Authority,
    certificate: Certificate,
    now: datetime,
    is_over: t.Callable[[Certificate, datetime, Settings], bool],
    ended: t.Callable[[Certificate], Certificate],
) -> Certificate:
    """End a renewal that IS_OVER, unless it no longer is by the time that we may write."""
    with authority.store.write() as tx:
        present = tx.certificate(certificate.id)
        if present is None or not is_over(present, now, authority.settings_in(tx)):
            return present or certificate
        done = ended(present)
        authority.save(tx, done, now)
        return done


def _ask_for_action(authority: Authority, tx: t.Any, certificate: Certificate, now: datetime) -> None:
    """ "Action required", once on each of the days before expiry that the settings list."""
    left = events.days_to_expiry(certificate.issued_leaf, now)
    passed = [days for days in authority.settings_in(tx).renewal_notice_days if left <= days]
    if passed:
        renewal = certificate.begun_renewal
        once = f"{certificate.issued_leaf.serial} {min(passed)}"
        reason = renewal.reason or ("PENDING_DOMAIN_VALIDATION" if renewal.validations else "OTHER")
        authority.announce.event(tx, events.ACTION_REQUIRED, certificate, now, once, RenewalStatusReason=reason)
        said = f"The certificate {certificate.arn} expires in {left} days and cannot be renewed yet: {reason}."
        authority.announce.health_event(tx, events.health_code(certificate, reason), certificate, now, said, once)
