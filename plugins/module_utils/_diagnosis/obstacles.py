# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What blocks a validation or renewal, according to ACM and to a look at DNS and the web."""

from __future__ import annotations

import time
import typing as t

from . import name_checks
from .._net import resolver
from .._validation import blocked_names
from .._certificates.certificate import validation_method
from .._net.fetcher import Fetch, Fetcher
from .._net.resolver import Asks, Lookup
from .._validation.proof_records import Detail

# A look helps with names that may still validate, or failed because they did not: others need a new request anyway.
WORTH_A_LOOK = ("PENDING_VALIDATION", "ISSUED", "VALIDATION_TIMED_OUT", "FAILED")
PROBLEMS = ("pending", "ended", "renewal_stuck", *name_checks.PROBLEMS)
INSIDE_S = 2.0  # for a question to this machine's own resolver
QUESTION_S = 5.0  # for a question to any other
SHOWN = 5  # names in one message

Finding = t.Mapping[str, str]


class Eyes(t.NamedTuple):
    """The resolvers. inside: this machine's resolver, if public names are looked up through others."""

    resolver: Asks
    fetch: t.Optional[Fetch] = None
    inside: t.Optional[Asks] = None


def eyes(
    resolvers: t.Optional[t.Sequence[str]],
    addresses: t.Optional[t.Mapping[str, str]] = None,
    within_s: t.Optional[float] = None,
    *,
    also_inside: bool = False,
) -> Eyes:
    """resolvers: name servers, ADDRESS or ADDRESS:PORT; None for those of the system. addresses: name → address, for
    the names of a lab. within_s: the time for all looks together. also_inside: this machine's resolver is a different
    one and sees private names. Raises InvalidInput, also if dnspython is missing."""
    resolver.require_dnspython()
    ends_at_s = None if within_s is None else time.monotonic() + within_s
    asked = _Hurried(resolver.Resolver(resolvers or None, QUESTION_S if within_s is None else INSIDE_S), ends_at_s)
    fetch = Fetcher(asked, addresses, 10.0 if within_s is None else min(10.0, within_s))
    inside = _Hurried(resolver.Resolver(None, INSIDE_S), ends_at_s) if also_inside else None
    return Eyes(asked, fetch, inside)


class _Hurried:
    """A resolver that is no longer asked once time is up."""

    def __init__(self, asked: Asks, ends_at_s: t.Optional[float]) -> None:
        self._asked = asked
        self._ends_at_s = ends_at_s

    def lookup(self, name: str, rdtype: str) -> Lookup:
        if self._ends_at_s is not None and time.monotonic() >= self._ends_at_s:
            return Lookup(resolver.TIMEOUT, detail="There was no time left to ask.")
        return self._asked.lookup(name, rdtype)


def look(details: t.Sequence[Detail], through: Eyes) -> list[list[dict[str, str]]]:
    """What DNS and the web show for each certificate: the findings of name_checks.diagnose."""
    worthy = [number for number, detail in enumerate(details) if detail.get("Status") in WORTH_A_LOOK]
    found = name_checks.diagnose_each(
        [details[number] for number in worthy], through.resolver, through.fetch, inside=through.inside
    )
    findings: list[list[dict[str, str]]] = [[] for _detail in details]
    for number, own in zip(worthy, found):
        findings[number] = own
    return findings


def diagnose(details: t.Sequence[Detail], through: Eyes) -> list[list[dict[str, t.Any]]]:
    """The obstacles of each certificate, according to ACM and to a look at DNS and the web."""
    return [obstacles(detail, findings) for detail, findings in zip(details, look(details, through))]


def obstacles(detail: Detail, findings: t.Sequence[Finding]) -> list[dict[str, t.Any]]:
    """Return values: {domain_name, method, status, problem, reason, remedy (if there is one)}, in the order of the
    certificate's names. findings: the result of look(). Empty if nothing is in the way."""
    told = blocked_names.find(detail)
    has_ended = detail.get("Status") in ("FAILED", "EXPIRED", "REVOKED", "INACTIVE")
    items = [{**blocked, "problem": "ended"} for blocked in told] if has_ended else []
    waiting = {} if has_ended else {blocked["domain_name"]: blocked for blocked in told}
    shown: dict[str, list[Finding]] = {}
    for finding in findings:
        shown.setdefault(finding["domain_name"], []).append(finding)
    options = {option.get("DomainName"): option for option in detail.get("DomainValidationOptions") or ()}
    for name in dict.fromkeys([*options, *shown, *waiting]):
        if name in shown:
            items += [_found(finding, detail, options.get(name) or {}) for finding in shown[name]]
        elif name in waiting:
            blocked = waiting[name]
            if detail.get("Status") == "ISSUED" and blocked["method"] is None:
                items.append({**blocked, "problem": "renewal_stuck"})  # the reason already says what to do
                continue
            remedy = _remedy(blocked) if detail.get("Status") != "VALIDATION_TIMED_OUT" else ""
            items.append({**blocked, "problem": "pending", **({"remedy": remedy} if remedy else {})})
    return items


def explain(detail: Detail, findings: t.Optional[t.Sequence[Finding]]) -> str:
    """Sentences for a message: which names are blocked, why, and what a look shows. findings: None without a look."""
    shown: dict[str, list[Finding]] = {}
    for finding in findings or ():
        shown.setdefault(finding["domain_name"], []).append(finding)
    sentences = []
    for blocked in blocked_names.find(detail):
        sentences.append(" ".join([blocked["reason"], *map(_shortly, shown.get(blocked["domain_name"], ()))]))
        if findings is not None and _is_by_dns(blocked) and not shown.get(blocked["domain_name"]):
            sentences[-1] += " The record exists: ACM only has to check again."
    sentences = list(dict.fromkeys(sentences))
    more = [f"And {len(sentences) - SHOWN} more."] if len(sentences) > SHOWN else []
    return " ".join(sentences[:SHOWN] + more)


def _found(finding: Finding, detail: Detail, option: Detail) -> dict[str, t.Any]:
    reason, remedy = finding["message"], finding["remedy"]
    if detail.get("Status") == "VALIDATION_TIMED_OUT":
        reason = f"{finding['domain_name']} was not validated within 72 hours. {reason}"
        remedy = f"{remedy} Then request a new certificate."
    return {
        "domain_name": finding["domain_name"],
        "method": option.get("ValidationMethod") or validation_method(dict(detail)),
        "status": option.get("ValidationStatus"),
        "problem": finding["problem"],
        "reason": reason,
        "remedy": remedy,
    }


def _remedy(blocked: t.Mapping[str, t.Any]) -> str:
    """What to do if ACM waits and the look found nothing wrong."""
    if blocked["method"] == "EMAIL":
        return "Open the link in that mail. If it did not arrive, have it sent again with resend_validation_email."
    if _is_by_dns(blocked):
        return "The record is in DNS: wait until ACM checks again, which may take up to half an hour."
    return "Wait until ACM checks again."


def _is_by_dns(blocked: t.Mapping[str, t.Any]) -> bool:
    return blocked["method"] == "DNS" and blocked["status"] == "PENDING_VALIDATION"


def _shortly(finding: Finding) -> str:
    if finding["problem"] == "record_missing":
        return "It does not exist."  # the sentence before has named the record
    if finding["problem"] in ("record_not_told", "redirect_not_told"):
        return ""
    return f"{finding['message']} {finding['remedy']}"
