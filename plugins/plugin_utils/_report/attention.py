# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What needs a person, in order of urgency, each with its remedy. Pure.

An *item* is {severity, kind, title, text, remedy, records, emails, certificates, hosts, until};
certificates are ARNs. Its texts hold dates
and no days left: with the same facts it stays the same from one day to the next.
"""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ansible_collections.certops.acm.plugins.module_utils._rules.times import iso
from ansible_collections.certops.acm.plugins.plugin_utils._renewals.plan import NAMED, REQUEST_LIVES_FOR
from .fleet import OTHER, OUTDATED, SILENT, Made
from .moments import Entry, lifetime, moment

SEVERITIES = ("critical", "warning", "notice")
CRITICAL_BEFORE = timedelta(days=7)
SOON = timedelta(days=30)
SOON_SHARE = 6  # share of the lifetime: half of the time that ACM has for a renewal
NEWS_FOR = timedelta(days=10)  # how long a failed request is of interest
STALLED_AFTER = timedelta(hours=48)

Items = t.Iterator[Made]


def items(
    certificates: t.Sequence[Entry],
    hosts: t.Sequence[Entry],
    connections: t.Iterable[Entry],
    last_runs: t.Sequence[Entry],
    now: datetime,
) -> list[Made]:
    wanted_by = _wanted_by(hosts)
    successors = _by_names(certificates)
    found = [*_of_connections(connections), *_of_runs(last_runs, now)]
    for certificate in certificates:
        users = sorted({*wanted_by.get(certificate["certificate_arn"], ()), *certificate["places"]})
        is_needed = bool(users or certificate["in_use"])
        for item in _of_certificate(certificate, is_needed, successors, now):
            found.append({"certificates": [certificate["certificate_arn"]], "hosts": users, **item})
    found += [*_of_missing(hosts), *_of_hosts(hosts), *_of_places(hosts, certificates, now)]
    complete = [{**_EMPTY, **item} for item in found]
    return sorted(
        complete,
        key=lambda item: (SEVERITIES.index(item["severity"]), item["until"] or "9", item["title"], item["kind"]),
    )


_EMPTY: dict[str, t.Any] = {
    "text": "",
    "remedy": "",
    "records": [],
    "emails": [],
    "certificates": [],
    "hosts": [],
    "until": None,
}


# ---------------------------------------------------------------- what could not be read


def _of_connections(connections: t.Iterable[Entry]) -> Items:
    for connection in connections:
        if connection["error"]:
            yield {
                "severity": "critical",
                "kind": "not_read",
                "title": f"ACM could not be read: {connection['label']}",
                "text": f"{connection['error']} Its certificates are missing from this page, but may well exist.",
                "remedy": "Check the region, the profile and its permissions, or the path of the authority, and run the report again.",
            }


def _of_runs(last_runs: t.Sequence[Entry], now: datetime) -> Items:
    for run in last_runs:
        at = moment(run["at"])
        if at and now - at > STALLED_AFTER:
            where = f" for {run['what']}" if run["what"] else ""
            yield {
                "severity": "warning",
                "kind": "stalled",
                "title": f"The renewals have stopped{where}",
                "text": f"The last renewal run began on {_date(at)}, more than {STALLED_AFTER // timedelta(hours=1)} hours ago.",
                "remedy": "Check what starts certops.acm.renew: the timer, the schedule of the job template, or the rulebook.",
            }


# ---------------------------------------------------------------- what ACM has


def _of_certificate(
    certificate: Entry, is_needed: bool, successors: t.Mapping[t.Any, list[Entry]], now: datetime
) -> Items:
    status, name = certificate["status"], _name(certificate)
    until = moment(certificate["not_after"])
    if status == "ISSUED":
        yield from _of_valid(certificate, name, is_needed, successors, now)
    elif status == "EXPIRED":
        if is_needed:
            yield {
                "severity": "critical",
                "kind": "expired",
                "title": f"{name} has expired",
                "text": f"It was valid until {_date(until)}, and is still in use." if until else "It is still in use.",
                "remedy": _successor(certificate),
                "until": certificate["not_after"],
            }
    elif status == "PENDING_VALIDATION":
        yield _pending(certificate, name)
    elif is_needed or (_is_news(certificate, now) and not successors.get(_key(certificate))):
        said = f" ({certificate['reason']})" if certificate["reason"] else ""
        blocked = _blocked(certificate)
        yield {
            "severity": "critical" if is_needed else "warning",
            "kind": "not_issued",
            "title": f"{name} is {status}{said}",
            "text": blocked
            or ("It is still in use, or hosts should have it." if is_needed else "It was never issued."),
            "remedy": " ".join(
                [*_remedies(certificate), "Request a new certificate with certops.acm.acm_certificate."]
            ),
        }


def _pending(certificate: Entry, name: str) -> Made:
    created_at = moment(certificate["created_at"])
    ends_at = created_at + REQUEST_LIVES_FOR if created_at else None
    records, emails = _proofs(certificate)
    return {
        "severity": "warning",
        "kind": "pending",
        "title": f"{name} is waiting for validation",
        "text": " ".join(
            filter(None, [_blocked(certificate), f"ACM gives up on {_date(ends_at)}." if ends_at else ""])
        ),
        "remedy": " ".join(_remedies(certificate)) or _proof_remedy(certificate, records, emails),
        "records": records,
        "emails": emails,
        "until": ends_at and iso(ends_at),
    }


def _of_valid(
    certificate: Entry, name: str, is_needed: bool, successors: t.Mapping[t.Any, list[Entry]], now: datetime
) -> Items:
    ends_at = moment(certificate["not_after"])
    left = ends_at - now if ends_at else None
    is_close = left is not None and left <= _soon(certificate)
    severity = "critical" if left is not None and left <= CRITICAL_BEFORE else "warning"
    common = {"until": certificate["not_after"]}
    if certificate["renewal_status"] == "FAILED":
        records, emails = _proofs(certificate)
        said = f" ({certificate['renewal_reason']})" if certificate["renewal_reason"] else ""
        yield {
            **common,
            "severity": "critical",
            "kind": "renewal_failed",
            "title": f"The renewal of {name} has failed{said}",
            "text": _blocked(certificate),
            "remedy": " ".join(_remedies(certificate)) or _successor(certificate),
            "records": records,
            "emails": emails,
        }
    elif certificate["renewal_status"] == "PENDING_VALIDATION" and _waits_for_people(certificate):
        records, emails = _proofs(certificate)
        yield {
            **common,
            "severity": severity,
            "kind": "action_required",
            "title": f"The renewal of {name} needs your action",
            "text": _blocked(certificate),
            "remedy": " ".join(_remedies(certificate)) or _proof_remedy(certificate, records, emails),
            "records": records,
            "emails": emails,
        }
    elif certificate["diagnosis"]:
        records, _emails = _proofs(certificate, only_troubled=True)
        yield {
            **common,
            "severity": severity if is_close else "warning",
            "kind": "renewal_blocked",
            "title": f"The next renewal of {name} will fail as things stand",
            "text": _blocked(certificate),
            "remedy": " ".join(_remedies(certificate)),
            "records": records,
        }
    elif is_close and not (not is_needed and _has_successor(certificate, successors)):
        text, remedy = _why_it_expires(certificate, is_needed)
        yield {
            **common,
            "severity": severity if is_needed else "notice",
            "kind": "expiring",
            "title": f"{name} expires on {_date(ends_at)}",
            "text": text,
            "remedy": remedy,
        }


def _why_it_expires(certificate: Entry, is_needed: bool) -> tuple[str, str]:
    if certificate["type"] == "IMPORTED":
        return "It was imported, and ACM never renews imported certificates.", _successor(certificate)
    if certificate["renewal_eligibility"] == "INELIGIBLE":
        if is_needed:
            return (
                "ACM does not renew it: it has not been exported since it was last issued, and no AWS service uses it.",
                "Deploy it with certops.acm.deploy, which exports it, or renew it with force_renewal of "
                "certops.acm.acm_certificate.",
            )
        return (
            "It is not in use, so ACM does not renew it.",
            "Deploy or export it if you need it; otherwise delete it.",
        )
    status = certificate["renewal_status"]
    said = f", and reports {status}" if status and status != "SUCCESS" else ""
    return f"ACM should have renewed it by now{said}.", _successor(certificate)


def _waits_for_people(certificate: Entry) -> bool:
    return bool(certificate["diagnosis"]) or any(
        each["status"] != "SUCCESS" and (each["method"] in ("EMAIL", "HTTP") or each["record"])
        for each in certificate["validations"]
    )


def _soon(certificate: Entry) -> timedelta:
    lives_for = lifetime(certificate)
    if certificate["type"] == "IMPORTED" or certificate["renewal_eligibility"] == "INELIGIBLE":
        return min(SOON, lives_for / 3) if lives_for else SOON
    return min(SOON, lives_for / SOON_SHARE) if lives_for else SOON


def _is_news(certificate: Entry, now: datetime) -> bool:
    created_at = moment(certificate["created_at"])
    return (
        certificate["status"] in ("FAILED", "VALIDATION_TIMED_OUT")
        and created_at is not None
        and now - created_at < NEWS_FOR
    )


def _proofs(certificate: Entry, only_troubled: bool = False) -> tuple[list[Made], list[str]]:
    """For the names that are not validated: the records to publish, and the addresses that mail is for."""
    troubled = {each.get("domain_name") for each in certificate["diagnosis"]}
    records: list[Made] = []
    emails: list[str] = []
    for each in certificate["validations"]:
        is_open = each["name"] in troubled if only_troubled else each["status"] != "SUCCESS"
        if is_open and each["record"] and each["record"] not in records:
            records.append(each["record"])
        if is_open:
            emails += [address for address in each["emails"] if address not in emails]
    return records, emails


def _proof_remedy(certificate: Entry, records: t.Sequence[Entry], emails: t.Sequence[str]) -> str:
    if records:
        return f"Publish {'this record' if len(records) == 1 else 'these records'} in DNS, or check that DNS answers with it."
    if emails or certificate["validation_method"] == "EMAIL":
        return (
            "Open the link in ACM's mail to the domain's contacts. If it did not arrive, have it sent "
            "again with resend_validation_email of certops.acm.acm_certificate."
        )
    return "Run acm_certificate_info with diagnose: true for this certificate: it shows which record, mail or redirect is missing."


def _blocked(certificate: Entry) -> str:
    words = [
        each["reason"] if each.get("problem") in NAMED else f"{each['domain_name']}: {each['reason']}"
        for each in certificate["diagnosis"]
        if each.get("reason")
    ]
    reason = certificate["renewal_reason"] if certificate["status"] == "ISSUED" else None
    return " ".join(dict.fromkeys(words)) or (f"ACM gives {reason} as the reason." if reason else "")


def _remedies(certificate: Entry) -> list[str]:
    return list(dict.fromkeys(each["remedy"] for each in certificate["diagnosis"] if each.get("remedy")))


def _successor(certificate: Entry) -> str:
    if certificate["type"] == "IMPORTED":
        return "Import its successor with certops.acm.acm_import."
    return "Request a new certificate with certops.acm.acm_certificate, and deploy that instead."


def _by_names(certificates: t.Iterable[Entry]) -> dict[t.Any, list[Entry]]:
    """The valid certificates by their names and connection."""
    found: dict[t.Any, list[Entry]] = {}
    for each in certificates:
        if each["status"] == "ISSUED":
            found.setdefault(_key(each), []).append(each)
    return found


def _key(certificate: Entry) -> t.Any:
    return certificate["connection"], frozenset(name.lower() for name in certificate["names"])


def _has_successor(certificate: Entry, successors: t.Mapping[t.Any, list[Entry]]) -> bool:
    ends = certificate["not_after"] or ""
    return any((each["not_after"] or "") > ends for each in successors.get(_key(certificate), ()))


# ---------------------------------------------------------------- hosts


def _of_missing(hosts: t.Iterable[Entry]) -> Items:
    """Entries of acm_deploy_certificates that ACM does not have."""
    missing: dict[tuple[str, str], list[str]] = {}
    for host in hosts:
        for each in host["certificates"]:
            if each["is_known"] and each["certificate_arn"] is None:
                missing.setdefault((host["connection"], each["identity"]), []).append(host["name"])
    for (connection, identity), names in missing.items():
        yield {
            "severity": "critical",
            "kind": "absent",
            "title": f"ACM has no valid certificate for {identity}",
            "text": f"{_hosts(names)} should have it ({connection}).",
            "remedy": "Request it with certops.acm.acm_certificate, or correct acm_deploy_certificates in the inventory.",
            "hosts": sorted(names),
        }


def _of_hosts(hosts: t.Iterable[Entry]) -> Items:
    """Hosts that could not be checked: one item for each reason, however many hosts it applies to."""
    reasons: dict[str, list[str]] = {}
    for host in hosts:
        if host["trouble"]:
            reasons.setdefault(host["trouble"].replace(host["name"], "…"), []).append(host["name"])
    for reason, names in reasons.items():
        yield {
            "severity": "warning",
            "kind": "host_unreachable",
            "title": f"{_hosts(names)} could not be checked",
            "text": reason,
            "remedy": "It is not known what they serve. Check that the hosts are up and that Ansible can reach them.",
            "hosts": sorted(names),
        }


def _of_places(hosts: t.Iterable[Entry], certificates: t.Iterable[Entry], now: datetime) -> Items:
    """Certificates that are not served as they should be: one item for the same fault on the same hosts."""
    by_arn = {each["certificate_arn"]: each for each in certificates}
    faults: dict[tuple[str, str], list[tuple[str, Entry]]] = {}
    for host in hosts:
        for place in host["places"]:
            if place["state"] in (OUTDATED, OTHER, SILENT):
                subject = place["certificate_arn"] or ", ".join(place["identities"])
                faults.setdefault((place["state"], subject), []).append((host["name"], place))
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (state, subject), places in faults.items():
        alike.setdefault((state, tuple(sorted({host for host, _place in places}))), []).append(subject)
    for (state, names), subjects in alike.items():
        places = [place for subject in subjects for place in faults[state, subject]]
        yield _fault(state, names, subjects, [place for _host, place in places], by_arn, now)


def _fault(
    state: str,
    hosts: tuple[str, ...],
    subjects: t.Sequence[str],
    places: t.Sequence[Entry],
    by_arn: t.Mapping[str, Entry],
    now: datetime,
) -> Made:
    """subjects: ARNs, or identities for which ACM has no certificate."""
    names = [_name(by_arn[subject]) if subject in by_arn else subject for subject in subjects]
    what = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    ends = min((place["not_after"] for place in places if place["not_after"]), default=None)
    ends_at = moment(ends)
    services = ", ".join(sorted({place["service"] for place in places}))
    ports = ", ".join(map(str, sorted({place["port"] for place in places})))
    where = f"{services}, port {ports}."
    serve = "serves" if len(hosts) == 1 else "serve"
    common = {
        "certificates": [subject for subject in subjects if subject in by_arn],
        "hosts": list(hosts),
        "until": ends,
        "severity": "warning",
    }
    if state == OUTDATED:
        return {
            **common,
            "severity": "critical" if ends_at is not None and ends_at - now <= CRITICAL_BEFORE else "warning",
            "kind": "outdated",
            "title": f"{_hosts(hosts)} {serve} an earlier certificate for {what}",
            "text": f"{where} The served certificate is valid until {_date(ends_at)}.",
            "remedy": f"Run certops.acm.deploy for {_those(hosts)}: it installs the current certificate, reloads the service and "
            "checks what is served.",
        }
    if state == OTHER:
        return {
            **common,
            "kind": "other_served",
            "title": f"{_hosts(hosts)} {serve} a certificate other than the one for {what}",
            "text": f"{where} Clients that ask for {places[0]['server_name'] or 'no name'} get "
            f"{places[0]['subject'] or 'a certificate without a subject'}.",
            "remedy": "Check that the configuration of the service points at the files of this certificate, then run "
            "certops.acm.deploy.",
        }
    return {
        **common,
        "kind": "silent",
        "title": f"{what} {'is' if len(names) == 1 else 'are'} not served on {_hosts(hosts)}",
        "text": f"{where} {places[0]['error'] or 'Nothing answers there.'}",
        "remedy": "Start the service, or correct the ports of acm_deploy_services in the inventory.",
    }


def _wanted_by(hosts: t.Iterable[Entry]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for host in hosts:
        for each in host["certificates"]:
            if each["certificate_arn"]:
                found.setdefault(each["certificate_arn"], set()).add(host["name"])
    return found


# ---------------------------------------------------------------- words


def _name(certificate: Entry) -> str:
    return certificate["names"][0] if certificate["names"] else certificate["certificate_arn"]


def _date(when: datetime | None) -> str:
    return when.strftime("%Y-%m-%d") if when else "an unknown day"


def _hosts(names: t.Sequence[str]) -> str:
    return names[0] if len(set(names)) == 1 else f"{len(set(names))} hosts"


def _those(names: t.Sequence[str]) -> str:
    return "this host" if len(names) == 1 else "these hosts"
