# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lock files, and whom what root makes in a directory belongs to."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._files import ownership


def test_only_one_run_at_a_time_has_its_turn(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with ownership.turn(path) as is_ours:
        with ownership.turn(path) as is_theirs:
            assert (is_ours, is_theirs) == (True, False)
    with ownership.turn(path) as is_ours:
        assert is_ours
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_lock_file_is_its_owners(tmp_path: Path) -> None:
    for _time in range(2):
        os.close(ownership.open_lock(str(tmp_path / "lock")))
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        ownership.open_lock(str(tmp_path / "link"))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_what_root_makes_is_the_folders_owners(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    folder = tmp_path / "folder"
    folder.mkdir()
    os.chown(folder, nobody, -1)
    os.close(ownership.open_lock(str(folder / "lock")))
    assert (folder / "lock").stat().st_uid == nobody
    (folder / "theirs").touch()
    os.close(ownership.open_lock(str(folder / "theirs")))
    assert (folder / "theirs").stat().st_uid == 0  # a file that exists is not given away
    assert ownership.owner_for_root(str(folder)) == nobody
    tmp_path.chmod(0o1777)
    assert ownership.owner_for_root(str(folder)) is None
