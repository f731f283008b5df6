# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Issue a certificate once its names are validated, for the first time and at every renewal."""

from __future__ import annotations

import functools
import json
import typing as t
from datetime import datetime, timedelta

from ..lifecycle import events, state
from ..signing import issuer
from ..authority import Authority
from ..keys import vault
from ..lifecycle.state import Certificate, Leaf
from ..settings import Settings
from ..._rules.times import iso, millis, moment
from ..store.authorities import CaRow
from ..store.transactions import LeafRow, Transaction
from ..._rules.arns import parse_arn
from ..._rules.errors import InvalidInput
from ..._rules.names import base_name, is_below


class Signed(t.NamedTuple):
    """A leaf that has been signed but not stored yet."""

    facts: Leaf
    row: LeafRow


class CannotSign(Exception):
    """The CA does not sign; `reason` is ACM's FailureReason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def sign(authority: Authority, certificate: Certificate, now: datetime, settings: Settings) -> Signed:
    """Make a new key and sign a leaf for the certificate's names. Raises CannotSign. Slow for RSA: call it outside of
    transactions."""
    reason = next(filter(None, map(settings.failure_reason, certificate.names)), None)
    if reason:
        raise CannotSign(reason)
    ca = _ca(authority, certificate, settings, now)
    signer = authority.cas.signer(ca)
    if now < signer.certificate.not_valid_before_utc:
        raise InvalidInput(
            f"The clock says {iso(now)}, which is before the CA {ca.name} was created: correct the clock."
        )
    key = issuer.generate_key(certificate.key_algorithm)
    wanted: dict[str, t.Any] = {"names": certificate.names, "public_key": key.public_key(), "ca": signer}
    wanted["usages"] = _usages(certificate, settings)
    leaf = issuer.issue_leaf(
        **wanted,
        now=now,
        validity=settings.validity(certificate.type, certificate.root_hierarchy),
        publication_url=settings.publication_url,
        ocsp_url=settings.ocsp_url,
        policy=None if certificate.type == state.PRIVATE else issuer.DOMAIN_VALIDATED,
    )
    facts = issuer.issued_facts(leaf, **wanted)
    row = LeafRow(
        serial=facts.serial,
        ca_id=ca.id,
        der=issuer.certificate_der(leaf),
        chain=None,
        sealed_key=authority.vault.seal(issuer.key_der(key), vault.leaf_context(certificate.id, facts.serial)),
    )
    return Signed(facts, row)


def _usages(certificate: Certificate, settings: Settings) -> tuple[str, ...]:
    """The extended key usages of a leaf, as OIDs."""
    if certificate.usage == "CLIENT_AUTH_ONLY":
        return (issuer.CLIENT_AUTH,)
    if certificate.type == state.PRIVATE or certificate.usage or settings.public_client_auth:
        return (issuer.SERVER_AUTH, issuer.CLIENT_AUTH)
    return (issuer.SERVER_AUTH,)


def store_first(
    authority: Authority,
    tx: Transaction,
    certificate: Certificate,
    signed: Signed,
    now: datetime,
    tags: t.Optional[t.Mapping[str, str]] = None,
) -> Certificate:
    """Store the certificate as issued, and its event in the same transaction. `tags`: only for a certificate that has
    not been stored before."""
    done = state.issued(certificate, signed.facts, now)
    return _store(authority, tx, done, signed, now, "ISSUANCE", tags)


def store_renewed(
    authority: Authority, tx: Transaction, certificate: Certificate, signed: Signed, now: datetime
) -> Certificate:
    done = _store(authority, tx, state.renewed(certificate, signed.facts, now), signed, now, "RENEWAL")
    said = f"The certificate {done.arn} was renewed."
    authority.announce.health_event(tx, events.RENEWAL_STATE_CHANGE, certificate, now, said)
    return done


def _store(
    authority: Authority,
    tx: Transaction,
    done: Certificate,
    signed: Signed,
    now: datetime,
    action: str,
    tags: t.Optional[t.Mapping[str, str]] = None,
) -> Certificate:
    authority.save(tx, done, now, tags)
    tx.put_leaf(done, signed.row)
    authority.announce.event(tx, events.AVAILABLE, done, now, Action=action)
    return done


def is_looked_at(certificate: Certificate, now: datetime, settings: Settings) -> bool:
    """Whether the names of a request, or of a change to DNS validation, are waiting to be checked."""
    is_open = state.is_validation_open(certificate, now, settings) or state.is_migrating(certificate)
    return certificate.type != state.IMPORTED and is_open and state.needs_a_look(certificate.validations)


def is_look_due(certificate: Certificate, now: datetime, settings: Settings) -> bool:
    """Whether names are waiting to be checked, and were not checked a moment ago for another reader."""
    return (
        is_looked_at(certificate, now, settings)
        and state.next_validation_at(certificate, now, settings, is_read=True) <= now
    )


def validate(authority: Authority, certificate: Certificate, at_once: bool = True) -> Certificate:
    """Check the names of a pending request, and issue the certificate once all are validated; or check the names of a
    change to DNS validation, and complete that. Returns the certificate as it is afterwards.

    at_once: also check names that were checked a moment ago. If another reader or a sweep is faster, its result counts
    and ours is dropped.
    """
    now = authority.now()
    settings = authority.settings
    if not (is_looked_at if at_once else is_look_due)(certificate, now, settings):
        return certificate
    is_open = state.is_validation_open(certificate, now, settings)
    from . import validation  # few calls need it

    looked = validation.check_names(authority, certificate, certificate.validations, now)
    seen = certificate._replace(validations=looked.validations)
    signed, reason = None, looked.reason
    if is_open and looked.is_valid:
        try:
            signed = sign(authority, seen, now, settings)
        except CannotSign as error:
            reason = error.reason
    ended_at = authority.now()
    has_ended = bool(signed or reason or looked.is_valid)
    with authority.store.write(durable=has_ended or seen != certificate) as tx:
        present = tx.certificate(certificate.id)
        if present is None or (present.leaf, present.update) != (certificate.leaf, certificate.update):
            return present or certificate
        seen = present._replace(
            validations=_merged(present.validations, looked.validations),
            looked_at=ended_at,
            look_ms=millis(ended_at) - millis(now),
        )
        if not is_open:
            return _migrated(authority, tx, seen, now)
        if not state.is_validation_open(present, now, authority.settings_in(tx)):
            return present
        if signed:
            return store_first(authority, tx, seen, signed, now)
        done = state.failed(seen, reason, now, looked.forbidden) if reason else seen
        authority.save(tx, done, now)
        return done


def _migrated(authority: Authority, tx: Transaction, seen: Certificate, now: datetime) -> Certificate:
    """An issued certificate that changes to DNS validation: the change ends when every name is validated or time is
    up."""
    settings = authority.settings_in(tx)
    ends_at = seen.begun_update.requested_at + timedelta(hours=settings.validation_hours)
    is_valid = all(each.status == state.SUCCESS for each in seen.validations)
    done = state.migration_ended(seen, now) if is_valid or now >= ends_at else seen
    authority.save(tx, done, now)
    return done


def _merged(
    present: t.Sequence[state.DomainValidation], looked: t.Sequence[state.DomainValidation]
) -> tuple[state.DomainValidation, ...]:
    """What was seen; an approval that arrived in the meantime is kept."""
    return tuple(old if old.status == state.SUCCESS else new for old, new in zip(present, looked))


def _ca(authority: Authority, certificate: Certificate, settings: Settings, now: datetime) -> CaRow:
    """The CA that signs the certificate; acm-rules §4 says when a private CA does not."""
    if certificate.type != state.PRIVATE:
        return authority.cas.public(certificate.key_algorithm, certificate.root_hierarchy)
    with authority.store.ask() as tx:
        private = tx.cas.of_arn(certificate.ca_arn or "")
    if private is None or private.role != "private":
        raise CannotSign(_no_private_ca(certificate.ca_arn or "", authority.place))
    reason = ca_fault(private, certificate, authority.place, settings, now)
    if reason:
        raise CannotSign(reason)
    return private


def ca_fault(
    row: CaRow, certificate: Certificate, place: events.Place, settings: Settings, now: datetime
) -> t.Optional[str]:
    """The FailureReason for which a private CA does not sign, or None."""
    if certificate.leaf and not settings.service_linked_role and parse_arn(row.arn).account != place.account_id:
        return "SLR_NOT_FOUND"
    if not row.is_permitted:
        return "PCA_ACCESS_DENIED"
    not_after = moment(row.not_after)
    if row.status != "ACTIVE" or not_after <= now:
        return "PCA_INVALID_STATE"
    if now + settings.validity(state.PRIVATE) > not_after:
        return "PCA_INVALID_DURATION"
    family = certificate.key_algorithm.split("_", maxsplit=1)[0]
    if not row.key_algorithm.startswith(family) or family not in settings.private_ca_key_families:
        return "PCA_INVALID_ARGS"
    if row.issued >= settings.quota_certificates_a_ca:
        return "PCA_LIMIT_EXCEEDED"
    permitted = _permitted_domains(row.facts)
    bases = [base_name(name) for name in certificate.names]
    if permitted and not all(any(is_below(base, domain) for domain in permitted) for base in bases):
        return "PCA_NAME_CONSTRAINTS_VALIDATION"
    return None


def _no_private_ca(text: str, place: events.Place) -> str:
    """What is wrong with the ARN of a CA that the authority does not have."""
    try:
        arn = parse_arn(text)
    except InvalidInput:
        return "PCA_INVALID_ARN"
    if arn.region != place.region or not arn.resource.startswith("certificate-authority/"):
        return "PCA_INVALID_ARN"
    return "PCA_RESOURCE_NOT_FOUND" if arn.account == place.account_id else "PCA_ACCESS_DENIED"


@functools.lru_cache(maxsize=64)
def _permitted_domains(ca_facts: str) -> tuple[str, ...]:
    """Each domain permits itself and its subdomains (RFC 5280 §4.2.1.10)."""
    return tuple(json.loads(ca_facts).get("permitted_domains", ()))
