# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits for options that are a number of seconds."""

from __future__ import annotations

import math

import pytest

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._rules.seconds import check_deployment, check_seconds


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.1, 60.1])
def test_impossible_numbers_of_seconds_are_refused(value: float) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_seconds("timeout", value, 60)
    assert str(caught.value) == f"timeout is {value:g}; give a number of seconds, 0 or more and at most 60."


def test_both_ends_are_accepted_unless_0_makes_no_sense() -> None:
    for value in (0, 0.1, 60):
        check_seconds("timeout", value, 60)
    with pytest.raises(InvalidInput, match="timeout is 0; give a number of seconds, more than 0 and at most 60"):
        check_seconds("timeout", 0, 60, may_be_0=False)


def test_an_option_of_a_deployment_is_named_as_the_user_sets_it() -> None:
    check_deployment({"lock_timeout": 86400}, "acm_deploy_")
    with pytest.raises(InvalidInput, match="^acm_deploy_command_timeout is 0; give"):
        check_deployment({"command_timeout": 0}, "acm_deploy_")
