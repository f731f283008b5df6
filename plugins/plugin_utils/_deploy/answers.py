# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answer of certificate_deployment on a host. Somebody else may have control of the host, so its answer is used
only for the host itself, and only if every value has the expected type and range. Pure."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.times import iso, read_iso

Entry = t.Mapping[str, t.Any]

_TEXT, _FLAG, _LIST = str, bool, (list, tuple)
_MOMENT = "2026-11-23T16:51:00Z"
_DIGITS = re.compile(r"(?:[0-9a-f]{2}:?)+")
_LONGEST = 4000  # characters of a text that people read

_LINE: dict[str, t.Any] = {
    "service": _TEXT,
    "name": _TEXT,
    "path": _TEXT,
    "new_serial": _DIGITS,
    "new_public_key_fingerprint": _DIGITS,
    "not_after": _MOMENT,
    "changed": _FLAG,
    "running": _FLAG,
    "served": _FLAG,
    "state": _TEXT,
    "sentence": _TEXT,
    "ports": _LIST,
    "server_names": _LIST,
}
_LINE_OR_NONE: dict[str, t.Any] = {"old_serial": _DIGITS, "old_public_key_fingerprint": _DIGITS}
_BUNDLE: dict[str, t.Any] = {
    "name": _TEXT,
    "serial": _DIGITS,
    "fingerprint": _DIGITS,
    "not_before": _MOMENT,
    "not_after": _MOMENT,
    "changed": _FLAG,
    "swapped": _FLAG,
    "needs_key": _FLAG,
}


# Facts that a host cannot know better than ACM.
_AS_READ = ("serial", "fingerprint", "not_before", "not_after")


def has_answered(answer: t.Any) -> bool:
    """Whether the module ran to its end, with whatever result: it was not skipped, killed or cut off."""
    return isinstance(answer, dict) and not answer.get("skipped") and not answer.get("unreachable") and "due" in answer


def has_failed(answer: Entry) -> bool:
    """Whether the module ran to its end and failed."""
    return bool(answer.get("failed")) or "restored" in answer


def fault_of(answer: t.Any, host: Entry) -> str:
    """Why the answer of a successful run on this host cannot be used, as a sentence; empty if it can."""
    wrong = _wrong(answer, host)
    if not wrong:
        return ""
    return (
        f"{host['name']} returned something that certificate_deployment never returns ({wrong}). "
        "Check what runs as Python on that host, and who has control of it."
    )


def lacking_keys(host: Entry, seen: t.Any) -> set[str]:
    """The folders on this host for which it needs a key."""
    if not has_answered(seen) or has_failed(seen) or fault_of(seen, host):
        return set()
    own = {certificate["folder"] for certificate in host["certificates"]}
    return {bundle["name"] for bundle in seen["bundles"] if bundle["needs_key"] and bundle["name"] in own}


def _wrong(answer: t.Any, host: Entry) -> str:
    for name, kind in (
        ("due", _FLAG),
        ("needs_key", _FLAG),
        ("bundles", _LIST),
        ("summary", _LIST),
        ("sentences", _LIST),
    ):
        if not _is(answer.get(name), kind):
            return name
    folders = [certificate["folder"] for certificate in host["certificates"]]
    if [bundle.get("name") for bundle in answer["bundles"] if isinstance(bundle, dict)] != folders:
        return "bundles"
    for number, (certificate, bundle) in enumerate(zip(host["certificates"], answer["bundles"])):
        for name, kind in _BUNDLE.items():
            expected = host["read"][certificate["identity"]].get(name) if name in _AS_READ else None
            if not _is(bundle.get(name), kind) or (expected and bundle[name] != expected):
                return f"bundles[{number}].{name}"
    services = {service["name"] for service in host["services"]}
    for number, line in enumerate(answer["summary"]):
        if not isinstance(line, dict):
            return f"summary[{number}]"
        for name, kind in _LINE.items():
            if not _is(line.get(name), kind):
                return f"summary[{number}].{name}"
        for name, kind in _LINE_OR_NONE.items():
            if line.get(name) is not None and not _is(line[name], kind):
                return f"summary[{number}].{name}"
        if line["name"] not in folders or line["service"] not in services:
            return f"summary[{number}]"
        if not all(isinstance(port, int) and 0 < port < 65536 for port in line["ports"]):
            return f"summary[{number}].ports"
        if not all(_is(server_name, _TEXT) for server_name in line["server_names"]):
            return f"summary[{number}].server_names"
    return "" if all(_is(text, _TEXT) for text in answer["sentences"]) else "sentences"


def _is(value: t.Any, kind: t.Any) -> bool:
    if isinstance(kind, re.Pattern):
        return isinstance(value, str) and kind.fullmatch(value) is not None
    if kind == _MOMENT:
        return isinstance(value, str) and _is_moment(value)
    if kind is _TEXT:
        return isinstance(value, str) and len(value) <= _LONGEST
    return isinstance(value, kind)


def _is_moment(text: str) -> bool:
    try:
        return iso(read_iso(text)) == text
    except (ValueError, OverflowError):
        return False
