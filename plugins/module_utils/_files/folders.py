# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders that can be trusted with a private key, opened once and then used by descriptor. Standard library only.

Whoever can write to a folder decides what is in it: a link to another file, or a file whose owner would be given the
next key. So a key is written only where nobody except root, the running user and the owner of the file could have put
anything. A folder is reached from the root, each step by the descriptor of the previous one, and everything in it is
done by its descriptor: in the folder that was checked, whatever its path leads to by then."""

from __future__ import annotations

import contextlib
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
# for folders that may be passed through but not listed, such as a home of mode 0711
_PASS = _OPEN | getattr(os, "O_PATH", 0)
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # opening a pipe does not block
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_PROC = "/proc/self/fd"

# Sets the SELinux context of the file at the first path to the policy's for the second; returns whether it differed.
RestoreContext = t.Callable[[str, str], bool]


class Folder:
    """An open folder, and what is done in it, by names without a path. No link is followed.

    path: how it was reached, for messages. The operating system's errors contain whole paths.
    """

    def __init__(self, descriptor: int, path: str) -> None:
        self.descriptor = descriptor
        self.path = path

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1

    def copy(self) -> Folder:
        """The same folder with a descriptor of its own, which has to be closed separately."""
        return Folder(os.dup(self.descriptor), self.path)

    def path_to(self, name: str) -> str:
        """A path for callers that need one: through the descriptor, if the kernel supports that."""
        return os.path.join(f"{_PROC}/{self.descriptor}" if os.path.isdir(_PROC) else self.path, name)

    # --- who may write to it -------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise InvalidInput if anybody except root and the running user may write to it."""
        obstacle = _obstacle(os.fstat(self.descriptor), {0, os.geteuid()})
        if obstacle:
            raise _refusal(self.path, self.path, obstacle)

    @property
    def is_own(self) -> bool:
        """Whether only root and the running user may write to it."""
        return _obstacle(os.fstat(self.descriptor), {0, os.geteuid()}) is None

    def set_access(self, mode: int, group: t.Optional[int] = None) -> None:
        """Set the folder's own mode and group; a group of None is kept."""
        if group not in (None, os.fstat(self.descriptor).st_gid):
            os.fchown(self.descriptor, -1, group)
        os.fchmod(self.descriptor, mode)

    # --- what is in it -------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        return os.listdir(self.descriptor)

    def status(self, name: str = ".") -> t.Optional[os.stat_result]:
        """What lstat(2) returns; None if there is nothing."""
        with self._naming(name):
            try:
                return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
            except FileNotFoundError:
                return None

    def target(self, name: str) -> str:
        """The target of a link. Raises OSError if it is not a link."""
        with self._naming(name):
            return os.readlink(name, dir_fd=self.descriptor)

    def open(self, name: str, flags: int, mode: int = 0) -> int:
        """The descriptor of a file, which the caller closes. Raises OSError for a link."""
        with self._naming(name):
            return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=self.descriptor)

    def read(self, name: str, most: int = -1) -> tuple[bytes, os.stat_result]:
        """The first MOST octets of a regular file, and its status. Raises OSError for anything else."""
        with self._naming(name):
            return _read(self.open(name, _READ), most)

    def folder(self, name: str, flags: int = _OPEN) -> Folder:
        """A subfolder, which the caller closes. Raises OSError for anything else."""
        with self._naming(name):
            return Folder(os.open(name, flags, dir_fd=self.descriptor), os.path.join(self.path, name))

    # --- what changes it -----------------------------------------------------------------------------------------

    def make(self, name: str, mode: int) -> Folder:
        """A new subfolder, which the caller closes; the umask does not change its mode. Raises FileExistsError."""
        with self._naming(name):
            os.mkdir(
                name, mode, dir_fd=self.descriptor
            )  # if the run is killed here, the folder's mode is at most too strict
        made = self.folder(name)
        os.fchmod(made.descriptor, mode)
        self.sync()
        return made

    def create(
        self,
        name: str,
        content: bytes,
        mode: int,
        *,
        owner: t.Optional[int] = None,
        group: t.Optional[int] = None,
        restore_context: t.Optional[RestoreContext] = None,
        final_path: str = "",
    ) -> None:
        """A new file, on disk when this returns. Nobody may open it until its owner, mode and context are right.

        An owner or group of None is the running user's. final_path: what it will be renamed to.
        """
        with self._naming(name):
            descriptor = self.open(name, _CREATE)
            try:
                _give(descriptor, mode, owner, group)
                if restore_context:
                    restore_context(self.path_to(name), final_path or os.path.join(self.path, name))
                view = memoryview(content)
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fsync(descriptor)
            except BaseException:
                with contextlib.suppress(OSError):
                    self.unlink(name)
                raise
            finally:
                os.close(descriptor)

    def mend(
        self,
        name: str,
        mode: int,
        *,
        owner: t.Optional[int] = None,
        group: t.Optional[int] = None,
        restore_context: t.Optional[RestoreContext] = None,
    ) -> None:
        """Set mode, owner, group and context of an existing file; an owner or group of None is kept."""
        with self._naming(name):
            descriptor = self.open(name, _READ)
            try:
                _give(descriptor, mode, owner, group)
            finally:
                os.close(descriptor)
            if restore_context:
                restore_context(self.path_to(name), os.path.join(self.path, name))

    def link(self, name: str, target: str) -> None:
        """A new symbolic link."""
        with self._naming(name):
            os.symlink(target, name, dir_fd=self.descriptor)

    def rename(self, old: str, new: str) -> None:
        with self._naming(new):
            os.rename(old, new, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def unlink(self, name: str) -> None:
        """Remove a file or link, if it exists."""
        with self._naming(name), contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.descriptor)

    def rmdir(self, name: str) -> None:
        """Remove an empty folder."""
        with self._naming(name):
            os.rmdir(name, dir_fd=self.descriptor)

    def remove(self, name: str) -> None:
        """Remove whatever has this name, including the content of a folder."""
        status = self.status(name)
        if status is None or not stat.S_ISDIR(status.st_mode):
            self.unlink(name)
            return
        with self.folder(name) as inner:
            for each in inner.names():
                inner.remove(each)
        self.rmdir(name)

    def sync(self) -> None:
        """Flush its entries to disk; only then does a rename survive a power failure."""
        os.fsync(self.descriptor)

    @contextlib.contextmanager
    def _naming(self, name: str) -> t.Iterator[None]:
        try:
            yield
        except OSError as error:
            error.filename = os.path.normpath(os.path.join(self.path, name))
            raise


class Made:
    """Folders that were created for something, and are removed again if that fails."""

    def __init__(self) -> None:
        self._entries: list[tuple[Folder, str]] = []

    def note(self, parent: Folder, name: str) -> None:
        self._entries.append((parent.copy(), name))

    def take_back(self) -> None:
        """Remove those that are empty."""
        for parent, name in reversed(self._entries):
            with contextlib.suppress(OSError):
                parent.rmdir(name)
        self.keep()

    def keep(self) -> None:
        for parent, _name in self._entries:
            parent.close()
        self._entries.clear()


def open_folder(
    path: str,
    *,
    owner: t.Optional[int] = None,
    make_mode: t.Optional[int] = None,
    made: t.Optional[Made] = None,
    restore_context: t.Optional[RestoreContext] = None,
) -> Folder:
    """The folder PATH, which the caller closes.

    owner: a user who may also write there, since the files will be theirs, but whose links are not followed. make_mode:
    create missing folders, with this mode whatever the umask; each new folder is noted in `made`. Raises OSError, and
    InvalidInput with one sentence for a folder that somebody else may write to.
    """
    trusted = {0, os.geteuid(), *([] if owner is None else [owner])}
    pending = [part for part in os.path.abspath(path).split("/") if part][::-1]
    here, links = Folder(os.open("/", _PASS), "/"), 0
    try:
        while True:
            obstacle = _obstacle(os.fstat(here.descriptor), trusted)
            if not pending:
                if obstacle:
                    raise _refusal(path, here.path, obstacle)
                found = here.folder(".")
                found.path = os.path.abspath(path)
                return found
            # In a sticky folder such as /tmp others can create entries, but cannot replace the folder of a trusted user.
            is_sticky = bool(os.fstat(here.descriptor).st_mode & stat.S_ISVTX)
            if obstacle and not is_sticky:
                raise _refusal(path, here.path, obstacle)
            name = pending.pop()
            status = here.status(name)
            if status is None and make_mode is not None:
                with here.folder(".") as parent:
                    _make(parent, name, make_mode, made, restore_context)
                status = here.status(name)
            if status is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.path.join(here.path, name))
            if obstacle and (status.st_uid not in trusted or stat.S_ISLNK(status.st_mode)):
                raise _refusal(path, here.path, obstacle)
            if stat.S_ISLNK(status.st_mode):
                links += 1
                if links > MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                if status.st_uid not in (0, os.geteuid()) and not here.is_own:
                    raise InvalidInput(
                        f"The link {os.path.join(here.path, name)}, through which {path} is reached, belongs to user "
                        f"{_user(status.st_uid)}, who could redirect these files anywhere; give the folder itself."
                    )
                target = here.target(name)
                pending += [part for part in target.split("/") if part and part != "."][::-1]
                there = Folder(os.open("/", _PASS), "/") if target.startswith("/") else here.copy()
            else:
                there = here.folder(name, _PASS)
                there.path = os.path.normpath(there.path)
            here.close()
            here = there
    finally:
        here.close()


def read_regular(path: str, most: int) -> bytes:
    """The first MOST octets of a regular file, links followed. Raises OSError.

    Somebody else may have put a pipe there, which would block whoever opens it, or a device that never ends.
    """
    return _read(os.open(path, _READ), most)[0]


def open_any(path: str) -> Folder:
    """The folder PATH, whoever may write to it, which the caller closes. Raises OSError."""
    return Folder(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), path)


def remove(path: str) -> None:
    """Remove whatever is at PATH, including the content of a folder. No link below it is followed."""
    parent, name = os.path.split(os.path.abspath(path))
    with open_any(parent) as folder:
        folder.remove(name)


def _read(descriptor: int, most: int) -> tuple[bytes, os.stat_result]:
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(most), status
    finally:
        os.close(descriptor)


def _make(
    parent: Folder, name: str, mode: int, made: t.Optional[Made], restore_context: t.Optional[RestoreContext]
) -> None:
    try:
        folder = parent.make(name, mode)
    except FileExistsError:  # another run was faster, and both use it
        return
    with folder:
        if made is not None:
            made.note(parent, name)
        if restore_context:
            restore_context(folder.path_to("."), folder.path)


def _give(descriptor: int, mode: int, owner: t.Optional[int], group: t.Optional[int]) -> None:
    status = os.fstat(descriptor)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & mode)  # restrict it first
    uid = -1 if owner in (None, status.st_uid) else owner
    gid = -1 if group in (None, status.st_gid) else group
    if (uid, gid) != (-1, -1):
        os.fchown(descriptor, uid, gid)
    os.fchmod(descriptor, mode)


def _obstacle(status: os.stat_result, trusted: t.Collection[int]) -> t.Optional[str]:
    """Who else may write to a folder, as a clause; None if nobody else may."""
    if status.st_uid not in trusted:
        return f"belongs to user {_user(status.st_uid)}"
    if status.st_mode & stat.S_IWOTH:
        return "is writable by everyone"
    if status.st_mode & stat.S_IWGRP and not _is_private(status.st_gid, trusted):
        return f"is writable by group {_group(status.st_gid)}"
    return None


def _is_private(gid: int, trusted: t.Collection[int]) -> bool:
    """Whether only trusted users are in the group. A system group without members counts as private; any other group
    without members may belong to a directory service, whose users are not listed here."""
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
        "choose a folder to which only root or the files' owner can write."
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
