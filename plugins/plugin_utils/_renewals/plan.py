# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a renewal run is to do, and what the hosts have after it. Pure.

Terms: an *identity* is the name of a certificate in acm_deploy_certificates (ARN or domain name), a *read* is what
acm_export returns about it without its key, an *outcome* is what a host reports about its part. `memory` is what the
previous run stored (module_utils/_renewals/memory.py).
"""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ansible_collections.certops.acm.plugins.module_utils._rules.acm_limits import VALIDATION_HOURS
from ansible_collections.certops.acm.plugins.module_utils._rules.times import read_iso
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._rules.names import is_exportable
from ansible_collections.certops.acm.plugins.module_utils._certificates.renewal_window import UNDER_WAY, Window
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.identities import spell_identity
from . import words
from .policy import Policy

Entry = t.Mapping[str, t.Any]

A_DAY = timedelta(days=1)
REQUEST_LIVES_FOR = timedelta(hours=VALIDATION_HOURS)
SLOW_VALIDATION = A_DAY
PAST_IS_PAST = timedelta(days=7)  # anything older is no longer news
NOT_TRIED = "This run did not try it."
WINDOW_IS_CLOSED = "The maintenance window is closed."
NAMED = ("ended", "renewal_stuck")  # problems of a diagnosis whose reason names the certificate itself


class Forced(t.NamedTuple):
    """due: ARNs to renew now, the earliest to expire first. waiting: (ARN, why not yet). wrong: (ARN, what is wrong
    with the policy for it)."""

    due: list[str]
    waiting: list[tuple[str, str]]
    wrong: list[tuple[str, str]]


class Standing(t.NamedTuple):
    """One certificate on one host after the run.

    state: deployed, failed, unreachable, held_back (not tried), or left_out (ACM has nothing to deploy).
    reason: why it is not deployed.
    serial: of the certificate in ACM. served_serial, served_until: of the certificate on the host, as far as known.
    was_new: whether this run, or a run that died before it could report, deployed it.
    services: those seen serving it. unserved: those that should serve it and were not seen to, with the reason.
    """

    host: str
    identity: str
    arn: str | None
    domain_name: str
    state: str
    serial: str | None
    served_serial: str | None
    served_until: datetime | None
    was_new: bool = False
    reason: str = ""
    services: tuple[str, ...] = ()
    unserved: tuple[tuple[str, str], ...] = ()

    @property
    def is_current(self) -> bool:
        """Whether the host has the files of ACM's current certificate."""
        return self.serial is not None and self.served_serial == self.serial

    @property
    def was_tried(self) -> bool:
        """Whether this run tried to check it on the host."""
        return self.state not in ("held_back", "left_out")


def moment(text: t.Any) -> datetime:
    """A time as modules return it: 2026-11-23T16:51:00Z."""
    return read_iso(str(text))


def maybe_moment(text: t.Any) -> datetime | None:
    return moment(text) if text else None


def may_be_exported(certificate: Entry) -> bool:
    return is_exportable(certificate.get("type"), (certificate.get("options") or {}).get("export"))


def is_valid(certificate: Entry, now: datetime) -> bool:
    """Whether ACM has issued it and it has not expired."""
    until = maybe_moment(certificate.get("not_after"))
    return certificate.get("status") == "ISSUED" and (until is None or until > now)


def choose_forced(
    listing: t.Iterable[Entry], deployed: t.Collection[str], memory: Entry, policy: Policy, now: datetime
) -> Forced:
    """Which of the DEPLOYED (ARNs) to renew now rather than wait for ACM.

    Certificates that this play does not deploy are left to whoever deploys them: a renewal that is not installed is
    useless."""
    forced = Forced([], [], [])
    if policy.renew_before is None:
        return forced
    lately = [entry["arn"] for entry in memory["forced"] if now - moment(entry["at"]) < A_DAY]
    ripe: list[tuple[datetime, str, bool]] = []
    for certificate in listing:
        arn = certificate["certificate_arn"]
        not_before, not_after = maybe_moment(certificate.get("not_before")), maybe_moment(certificate.get("not_after"))
        if (
            arn not in deployed
            or not may_be_exported(certificate)
            or not is_valid(certificate, now)
            or not not_before
            or not not_after
        ):
            continue
        try:
            is_ripe = now >= policy.renew_before.opens_at(not_before, not_after)
        except InvalidInput as error:
            forced.wrong.append((arn, str(error)))
            continue
        if is_ripe:
            ripe.append((not_after, arn, is_within(policy.urgent_before, not_before, not_after, now)))
    status = {
        certificate["certificate_arn"]: (certificate.get("renewal_summary") or {}).get("renewal_status")
        for certificate in listing
    }
    exported = {certificate["certificate_arn"]: certificate.get("exported") for certificate in listing}
    for _until, arn, is_urgent in sorted(ripe):
        if exported[arn] is False:
            forced.waiting.append((arn, "ACM renews it on demand only after its first export"))
        elif status[arn] in UNDER_WAY:
            forced.waiting.append((arn, "a renewal is already under way"))
        elif arn in lately:
            forced.waiting.append((arn, "its renewal was forced in the last 24 hours"))
        elif not is_urgent and not policy.is_open(now):
            forced.waiting.append((arn, "the maintenance window is closed"))
        elif len(lately) + len(forced.due) >= policy.forced_a_day:
            forced.waiting.append((arn, f"{policy.forced_a_day} renewals were forced in the last 24 hours"))
        else:
            forced.due.append(arn)
    return forced


def left_out(reads: t.Mapping[str, Entry]) -> list[str]:
    """The identities for which ACM has no certificate to deploy."""
    return [identity for identity, read in reads.items() if read.get("failed")]


def held_back(
    host: str, identities: t.Iterable[str], reads: t.Mapping[str, Entry], memory: Entry, policy: Policy, now: datetime
) -> list[str]:
    """The identities of a host that were renewed and wait for the maintenance window.

    Certificates that the host does not have yet, or that expire soon, do not wait.
    """
    if policy.is_open(now):
        return []
    known = memory["hosts"].get(host, {})
    waiting = []
    for identity in identities:
        read = reads.get(identity, {})
        served = known.get(read.get("certificate_arn"))
        if not served or served["serial"] == read.get("serial"):
            continue
        if not is_within(policy.urgent_before, moment(served["not_before"]), moment(served["not_after"]), now):
            waiting.append(identity)
    return waiting


def standings(
    hosts: t.Mapping[str, t.Iterable[str]],
    outcomes: t.Mapping[str, Entry | None],
    reads: t.Mapping[str, Entry],
    listing: t.Iterable[Entry],
    memory: Entry,
    waiting: t.Mapping[str, t.Mapping[str, str]],
) -> list[Standing]:
    """The standing of every certificate on each of its hosts.

    waiting: by host what was not tried, with the reasons. A host in neither OUTCOMES nor WAITING stopped answering
    half-way.
    """
    by_arn = {each["certificate_arn"]: each for each in listing}
    found = []
    for host, identities in hosts.items():
        outcome = outcomes.get(host) or {"reachable": host in waiting}
        done = _done(outcome.get("done", ()))
        # A host may have several entries with different names for one certificate.
        for identity in {spell_identity(each): each for each in identities}.values():
            read = reads.get(identity, {"failed": True, "msg": "It was not looked up."})
            arn = read.get("certificate_arn") or (identity if identity.startswith("arn:") else None)
            known = memory["hosts"].get(host, {}).get(arn, {})
            failure = next((each for each in outcome.get("failures", ()) if identity in each["identities"]), None)
            standing = Standing(
                host=host,
                identity=identity,
                arn=arn,
                domain_name=by_arn.get(arn, {}).get("domain_name") or read.get("domain_name") or identity,
                state="held_back",
                serial=read.get("serial"),
                served_serial=known.get("serial"),
                served_until=maybe_moment(known.get("not_after")),
                reason=waiting.get(host, {}).get(identity, NOT_TRIED),
            )
            if read.get("failed"):
                standing = standing._replace(state="left_out", reason=str(read.get("msg", "")))
            elif not outcome["reachable"]:
                standing = standing._replace(state="unreachable", reason="")
            elif spell_identity(identity) in done:
                standing = _deployed(standing, done[spell_identity(identity)], known)
            elif failure:
                standing = standing._replace(state="failed", reason=str(failure["reason"]))
            found.append(standing)
    return found


def _done(told: t.Iterable[Entry]) -> dict[str, dict[str, t.Any]]:
    """What was done, by certificate; if a certificate has several sets, with the services of all of them."""
    found: dict[str, dict[str, t.Any]] = {}
    for each in told:
        merged = found.setdefault(spell_identity(each["identity"]), {**each, "services": (), "unserved": ()})
        merged["swapped"] = bool(merged.get("swapped") or each.get("swapped"))
        for key in ("services", "unserved"):
            merged[key] = (*merged[key], *(entry for entry in each.get(key) or () if entry not in merged[key]))
    return found


def _deployed(standing: Standing, done: Entry, known: Entry) -> Standing:
    once_served = known.get("services") or ()
    unserved = tuple(
        (str(each["service"]), str(each["reason"]))
        for each in done.get("unserved", ())
        if each["service"] in once_served or not each.get("is_stopped")
    )
    return standing._replace(
        state="deployed",
        reason="",
        serial=done["serial"],
        served_serial=done["serial"],
        served_until=maybe_moment(done.get("not_after")),
        was_new=bool(done.get("swapped")) or (bool(known) and known["serial"] != done["serial"]),
        services=tuple(done.get("services", ())),
        unserved=unserved,
    )


def is_texts(value: t.Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value)


def is_sound_outcome(outcome: Entry) -> bool:
    """Whether a host's report has the expected form. It comes from the host itself, so it is not trusted."""
    done, failures = outcome.get("done"), outcome.get("failures")
    if not isinstance(done, (list, tuple)) or not isinstance(failures, (list, tuple)):
        return False
    return (
        isinstance(outcome.get("reachable"), bool)
        and all(isinstance(each, t.Mapping) and _is_sound_set(each) for each in done)
        and all(
            isinstance(each, t.Mapping) and is_texts(each.get("identities")) and isinstance(each.get("reason"), str)
            for each in failures
        )
    )


def _is_sound_set(done: Entry) -> bool:
    unserved = done.get("unserved", ())
    try:
        moment(done["not_before"]).timestamp(), moment(done["not_after"]).timestamp()
    except (KeyError, ValueError, OverflowError):
        return False
    return (
        isinstance(done.get("identity"), str)
        and isinstance(done.get("serial"), str)
        and isinstance(done.get("arn"), (str, type(None)))
        and is_texts(done.get("services", []))
        and isinstance(unserved, (list, tuple))
        and all(
            isinstance(each, t.Mapping) and is_texts([each.get("service"), each.get("reason")]) for each in unserved
        )
    )


def acknowledged(notifications: t.Iterable[Entry], found: t.Iterable[Standing]) -> list[str]:
    """The handles of the notices that need no more work: every host that should have the certificate has it."""
    open_arns = {standing.arn for standing in found if standing.state != "left_out" and not standing.is_current}
    return [
        handle
        for notice in notifications
        if not open_arns.intersection(notice.get("certificate_arns", ()))
        for handle in notice["handles"]
    ]


def suspects(
    listing: t.Iterable[Entry],
    deployed: t.Collection[str],
    policy: Policy,
    now: datetime,
    noticed: t.Collection[str] = (),
) -> list[str]:
    """The ARNs of certificates that need a closer look: those that may have a problem, and those named by a notice."""
    found = []
    for certificate in listing:
        arn, status = certificate["certificate_arn"], certificate.get("status")
        if not policy.watches_all and arn not in deployed:
            continue
        if status == "PENDING_VALIDATION":
            found.append(arn)
        elif status not in ("ISSUED", "EXPIRED"):
            if is_news(certificate, arn in deployed, now):  # a list does not give the reason
                found.append(arn)
        elif is_valid(certificate, now) and certificate.get("type") != "IMPORTED":
            renewal = (certificate.get("renewal_summary") or {}).get("renewal_status")
            if (
                arn in noticed
                or renewal in ("PENDING_VALIDATION", "FAILED")
                or due_notice(certificate, policy, now) is not None
            ):
                found.append(arn)
    return found


def is_news(certificate: Entry, is_deployed: bool, now: datetime) -> bool:
    """Whether people are told about a request that has failed or is still waiting, or about a certificate that is no
    longer usable."""
    created = maybe_moment(certificate.get("created_at"))
    age = now - created if created else timedelta(0)
    status = certificate.get("status")
    if status == "PENDING_VALIDATION":
        return age >= SLOW_VALIDATION
    return is_deployed or status in ("FAILED", "VALIDATION_TIMED_OUT") and age < PAST_IS_PAST + REQUEST_LIVES_FOR


def due_notice(certificate: Entry, policy: Policy, now: datetime) -> int | None:
    """The notice of expiry that is due for a certificate."""
    not_before, not_after = maybe_moment(certificate.get("not_before")), maybe_moment(certificate.get("not_after"))
    if not_after is None:
        return None
    lifetime = not_after - (not_before or maybe_moment(certificate.get("created_at")) or now - timedelta(days=365))
    return policy.notice(words.days_until(not_after, now), lifetime)


def is_within(window: Window, not_before: datetime, not_after: datetime, now: datetime) -> bool:
    """Whether less than this is left of the lifetime; always true for a lifetime shorter than the window."""
    try:
        return now >= window.opens_at(not_before, not_after)
    except InvalidInput:
        return True
