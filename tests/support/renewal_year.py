# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the role's entry point `renewals` without Ansible around them, so that a year of them takes a minute.

The same modules, called with the same arguments in the same order, and the same decisions, as in the role's tasks/renewals/;
that the tasks do this is what test_renewals.py shows. Only a forced renewal is not waited for, because waiting takes
real time. A host is a folder: what it serves is what lay in its live sets at its last reload.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import random
import typing as t
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

from ansible.module_utils import basic
from ansible_collections.certops.acm.plugins.filter.acm_deploy import acm_deploy
from ansible_collections.certops.acm.plugins.filter.acm_renewals import acm_renewals
from ansible_collections.certops.acm.plugins.module_utils._door import acm, module

MODULES = "ansible_collections.certops.acm.plugins.modules."


def call(name: str, *, check_mode: bool = False, **arguments: t.Any) -> dict[str, t.Any]:
    """Run a module in this process; what it answers, failed or not."""
    module = importlib.import_module(MODULES + name)
    if check_mode:
        arguments["_ansible_check_mode"] = True
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        module.main()
    return dict(json.loads(printed.getvalue()))


@contextlib.contextmanager
def one_client_for_all() -> t.Iterator[None]:
    """To make a client costs a tenth of a second, and a year needs thousands: here an authority's is made once.

    Nor is anything kept from being collected, as a process does that runs one task only.
    """
    made: dict[str, acm.Acm] = {}
    opens, no_collection = module.AcmModule._open, module.no_collection

    def opened(task: module.AcmModule, path: str) -> acm.Acm:
        if path not in made:
            made[path] = opens(task, path)
        return made[path]

    module.AcmModule._open = opened  # type: ignore[method-assign]
    module.no_collection = contextlib.nullcontext  # type: ignore[assignment]
    try:
        yield
    finally:
        module.AcmModule._open = opens  # type: ignore[method-assign]
        module.no_collection = no_collection


class Host:
    """A web host: a folder for its sets, and what its server has loaded. swaps: how often each serial was put in place.

    One that has all that ACM has is not looked at again: that main then changes nothing is shown elsewhere.
    """

    def __init__(self, name: str, folder: Path, entries: list[dict[str, t.Any]]) -> None:
        self.name = name
        self.folder = folder
        self.entries = entries
        self.is_up = True
        self.served: dict[str, dict[str, t.Any]] = {}
        self.swaps: Counter[tuple[str, str]] = Counter()

    def deploy(self, authority: str, chosen: list[str], reads: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        """What the entry point main does: foretell, export what is lacking, put in place, reload, report."""
        entries = [entry for entry in self.entries if acm_identity(entry) in chosen]
        if all(self.served.get(identity, {}).get("serial") == reads[identity]["serial"] for identity in chosen):
            unchanged = [{**self.served[identity], "swapped": False} for identity in chosen]
            return acm_renewals(entries, "done", chosen, unchanged, [], reads)
        services = acm_deploy([{"name": "nginx", "reload_command": ["true"]}], "services", entries, {}, "")
        requests = acm_deploy(entries, "requests")
        exports = dict(zip(chosen, self._export(authority, requests, check_mode=True)))
        sets = acm_deploy(entries, "sets", services, exports)
        probe = call("certificate_bundle", check_mode=True, path=str(self.folder), certificates=sets)["bundles"]
        due = acm_deploy(chosen, "due", exports, [(entries, probe)])
        if due:
            fresh = self._export(authority, acm_deploy(entries, "requests", due))
            exports.update(zip(due, fresh))
        if any(bundle["changed"] for bundle in probe):
            sets = acm_deploy(entries, "sets", services, exports, probe)
            answer = call("certificate_bundle", path=str(self.folder), certificates=sets)
            assert not answer.get("failed"), answer["msg"]
            probe = answer["bundles"]
        lines = []
        for identity, bundle in zip(chosen, probe):
            if bundle["swapped"]:
                self.swaps[bundle["name"], bundle["serial"]] += 1
            self.served[identity] = bundle
            lines.append({"service": "nginx", "name": bundle["name"], "served": True})
        return acm_renewals(entries, "done", chosen, probe, lines, exports)

    @staticmethod
    def _export(authority: str, requests: list[dict[str, t.Any]], check_mode: bool = False) -> list[dict[str, t.Any]]:
        answer = call(
            "acm_export", check_mode=check_mode, authority=authority, certificates=requests, return_private_key=True
        )
        assert not answer.get("failed"), answer["msg"]
        return list(answer["exports"])


def acm_identity(entry: t.Mapping[str, t.Any]) -> str:
    return str(entry.get("certificate_arn") or entry["domain_name"])


class Renewals:
    """The controller's side. told: every alert that was delivered, with the day on which it was.

    drops, repeats: the shares of notices that the queue loses, and that it delivers again.
    """

    def __init__(
        self,
        authority: str,
        hosts: list[Host],
        channels: list[dict[str, t.Any]],
        policy: dict[str, t.Any],
        chance: random.Random,
        *,
        drops: float = 0.0,
        repeats: float = 0.0,
    ) -> None:
        self.authority = authority
        self.hosts = hosts
        self.channels = channels
        self.policy = policy
        self.chance = chance
        self.drops = drops
        self.repeats = repeats
        self.memory = acm_renewals(None, "memory")
        self.told: list[tuple[datetime, dict[str, t.Any]]] = []
        self.dropped = 0
        self.repeated = 0
        self.metrics = ""

    def run(self) -> dict[str, t.Any]:
        now = datetime.now(timezone.utc)
        acm = {"authority": self.authority}
        call("acm_authority", path=self.authority, sweep=True)
        received = call("acm_notifications", **acm, queue_name="renewals", visibility_timeout=3600)
        run: dict[str, t.Any] = {
            "started_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "policy": self.policy,
            "memory": self.memory,
            "notifications": self._through_a_bad_queue(received["notifications"]),
            "unknown": received["unknown"],
            "problems": [],
            "listing": call("acm_certificate_info", **acm)["certificates"],
            "hosts": {host.name: host.entries for host in self.hosts},
            "reads": {},
            "forced": {"due": [], "waiting": [], "wrong": []},
            "lost": [],
        }
        self._read(run)
        run["forced"] = acm_renewals(run, "forced")
        if run["forced"]["due"]:
            run["memory"] = acm_renewals(run, "forcing")
            answer = call("acm_certificate", **acm, certificates=run["forced"]["due"], force_renewal=True)
            run["forced"] = acm_renewals(run, "came_of_it", answer["certificates"])
            self._read(run)
        run["outcomes"] = {}
        for host in self.hosts:
            chosen = acm_renewals(run, "deployable", host.name, host.entries) if host.is_up else []
            run["outcomes"][host.name] = {
                "started_at": run["started_at"],
                "reachable": host.is_up,
                "done": host.deploy(self.authority, chosen, run["reads"]),
                "failures": [],
            }
        run["listing"] = call("acm_certificate_info", **acm)["certificates"]
        suspects = acm_renewals(run, "suspects")
        if suspects:
            looked = call("acm_certificate_info", **acm, certificate_arns=suspects, details=True, diagnose=True)
            run["closely"] = looked["certificates"]
        run["alerts"] = acm_renewals(run, "alerts")
        self._tell(run, now)
        finished = acm_renewals(run, "acknowledged")
        if finished:
            call("acm_notifications", **acm, queue_name="renewals", acknowledge=self._forgetfully(finished))
        self.memory = acm_renewals(run, "remembered", run["told"])
        self.metrics = acm_renewals(run, "metrics")
        return run

    def _read(self, run: dict[str, t.Any]) -> None:
        requests = acm_renewals(run, "requests")
        answer = call(
            "acm_export", check_mode=True, authority=self.authority, certificates=requests, return_private_key=True
        )
        run["reads"] = acm_renewals(answer["exports"], "reads", requests)

    def _tell(self, run: dict[str, t.Any], now: datetime) -> None:
        told = run["memory"]["told"]
        resolved = acm_renewals(run, "resolved")
        answer = call(
            "acm_alert",
            authority=self.authority,
            alerts=run["alerts"],
            resolved=resolved,
            told=told,
            channels=self.channels,
        )
        assert not answer.get("failed"), answer.get("msg")
        run["told"] = answer["told"]
        sent = {each["key"] for each in answer["sent"]}
        self.told += [(now, alert) for alert in run["alerts"] if alert["key"] in sent]

    def _through_a_bad_queue(self, notifications: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
        kept = []
        for notice in notifications:
            if self.chance.random() < self.drops:
                self.dropped += 1
                call(
                    "acm_notifications", authority=self.authority, queue_name="renewals", acknowledge=notice["handles"]
                )
            else:
                kept.append(notice)
        return kept

    def _forgetfully(self, handles: list[str]) -> list[str]:
        kept = [handle for handle in handles if self.chance.random() >= self.repeats]
        self.repeated += len(handles) - len(kept)
        return kept
