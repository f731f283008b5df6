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

from ansible_collections.certops.acm.plugins.module_utils._rules.times import iso
from . import certificate_alerts, host_alerts, words
from .plan import is_valid, maybe_moment
from .policy import Policy
from .seen import Alert, Finding, Seen, hosts_of, is_all_in_place

# These say that something is wrong until it is fixed, and what it means that it is over; the others say that something
# happened.
TROUBLES = {
    "action_required": "The renewal is no longer waiting for anybody.",
    "expiring": "The certificate no longer expires soon.",
    "expired": "The expired certificate was replaced, or is no longer needed.",
    "ineligible": "ACM renews the certificate automatically again.",
    "renewal_failed": "The failed renewal is no longer a problem.",
    "not_issued": "The request is no longer waiting.",
    "unavailable": "ACM has a certificate to deploy again.",
    "deploy_failed": "Everything that could not be deployed there is now in place.",
    "host_unreachable": "The server answers again, and has what it was missing.",
    "not_served": "The certificates there are served again.",
    "run_failed": "Renewal runs finish again.",
}
_OF_HOSTS = ("deploy_failed", "host_unreachable", "not_served")
_OF_RUNS = "renewals"  # the subject of alerts about runs themselves


def findings(seen: Seen, policy: Policy) -> list[Finding]:
    """All that is to be told, whether or not it was told before; in check mode what would be."""
    found = [
        *(() if seen.is_check else host_alerts.of_deployments(seen)),
        *certificate_alerts.of_certificates(seen, policy),
        *host_alerts.of_entries(seen),
        *host_alerts.of_hosts(seen, policy),
        *(() if seen.is_check else host_alerts.of_services(seen)),
        *certificate_alerts.of_forced(seen),
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
        return is_all_in_place(subject, seen)
    listed = [each for each in seen.listing if each["certificate_arn"] == subject]
    if listed and not is_valid(listed[0], seen.now):
        return False
    if kind == "ineligible" and listed and listed[0].get("renewal_eligibility") == "INELIGIBLE":
        return False
    states = [standing.state for standing in seen.standings if subject in (standing.arn, standing.identity)]
    if states:
        return kind != "unavailable" or "left_out" not in states
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


def still_open(current: t.Iterable[Finding], over: t.Collection[str], seen: Seen) -> list[str]:
    """The kinds of the troubles that earlier runs reported of hosts of this one, and of which it can say nothing new."""
    troubled = {_subject(found.alert["key"]) for found in current}
    hosts = {standing.host for standing in seen.standings} - troubled
    told = {tuple(key.split(" ")[:2]) for key in seen.memory["told"] if key not in over}
    return sorted(kind for kind, subject in told if kind in _OF_HOSTS and subject in hosts)


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
            said = ["The certificate is no longer in ACM."]
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
            "hosts": hosts_of(subject, seen) or ([subject] if keys[0].split(" ", 1)[0] in _OF_HOSTS else []),
            "answers": keys,
        }
        found.append(Finding(_without_gaps(alert)))
    return found


def _subject(key: str) -> str:
    return key.split(" ")[1]


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
                "title": f"The renewal run of {words.date(began)} did not finish",
                "text": "It failed early, was stopped, or took too long. This run has done what that one left undone. "
                "If it happens again, look at the output of the run and at what stops it.",
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
