# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of the entry point `renewals` of the role acm_deploy, one filter each; its tasks carry them out.

The rules are in plugin_utils/_renewals/. The documentation of each filter is next to this file, in acm_renewals_NAME.yml.
"""

from __future__ import annotations

import functools
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils.host_results import as_data
from ansible_collections.certops.acm.plugins.plugin_utils._renewals import metrics, plan, run as runs

Run = t.Mapping[str, t.Any]
Entry = t.Mapping[str, t.Any]


def begin(options: Entry, **named: t.Any) -> Run:
    """Invalid options are returned as the run's refusal, since Ansible wraps a filter's error in others."""
    try:
        return runs.begin(options, **named)
    except InvalidInput as error:
        return {"refusal": str(error)}


def learn(run: Run, **named: t.Any) -> Run:
    """If ACM did not answer for a connection, the run continues without it."""
    try:
        return runs.learn(dict(run), **named)
    except InvalidInput as error:
        return runs.leave_out(dict(run), named["connection"], str(error))


def list_done(result: t.Iterable[Entry]) -> list[dict[str, t.Any]]:
    """What the entry point main did on a host, according to its outcome: an item for each certificate."""
    return [
        {
            "identity": done["identity"],
            "arn": done["certificate_arn"],
            "services": [line["service"] for line in done["lines"] if line["state"] == "served"],
            "unserved": [
                {
                    "service": line["service"],
                    "reason": str(line.get("sentence") or f"{line['service']}: {line['state'].replace('_', ' ')}"),
                    "is_stopped": line["state"] == "stopped",
                }
                for line in done["lines"]
                if line["state"] not in ("served", "not_looked_at")
            ],
            **{key: done.get(key) for key in ("name", "serial", "not_before", "not_after", "swapped")},
        }
        for done in result
    ]


def write_metrics(run: Run) -> str:
    troubles: dict[str, int] = {}
    for own in run["connections"].values():
        for kind, number in own["report"]["troubles"].items():
            troubles[kind] = troubles.get(kind, 0) + number
    return metrics.textfile(
        plan.moment(run["started_at"]),
        [certificate for own in run["connections"].values() for certificate in own["listing"]],
        [standing for own in run["connections"].values() for standing in runs.standings(own)],
        troubles,
    )


def say(run: Run, written: Entry) -> dict[str, list[str]]:
    return {"lines": runs.lines(dict(run), written), "faults": runs.faults(dict(run), written)}


DECISIONS: dict[str, t.Callable[..., t.Any]] = {
    "run": begin,
    "learned": learn,
    "memory_name": runs.name_memory,
    "forcing": runs.begin_forcing,
    "again": runs.renewed_requests,
    "forced": runs.end_forcing,
    "begun": runs.begin_host,
    "done": list_done,
    "identities": runs.identities_of,
    "gathered": runs.gather,
    "suspects": runs.suspects,
    "reported": runs.report,
    "remembered": runs.remember,
    "closed": runs.close,
    "metrics": write_metrics,
    "said": say,
}


def _told(decision: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    @functools.wraps(decision)
    def decide(value: t.Any, **named: t.Any) -> t.Any:
        try:
            return as_data(decision(value, **named))
        except InvalidInput as error:
            raise AnsibleFilterError(str(error)) from None

    return decide


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {f"acm_renewals_{name}": _told(decision) for name, decision in DECISIONS.items()}
