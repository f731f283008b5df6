# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks an answer of ACM, or a request to AWS, against a shape of botocore's model: members, types, enums, patterns,
lengths."""

from __future__ import annotations

import re
import typing as t

# Where the service's answers differ from its model (acm-rules §2, §6; the ARN pattern does not allow acm-pca).
DECLARED = {
    ("KeyAlgorithm", "RSA-"): lambda value: value.replace("RSA-", "RSA_"),
    ("PrivateKey", "-----BEGIN ENCRYPTED"): lambda value: value.replace(" ENCRYPTED PRIVATE", " PRIVATE"),
    ("CertificateAuthorityArn", "arn:"): lambda value: value.replace(":acm-pca:", ":acm:"),
}
# Names of imported certificates are shown as the certificates spell them; the model's pattern is that of requests.
AS_THEY_ARE = ("DomainNameString",)
KINDS: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "list": (list,),
    "map": (dict,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "timestamp": (int, float),
}


def faults(shape: t.Any, value: t.Any, path: str = "") -> list[str]:
    """What is wrong with `value`, a parsed JSON answer; empty if it matches the shape."""
    where = path or shape.name
    if not isinstance(value, KINDS[shape.type_name]) or (isinstance(value, bool) and shape.type_name != "boolean"):
        return [f"{where}: {value!r} is not a {shape.type_name}"]
    if shape.type_name == "structure":
        return _structure(shape, value, path)
    if shape.type_name == "list":
        # For a certificate without tags, the service answers [], which its model does not allow.
        found = [] if where == "Tags" and not value else _length(shape, len(value), where)
        for number, each in enumerate(value):
            found += faults(shape.member, each, f"{path}[{number}]")
        return found
    if shape.type_name == "map":
        found = []
        for name, each in value.items():
            found += faults(shape.key, name, f"{path}[{name!r}]") + faults(shape.value, each, f"{path}[{name!r}]")
        return found
    if shape.type_name == "string":
        return _string(shape, value, where)
    return []


def _structure(shape: t.Any, value: dict[str, t.Any], path: str) -> list[str]:
    where = path or shape.name
    found = [f"{where}: {name} is not in the model" for name in value if name not in shape.members]
    found += [f"{where}: {name} is missing" for name in shape.required_members if name not in value]
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        found.append(f"{where}: a union with {sorted(value)}")
    for name, each in value.items():
        if name in shape.members:
            found += faults(shape.members[name], each, f"{path}.{name}".lstrip("."))
    return found


def _string(shape: t.Any, value: str, where: str) -> list[str]:
    member = re.sub(r"\[\d+\]", "", where).rpartition(".")[2]
    for (name, start), plain in DECLARED.items():
        if member == name and value.startswith(start):
            value = plain(value)
    found = _length(shape, len(value), where)
    if shape.enum and value not in shape.enum:
        found.append(f"{where}: {value!r} is not one of {shape.enum}")
    pattern = shape.metadata.get("pattern")
    if pattern and shape.name not in AS_THEY_ARE and not re.fullmatch(_plain(pattern), value):
        found.append(f"{where}: {value!r} does not match {pattern}")
    return found


def _plain(pattern: str) -> str:
    """A Java pattern in Python's syntax: Java's Unicode classes, and \\w as ASCII."""
    if r"\p{" in pattern:
        return pattern.replace(r"\p{L}\p{Z}\p{N}", r"\w ")
    return f"(?a:{pattern})"


def _length(shape: t.Any, length: int, where: str) -> list[str]:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", length)
    return [] if least <= length <= most else [f"{where}: length {length} is not between {least} and {most}"]
