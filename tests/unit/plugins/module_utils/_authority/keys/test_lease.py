# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has an authority open."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.keys.lease import Lease
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput


def test_a_lease_needs_write_access(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="run as its owner"):
        with Lease(str(tmp_path / "absent")).alone():
            pass
