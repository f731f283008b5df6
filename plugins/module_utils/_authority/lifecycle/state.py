# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of a certificate, pure: stored facts and the clock → status, eligibility, what is due.

Nothing here reads a clock, a store or a network. The status is never stored: it is computed when it is read, so a
certificate expires by the clock alone, without a running process.
"""

from __future__ import annotations

import ipaddress
import typing as t
from datetime import datetime, timedelta

from ..settings import Settings
from ..._rules.names import breaks_punycode_rule, is_exportable

AMAZON_ISSUED, PRIVATE, IMPORTED = "AMAZON_ISSUED", "PRIVATE", "IMPORTED"
PENDING, SUCCESS, FAILED = "PENDING_VALIDATION", "SUCCESS", "FAILED"
UPDATING = "PENDING_DOMAIN_VALIDATION"

T = t.TypeVar("T")


class DomainValidation(t.NamedTuple):
    """The validation of one name, for the first issuance or for a renewal."""

    name: str
    method: str  # DNS, EMAIL, HTTP
    status: str = PENDING
    validation_domain: str = ""
    emails: tuple[str, ...] = ()
    detail: str = ""  # what the last check saw, for people


class Leaf(t.NamedTuple):
    """What ACM shows of the X.509 certificate behind an ARN; its PEM and key are stored separately."""

    serial: str
    not_before: datetime
    not_after: datetime
    signature_algorithm: str
    subject: str = ""
    issuer: str = ""
    common_name: t.Optional[str] = None
    issuer_common_name: t.Optional[str] = None
    issuer_organization: t.Optional[str] = None
    key_usages: tuple[str, ...] = ()
    extended_key_usages: tuple[tuple[str, str], ...] = ()
    ip_addresses: tuple[str, ...] = ()

    @property
    def lifetime(self) -> timedelta:
        return self.not_after - self.not_before

    @property
    def extended_key_usage_names(self) -> list[str]:
        """As lists show them: NONE if there are none."""
        return [name for name, _oid in self.extended_key_usages] or ["NONE"]


class Renewal(t.NamedTuple):
    """A managed renewal in progress, or the result of the last one."""

    status: str  # PENDING_AUTO_RENEWAL, PENDING_VALIDATION, SUCCESS, FAILED
    started_at: datetime
    updated_at: datetime
    reason: t.Optional[str] = None
    validations: tuple[DomainValidation, ...] = ()
    attempted_at: t.Optional[datetime] = None  # when the last attempt ended
    attempt_ms: int = 0  # how long it took
    is_asked_for: bool = False  # by RenewCertificate, which requires less than eligibility


class Update(t.NamedTuple):
    """A change of the validation method from e-mail to DNS, in progress or completed.

    before: the e-mail validations that it replaces, and that come back if it fails.
    """

    status: str  # PENDING_DOMAIN_VALIDATION, SUCCESS, FAILED
    requested_at: datetime
    updated_at: datetime
    before: tuple[DomainValidation, ...] = ()


class Certificate(t.NamedTuple):
    """Everything known about a certificate except its PEM, keys and tags."""

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
    exported_at: t.Optional[datetime] = None  # since it was last issued; a renewal clears it
    ever_exported: bool = False
    in_use_by: tuple[str, ...] = ()
    renewal: t.Optional[Renewal] = None
    noticed_at: t.Optional[datetime] = None  # when its coming expiry was last announced
    looked_at: t.Optional[datetime] = None  # when the last check of pending names ended
    look_ms: int = 0  # how long it took
    update: t.Optional[Update] = None
    root_hierarchy: t.Optional[str] = None  # of an Amazon N2 certificate: N2_AMAZON_MANAGED, N2_SFG2_AMAZON_MANAGED
    usage: t.Optional[str] = None  # of an Amazon N2 certificate: CLIENT_AND_SERVER_AUTH, CLIENT_AUTH_ONLY

    @property
    def issued_leaf(self) -> Leaf:
        """The leaf of a certificate that was issued or imported; no other certificate has one."""
        return _present(self.leaf, "leaf", self)

    @property
    def begun_renewal(self) -> Renewal:
        """The renewal of a certificate that has begun to renew at least once."""
        return _present(self.renewal, "renewal", self)

    @property
    def begun_update(self) -> Update:
        """The update of a certificate whose validation method is or was changed."""
        return _present(self.update, "update", self)

    @property
    def domain_name(self) -> t.Optional[str]:
        """ACM's DomainName: the first name of a request; for an import the common name if it is one of the names, or
        else the first name, and None if the common name is an IP address."""
        common_name = self.leaf.common_name if self.leaf and self.type == IMPORTED else None
        if common_name is None:
            return self.names[0] if self.names else None
        if _is_ip_address(common_name):
            return None
        is_name = common_name.lower() in (name.lower() for name in self.names)
        return common_name if is_name or not self.names else self.names[0]

    @property
    def key_pair_origin(self) -> str:
        return "CUSTOMER_PROVIDED" if self.type == IMPORTED else "AWS_MANAGED"

    @property
    def is_exportable(self) -> bool:
        return is_exportable(self.type, self.export_option)


# ---------------------------------------------------------------- status


def validation_ends_at(certificate: Certificate, settings: Settings) -> datetime:
    return certificate.created_at + timedelta(hours=settings.validation_hours)


def state(certificate: Certificate) -> str:
    """The part of the status that does not depend on time: REVOKED, FAILED, ISSUED (perhaps expired since), PENDING."""
    if certificate.revoked_at:
        return "REVOKED"
    if certificate.failed_at:
        return "FAILED"
    return "ISSUED" if certificate.leaf else "PENDING"


def status(certificate: Certificate, now: datetime, settings: Settings) -> str:
    """acm-rules §2."""
    found = state(certificate)
    if found == "ISSUED":
        return "EXPIRED" if certificate.issued_leaf.not_after < now else "ISSUED"
    if found == "PENDING":
        timed_out = now >= validation_ends_at(certificate, settings)
        return "VALIDATION_TIMED_OUT" if timed_out else "PENDING_VALIDATION"
    return found


def is_eligible_for_renewal(certificate: Certificate, now: datetime, settings: Settings) -> bool:
    """acm-rules §7: in use by a service, or exported since it was issued or last renewed."""
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

# The settings on which next_due_at depends: when one of them changes, all stored due times are stale.
DUE_SETTINGS = (
    "validation_hours validation_interval_s renewal_window_days renewal_window_email_days renewal_window_percent "
    "renewal_attempts_a_day"
).split()
SLOW_LOOKS = 3  # the pause between two checks is at least this many times as long as a check takes


def is_validation_open(certificate: Certificate, now: datetime, settings: Settings) -> bool:
    """A public certificate was requested and its names are not all validated yet."""
    return (
        certificate.type == AMAZON_ISSUED
        and certificate.leaf is None
        and status(certificate, now, settings) == "PENDING_VALIDATION"
    )


def needs_a_look(validations: t.Sequence[DomainValidation]) -> bool:
    """Whether a check can find anything new. An approval by e-mail is stored when it arrives, so there is nothing to
    check for it; once every name is validated, CAA is checked."""
    pending = [each for each in validations if each.status == PENDING]
    return not pending or any(each.method != "EMAIL" or not each.emails for each in pending)


def next_look_at(
    since: datetime, looked_at: t.Optional[datetime], look_ms: int, now: datetime, most_s: float, slowest_s: float
) -> datetime:
    """When names that have been pending `since` are checked again: after a tenth of the time they have been waiting, so
    that a proof that appears within seconds is seen within seconds, but no later than `most_s`. If checks are slow, for
    example because DNS does not answer, the pause is a multiple of the time a check takes, up to `slowest_s`."""
    if looked_at is None or looked_at > now:  # a check "in the future": the clock has been set back since
        return now
    pause_s = min((looked_at - since).total_seconds() / 10, most_s)
    return looked_at + timedelta(seconds=max(pause_s, min(SLOW_LOOKS * look_ms / 1000, slowest_s)))


def next_validation_at(certificate: Certificate, now: datetime, settings: Settings, is_read: bool) -> datetime:
    """When the names of a request are checked next. `is_read`: by a reader of this certificate, else by a list or a
    server."""
    interval_s = settings.validation_interval_s
    most_s = min(settings.read_interval_s, interval_s) if is_read else interval_s
    update = certificate.update
    since = update.requested_at if update and is_migrating(certificate) else certificate.created_at
    return next_look_at(since, certificate.looked_at, certificate.look_ms, now, most_s, interval_s)


def is_migrating(certificate: Certificate) -> bool:
    return certificate.update is not None and certificate.update.status == UPDATING


def is_renewal_open(certificate: Certificate) -> bool:
    """A renewal has begun and has not ended."""
    return certificate.renewal is not None and certificate.renewal.status in (
        "PENDING_AUTO_RENEWAL",
        "PENDING_VALIDATION",
    )


def is_renewal_due(certificate: Certificate, now: datetime, settings: Settings) -> bool:
    """A renewal should be attempted now: it is open, or the renewal window has begun."""
    if certificate.type == IMPORTED or status(certificate, now, settings) != "ISSUED":
        return False
    if is_renewal_open(certificate):
        return True
    starts_at = renewal_starts_at(certificate, settings)
    return is_renewable(certificate) and starts_at is not None and now >= starts_at


def next_attempt_at(certificate: Certificate, now: datetime, settings: Settings, is_read: bool) -> datetime:
    """When an open renewal is attempted next. The first attempt, and a requested one, are due at once. After that,
    pending names are checked as often as those of a request; a CA, or an owner who was sent a mail, is given some
    hours."""
    renewal = certificate.renewal
    if renewal is None or renewal.attempted_at is None or renewal.attempted_at > now:
        return now
    if is_renewal_waiting(certificate):
        interval_s = settings.validation_interval_s
        most_s = min(settings.read_interval_s, interval_s) if is_read else interval_s
        return next_look_at(renewal.started_at, renewal.attempted_at, renewal.attempt_ms, now, most_s, interval_s)
    return renewal.attempted_at + attempt_interval(settings)


def is_renewal_waiting(certificate: Certificate) -> bool:
    """An open renewal waits for something that a check can find: a record, a redirect, CAA that permits issuance."""
    renewal = certificate.renewal
    return renewal is not None and renewal.status == PENDING and needs_a_look(renewal.validations)


def is_renewal_dropped(certificate: Certificate, now: datetime, settings: Settings) -> bool:
    """An open renewal of a certificate that is no longer eligible, for example because no service uses it."""
    return (
        certificate.renewal is not None
        and is_renewal_open(certificate)
        and status(certificate, now, settings) == "ISSUED"
        and not certificate.renewal.is_asked_for
        and not is_renewable(certificate)
    )


def next_notice_at(certificate: Certificate, now: datetime, days_before_expiry: int) -> t.Optional[datetime]:
    """When the next event about its expiry is due (acm-rules §8): daily from the configured day on, and once at the
    end."""
    leaf, told_at = certificate.leaf, certificate.noticed_at
    if leaf is None or certificate.revoked_at:
        return None
    # A notice "in the future" was sent by a clock that has been set back since.
    if told_at is None or told_at > now or told_at < leaf.not_after - timedelta(days=days_before_expiry):
        return leaf.not_after - timedelta(days=days_before_expiry)
    if told_at < leaf.not_after:
        return min(told_at + timedelta(days=1), leaf.not_after)
    return None


def next_due_at(
    certificate: Certificate, now: datetime, settings: Settings, days_before_expiry: int
) -> t.Optional[datetime]:
    """When a sweep has to look at the certificate next; None: never again unless it changes."""
    if is_validation_open(certificate, now, settings):
        if needs_a_look(certificate.validations):
            return next_validation_at(certificate, now, settings, is_read=False)
        return None
    dues = [next_notice_at(certificate, now, days_before_expiry)]
    if status(certificate, now, settings) == "ISSUED" and certificate.type != IMPORTED:
        if is_migrating(certificate):
            dues.append(next_validation_at(certificate, now, settings, is_read=False))
        if is_renewal_dropped(certificate, now, settings):
            dues.append(now)
        elif certificate.renewal is not None and is_renewal_open(certificate):
            next_try_at = next_attempt_at(certificate, now, settings, is_read=False)
            dues.append(min(next_try_at, certificate.issued_leaf.not_after))
        elif is_renewable(certificate):
            dues.append(renewal_starts_at(certificate, settings))
    elif is_renewal_failed(certificate, now, settings):
        dues.append(now)
    return min((due for due in dues if due is not None), default=None)


def is_renewal_failed(certificate: Certificate, now: datetime, settings: Settings) -> bool:
    """An open renewal that can no longer succeed, because the certificate expired (acm-rules §7)."""
    return is_renewal_open(certificate) and status(certificate, now, settings) == "EXPIRED"


def attempt_interval(settings: Settings) -> timedelta:
    return timedelta(days=1) / settings.renewal_attempts_a_day


# ---------------------------------------------------------------- changes of state


def begin_renewal(certificate: Certificate, now: datetime, settings: Settings) -> Certificate:
    """Begin a renewal, in which the names are validated again (private certificates have none to validate).

    An open renewal continues until the time for validation is over, and then begins again (acm-rules §7).
    """
    renewal = certificate.renewal
    if renewal is not None and is_renewal_open(certificate):
        if now - renewal.started_at < timedelta(hours=settings.validation_hours):
            return certificate
    pending = tuple(each._replace(status=PENDING, emails=(), detail="") for each in certificate.validations)
    begun = Renewal(status="PENDING_AUTO_RENEWAL", started_at=now, updated_at=now, validations=pending)
    if renewal is not None and is_renewal_open(certificate):
        begun = begun._replace(is_asked_for=renewal.is_asked_for)
    return certificate._replace(renewal=begun)


def ask_for_renewal(certificate: Certificate, now: datetime, settings: Settings) -> Certificate:
    """RenewCertificate: a renewal whose next attempt is due at once."""
    begun = begin_renewal(certificate, now, settings)
    return begun._replace(renewal=begun.begun_renewal._replace(attempted_at=None, is_asked_for=True))


def drop_renewal(certificate: Certificate) -> Certificate:
    return certificate._replace(renewal=None)


def attempted(
    certificate: Certificate,
    validations: t.Sequence[DomainValidation],
    reason: t.Optional[str],
    now: datetime,
    took_ms: int = 0,
) -> Certificate:
    """An attempt without a new certificate: a name is not validated yet, or `reason` prevents the renewal."""
    renewal = certificate.begun_renewal
    is_waiting = any(each.status != SUCCESS for each in validations) or reason == "CAA_ERROR"
    state = "PENDING_VALIDATION" if is_waiting else "PENDING_AUTO_RENEWAL"
    is_news = (state, reason, tuple(validations)) != (renewal.status, renewal.reason, renewal.validations)
    return certificate._replace(
        renewal=renewal._replace(
            status=state,
            reason=reason,
            validations=tuple(validations),
            attempted_at=now,
            attempt_ms=took_ms,
            updated_at=now if is_news else renewal.updated_at,
        )
    )


def renewal_failed(certificate: Certificate, now: datetime) -> Certificate:
    """The certificate expired before its renewal succeeded."""
    renewal = certificate.begun_renewal
    return certificate._replace(renewal=renewal._replace(status="FAILED", updated_at=now))


def renewed(certificate: Certificate, leaf: Leaf, now: datetime) -> Certificate:
    """Same ARN, new serial, new key; it must be exported again to stay eligible (acm-rules §7)."""
    renewal = certificate.renewal or Renewal(status=SUCCESS, started_at=now, updated_at=now)
    done = tuple(each._replace(status=SUCCESS, detail="") for each in renewal.validations)
    after = certificate._replace(
        leaf=leaf,
        issued_at=now,
        exported_at=None,
        validations=tuple(each._replace(status=SUCCESS) for each in certificate.validations),
        renewal=renewal._replace(status=SUCCESS, reason=None, updated_at=now, attempted_at=now, validations=done),
    )
    return migration_ended(after, now) if is_migrating(after) else after


def migrated_to_dns(certificate: Certificate, now: datetime) -> Certificate:
    """Change from e-mail to DNS, even during a validation; the change succeeds once every name is validated."""

    def pending(validations: t.Sequence[DomainValidation]) -> tuple[DomainValidation, ...]:
        return tuple(DomainValidation(each.name, "DNS", validation_domain=each.name) for each in validations)

    renewal = certificate.renewal
    if renewal is not None and is_renewal_open(certificate):
        renewal = renewal._replace(validations=pending(renewal.validations), attempted_at=None)
    return certificate._replace(
        validation_method="DNS",
        validations=pending(certificate.validations),
        renewal=renewal,
        looked_at=None,
        update=Update(UPDATING, requested_at=now, updated_at=now, before=certificate.validations),
    )


def migration_ended(certificate: Certificate, now: datetime) -> Certificate:
    """End a change to DNS: all names are validated, or its time is over and the method is e-mail again."""
    update = certificate.begun_update
    if all(each.status == SUCCESS for each in certificate.validations):
        return certificate._replace(update=update._replace(status=SUCCESS, updated_at=now, before=()))
    return certificate._replace(
        validation_method="EMAIL",
        validations=update.before,
        update=update._replace(status=FAILED, updated_at=now, before=()),
    )


def issued(certificate: Certificate, leaf: Leaf, now: datetime) -> Certificate:
    done = certificate._replace(leaf=leaf, issued_at=now)
    return migration_ended(done, now) if is_migrating(done) else done


def failed(certificate: Certificate, reason: str, now: datetime, name: t.Optional[str] = None) -> Certificate:
    """`name`: the name that failed, unless it is marked already. The other names stay as they are."""
    validations = tuple(each._replace(status=FAILED) if each.name == name else each for each in certificate.validations)
    return certificate._replace(failed_at=now, failure_reason=reason, validations=validations)


# ---------------------------------------------------------------- inside


def _is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _present(value: t.Optional[T], what: str, certificate: Certificate) -> T:
    if value is None:
        raise LookupError(f"{certificate.arn} has no {what}.")
    return value
