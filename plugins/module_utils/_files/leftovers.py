# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files left behind by a write that was killed: .NAME-xxxxxxxx, as tempfile names them."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time

from .folders import open_any

OLD_S = 3600.0  # no write takes that long


def remove(path: str, name: str = "") -> None:
    """Remove our old temporary files from a folder; with `name`, only those of writes to that file."""
    pattern = re.compile(rf"\.{re.escape(name) if name else '.+'}-[a-z0-9_]{{8}}")
    with contextlib.suppress(OSError), open_any(path) as folder:
        for found in filter(pattern.fullmatch, folder.names()):
            with contextlib.suppress(OSError):
                status = folder.status(found)
                if status is None or status.st_uid != os.geteuid() or time.time() - status.st_mtime <= OLD_S:
                    continue
                if stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode):
                    folder.remove(found)
