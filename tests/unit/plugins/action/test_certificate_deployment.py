# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that did not answer: killed halfway, or never started."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.certops.acm.plugins.action.certificate_deployment import was_killed


@pytest.mark.parametrize(
    ("code", "is_so"), [(137, True), (143, True), (-9, True), (127, False), (1, False), (None, False), ("137", False)]
)
def test_which_exit_codes_mean_a_signal(code: t.Any, is_so: bool) -> None:
    assert was_killed(code) is is_so
