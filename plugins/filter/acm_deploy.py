# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of the role acm_deploy. The rules are in plugin_utils/_deploy/; here they are applied to Ansible's data.

Each filter is one decision, for one task of the role. They belong to that role and may change with it; only acm_deploy is
for everyone.
"""

from __future__ import annotations

import functools
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils.host_results import as_data
from ansible_collections.certops.acm.plugins.plugin_utils._deploy import (
    fleet,
    orders,
    outcome,
    wanted,
)

Entry = t.Mapping[str, t.Any]


class Remembered(t.Mapping[str, t.Any]):
    """A mapping that caches its values: Ansible assembles a host's variables anew at every access."""

    def __init__(self, values: t.Mapping[str, t.Any], is_nested: bool = True) -> None:
        self._values, self._is_nested = values, is_nested
        self._known: dict[str, t.Any] = {}

    def __getitem__(self, name: str) -> t.Any:
        if name not in self._known:
            value = self._values[name]
            self._known[name] = Remembered(value, is_nested=False) if self._is_nested else value
        return self._known[name]

    def __iter__(self) -> t.Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def tell(entry: t.Any, what: str = "") -> t.Any:
    if what not in ("sentence", "reason"):
        raise InvalidInput(
            f"The argument of acm_deploy is {what!r}: give 'sentence' for an entry of acm_deploy_summary, or 'reason' for the result of a "
            "failed task."
        )
    if not isinstance(entry, t.Mapping) or (what == "sentence" and "sentence" not in entry):
        raise InvalidInput(
            "acm_deploy takes one entry of acm_deploy_summary, or the result of one task: use map for a list of them."
        )
    return outcome.find_reason(entry) if what == "reason" else entry["sentence"]


def tally(batch: t.Sequence[str]) -> str:
    """How many hosts there are, in words."""
    return f"{len(batch)} hosts" if len(batch) > 1 else "".join(batch)


def plan_reading(host: Entry, hostvars: Entry, batch: t.Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """This host's requests to ACM: on behalf of all hosts that share its connection, if it is the first of them, and for
    itself as long as no other host has made them."""
    variables = Remembered(hostvars)
    sharing = fleet.colleagues(batch, variables, host["connection"])
    first = next(sharing, None)
    is_read = not host["certificates"] or bool(fleet.find_read(host, batch, variables))
    known = fleet.find_earlier(host, variables)
    return {
        "shared": fleet.list_reads([host["name"], *sharing], variables, known) if first == host["name"] else [],
        "own": [] if is_read else fleet.list_reads([host["name"]], variables),
    }


def settle_host(host: Entry, hostvars: Entry, batch: t.Sequence[str], is_check: bool) -> dict[str, t.Any]:
    return orders.settle(host, fleet.find_read(host, batch, Remembered(hostvars)), is_check)


def plan_exports(
    host: Entry, seen: Entry, hostvars: Entry, batch: t.Sequence[str], entries: t.Sequence[Entry], earlier: Entry
) -> dict[str, t.Any]:
    """The exports of this host for all hosts that share its connection, if it is the first of them that needs a key."""
    if not fleet.is_export_due(host, seen):
        return fleet.NO_EXPORTS
    variables = Remembered(hostvars)
    exporting = fleet.list_exporting(batch, variables, host["connection"])
    if next(exporting, None) != host["name"]:
        return fleet.NO_EXPORTS
    return fleet.list_exports(host, wanted.passphrases(entries), exporting, variables, earlier)


def plan_own_exports(
    host: Entry, seen: Entry, hostvars: Entry, entries: t.Sequence[Entry], found: Entry
) -> dict[str, t.Any]:
    """The exports of this host for itself: the keys that no other host has exported for it."""
    if not fleet.is_export_due(host, seen) or not fleet.lacks_exports(host, seen, found):
        return fleet.NO_EXPORTS
    return fleet.list_exports(host, wanted.passphrases(entries), (), Remembered(hostvars), found)


def find_keys(host: Entry, hostvars: Entry, batch: t.Sequence[str], earlier: Entry) -> dict[str, Entry]:
    return fleet.find_keys(host, batch, Remembered(hostvars), earlier)


FILTERS: dict[str, t.Callable[..., t.Any]] = {
    "acm_deploy": tell,
    "acm_deploy_tally": tally,
    "acm_deploy_is_last_batch": fleet.is_last_batch,
    "acm_deploy_begin": fleet.begin,
    "acm_deploy_reading": plan_reading,
    "acm_deploy_answer": fleet.keep_answer,
    "acm_deploy_settle": settle_host,
    "acm_deploy_sets": orders.list_sets,
    "acm_deploy_exporting": plan_exports,
    "acm_deploy_exporting_alone": plan_own_exports,
    "acm_deploy_exports": fleet.keep_exports,
    "acm_deploy_keys": find_keys,
    "acm_deploy_is_due": fleet.is_due,
    "acm_deploy_is_ready": fleet.is_deployment_due,
    "acm_deploy_outcome": outcome.find_outcome,
}


def _said_plainly(decide: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    @functools.wraps(decide)
    def decide_or_explain(*arguments: t.Any, **named: t.Any) -> t.Any:
        try:
            return as_data(decide(*arguments, **named))
        except InvalidInput as error:
            raise AnsibleFilterError(str(error)) from None

    return decide_or_explain


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {name: _said_plainly(decide) for name, decide in FILTERS.items()}
