# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names for which no public certificate is issued, whoever controls them (acm-rules §2). Pure."""

from __future__ import annotations

import functools
import typing as t

from . import public_suffix_list
from ..settings import Settings, is_in
from ..._rules.names import base_name

# Top-level domains in the root zone or in the list for which no public certificate is issued all the same.
NOT_FOR_PUBLIC_USE = ("arpa", "onion")


def domain_fault(name: str, settings: Settings) -> t.Optional[str]:
    """The FailureReason why a public certificate is never issued for the name, or None."""
    plain = base_name(name)
    if any(is_in(plain, suffix) for suffix in settings.never_issued):
        return "DOMAIN_NOT_ALLOWED"
    if any(is_in(plain, suffix) for suffix in settings.public_suffixes):
        return None
    top = plain.rpartition(".")[2]
    if top not in _top_level() or top in NOT_FOR_PUBLIC_USE or is_public_suffix(plain):
        return "INVALID_PUBLIC_DOMAIN"
    return None


def is_public_suffix(name: str) -> bool:
    """Whether names are registered directly below this name, as below co.uk, so that nobody alone controls it."""
    if name in _top_level():
        return True
    before, _dot, top = name.rpartition(".")
    suffixes = _below().get(top, frozenset())
    if f"!{before}" in suffixes:
        return False
    _label, _dot, rest = before.partition(".")
    return before in suffixes or (f"*.{rest}" if rest else "*") in suffixes


@functools.lru_cache(maxsize=None)
def _top_level() -> frozenset[str]:
    return frozenset(public_suffix_list.TOP_LEVEL.split())


@functools.lru_cache(maxsize=None)
def _below() -> dict[str, frozenset[str]]:
    """For each top-level domain, the parts of its suffixes that precede it."""
    found: dict[str, list[str]] = {}
    top = ""
    for word in public_suffix_list.BELOW.split():
        if word.endswith(":"):
            top = word[:-1]
            found[top] = []
        else:
            found[top].append(word)
    return {name: frozenset(each) for name, each in found.items()}
