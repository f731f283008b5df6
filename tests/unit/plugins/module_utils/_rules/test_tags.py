# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags: what to set, what to remove, and what stays."""

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules import tags

PRESENT = {"a": "1", "b": "2", "aws:cloudformation:stack": "x"}


@pytest.mark.parametrize(
    ("wanted", "purge", "to_set", "to_remove"),
    [
        ({}, True, {}, ("a", "b")),
        ({}, False, {}, ()),
        ({"a": "1", "b": "2"}, True, {}, ()),
        ({"a": "2"}, True, {"a": "2"}, ("b",)),
        ({"a": "2"}, False, {"a": "2"}, ()),
        ({"A": "1"}, True, {"A": "1"}, ("a", "b")),
        ({"a": ""}, False, {"a": ""}, ()),
    ],
)
def test_change(wanted: dict[str, str], purge: bool, to_set: dict[str, str], to_remove: tuple[str, ...]) -> None:
    what = tags.change(PRESENT, wanted, purge)
    assert what == tags.Change(to_set, to_remove)
    after = tags.changed(PRESENT, what)
    assert after["aws:cloudformation:stack"] == "x"
    assert tags.change(after, wanted, purge) == tags.Change({}, ())


@pytest.mark.parametrize("key", ["Größe", "a b", "a.b:c/d=e+f-g@h_i", "日本", "x" * 128])
def test_keys_that_fit(key: str) -> None:
    assert tags.check({key: 1}) == {key: "1"}


def test_as_list_is_in_order() -> None:
    assert tags.as_list({"b": "2", "a": "1"}) == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
