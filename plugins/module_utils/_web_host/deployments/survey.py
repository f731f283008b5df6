# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a host before a deployment: sets, snippets, services, what they serve, and what is due. Changes
nothing."""

from __future__ import annotations

import os
import typing as t
from datetime import datetime

from ..._files.folders import read_regular
from . import snippets as snippet_files
from ..servers.commands import Outcome, run
from .rules import (
    ASSUMED,
    NOT_OBSERVED,
    RUNNING,
    STOPPED,
    Limits,
    Reload,
    State,
    choose_reloads,
    find_refusal,
    judge_state,
    settle,
)
from ..tls.handshake import Endpoint
from ..servers.init_systems import find_init_system
from ..sets.placement import (
    Layout,
    Plan,
    Result,
    check_names,
    describe,
    make_plan,
    predicted_pruning,
    predicted_version,
)
from .proof import Deployed, Expectation, fingerprints_of, list_expectations
from ..servers.known_servers import Service
from .snippets import Before, Snippet
from ..tls.watch import Watch, describe as describe_watch, watch_all

_PID_LIMIT = 64


class Request(t.NamedTuple):
    """What a deployment is asked to do. certificates: dicts as placement.make_plan() takes them, with server_names."""

    layout: Layout
    certificates: list[dict[str, t.Any]]
    services: list[Service]
    snippets: list[Snippet]
    when_stopped: str
    host_name: str
    limits: Limits


class DueSnippet(t.NamedTuple):
    snippet: Snippet
    before: Before
    is_due: bool


class Survey(t.NamedTuple):
    """What was found, and what follows from it. sightings: what each expectation's endpoint showed."""

    plans: list[Plan]
    bundles: list[Result]
    sets: dict[str, Deployed]
    snippets: list[DueSnippet]
    states: dict[str, State]
    expectations: list[Expectation]
    sightings: list[Result]
    reloads: list[Reload]
    starts: list[Service]
    refusal: str | None

    @property
    def is_due(self) -> bool:
        return bool(
            self.reloads
            or self.starts
            or any(bundle["changed"] for bundle in self.bundles)
            or any(each.is_due for each in self.snippets)
        )


def survey(request: Request, now: datetime) -> Survey:
    """Look at the host. Raises InvalidInput for options that are invalid on any host."""
    check_names([item["name"] for item in request.certificates])
    plans = [make_plan(request.layout, item, now) for item in request.certificates]
    for plan in plans:
        plan.look()
    keep = request.layout.keep
    bundles = [describe(plan, predicted_version(plan), predicted_pruning(plan, keep)) for plan in plans]
    sets = {
        plan.bundle.name: Deployed(
            plan.bundle.name,
            plan.bundle.live_path,
            plan.pair.facts,
            first_name(plan) if item["server_names"] is None else item["server_names"],
            plan.live_facts.fingerprint if plan.live_facts else None,
        )
        for plan, item in zip(plans, request.certificates)
    }
    snippets = [look_at_snippet(each) for each in request.snippets]

    expectations = list_expectations(request.services, sets)
    watches = [Watch(each.endpoint, None, each.service) for each in expectations]
    watch_all(watches, 0, 0, request.limits.look_s, None)
    shown: dict[tuple[str, Endpoint], str] = {
        (each.service, each.endpoint): watch.sight.leaf.fingerprint
        for each, watch in zip(expectations, watches)
        if watch.sight
    }
    expectations = list_expectations(request.services, sets, shown)
    for expectation, watch in zip(expectations, watches):
        watch.expected = fingerprints_of(expectation, sets)
    sightings = [sighting_of(watch, each, now) for each, watch in zip(expectations, watches)]

    states = {
        service.name: settle(look_at_service(service, sightings), request.when_stopped) for service in request.services
    }
    checks = check_configurations(request.services, states, request.limits)
    broken = {name: outcome.sentence for name, outcome in checks.items() if not outcome.is_good}
    differences = [difference for plan in plans for difference in plan.differences]
    refusal = find_refusal(request.services, states, broken, differences, request.when_stopped, request.host_name)
    with_new_snippets = {each.snippet.service for each in snippets if each.is_due}
    reloads = choose_reloads(request.services, states, bundles, expectations, sightings, with_new_snippets)
    starts = [
        service
        for service in request.services
        if request.when_stopped == "start" and states[service.name].name == STOPPED
    ]
    return Survey(plans, bundles, sets, snippets, states, expectations, sightings, reloads, starts, refusal)


def first_name(plan: Plan) -> list[str]:
    """The name to ask for unless others are given: the subject's, if the certificate covers it."""
    facts = plan.pair.facts
    return [name for name in facts.names if f"CN={name}" in facts.subject.split(",")][:1] or facts.names[:1]


def look_at_snippet(snippet: Snippet) -> DueSnippet:
    before = snippet_files.look(snippet)
    return DueSnippet(snippet, before, snippet_files.is_due(snippet, before))


def sighting_of(watch: Watch, expectation: Expectation, now: datetime) -> Result:
    return {**describe_watch(watch, now), "expected": list(expectation.right)}


def look_at_service(service: Service, sightings: t.Iterable[Result]) -> State:
    own = [sighting for sighting in sightings if sighting["label"] == service.name]
    alive = is_alive(service.pid_file) if service.pid_file else None
    alive = None if alive is False and not service.knows_pid_file else alive
    active = None
    if service.service_name and not alive and not any(sighting["reachable"] for sighting in own):
        init = find_init_system()
        active = init.is_active(service.service_name) if init else None
    return judge_state(service, alive, active, own)


def is_alive(pid_file: str) -> bool | None:
    """Whether the process is alive whose PID is in a file; None if the file may not be read."""
    try:
        pid = int(read_regular(pid_file, _PID_LIMIT).split()[0])
        if pid <= 0:
            return False
        os.kill(pid, 0)
    except PermissionError as error:
        return None if error.filename else True  # the process exists, but belongs to another user
    except (OSError, ValueError, IndexError, OverflowError):
        return False
    return True


def check_configurations(
    services: t.Iterable[Service], states: t.Mapping[str, State], limits: Limits
) -> dict[str, Outcome]:
    """What the running servers report about their configuration, as far as they can be asked."""
    return {
        service.name: run(service.check_command, limits.command_s)
        for service in services
        if service.check_command and states[service.name].name in (RUNNING, NOT_OBSERVED, ASSUMED)
    }
