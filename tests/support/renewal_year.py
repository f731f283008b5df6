# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Renewal runs, the role's entry point `renewals`, without Ansible around them, so that a year of them takes a minute.

It calls the same modules with the same arguments in the same order, and takes the same decisions, as the role's
tasks/renewals/; test_renewals.py shows that the tasks do this. Only it does not wait for a forced renewal, because that
would take real time. A host is a folder: it serves what was in its live sets at the last reload."""

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
from ansible_collections.certops.acm.plugins.filter.acm_renewals import FilterModule
from ansible_collections.certops.acm.plugins.module_utils._door import acm, module

MODULES = "ansible_collections.certops.acm.plugins.modules."
FILTERS = FilterModule().filters()


def decide(name: str, value: t.Any, **named: t.Any) -> t.Any:
    """The result of the filter acm_renewals_NAME for plain data, such as a fact contains."""
    return FILTERS[f"acm_renewals_{name}"](json.loads(json.dumps(value)), **named)


def call(action: str, /, *, check_mode: bool = False, **arguments: t.Any) -> dict[str, t.Any]:
    """Run a module in this process; returns its result, failed or not."""
    module = importlib.import_module(MODULES + action)
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
    """Create an authority's client only once for each module: creating one takes a tenth of a second, and a year needs
    thousands.

    It also keeps garbage collection, which a process for a single task turns off.
    """
    made: dict[tuple[str, str], acm.Acm] = {}
    opens, no_collection = module.AcmModule._open, module.no_collection

    def opened(task: module.AcmModule, path: str) -> acm.Acm:
        key = (path, task._embedded.__module__)  # modules call different operations
        if key not in made:
            made[key] = opens(task, path)
        return made[key]

    module.AcmModule._open = opened  # type: ignore[method-assign]
    module.no_collection = contextlib.nullcontext  # type: ignore[assignment]
    try:
        yield
    finally:
        module.AcmModule._open = opens  # type: ignore[method-assign]
        module.no_collection = no_collection


class Host:
    """A web host: a folder for its sets, and what its server has loaded. swaps: how often each serial was put in place.

    A host that has everything current is not looked at again: other tests show that main then changes nothing.
    """

    def __init__(self, name: str, folder: Path, entries: list[dict[str, t.Any]], authority: str) -> None:
        self.name = name
        self.authority = authority
        self.folder = folder
        self.entries = entries
        self.is_up = True
        self.served: dict[str, dict[str, t.Any]] = {}
        self.swaps: Counter[tuple[str, str]] = Counter()

    def deploy(self, chosen: list[str], reads: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        """Do what the entry point main does: predict, export missing keys, put in place, reload, report."""
        entries = [entry for entry in self.entries if acm_identity(entry) in chosen]
        if all(self.served.get(identity, {}).get("serial") == reads[identity]["serial"] for identity in chosen):
            return self._done(reads, {identity: {**self.served[identity], "swapped": False} for identity in chosen})
        exports = dict(zip(chosen, self._export(self.authority, chosen, check_mode=True)))
        sets = [self._set(entry, exports) for entry in entries]
        probe = call("certificate_bundle", check_mode=True, path=str(self.folder), certificates=sets)["bundles"]
        due = [
            identity
            for identity, bundle in zip(chosen, probe)
            if bundle["needs_key"]
            or (
                exports[identity].get("renewal_depends_on_export")
                and exports[identity].get("renewal_eligibility") == "INELIGIBLE"
            )
        ]
        if due:
            exports.update(zip(due, self._export(self.authority, due)))
        if any(bundle["changed"] for bundle in probe):
            sets = [self._set(entry, exports) for entry in entries]
            answer = call("certificate_bundle", path=str(self.folder), certificates=sets)
            assert not answer.get("failed"), answer["msg"]
            probe = answer["bundles"]
        for identity, bundle in zip(chosen, probe):
            if bundle["swapped"]:
                self.swaps[bundle["name"], bundle["serial"]] += 1
            self.served[identity] = bundle
        return self._done(exports, dict(zip(chosen, probe)))

    @staticmethod
    def _set(entry: t.Mapping[str, t.Any], exports: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        export = exports[acm_identity(entry)]
        wanted = {name: export.get(name) for name in ("certificate", "chain", "private_key")}
        return {"name": entry["name"], "files": ["fullchain", "key"], **{k: v for k, v in wanted.items() if v}}

    @staticmethod
    def _done(reads: t.Mapping[str, t.Any], bundles: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        lines = [{"service": "nginx", "state": "served"}]
        result = [
            {**bundle, "identity": identity, "certificate_arn": reads[identity]["certificate_arn"], "lines": lines}
            for identity, bundle in bundles.items()
        ]
        return list(decide("done", result))

    @staticmethod
    def _export(authority: str, identities: list[str], check_mode: bool = False) -> list[dict[str, t.Any]]:
        requests = [{"certificate_arn": identity} for identity in identities]
        answer = call(
            "acm_export", check_mode=check_mode, authority=authority, certificates=requests, return_private_key=True
        )
        assert not answer.get("failed"), answer["msg"]
        return list(answer["exports"])


def acm_identity(entry: t.Mapping[str, t.Any]) -> str:
    return str(entry.get("certificate_arn") or entry["domain_name"])


class Renewals:
    """The controller's side. told: every delivered alert, with its time.

    drops, repeats: the shares of notices that the queue loses, and that it delivers twice. memory: the folder in which a
    run leaves data for the next.
    """

    def __init__(
        self,
        hosts: list[Host],
        channels: list[dict[str, t.Any]],
        options: dict[str, t.Any],
        chance: random.Random,
        memory: Path,
        *,
        drops: float = 0.0,
        repeats: float = 0.0,
    ) -> None:
        self.hosts = {host.name: host for host in hosts}
        self.channels = channels
        self.options = {**options, "has_channels": True}
        self.chance = chance
        self.memory = str(memory)
        self.drops = drops
        self.repeats = repeats
        self.told: list[tuple[datetime, dict[str, t.Any]]] = []
        self.dropped = 0
        self.repeated = 0
        self.metrics = ""
        self.faults: list[str] = []

    def run(self) -> dict[str, t.Any]:
        hosts = list(self.hosts.values())
        run = decide(
            "run",
            self.options,
            hosts=[host.name for host in hosts],
            certificates=[host.entries for host in hosts],
            connections={
                "authority": [host.authority for host in hosts],
                "region": [""] * len(hosts),
                "profile": [""] * len(hosts),
            },
            started_at=utc_now(),
            is_check=False,
        )
        assert not run["refusal"], run["refusal"]
        for connection in run["connections"]:
            run = self._learn(run, connection)
        outcomes: dict[str, t.Any] = {}
        for host in hosts:
            outcome = decide("begun", run, host=host.name, outcomes=list(outcomes.values()), now=utc_now())
            reads = run["connections"][host.authority]["reads"]
            if outcome:
                done = host.deploy(outcome["chosen"], reads) if host.is_up else []
                outcome = {**outcome, "reachable": host.is_up, "done": done}
            outcomes[host.name] = outcome
        run = decide("gathered", run, outcomes=outcomes, lost=[], now=utc_now())
        for connection in run["connections"]:
            run = self._tell(run, connection)
        self.metrics = decide("metrics", run)
        self.faults = decide("said", run, written={})["faults"]
        return dict(run)

    def _learn(self, run: dict[str, t.Any], connection: str) -> dict[str, t.Any]:
        acm = {"authority": connection}
        call("acm_authority", path=connection, sweep=True)
        listed = call("acm_certificate_info", **acm)
        received = call("acm_notifications", **acm, queue_name="renewals", visibility_timeout=3600)
        recalled = call(
            "acm_renewals_memory",
            path=self.memory,
            name=decide("memory_name", run, connection=connection, listed=listed),
            began_at=run["started_at"],
        )
        notices = self._through_a_bad_queue(connection, received["notifications"])
        run = decide(
            "learned",
            run,
            connection=connection,
            listed=listed,
            recalled=recalled,
            received={**received, "notifications": notices},
            read=self._read(connection, run["connections"][connection]["requests"]),
        )
        here = run["connections"][connection]
        if here["forced"]["requests"]:
            memory = decide("forcing", run, connection=connection)
            call("acm_renewals_memory", path=self.memory, name=here["memory_name"], memory=memory)
            renewed = call("acm_certificate", **acm, certificates=here["forced"]["requests"], force_renewal=True)
            read = self._read(connection, decide("again", run, connection=connection))
            run = decide("forced", run, connection=connection, results=renewed["certificates"], read=read)
        return dict(run)

    @staticmethod
    def _read(connection: str, requests: list[dict[str, t.Any]]) -> dict[str, t.Any]:
        if not requests:
            return {"skipped": True}
        return call("acm_export", check_mode=True, authority=connection, certificates=requests, return_private_key=True)

    def _tell(self, run: dict[str, t.Any], connection: str) -> dict[str, t.Any]:
        acm, now = {"authority": connection}, datetime.now(timezone.utc)
        skipped: dict[str, t.Any] = {"skipped": True}
        is_stale = run["connections"][connection]["listing_is_stale"]
        listed = call("acm_certificate_info", **acm) if is_stale else skipped
        suspects = decide("suspects", run, connection=connection, listed=listed)
        closely = skipped
        if suspects:
            closely = call("acm_certificate_info", **acm, certificate_arns=suspects, details=True, diagnose=True)
        run = decide("reported", run, connection=connection, listed=listed, closely=closely)
        here = run["connections"][connection]
        told = skipped
        if here["writable"] and here["report"]["alerts"] + here["report"]["resolved"]:
            told = call(
                "acm_alert",
                **acm,
                alerts=here["report"]["alerts"],
                resolved=here["report"]["resolved"],
                told=here["memory"]["told"],
                channels=self.channels,
            )
            assert not told.get("failed"), told.get("msg")
            sent = {each["key"] for each in told["sent"]}
            self.told += [(now, alert) for alert in here["report"]["alerts"] if alert["key"] in sent]
        acknowledged = skipped
        if here["report"]["acknowledged"]:
            handles = self._forgetfully(here["report"]["acknowledged"])
            acknowledged = call("acm_notifications", **acm, queue_name="renewals", acknowledge=handles)
        memory = decide("remembered", run, connection=connection, told=told, ended_at=utc_now())
        left = call("acm_renewals_memory", path=self.memory, name=here["memory_name"], memory=memory)
        return dict(decide("closed", run, connection=connection, told=told, acknowledged=acknowledged, remembered=left))

    def _through_a_bad_queue(self, connection: str, notifications: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
        kept = []
        for notice in notifications:
            if self.chance.random() < self.drops:
                self.dropped += 1
                call("acm_notifications", authority=connection, queue_name="renewals", acknowledge=notice["handles"])
            else:
                kept.append(notice)
        return kept

    def _forgetfully(self, handles: list[str]) -> list[str]:
        kept = [handle for handle in handles if self.chance.random() >= self.repeats]
        self.repeated += len(handles) - len(kept)
        return kept


def utc_now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
