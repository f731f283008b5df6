# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people are told after a renewal run: the alerts that acm_alert delivers. Pure.

Each names the servers, the certificate and its names, the cause, the deadline and the next step, for somebody who was
asleep when it happened. An alert's key is its identity: `KIND SUBJECT …`. The subject is an ARN, an identity or a host;
the rest makes one occurrence differ from the next, such as the serial and the notice day. A channel is told a key once,
and never shown it. A coming expiry is told at the notice days, and never before ACM should have renewed automatically.
"""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import iso
from . import words
from .plan import (
    Entry,
    Standing,
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

# These say that something is wrong until it is mended, and what it means that it is over; the others say that something
# happened.
TROUBLES = {
    "action_required": "The renewal no longer waits for anybody.",
    "expiring": "The certificate no longer expires soon.",
    "expired": "The expired certificate was replaced, or is not needed any more.",
    "ineligible": "ACM renews the certificate automatically again.",
    "renewal_failed": "The renewal that failed has been made up for.",
    "not_issued": "The request does not wait any more.",
    "unavailable": "ACM has a valid certificate again.",
    "deploy_failed": "Everything that could not be deployed there is in place.",
    "host_unreachable": "The server answers again, and has what it lacked.",
    "not_served": "The certificates there are served again.",
    "run_failed": "Renewal runs come to their end again.",
}
_OF_HOSTS = ("deploy_failed", "host_unreachable", "not_served")
_OF_RUNS = "renewals"  # the subject of alerts about runs themselves


class Problem(t.NamedTuple):
    """Something that went wrong with the run itself: a situation of the policy, and a sentence."""

    situation: str
    sentence: str


class Finding(t.NamedTuple):
    """An alert, and the situation in which a run fails that it is about, if it is one."""

    alert: Alert
    situation: str | None = None


class Seen(t.NamedTuple):
    """What a run has seen. closely: details with a diagnosis, by ARN, of those that looked suspicious.
    forced_in_vain: (ARN, why) of renewals that could not be forced. memory: what the run before left."""

    now: datetime
    listing: t.Sequence[Entry]
    closely: t.Mapping[str, Entry]
    standings: t.Sequence[Standing]
    memory: Entry
    forced_in_vain: t.Sequence[tuple[str, str]] = ()
    problems: t.Sequence[Problem] = ()
    is_check: bool = False


def findings(seen: Seen, policy: Policy) -> list[Finding]:
    """All that is to be told, whether or not it was told before; in check mode what would be."""
    found = [
        *(() if seen.is_check else _of_deployments(seen)),
        *_of_certificates(seen, policy),
        *_of_entries(seen),
        *_of_hosts(seen, policy),
        *(() if seen.is_check else _of_services(seen)),
        *_of_forced(seen),
        *_of_runs(seen, policy),
    ]
    return [finding._replace(alert=_without_gaps(finding.alert)) for finding in found]


def _without_gaps(alert: Alert) -> Alert:
    return {name: value for name, value in alert.items() if value not in (None, [], {}, "")}


def can_be_over(key: str, seen: Seen, policy: Policy) -> bool:
    """Whether this run would know that the trouble of a key goes on, and it does not.

    With --limit, or of other certificates, it would not know. And of what expired or failed long ago nobody is told any
    more, which does not make it well.
    """
    kind, subject = key.split(" ")[:2]
    if subject == _OF_RUNS:
        return True
    if kind in _OF_HOSTS:
        return any(standing.host == subject for standing in seen.standings)
    listed = [each for each in seen.listing if each["certificate_arn"] == subject]
    if listed and not is_valid(listed[0], seen.now):
        return False
    if any(subject in (standing.arn, standing.identity) for standing in seen.standings):
        return True
    return subject.startswith("arn:") and (policy.watches_all or not listed)


def resolved(current: t.Iterable[Finding], seen: Seen, policy: Policy) -> list[str]:
    """The keys that were told and whose subject has no trouble any more."""
    if seen.is_check:
        return []
    troubled = {_subject(found.alert["key"]) for found in current if found.alert["kind"] in TROUBLES}
    return [
        key
        for key in seen.memory["told"]
        if key.split(" ", 1)[0] in TROUBLES and _subject(key) not in troubled and can_be_over(key, seen, policy)
    ]


def all_clear(over: t.Iterable[str], seen: Seen) -> list[Finding]:
    """For those who were told that something is wrong: that it is over, once for each subject."""
    by_subject: dict[str, list[str]] = {}
    for key in over:
        by_subject.setdefault(_subject(key), []).append(key)
    by_arn = {each["certificate_arn"]: each for each in seen.listing}
    found = []
    for subject, keys in by_subject.items():
        certificate = by_arn.get(subject, {})
        until = maybe_moment(certificate.get("not_after"))
        name = certificate.get("domain_name") or ("renewals" if subject == _OF_RUNS else subject)
        said = list(dict.fromkeys(TROUBLES[key.split(" ", 1)[0]] for key in keys))
        if subject.startswith("arn:") and not certificate:
            said = ["The certificate is not in ACM any more."]
        elif until and is_valid(certificate, seen.now):
            said.append(f"The certificate is valid until {words.date(until)}.")
        alert = {
            "key": f"resolved {subject} {iso(seen.now)}",
            "kind": "resolved",
            "severity": "info",
            "title": f"{name}: all clear",
            "text": " ".join(said),
            "certificate_arn": subject if subject.startswith("arn:") else None,
            "domain_name": certificate.get("domain_name"),
            "expires_at": certificate.get("not_after"),
            "days_to_expiry": words.days_until(until, seen.now) if until else None,
            "hosts": _hosts_of(subject, seen) or ([subject] if keys[0].split(" ", 1)[0] in _OF_HOSTS else []),
            "answers": keys,
        }
        found.append(Finding(_without_gaps(alert)))
    return found


def _subject(key: str) -> str:
    return key.split(" ")[1]


def _hosts_of(arn: str, seen: Seen) -> list[str]:
    return sorted({standing.host for standing in seen.standings if standing.arn == arn})


# ---------------------------------------------------------------- what went well


def _of_deployments(seen: Seen) -> t.Iterator[Finding]:
    """One alert for each new certificate, however many hosts got it in this run."""
    new: dict[tuple[str, str], list[Standing]] = {}
    for standing in seen.standings:
        if standing.state == "deployed" and standing.was_new:
            new.setdefault((standing.arn or standing.identity, standing.serial or ""), []).append(standing)
    for (arn, serial), group in new.items():
        hosts = sorted({standing.host for standing in group})
        services = sorted({service for standing in group for service in standing.services})
        until = group[0].served_until
        served = f"{words.listed(services)} {'serves' if len(services) == 1 else 'serve'} it. " if services else ""
        yield Finding(
            {
                "key": f"deployed {arn} {serial} {','.join(hosts)}",
                "kind": "deployed",
                "severity": "info",
                "title": f"{group[0].domain_name}: a new certificate is in place on {words.listed(hosts)}",
                "text": f"{served}Nothing has to be done.",
                "certificate_arn": arn if arn.startswith("arn:") else None,
                "domain_name": group[0].domain_name,
                "expires_at": iso(until) if until else None,
                "days_to_expiry": words.days_until(until, seen.now) if until else None,
                "hosts": hosts,
                "facts": {"Services": services, "Serial number": serial},
            }
        )


# ---------------------------------------------------------------- what ACM has


def _of_certificates(seen: Seen, policy: Policy) -> t.Iterator[Finding]:
    deployed = {standing.arn for standing in seen.standings}
    for listed in seen.listing:
        arn = listed["certificate_arn"]
        certificate = {**listed, **seen.closely.get(arn, {})}
        if arn not in deployed and (not policy.watches_all or _is_superseded(certificate, seen)):
            continue
        hosts = _hosts_of(arn, seen)
        services = sorted({name for one in seen.standings if one.arn == arn for name in one.services})
        names = [name for name in certificate.get("subject_alternative_names") or () if name]
        for finding in _of_certificate(certificate, hosts, seen, policy):
            common = {
                "certificate_arn": arn,
                "domain_name": certificate.get("domain_name"),
                "hosts": hosts,
                "expires_at": certificate.get("not_after"),
            }
            facts = {"Names": names if len(names) > 1 else None, "Services": services or None}
            shown = {name: value for name, value in {**finding.alert.get("facts", {}), **facts}.items() if value}
            yield finding._replace(alert={**common, **finding.alert, "facts": shown})


def _of_certificate(certificate: Entry, hosts: list[str], seen: Seen, policy: Policy) -> t.Iterator[Finding]:
    arn, name = certificate["certificate_arn"], certificate.get("domain_name") or certificate["certificate_arn"]
    status = certificate.get("status")
    until = maybe_moment(certificate.get("not_after"))
    if status in ("ISSUED", "EXPIRED") and until and until <= seen.now:
        may_be_used = bool(hosts or certificate.get("in_use") or _may_be_elsewhere(certificate))
        if hosts or certificate.get("in_use") or seen.now - until < PAST_IS_PAST:
            days = words.days_until(until, seen.now)
            use = "It is in use" if hosts or certificate.get("in_use") else "It may be in use"
            yield Finding(
                {
                    "key": f"expired {arn} {certificate.get('serial', '')}",
                    "kind": "expired",
                    "severity": "critical" if may_be_used else "warning",
                    "title": f"{name}: the certificate expired {words.distance(days)}",
                    "text": f"It was valid until {words.date(until)}. "
                    + (f"{use}, so clients refuse to connect. " if may_be_used else "Nothing is known to use it. ")
                    + _successor(certificate),
                    "days_to_expiry": days,
                },
                "expired" if hosts else None,
            )
    elif status == "ISSUED":
        yield from _of_valid(certificate, name, hosts, seen, policy)
    elif _is_news(certificate, bool(hosts), seen.now):
        yield _of_not_issued(certificate, name, hosts)


def _of_not_issued(certificate: Entry, name: str, hosts: list[str]) -> Finding:
    """A request that did not, or not yet, become a certificate; or a certificate that does not count any more."""
    status = certificate.get("status")
    was_issued = status in ("REVOKED", "INACTIVE")
    created = maybe_moment(certificate.get("created_at"))
    facts: dict[str, t.Any] = {}
    if status == "PENDING_VALIDATION":
        what = "the request still waits for the names to be validated"
        by = f" (by {words.date(created + timedelta(hours=72))})" if created else ""
        text = f"{_blocked(certificate)} ACM gives up 72 hours after the request{by}."
        if created:
            facts["Deadline"] = words.date(created + timedelta(hours=72))
    elif status == "VALIDATION_TIMED_OUT":
        what = "the request has failed, as the names were not validated within 72 hours"
        text = f"{_blocked(certificate)} Then request it again with certops.acm.acm_certificate."
    elif was_issued:
        what = "the certificate was revoked" if status == "REVOKED" else "the certificate is inactive"
        why = certificate.get("revocation_reason")
        given = f"The reason given is {why}. " if why else ""
        text = f"{given}Request a new one with certops.acm.acm_certificate, and deploy that one in its place."
    else:
        what = "the request has failed"
        cause = words.sentence(words.reason(certificate.get("failure_reason")))
        text = f"{cause[0].upper()}{cause[1:]} {_blocked(certificate)} Then request it again with certops.acm.acm_certificate."
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
    return Finding(alert, "unavailable" if hosts else None)


def _of_valid(certificate: Entry, name: str, hosts: list[str], seen: Seen, policy: Policy) -> t.Iterator[Finding]:
    arn, serial = certificate["certificate_arn"], certificate.get("serial", "")
    summary = certificate.get("renewal_summary") or {}
    until = maybe_moment(certificate.get("not_after"))
    left = words.days_until(until, seen.now) if until else None
    notice = due_notice(certificate, policy, seen.now)
    severity = "critical" if left is not None and left <= CRITICAL_DAYS else "warning"
    deadline = f"The certificate expires {words.distance(left)}, on {words.date(until)}." if until and left is not None else ""
    common = {"days_to_expiry": left, "records": _records(certificate)}
    if summary.get("renewal_status") == "FAILED":
        cause = words.reason(summary.get("renewal_status_reason"))
        yield Finding(
            {
                **common,
                "key": f"renewal_failed {arn} {serial} {summary.get('updated_at', '')} {notice or 'first'}",
                "kind": "renewal_failed",
                "severity": "critical",
                "title": f"{name}: the renewal has failed",
                "text": _joined(f"The cause: {cause}.", _diagnosed(certificate), _again(certificate), deadline),
            },
            "renewal_failed",
        )
    elif notice is not None and left is not None and not _may_still_be_renewed(certificate, policy, seen.now):
        waits = summary.get("renewal_status") == "PENDING_VALIDATION" or certificate.get("diagnosis")
        if waits and _is_renewed_automatically(certificate):
            yield Finding(
                {
                    **common,
                    "key": f"action_required {arn} {serial} {notice}",
                    "kind": "action_required",
                    "severity": severity,
                    "title": f"{name}: the renewal waits for you, and the certificate expires {words.distance(left)}",
                    "text": _joined(
                        _blocked(certificate),
                        "Once that is done, ACM goes on within hours"
                        + (", and the next run deploys the new certificate." if hosts else "."),
                        deadline,
                    ),
                },
                "action_required" if _is_overdue(certificate, policy, seen.now) else None,
            )
        else:
            yield Finding(
                {
                    **common,
                    "key": f"expiring {arn} {serial} {notice}",
                    "kind": "expiring",
                    "severity": severity,
                    "title": f"{name}: the certificate expires {words.distance(left)}",
                    "text": _joined(_why_it_expires(certificate), deadline),
                }
            )
    elif hosts and not seen.is_check and _was_forgotten(certificate, seen):
        yield Finding(
            {
                **common,
                "key": f"ineligible {arn} {serial}",
                "kind": "ineligible",
                "severity": "warning",
                "title": f"{name}: ACM will not renew the certificate",
                "text": _joined(
                    "ACM says that it is not eligible for renewal, although it was exported and is in place. "
                    "Export it once more with certops.acm.acm_export; if ACM still says so, request a new one.",
                    deadline,
                ),
            }
        )


def _was_forgotten(certificate: Entry, seen: Seen) -> bool:
    """Whether ACM calls it ineligible although all hosts that are to have it have it, and so it was exported."""
    if certificate.get("renewal_eligibility") != "INELIGIBLE" or not may_be_exported(certificate):
        return False
    return all(one.is_current for one in seen.standings if one.arn == certificate["certificate_arn"])


def _is_renewed_automatically(certificate: Entry) -> bool:
    return certificate.get("type") != "IMPORTED" and certificate.get("renewal_eligibility") != "INELIGIBLE"


def _is_overdue(certificate: Entry, policy: Policy, now: datetime) -> bool:
    """Whether ACM, or this play, should have renewed it by now."""
    not_before, not_after = maybe_moment(certificate.get("not_before")), maybe_moment(certificate.get("not_after"))
    return not_before is None or not_after is None or is_within(policy.overdue_before, not_before, not_after, now)


def _may_still_be_renewed(certificate: Entry, policy: Policy, now: datetime) -> bool:
    """Whether ACM, or this play, may be about to renew it, and nothing is known to be wrong."""
    if not _is_renewed_automatically(certificate) or certificate.get("diagnosis"):
        return False
    status = (certificate.get("renewal_summary") or {}).get("renewal_status")
    if status == "PENDING_VALIDATION" and certificate.get("validation_method") == "EMAIL":
        return False
    return not _is_overdue(certificate, policy, now)


def _may_be_elsewhere(certificate: Entry) -> bool:
    """Whether somebody outside of AWS may have the key: whoever imported or exported it."""
    return certificate.get("type") == "IMPORTED" or certificate.get("exported") is not False


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
    """Whether people are told about a request that did not, or not yet, become a certificate."""
    created = maybe_moment(certificate.get("created_at"))
    age = now - created if created else timedelta(0)
    status = certificate.get("status")
    if status == "PENDING_VALIDATION":
        return age >= SLOW_VALIDATION
    return is_deployed or status in ("FAILED", "VALIDATION_TIMED_OUT") and age < PAST_IS_PAST + timedelta(hours=72)


def _blocked(certificate: Entry) -> str:
    """What holds the validation up, and what to do about it."""
    cause = (certificate.get("renewal_summary") or {}).get("renewal_status_reason")
    return _diagnosed(certificate) or (words.sentence(f"The cause: {words.reason(cause)}") if cause else "")


def _diagnosed(certificate: Entry) -> str:
    """What the diagnosis found, a sentence for each name, with the remedy."""
    said = []
    for finding in certificate.get("diagnosis") or ():
        sentence = f"{finding['domain_name']}: {words.sentence(str(finding['reason']))}"
        if finding.get("remedy"):
            sentence += f" {words.sentence(str(finding['remedy']))}"
        if sentence not in said:
            said.append(sentence)
    if not said and certificate.get("validation_method") == "EMAIL":
        said.append(
            "ACM has sent mail to the contacts of the domain, and each name has to be approved by the link in it. "
            "If the mail did not arrive, send it again with resend_validation_email of certops.acm.acm_certificate."
        )
    return " ".join(said)


def _why_it_expires(certificate: Entry) -> str:
    if certificate.get("type") == "IMPORTED":
        return "It was imported, and ACM never renews those. Import its successor with certops.acm.acm_import."
    if certificate.get("renewal_eligibility") == "INELIGIBLE":
        return (
            "ACM does not renew it, because nothing uses it and it was not exported since it was issued or last renewed. "
            "Deploy or export it if it is needed, or delete it."
        )
    status = (certificate.get("renewal_summary") or {}).get("renewal_status")
    begun = "has begun to renew it and has not come to an end" if status else "should have renewed it by now and has not"
    return f"ACM {begun}. {_again(certificate)}"


def _again(certificate: Entry) -> str:
    if may_be_exported(certificate):
        return (
            "Ask for the renewal once more with force_renewal of certops.acm.acm_certificate; if that fails too, request a "
            "new certificate."
        )
    return "If it is not renewed soon, request a new one with certops.acm.acm_certificate."


def _successor(certificate: Entry) -> str:
    if certificate.get("type") == "IMPORTED":
        return "Import its successor with certops.acm.acm_import."
    return "ACM does not renew what has expired: request a new one with certops.acm.acm_certificate, and deploy it."


def _records(certificate: Entry) -> list[dict[str, str]]:
    """The records that the names in trouble need."""
    troubled = {finding["domain_name"] for finding in certificate.get("diagnosis") or ()}
    records: list[dict[str, str]] = []
    for option in certificate.get("domain_validation_options") or ():
        record = option.get("resource_record")
        if record and record not in records and option["domain_name"] in troubled:
            records.append(dict(record))
    return records


def _joined(*sentences: str) -> str:
    return " ".join(" ".join(filter(None, sentences)).split())


# ---------------------------------------------------------------- what hosts have


def _of_entries(seen: Seen) -> t.Iterator[Finding]:
    """What acm_deploy_certificates names and ACM does not have, or not in a state to be deployed."""
    told = {each["certificate_arn"] for each in seen.listing}
    entries: dict[str, list[Standing]] = {}
    for standing in seen.standings:
        if standing.state == "left_out" and standing.arn not in told:
            entries.setdefault(standing.identity, []).append(standing)
    for identity, group in entries.items():
        yield Finding(
            {
                "key": f"unavailable {identity} absent",
                "kind": "unavailable",
                "severity": "critical",
                "title": f"{identity}: ACM has nothing to deploy",
                "text": _joined(
                    words.sentence(group[0].reason),
                    "Hosts keep what they have. Request or import the certificate, or take it out of "
                    "acm_deploy_certificates.",
                ),
                "domain_name": None if identity.startswith("arn:") else identity,
                "hosts": sorted({standing.host for standing in group}),
            },
            "unavailable",
        )


def _of_hosts(seen: Seen, policy: Policy) -> t.Iterator[Finding]:
    """A host on which something is not as it should be: one alert, whatever number of certificates it is about.

    Told at once, and again at the notice days of what expires first there.
    """
    troubled: dict[tuple[str, str], list[Standing]] = {}
    for standing in seen.standings:
        if standing.state == "failed" or (standing.state == "unreachable" and not standing.is_current):
            troubled.setdefault((standing.state, standing.host), []).append(standing)
    for (state, host), group in troubled.items():
        ends = [standing.served_until for standing in group if standing.served_until]
        first = min(ends) if ends else None
        left = words.days_until(first, seen.now) if first else None
        passed = [days for days in policy.notice_days if left is not None and left <= days]
        names = sorted({standing.domain_name for standing in group})
        serials = sorted({standing.serial or standing.identity for standing in group})
        reasons = list(dict.fromkeys(words.sentence(standing.reason) for standing in group if standing.reason))
        kind = "deploy_failed" if state == "failed" else "host_unreachable"
        next_step = (
            "Mend what the server or the task complains about; the next run tries again."
            if state == "failed"
            else "Check that the server is up and that Ansible can log in; the next run tries again."
        )
        title = f"{host} does not answer, and lacks {words.listed(names)}"
        if state == "failed":
            is_current = all(standing.is_current for standing in group)
            title = f"{host}: {words.listed(names)} could not be {'checked' if is_current else 'deployed'}"
        yield Finding(
            {
                "key": f"{kind} {host} {','.join(serials)} {min(passed) if passed else 'first'}",
                "kind": kind,
                "severity": (
                    "critical" if state == "failed" or (left is not None and left <= CRITICAL_DAYS) else "warning"
                ),
                "title": title,
                "text": _joined(*reasons, _what_it_has(first, left, group, seen.now), next_step),
                "domain_name": names[0] if len(names) == 1 else None,
                "certificate_arn": group[0].arn if len(group) == 1 else None,
                "hosts": [host],
                "expires_at": iso(first) if first else None,
                "days_to_expiry": left,
                "facts": {"Certificates": names} if len(names) > 1 else {},
            },
            kind,
        )


def _what_it_has(first: datetime | None, left: int | None, group: t.Sequence[Standing], now: datetime) -> str:
    if first is None or left is None:
        return "It is not known which certificate the server has."
    ends = f"{'expired' if first <= now else 'expires'} {words.distance(left)}"
    if all(standing.is_current for standing in group):
        return f"The server has the newest certificate of ACM, which {ends}."
    if len(group) == 1:
        return f"The server still has the certificate of before, which {ends}."
    return f"The server still has the certificates of before, of which the first {ends}."


def _of_services(seen: Seen) -> t.Iterator[Finding]:
    """A server that does not run any more, or that could not be seen: one alert for each host and reason."""
    unserved: dict[str, list[tuple[Standing, str, str]]] = {}
    for standing in seen.standings:
        for service, why in standing.unserved:
            unserved.setdefault(standing.host, []).append((standing, service, why))
    for host, group in unserved.items():
        services = sorted({service for _standing, service, _why in group})
        names = sorted({standing.domain_name for standing, _service, _why in group})
        reasons = list(dict.fromkeys(words.sentence(why) for _standing, _service, why in group))
        ends = [standing.served_until for standing, _service, _why in group if standing.served_until]
        first = min(ends) if ends else None
        yield Finding(
            {
                "key": f"not_served {host} {','.join(services)} {','.join(names)}",
                "kind": "not_served",
                "severity": "critical",
                "title": f"{host}: {words.listed(services)} was not seen to serve {words.listed(names)}",
                "text": _joined(
                    *reasons,
                    "The files are in place. Check that the server runs, and that its host and ports in "
                    "acm_deploy_services are those at which it listens.",
                ),
                "domain_name": names[0] if len(names) == 1 else None,
                "certificate_arn": group[0][0].arn if len(names) == 1 else None,
                "hosts": [host],
                "expires_at": iso(first) if first else None,
                "days_to_expiry": words.days_until(first, seen.now) if first else None,
                "facts": {"Services": services},
            },
            "not_served",
        )


def _of_forced(seen: Seen) -> t.Iterator[Finding]:
    by_arn = {each["certificate_arn"]: each for each in seen.listing}
    for arn, why in seen.forced_in_vain:
        certificate = by_arn.get(arn, {})
        until = maybe_moment(certificate.get("not_after"))
        left = words.days_until(until, seen.now) if until else None
        ends = f"The certificate in place expires {words.distance(left)}." if left is not None else ""
        yield Finding(
            {
                "key": f"renewal_failed {arn} {certificate.get('serial', '')} forced",
                "kind": "renewal_failed",
                "severity": "critical" if left is not None and left <= CRITICAL_DAYS else "warning",
                "title": f"{certificate.get('domain_name') or arn}: the renewal could not be forced",
                "text": _joined(words.sentence(why), ends, "It is tried again after 24 hours."),
                "certificate_arn": arn,
                "domain_name": certificate.get("domain_name"),
                "hosts": _hosts_of(arn, seen),
                "expires_at": certificate.get("not_after"),
                "days_to_expiry": left,
            },
            "renewal_failed",
        )


# ---------------------------------------------------------------- the runs themselves


def _of_runs(seen: Seen, policy: Policy) -> t.Iterator[Finding]:
    began, ended = maybe_moment(seen.memory["began_at"]), maybe_moment(seen.memory["ended_at"])
    latest = max(filter(None, (began, ended)), default=None)
    if latest and seen.now - latest > policy.stalled_after:
        yield Finding(
            {
                "key": f"run_missed {_OF_RUNS} {iso(latest)}",
                "kind": "run_missed",
                "severity": "warning",
                "title": f"No renewal run for {words.span((seen.now - latest).total_seconds())}",
                "text": f"The last one began on {words.date(latest)}. Runs have begun again, and this one has looked at "
                "everything. Check what starts them: the timer, the schedule of the job template, or the rulebook.",
            }
        )
    if began and (ended is None or ended < began):
        yield Finding(
            {
                "key": f"run_unfinished {_OF_RUNS} {iso(began)}",
                "kind": "run_failed",
                "severity": "warning",
                "title": f"The renewal run of {words.date(began)} did not come to its end",
                "text": "It failed early, was stopped, or took too long. This run has done what that one left. "
                "If it happens again, look at its output, and at what ends it.",
            }
        )
    for problem in seen.problems:
        yield Finding(
            {
                "key": f"run_failed {_OF_RUNS} {problem.situation} {words.date(seen.now)[:10]}",
                "kind": "run_failed",
                "severity": "warning",
                "title": {
                    "memory": "The renewal run cannot rely on what earlier runs remembered",
                    "notices": "The renewal run cannot read ACM's notices",
                    "run_limit": "The renewal run took too long",
                }.get(problem.situation, "The renewal run could not do all of its work"),
                "text": words.sentence(problem.sentence),
            },
            problem.situation,
        )
