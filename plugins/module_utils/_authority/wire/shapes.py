# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON values ↔ Python values by the shapes of botocore's model: types, required members, lengths, patterns, enums.

The faults are worded like the service's own.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
import typing as t
from datetime import datetime, timezone

from ..operations.call import Fault

SHOWN_CHARACTERS = 256
SHOWN_FAULTS = 50  # of one request
SEPARATORS = " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # Unicode's class Z


def read(shape: t.Any, value: t.Any) -> dict[str, t.Any]:
    """The members of a request: blobs as bytes, timestamps as aware datetimes, nulls left out.

    Raises Fault: SerializationException for a value of the wrong type, ValidationException for everything else, with
    the violated constraints in one message."""
    broken: list[str] = []
    try:
        members: dict[str, t.Any] = _read(shape, value, "", broken)
    except RecursionError:
        raise Fault("ValidationException", "The request is nested too deeply.") from None
    if broken:
        number = len(broken)
        plural = "error" if number == 1 else "errors"
        raise Fault("ValidationException", f"{number} validation {plural} detected: {'; '.join(broken[:SHOWN_FAULTS])}")
    return members


def write(shape: t.Any, value: t.Any) -> t.Any:
    """The JSON values of an answer: timestamps as seconds since the epoch; members that are None are left out."""
    if shape.type_name == "structure":
        # A botocore that is too old to know a member leaves it out, as it would with the service itself.
        return {
            name: write(shape.members[name], each)
            for name, each in value.items()
            if each is not None and name in shape.members
        }
    if shape.type_name == "list":
        return [write(shape.member, each) for each in value]
    if shape.type_name == "timestamp":
        seconds = value.timestamp()
        return int(seconds) if seconds == int(seconds) else seconds
    return value


def _read(shape: t.Any, value: t.Any, path: str, broken: list[str]) -> t.Any:
    kind = shape.type_name
    if kind == "structure":
        return _read_structure(shape, _of_type(value, dict, path), path, broken)
    if kind == "list":
        values = _of_type(value, list, path)
        _check_length(shape, values, len(values), path, broken)
        if shape.member.type_name == "string":
            return _read_strings(shape, values, path, broken)
        return [_read(shape.member, each, f"{path}.{place}.member", broken) for place, each in enumerate(values, 1)]
    if kind == "string":
        _check_string(shape, _of_type(value, str, path), path, broken)
        return value
    if kind == "blob":
        return _read_blob(shape, _of_type(value, str, path), path, broken)
    if kind == "boolean":
        return _of_type(value, bool, path)
    if kind in ("integer", "long"):
        number = _of_type(value, int, path)
        _check_range(shape, number, path, broken)
        return number
    if kind == "timestamp":
        return _read_timestamp(value, path)
    raise Fault("SerializationException", f"The member {path} has an unknown type.")


def _read_structure(shape: t.Any, values: dict[str, t.Any], path: str, broken: list[str]) -> dict[str, t.Any]:
    members = {}
    for name in shape.required_members:
        if values.get(name) is None:
            where = _below(path, name)
            broken.append(f"Value null at '{where}' failed to satisfy constraint: Member must not be null")
    for name, member in shape.members.items():
        if values.get(name) is not None:
            members[name] = _read(member, values[name], _below(path, name), broken)
    if getattr(shape, "is_tagged_union", False) and len(members) != 1:
        broken.append(_constraint("…", path, "Exactly one member of the union must be set"))
    return members


def _read_strings(shape: t.Any, values: list[t.Any], path: str, broken: list[str]) -> list[str]:
    """As with the service, one error describes the whole list and all constraints on its members."""
    inner: list[str] = []
    for place, each in enumerate(values, 1):
        _check_string(shape.member, _of_type(each, str, f"{path}.{place}.member"), path, inner)
    if inner:
        shown = "[***]" if shape.member.metadata.get("sensitive") else f"[{', '.join(values)}]"
        wanted = ", ".join(_wanted_of_string(shape.member))
        broken.append(_constraint(shown, path, f"Member must satisfy constraint: [{wanted}]"))
    return values


def _wanted_of_string(shape: t.Any) -> t.Iterator[str]:
    constraints = shape.metadata
    if "max" in constraints:
        yield f"Member must have length less than or equal to {constraints['max']}"
    if "min" in constraints:
        yield f"Member must have length greater than or equal to {constraints['min']}"
    if constraints.get("enum"):
        yield f"Member must satisfy enum value set: [{', '.join(constraints['enum'])}]"
    if constraints.get("pattern"):
        yield f"Member must satisfy regular expression pattern: ^{constraints['pattern']}$"


def _read_blob(shape: t.Any, text: str, path: str, broken: list[str]) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Fault("SerializationException", f"The member {path} is not base64.") from None
    _check_length(shape, "***", len(content), path, broken)
    return content


def _read_timestamp(value: t.Any, path: str) -> datetime:
    try:
        if isinstance(value, bool):
            raise ValueError
        return datetime.fromtimestamp(float(value), tz=timezone.utc)
    except (TypeError, ValueError, OverflowError, OSError):
        raise Fault("SerializationException", f"The member {path} is not a time in seconds.") from None


def _of_type(value: t.Any, wanted: type, path: str) -> t.Any:
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        where = f"The member {path}" if path else "The request"
        names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", int: "an integer"}
        raise Fault("SerializationException", f"{where} is not {names[wanted]}.")
    return value


def _check_string(shape: t.Any, value: str, path: str, broken: list[str]) -> None:
    try:
        if not value.isascii():
            value.encode()
    except UnicodeEncodeError:
        raise Fault("SerializationException", f"The member {path} contains half of a surrogate pair.") from None
    constraints = shape.metadata
    shown = "***" if constraints.get("sensitive") else value
    _check_length(shape, shown, len(value), path, broken)
    choices = constraints.get("enum")
    if choices and value not in choices:
        broken.append(_constraint(shown, path, f"Member must satisfy enum value set: [{', '.join(choices)}]"))
    pattern = constraints.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        broken.append(_constraint(shown, path, f"Member must satisfy regular expression pattern: {pattern}"))


def _check_length(shape: t.Any, shown: t.Any, length: int, path: str, broken: list[str]) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and length < least:
        broken.append(_constraint(shown, path, f"Member must have length greater than or equal to {least}"))
    if most is not None and length > most:
        broken.append(_constraint(shown, path, f"Member must have length less than or equal to {most}"))


def _check_range(shape: t.Any, number: int, path: str, broken: list[str]) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and number < least:
        broken.append(_constraint(number, path, f"Member must have value greater than or equal to {least}"))
    if most is not None and number > most:
        broken.append(_constraint(number, path, f"Member must have value less than or equal to {most}"))


def _constraint(value: t.Any, path: str, wanted: str) -> str:
    shown = str(value)[:SHOWN_CHARACTERS]
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: {wanted}"


def _below(path: str, name: str) -> str:
    low = name[:1].lower() + name[1:]
    return f"{path}.{low}" if path else low


@functools.lru_cache(maxsize=None)
def _compiled(pattern: str) -> t.Pattern[str]:
    """The model's patterns are Java's, where Unicode classes are spelled differently, \\w is ASCII, and a pattern
    matches the whole text."""
    if r"\p{" not in pattern:
        return re.compile(pattern, re.ASCII)
    return re.compile(pattern.replace(r"\p{L}", r"\w").replace(r"\p{N}", "").replace(r"\p{Z}", SEPARATORS))
