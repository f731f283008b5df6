# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The oldest supported ansible-core, in addition to the installed one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

OLDER = "2.17"
LIMIT_S = 300


def python_path(folder: Path) -> str:
    """Install that release in the folder; returns PYTHONPATH with it in front. Skips the test if that is impossible."""
    if not (3, 10) <= sys.version_info[:2] <= (3, 12):
        pytest.skip(f"ansible-core {OLDER} does not run on Python {sys.version_info[0]}.{sys.version_info[1]}.")
    release = f"ansible-core~={OLDER}.0"
    words = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), release]
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    if done.returncode:
        pytest.skip(f"ansible-core {OLDER} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
