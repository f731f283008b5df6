# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that somebody else may have put there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._files.regular import read_regular
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.survey import is_alive
from ansible_collections.certops.acm.plugins.module_utils._web_host.servers.haproxy import HaproxyFault, read_pem


def test_only_so_much_is_read_and_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(str(tmp_path / "link"), 4) == b"0123"


def test_a_pipe_holds_nobody_up(tmp_path: Path) -> None:
    """Nobody writes to it: whoever opens it as a file is opened waits for ever."""
    pipe = str(tmp_path / "app.pid")
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="Not a regular file"):
        read_regular(pipe, 4)
    assert is_alive(pipe) is False
    with pytest.raises(HaproxyFault, match="cannot be read"):
        read_pem(pipe)
    with pytest.raises(OSError, match="Not a regular file"):
        read_regular("/dev/zero", 4)
