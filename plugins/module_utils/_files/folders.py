# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders that may be trusted with a private key, opened once and then used by descriptor. Standard library only.

Who can write in a folder decides what lies there: a link to another file, a file whose owner would be handed the next
key. So a key goes only where root, the running user or the owner of the file alone could have put anything. A folder is
walked to from the root, each step by the descriptor of the one before, so that nothing can be exchanged on the way.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
import typing as t

from .._rules.errors import InvalidInput

MOST_LINKS = 40  # as Linux counts
STATIC_GROUPS = 100  # Debian's and Red Hat's own groups, such as staff, have lower numbers
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def open_folder(
    path: str,
    *,
    owner: t.Optional[int] = None,
    make_mode: t.Optional[int] = None,
    made: t.Optional[list[str]] = None,
) -> int:
    """A descriptor of the folder PATH, which the caller closes.

    owner: a user who may also write there, since the files will be theirs. make_mode: make what is missing, with this
    mode whatever the umask; each folder that was made is added to `made`. Raises OSError, and InvalidInput with one
    sentence for a folder that somebody else may write in.
    """
    trusted = {0, os.geteuid(), *([] if owner is None else [owner])}
    pending = [part for part in os.path.abspath(path).split("/") if part][::-1]
    here, shown, links = os.open("/", _OPEN), "/", 0
    try:
        while True:
            obstacle = _obstacle(os.fstat(here), trusted)
            if not pending:
                if obstacle:
                    raise _refusal(path, shown, obstacle)
                return here
            # In a sticky folder such as /tmp others can make entries, but not exchange the folder of a trusted user.
            is_sticky = bool(os.fstat(here).st_mode & stat.S_ISVTX)
            if obstacle and not is_sticky:
                raise _refusal(path, shown, obstacle)
            name = pending.pop()
            status = _status(name, here)
            if status is None and make_mode is not None:
                _make(name, here, make_mode)
                status = os.stat(name, dir_fd=here, follow_symlinks=False)
                if made is not None:
                    made.append(os.path.join(shown, name))
            if status is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.path.join(shown, name))
            if obstacle and (status.st_uid not in trusted or stat.S_ISLNK(status.st_mode)):
                raise _refusal(path, shown, obstacle)
            if stat.S_ISLNK(status.st_mode):
                links += 1
                if links > MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                target = os.readlink(name, dir_fd=here)
                pending += [part for part in target.split("/") if part and part != "."][::-1]
                if target.startswith("/"):
                    here, shown = _step("/", here, None), "/"
                continue
            here = _step(name, here, here)
            shown = os.path.normpath(os.path.join(shown, name))
    except BaseException:
        os.close(here)
        raise


def make_folders(path: str, mode: int = 0o755) -> list[str]:
    """Make PATH and what is missing above it; returns what was made, outermost first. Raises as open_folder() does."""
    made: list[str] = []
    os.close(open_folder(path, make_mode=mode, made=made))
    return made


def check_folder(path: str) -> None:
    """Raise InvalidInput if somebody else may write in PATH, or in what leads to it, as far as that exists."""
    path = os.path.abspath(path)
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    os.close(open_folder(path))


def is_own_folder(path: str) -> bool:
    """Whether only root and the running user could have made what is in PATH."""
    try:
        os.close(open_folder(path))
    except (OSError, InvalidInput):
        return False
    return True


def sync_folder(path: str) -> None:
    """sync() of a folder by its path."""
    descriptor = os.open(path, _OPEN)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def sync(descriptor: int) -> None:
    """Have the names in a folder on the disk: a rename is safe from a power cut only then."""
    os.fsync(descriptor)


def _step(name: str, here: int, base: t.Optional[int]) -> int:
    there = os.open(name, _OPEN, dir_fd=base)
    os.close(here)
    return there


def _status(name: str, here: int) -> t.Optional[os.stat_result]:
    try:
        return os.stat(name, dir_fd=here, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _make(name: str, here: int, mode: int) -> None:
    """In one step, so that of two runs one makes it and both use it, and with its mode from the beginning where the umask
    lets it: who is killed half-way leaves at most a folder that is narrower."""
    try:
        os.mkdir(name, mode, dir_fd=here)
    except FileExistsError:  # another run was quicker
        return
    descriptor = os.open(name, _OPEN, dir_fd=here)
    try:
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)
    os.fsync(here)


def _obstacle(status: os.stat_result, trusted: t.Collection[int]) -> t.Optional[str]:
    """Who else may write in a folder, as a clause; None when nobody else may."""
    if status.st_uid not in trusted:
        return f"belongs to user {_user(status.st_uid)}"
    if status.st_mode & stat.S_IWOTH:
        return "is writable by everyone"
    if status.st_mode & stat.S_IWGRP and not _is_private(status.st_gid, trusted):
        return f"is writable by group {_group(status.st_gid)}"
    return None


def _is_private(gid: int, trusted: t.Collection[int]) -> bool:
    """Whether only trusted users are in the group. One of the system's own without a member counts as private; any
    other without one may be a directory service's, whose users are not listed here."""
    if gid == 0:
        return True
    try:
        members = {pwd.getpwnam(name).pw_uid for name in grp.getgrgid(gid).gr_mem}
    except KeyError:
        return False
    members |= {user.pw_uid for user in pwd.getpwall() if user.pw_gid == gid}
    return members <= set(trusted) and (bool(members) or gid < STATIC_GROUPS)


def _refusal(path: str, folder: str, obstacle: str) -> InvalidInput:
    inside = "" if folder == os.path.abspath(path) else f", through which {path} is reached,"
    return InvalidInput(
        f"The folder {folder}{inside} {obstacle}, who could replace these files; "
        "choose a folder that only root or the files' owner can write in."
    )


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
