# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/authority.md: an authority is created, and its first certificate requested, exported and verified."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.certops.acm.tests.support.guide_reader import Reader
from ansible_collections.certops.acm.tests.support.programs import require


def test_guide(tmp_path: Path) -> None:
    require("openssl")
    Reader("authority.md", tmp_path, places={"/srv/acm": f"{tmp_path}/acm"}).follow("Create one")
