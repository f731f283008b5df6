# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a task with many items: one contract for errors, and each reason once."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._batch import results
from ansible_collections.certops.acm.plugins.module_utils._batch.items import Item
from ansible_collections.certops.acm.plugins.module_utils._door.acm import AcmError
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput, InvalidMaterial
from ansible_collections.certops.acm.tests.support.scripted_acm import arn


class Wanted(t.NamedTuple):
    label: str
    arn: t.Optional[str] = None


def outcome(item: Item[t.Any], **members: t.Any) -> dict[str, t.Any]:
    result = {"changed": False, "label": item.label, **members}
    return {**result, **results.failure(item.error)} if item.error else result


def test_every_error_keeps_the_contract() -> None:
    refusal = AcmError("RequestCertificate", "LimitExceededException", "Too many.")
    assert results.failure(refusal, ["AddTagsToCertificate", "AddTagsToCertificate"], arn(1)) == {
        "failed": True,
        "msg": "RequestCertificate failed with LimitExceededException: Too many. "
        f"What was done before remains: tags were added ({arn(1)}).",
        "error": {"code": "LimitExceededException", "operation": "RequestCertificate"},
    }
    assert results.failure(InvalidInput("Did you mean company?"))["msg"] == "Did you mean company?"
    assert results.failure(InvalidInput("/x\ny.pem is empty."))["msg"] == "/x y.pem is empty."
    assert results.failure(InvalidInput("No"))["error"] == {"code": "InvalidInput", "operation": None}
    assert results.failure(InvalidMaterial("key", "No"))["error"] == {
        "code": "InvalidMaterial",
        "operation": None,
        "rule": "key",
    }


def test_results_keep_their_order_and_diffs_and_warnings_go_to_the_top() -> None:
    items = [Item(Wanted(label)) for label in ("a", "b", "c")]
    own = [
        outcome(items[0], changed=True, diff={"before": {}, "after": {"x": 1}}, warnings=["Careful.", "Slow."]),
        outcome(items[1], warnings=["Careful."]),
        outcome(items[2], changed=True, diff={"before": {"x": 1}, "after": {}}),
    ]
    assert results.together(items, own, under="exports") == {
        "changed": True,
        "exports": [
            {"changed": True, "label": "a"},
            {"changed": False, "label": "b"},
            {"changed": True, "label": "c"},
        ],
        "diff": [
            {"before_header": "a", "after_header": "a", "before": {}, "after": {"x": 1}},
            {"before_header": "c", "after_header": "c", "before": {"x": 1}, "after": {}},
        ],
        "warnings": ["Careful.", "Slow."],
    }


def message(*errors: t.Any) -> str:
    """errors: of each item, whose label is a letter and whose ARN has its number."""
    items = [
        Item(Wanted(chr(97 + index % 26) + ".example.com", arn(index)), error) for index, error in enumerate(errors)
    ]
    return str(results.together(items, [outcome(item) for item in items]).get("msg", ""))


@pytest.mark.parametrize(
    ("errors", "sentence"),
    [
        ([None, None], ""),
        ([None, InvalidInput("No.")], "1 of 2 certificates failed. Item 2 (b.example.com): No."),
        ([InvalidInput("a.example.com is odd.")], "1 of 1 certificates failed. Item 1: a.example.com is odd."),
        (
            [InvalidInput("No."), None, InvalidInput("No."), InvalidInput("Yes.")],
            "3 of 4 certificates failed. Items 1 (a.example.com) and 3 (c.example.com): No. Item 4 (d.example.com): "
            "Yes.",
        ),
        (
            [
                InvalidInput(f"{arn(0)} is gone."),
                InvalidInput(f"{arn(1)} is gone."),
                InvalidInput(f"{arn(2)} is gone."),
            ],
            "3 of 3 certificates failed. Items 1 (a.example.com), 2 (b.example.com) and 3 (c.example.com) failed for "
            f"the same reason; the first: {arn(0)} is gone.",
        ),
    ],
    ids=["none", "one", "named in its sentence", "two identical", "identical except for ARNs"],
)
def test_each_reason_is_given_once(errors: list[t.Any], sentence: str) -> None:
    assert message(*errors) == sentence


def test_a_thousand_failures_fit_on_a_screen() -> None:
    said = message(*[InvalidInput("ACM cannot be reached.")] * 1000)
    assert "20 (t.example.com) and 980 more: ACM cannot be reached." in said and len(said) < 600
