# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One renewal run: its data, from the beginning to the report. Pure; a run is plain data, passed on as a fact.

A run: {started_at, is_check, options, connections, unanswered, refusal}. refusal: why the run cannot begin. options:
those of the entry point `renewals`, without their prefix. unanswered: connections for which ACM did not answer, each
with the reason. connections: by name, the data of one authority, or of one region and profile of AWS: {module_options,
hosts: {host: [identity]}, requests}, after `learn` also {memory, memory_name, writable, problems, notices, unknown,
listing, reads, forced}. `gather` joins connections that share a memory, and turns hosts and reads into {parts: [{hosts,
reads, outcomes, waiting}]}; `report` adds {report}."""

from __future__ import annotations

import hashlib
import os
import re
import typing as t
from datetime import datetime

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._renewals.memory import VERSION, empty
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.identities import as_request, identity_of
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.variables import check_authority, check_names
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.wanted import CONNECTION
from . import alerts, plan, words
from .options import read_options
from .plan import Entry, moment
from .policy import Policy, read_policy
from .seen import Problem, Seen

Run = dict[str, t.Any]
_ARN = re.compile(r"arn:[\w-]+:acm:([\w-]+):(\d{12}):certificate/")
_TRIES_AGAIN = "The next run tries again."
_READ = ("certificate_arn", "domain_name", "serial", "not_before", "not_after", "failed", "msg")


# ---------------------------------------------------------------- before the hosts


def begin(
    options: Entry,
    hosts: t.Sequence[str],
    certificates: t.Sequence[t.Iterable[Entry]],
    connections: t.Mapping[str, t.Sequence[t.Any]],
    started_at: str,
    is_check: bool,
    variables: t.Iterable[str] = (),
) -> Run:
    """A run over HOSTS, each with its entries of acm_deploy_certificates. Raises InvalidInput.

    connections: authority, region and profile, each a list by host, false where there is none. Only the identities of the entries are kept,
    because the rest may contain a passphrase. variables: the names of variables that begin with acm_deploy_.
    """
    check_names(variables)
    options = read_options(options)
    read_policy(options)
    found: dict[str, Run] = {}
    for number, (host, entries) in enumerate(zip(hosts, certificates)):
        check_authority(connections["authority"][number])
        module_options = {name: str(connections[name][number]) for name in CONNECTION if connections[name][number]}
        name = connection_name(module_options)
        own = found.setdefault(name, {"module_options": module_options, "hosts": {}, "requests": []})
        _refuse_another_region(name, own["module_options"], module_options)
        own["module_options"] = {**module_options, **own["module_options"]}
        own["hosts"][host] = identities_of(entries)
    for own in found.values():
        identities = dict.fromkeys(identity for each in own["hosts"].values() for identity in each)
        own["requests"] = [as_request(identity) for identity in identities]
    return {
        "started_at": started_at,
        "is_check": is_check,
        "options": dict(options),
        "connections": found,
        "unanswered": {},
        "refusal": "",
    }


def _refuse_another_region(authority: str, known: Entry, given: Entry) -> None:
    """An authority belongs to one region. Opening it checks that, but it is opened only once for all hosts."""
    regions = sorted({str(options["region"]) for options in (known, given) if options.get("region")})
    if len(regions) > 1:
        raise InvalidInput(
            f"acm_deploy_region is {' and '.join(regions)} for hosts of the authority {authority}, which has only one "
            "region; leave out acm_deploy_region if acm_deploy_authority is set."
        )


def identities_of(entries: t.Iterable[Entry]) -> list[str]:
    if not isinstance(entries, (list, tuple)) or not all(isinstance(entry, t.Mapping) for entry in entries):
        raise InvalidInput(
            "acm_deploy_certificates must be a list of dictionaries, for example [{domain_name: www.example.com}]."
        )
    for entry in entries:
        if not entry.get("certificate_arn") and not entry.get("domain_name"):
            raise InvalidInput(
                "An entry of acm_deploy_certificates has neither certificate_arn nor domain_name; give one of them."
            )
    return [identity_of(entry) for entry in entries]


def connection_name(module_options: Entry) -> str:
    if module_options.get("authority"):
        return str(module_options["authority"])
    parts = [module_options.get("region"), module_options.get("profile")]
    return " ".join(str(part) for part in parts if part) or "AWS"


def name_memory(run: Run, connection: str, listed: Entry) -> str:
    found = listed.get("certificates")
    return memory_name(
        run["connections"][connection]["module_options"], found if isinstance(found, (list, tuple)) else []
    )


def memory_name(module_options: Entry, listing: t.Sequence[Entry]) -> str:
    """The memory's file: one for each account and region, however it is reached, and one for each authority."""
    authority = module_options.get("authority")
    if authority:
        place = os.path.realpath(os.path.expanduser(str(authority)))
        label = re.sub(r"[^A-Za-z0-9]+", "-", os.path.basename(place)).strip("-")[:40] or "authority"
        return f"{label}-{hashlib.sha256(place.encode()).hexdigest()[:12]}"
    for certificate in listing:
        matched = _ARN.match(str(certificate.get("certificate_arn", "")))
        if matched:
            return f"{matched[2]}-{matched[1]}"
    name = "-".join(["aws", *(str(module_options[each]) for each in ("profile", "region") if module_options.get(each))])
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name)[:200]


def learn(run: Run, connection: str, listed: Entry, recalled: Entry, received: Entry, read: Entry) -> Run:
    """The run with the results of acm_certificate_info, acm_renewals_memory, acm_notifications and acm_export added.

    A result that is not a list of certificates is a fault, never "no certificates". Raises InvalidInput.
    """
    own = run["connections"][connection]
    listing = _listing(listed, connection)
    problems = [["memory", str(each)] for each in recalled.get("problems") or ()]
    problems += [["unwritten", str(recalled["unwritten"])]] if recalled.get("unwritten") else []
    memory = recalled.get("memory")
    if not isinstance(memory, t.Mapping):
        memory = empty()
        problems.append(
            ["memory", f"The host that stores it (acm_deploy_renewals_host) answered: {_message(recalled)}"]
        )
    if memory.get("began_at") == run["started_at"]:  # another connection of this run has recalled it before
        memory = {**memory, "began_at": memory["ended_at"]}
    if received.get("failed"):
        problems.append(["notices", _message(received)])
    notices, strange = _notices(received.get("notifications"))
    own = {
        **own,
        "memory": dict(memory),
        "memory_name": memory_name(own["module_options"], listing),
        "writable": bool(recalled.get("writable")),
        "problems": problems,
        "notices": notices,
        "unknown": len(received.get("unknown") or ()) + strange,
        "listing": listing,
        "reads": _reads(read, own["requests"]),
        "forced": {"due": [], "waiting": [], "wrong": [], "renewed": [], "in_vain": []},
    }
    policy, now = read_policy(run["options"]), moment(run["started_at"])
    forced = plan.choose_forced(listing, _deployed(own["reads"]), own["memory"], policy, now)
    own["forced"] = {**own["forced"], **forced._asdict()}
    # Without a memory of the attempt, every run would force the renewal.
    if own["forced"]["due"] and not own["writable"] and not run["is_check"]:
        own["forced"]["waiting"] += [[arn, "the memory of the runs cannot be written"] for arn in own["forced"]["due"]]
        own["forced"]["due"] = []
    own["forced"]["requests"] = [as_request(arn) for arn in own["forced"]["due"]]
    return _with(run, connection, own)


def leave_out(run: Run, connection: str, reason: str) -> Run:
    """The run without a connection for which ACM did not answer. Its hosts keep what they have; the others continue."""
    others = {name: own for name, own in run["connections"].items() if name != connection}
    return {**run, "connections": others, "unanswered": {**run["unanswered"], connection: reason}}


def begin_forcing(run: Run, connection: str) -> dict[str, t.Any]:
    """The memory to write before renewals are forced, so that a run that is killed has still used up its attempts."""
    own, now = run["connections"][connection], moment(run["started_at"])
    lately = [entry for entry in own["memory"]["forced"] if now - moment(entry["at"]) < 2 * plan.A_DAY]
    forced = lately + [{"arn": arn, "at": run["started_at"]} for arn in own["forced"]["due"]]
    return {**own["memory"], "began_at": run["started_at"], "forced": forced}


def end_forcing(run: Run, connection: str, results: t.Iterable[Entry], read: Entry) -> Run:
    """The run with acm_certificate's results of the forced renewals, and the renewed certificates read again.

    A renewal that ACM has begun but not completed is not a failure: ACM may take hours, and a later run deploys it.
    """
    own = run["connections"][connection]
    forced = {**own["forced"], "renewed": [], "in_vain": []}
    for arn, result in zip(forced["due"], results):
        if run["is_check"] or not result.get("failed"):
            forced["renewed"].append(arn)
        elif "RenewCertificate" in result.get("actions", ()):
            forced["waiting"] = [*forced["waiting"], [arn, "ACM has not completed the renewal that was forced"]]
        else:
            forced["in_vain"].append([arn, str(result.get("msg", "no reason was given"))])
    memory = own["memory"] if run["is_check"] else {**own["memory"], "forced": begin_forcing(run, connection)["forced"]}
    again = _reads(read, renewed_requests(run, connection)) if read.get("exports") is not None else {}
    return _with(run, connection, {**own, "forced": forced, "memory": memory, "reads": {**own["reads"], **again}})


def renewed_requests(run: Run, connection: str) -> list[dict[str, str]]:
    """The certificates that have to be read again after the renewals."""
    own = run["connections"][connection]
    stale = [identity for identity, read in own["reads"].items() if read.get("certificate_arn") in own["forced"]["due"]]
    return [as_request(identity) for identity in stale]


# ---------------------------------------------------------------- on a host


def begin_host(run: Run, host: str, outcomes: t.Iterable[Entry], now: str) -> dict[str, t.Any]:
    """The outcome of a host before anything was done; empty if nothing is to be deployed on it now."""
    chosen = choose(run, host, outcomes, now)
    if not chosen:
        return {}
    return {"started_at": run["started_at"], "chosen": chosen, "reachable": True, "done": [], "failures": []}


def choose(run: Run, host: str, outcomes: t.Iterable[Entry], now: str) -> list[str]:
    """The identities to deploy on a host now; none if the run may begin nothing more."""
    own = connection_of(run, host)
    if own is None or _stop(run, outcomes, moment(now)):
        return []
    identities, policy, started_at = own["hosts"][host], read_policy(run["options"]), moment(run["started_at"])
    held = plan.held_back(host, identities, own["reads"], own["memory"], policy, started_at)
    aside = {*plan.left_out(own["reads"]), *held}
    return [identity for identity in identities if identity not in aside]


def connection_of(run: Run, host: str) -> Run | None:
    """The host's connection; None if ACM did not answer for it."""
    return next((own for own in run["connections"].values() if host in own["hosts"]), None)


def _stop(run: Run, outcomes: t.Iterable[Entry], now: datetime) -> str:
    """Why no further host is begun, as a sentence; empty if the run may continue."""
    policy = read_policy(run["options"])
    failed = sum(1 for outcome in outcomes if is_of_run(outcome, run) and outcome.get("failures"))
    if failed >= policy.failed_hosts:
        return f"The deployment failed on {words.counted(failed, 'host')} before this one."
    if now - moment(run["started_at"]) >= policy.run_limit:
        return _limit_over(policy)
    return ""


def _limit_over(policy: Policy) -> str:
    return f"The run had taken {policy.run_limit.total_seconds() / 60:.0f} minutes, which is its limit."


def is_of_run(outcome: t.Any, run: Run) -> bool:
    """A host's report on this run, if it is not left over from an earlier run and has the expected form."""
    return _has_begun(outcome, run) and plan.is_sound_outcome(outcome)


def _has_begun(outcome: t.Any, run: Run) -> bool:
    return isinstance(outcome, t.Mapping) and outcome.get("started_at") == run["started_at"]


# ---------------------------------------------------------------- after the hosts


def gather(run: Run, outcomes: t.Mapping[str, t.Any], lost: t.Collection[str], now: str) -> Run:
    """The run with the outcomes of the hosts, and whether ACM has to be asked once more.

    Connections that share a memory, such as two profiles of one account, are joined here: they have the same
    certificates, people are told about each once, and the hosts of all are stored. outcomes: by host. lost: hosts that
    dropped out of the play half-way."""
    stopped = _stop(run, outcomes.values(), moment(now))
    found: dict[str, Run] = {}
    for name, own in run["connections"].items():
        own = _gathered(run, own, outcomes, lost, stopped)
        same = next((each for each in found if found[each]["memory_name"] == own["memory_name"]), None)
        found[same or name] = _joined(found[same], own) if same else own
    for own in found.values():
        not_begun = sorted(
            host for part in own["parts"] for host, why in part["waiting"].items() if stopped in why.values()
        )
        if not_begun and stopped == _limit_over(read_policy(run["options"])):
            sentence = (
                f"{stopped} {', '.join(not_begun)} had not been started. The next run continues; raise "
                "acm_deploy_renewals_run_limit if there are too many hosts for it."
            )
            own["problems"] = [*own["problems"], ["run_limit", sentence]]
    return {**run, "connections": found}


def _gathered(
    run: Run, own: Run, outcomes: t.Mapping[str, t.Any], lost: t.Collection[str], stopped: str
) -> dict[str, t.Any]:
    of_run = {host: outcomes[host] for host in own["hosts"] if host not in lost and is_of_run(outcomes.get(host), run)}
    known = own["reads"], own["memory"], read_policy(run["options"]), moment(run["started_at"])
    waiting = {
        host: {
            **({} if host in of_run else dict.fromkeys(identities, stopped or plan.NOT_TRIED)),
            **dict.fromkeys(plan.held_back(host, identities, *known), plan.WINDOW_IS_CLOSED),
        }
        for host, identities in own["hosts"].items()
        if host not in lost and (host in of_run or not _has_begun(outcomes.get(host), run))
    }
    has_changed = bool(own["forced"]["renewed"]) or any(
        done.get("swapped") for outcome in of_run.values() for done in outcome["done"]
    )
    return {
        **{name: value for name, value in own.items() if name not in ("hosts", "reads")},
        "parts": [{"hosts": own["hosts"], "reads": own["reads"], "outcomes": of_run, "waiting": waiting}],
        "listing_is_stale": has_changed and not run["is_check"],
    }


def _joined(own: Run, other: Run) -> dict[str, t.Any]:
    """Two connections joined. What the second recalled is what the first stored in this run."""
    forced = [*own["memory"]["forced"], *other["memory"]["forced"]]
    return {
        **own,
        **{name: own[name] + other[name] for name in ("parts", "notices", "unknown")},
        "memory": {**own["memory"], "forced": [each for n, each in enumerate(forced) if each not in forced[:n]]},
        "problems": [*own["problems"], *(each for each in other["problems"] if each not in own["problems"])],
        "writable": own["writable"] and other["writable"],
        "forced": {name: [*own["forced"][name], *other["forced"][name]] for name in own["forced"]},
        "listing_is_stale": own["listing_is_stale"] or other["listing_is_stale"],
    }


def suspects(run: Run, connection: str, listed: Entry) -> list[str]:
    """The ARNs that need a closer look. listed: acm_certificate_info's result after the deployment, if it was asked."""
    own = run["connections"][connection]
    noticed = {arn for notice in own["notices"] for arn in notice["certificate_arns"]}
    listing = _fresh(own, listed, connection)
    deployed = {arn for part in own["parts"] for arn in _deployed(part["reads"])}
    return plan.suspects(listing, deployed, read_policy(run["options"]), moment(run["started_at"]), noticed)


def report(run: Run, connection: str, listed: Entry, closely: Entry) -> Run:
    """The run with its report on a connection: {alerts, resolved, acknowledged, faults, tolerated, lines}."""
    own = dict(run["connections"][connection])
    own["listing"] = _fresh(own, listed, connection)
    policy, now = read_policy(run["options"]), moment(run["started_at"])
    seen = Seen(
        now=now,
        listing=own["listing"],
        closely={each["certificate_arn"]: each for each in closely.get("certificates") or ()},
        standings=standings(own),
        memory=own["memory"],
        forced_in_vain=[*own["forced"]["in_vain"], *own["forced"]["wrong"]],
        problems=[Problem(*each) for each in own["problems"]],
        is_check=run["is_check"],
    )
    found = alerts.concerns(seen, policy)
    over = alerts.resolved(found, seen, policy)
    found += alerts.all_clear(over, seen)
    current = {concern.alert["key"] for concern in found}
    missed = [] if run["is_check"] else [alert for alert in own["memory"]["missed"] if alert["key"] not in current]
    faults = [
        (concern.situation, f"{concern.alert['title']}. {concern.why}".rstrip())
        for concern in found
        if concern.situation
    ]
    troubles = [concern.alert["kind"] for concern in found if concern.alert["kind"] in alerts.TROUBLES]
    own["report"] = {
        "alerts": [*missed, *(concern.alert for concern in found)],
        "resolved": over,
        "acknowledged": plan.acknowledged(own["notices"], seen.standings),
        "faults": [sentence for situation, sentence in faults if situation not in policy.tolerated],
        "tolerated": [sentence for situation, sentence in faults if situation in policy.tolerated],
        "troubles": _count([*troubles, *alerts.still_open(found, over, seen)]),
    }
    return _with(run, connection, own)


def remember(run: Run, connection: str, told: Entry, ended_at: str) -> dict[str, t.Any]:
    """The memory for the next run. told: acm_alert's result. For hosts that took no part, the old memory is kept."""
    own = run["connections"][connection]
    hosts = {host: dict(known) for host, known in own["memory"]["hosts"].items()}
    for host, outcome in (each for part in own["parts"] for each in part["outcomes"].items()):
        for done in outcome["done"]:
            if done.get("arn"):
                known = hosts.setdefault(host, {})
                before = known.get(done["arn"], {}).get("services") or []
                known[done["arn"]] = {
                    **{name: done[name] for name in ("serial", "not_before", "not_after") if done.get(name)},
                    "services": sorted({*before, *done.get("services", ())}),
                }
    asked = isinstance(told.get("told"), t.Mapping)
    undelivered = {each["key"] for each in told.get("undelivered") or ()}
    # The next run reports troubles and all-clears again, but not events that merely happened.
    missed = [
        alert
        for alert in own["report"]["alerts"]
        if alert["kind"] not in alerts.TROUBLES
        and alert["kind"] != "resolved"
        and (alert["key"] in undelivered or not asked)
    ]
    return {
        **own["memory"],
        "version": VERSION,
        "began_at": run["started_at"],
        "ended_at": max(ended_at, run["started_at"]),  # the clock was set back in the meantime
        "hosts": hosts,
        "told": dict(told["told"] if asked else own["memory"]["told"]),
        "missed": missed if run["options"].get("has_channels") else [],
    }


def close(run: Run, connection: str, told: Entry, acknowledged: Entry, remembered: Entry) -> Run:
    """The run with the outcome of its report. An alert that was not delivered makes the run fail."""
    own = run["connections"][connection]
    policy = read_policy(run["options"])
    faults: list[tuple[str, str]] = []
    if told.get("failed"):
        faults.append(("undelivered", f"Nobody was told: {_message(told)} {_TRIES_AGAIN}"))
    reasons: dict[tuple[str, str], list[str]] = {}
    titles = {alert["key"]: alert["title"] for alert in own["report"]["alerts"]}
    for each in told.get("undelivered") or ():
        reasons.setdefault((each["channel"], each["reason"]), []).append(titles.get(each["key"], "an all-clear"))
    for (channel, reason), missing in reasons.items():
        faults.append(
            ("undelivered", f"The channel {channel} did not get {words.quoted(missing)}: {reason} {_TRIES_AGAIN}")
        )
    if acknowledged.get("failed"):
        faults.append(("notices", f"The notices could not be acknowledged: {_message(acknowledged)}"))
    if not own["writable"] and own["report"]["alerts"] and not run["is_check"] and run["options"].get("has_channels"):
        faults.append(
            (
                "undelivered",
                "No alert was sent, because without the memory every run would send the same alerts again.",
            )
        )
    is_lost = remembered.get("failed") or remembered.get("unreachable")
    unwritten = _message(remembered) if is_lost else remembered.get("unwritten")
    if unwritten and ["unwritten", unwritten] not in own["problems"]:
        faults.append(("memory", f"{alerts.PROBLEMS['unwritten'][0]}. {unwritten}"))
    written = {**own["report"]}
    for situation, text in faults:
        name = "tolerated" if situation in policy.tolerated else "faults"
        written[name] = [*written[name], text]
    return _with(run, connection, {**own, "report": written})


# ---------------------------------------------------------------- the run in words


def lines(run: Run, written: Entry) -> list[str]:
    """The run in sentences, good news first. written: the result of the task that writes the text file."""
    said = []
    for name, own in run["connections"].items():
        found = standings(own)
        of = f"{name}: " if len(run["connections"]) > 1 else ""
        said.append(
            f"{of}{words.counted(len(own['notices']), 'notice')}; {words.counted(len(own['listing']), 'certificate')} in ACM; "
            + (_deployed_in_words(run, own, found) if found else "none is deployed by this run.")
        )
        if own["unknown"]:
            said.append(
                f"{of}{words.counted(own['unknown'], 'message')} in the queue could not be understood, and will go to its "
                "dead-letter queue."
            )
        names = {each["certificate_arn"]: each.get("domain_name") for each in own["listing"]}
        would = "would be forced" if run["is_check"] else "was forced"
        said += [f"{names.get(arn) or arn}: the renewal {would}." for arn in own["forced"]["renewed"]]
        said += [f"{names.get(arn) or arn} is due for renewal, but {why}." for arn, why in own["forced"]["waiting"]]
        if run["is_check"]:
            said += [
                f"{standing.host}: {standing.domain_name} would be deployed, serial {standing.serial}."
                for standing in found
                if standing.state == "deployed" and standing.was_new
            ]
        said += [
            f"{standing.host}: {standing.domain_name} waits. {standing.reason}"
            for standing in found
            if standing.state == "held_back"
        ]
        order = {"info": 0, "warning": 1, "critical": 2}
        for alert in sorted(own["report"]["alerts"], key=lambda each: order[each["severity"]]):
            said.append(f"{alert['title']}. {alert.get('text', '')}".rstrip())
        said += [f"Tolerated: {sentence}" for sentence in own["report"]["tolerated"]]
    said += _unanswered(run)
    if _tolerates_textfile(run):
        said += [f"Tolerated: {sentence}" for sentence in _textfile_faults(written)]
    return said


def faults(run: Run, written: Entry) -> list[str]:
    """Why the run fails, one sentence for each reason; none if it does not."""
    found = [sentence for own in run["connections"].values() for sentence in own["report"]["faults"]]
    found += [] if _tolerates_textfile(run) else _textfile_faults(written)
    return list(dict.fromkeys(_unanswered(run) + found))


def _deployed_in_words(run: Run, own: Run, found: t.Sequence[plan.Standing]) -> str:
    return (
        f"{sum(standing.is_current for standing in found)} of {words.counted(len(found), 'certificate')} on "
        f"{words.counted(sum(len(part['hosts']) for part in own['parts']), 'host')} "
        f"{'would be' if run['is_check'] else 'is' if len(found) == 1 else 'are'} up to date with ACM."
    )


def _unanswered(run: Run) -> list[str]:
    return [f"{reason} Nothing was done for its hosts." for reason in run["unanswered"].values()]


def _tolerates_textfile(run: Run) -> bool:
    return "textfile" in read_policy(run["options"]).tolerated


def _textfile_faults(written: Entry) -> list[str]:
    if not written.get("failed") and not written.get("unreachable"):
        return []
    return [
        f"The text file for Prometheus could not be written: {_message(written)} The folder of "
        "acm_deploy_renewals_textfile must exist, and the user that runs the playbook must be allowed to write to it."
    ]


def standings(own: Run) -> list[plan.Standing]:
    return [
        standing
        for part in own["parts"]
        for standing in plan.standings(**part, listing=own["listing"], memory=own["memory"])
    ]


# ---------------------------------------------------------------- inside


def _with(run: Run, connection: str, own: Run) -> Run:
    return {**run, "connections": {**run["connections"], connection: own}}


def _listing(listed: Entry, connection: str) -> list[Entry]:
    certificates = listed.get("certificates")
    if listed.get("failed"):
        raise InvalidInput(f"ACM ({connection}) could not be asked: {_message(listed)}")
    if not isinstance(certificates, (list, tuple)) or not all(
        isinstance(each, t.Mapping) and each.get("certificate_arn") for each in certificates
    ):
        raise InvalidInput(f"ACM ({connection}) did not answer with a list of its certificates.")
    return list(certificates)


def _fresh(own: Run, listed: Entry, connection: str) -> list[Entry]:
    return _listing(listed, connection) if own.get("listing_is_stale") else list(own["listing"])


def _reads(read: Entry, requests: t.Sequence[Entry]) -> dict[str, dict[str, t.Any]]:
    """What acm_export returns for each identity: the certificate's ARN and facts, or why it cannot be deployed."""
    if not requests:
        return {}
    exports: t.Any = read.get("exports")
    is_sound = isinstance(exports, (list, tuple)) and all(
        isinstance(export, t.Mapping) and (export.get("failed") or export.get("certificate_arn")) for export in exports
    )
    if not is_sound or len(exports) != len(requests):
        raise InvalidInput(f"The certificates could not be read: {_message(read)}")
    return {
        identity_of(request): {key: export[key] for key in _READ if export.get(key)}
        for request, export in zip(requests, exports)
    }


def _notices(given: t.Any) -> tuple[list[dict[str, t.Any]], int]:
    """The usable notices, and the number of the others: a bad notice does not affect the rest."""
    good = []
    given = given if isinstance(given, (list, tuple)) else []
    for notice in given:
        arns, handles = (
            notice.get(name) if isinstance(notice, t.Mapping) else None for name in ("certificate_arns", "handles")
        )
        if plan.is_texts(arns) and plan.is_texts(handles):
            good.append(
                {"kind": str(notice.get("kind")), "certificate_arns": list(arns or ()), "handles": list(handles or ())}
            )
    return good, len(given) - len(good)


def _deployed(reads: t.Mapping[str, Entry]) -> set[str]:
    """The ARNs of the certificates that the play deploys."""
    return {read["certificate_arn"] for read in reads.values() if read.get("certificate_arn")}


def _message(result: Entry) -> str:
    return words.sentence(str(result.get("msg") or "no reason was given"))


def _count(kinds: t.Iterable[str]) -> dict[str, int]:
    counted = dict.fromkeys(alerts.TROUBLES, 0)
    for kind in kinds:
        counted[kind] += 1
    return counted
