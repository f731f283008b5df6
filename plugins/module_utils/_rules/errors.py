# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors that rules raise, how results describe an error, and what messages call a value that is not what it should be.
Messages are sentences for the user."""

from __future__ import annotations

import typing as t


class InvalidInput(ValueError):
    """Something that the user gave cannot be used. The message is one sentence: what is wrong, where, and what to
    do."""


class TimedOut(InvalidInput):
    """Something that was waited for did not happen in time."""


class RequestFailed(InvalidInput):
    """ACM accepted a request, which then failed."""


class InvalidMaterial(InvalidInput):
    """A certificate, chain or key breaks a rule. rule is its short key, for example "key-matches-certificate"."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def contract(code: str, operation: t.Optional[str] = None) -> dict[str, t.Any]:
    """`error` in the result of a task that failed; see docs/developing/errors.md. operation: of ACM, if one was
    called."""
    return {"code": code, "operation": operation}


def contract_of(error: Exception) -> dict[str, t.Any]:
    """The same for an error: its own code, or else its class; and the rule that the material breaks."""
    told = contract(getattr(error, "code", None) or type(error).__name__, getattr(error, "operation", None))
    if isinstance(error, InvalidMaterial):
        told["rule"] = error.rule
    return told


def kind_of(value: t.Any) -> str:
    """What a value is, in words."""
    if value is None or value == "":
        return "empty"
    kinds: dict[t.Any, str] = {
        str: "text",
        bool: "a boolean",
        (int, float): "a number",
        (list, tuple): "a list",
        dict: "a dictionary",
    }
    return next((words for kind, words in kinds.items() if isinstance(value, kind)), "something else")
