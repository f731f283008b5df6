# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which folders may contain a key. As root, because the tests need other users' folders."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._files import folders
from ansible_collections.certops.acm.plugins.module_utils._files.folders import read_regular
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.survey import is_alive
from ansible_collections.certops.acm.plugins.module_utils._web_host.servers.haproxy import HaproxyFault, read_pem

OTHER = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")


def opened(path: Path, **how: t.Any) -> str:
    with folders.open_folder(str(path), **how) as folder:
        return os.readlink(f"/proc/self/fd/{folder.descriptor}")


def test_a_folder_of_the_users_own(tmp_path: Path) -> None:
    assert opened(tmp_path) == str(tmp_path)
    with pytest.raises(FileNotFoundError):
        opened(tmp_path / "missing")
    with pytest.raises(NotADirectoryError):
        (tmp_path / "file").touch()
        opened(tmp_path / "file" / "below")


def test_links_are_followed_where_only_the_user_could_have_made_them(tmp_path: Path) -> None:
    (tmp_path / "real" / "below").mkdir(parents=True)
    (tmp_path / "relative").symlink_to("real/../real/./below")
    (tmp_path / "absolute").symlink_to(tmp_path / "relative")
    (tmp_path / "loop").symlink_to("loop")
    assert opened(tmp_path / "absolute") == str(tmp_path / "real" / "below")
    with pytest.raises(OSError, match="symbolic links"):
        opened(tmp_path / "loop")


def test_new_folders_have_their_mode_whatever_the_umask(tmp_path: Path) -> None:
    made = folders.Made()
    for umask in (0, 0o077):
        before = os.umask(umask)
        try:
            opened(tmp_path / f"new{umask}" / "below", make_mode=0o755, made=made)
        finally:
            os.umask(before)
    found = list(tmp_path.rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o755} and len(found) == 4
    (tmp_path / "new0" / "theirs").touch()
    made.take_back()
    assert [path.name for path in tmp_path.rglob("*")] == ["new0", "theirs"]


@pytest.mark.parametrize(
    ("mode", "said"), [(0o777, "everyone"), (0o1777, "everyone"), (0o757, "everyone"), (0o775, "group")]
)
def test_a_folder_that_others_may_write_in(tmp_path: Path, mode: int, said: str) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    os.chmod(shared, mode)
    if said == "group":
        if os.geteuid() != 0:
            pytest.skip("only root can give a folder to another group")
        os.chown(shared, -1, 12345)
    with pytest.raises(InvalidInput, match=f"{shared} is writable by {said}"):
        opened(shared)
    if not mode & stat.S_ISVTX:
        with pytest.raises(InvalidInput, match="is writable by"):
            opened(shared / "new", make_mode=0o755)
        return
    assert opened(shared / "new", make_mode=0o755) == str(shared / "new")


def test_below_a_sticky_folder_as_tmp_is(tmp_path: Path) -> None:
    sticky = tmp_path / "sticky"
    sticky.mkdir()
    os.chmod(sticky, 0o1777)
    (sticky / "mine").mkdir()
    (sticky / "link").symlink_to("mine")
    assert opened(sticky / "mine") == str(sticky / "mine")
    with pytest.raises(InvalidInput, match="everyone"):
        opened(sticky / "link")


def test_errors_name_whole_paths(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("elsewhere")
    with folders.open_folder(str(tmp_path)) as folder:
        for act in (
            lambda: folder.folder("link"),
            lambda: folder.read("link"),
            lambda: folder.create("link", b"", 0o600),
            lambda: folder.make("link", 0o700),
            lambda: folder.link("link", "x"),
            lambda: folder.rmdir("link"),
        ):
            with pytest.raises(OSError) as caught:
                act()
            assert caught.value.filename == str(tmp_path / "link")


@needs_root
def test_through_a_folder_that_may_be_entered_but_not_listed() -> None:
    """Such as other users' homes; a child process tries, since root may list everything."""
    with tempfile.TemporaryDirectory() as home:
        own = Path(home) / "own"
        own.mkdir()
        os.chown(own, OTHER, -1)
        os.chmod(home, 0o711)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                os.setresuid(OTHER, OTHER, OTHER)
                opened(own / "new" / "newer", make_mode=0o700)
                os._exit(0)
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0 and (own / "new" / "newer").stat().st_uid == OTHER


@needs_root
def test_a_folder_of_another_user(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    (theirs / "below").mkdir(parents=True)
    os.chown(theirs, OTHER, -1)
    for path in (theirs, theirs / "below", theirs / "new"):
        with pytest.raises(InvalidInput, match=f"{theirs}.* belongs to user"):
            opened(path, make_mode=0o755)
    assert opened(theirs / "below", owner=OTHER) == str(theirs / "below"), "the files will be theirs anyway"


@needs_root
def test_a_link_made_by_the_files_owner_is_not_followed(tmp_path: Path) -> None:
    """Root would write that user's files wherever they like; a link that root has made is followed."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (tmp_path / "real").mkdir()
    (theirs / "link").symlink_to(tmp_path / "real")
    os.chown(theirs, OTHER, -1)
    assert opened(theirs / "link", owner=OTHER) == str(tmp_path / "real")
    os.chown(theirs / "link", OTHER, -1, follow_symlinks=False)
    with pytest.raises(InvalidInput, match=f"The link {theirs}/link.* belongs to user"):
        opened(theirs / "link", owner=OTHER)
    (tmp_path / "link").symlink_to("real")
    os.chown(tmp_path / "link", OTHER, -1, follow_symlinks=False)
    assert opened(tmp_path / "link") == str(tmp_path / "real"), "only root can have put it there"


@needs_root
def test_below_a_sticky_folder_in_another_users_folder(tmp_path: Path) -> None:
    sticky = tmp_path / "sticky"
    (sticky / "theirs").mkdir(parents=True)
    os.chmod(sticky, 0o1777)
    os.chown(sticky / "theirs", OTHER, -1)
    with pytest.raises(InvalidInput, match="everyone"):
        opened(sticky / "theirs")


def test_a_limited_amount_is_read_and_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(str(tmp_path / "link"), 4) == b"0123"


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    """Nobody writes to it, so opening it like a file would block forever."""
    pipe = str(tmp_path / "app.pid")
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="Not a regular file"):
        read_regular(pipe, 4)
    assert is_alive(pipe) is False
    with pytest.raises(HaproxyFault, match="cannot be read"):
        read_pem(pipe)
    with pytest.raises(OSError, match="Not a regular file"):
        read_regular("/dev/zero", 4)
