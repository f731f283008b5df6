# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions that people make outside of ACM's API: approving a name by e-mail, and which services use a certificate."""

from __future__ import annotations

import typing as t

from . import issuance, renewal
from ..lifecycle import state as lifecycle
from ..authority import Authority
from ..lifecycle.state import Certificate, DomainValidation
from ..store.transactions import Transaction
from .validation import approval_of
from ..._rules.errors import InvalidInput
from ..._rules.names import to_ascii


def approve_token(authority: Authority, token: str, *, plan: bool = False) -> tuple[Certificate, bool]:
    """Approve the name that the token of an approval mail is for; see `approve`."""
    with authority.store.read() as tx:
        identifier, name = approval_of(tx, token, authority.now(), authority.settings_in(tx))
    return _approve(authority, identifier, name, plan)


def approve(authority: Authority, certificate_arn: str, name: str, *, plan: bool = False) -> tuple[Certificate, bool]:
    """Approve a name without a mail, as the operator of the authority. Returns the certificate, issued if nothing
    else was missing, and whether this changes anything. `plan`: only look. Raises InvalidInput."""
    return _approve(authority, _identifier(certificate_arn), to_ascii(name), plan)


def set_in_use_by(authority: Authority, certificate_arn: str, services: t.Sequence[str], *, plan: bool = False) -> bool:
    """Set which services (their ARNs) use a certificate; returns whether this changes anything. `plan`: only look."""
    with authority.store.write() as tx:
        present = _present(tx, _identifier(certificate_arn))
        for service in services if present.managed_by == "CLOUDFRONT" else ():
            if ":cloudfront:" not in service:
                raise InvalidInput(f"{present.arn} is managed by CLOUDFRONT: {service} cannot use it.")
        if present.in_use_by == tuple(services):
            return False
        if plan:
            return True
        authority.save(tx, present._replace(in_use_by=tuple(services)), authority.now())
        return True


def _approve(authority: Authority, identifier: str, name: str, plan: bool) -> tuple[Certificate, bool]:
    now = authority.now()
    with authority.store.write() as tx:
        present = _present(tx, identifier)
        state = lifecycle.status(present, now, authority.settings_in(tx))
        if state == "PENDING_VALIDATION":
            validations, changed = _approved(present.validations, name, present.arn)
            done = present._replace(validations=validations)
        elif present.renewal is not None and lifecycle.is_renewal_open(present):
            validations, changed = _approved(present.renewal.validations, name, present.arn)
            done = present._replace(renewal=present.renewal._replace(validations=validations, attempted_at=None))
        else:
            validations = present.renewal.validations if present.renewal else present.validations
            if any(each.name == name and each.status == lifecycle.SUCCESS for each in validations):
                return present, False
            raise InvalidInput(
                f"{name} of {present.arn} is not waiting for approval: the certificate's status is {state}."
            )
        if plan:
            return present, changed
        if changed:
            authority.save(tx, done, now)
    done = issuance.validate(authority, done)
    return renewal.attempt(authority, done), changed


def _approved(
    validations: t.Sequence[DomainValidation], name: str, arn: str
) -> tuple[tuple[DomainValidation, ...], bool]:
    wanted = [each for each in validations if each.name == name]
    if not wanted:
        raise InvalidInput(f"{name} is not a name of {arn}, which has {', '.join(each.name for each in validations)}.")
    if wanted[0].method != "EMAIL":
        raise InvalidInput(
            f"{name} of {arn} is validated by {wanted[0].method}, not by e-mail, so there is nothing to approve."
        )
    done = tuple(
        each._replace(status=lifecycle.SUCCESS, detail="Approved.") if each.name == name else each
        for each in validations
    )
    return done, wanted[0].status != lifecycle.SUCCESS


def _identifier(certificate_arn: str) -> str:
    return certificate_arn.rpartition("/")[2]


def _present(tx: Transaction, identifier: str) -> Certificate:
    found = tx.certificate(identifier)
    if found is None:
        raise InvalidInput(f"The authority has no certificate {identifier}: correct certificate_arn.")
    return found
