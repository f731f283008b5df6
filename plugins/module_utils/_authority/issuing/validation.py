# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CA checks that the requester controls each name (acm-rules §3); proofs.py says what it asks for.

Slow (DNS, mail, HTTP), so never inside a write transaction.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from ..._net import fetcher
from .checks import caa, dns, email, http
from .checks.verdict import Verdict
from ..authority import Authority
from ..lifecycle.state import FAILED, PENDING, SUCCESS, Certificate, DomainValidation
from ..settings import Settings
from ..lifecycle.proofs import http_content, http_redirect, resource_record
from ..._rules.errors import InvalidInput
from ..._rules.names import base_name, is_wildcard
from ..._net.resolver import Resolver

SIDE_BY_SIDE = 10
SENDER = "no-reply@certificates.acm.internal"

log = logging.getLogger(__name__)


class Looked(t.NamedTuple):
    """validations: their present state. reason: the FailureReason that ends the request, or None. is_valid: every name
    is validated and CAA permits it; if neither reason nor is_valid is set, check again later. forbidden: the validated
    name that CAA forbids."""

    validations: tuple[DomainValidation, ...]
    reason: t.Optional[str]
    is_valid: bool
    forbidden: t.Optional[str] = None


def check_names(
    authority: Authority, certificate: Certificate, validations: t.Sequence[DomainValidation], now: datetime
) -> Looked:
    """Check every name that is not validated yet and, once all are, CAA."""
    settings = authority.settings
    resolver = _resolver(settings)

    def look(validation: DomainValidation) -> tuple[DomainValidation, t.Optional[str]]:
        if validation.status != PENDING:
            return validation, None
        if validation.method == "EMAIL":
            return _look_for_contacts(authority, settings, certificate, validation, now)
        return _judged(validation, _look(authority, settings, validation, resolver))

    looked = _side_by_side(look, validations)
    seen = tuple(validation for validation, _reason in looked)
    reason = next((reason for _validation, reason in looked if reason), None)
    if reason or any(validation.status != SUCCESS for validation in seen):
        return Looked(seen, reason, False)

    def permitted(name: str) -> Verdict:
        return caa.check(base_name(name), settings.caa_issuers, is_wildcard(name), resolver)

    for name, verdict in zip(certificate.names, _side_by_side(permitted, certificate.names)):
        if verdict.status != SUCCESS:
            seen = tuple(each._replace(detail=verdict.detail) if each.name == name else each for each in seen)
            return Looked(seen, verdict.reason, False, name if verdict.reason else None)
    return Looked(seen, None, True)


def _look(authority: Authority, settings: Settings, validation: DomainValidation, resolver: t.Any) -> Verdict:
    if validation.method == "DNS":
        record = resource_record(validation.name, authority.place.account_id, settings)
        return dns.check(validation.name, record["Name"], record["Value"], resolver, settings.max_cname_chain)
    redirect = http_redirect(validation.name, authority.place.account_id, authority.region, settings)
    fetch = fetcher.Fetcher(resolver, settings.http_addresses)
    return http.check(validation.name, redirect["RedirectFrom"], redirect["RedirectTo"], fetch, http_content(redirect))


def _judged(validation: DomainValidation, verdict: Verdict) -> tuple[DomainValidation, t.Optional[str]]:
    status = {"SUCCESS": SUCCESS, "FAILED": FAILED}.get(verdict.status, PENDING)
    return validation._replace(status=status, detail=verdict.detail), verdict.reason


def _side_by_side(look: t.Callable[[t.Any], t.Any], what: t.Sequence[t.Any]) -> list[t.Any]:
    if len(what) < 2:
        return [look(each) for each in what]
    with ThreadPoolExecutor(max_workers=min(SIDE_BY_SIDE, len(what))) as pool:
        return list(pool.map(look, what))


# ---------------------------------------------------------------- e-mail


def _resolver(settings: Settings) -> Resolver:
    return Resolver(settings.resolvers or None, settings.resolver_timeout_s)


def _look_for_contacts(
    authority: Authority, settings: Settings, certificate: Certificate, validation: DomainValidation, now: datetime
) -> tuple[DomainValidation, t.Optional[str]]:
    """Write to the owners once; there is nothing to poll: their approval comes in through `approve`."""
    if validation.emails:
        return validation, None
    domain = validation.validation_domain or validation.name
    verdict = email.contacts(domain, _resolver(settings))
    if verdict.reason and now < certificate.created_at + timedelta(seconds=settings.validation_emails_delay_s):
        return validation._replace(detail=verdict.detail), None  # a request never fails at the first check
    if verdict.status != "SUCCESS":
        return _judged(validation, verdict)
    detail = send_mail(authority, settings, certificate, validation.name, domain, now)
    return validation._replace(emails=tuple(email.recipients(domain)), detail=detail), None


def send_mail(
    authority: Authority, settings: Settings, certificate: Certificate, name: str, domain: str, now: datetime
) -> str:
    """Mail an approval token for one name; returns the outcome in one sentence.

    The token is stored (as a hash) before the mail is sent, so that every token in a mail is valid.
    """
    token, code = secrets.token_urlsafe(32), secrets.token_hex(8)
    with authority.store.write() as tx:
        tx.add_approval(certificate.id, _hash(token), name, now)
    if not settings.smtp:
        return f"No mail server is set: approve {name} with certops.acm.acm_authority."
    mail = email.message(
        name,
        validation_domain=domain,
        account_id=authority.place.account_id,
        region=authority.region,
        certificate_arn=certificate.arn,
        token=token,
        expires_at=now + timedelta(hours=settings.validation_hours),
        now=now,
        sender=str(settings.smtp.get("sender", SENDER)),
        link=link(settings.approval_url, authority.region, code, token) if settings.approval_url else None,
        is_renewal=certificate.leaf is not None,
    )
    server = {key: value for key, value in settings.smtp.items() if key != "sender"}
    try:
        refused = email.send(mail, email.MailServer(**server, password=authority.smtp_password.read()))
    except email.MailNotSent as error:
        log.warning(
            "The mail for %s was not sent, and is not sent again unless ResendValidationEmail asks for it. %s",
            name,
            error,
        )
        return str(error)
    return f"The mail server refused {', '.join(refused)}." if refused else f"A mail was sent for {domain}."


def link(approval_url: str, region: str, code: str, token: str) -> str:
    """The URL of the approval page, in the service's form. Only the token counts; the code is there for programs that
    parse the link in that form."""
    return f"{approval_url.replace('{region}', region)}?code={code}&context={token}"


def approval_of(tx: t.Any, token: str, now: datetime, settings: Settings) -> tuple[str, str]:
    """(certificate id, name) that a token approves. Raises InvalidInput for an unknown or old one."""
    found = tx.approval(_hash(token))
    if found is None:
        raise InvalidInput(
            "The approval token is unknown: it belongs to another authority, or its request no longer exists."
        )
    identifier, name, sent_at = found
    if now - sent_at > timedelta(hours=settings.validation_hours):
        raise InvalidInput(
            f"The approval token for {name} is older than {settings.validation_hours} hours: "
            "have a new mail sent, or request the certificate again."
        )
    return identifier, name


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
