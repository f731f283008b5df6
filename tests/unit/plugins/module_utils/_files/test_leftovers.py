# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What killed writes left behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ansible_collections.certops.acm.plugins.module_utils._files import leftovers


def test_leftovers_of_killed_writes_are_removed(tmp_path: Path) -> None:
    old, fresh, ours = ".trust.pem-abcd1234", ".trust.pem-efgh5678", "a.crt"
    for name in (old, fresh, ours):
        (tmp_path / name).write_text("half")
    (tmp_path / ".auth-abcd1234").mkdir()
    (tmp_path / ".auth-abcd1234" / "acm.sqlite3").touch()
    past = time.time() - 7200
    for name in (old, ours, ".auth-abcd1234"):
        os.utime(tmp_path / name, (past, past))
    leftovers.remove(str(tmp_path), "auth")
    assert {path.name for path in tmp_path.iterdir()} >= {old, fresh, ours} and not (
        tmp_path / ".auth-abcd1234"
    ).exists()
    leftovers.remove(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {fresh, ours}
