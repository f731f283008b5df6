# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcome of a host: the role's summary, its failure, and sentences for people. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.sentences import condense, ended, without_middle
from .answers import fault_of, has_answered, has_failed, lacking_keys
from .orders import fault_before_export

Entry = t.Mapping[str, t.Any]

_UNTOUCHED, _NOT_SENT = "Nothing was changed", "Nothing was sent"
# How much of a traceback, and of a message, is shown: somebody else may have control of the host.
_LAST_LINES = 5
_LONGEST_END = 800
_LONGEST = 4000


def find_outcome(host: Entry, seen: Entry, keys: Entry, done: Entry, is_check: bool) -> dict[str, t.Any]:
    """failure: {} or {message, restored}. summary: the role's result. sentences: what to show.

    certificates: for each one on the host {identity, certificate_arn, name, serial, not_before, not_after, swapped,
    lines}; lines are the certificate's lines of the summary, including services that were not looked at."""
    failure = _failure(host, seen, keys, done, is_check)
    if failure or not host["certificates"]:
        told = [f"{reference}: ACM does not have it yet. It would be deployed." for reference in host["to_come"]]
        return {
            "failure": failure,
            "summary": [],
            "sentences": told or ["There is nothing to deploy."],
            "certificates": [],
        }
    answer = done if has_answered(done) else seen
    return {
        "failure": {},
        "summary": [line for line in answer["summary"] if line["state"] != "not_looked_at"],
        "sentences": _sentences(host, seen, done, is_check),
        "certificates": [
            {
                "identity": certificate.get("given_as", certificate["identity"]),
                "certificate_arn": host["read"][certificate["identity"]].get("certificate_arn"),
                **{key: bundle[key] for key in ("name", "serial", "not_before", "not_after", "swapped")},
                "lines": [line for line in answer["summary"] if line["name"] == bundle["name"]],
            }
            for certificate, bundle in zip(host["certificates"], answer["bundles"])
        ],
    }


def find_reason(result: Entry) -> str:
    """The message of a failed task: of its first failed item, and a command's output rather than Ansible's message."""
    failed = next((item for item in result.get("results", ()) if item.get("failed")), result)
    said = [str(failed.get(key) or "").strip() for key in ("stderr", "stdout", "msg")]
    if failed.get("cmd") and failed.get("rc") and not any(said[:2]):
        words = failed["cmd"] if isinstance(failed["cmd"], str) else " ".join(failed["cmd"])
        said = [f"The command {words} exited with code {failed['rc']} and printed nothing."]
    text = next((text for text in said if text), "no reason was given")
    # ansible-core puts sentences of its own before the message of a filter
    text = text.rpartition("' failed: ")[2] if "The filter plugin 'certops.acm." in text else text
    return _whole(text)


def _failure(host: Entry, seen: Entry, keys: Entry, done: Entry, is_check: bool) -> dict[str, t.Any]:
    if host["fault"]:
        return _nothing_changed(host["fault"])
    if not host["certificates"]:
        return {}
    if not has_answered(seen):
        return _nothing_changed(str(seen["msg"]) if _NOT_SENT in str(seen.get("msg")) else _end_of(host, seen))
    if has_failed(seen):
        return {"message": _whole(str(seen.get("msg"))), "restored": seen.get("restored") is not False}
    fault = fault_of(seen, host)
    if fault:
        return _nothing_changed(fault)
    if is_check or not done or done.get("skipped"):
        return {} if is_check or not seen["due"] else _failure_of_keys(host, seen, keys)
    return _failure_of_deployment(host, done)


def _failure_of_keys(host: Entry, seen: Entry, keys: Entry) -> dict[str, t.Any]:
    faults = [str(entry["fault"]) for entry in keys.values() if entry.get("fault")]
    obstacle = fault_before_export(host, seen)
    if faults or obstacle:
        return _nothing_changed(" ".join(dict.fromkeys(faults)) or obstacle)
    missing = sorted(lacking_keys(host, seen) - set(keys))
    if missing:
        return _nothing_changed(f"{', '.join(missing)} was renewed during this run; run it again.")
    return {}


def _failure_of_deployment(host: Entry, done: Entry) -> dict[str, t.Any]:
    if _NOT_SENT in str(done.get("msg")):
        return _nothing_changed(str(done["msg"]))
    if not has_answered(done):
        lost = (
            "It is not known how the deployment ended: a host that was cut off finishes it or rolls back on its own, "
            "and the next run says how it ended."
        )
        return {"message": f"{_end_of(host, done)} {lost}", "restored": False}
    if has_failed(done):
        return {"message": _whole(str(done.get("msg"))), "restored": done.get("restored") is True}
    fault = fault_of(done, host)
    return {"message": fault, "restored": False} if fault else {}


def _end_of(host: Entry, answer: Entry) -> str:
    """How a run without a result ended."""
    said = str(answer.get("module_stderr") or answer.get("module_stdout") or "").strip()
    text = " ".join(" ".join(said.splitlines()[-_LAST_LINES:]).split()) or str(
        answer.get("msg") or "no reason was given"
    )
    text = without_middle(text, _LONGEST_END)
    if answer.get("unreachable"):
        return _whole(f"{host['name']} cannot be reached: {answer.get('msg') or text}")
    if not said and answer.get("msg"):
        return _whole(text)
    return _whole(f"The module could not run on {host['name']}: {text}")


def _nothing_changed(text: str) -> dict[str, t.Any]:
    text = _whole(text)
    return {"message": text if _UNTOUCHED in text or _NOT_SENT in text else f"{text} {_UNTOUCHED}.", "restored": True}


def _whole(text: str) -> str:
    return ended(condense(text.strip(), _LONGEST))


def _sentences(host: Entry, seen: Entry, done: Entry, is_check: bool) -> list[str]:
    to_come = [f"{reference}: ACM does not have it yet. It would be deployed." for reference in host["to_come"]]
    if has_answered(done):
        return [*_early(done), *done["sentences"], *to_come]
    if is_check and (seen["due"] or to_come):
        return [*_early(seen), *seen["sentences"], *to_come]
    ends = min(bundle["not_after"] for bundle in seen["bundles"])
    names = [bundle["name"] for bundle in seen["bundles"]]
    what = f"{len(names)} certificates are" if names[1:] else f"{names[0]} is"
    odd = [line["sentence"] for line in seen["summary"] if line["state"] not in ("served", "not_looked_at")]
    stopped = tuple(f"{line['service']} is not running: " for line in seen["summary"] if line["state"] == "stopped")
    return [
        f"Nothing is due on {host['name']}: {what} in place, valid until {ends}{' at least' if names[1:] else ''}"
        f"{_served_by(names, seen['summary'])}.",
        *_early(seen),
        *odd,
        *(text for text in seen["sentences"] if text not in odd and not text.startswith(stopped)),
    ]


def _served_by(names: t.Sequence[str], lines: t.Iterable[Entry]) -> str:
    """Where the certificates were seen, as a clause; empty unless each of them was seen somewhere."""
    served = [line for line in lines if line["state"] == "served"]
    if set(names) - {line["name"] for line in served}:
        return ""
    ports: dict[str, set[int]] = {}
    for line in served:
        ports.setdefault(line["service"], set()).update(line["ports"])
    places = [f"{service} on port {', '.join(map(str, sorted(seen)))}" for service, seen in ports.items()]
    return f", and served by {'; '.join(places)}"


def _early(answer: Entry) -> list[str]:
    """The outcome of an earlier run that was cut off or killed."""
    told = []
    lost, recovered = answer.get("lost_outcome"), answer.get("recovered")
    if isinstance(lost, dict):
        began = f"An earlier deployment, begun at {lost.get('started_at')},"
        ended = "ended after its connection was lost:"
        told.append(_whole(f"{began} {ended} {lost.get('message') or 'it succeeded.'}"))
    if isinstance(recovered, dict) and recovered.get("message"):
        told.append(str(recovered["message"]))
    return told
