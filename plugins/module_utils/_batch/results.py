# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a task with many items: their results in order, and one message that gives each reason once. Pure."""

from __future__ import annotations

import typing as t

from .._rules.errors import contract_of
from .items import Item

SHOWN = 20  # items that a message names for one reason
# What an operation has done, to those who read that a later one has failed.
DONE = {
    "RequestCertificate": "the certificate was requested",
    "ImportCertificate": "the certificate was imported",
    "AddTagsToCertificate": "tags were added",
    "RemoveTagsFromCertificate": "tags were removed",
    "UpdateCertificateOptions": "options were changed",
    "RenewCertificate": "a renewal was started",
    "RevokeCertificate": "the certificate was revoked",
    "DeleteCertificate": "the certificate was deleted",
}
# Members of a result besides the item's own; for a single item they are at the top level of the task's result.
_OUTER = ("failed", "msg", "error", "warnings", "diff")


def failure(error: Exception, done: t.Sequence[str] = (), arn: t.Optional[str] = None) -> dict[str, t.Any]:
    """The result of a failed item: one sentence, ACM's code, the operation, and what had been done before (to ARN)."""
    sentence = " ".join(str(error).splitlines()).rstrip(".")  # a path may contain a line break
    sentence += "" if sentence.endswith(("?", "!")) else "."
    if done:
        *others, last = [DONE.get(each, f"{each} was called") for each in dict.fromkeys(done)]
        told = f"{', '.join(others)} and {last}" if others else last
        sentence = f"{sentence} What was done before remains: {told}{f' ({arn})' if arn else ''}."
    return {"failed": True, "msg": sentence, "error": contract_of(error)}


def together(
    items: t.Sequence[Item[t.Any]], results: t.Sequence[dict[str, t.Any]], *, under: str = "certificates"
) -> dict[str, t.Any]:
    """The result of a list. results: of each item, in order; under: the name of the member for them.

    Warnings and diffs go to the top level, where Ansible looks for them. The task's error is that of the first failed
    item."""
    shown, diffs, warnings = [], [], []
    for number, (item, result) in enumerate(zip(items, results), 1):
        own = dict(result)
        diff = own.pop("diff", None)
        if diff:
            header = item.label or f"item {number}"
            diffs.append({"before_header": header, "after_header": header, **diff})
        warnings += own.pop("warnings", [])
        shown.append(own)
    answer: dict[str, t.Any] = {"changed": any(result["changed"] for result in shown), under: shown}
    if diffs:
        answer["diff"] = diffs
    if warnings:
        answer["warnings"] = list(dict.fromkeys(warnings))
    failed = [result for result in shown if result.get("failed")]
    if failed:
        answer["failed"] = True
        answer["error"] = failed[0]["error"]
        answer["msg"] = f"{len(failed)} of {len(shown)} {under} failed. {reasons(items, shown)}"
    return answer


def alone(result: dict[str, t.Any], under: str) -> dict[str, t.Any]:
    """The result of a task with one item: its own members under a name, the rest at the top level."""
    own = {name: value for name, value in result.items() if name not in _OUTER}
    outer = {name: result[name] for name in _OUTER if name in result}
    return {"changed": result["changed"], under: own, **outer}


def reasons(items: t.Sequence[Item[t.Any]], results: t.Sequence[dict[str, t.Any]]) -> str:
    """Why items failed: each reason once, with the numbers and names of all items that failed for it."""
    groups: dict[str, list[int]] = {}
    for index, (item, result) in enumerate(zip(items, results)):
        if result.get("failed"):
            groups.setdefault(_without_names(str(result["msg"]), item), []).append(index)
    sentences = []
    for indexes in groups.values():
        messages = [str(results[index]["msg"]) for index in indexes]
        if len(indexes) == 1:
            sentences.append(f"{_named(items, indexes[0], messages[0])}: {messages[0]}")
            continue
        names = [_named(items, index) for index in indexes[:SHOWN]]
        more = f"{len(indexes) - SHOWN} more" if len(indexes) > SHOWN else names.pop()
        listed = f"Items {', '.join(names)} and {more}"
        is_one_text = len(set(messages)) == 1
        sentences.append(
            f"{listed}: {messages[0]}"
            if is_one_text
            else f"{listed} failed for the same reason; the first: {messages[0]}"
        )
    return " ".join(sentences)


def _named(items: t.Sequence[Item[t.Any]], index: int, message: t.Optional[str] = None) -> str:
    """The number and name of an item; alone, with its message, also the word "Item", and no name if the message has
    it."""
    label = items[index].label
    is_said = message is not None and label in message
    name = f" ({label})" if label and not is_said else ""
    return f"{'' if message is None else 'Item '}{index + 1}{name}"


def _without_names(message: str, item: Item[t.Any]) -> str:
    """The message with a placeholder for the item's name, so that the same reason reads the same for all."""
    own = {text for text in (item.label, item.called, item.known_arn) if text}
    for text in sorted(own, key=len, reverse=True):
        message = message.replace(text, "…")
    return message
