# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How messages end, list things, and are shortened to fit: by cutting long or repeated data, not the point of a
sentence. Pure."""

from __future__ import annotations

import re
import typing as t

SHOWN = 3  # how many things of one kind a sentence lists
_LEAST = 160  # sentences shorter than this are not cut
_END = re.compile(r"(?<=[.!?])(?=\s)")
_DIGEST = re.compile(r"\b([0-9a-fA-F]{16})[0-9a-fA-F]{16,}\b")
_GAP = " …"


def condense(text: str, most: int) -> str:
    """The text, shortened to a maximum length.

    First digests lose their ends, then repeated sentences are removed, then the longest sentences lose their middles.
    Only then are whole sentences removed, from the middle: the first ones give the cause, the last ones the present
    state and what to do."""
    if len(text) <= most:
        return text
    parts: dict[str, str] = {}
    for part in _END.split(brief_digests(text)):
        parts.setdefault(part.strip(), part)
    kept, longest = list(parts.values()), most
    while sum(map(len, kept)) > most and longest > _LEAST:
        longest = max(_LEAST, longest * 3 // 4)
        kept = [without_middle(part, longest) for part in kept]
    if sum(map(len, kept)) > most:
        while len(kept) > 2 and sum(map(len, kept)) + len(_GAP) > most:
            del kept[len(kept) // 2]
        kept.insert((len(kept) + 1) // 2, _GAP)
    return without_middle("".join(kept), most)


def brief_digests(text: str) -> str:
    """The text with the first 16 digits of each digest, enough to tell two certificates apart."""
    return _DIGEST.sub(r"\1…", text)


def without_middle(text: str, most: int) -> str:
    """The beginning and the end of an arbitrary text or of a single sentence."""
    if len(text) <= most:
        return text
    half = (most - len(_GAP) - 1) // 2
    if half < 1:
        return text[:most]
    return f"{text[:half].rstrip()}{_GAP} {text[-half:].lstrip()}"


def ended(text: str) -> str:
    """The text with a full stop, unless it ends like a sentence or is empty."""
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def first_few(names: t.Sequence[str], conjunction: str) -> str:
    """a, b or c; if there are many, the first ones and how many more."""
    more = len(names) - SHOWN
    *others, last = [*names[:SHOWN], *([f"{more} more"] if more > 0 else [])]
    return f"{', '.join(others)} {conjunction} {last}" if others else last
