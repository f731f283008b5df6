# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A deployment's decisions, as pure functions: what runs, what reloads and why, what is refused, what is to be
proved."""

from __future__ import annotations

import typing as t

from ..._rules.sentences import first_few
from ..sets.placement import OTHER_CERTIFICATE, Difference
from ..tls.handshake import Endpoint
from .proof import Deployed, Expectation, tell_served
from ..servers.known_servers import Service

Entry = t.Mapping[str, t.Any]

RUNNING, STOPPED, NOT_OBSERVED, ASSUMED, UNKNOWN = "running", "stopped", "not_observed", "assumed", "unknown"


class Limits(t.NamedTuple):
    """Limits in seconds: for a proof, how long it must be steady, for a command, for a look, and for the lock."""

    proof_s: float = 10
    steady_for_s: float = 0.25
    command_s: float = 60
    look_s: float = 5
    lock_s: float = 120


class State(t.NamedTuple):
    """Whether a service runs, and how that is known (a sentence)."""

    name: str
    evidence: str


class Reload(t.NamedTuple):
    """A service that has to reload. combined: files that could be handed to its running process instead. may_fail: a
    failed reload only means that the service is not running."""

    service: str
    reason: str
    combined: list[str]
    may_fail: bool


def judge_state(
    service: Service, pid_alive: bool | None, unit_active: bool | None, sightings: t.Sequence[Entry]
) -> State:
    """What is known about a service by its process, its unit, and what was seen at its ports.

    A sighting of a port on which nothing listens has is_refused. None for the process or unit: there is none to ask.
    """
    seen = [sighting for sighting in sightings if sighting["reachable"]]
    if seen:
        return State(RUNNING, f"{service.name} answers on port {seen[0]['port']}.")
    silent = [sighting for sighting in sightings if not sighting.get("is_refused")]
    how = "its process is alive" if pid_alive else "its unit is active" if unit_active else None
    if how and not service.ports:
        return State(RUNNING, f"{service.name} is running: {how}.")
    if how:
        return State(NOT_OBSERVED, f"{service.name} is running ({how}), but {_join_errors(sightings)}")
    if silent:
        return State(NOT_OBSERVED, f"It could not be seen whether {service.name} is running: {_join_errors(silent)}")
    if pid_alive is False or unit_active is False:
        said = "its unit is not active" if unit_active is False else "no process was found"
        return State(STOPPED, f"{service.name} is not running: {said}.")
    if not service.ports:
        return State(ASSUMED, f"{service.name} is assumed to be running; nothing shows whether it is.")
    if service.reload_command:
        return State(UNKNOWN, f"{service.name} did not answer on its ports: {_join_errors(sightings)}")
    return State(STOPPED, f"{service.name} is not running: {_join_errors(sightings)}")


def _join_errors(sightings: t.Iterable[Entry]) -> str:
    return " ".join(dict.fromkeys(str(sighting["error"]) for sighting in sightings if sighting.get("error")))


def settle(state: State, when_stopped: str) -> State:
    """A service in an unknown state counts as stopped if the user wants stopped services started or refused."""
    return State(STOPPED, state.evidence) if state.name == UNKNOWN and when_stopped != "ignore" else state


def choose_reloads(
    services: t.Iterable[Service],
    states: t.Mapping[str, State],
    bundles: t.Iterable[Entry],
    expectations: t.Sequence[Expectation],
    sightings: t.Sequence[Entry],
    with_new_snippets: t.Collection[str] = (),
) -> list[Reload]:
    """The services that have to reload: a set was swapped, a snippet is new, or the served certificate is not the one
    on disk."""
    by_name = {bundle["name"]: bundle for bundle in bundles}
    reloads = []
    for service in services:
        state = states[service.name].name
        if state == STOPPED:
            continue
        used = [by_name[name] for name in service.certificates]
        reason = next((f"{bundle['name']} is new" for bundle in used if bundle["swapped"]), None)
        if reason is None and state != UNKNOWN:
            reason = _catch_up(service, expectations, sightings)
        combined = [f"{bundle['path']}/combined.pem" for bundle in used] if service.runtime_socket else []
        if service.name in with_new_snippets:
            reason, combined = "a snippet is new", []
        if reason:
            reloads.append(Reload(service.name, reason, combined, state == UNKNOWN))
    return reloads


def _catch_up(service: Service, expectations: t.Sequence[Expectation], sightings: t.Sequence[Entry]) -> str | None:
    for expectation, sighting in zip(expectations, sightings):
        if expectation.service != service.name or sighting["as_expected"] is not False:
            continue
        port = expectation.endpoint.port
        if not sighting["reachable"]:
            return f"nothing answered on port {port}"
        return f"port {port} served a certificate other than the one on disk"
    return None


def find_refusal(
    services: t.Sequence[Service],
    states: t.Mapping[str, State],
    broken: t.Mapping[str, str],
    differences: t.Iterable[Difference],
    when_stopped: str,
    host_name: str,
) -> str | None:
    """Why nothing may be done at all. BROKEN: the output of servers whose configuration check fails before anything is
    done.

    If a lost or damaged set broke the configuration, it will be valid again once the set is in place: no reason to
    refuse."""
    stopped = [service.name for service in services if states[service.name].name == STOPPED]
    if when_stopped == "fail" and stopped:
        are, them = ("are", "them") if len(stopped) > 1 else ("is", "it")
        return (
            f"{', '.join(stopped)} {are} not running on {host_name}; start {them}, or set when_stopped to ignore or "
            "start. Nothing was changed."
        )
    lame = next((each for each in services if each.name in stopped and not each.can_start), None)
    if when_stopped == "start" and lame:
        return f"{cannot_start(lame)} Nothing was changed."
    lost = [each for each in differences if each.is_content and each.text != OTHER_CERTIFICATE]
    if broken and not lost:
        said = next(iter(broken.values()))
        return (
            f"The configuration of {', '.join(broken)} was already broken: {said} "
            "Fix the configuration and run again. Nothing was changed."
        )
    return None


def cannot_start(service: Service) -> str:
    return f"{service.name} is not running and cannot be started; give it start_command or service_name."


def list_proofs(
    expectations: t.Iterable[Expectation],
    sets: t.Mapping[str, Deployed],
    may_be_silent: t.Collection[str],
) -> list[dict[str, t.Any]]:
    """What has to be seen after a reload, in the form stored in the journal."""
    return [
        {
            "service": expectation.service,
            "endpoint": list(expectation.endpoint),
            "right": [sets[name].fingerprint for name in expectation.right],
            "previous": [each.previous_fingerprint for each in sets.values() if each.previous_fingerprint],
            "expected": first_few(
                [f"{sets[name].name} (serial {sets[name].facts.serial})" for name in expectation.right], "or"
            ),
            "folders": [sets[name].path for name in expectation.right],
            "may_be_silent": expectation.service in may_be_silent,
        }
        for expectation in expectations
        if expectation.right
    ]


def list_sights_before(expectations: t.Sequence[Expectation], sightings: t.Sequence[Entry]) -> list[dict[str, t.Any]]:
    """What was shown before anything was done, in the form stored in the journal."""
    return [
        {
            "service": expectation.service,
            "endpoint": list(expectation.endpoint),
            "right": [sighting["fingerprint"]],
            "may_be_silent": False,
        }
        for expectation, sighting in zip(expectations, sightings)
        if sighting["reachable"]
    ]


def complain(failures: t.Sequence[t.Tuple[Entry, Entry]]) -> str:
    """Why a deployment was not proved: of the first of FAILURES (proof, sighting) what was expected and seen, and what
    to check; of the others, which they are."""
    (proof, sighting), *others = failures
    endpoint = Endpoint(*proof["endpoint"])
    more = [
        _name_beside(endpoint, Endpoint(*other["endpoint"]), other["service"])
        for other, seen in others
        if seen["reachable"] or seen["error"] != sighting.get("error")  # the same sentence once
    ]
    return "\n".join([*_complain(proof, sighting), *([f"Failed too: {first_few(more, 'and')}."] if more else [])])


def _complain(proof: Entry, sighting: Entry) -> list[str]:
    endpoint, service = Endpoint(*proof["endpoint"]), proof["service"]
    folders = first_few(proof["folders"], "or")
    wanted = f"{service} on {endpoint.address}, {endpoint.asking}, should serve {proof['expected']}"
    if not sighting["reachable"]:
        hint = f"Check that {service} listens on this port, and that it survived its reload (see its log)."
        return [f"{wanted}. {sighting['error']}", hint]
    hint = f"Check which virtual host answers, and that its configuration points at {folders}."
    if sighting["fingerprint"] in proof["previous"]:
        hint = (
            f"It still serves the previous certificate. Check that it can read the new files in {folders}, "
            "and that the reload reached the listening process."
        )
    return [f"{wanted}, but serves {tell_served(sighting)}.", hint]


def _name_beside(first: Endpoint, other: Endpoint, service: str) -> str:
    if (first.host, first.port) != (other.host, other.port):
        return f"{service} on {other.address}, {other.asking}"
    return "the same port " + (other.asking if other.server_name else other.asking.replace("asked ", "", 1))
