# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What certificate_deployment returns: what was found, done and seen, in data and in sentences. Pure."""

from __future__ import annotations

import typing as t

from .rules import NOT_OBSERVED, STOPPED, UNKNOWN, State
from ..tls.handshake import Endpoint
from ..sets.placement import Result
from .proof import sum_up, tell_set
from ..servers.known_servers import Service
from .survey import Survey

Sightings = t.Mapping[t.Tuple[str, Endpoint], t.Mapping[str, t.Any]]


def report(
    services: t.Sequence[Service],
    survey: Survey,
    sightings: Sightings,
    moved: t.Mapping[str, State],
    pruned: t.Mapping[str, t.List[str]],
    is_check: bool,
) -> Result:
    """The result of a run that began with SURVEY. SIGHTINGS: what was seen at endpoints afterwards; the other endpoints
    are reported as in SURVEY. MOVED: the services about which something new is known."""
    after = [
        {**sighting, **sightings.get((each.service, each.endpoint), {})}
        for each, sighting in zip(survey.expectations, survey.sightings)
    ]
    states = {**survey.states, **moved}
    bundles = [{**bundle, "pruned": pruned.get(bundle["name"], bundle["pruned"])} for bundle in survey.bundles]
    for bundle in bundles:
        bundle.pop("diff", None)
    summary = sum_up(
        services, {name: state.name for name, state in states.items()}, bundles, survey.expectations, after
    )
    # The lines of a stopped service already say this.
    told = tuple(f"{line['service']} is not running: " for line in summary if line["state"] == "stopped")
    return {
        "due": survey.is_due,
        "needs_key": any(bundle["needs_key"] for bundle in bundles),
        "bundles": bundles,
        "services": [describe_service(service, survey, states[service.name]) for service in services],
        "snippets": [
            {"service": each.snippet.service, "path": each.snippet.path, "changed": each.is_due}
            for each in survey.snippets
        ],
        "served_before": survey.sightings,
        "served_after": [] if is_check else after,
        "summary": summary,
        "sentences": (
            foretell(survey)
            if is_check
            else [
                *(text for text in tell_states(states) if not text.startswith(told)),
                *([] if survey.refusal else tell_corrections(bundles)),
                *(line["sentence"] for line in summary),
                *tell_unused(services, bundles),
            ]
        ),
    }


def describe_service(service: Service, survey: Survey, state: State) -> Result:
    """One entry of `services`."""
    reload = next((each for each in survey.reloads if each.service == service.name), None)
    action, reason = "none", None
    if reload:
        action, reason = ("runtime" if reload.combined else "reload"), reload.reason
    elif service in survey.starts:
        action, reason = "start", "it is not running"
    return {
        "name": service.name,
        "server": service.server,
        "state": state.name,
        "evidence": state.evidence,
        "action": action,
        "reason": reason,
    }


def tell_states(states: t.Mapping[str, State]) -> list[str]:
    """What to report about services that were not seen running."""
    return [state.evidence for state in states.values() if state.name in (STOPPED, NOT_OBSERVED, UNKNOWN)]


def tell_corrections(bundles: t.Iterable[Result]) -> list[str]:
    """Why sets of the certificate that was in place before were written again or changed."""
    return [
        f"{bundle['name']} was corrected: {', '.join(bundle['reasons'])}."
        for bundle in bundles
        if bundle["reasons"] and bundle["previous_serial"] == bundle["serial"]
    ]


def tell_unused(services: t.Iterable[Service], bundles: t.Iterable[Result]) -> list[str]:
    """The sets that no service uses, which the summary leaves out."""
    used = {name for service in services for name in service.certificates}
    return [tell_set(bundle) for bundle in bundles if bundle["name"] not in used]


def foretell(survey: Survey) -> list[str]:
    """What a run would do, one sentence for each step."""
    told = [
        f"{bundle['name']}: {', '.join(bundle['reasons'])}; {_would(bundle)}."
        for bundle in survey.bundles
        if bundle["reasons"]
    ]
    told += [f"{each.snippet.path} would be written." for each in survey.snippets if each.is_due]
    for each in survey.reloads:
        verb = "given its certificates" if each.combined else "reloaded"
        told.append(f"{each.service} would be {verb}: {each.reason}.")
    told += [f"{service.name} would be started." for service in survey.starts]
    return told + tell_states(survey.states)


def _would(bundle: Result) -> str:
    if bundle["swapped"]:
        return f"serial {bundle['serial']}, valid until {bundle['not_after']}, would be put in place"
    return "that would be corrected"


def list_diffs(survey: Survey, shows_text: bool) -> list[dict[str, str]]:
    """What --diff shows; the text of snippets only where SHOWS_TEXT."""
    diffs = [bundle["diff"] for bundle in survey.bundles if bundle["diff"]["before"] != bundle["diff"]["after"]]
    for each in survey.snippets:
        if each.is_due and shows_text:
            target = each.snippet.target
            diffs.append(
                {
                    "before_header": each.snippet.path,
                    "after_header": each.snippet.path,
                    "before": (each.before.content or b"").decode("utf-8", "replace")
                    or f"{each.before.target or ''}\n",
                    "after": f"-> {target}\n" if target else each.snippet.content.decode("utf-8", "replace"),
                }
            )
    return diffs
