# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shared by a module and its action plugin, so that a long wait can be shown (plugin_utils/progress.py). Pure."""

from __future__ import annotations

VARIABLE = "CERTOPS_ACM_PROGRESS"  # the environment variable with the path of the file
LONGEST = 2000  # characters of the file that are shown
