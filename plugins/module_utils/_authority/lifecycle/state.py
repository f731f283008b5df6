# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of a certificate, pure: stored facts and the clock → status, eligibility, what is due.

Nothing here reads a clock, a store or a network. Facts are never "status": the status is computed when it is read,
so that time alone can expire a certificate and no process has to be running for it.
"""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timedelta

from ..settings import Settings
from ..._rules.times import millis, moment
from ..._rules.names import breaks_punycode_rule, is_exportable

AMAZON_ISSUED, PRIVATE, IMPORTED = "AMAZON_ISSUED", "PRIVATE", "IMPORTED"
PENDING, SUCCESS, FAILED = "PENDING_VALIDATION", "SUCCESS", "FAILED"


class DomainValidation(t.NamedTuple):
    """The validation of one name, for the first issue or for a renewal."""

    name: str
    method: str  # DNS, EMAIL, HTTP
    status: str = PENDING
    validation_domain: str = ""
    emails: tuple[str, ...] = ()
    detail: str = ""  # what the last check saw, for people


class Leaf(t.NamedTuple):
    """What is shown of the X.509 certificate behind an ARN; its PEM and key lie in the store beside it."""

    serial: str
    not_before: datetime
    not_after: datetime
    signature_algorithm: str
    subject: str = ""
    issuer: str = ""
    common_name: t.Optional[str] = None
    issuer_common_name: t.Optional[str] = None
    key_usages: tuple[str, ...] = ()
    extended_key_usages: tuple[tuple[str, str], ...] = ()
    ip_addresses: tuple[str, ...] = ()

    @property
    def lifetime(self) -> timedelta:
        return self.not_after - self.not_before


class Renewal(t.NamedTuple):
    """Managed renewal under way, or its last result."""

    status: str  # PENDING_AUTO_RENEWAL, PENDING_VALIDATION, SUCCESS, FAILED
    started_at: datetime
    updated_at: datetime
    reason: t.Optional[str] = None
    validations: tuple[DomainValidation, ...] = ()
    attempted_at: t.Optional[datetime] = None


class Certificate(t.NamedTuple):
    """Everything known of one certificate but its PEM, its keys and its tags."""

    id: str
    arn: str
    type: str
    key_algorithm: str
    created_at: datetime
    names: tuple[str, ...] = ()  # the first is the domain name; empty for an import with none
    validation_method: t.Optional[str] = None
    ca_arn: t.Optional[str] = None
    export_option: t.Optional[str] = None
    transparency: str = "ENABLED"
    managed_by: t.Optional[str] = None
    validations: tuple[DomainValidation, ...] = ()
    leaf: t.Optional[Leaf] = None
    issued_at: t.Optional[datetime] = None
    imported_at: t.Optional[datetime] = None
    failed_at: t.Optional[datetime] = None
    failure_reason: t.Optional[str] = None
    revoked_at: t.Optional[datetime] = None
    revocation_reason: t.Optional[str] = None
    exported_at: t.Optional[datetime] = None  # since the last issue; a renewal empties it
    ever_exported: bool = False
    in_use_by: tuple[str, ...] = ()
    renewal: t.Optional[Renewal] = None
    noticed_at: t.Optional[datetime] = None  # when the daily look at its expiry last told of it

    @property
    def is_exportable(self) -> bool:
        return is_exportable(self.type, self.export_option)


# ---------------------------------------------------------------- status


def validation_ends_at(certificate: Certificate, settings: Settings) -> datetime:
    return certificate.created_at + timedelta(hours=settings.validation_hours)


def state(certificate: Certificate) -> str:
    """What of the status does not depend on the time: REVOKED, FAILED, ISSUED (and perhaps expired since), PENDING."""
    if certificate.revoked_at:
        return "REVOKED"
    if certificate.failed_at:
        return "FAILED"
    return "ISSUED" if certificate.leaf else "PENDING"


def status(certificate: Certificate, now: datetime, settings: Settings) -> str:
    """ACM.md §2."""
    found = state(certificate)
    if found == "ISSUED":
        return "EXPIRED" if t.cast(Leaf, certificate.leaf).not_after < now else "ISSUED"
    if found == "PENDING":
        timed_out = now >= validation_ends_at(certificate, settings)
        return "VALIDATION_TIMED_OUT" if timed_out else "PENDING_VALIDATION"
    return found


def is_eligible_for_renewal(certificate: Certificate, now: datetime, settings: Settings) -> bool:
    """ACM.md §7: in use by a service, or exported since it was issued or last renewed."""
    return is_renewable(certificate) and status(certificate, now, settings) == "ISSUED"


def is_renewable(certificate: Certificate) -> bool:
    """Whether a certificate is eligible for renewal as long as it is valid."""
    if certificate.type == IMPORTED or not (certificate.in_use_by or certificate.exported_at):
        return False
    return not any(breaks_punycode_rule(name) for name in certificate.names)


def renewal_starts_at(certificate: Certificate, settings: Settings) -> t.Optional[datetime]:
    leaf = certificate.leaf
    if leaf is None or certificate.type == IMPORTED:
        return None
    return leaf.not_after - settings.renewal_window(certificate.validation_method, leaf.lifetime)


# ---------------------------------------------------------------- what is due

# The settings on which next_due_at depends: when one of them changes, all stored dues are stale.
DUE_SETTINGS = (
    "validation_hours renewal_window_days renewal_window_email_days renewal_window_percent renewal_attempts_a_day"
).split()


def is_validation_due(certificate: Certificate, now: datetime, settings: Settings) -> bool:
    return (
        certificate.type == AMAZON_ISSUED
        and certificate.leaf is None
        and status(certificate, now, settings) == "PENDING_VALIDATION"
    )


def is_renewal_open(certificate: Certificate) -> bool:
    """A renewal has begun and not ended."""
    return certificate.renewal is not None and certificate.renewal.status in (
        "PENDING_AUTO_RENEWAL",
        "PENDING_VALIDATION",
    )


def is_renewal_due(certificate: Certificate, now: datetime, settings: Settings) -> bool:
    """A renewal attempt should be made now: one that was asked for, or whose window has begun.

    Attempts are spaced, so that neither a read in a loop nor an hourly sweep hammers on a name that cannot be
    validated; the first attempt and one that was just asked for go at once.
    """
    if certificate.type == IMPORTED or status(certificate, now, settings) != "ISSUED":
        return False
    if is_renewal_open(certificate):
        attempted_at = t.cast(Renewal, certificate.renewal).attempted_at
        # An attempt "in the future" was made by a clock that has been set back since.
        return attempted_at is None or not timedelta(0) <= now - attempted_at < attempt_interval(settings)
    starts_at = renewal_starts_at(certificate, settings)
    return is_renewable(certificate) and starts_at is not None and now >= starts_at


def next_notice_at(certificate: Certificate, now: datetime, days_before_expiry: int) -> t.Optional[datetime]:
    """When the next word on its expiry is due (ACM.md §8): daily from so many days before, and once at the end."""
    leaf, told_at = certificate.leaf, certificate.noticed_at
    if leaf is None or certificate.revoked_at:
        return None
    # What was told "in the future" was told by a clock that has been set back since.
    if told_at is None or told_at > now or told_at < leaf.not_after - timedelta(days=days_before_expiry):
        return leaf.not_after - timedelta(days=days_before_expiry)
    if told_at < leaf.not_after:
        return min(told_at + timedelta(days=1), leaf.not_after)
    return None


def next_due_at(
    certificate: Certificate, now: datetime, settings: Settings, days_before_expiry: int
) -> t.Optional[datetime]:
    """When a sweep has to look at the certificate next; None: never again unless it changes."""
    if is_validation_due(certificate, now, settings):
        return now
    dues = [next_notice_at(certificate, now, days_before_expiry)]
    if status(certificate, now, settings) == "ISSUED" and certificate.type != IMPORTED:
        renewal = certificate.renewal
        if renewal is not None and is_renewal_open(certificate):
            attempted_at = renewal.attempted_at
            is_first = attempted_at is None or attempted_at > now
            next_try_at = now if is_first else t.cast(datetime, attempted_at) + attempt_interval(settings)
            dues.append(min(next_try_at, t.cast(Leaf, certificate.leaf).not_after))
        elif is_renewable(certificate):
            dues.append(renewal_starts_at(certificate, settings))
    elif is_renewal_failed(certificate, now, settings):
        dues.append(now)
    return min((due for due in dues if due is not None), default=None)


def is_renewal_failed(certificate: Certificate, now: datetime, settings: Settings) -> bool:
    """An open renewal that can no longer succeed, because the certificate expired (ACM.md §7)."""
    return is_renewal_open(certificate) and status(certificate, now, settings) == "EXPIRED"


def attempt_interval(settings: Settings) -> timedelta:
    return timedelta(days=1) / settings.renewal_attempts_a_day


# ---------------------------------------------------------------- changes of state


def begin_renewal(certificate: Certificate, now: datetime, settings: Settings) -> Certificate:
    """A renewal under way; names are validated anew (private ones have none to validate).

    One that is open goes on, until the time for validation is over: then it begins again (ACM.md §7).
    """
    renewal = certificate.renewal
    if renewal is not None and is_renewal_open(certificate):
        if now - renewal.started_at < timedelta(hours=settings.validation_hours):
            return certificate
    pending = tuple(each._replace(status=PENDING, emails=(), detail="") for each in certificate.validations)
    return certificate._replace(
        renewal=Renewal(status="PENDING_AUTO_RENEWAL", started_at=now, updated_at=now, validations=pending)
    )


def ask_for_renewal(certificate: Certificate, now: datetime, settings: Settings) -> Certificate:
    """RenewCertificate: a renewal whose next attempt is due at once."""
    begun = begin_renewal(certificate, now, settings)
    return begun._replace(renewal=t.cast(Renewal, begun.renewal)._replace(attempted_at=None))


def attempted(
    certificate: Certificate,
    validations: t.Sequence[DomainValidation],
    reason: t.Optional[str],
    now: datetime,
) -> Certificate:
    """An attempt that did not end in a new certificate: some name is not valid yet, or `reason` stands in the way."""
    renewal = t.cast(Renewal, certificate.renewal)
    is_waiting = any(each.status != SUCCESS for each in validations) or reason == "CAA_ERROR"
    state = "PENDING_VALIDATION" if is_waiting else "PENDING_AUTO_RENEWAL"
    is_news = (state, reason, tuple(validations)) != (renewal.status, renewal.reason, renewal.validations)
    return certificate._replace(
        renewal=renewal._replace(
            status=state,
            reason=reason,
            validations=tuple(validations),
            attempted_at=now,
            updated_at=now if is_news else renewal.updated_at,
        )
    )


def renewal_failed(certificate: Certificate, now: datetime) -> Certificate:
    """The certificate expired before its renewal succeeded."""
    renewal = t.cast(Renewal, certificate.renewal)
    return certificate._replace(renewal=renewal._replace(status="FAILED", updated_at=now))


def renewed(certificate: Certificate, leaf: Leaf, now: datetime) -> Certificate:
    """Same ARN, new serial, new key; must be exported again to stay eligible (ACM.md §7)."""
    renewal = certificate.renewal or Renewal(status=SUCCESS, started_at=now, updated_at=now)
    done = tuple(each._replace(status=SUCCESS, detail="") for each in renewal.validations)
    return certificate._replace(
        leaf=leaf,
        issued_at=now,
        exported_at=None,
        validations=tuple(each._replace(status=SUCCESS) for each in certificate.validations),
        renewal=renewal._replace(status=SUCCESS, reason=None, updated_at=now, attempted_at=now, validations=done),
    )


def validated_by_dns(certificate: Certificate) -> Certificate:
    """From now on, and also where a validation is under way."""

    def pending(validations: t.Sequence[DomainValidation]) -> tuple[DomainValidation, ...]:
        return tuple(DomainValidation(each.name, "DNS", validation_domain=each.name) for each in validations)

    renewal = certificate.renewal
    if renewal is not None and is_renewal_open(certificate):
        renewal = renewal._replace(validations=pending(renewal.validations), attempted_at=None)
    return certificate._replace(validation_method="DNS", validations=pending(certificate.validations), renewal=renewal)


def issued(certificate: Certificate, leaf: Leaf, now: datetime) -> Certificate:
    return certificate._replace(leaf=leaf, issued_at=now)


def failed(certificate: Certificate, reason: str, now: datetime) -> Certificate:
    return certificate._replace(failed_at=now, failure_reason=reason)


# ---------------------------------------------------------------- facts as JSON, for the store


def facts_text(certificate: Certificate) -> str:
    """JSON: times in milliseconds, tuples as lists; what is empty is left out, and is so by default (of_facts)."""
    facts = _facts(certificate)
    if certificate.leaf:
        facts["leaf"] = _facts(certificate.leaf)
    if certificate.renewal:
        facts["renewal"] = _facts(certificate.renewal)
    return ENCODER.encode(facts)


def of_facts(text: str) -> Certificate:
    values = _values(Certificate, json.loads(text))
    if "validations" in values:
        values["validations"] = _validations(values["validations"])
    if "leaf" in values:
        leaf = _values(Leaf, values["leaf"])
        if "extended_key_usages" in leaf:
            leaf["extended_key_usages"] = tuple((name, oid) for name, oid in leaf["extended_key_usages"])
        values["leaf"] = Leaf(**leaf)
    if "renewal" in values:
        renewal = _values(Renewal, values["renewal"])
        if "validations" in renewal:
            renewal["validations"] = _validations(renewal["validations"])
        values["renewal"] = Renewal(**renewal)
    return Certificate(**values)


def _validations(values: t.Iterable[t.Mapping[str, t.Any]]) -> tuple[DomainValidation, ...]:
    return tuple(DomainValidation(**_values(DomainValidation, each)) for each in values)


def _values(kind: t.Any, facts: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    times = TIMES[kind]
    return {
        name: moment(value) if name in times else tuple(value) if isinstance(value, list) else value
        for name, value in facts.items()
    }


def _facts(record: t.Any) -> dict[str, t.Any]:
    """The members of one of ours that are not empty."""
    facts = {name: member for name, member in zip(record._fields, record) if member}
    if "validations" in facts:
        facts["validations"] = [_facts(each) for each in facts["validations"]]
    return facts


ENCODER = json.JSONEncoder(separators=(",", ":"), default=millis, check_circular=False)
TIMES = {
    kind: frozenset(name for name in kind._fields if name.endswith(("_at", "_before", "_after")))
    for kind in (Certificate, Leaf, Renewal, DomainValidation)
}
