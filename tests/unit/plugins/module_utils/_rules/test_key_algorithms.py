# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How key algorithms are spelled."""

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules import key_algorithms


@pytest.mark.parametrize(
    ("described", "spelled"),
    [("RSA-2048", "RSA_2048"), ("RSA_2048", "RSA_2048"), ("EC-prime256v1", "EC_prime256v1"), ("", "")],
)
def test_one_spelling(described: str, spelled: str) -> None:
    assert key_algorithms.spell(described) == spelled


def test_what_can_be_requested_can_be_listed() -> None:
    assert set(key_algorithms.REQUEST_KEY_ALGORITHMS) <= set(key_algorithms.KEY_ALGORITHMS)
    assert key_algorithms.DEFAULT_KEY_ALGORITHM in key_algorithms.REQUEST_KEY_ALGORITHMS
