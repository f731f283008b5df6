# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the result of a failed task says of its error (docs/developing/errors.md)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._door.acm import AcmError
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import (
    InvalidInput,
    InvalidMaterial,
    RequestFailed,
    TimedOut,
    contract,
    contract_of,
    kind_of,
)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (InvalidInput("a"), {"code": "InvalidInput", "operation": None}),
        (TimedOut("a"), {"code": "TimedOut", "operation": None}),
        (RequestFailed("a"), {"code": "RequestFailed", "operation": None}),
        (InvalidMaterial("pem", "a"), {"code": "InvalidMaterial", "operation": None, "rule": "pem"}),
        (
            AcmError("DescribeCertificate", "ThrottlingException", "a"),
            {"code": "ThrottlingException", "operation": "DescribeCertificate"},
        ),
        (OSError("a"), {"code": "OSError", "operation": None}),
    ],
)
def test_an_error_has_its_code_operation_and_rule(error: Exception, told: dict[str, Any]) -> None:
    assert contract_of(error) == told


def test_the_contract_always_has_both_members() -> None:
    assert contract("A") == {"code": "A", "operation": None}
    assert contract("A", "B") == {"code": "A", "operation": "B"}


@pytest.mark.parametrize("kind", [TimedOut, RequestFailed, InvalidMaterial])
def test_catching_invalid_input_catches_its_kinds(kind: type[Exception]) -> None:
    assert issubclass(kind, InvalidInput)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "empty"),
        ("", "empty"),
        ("x", "text"),
        (True, "a boolean"),
        (0, "a number"),
        (1.5, "a number"),
        ([], "a list"),
        ({}, "a dictionary"),
        (b"x", "something else"),
    ],
)
def test_what_messages_call_a_value(value: Any, words: str) -> None:
    assert kind_of(value) == words
