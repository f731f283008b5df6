# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people are told after a renewal run: the alerts that acm_alert delivers. Pure.

Each alert names the servers, the certificate and its names, the cause, the deadline and the next step, for somebody who
was asleep when it happened. An alert's key is its identity: `KIND SUBJECT …`. The subject is an ARN, an identity or a
host; the rest, for example the serial and the notice day, distinguishes one occurrence from the next. A channel gets
each key once, and its messages never show it. A coming expiry is announced on the notice days, and never before ACM
should have renewed the certificate automatically."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.times import iso
from . import certificate_alerts, host_alerts, words
from .plan import is_valid, maybe_moment
from .policy import Policy
from .seen import Alert, Concern, Seen, hosts_of, is_all_in_place

# Kinds that report something wrong until it is fixed, each with the text of its all-clear; the other kinds report that
# something happened.
TROUBLES = {
    "action_required": "The renewal is no longer waiting for anybody.",
    "expiring": "The certificate no longer expires soon.",
    "expired": "The expired certificate was replaced, or is no longer needed.",
    "ineligible": "ACM renews the certificate automatically again.",
    "renewal_failed": "The failed renewal is no longer a problem.",
    "not_issued": "The request is no longer waiting.",
    "unavailable": "ACM has a certificate to deploy again.",
    "deploy_failed": "Everything that could not be deployed to the server is now in place.",
    "host_unreachable": "The server answers again and is up to date.",
    "not_served": "The server serves its certificates again.",
    "run_failed": "Renewal runs finish again.",
}
# What may be wrong with a run itself: the title of the alert, and the situation for which the run fails.
PROBLEMS = {
    "memory": ("The renewal run cannot rely on the memory of earlier runs", "memory"),
    "unwritten": ("The memory of the renewal runs could not be written where it belongs", "memory"),
    "notices": ("The renewal run cannot read ACM's notices", "notices"),
    "run_limit": ("The renewal run took too long", "run_limit"),
}
_OF_HOSTS = ("deploy_failed", "host_unreachable", "not_served")
_OF_EXPIRY = ("expiring", "expired")  # their keys name the serial number
_OF_RUNS = "renewals"  # the subject of alerts about runs themselves


def concerns(seen: Seen, policy: Policy) -> list[Concern]:
    """Everything to be told, whether or not it was told before; in check mode, everything that would be told."""
    found = [
        *(() if seen.is_check else host_alerts.of_deployments(seen)),
        *certificate_alerts.of_certificates(seen, policy),
        *host_alerts.of_entries(seen),
        *host_alerts.of_hosts(seen, policy),
        *(() if seen.is_check else host_alerts.of_services(seen)),
        *certificate_alerts.of_forced(seen),
        *_of_runs(seen, policy),
    ]
    return [concern._replace(alert=_without_gaps(concern.alert)) for concern in found]


def _without_gaps(alert: Alert) -> Alert:
    return {name: value for name, value in alert.items() if value not in (None, [], {}, "")}


def can_be_over(key: str, seen: Seen, policy: Policy) -> bool:
    """Whether the trouble of a key is over: this run would have seen it, and did not.

    With --limit, or for certificates of other plays, the run would not have seen it. Nor does it report what expired or
    failed long ago, which does not mean that this is fixed.
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


def resolved(current: t.Iterable[Concern], seen: Seen, policy: Policy) -> list[str]:
    """The keys that were told and whose subjects have no more trouble."""
    if seen.is_check:
        return []
    troubled = {_subject(found.alert["key"]) for found in current if found.alert["kind"] in TROUBLES}
    return [
        key
        for key in seen.memory["told"]
        if key.split(" ", 1)[0] in TROUBLES and _subject(key) not in troubled and can_be_over(key, seen, policy)
    ]


def still_open(current: t.Iterable[Concern], over: t.Collection[str], seen: Seen) -> list[str]:
    """The kinds of troubles that earlier runs reported about this run's hosts, and about which it has nothing new."""
    troubled = {_subject(found.alert["key"]) for found in current}
    hosts = {standing.host for standing in seen.standings} - troubled
    told = {tuple(key.split(" ")[:2]) for key in seen.memory["told"] if key not in over}
    return sorted(kind for kind, subject in told if kind in _OF_HOSTS and subject in hosts)


def all_clear(over: t.Iterable[str], seen: Seen) -> list[Concern]:
    """The all-clear for whoever was told that something is wrong, once for each subject."""
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
        serials = {key.split(" ")[2] for key in keys if key.split(" ", 1)[0] in _OF_EXPIRY}
        if subject.startswith("arn:") and not certificate:
            said = ["The certificate is no longer in ACM."]
        elif until and is_valid(certificate, seen.now):
            if serials and certificate.get("serial") not in serials:
                done = "replaced" if certificate.get("type") == "IMPORTED" else "renewed"
                said = [text for text in said if text not in map(TROUBLES.get, _OF_EXPIRY)]
                said.append(f"The certificate was {done} and is now valid until {words.date(until)}.")
            else:
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
        found.append(Concern(_without_gaps(alert)))
    return found


def _subject(key: str) -> str:
    return key.split(" ")[1]


# ---------------------------------------------------------------- the runs themselves


def _of_runs(seen: Seen, policy: Policy) -> t.Iterator[Concern]:
    began, ended = maybe_moment(seen.memory["began_at"]), maybe_moment(seen.memory["ended_at"])
    latest = max(filter(None, (began, ended)), default=None)
    if latest and seen.now - latest > policy.stalled_after:
        yield Concern(
            {
                "key": f"run_missed {_OF_RUNS} {iso(latest)}",
                "kind": "run_missed",
                "severity": "warning",
                "title": f"No renewal run for {words.span((seen.now - latest).total_seconds())}",
                "text": f"The last run began on {words.date(latest)}. Runs have begun again, and this run has checked "
                "everything. Check what starts them: the timer, the schedule of the job template, or the rulebook.",
            }
        )
    if began and (ended is None or ended < began):
        yield Concern(
            {
                "key": f"run_unfinished {_OF_RUNS} {iso(began)}",
                "kind": "run_failed",
                "severity": "warning",
                "title": f"The renewal run of {words.date(began)} did not finish",
                "text": "It failed early, was stopped, or is still running. This run has done what was left undone. "
                "If it happens again, look at the output of the run and find out what stops it.",
            }
        )
    for problem in seen.problems:
        title, situation = PROBLEMS[problem.what]
        sentence = words.sentence(problem.sentence)
        yield Concern(
            {
                "key": f"run_failed {_OF_RUNS} {problem.what} {words.date(seen.now)[:10]}",
                "kind": "run_failed",
                "severity": "warning",
                "title": title,
                "text": sentence,
            },
            situation,
            sentence,
        )
