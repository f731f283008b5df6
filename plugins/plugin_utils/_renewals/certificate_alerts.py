# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts about certificates in ACM: those that expire, were not renewed (and why), or were not issued. Pure."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.certops.acm.plugins.module_utils._rules.acm_limits import VALIDATION_HOURS
from . import words
from .plan import (
    NAMED,
    PAST_IS_PAST,
    REQUEST_LIVES_FOR,
    Entry,
    due_notice,
    is_news,
    is_valid,
    is_within,
    may_be_exported,
    maybe_moment,
)
from .policy import Policy
from .seen import CRITICAL_DAYS, Concern, Seen, hosts_of

REQUEST_AGAIN = "Once the cause is fixed, request it again with certops.acm.acm_certificate and replace: true."


def of_certificates(seen: Seen, policy: Policy) -> t.Iterator[Concern]:
    deployed = {standing.arn for standing in seen.standings}
    for listed in seen.listing:
        arn = listed["certificate_arn"]
        certificate = {**listed, **seen.closely.get(arn, {})}
        if arn not in deployed and (not policy.watches_all or _is_superseded(certificate, seen)):
            continue
        hosts = hosts_of(arn, seen)
        services = sorted({name for standing in seen.standings if standing.arn == arn for name in standing.services})
        names = [name for name in certificate.get("subject_alternative_names") or () if name]
        for concern in _of_certificate(certificate, hosts, seen, policy):
            common = {
                "certificate_arn": arn,
                "domain_name": certificate.get("domain_name"),
                "hosts": hosts,
                "expires_at": certificate.get("not_after"),
            }
            facts = {"Names": names if len(names) > 1 else None, "Services": services or None}
            shown = {name: value for name, value in {**concern.alert.get("facts", {}), **facts}.items() if value}
            yield concern._replace(alert={**common, **concern.alert, "facts": shown})


def _of_certificate(certificate: Entry, hosts: list[str], seen: Seen, policy: Policy) -> t.Iterator[Concern]:
    arn, name = certificate["certificate_arn"], certificate.get("domain_name") or certificate["certificate_arn"]
    status = certificate.get("status")
    until = maybe_moment(certificate.get("not_after"))
    if status in ("ISSUED", "EXPIRED") and until and until <= seen.now:
        may_be_used = bool(hosts or certificate.get("in_use") or _may_be_elsewhere(certificate))
        if hosts or certificate.get("in_use") or seen.now - until < PAST_IS_PAST:
            days = words.days_until(until, seen.now)
            use = "It is in use" if hosts or certificate.get("in_use") else "It may be in use"
            yield Concern(
                {
                    "key": f"expired {arn} {certificate.get('serial', '')}",
                    "kind": "expired",
                    "severity": "critical" if may_be_used else "warning",
                    "title": f"{name}: the certificate expired {words.distance(days)}",
                    "text": f"It was valid until {words.date(until)}. "
                    + (f"{use}, so clients refuse to connect. " if may_be_used else "No service is known to use it. ")
                    + _successor(certificate),
                    "days_to_expiry": days,
                },
                "expired" if hosts else None,
            )
    elif status == "ISSUED":
        yield from _of_valid(certificate, name, hosts, seen, policy)
    elif is_news(certificate, bool(hosts), seen.now):
        yield _of_not_issued(certificate, name, hosts)


def _of_not_issued(certificate: Entry, name: str, hosts: list[str]) -> Concern:
    """A request that has failed or is still waiting, or a certificate that is no longer usable."""
    status = certificate.get("status")
    was_issued = status in ("REVOKED", "INACTIVE")
    created = maybe_moment(certificate.get("created_at"))
    facts: dict[str, t.Any] = {}
    if status == "PENDING_VALIDATION":
        what = "the request is still waiting for validation"
        deadline = words.date(created + REQUEST_LIVES_FOR) if created else None
        by = f" (by {deadline})" if deadline else ""
        text = f"{_blocked(certificate)} ACM gives up {VALIDATION_HOURS} hours after the request{by}."
        facts["Deadline"] = deadline
    elif status == "VALIDATION_TIMED_OUT":
        what = f"the request has failed because the names were not validated within {VALIDATION_HOURS} hours"
        text = f"{_blocked(certificate)} {REQUEST_AGAIN}"
    elif was_issued:
        what = "the certificate was revoked" if status == "REVOKED" else "the certificate is inactive"
        why = certificate.get("revocation_reason")
        given = f"The reason given is {why}. " if why else ""
        text = f"{given}Request a new certificate with certops.acm.acm_certificate, and deploy that instead."
    else:
        what = "the request has failed"
        cause = words.sentence(words.reason(certificate.get("failure_reason")))
        text = f"{_diagnosed(certificate) or cause[0].upper() + cause[1:]} {REQUEST_AGAIN}"
    alert = {
        "key": f"{'unavailable' if was_issued else 'not_issued'} {certificate['certificate_arn']} {status}",
        "kind": "unavailable" if was_issued else "not_issued",
        "severity": "critical" if hosts else "warning",
        "title": f"{name}: {what}",
        "text": " ".join(text.split()),
        "records": _records(certificate),
        "facts": facts,
        "expires_at": certificate.get("not_after") if was_issued else None,
    }
    return Concern(alert, "unavailable" if hosts else None)


def _of_valid(certificate: Entry, name: str, hosts: list[str], seen: Seen, policy: Policy) -> t.Iterator[Concern]:
    arn, serial = certificate["certificate_arn"], certificate.get("serial", "")
    summary = certificate.get("renewal_summary") or {}
    until = maybe_moment(certificate.get("not_after"))
    left = words.days_until(until, seen.now) if until else None
    notice = due_notice(certificate, policy, seen.now)
    severity = "critical" if left is not None and left <= CRITICAL_DAYS else "warning"
    expires = (
        f"the certificate expires {words.distance(left)}, on {words.date(until)}" if until and left is not None else ""
    )
    deadline = f"{expires[0].upper()}{expires[1:]}." if expires else ""

    def concern(
        kind: str, occasion: str, severity: str, title: str, text: str, situation: str | None = None
    ) -> Concern:
        """occasion: what tells this alert from the next one of its kind about the same leaf."""
        alert: dict[str, t.Any] = {
            "key": f"{kind} {arn} {serial}{occasion and f' {occasion}'}",
            "kind": kind,
            "severity": severity,
            "title": f"{name}: {title}",
            "text": text,
            "days_to_expiry": left,
            "records": _records(certificate),
        }
        return Concern(alert, situation)

    if summary.get("renewal_status") == "FAILED":
        cause = f"The cause: {words.reason(summary.get('renewal_status_reason'))}."
        text = words.joined(cause, _diagnosed(certificate), _again(certificate), deadline)
        occasion = f"{summary.get('updated_at', '')} {notice or 'first'}"
        yield concern("renewal_failed", occasion, "critical", "the renewal has failed", text, "renewal_failed")
    elif _was_just_renewed(certificate, seen):
        return  # the next run deploys what ACM has renewed during this run
    elif notice is not None and left is not None and not _may_still_be_renewed(certificate, policy, seen.now):
        waits = summary.get("renewal_status") == "PENDING_VALIDATION" or certificate.get("diagnosis")
        if waits and _is_renewed_automatically(certificate):
            then = ", and the next run deploys the new certificate." if hosts else "."
            text = words.joined(_blocked(certificate), f"Once that is done, ACM continues within hours{then}")
            situation = "action_required" if _is_overdue(certificate, policy, seen.now) else None
            title = f"the renewal needs your action, and {expires}"
            yield concern("action_required", str(notice), severity, title, text, situation)
        else:
            yield concern("expiring", str(notice), severity, expires, _why_it_expires(certificate))
    elif hosts and not seen.is_check and _was_forgotten(certificate, seen):
        text = words.joined(
            "ACM reports it as not eligible for renewal, although it was exported and is in place. "
            "Export it again with certops.acm.acm_export; if ACM still reports that, request a new one.",
            deadline,
        )
        yield concern("ineligible", "", "warning", "ACM will not renew the certificate", text)


def _was_just_renewed(certificate: Entry, seen: Seen) -> bool:
    """Whether ACM has renewed the certificate since this run read it."""
    read = {
        standing.serial
        for standing in seen.standings
        if standing.arn == certificate["certificate_arn"] and standing.serial
    }
    return bool(read) and certificate.get("serial") not in read


def _was_forgotten(certificate: Entry, seen: Seen) -> bool:
    """Whether ACM calls the certificate ineligible although all its hosts have it, so that it must have been
    exported."""
    if certificate.get("renewal_eligibility") != "INELIGIBLE" or not may_be_exported(certificate):
        return False
    return all(standing.is_current for standing in seen.standings if standing.arn == certificate["certificate_arn"])


def _is_renewed_automatically(certificate: Entry) -> bool:
    return certificate.get("type") != "IMPORTED" and certificate.get("renewal_eligibility") != "INELIGIBLE"


def _is_overdue(certificate: Entry, policy: Policy, now: datetime) -> bool:
    """Whether ACM, or this play, should have renewed the certificate by now."""
    not_before, not_after = maybe_moment(certificate.get("not_before")), maybe_moment(certificate.get("not_after"))
    return not_before is None or not_after is None or is_within(policy.overdue_before, not_before, not_after, now)


def _may_still_be_renewed(certificate: Entry, policy: Policy, now: datetime) -> bool:
    """Whether ACM, or this play, may still renew the certificate in time, and nothing is known to be wrong."""
    if not _is_renewed_automatically(certificate) or certificate.get("diagnosis"):
        return False
    status = (certificate.get("renewal_summary") or {}).get("renewal_status")
    if status == "PENDING_VALIDATION" and certificate.get("validation_method") == "EMAIL":
        return False
    return not _is_overdue(certificate, policy, now)


def _may_be_elsewhere(certificate: Entry) -> bool:
    """Whether the key may be in use outside of AWS, because it was imported or exported."""
    return certificate.get("type") == "IMPORTED" or certificate.get("exported") is not False


def _is_superseded(certificate: Entry, seen: Seen) -> bool:
    """Whether nothing is lost when the certificate expires: nothing uses it, and one that is valid longer has its
    names."""
    if certificate.get("in_use"):
        return False
    names = _names(certificate)
    until = certificate.get("not_after") or ""
    return any(
        other["certificate_arn"] != certificate["certificate_arn"]
        and is_valid(other, seen.now)
        and (other.get("not_after") or "") > until
        and names <= _names(other)
        for other in seen.listing
        if names
    )


def _names(certificate: Entry) -> set[str]:
    names = [certificate.get("domain_name"), *(certificate.get("subject_alternative_names") or ())]
    return {name.lower() for name in names if name}


def _blocked(certificate: Entry) -> str:
    """What blocks the validation, and what to do about it."""
    cause = (certificate.get("renewal_summary") or {}).get("renewal_status_reason")
    return _diagnosed(certificate) or (words.sentence(f"The cause: {words.reason(cause)}") if cause else "")


def _diagnosed(certificate: Entry) -> str:
    """The findings of the diagnosis, one sentence for each name, with the remedy. A title above gives the only name."""
    said = []
    diagnosis = certificate.get("diagnosis") or ()
    has_names = len(_names(certificate) | {finding["domain_name"].lower() for finding in diagnosis}) > 1
    for finding in diagnosis:
        sentence = words.sentence(str(finding["reason"]))
        if has_names and finding.get("problem") not in NAMED:
            sentence = f"{finding['domain_name']}: {sentence}"
        if finding.get("remedy"):
            sentence += f" {words.sentence(str(finding['remedy']))}"
        if sentence not in said:
            said.append(sentence)
    if not said and certificate.get("validation_method") == "EMAIL":
        said.append(
            "Each name has to be approved by the link in ACM's mail to the contacts of the domain. "
            "If it did not arrive, have it sent again with resend_validation_email of certops.acm.acm_certificate."
        )
    return " ".join(said)


def _why_it_expires(certificate: Entry) -> str:
    if certificate.get("type") == "IMPORTED":
        return "It was imported, and ACM never renews imported certificates. Import its successor with certops.acm.acm_import."
    if certificate.get("renewal_eligibility") == "INELIGIBLE":
        return (
            "ACM does not renew it, because it is not in use and was not exported since it was issued or last renewed. "
            "Deploy or export it if it is needed, or delete it."
        )
    status = (certificate.get("renewal_summary") or {}).get("renewal_status")
    begun = "has begun to renew it but has not finished" if status else "should have renewed it by now and has not"
    return f"ACM {begun}. {_again(certificate)}"


def _again(certificate: Entry) -> str:
    if may_be_exported(certificate):
        return (
            "Request the renewal again with force_renewal of certops.acm.acm_certificate; if that fails too, request a "
            "new certificate."
        )
    return "If it is not renewed soon, request a new one with certops.acm.acm_certificate."


def _successor(certificate: Entry) -> str:
    if certificate.get("type") == "IMPORTED":
        return "Import its successor with certops.acm.acm_import."
    return "ACM does not renew expired certificates: request a new one with certops.acm.acm_certificate, and deploy it."


def _records(certificate: Entry) -> list[dict[str, str]]:
    """The records that are needed for the names in trouble."""
    troubled = {finding["domain_name"] for finding in certificate.get("diagnosis") or ()}
    records: list[dict[str, str]] = []
    for option in certificate.get("domain_validation_options") or ():
        record = option.get("resource_record")
        if record and record not in records and option["domain_name"] in troubled:
            records.append(dict(record))
    return records


def of_forced(seen: Seen) -> t.Iterator[Concern]:
    by_arn = {each["certificate_arn"]: each for each in seen.listing}
    for arn, why in seen.forced_in_vain:
        certificate = by_arn.get(arn, {})
        until = maybe_moment(certificate.get("not_after"))
        left = words.days_until(until, seen.now) if until else None
        ends = f"The certificate in place expires {words.distance(left)}." if left is not None else ""
        yield Concern(
            {
                "key": f"renewal_failed {arn} {certificate.get('serial', '')} forced",
                "kind": "renewal_failed",
                "severity": "critical" if left is not None and left <= CRITICAL_DAYS else "warning",
                "title": f"{certificate.get('domain_name') or arn}: the renewal could not be forced",
                "text": words.joined(words.sentence(why), ends, "It is tried again after 24 hours."),
                "certificate_arn": arn,
                "domain_name": certificate.get("domain_name"),
                "hosts": hosts_of(arn, seen),
                "expires_at": certificate.get("not_after"),
                "days_to_expiry": left,
            },
            "renewal_failed",
        )
