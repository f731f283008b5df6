# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that a write left behind when it was killed: .NAME-xxxxxxxx, as tempfile makes them."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time

from .._files.folders import open_any

OLD_S = 3600.0  # no write takes that long


def remove(path: str, name: str = "") -> None:
    """Remove what is old and ours in a folder; of writes of `name` only, where that is given."""
    pattern = re.compile(rf"\.{re.escape(name) if name else '.+'}-[a-z0-9_]{{8}}")
    with contextlib.suppress(OSError), open_any(path) as folder:
        for found in filter(pattern.fullmatch, folder.names()):
            with contextlib.suppress(OSError):
                status = folder.status(found)
                if status is None or status.st_uid != os.geteuid() or time.time() - status.st_mtime <= OLD_S:
                    continue
                if stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode):
                    folder.remove(found)
