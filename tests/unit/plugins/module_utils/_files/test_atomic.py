# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that nobody ever sees half-written, and keys that nobody else can read."""

from __future__ import annotations

import errno
import os
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._files import atomic, folders
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

OTHER = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")

# --- as root -----------------------------------------------------------------------------------------------------------


@needs_root
def test_a_key_is_not_given_to_the_previous_owner_of_the_file(tmp_path: Path) -> None:
    """The owner is kept only where nobody else can have put the file there."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
        (folder / "privkey.pem").write_bytes(b"old")
        os.chown(folder / "privkey.pem", 12345, 12345)
    os.chown(theirs, OTHER, -1)
    for folder, uid in ((ours, None), (theirs, OTHER)):
        spec = atomic.FileSpec("key", str(folder / "privkey.pem"), 0o600, uid)
        with atomic.locked([spec]) as held:
            atomic.write(held, [(spec, b"new")])
    assert (os.stat(ours / "privkey.pem").st_uid, os.stat(ours / "privkey.pem").st_gid) == (12345, 12345)
    assert (os.stat(theirs / "privkey.pem").st_uid, os.stat(theirs / "privkey.pem").st_gid) == (OTHER, 0)


@needs_root
def test_a_link_in_place_of_the_file_is_replaced_and_its_owner_and_mode_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"other")
    os.chown(tmp_path / "other", 12345, 12345)
    (tmp_path / "privkey.pem").symlink_to("other")
    spec = atomic.FileSpec("key", str(tmp_path / "privkey.pem"), 0o600)
    with pytest.raises(InvalidInput, match="symbolic link"):
        atomic.read(spec)
    with atomic.locked([spec]) as held:
        atomic.write(held, [(spec, b"new")])
    status = os.lstat(tmp_path / "privkey.pem")
    assert stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
    assert (tmp_path / "other").read_bytes() == b"other"


# --- as any user -------------------------------------------------------------------------------------------------------


def spec_of(path: Path, mode: int = 0o600) -> atomic.FileSpec:
    return atomic.FileSpec("key", str(path), mode)


def write(*files: tuple[Path, bytes], **how: t.Any) -> None:
    wanted = [(spec_of(path), content) for path, content in files]
    with atomic.locked([spec for spec, _content in wanted]) as held:
        atomic.write(held, wanted, **how)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def test_written_files_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "privkey.pem"
    before = os.umask(0)
    try:
        write((path, b"key"))
    finally:
        os.umask(before)
    assert atomic.read(spec_of(path)) == atomic.Present(b"key", 0o600, os.geteuid(), os.getegid())
    assert names(tmp_path) == ["new", "privkey.pem"]
    assert atomic.read(spec_of(tmp_path / "absent")) is None is atomic.read(spec_of(tmp_path / "absent" / "file"))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.symlink_to("/etc/hostname"), "is a symbolic link; give the file that it points to"),
        (os.mkfifo, "is not a regular file; move it away"),
        (os.mkdir, "is not a regular file; move it away"),
    ],
)
def test_only_regular_files_are_read(tmp_path: Path, make: t.Callable[[Path], None], said: str) -> None:
    make(tmp_path / "key")
    with pytest.raises(InvalidInput, match=f"{tmp_path}/key {said}"):
        atomic.read(spec_of(tmp_path / "key"))


def test_differences_in_access() -> None:
    present = atomic.Present(b"", 0o644, 1, 2)
    same = atomic.FileSpec("key", "/key", 0o644)
    assert atomic.access_differences(same, present) == []
    assert atomic.access_differences(same._replace(uid=1, gid=2), present) == []
    wanted = same._replace(mode=0o600, uid=3, gid=4)
    assert atomic.access_differences(wanted, present) == ["its mode was 0644", "its owner was 1", "its group was 2"]


def test_nobody_can_open_a_file_before_it_is_complete(tmp_path: Path) -> None:
    """It is renamed last: until then the content has another name, which only its owner can open."""
    seen = []

    def restore(path: str, final_path: str) -> bool:
        status = os.stat(path)
        seen.append((final_path, stat.S_IMODE(status.st_mode), status.st_size, os.path.exists(final_path)))
        return False

    files = [tmp_path / "a.pem", tmp_path / "b.pem"]
    write(*((path, b"key") for path in files), restore_context=restore)
    assert [(path, is_there) for path, _mode, _size, is_there in seen] == [(str(path), False) for path in files]
    assert all(mode & 0o077 == 0 and size == 0 for _path, mode, size, _is_there in seen)


def test_either_all_files_are_written_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pem").write_bytes(b"old")
    create, created = folders.Folder.create, []

    def full(self: folders.Folder, name: str, *arguments: t.Any, **members: t.Any) -> t.Any:
        created.append(name)
        if len(created) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return create(self, name, *arguments, **members)

    monkeypatch.setattr(folders.Folder, "create", full)
    with pytest.raises(InvalidInput, match="^There is no space left for .*b.pem; free some and run again.$"):
        write((tmp_path / "a.pem", b"new"), (tmp_path / "new" / "b.pem", b"new"))
    assert (tmp_path / "a.pem").read_bytes() == b"old"
    assert names(tmp_path) == ["a.pem"], "neither the first file nor the new folder is left"


def test_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".a.pem.0123456789abcdef").write_bytes(b"half a key")
    for name in (".a.pem.0123", ".b.pem.0123456789abcdef", "a.pem.0123456789abcdef"):
        (tmp_path / name).write_bytes(b"of somebody else")
    write((tmp_path / "a.pem", b"key"))
    assert names(tmp_path) == [".a.pem.0123", ".b.pem.0123456789abcdef", "a.pem", "a.pem.0123456789abcdef"]


def test_access_is_corrected_and_the_content_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.pem"
    path.write_bytes(b"key")
    path.chmod(0o666)
    with atomic.locked([spec_of(path, 0o640)]) as held:
        atomic.mend_access(held, [spec_of(path, 0o640)])
        with pytest.raises(
            InvalidInput, match="absent cannot be read or written .*; check the path and its permissions"
        ):
            atomic.mend_access(held, [spec_of(tmp_path / "absent")])
    assert (stat.S_IMODE(path.stat().st_mode), path.read_bytes()) == (0o640, b"key")


def test_another_run_is_waited_for_but_not_indefinitely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "LOCK_TIMEOUT_S", 0)
    with atomic.locked([spec_of(tmp_path / "a.pem")]):
        with pytest.raises(InvalidInput, match="Another run has locked"):
            write((tmp_path / "b.pem", b"key"))
    write((tmp_path / "b.pem", b"key"))
