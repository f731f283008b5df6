# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry out a deployment: put sets and snippets in place, reload servers, see the result over TLS; or undo all of it.

The journal is written before the first change. From then on only its record counts, so that a later run can finish or
undo what a killed run had begun. Standard library only.
"""

from __future__ import annotations

import contextlib
import time
import typing as t
from datetime import datetime, timezone

from ..._rules.errors import InvalidInput
from ..._rules.sentences import SHOWN
from ..sets import placement
from . import snippets as snippet_files
from ..._files.folders import RestoreContext
from ..sets.bundle import Access, Bundle, explain
from ..servers.commands import run
from .rules import (
    RUNNING,
    STOPPED,
    UNKNOWN,
    Limits,
    State,
    cannot_start,
    complain,
    list_proofs,
    list_sights_before,
)
from ..tls.handshake import Endpoint
from ..servers.haproxy import HaproxyFault, Runtime, update
from ..servers.init_systems import find_init_system
from .journal import ACTIVATING, FINISHED, PLACING, UNDOING, Journal, Record
from .proof import tell_sighting
from ..servers.known_servers import Service
from .snippets import Snippet
from .survey import Request, Survey, is_alive
from ..tls.watch import Watch, describe, watch_all
from ..._rules.times import iso

NOTHING_CHANGED = "Nothing was changed."


class Failure(Exception):
    """Something that a server reported, did, or failed to show. The message is for people."""


class Stopped(Exception):
    """The run was told to end."""


class Ended(t.NamedTuple):
    """How a deployment ended. message: of a failure; restored: whether every port serves what it served before."""

    failed: bool
    message: str = ""
    restored: bool = True
    was_changed: bool = False  # something is not as it was before


class Transaction:
    """One deployment below PATH, by the one process that holds its journal's lock."""

    def __init__(
        self,
        journal: Journal,
        limits: Limits,
        host_name: str,
        restore_context: RestoreContext | None = None,
    ) -> None:
        self.journal = journal
        self.limits = limits
        self.host_name = host_name
        self.steps: list[dict[str, t.Any]] = []
        self.may_stop = True  # whether a signal may still make the run roll back
        # What no rollback takes back: the access of a set, a service that was started.
        self.has_mended = False
        self.found_stopped: set[str] = set()
        self.states: dict[str, State] = {}  # of services about which more is known now than before
        self.sightings: dict[tuple[str, Endpoint], dict[str, t.Any]] = {}
        self.pruned: dict[str, list[str]] = {}
        self._restore_context = restore_context
        self._began_at = time.monotonic()

    # --- forward -------------------------------------------------------------------------------------------------

    def deploy(self, request: Request, survey: Survey, now: datetime) -> Ended:
        """Do what SURVEY found due. Foreseeable failures do not raise: see Ended."""
        record: Record | None = None
        try:
            with placement.locked(survey.plans):
                staged = placement.stage(survey.plans, now)
                try:
                    record = self._open(request, survey, {plan.bundle.name: version for plan, version in staged})
                except BaseException:
                    placement.unstage(staged)
                    raise
                for plan, version_id in staged:
                    plan.bundle.commit(version_id)
                    self._note("place", None, f"The set {version_id} of {plan.bundle.name} is live.")
                self.has_mended = placement.mend(survey.plans)
            for each in survey.snippets:
                if each.is_due:
                    snippet_files.write(each.snippet, self._restore_context)
                    self._note("snippet", each.snippet.service, f"{each.snippet.path} is written.")
            self._advance(record, ACTIVATING)
            self._activate(record)
            self._prove(record)
            with placement.locked(survey.plans):
                for plan in survey.plans:
                    self.pruned[plan.bundle.name] = plan.bundle.prune(request.layout.keep)
            self.may_stop = False
            return self._finish(record, Ended(False, was_changed=True))
        except (Failure, Stopped, InvalidInput, OSError) as error:
            cause = self._words_of(error)
            self.may_stop = False
            if record is None:
                self.journal.remove()
                return Ended(True, cause if NOTHING_CHANGED in cause else f"{cause} {NOTHING_CHANGED}")
            return self._undo_after(record, cause)

    def recover(self, record: Record, services: t.Iterable[Service]) -> dict[str, str]:
        """Finish or undo what the run that wrote RECORD began; returns outcome (finished, undone, untouched) and
        message.

        The present SERVICES take precedence over those in the record: a command may have been corrected since.
        """
        record["services"].update({each.name: each._asdict() for each in services if each.name in record["services"]})
        began = f"An earlier deployment on {self.host_name}, begun at {record['started_at']}, was killed half-way"
        was_placing = record["phase"] == PLACING
        try:
            if record["phase"] == ACTIVATING and self._is_all_live(record):
                self._activate(record)
                self._prove(record)
                self._sweep(record)
                self.journal.remove()
                return {
                    "outcome": "finished",
                    "message": f"{began}; it was finished, and the certificates that it placed are served.",
                }
            cause = "It had not placed everything." if was_placing else "Its rollback had not finished."
        except (Failure, Stopped, InvalidInput, OSError) as error:
            cause = self._words_of(error)
        self.may_stop = False
        is_touched = was_placing is False or self._is_anything_placed(record)
        try:
            ended = self._go_back(record, cause, with_reload=not was_placing)
        except (InvalidInput, OSError) as error:
            raise Failure(f"{began}, and its rollback did not finish: {self._words_of(error)}") from None
        self.journal.remove()  # undoing once is enough: whatever is still wrong is found by the look that follows
        self.found_stopped.clear()
        self.may_stop = True
        if not is_touched:
            return {"outcome": "untouched", "message": f"{began}, before it had changed anything."}
        return {"outcome": "undone", "message": f"{began}; it was undone. {ended.message}"}

    def _open(self, request: Request, survey: Survey, versions: t.Mapping[str, str]) -> Record:
        """Write the journal; from here on the deployment has begun."""
        record: Record = {
            "phase": PLACING,
            "started_at": iso(datetime.now(timezone.utc)),
            "path": request.layout.path,
            "sets": [
                {
                    "name": plan.bundle.name,
                    "version": versions[plan.bundle.name],
                    "previous": plan.live.id if plan.live else None,
                }
                for plan in survey.plans
                if plan.bundle.name in versions
            ],
            "snippets": [
                {
                    "service": each.snippet.service,
                    "path": each.snippet.path,
                    **self.journal.keep(number, each.before),
                }
                for number, each in enumerate(survey.snippets)
                if each.is_due
            ],
            "services": {service.name: service._asdict() for service in request.services},
            "reloads": [each._asdict() for each in survey.reloads],
            "starts": [service.name for service in survey.starts],
            "proofs": list_proofs(
                survey.expectations,
                survey.sets,
                [name for name, state in survey.states.items() if state.name == UNKNOWN],
            ),
            "before": list_sights_before(survey.expectations, survey.sightings),
        }
        self.journal.write(record)
        return record

    def _activate(self, record: Record) -> None:
        """Check the configuration of the services that have to reload or start, then reload or start them. Raises
        Failure."""
        services = services_of(record)
        wanted = [(services[each["service"]], each) for each in record["reloads"]]
        for service, reload in [*wanted, *((services[name], None) for name in record["starts"])]:
            if not service.check_command:
                continue
            outcome = run(service.check_command, self.limits.command_s)
            if outcome.is_good:
                self._note("check", service.name, f"{service.name} accepts its configuration.")
            elif reload and reload["may_fail"]:
                self._find_stopped(service, outcome.sentence)
            else:
                raise Failure(f"{service.name} does not accept its configuration with the new sets: {outcome.sentence}")
        for service, reload in wanted:
            if service.name in self.found_stopped:
                continue
            try:
                self._reload(service, reload)
            except Failure as failure:
                if not reload["may_fail"]:
                    raise
                self._find_stopped(service, str(failure))
        for name in record["starts"]:
            self._start(services[name])
            self.has_mended = True

    def _find_stopped(self, service: Service, said: str) -> None:
        self.found_stopped.add(service.name)
        text = f"{service.name} is assumed to be stopped: it did not answer on its ports, and {said}"
        self.states[service.name] = State(STOPPED, text)
        self._note("reload", service.name, text)

    def _reload(self, service: Service, reload: t.Mapping[str, t.Any]) -> None:
        if reload["combined"] and service.runtime_socket:
            try:
                handed = update(Runtime(service.runtime_socket), reload["combined"], True, False)
            except HaproxyFault as fault:
                raise Failure(str(fault)) from None
            if all(each["known"] for each in handed):
                self._note("runtime", service.name, f"{service.name} got its certificates: {reload['reason']}.")
                return
        self._do("reload", service, service.reload_command)
        self._note("reload", service.name, f"{service.name} was reloaded: {reload['reason']}.")

    def _start(self, service: Service) -> None:
        if not service.can_start:
            raise Failure(cannot_start(service))
        self._do("start", service, service.start_command)
        self._note("start", service.name, f"{service.name} was started.")
        self.states[service.name] = State(RUNNING, f"{service.name} was started.")

    def _do(self, action: str, service: Service, words: list[str] | None) -> None:
        """Reload or start a service with its command, or else through the init system. Raises Failure."""
        if words:
            outcome = run(words, self.limits.command_s)
        else:
            init = find_init_system()
            if init is None:
                raise Failure(
                    f"No init system that could {action} {service.service_name} is running on {self.host_name}; "
                    f"give the service {service.name} a {action}_command."
                )
            outcome = init.do(action, str(service.service_name), self.limits.command_s)
        if not outcome.is_good:
            raise Failure(
                f"{service.name} could not be {'reloaded' if action == 'reload' else 'started'}: {outcome.sentence}"
            )

    def _prove(self, record: Record) -> None:
        """Look until every endpoint of the services concerned steadily shows a right certificate. Raises Failure."""
        moved = {each["service"] for each in record["reloads"]} | set(record["starts"])
        moved -= self.found_stopped
        proofs = [proof for proof in record["proofs"] if proof["service"] in moved]
        sightings = self._watch(proofs, self.limits.proof_s)
        for proof, sighting in zip(proofs, sightings):
            self.sightings[(proof["service"], Endpoint(*proof["endpoint"]))] = sighting
        failures = [
            (proof, sighting)
            for proof, sighting in zip(proofs, sightings)
            if sighting["as_expected"] is False and (sighting["reachable"] or not proof["may_be_silent"])
        ]
        if failures:
            raise Failure(complain(failures))
        seen = sum(bool(sighting["reachable"]) for sighting in sightings)
        if seen:
            self._note("prove", None, f"Served as expected at {seen} of {len(proofs)} endpoints.")

    def _watch(self, proofs: t.Sequence[t.Mapping[str, t.Any]], wait_s: float) -> list[dict[str, t.Any]]:
        watches = [
            Watch(Endpoint(*proof["endpoint"]), proof["right"], proof["service"], proof["may_be_silent"])
            for proof in proofs
        ]
        watch_all(watches, wait_s, self.limits.steady_for_s, self.limits.look_s, None)
        now = datetime.now(timezone.utc)
        return [describe(watch, now) for watch in watches]

    # --- back ----------------------------------------------------------------------------------------------------

    def _undo_after(self, record: Record, cause: str) -> Ended:
        """Roll back the present run; if that does not finish, the journal is left to the next run."""
        cause = cause.replace(f" {NOTHING_CHANGED}", "")
        try:
            return self._finish(record, self._go_back(record, cause, with_reload=record["phase"] != PLACING))
        except (InvalidInput, OSError) as error:
            return Ended(
                True,
                f"{cause} The rollback did not finish: {self._words_of(error)} Run again to continue it.",
                restored=False,
                was_changed=True,
            )

    def _go_back(self, record: Record, cause: str, with_reload: bool) -> Ended:
        """Make the previous sets live again, and see them served. Only the record and the disk count, so this can be
        repeated from any point."""
        if with_reload:
            with contextlib.suppress(OSError):  # no space: the next run undoes it from the previous phase as well
                self._advance(record, UNDOING)
        first, back = [], []
        for each in record["sets"]:
            bundle = self._bundle(record, each)
            with bundle.locked(make=False):
                live = bundle.live()
                previous = bundle.version(each["previous"]) if each["previous"] else None
                if live is None or live.id != each["version"]:
                    back.extend([each["name"]] if previous and live and live.id == previous.id else [])
                elif previous:
                    bundle.go_back(previous)
                    back.append(each["name"])
                    self._note("undo", None, f"The set {previous.id} of {each['name']} is live again.")
                else:
                    first.append(each["name"])
        for each in record["snippets"]:
            snippet = Snippet(each["service"], each["path"])
            snippet_files.sweep(snippet)
            snippet_files.put_back(snippet, self.journal.kept(each), self._restore_context)
            self._note("undo", each["service"], f"{each['path']} is as it was before.")
        unlike = self._reload_as_before(record) if with_reload else []
        self._discard(record, back)
        undone = ""
        if back:
            undone = f"The previous sets are live again on {self.host_name}."
        elif first:
            undone = f"The new sets stay on {self.host_name}, because there were none before."
        proof = ""
        if with_reload and record["before"]:
            proof = "All ports serve what they served before."
        elif with_reload:
            proof = "No port answered before, so there is nothing to compare."
        if unlike:
            others = len(unlike) - SHOWN
            more = f" {others} other endpoint{'s' if others > 1 else ''} changed too." if others > 0 else ""
            proof = f"But not every port serves what it served before: {' '.join(unlike[:SHOWN])}{more}"
        separator = "\n" if "\n" in cause else " "
        message = cause + separator + " ".join(filter(None, [undone, proof]))
        return Ended(True, message, restored=not unlike, was_changed=bool(first or unlike or self.has_mended))

    def _discard(self, record: Record, names: t.Collection[str]) -> None:
        """Remove the sets that were rolled back, so that the next run finds nothing to do about them."""
        for each in record["sets"]:
            if each["name"] in names:
                bundle = self._bundle(record, each)
                with contextlib.suppress(OSError, InvalidInput), bundle.locked(make=False):
                    bundle.discard(each["version"])

    def _reload_as_before(self, record: Record) -> list[str]:
        """Reload with the previous sets; returns a sentence for each endpoint that does not show what it showed
        before."""
        services = services_of(record)
        moved = [
            (services[each["service"]], each) for each in record["reloads"] if each["service"] not in self.found_stopped
        ]
        for service, reload in moved:
            with contextlib.suppress(Failure):
                if not service.check_command or run(service.check_command, self.limits.command_s).is_good:
                    self._reload(service, {**reload, "reason": "its previous sets are back"})
        names = {service.name for service, _reload in moved}
        before = [each for each in record["before"] if each["service"] in names]
        sightings = self._watch(before, self.limits.proof_s)
        # Some servers do not survive a failed reload. A server that answered before has to answer again.
        down = {each["service"] for each, sighting in zip(before, sightings) if not sighting["reachable"]}
        not_started: dict[str, str] = {}
        for name in sorted(down):
            try:
                self._start(services[name])
            except Failure as failure:
                not_started[name] = str(failure)
        if down:
            sightings = self._watch(before, self.limits.proof_s)
        for each, sighting in zip(before, sightings):
            self.sightings[(each["service"], Endpoint(*each["endpoint"]))] = sighting
        others = [each for each in zip(before, sightings) if each[1]["as_expected"] is False]
        still_down = {each["service"] for each, _sighting in others}
        unlike = [text for name, text in not_started.items() if name in still_down]
        unlike += [tell_sighting(Endpoint(*each["endpoint"]), sighting) for each, sighting in others]
        seen = {each["service"] for each in before}
        for service, _reload in moved:  # no port to look at, but its process has to be alive
            if service.name not in seen and _is_dead(service):
                with contextlib.suppress(Failure):
                    self._start(service)
                if _is_dead(service):
                    unlike.append(f"{service.name} is no longer running.")
        return list(dict.fromkeys(unlike))

    # --- the journal ---------------------------------------------------------------------------------------------

    def _advance(self, record: Record, phase: str) -> None:
        self.journal.write({**record, "phase": phase})
        record["phase"] = phase

    def _finish(self, record: Record, ended: Ended) -> Ended:
        """Keep the outcome until it has been reported."""
        outcome = {**ended._asdict(), "finished_at": iso(datetime.now(timezone.utc))}
        with contextlib.suppress(OSError):  # no space: the next run checks once more what is already done
            self.journal.write({"phase": FINISHED, "started_at": record["started_at"], "outcome": outcome})
        return ended

    def _sweep(self, record: Record) -> None:
        """Remove what the killed run left behind next to its sets."""
        for each in record["sets"]:
            bundle = self._bundle(record, each)
            with contextlib.suppress(OSError, InvalidInput), bundle.locked(make=False):
                pass

    def _is_all_live(self, record: Record) -> bool:
        return all(self._is_live(record, each) for each in record["sets"])

    def _is_anything_placed(self, record: Record) -> bool:
        if any(self._is_live(record, each) for each in record["sets"]):
            return True
        return any(
            snippet_files.look(Snippet(each["service"], each["path"])) != self.journal.kept(each)
            for each in record["snippets"]
        )

    def _bundle(self, record: Record, entry: t.Mapping[str, t.Any]) -> Bundle:
        """The sets of one certificate. Only their content matters here, not who may read them."""
        return Bundle(record["path"], entry["name"], Access(None, None, 0o600, 0o755), self._restore_context)

    def _is_live(self, record: Record, entry: t.Mapping[str, t.Any]) -> bool:
        live = self._bundle(record, entry).live()
        return live is not None and live.id == entry["version"]

    def _note(self, step: str, service: str | None, text: str) -> None:
        after = round(time.monotonic() - self._began_at, 3)
        self.steps.append({"after": after, "step": step, "service": service, "text": text})

    def _words_of(self, error: BaseException) -> str:
        if isinstance(error, Stopped):
            return "The deployment was asked to stop (SIGTERM)."
        if isinstance(error, OSError):
            return explain(error, self.journal.base)
        return str(error)


def _is_dead(service: Service) -> bool:
    return bool(service.knows_pid_file and service.pid_file) and is_alive(str(service.pid_file)) is False


def services_of(record: Record) -> dict[str, Service]:
    return {name: Service(**data) for name, data in record["services"].items()}
