# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the entry point `renewals` of the role acm_deploy decides; its tasks then do it.

The rules are in plugin_utils/renewals/. Here they meet the facts that the tasks gather: a *run* is what one run knows
so far, its keys are named after what put them there (see the role's tasks/renewals/).
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: acm_renewals
version_added: 1.0.0
short_description: What the entry point renewals of the role acm_deploy decides
description:
  - The decisions of the role P(certops.acm.acm_deploy#role) about renewals, apart from the tasks that carry them out.
  - It belongs to that role. Its arguments may change with it at any time.
options:
  _input:
    description:
      - What the decision is about. For most it is all that the run knows so far.
    type: raw
    required: true
  decision:
    description:
      - Which decision.
      - V(memory) reads what the run before has left, V(policy) judges the options.
      - V(identities) names certificates, V(requests) lists what to read with acm_export, V(reads) sorts what it told.
      - V(forced) says which renewals to force, V(forcing) what to remember before that, V(came_of_it) what came of it.
      - V(deployable) lists what to deploy on a host, V(done) what it reports.
      - V(suspects) lists what to look at closely, V(alerts) what to tell, V(resolved) what is over.
      - V(acknowledged) lists the notices that are done with, V(remembered) what to leave to the next run, V(metrics) is the
        text for Prometheus, V(sentences) sums up, V(undone) says what makes the run fail.
    type: str
    required: true
    choices:
      - memory
      - policy
      - identities
      - requests
      - reads
      - forced
      - forcing
      - came_of_it
      - deployable
      - done
      - suspects
      - alerts
      - resolved
      - acknowledged
      - remembered
      - metrics
      - sentences
      - undone
positional: decision
author:
  - The certops.acm authors (@certops)
"""

EXAMPLES = r"""
- name: Show what a run would tell
  ansible.builtin.debug:
    msg: "{{ __acm_deploy_run | certops.acm.acm_renewals('alerts') | map(attribute='title') }}"
"""

RETURN = r"""
_value:
  description: The decision, in the shape that the role's tasks want.
  type: raw
"""

import typing as t
from collections import Counter

from ansible.errors import AnsibleFilterError
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._renewals import (
    alerts,
    memory,
    metrics,
    plan,
    policy,
)

Entry = t.Mapping[str, t.Any]


def read_memory(text: str | None) -> dict[str, t.Any]:
    return memory.read(text)


def check_policy(options: Entry) -> Entry:
    """The options themselves, judged: facts are plain data."""
    policy.read_policy(options)
    return options


def list_identities(entries: t.Iterable[Entry]) -> list[str]:
    return [plan.identity_of(entry) for entry in entries]


def list_requests(run: Entry) -> list[dict[str, str]]:
    """What to read with acm_export: every certificate once, however many hosts are to have it."""
    identities = dict.fromkeys(plan.identity_of(entry) for entries in run["hosts"].values() for entry in entries)
    return [{"certificate_arn" if identity.startswith("arn:") else "domain_name": identity} for identity in identities]


def sort_reads(results: t.Iterable[Entry], requests: t.Iterable[Entry]) -> dict[str, dict[str, t.Any]]:
    """What acm_export told of each identity: where the certificate is and what it is, or why it cannot be deployed."""
    kept = ("certificate_arn", "domain_name", "serial", "not_before", "not_after", "failed", "msg")
    return {
        plan.identity_of(request): {key: result[key] for key in kept if result.get(key)}
        for request, result in zip(requests, results)
    }


def choose_forced(run: Entry) -> dict[str, t.Any]:
    wanted = policy.read_policy(run["policy"])
    forced = plan.choose_forced(run["listing"], _deployed(run), run["memory"], wanted, plan.moment(run["started_at"]))
    return {**forced._asdict(), "due": [{"certificate_arn": arn} for arn in forced.due]}


def remember_forcing(run: Entry) -> dict[str, t.Any]:
    due = [one["certificate_arn"] for one in run["forced"]["due"]]
    return memory.forcing(run["memory"], due, plan.moment(run["started_at"]))


def tell_what_came_of_it(run: Entry, results: t.Iterable[Entry]) -> dict[str, t.Any]:
    """What acm_certificate made of the renewals. One that ACM has begun and not ended yet is no failure: ACM may take
    hours, and the next run deploys what came of it."""
    forced = {**run["forced"], "renewed": [], "in_vain": []}
    for one, result in zip(forced["due"], results):
        arn = one["certificate_arn"]
        if not result.get("failed"):
            forced["renewed"].append(arn)
        elif "RenewCertificate" in result.get("actions", ()):
            forced["waiting"] = [*forced["waiting"], (arn, "ACM has not ended the renewal that was forced")]
        else:
            forced["in_vain"].append((arn, result["msg"]))
    return forced


def list_deployable(run: Entry, host: str, entries: t.Sequence[Entry]) -> list[str]:
    """The identities that can be deployed on a host now."""
    wanted, now = policy.read_policy(run["policy"]), plan.moment(run["started_at"])
    aside = {*plan.left_out(run["reads"]), *plan.held_back(host, entries, run["reads"], run["memory"], wanted, now)}
    return [identity for identity in map(plan.identity_of, entries) if identity not in aside]


def report_done(
    entries: t.Iterable[Entry],
    chosen: t.Collection[str],
    bundles: t.Iterable[Entry],
    lines: t.Sequence[Entry],
    exports: t.Mapping[str, Entry],
) -> list[dict[str, t.Any]]:
    """What one call of main did on a host: an item for each of its certificates, of which CHOSEN were not left out.

    bundles: certificate_bundle's, in the order of the entries. lines: acm_deploy_summary. exports: what main has read.
    """
    done = []
    identities = [identity for identity in map(plan.identity_of, entries) if identity in chosen]
    for identity, bundle in zip(identities, bundles):
        served_by = [line["service"] for line in lines if line["name"] == bundle["name"] and line["served"]]
        done.append(
            {
                "identity": identity,
                "arn": exports.get(identity, {}).get("certificate_arn"),
                "services": served_by,
                **{key: bundle.get(key) for key in ("name", "serial", "not_before", "not_after", "swapped")},
            }
        )
    return done


def list_suspects(run: Entry) -> list[str]:
    wanted = policy.read_policy(run["policy"])
    return plan.suspects(run["listing"], _deployed(run), wanted, plan.moment(run["started_at"]))


def list_alerts(run: Entry) -> list[dict[str, t.Any]]:
    seen = alerts.Seen(
        now=plan.moment(run["started_at"]),
        listing=run["listing"],
        closely={one["certificate_arn"]: one for one in run.get("closely", ())},
        standings=_standings(run),
        forced_in_vain=[*run["forced"].get("in_vain", ()), *run["forced"].get("wrong", ())],
        last_sweep_at=plan.maybe_moment(run["memory"]["last_sweep_at"]),
    )
    return alerts.alerts(seen, policy.read_policy(run["policy"]))


def list_resolved(run: Entry) -> list[str]:
    return alerts.resolved(run["alerts"], run["memory"]["told"])


def list_acknowledged(run: Entry) -> list[str]:
    return plan.acknowledged(run["notifications"], _standings(run))


def remember(run: Entry, told: Entry) -> dict[str, t.Any]:
    return memory.after(run["memory"], _outcomes(run), told, run["started_at"])


def write_metrics(run: Entry) -> str:
    troubles = Counter({kind: 0 for kind in alerts.TROUBLES})
    troubles.update(alert["kind"] for alert in run["alerts"] if alert["kind"] in alerts.TROUBLES)
    return metrics.textfile(plan.moment(run["started_at"]), run["listing"], _standings(run), troubles)


def sum_up(run: Entry) -> list[str]:
    """The run in sentences, the good ones first."""
    found = _standings(run)
    current = sum(one.is_current for one in found)
    notices, unknown = len(run["notifications"]), len(run.get("unknown", ()))
    lines = [
        f"{notices} notices; {len(run['listing'])} certificates in ACM; {current} of {len(found)} certificates on "
        f"{len(run['hosts'])} hosts are what ACM has."
    ]
    if unknown:
        lines.append(f"{unknown} messages in the queue are not understood; they stay there for its dead-letter queue.")
    names = {one["certificate_arn"]: one.get("domain_name") for one in run["listing"]}
    lines += [f"{names.get(arn) or arn}: the renewal was forced." for arn in run["forced"].get("renewed", ())]
    lines += [
        f"{names.get(arn) or arn} is due for renewal, but {why}." for arn, why in run["forced"].get("waiting", ())
    ]
    held = [one for one in found if one.state == "held_back"]
    lines += [f"{one.host}: {one.domain_name} waits. {one.reason}" for one in held]
    order = {"info": 0, "warning": 1, "critical": 2}
    return lines + [
        f"{alert['title']}. {alert['text']}" for alert in sorted(run["alerts"], key=lambda one: order[one["severity"]])
    ]


def list_undone(run: Entry, tasks: t.Iterable[Entry]) -> list[str]:
    """What makes the run fail in the end, a sentence each. tasks: results of those that were allowed to fail."""
    failed: dict[tuple[str, str], list[str]] = {}
    for one in _standings(run):
        if one.state == "failed" or (one.state == "unreachable" and not one.is_current):
            failed.setdefault((one.state, one.host), []).append(one.domain_name)
    words = {"failed": "could not be deployed", "unreachable": "did not answer, and lacks"}
    said = []
    for (state, host), lacking in failed.items():
        names = ", ".join(sorted(lacking))
        said.append(f"{names} {words[state]} on {host}." if state == "failed" else f"{host} {words[state]} {names}.")
    broken = [str(task.get("msg", "")) for task in tasks if task.get("failed")]
    untold = [
        f"{each['key']} was not told by {each['channel']}: {each['reason']}"
        for task in tasks
        for each in task.get("undelivered", ())
    ]
    return [*run["problems"], *said, *broken, *untold]


def _deployed(run: Entry) -> set[str]:
    """The ARNs of what the play deploys."""
    return {read["certificate_arn"] for read in run["reads"].values() if read.get("certificate_arn")}


def _standings(run: Entry) -> list[plan.Standing]:
    return plan.standings(run["hosts"], _outcomes(run), run["reads"], run["listing"], run["memory"])


def _outcomes(run: Entry) -> dict[str, Entry | None]:
    """What the hosts report of this run: neither what is left of an earlier one, nor of a host that got lost."""
    return {
        host: outcome if outcome.get("started_at") == run["started_at"] and host not in run["lost"] else None
        for host, outcome in run["outcomes"].items()
    }


DECISIONS: dict[str, t.Callable[..., t.Any]] = {
    "acknowledged": list_acknowledged,
    "alerts": list_alerts,
    "came_of_it": tell_what_came_of_it,
    "deployable": list_deployable,
    "done": report_done,
    "forced": choose_forced,
    "forcing": remember_forcing,
    "identities": list_identities,
    "memory": read_memory,
    "metrics": write_metrics,
    "policy": check_policy,
    "reads": sort_reads,
    "remembered": remember,
    "requests": list_requests,
    "resolved": list_resolved,
    "sentences": sum_up,
    "suspects": list_suspects,
    "undone": list_undone,
}


def acm_renewals(value: t.Any, decision: str, *arguments: t.Any, **named: t.Any) -> t.Any:
    try:
        return DECISIONS[decision](value, *arguments, **named)
    except InvalidInput as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"acm_renewals": acm_renewals}
