# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shortened messages keep their meaning."""

from __future__ import annotations

import pytest

from ansible_collections.certops.acm.plugins.module_utils._rules.sentences import condense, first_few, without_middle

CAUSE = "nginx does not accept its configuration."
HINT = "Check which virtual host answers there."
STATE = "The previous sets are live again on web1."
REMEDY = "Fix what the server complains about; the next run tries again."
SIGHT = f"127.0.0.1 port 443 without SNI serves CN=www.example.com, SHA-256 {'5e' * 32}."


def test_text_that_fits_is_left_unchanged() -> None:
    assert condense(f"{CAUSE}\n{SIGHT} {SIGHT}", 400) == f"{CAUSE}\n{SIGHT} {SIGHT}"


@pytest.mark.parametrize(
    "data",
    [
        SIGHT,
        " ".join([SIGHT] * 40),
        f"Seen: {'x' * 5000}.",
        " ".join(f"Seen: {number} {'x' * 500}." for number in range(4)),
    ],
    ids=["digest", "repeated", "long", "several long"],
)
@pytest.mark.parametrize("most", [900, 2000])
def test_data_is_dropped_before_sentences(data: str, most: int) -> None:
    shown = condense(f"{CAUSE}\n{data}\n{HINT}\n{STATE} {data} {REMEDY}", most)
    assert len(shown) <= most
    assert all(sentence in shown for sentence in (CAUSE, HINT, STATE, REMEDY)), shown


@pytest.mark.parametrize("most", [240, 512, 4000])
def test_the_first_and_last_of_too_many_sentences_are_kept(most: int) -> None:
    middle = " ".join(f"Sentence {number} says something else." for number in range(500))
    shown = condense(f"{CAUSE} {middle} {STATE} {REMEDY}", most)
    assert len(shown) <= most and shown.startswith(CAUSE) and shown.endswith(f"{STATE} {REMEDY}") and " … " in shown


@pytest.mark.parametrize("most", [1, 5, 8, 40])
def test_no_limit_is_exceeded(most: int) -> None:
    assert len(condense(f"{CAUSE} {SIGHT} {REMEDY}", most)) <= most
    assert len(without_middle("x" * 100, most)) <= most


def test_the_first_few_of_many_things_are_named() -> None:
    assert first_few(["a"], "or") == "a"
    assert first_few(["a", "b"], "or") == "a or b"
    assert first_few(list("abcde"), "and") == "a, b, c and 2 more"
