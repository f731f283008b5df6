# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks: one holder, given back when it ends, and a wait that ends."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.certops.acm.plugins.module_utils._files.locks import turn, wait_for


def test_a_turn_is_one_run_s_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with turn(path) as is_ours:
        with turn(path) as is_theirs:
            assert (is_ours, is_theirs) == (True, False)
    with turn(path) as is_ours:
        assert is_ours
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_wait_ends_when_the_holder_does_or_when_time_is_up(tmp_path: Path) -> None:
    holder, waiter = os.open(tmp_path, os.O_RDONLY), os.open(tmp_path, os.O_RDONLY)
    assert wait_for(holder, 0)
    assert not wait_for(waiter, 0.05)
    os.close(holder)
    assert wait_for(waiter, 0)
    os.close(waiter)
