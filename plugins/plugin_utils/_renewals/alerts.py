# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people are told after a run of renewals: the alerts that acm_alert delivers. Pure.

An alert's key says what it is about: `KIND SUBJECT …`. The subject is an ARN, an identity or a host; the rest makes one of
its occurrences differ from the next, such as the serial and the notice day. The same key is told once. A coming
expiry is told at the notice days and never before ACM should have renewed by itself.
"""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import iso
from .plan import (
    Entry,
    Standing,
    days_left,
    due_notice,
    is_valid,
    is_within,
    may_be_exported,
    maybe_moment,
    moment,
)
from .policy import Policy

Alert = dict[str, t.Any]

CRITICAL_DAYS = 7
SLOW_VALIDATION = timedelta(hours=24)  # of the 72 hours that ACM gives a request (ACM.md §3)
PAST_IS_PAST = timedelta(days=7)  # what ended longer ago is no news

# These tell of something that is wrong until it is mended; the others of something that happened.
TROUBLES = (
    "action_required",
    "expiring",
    "expired",
    "ineligible",
    "renewal_failed",
    "not_issued",
    "deploy_failed",
    "host_unreachable",
)


class Seen(t.NamedTuple):
    """What a run has seen. closely: details with a diagnosis, by ARN, of those that looked suspicious.
    forced_in_vain: (ARN, why) of renewals that could not be forced."""

    now: datetime
    listing: t.Sequence[Entry]
    closely: t.Mapping[str, Entry]
    standings: t.Sequence[Standing]
    forced_in_vain: t.Sequence[tuple[str, str]] = ()
    last_sweep_at: datetime | None = None


def alerts(seen: Seen, policy: Policy) -> list[Alert]:
    """All that is to be told, whether or not it was told before."""
    found = [
        *_deployed(seen),
        *_of_certificates(seen, policy),
        *_of_entries(seen),
        *_of_hosts(seen, policy),
        *_forced_in_vain(seen),
        *_stalled(seen, policy),
    ]
    return [{name: value for name, value in alert.items() if value not in (None, [], {})} for alert in found]


def resolved(current: t.Iterable[Alert], told: t.Iterable[str]) -> list[str]:
    """The keys that were told of and whose subject has no trouble any more."""
    troubled = {_subject(alert["key"]) for alert in current if alert["kind"] in TROUBLES}
    return [key for key in told if key.split(" ", 1)[0] in TROUBLES and _subject(key) not in troubled]


def _subject(key: str) -> str:
    return key.split(" ")[1]


# ---------------------------------------------------------------- what went well


def _deployed(seen: Seen) -> t.Iterator[Alert]:
    """One alert for each new certificate, however many hosts got it in this run."""
    new: dict[tuple[str, str], list[Standing]] = {}
    for one in seen.standings:
        if one.state == "deployed" and one.was_new:
            new.setdefault((one.arn or one.identity, one.serial or ""), []).append(one)
    for (arn, serial), group in new.items():
        hosts = sorted({one.host for one in group})
        services = sorted({service for one in group for service in one.services})
        until = group[0].served_until
        yield {
            "key": f"deployed {arn} {serial} {','.join(hosts)}",
            "kind": "deployed",
            "severity": "info",
            "title": f"{group[0].domain_name}: a new certificate is in place on {_hosts(hosts)}",
            "text": f"Serial {serial}{_until(until)}. {_served_by(services)}Nothing has to be done.",
            "certificate_arn": arn if arn.startswith("arn:") else None,
            "domain_name": group[0].domain_name,
            "expires_at": iso(until) if until else None,
            "days_to_expiry": days_left(until, seen.now) if until else None,
            "hosts": hosts,
            "facts": {"serial": serial},
        }


# ---------------------------------------------------------------- what ACM has


def _of_certificates(seen: Seen, policy: Policy) -> t.Iterator[Alert]:
    hosts_of: dict[str, list[str]] = {}
    for one in seen.standings:
        hosts_of.setdefault(one.arn or "", []).append(one.host)
    for listed in seen.listing:
        arn = listed["certificate_arn"]
        certificate = {**listed, **seen.closely.get(arn, {})}
        if arn not in hosts_of and (not policy.watches_all or _is_superseded(certificate, seen)):
            continue
        for alert in _of_certificate(certificate, arn in hosts_of, seen, policy):
            yield {
                "certificate_arn": arn,
                "domain_name": certificate.get("domain_name"),
                "hosts": sorted(set(hosts_of.get(arn, ()))),
                "expires_at": certificate.get("not_after"),
                **alert,
            }


def _of_certificate(certificate: Entry, is_deployed: bool, seen: Seen, policy: Policy) -> t.Iterator[Alert]:
    arn, name = certificate["certificate_arn"], certificate.get("domain_name") or certificate["certificate_arn"]
    serial, status = certificate.get("serial", ""), certificate.get("status")
    until = maybe_moment(certificate.get("not_after"))
    if status in ("ISSUED", "EXPIRED") and until and until <= seen.now:
        if is_deployed or certificate.get("in_use") or seen.now - until < PAST_IS_PAST:
            yield {
                "key": f"expired {arn} {serial}",
                "kind": "expired",
                "severity": "critical" if is_deployed or certificate.get("in_use") else "warning",
                "title": f"{name}: the certificate has expired",
                "text": f"It was valid until {certificate['not_after']}. {_successor(certificate)}",
                "days_to_expiry": days_left(until, seen.now),
            }
    elif status == "ISSUED":
        yield from _of_valid(certificate, name, is_deployed, seen, policy)
    elif _is_news(certificate, is_deployed, seen.now):
        said = certificate.get("failure_reason") or (
            certificate.get("revocation_reason") if status == "REVOKED" else None
        )
        yield {
            "key": f"not_issued {arn} {status}",
            "kind": "not_issued",
            "severity": "critical" if is_deployed else "warning",
            "title": f"{name}: the certificate is {status}" + (f" ({said})" if said else ""),
            "text": _blocked(certificate) or _advice(certificate),
            "records": _records(certificate),
        }


def _of_valid(certificate: Entry, name: str, is_deployed: bool, seen: Seen, policy: Policy) -> t.Iterator[Alert]:
    arn, serial = certificate["certificate_arn"], certificate.get("serial", "")
    summary = certificate.get("renewal_summary") or {}
    until = moment(certificate["not_after"]) if certificate.get("not_after") else None
    left = days_left(until, seen.now) if until else None
    notice = due_notice(certificate, policy, seen.now)
    if summary.get("renewal_status") == "FAILED":
        yield {
            "key": f"renewal_failed {arn} {serial} {summary.get('updated_at', '')}",
            "kind": "renewal_failed",
            "severity": "critical",
            "title": f"{name}: the renewal has failed ({summary.get('renewal_status_reason') or 'no reason was given'})",
            "text": f"{_blocked(certificate)} {_successor(certificate)}".strip(),
            "days_to_expiry": left,
            "records": _records(certificate),
        }
    if notice is not None and left is not None and not _may_still_renew_itself(certificate, policy, seen.now):
        waits_for_us = summary.get("renewal_status") == "PENDING_VALIDATION" or certificate.get("diagnosis")
        kind = "action_required" if waits_for_us and _renews_itself(certificate) else "expiring"
        reason = summary.get("renewal_status_reason")
        yield {
            "key": f"{kind} {arn} {serial} {notice}",
            "kind": kind,
            "severity": "critical" if left <= CRITICAL_DAYS else "warning",
            "title": f"{name}: "
            + (
                f"the renewal waits for you, {_left(left)}"
                if kind == "action_required"
                else f"expires in {_days(left)}"
            ),
            "text": _blocked(certificate) if kind == "action_required" else _why_it_expires(certificate),
            "days_to_expiry": left,
            "records": _records(certificate),
            "facts": {"reason": reason} if reason else {},
        }
    elif is_deployed and certificate.get("renewal_eligibility") == "INELIGIBLE" and may_be_exported(certificate):
        deployed = [one for one in seen.standings if one.arn == arn]
        if all(one.is_current for one in deployed):
            yield {
                "key": f"ineligible {arn} {serial}",
                "kind": "ineligible",
                "severity": "warning",
                "title": f"{name}: ACM will not renew the certificate",
                "text": "It says INELIGIBLE although the certificate was exported and is in place. "
                "Look at it with certops.acm.acm_certificate_info, and export it again with certops.acm.acm_export.",
                "days_to_expiry": left,
            }


def _renews_itself(certificate: Entry) -> bool:
    return certificate.get("type") != "IMPORTED" and certificate.get("renewal_eligibility") != "INELIGIBLE"


def _may_still_renew_itself(certificate: Entry, policy: Policy, now: datetime) -> bool:
    """Whether ACM, or this play, may be about to renew it, and nothing is known to be wrong."""
    summary = certificate.get("renewal_summary") or {}
    if not _renews_itself(certificate) or summary.get("renewal_status") == "FAILED":
        return False
    waits_by_mail = (
        summary.get("renewal_status") == "PENDING_VALIDATION" and certificate.get("validation_method") == "EMAIL"
    )
    if certificate.get("diagnosis") or waits_by_mail:
        return False
    not_before, not_after = maybe_moment(certificate.get("not_before")), maybe_moment(certificate.get("not_after"))
    if not_before is None or not_after is None:
        return False
    return not is_within(policy.overdue_before, not_before, not_after, now)


def _is_superseded(certificate: Entry, seen: Seen) -> bool:
    """Whether nothing is lost when it expires: nothing uses it, and another that is valid for longer has all its names."""
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


def _is_news(certificate: Entry, is_deployed: bool, now: datetime) -> bool:
    """Whether a request that did not, or not yet, become a certificate is to be told of."""
    created = maybe_moment(certificate.get("created_at"))
    age = now - created if created else timedelta(0)
    status = certificate.get("status")
    if status == "PENDING_VALIDATION":
        return age >= SLOW_VALIDATION
    return is_deployed or status in ("FAILED", "VALIDATION_TIMED_OUT") and age < PAST_IS_PAST + timedelta(hours=72)


def _blocked(certificate: Entry) -> str:
    """What the diagnosis found, a sentence a name, with the remedy."""
    said = []
    for finding in certificate.get("diagnosis") or ():
        words = f"{finding['domain_name']}: {finding['reason']}"
        if finding.get("remedy"):
            words += f" {finding['remedy']}"
        if words not in said:
            said.append(words)
    if said:
        return " ".join(said)
    if certificate.get("validation_method") == "EMAIL":
        return (
            "ACM has sent mail to the domain's contacts; each name has to be approved by the link in it. "
            "If it did not arrive, send it again with resend_validation_email of certops.acm.acm_certificate."
        )
    reason = (certificate.get("renewal_summary") or {}).get("renewal_status_reason")
    return f"ACM gives {reason} as the reason." if reason else ""


def _why_it_expires(certificate: Entry) -> str:
    if certificate.get("type") == "IMPORTED":
        return "It was imported, and ACM never renews those: import its successor with certops.acm.acm_import."
    if certificate.get("renewal_eligibility") == "INELIGIBLE":
        return (
            "ACM does not renew it, because nothing uses it and it was not exported since it was issued or last renewed: "
            "deploy or export it if it is needed, or delete it."
        )
    status = (certificate.get("renewal_summary") or {}).get("renewal_status")
    said = f" (it says {status})" if status else ""
    return f"ACM should have renewed it by now and has not{said}. {_successor(certificate)}"


def _successor(certificate: Entry) -> str:
    if certificate.get("type") == "IMPORTED":
        return "Import its successor with certops.acm.acm_import."
    return "Request a new one with certops.acm.acm_certificate if it cannot be renewed."


def _advice(certificate: Entry) -> str:
    if certificate.get("status") == "PENDING_VALIDATION":
        return "ACM waits for its names to be validated, and gives up 72 hours after the request."
    return "It cannot be served: request a new one with certops.acm.acm_certificate, and name that one in its place."


def _records(certificate: Entry) -> list[dict[str, str]]:
    """The records that the names under trouble need; all of them where nobody knows which."""
    troubled = {finding["domain_name"] for finding in certificate.get("diagnosis") or ()}
    records: list[dict[str, str]] = []
    for option in certificate.get("domain_validation_options") or ():
        record = option.get("resource_record")
        if record and record not in records and (option["domain_name"] in troubled):
            records.append(dict(record))
    return records


# ---------------------------------------------------------------- what hosts have


def _of_entries(seen: Seen) -> t.Iterator[Alert]:
    """What acm_deploy_certificates names and ACM does not have, or not in a state to be deployed."""
    listed = {one["certificate_arn"] for one in seen.listing}
    entries: dict[str, list[Standing]] = {}
    for one in seen.standings:
        if one.state == "left_out" and one.arn not in listed:
            entries.setdefault(one.identity, []).append(one)
    for identity, group in entries.items():
        yield {
            "key": f"not_issued {identity} absent",
            "kind": "not_issued",
            "severity": "critical",
            "title": f"{identity}: ACM has nothing to deploy",
            "text": f"{group[0].reason} What the hosts have stays in place.",
            "domain_name": None if identity.startswith("arn:") else identity,
            "hosts": sorted({one.host for one in group}),
        }


def _of_hosts(seen: Seen, policy: Policy) -> t.Iterator[Alert]:
    """A host on which something is not as it should be: one alert, whatever number of certificates it is about.

    Told at once, and again at the notice days of what expires first there.
    """
    troubled: dict[tuple[str, str], list[Standing]] = {}
    for one in seen.standings:
        if one.state in ("failed", "unreachable") and not (one.state == "unreachable" and one.is_current):
            troubled.setdefault((one.state, one.host), []).append(one)
    for (state, host), group in troubled.items():
        ends = [one.served_until for one in group if one.served_until]
        first = min(ends) if ends else None
        left = days_left(first, seen.now) if first else None
        passed = [days for days in policy.notice_days if left is not None and left <= days]
        names = sorted({one.domain_name for one in group})
        serials = sorted({one.serial or one.identity for one in group})
        kind = "deploy_failed" if state == "failed" else "host_unreachable"
        what = "could not be deployed" if state == "failed" else "does not answer, so that it lacks"
        reasons = list(dict.fromkeys(one.reason for one in group if one.reason))
        yield {
            "key": f"{kind} {host} {','.join(serials)} {min(passed) if passed else 'first'}",
            "kind": kind,
            "severity": "critical" if state == "failed" or (left is not None and left <= CRITICAL_DAYS) else "warning",
            "title": f"{host}: {', '.join(names)} {what}" if state == "failed" else f"{host} {what} {', '.join(names)}",
            "text": " ".join([*reasons, _what_it_serves(first, left), "The next run tries again."]),
            "domain_name": names[0] if len(names) == 1 else None,
            "certificate_arn": group[0].arn if len(group) == 1 else None,
            "hosts": [host],
            "expires_at": iso(first) if first else None,
            "days_to_expiry": left,
        }


def _what_it_serves(first: datetime | None, left: int | None) -> str:
    if first is None or left is None:
        return "It is not known what the host serves."
    if left < 0:
        return f"What it has expired on {iso(first)}."
    return f"What it has is valid until {iso(first)}, for {_days(left)}."


def _forced_in_vain(seen: Seen) -> t.Iterator[Alert]:
    names = {one["certificate_arn"]: one.get("domain_name") for one in seen.listing}
    serials = {one["certificate_arn"]: one.get("serial") for one in seen.listing}
    for arn, why in seen.forced_in_vain:
        yield {
            "key": f"renewal_failed {arn} {serials.get(arn, '')} forced",
            "kind": "renewal_failed",
            "severity": "warning",
            "title": f"{names.get(arn) or arn}: the renewal could not be forced",
            "text": f"{why} The certificate in place stays; the next day tries again.",
            "certificate_arn": arn,
            "domain_name": names.get(arn),
        }


def _stalled(seen: Seen, policy: Policy) -> t.Iterator[Alert]:
    if seen.last_sweep_at and seen.now - seen.last_sweep_at > policy.stalled_after:
        yield {
            "key": f"run_missed renewals {iso(seen.last_sweep_at)}",
            "kind": "run_missed",
            "severity": "warning",
            "title": f"The renewals did not run between {iso(seen.last_sweep_at)} and {iso(seen.now)}",
            "text": "They run again now, and this run has looked at everything. "
            "Look at what starts them: the timer, the schedule of the job template, or the rulebook.",
        }


# ---------------------------------------------------------------- words


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _left(number: int) -> str:
    return f"{_days(number)} {'is' if number == 1 else 'are'} left"


def _hosts(names: t.Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} hosts"


def _until(until: datetime | None) -> str:
    return f", valid until {iso(until)}" if until else ""


def _served_by(services: t.Sequence[str]) -> str:
    return f"It is served by {', '.join(services)}. " if services else ""
