# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that a write left behind when it was killed: .NAME-xxxxxxxx, as tempfile makes them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import time

OLD_S = 3600.0  # no write takes that long


def remove(folder: str, name: str = "") -> None:
    """Remove what is old and ours in a folder; of writes of `name` only, where that is given."""
    pattern = re.compile(rf"\.{re.escape(name) if name else '.+'}-[a-z0-9_]{{8}}")
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if not pattern.fullmatch(entry.name):
                continue
            with contextlib.suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                if found.st_uid != os.geteuid() or time.time() - found.st_mtime <= OLD_S:
                    continue
                if stat.S_ISDIR(found.st_mode):
                    shutil.rmtree(entry.path)
                elif stat.S_ISREG(found.st_mode):
                    os.unlink(entry.path)
