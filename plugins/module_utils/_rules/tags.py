# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags of a certificate: ACM's rules for them, and what to add and to remove (acm-rules §10). Pure."""

from __future__ import annotations

import typing as t
import unicodedata

from .errors import InvalidInput

MAX_TAGS = 50
MAX_KEY = 128
MAX_VALUE = 256
RESERVED = "aws:"

_SIGNS = "_.:/=+-@"


class Change(t.NamedTuple):
    """What to set and which keys to remove."""

    to_set: dict[str, str]
    to_remove: tuple[str, ...]


def check(tags: t.Mapping[t.Any, t.Any]) -> dict[str, str]:
    """The tags as ACM will have them (values as text). Raises InvalidInput for tags that ACM would refuse."""
    checked: dict[str, str] = {}
    for key, value in tags.items():
        key, value = str(key), "" if value is None else str(value)
        if not 1 <= len(key) <= MAX_KEY:
            raise InvalidInput(f"The tag key {_short(key)} has {len(key)} characters; ACM requires 1 to {MAX_KEY}.")
        if len(value) > MAX_VALUE:
            raise InvalidInput(
                f"The value of the tag {key!r} has {len(value)} characters; at most {MAX_VALUE} are allowed."
            )
        if key.lower().startswith(RESERVED):
            raise InvalidInput(
                f"The tag key {key!r} begins with {RESERVED}, which is reserved for AWS: choose another key."
            )
        for what, text in ((f"The tag key {key!r}", key), (f"The value of the tag {key!r}", value)):
            strange = next((letter for letter in text if not _is_allowed(letter)), None)
            if strange is not None:
                raise InvalidInput(
                    f"{what} has the character {strange!r}; letters, digits, spaces and {_SIGNS} are allowed."
                )
        checked[key] = value
    if len(checked) > MAX_TAGS:
        raise InvalidInput(f"There are {len(checked)} tags; a certificate can have {MAX_TAGS}.")
    return checked


def change(present: dict[str, str], wanted: dict[str, str], purge: bool) -> Change:
    """The change that turns `present` into `wanted`. AWS's own tags (aws:…) are never removed."""
    to_set = {key: value for key, value in sorted(wanted.items()) if present.get(key) != value}
    surplus = sorted(key for key in present if key not in wanted and not key.startswith(RESERVED)) if purge else []
    return Change(to_set, tuple(surplus))


def changed(present: dict[str, str], what: Change) -> dict[str, str]:
    """The tags after the change."""
    return {key: value for key, value in {**present, **what.to_set}.items() if key not in what.to_remove}


def as_list(tags: t.Mapping[str, str]) -> list[dict[str, str]]:
    """In the form of ACM's requests."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _is_allowed(letter: str) -> bool:
    return letter in _SIGNS or unicodedata.category(letter)[0] in "LZN"


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "…")
