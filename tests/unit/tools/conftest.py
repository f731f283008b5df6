# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from pathlib import Path

# The files of tools/ are a program, not a package: they import each other by their bare names.
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))
