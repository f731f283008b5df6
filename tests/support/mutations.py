# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Valid input, damaged in a way that a seed reproduces: octets, text, and JSON."""

from __future__ import annotations

import base64
import copy
import random
from typing import Any

# Octets that mean something to one of the parsers
MEANINGFUL = (
    b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n", b"-----BEGIN PRIVATE KEY-----", b"-----", b"\\n", b"\r",
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"Proc-Type: 4,ENCRYPTED\n", b"DEK-Info: AES-256-CBC,00\n\n", b"LS0tLS1CRUdJTi", b"=",
    b"&#10;", b"%0A", b"<br>", b"\x30\x82\xff\xff", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x02\x01\x03", b"=3D", b"{{", b'"',
    b"\xe2\x80\x94", b"\xe2\x80\x8b", b"\xed\xa0\x80", b"\x05\x00", b"\x06\x03\x55\x1d\x11",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 1e308, 0.5, "", " ", "\0", "a" * 5000, "\ud800", "é", "*", "*.", "..",
    "xn--", "arn:aws:acm:us-east-1:123456789012:certificate/x", "arn:aws:acm", [], {}, [[]], [None], {"": ""}, {"a": {"b": []}},
    "2026-02-30T00:00:00Z", "AAAA", "====", ["www.example.com"] * 200,
)  # fmt: skip


def damaged(content: bytes, chance: random.Random) -> bytes:
    """CONTENT after one to five changes."""
    octets = bytearray(content)
    for _number in range(chance.randint(1, 5)):
        place = chance.randrange(len(octets) + 1)
        size = min(len(octets) - place, chance.choice((1, 1, 2, 4, 16, 64, 400)))
        how = chance.randrange(7)
        if how == 0 and place < len(octets):
            octets[place] = chance.randrange(256)
        elif how == 1 and place < len(octets):
            octets[place] ^= 1 << chance.randrange(8)
        elif how == 2:
            del octets[place : place + size]
        elif how == 3:
            octets[place:place] = chance.choice(MEANINGFUL)
        elif how == 4:
            octets[place:place] = octets[place : place + size]
        elif how == 5:
            octets[place:place] = chance.randbytes(size)
        else:
            other = chance.randrange(len(octets) + 1)
            octets[place : place + size] = octets[other : other + size]
    return bytes(octets)


def block(label: str, der: bytes) -> bytes:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n".encode()


def changed(value: Any, chance: random.Random) -> Any:
    """A copy of a JSON value with one to three changes, each somewhere inside."""
    value = copy.deepcopy(value)
    for _number in range(chance.randint(1, 3)):
        value = _changed_once(value, chance)
    return value


def _changed_once(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(list(value))
        how = chance.randrange(5)
        if how == 0:
            del value[key]
        elif how == 1:
            value[chance.choice(("Extra", key.lower(), key + "s", ""))] = value[key]
        else:
            value[key] = _changed_once(value[key], chance)
        return value
    if isinstance(value, list) and value and chance.random() < 0.8:
        index = chance.randrange(len(value))
        how = chance.randrange(4)
        if how == 0:
            del value[index]
        elif how == 1:
            return value * chance.choice((2, 60))
        else:
            value[index] = _changed_once(value[index], chance)
        return value
    if isinstance(value, str) and value and chance.random() < 0.5:
        return damaged(value.encode("utf-8", "surrogatepass"), chance).decode("utf-8", "surrogateescape")
    return copy.deepcopy(chance.choice(ODD_VALUES))
