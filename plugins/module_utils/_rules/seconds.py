# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long options may let something take. Pure."""

from __future__ import annotations

import typing as t

from .errors import InvalidInput

DAY_S = 86400
# The options of a deployment; the lock is held for all of them but its own, so these are shorter.
OF_A_DEPLOYMENT = {"timeout": 3600, "steady_for": 3600, "command_timeout": 3600, "lock_timeout": DAY_S}
MORE_THAN_0 = ("command_timeout",)


def check_seconds(option: str, value: float, longest: int, may_be_0: bool = True) -> None:
    """Raise InvalidInput unless VALUE is a number of seconds, neither negative nor longer than LONGEST."""
    if not (0 < value <= longest or (may_be_0 and value == 0)):
        least = "0 or more" if may_be_0 else "more than 0"
        raise InvalidInput(f"{option} is {value:g}; give a number of seconds, {least} and at most {longest}.")


def check_deployment(options: t.Mapping[str, t.Any], prefix: str = "") -> None:
    """The same for the options of a deployment that are given. prefix: before their names, where the user sets them."""
    for option, longest in OF_A_DEPLOYMENT.items():
        if option in options:
            check_seconds(f"{prefix}{option}", options[option], longest, option not in MORE_THAN_0)
