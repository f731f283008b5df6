# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the tools report that something around them is wrong."""

from __future__ import annotations

import sys


class Trouble(Exception):
    """One sentence for the user: what is wrong, where, and what to do."""


def say(text: str = "", end: str = "\n") -> None:
    print(text, end=end, file=sys.stderr, flush=True)
