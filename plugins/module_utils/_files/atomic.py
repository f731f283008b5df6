# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files written so that nobody ever sees half of one, or reads a key that is not theirs. Standard library only.

A file is made under another name in its own folder with no permissions at all, gets its owner and mode, then its
content, reaches the disk, and is renamed. All files of a set are made before the first is renamed. Whoever writes holds
the folders against other runs, so that no set is ever mixed, and what a killed run left there is dead and removed.
Folders are opened once, by folders.py, and used by descriptor.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import typing as t

from .._rules.errors import InvalidInput
from . import locks
from .folders import open_folder, sync

MAX_OCTETS = 4 * 2**20
FOLDER_MODE = 0o755
LOCK_TIMEOUT_S = 60

# Sets the SELinux context of the file at the first path as the policy wants it at the second; says whether it differed.
RestoreContext = t.Callable[[str, str], bool]
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FileSpec(t.NamedTuple):
    """A file that is wanted. An owner or group of None stays as it is, at first the running user's."""

    form: str
    path: str
    mode: int
    uid: t.Optional[int] = None
    gid: t.Optional[int] = None


class Present(t.NamedTuple):
    """A file that is there."""

    content: bytes
    mode: int
    uid: int
    gid: int


Held = t.Mapping[str, int]  # a folder's path → its descriptor


def read(spec: FileSpec) -> t.Optional[Present]:
    """What is at the path of SPEC; None when there is nothing. Raises InvalidInput for a folder that others may write
    in, and for what is not a regular file."""
    try:
        folder = open_folder(os.path.dirname(spec.path), owner=spec.uid)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise fault(spec.path, error) from error
    try:
        return _read(spec.path, folder)
    finally:
        os.close(folder)


def _read(path: str, folder: int) -> t.Optional[Present]:
    try:
        descriptor = os.open(os.path.basename(path), _READ, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise InvalidInput(f"{path} is a symbolic link; name the file that it leads to, or remove it.") from error
        raise fault(path, error) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise InvalidInput(f"{path} is not a regular file; move it away, or name another.")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(MAX_OCTETS + 1)
    finally:
        os.close(descriptor)
    return Present(content, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def access_differences(spec: FileSpec, present: Present) -> list[str]:
    """How owner, group and mode are not as wanted, each as a clause."""
    found = []
    if present.mode != spec.mode:
        found.append(f"its mode was {present.mode:04o}")
    if spec.uid not in (None, present.uid):
        found.append(f"its owner was {present.uid}")
    if spec.gid not in (None, present.gid):
        found.append(f"its group was {present.gid}")
    return found


@contextlib.contextmanager
def locked(specs: t.Sequence[FileSpec]) -> t.Iterator[Held]:
    """Hold the folders of these files against other runs. Those that are missing are made, and removed again if all
    fails. Raises InvalidInput."""
    made: list[str] = []
    held: dict[str, int] = {}
    locks_held: list[tuple[int, t.Optional[int]]] = []
    path = ""
    try:
        for spec in sorted(specs, key=lambda spec: spec.path):
            path = os.path.dirname(spec.path)
            if path not in held:
                held[path] = open_folder(path, owner=spec.uid, make_mode=FOLDER_MODE, made=made)
        # One order for all runs, or two of them could wait for each other; and two names may lead to one folder.
        by_identity = {(os.fstat(each).st_dev, os.fstat(each).st_ino): (path, each) for path, each in held.items()}
        for _identity, (path, descriptor) in sorted(by_identity.items()):
            lock = locks.hold_folder(descriptor, path, LOCK_TIMEOUT_S)
            locks_held.append((descriptor, lock))
            if lock is not None:
                _remove_leftovers(descriptor, [os.path.basename(spec.path) for spec in specs])
        yield held
    except BaseException as error:
        _release(locks_held)
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        if isinstance(error, OSError):
            raise fault(path, error) from error
        raise
    finally:
        _release(locks_held)
        for descriptor in held.values():
            os.close(descriptor)


def write(
    held: Held,
    wanted: t.Sequence[tuple[FileSpec, bytes]],
    restore_context: t.Optional[RestoreContext] = None,
) -> None:
    """Write a set of files into folders that are `locked`: all of them are ready before the first takes its place.

    Raises InvalidInput.
    """
    staged: list[tuple[FileSpec, int, str]] = []
    path = ""
    try:
        for spec, content in wanted:
            path = spec.path
            folder = held[os.path.dirname(path)]
            staged.append((spec, folder, _stage(spec, folder, content, restore_context)))
        for spec, folder, temporary in staged:
            path = spec.path
            os.rename(temporary, os.path.basename(path), src_dir_fd=folder, dst_dir_fd=folder)
        for path in sorted({os.path.dirname(spec.path) for spec, _folder, _temporary in staged}):
            sync(held[path])
    except BaseException as error:
        for _spec, folder, temporary in staged:
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
        if isinstance(error, OSError):
            raise fault(path, error) from error
        raise


def mend_access(held: Held, specs: t.Sequence[FileSpec], restore_context: t.Optional[RestoreContext] = None) -> None:
    """Give files that are there the owner, group, mode and context that they should have. Raises InvalidInput."""
    for spec in specs:
        try:
            folder, name = held[os.path.dirname(spec.path)], os.path.basename(spec.path)
            descriptor = os.open(name, _READ, dir_fd=folder)
            try:
                os.fchmod(descriptor, stat.S_IMODE(os.fstat(descriptor).st_mode) & spec.mode)  # narrow it first
                _own(descriptor, spec.uid, spec.gid)
                os.fchmod(descriptor, spec.mode)
            finally:
                os.close(descriptor)
            if restore_context:
                restore_context(spec.path, spec.path)
        except OSError as error:
            raise fault(spec.path, error) from error


def sweep(specs: t.Sequence[FileSpec]) -> None:
    """Remove what a run that was killed left beside files that are all as wanted."""
    for spec in specs:
        with contextlib.suppress(OSError, InvalidInput):
            if os.path.lexists(os.path.join(os.path.dirname(spec.path), locks.NAME)):
                with locked([spec]):
                    pass


def fault(path: str, error: OSError) -> InvalidInput:
    """One sentence about a file that could not be read or written."""
    return InvalidInput(f"{path} cannot be read or written: {error.strerror or error}.")


def _release(locks_held: list[tuple[int, t.Optional[int]]]) -> None:
    while locks_held:
        locks.release_folder(*locks_held.pop())


def _temporary_prefix(name: str) -> str:
    return f".{name[:200]}."


def _remove_leftovers(folder: int, names: t.Iterable[str]) -> None:
    """What a run that was killed left beside these files; it may hold a key."""
    prefixes = "|".join(re.escape(_temporary_prefix(name)) for name in sorted(set(names)))
    for found in os.listdir(folder):
        if re.fullmatch(f"({prefixes})[0-9a-f]{{16}}", found):
            with contextlib.suppress(OSError):
                os.unlink(found, dir_fd=folder)


def _stage(spec: FileSpec, folder: int, content: bytes, restore_context: t.Optional[RestoreContext]) -> str:
    path, name = os.path.split(spec.path)
    temporary = f"{_temporary_prefix(name)}{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0, dir_fd=folder)  # nobody may open it until owner and mode are right
    try:
        before = _owner_to_keep(name, folder)
        _own(descriptor, before[0] if spec.uid is None else spec.uid, before[1] if spec.gid is None else spec.gid)
        os.fchmod(descriptor, spec.mode)
        if restore_context:
            restore_context(os.path.join(path, temporary), spec.path)
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    finally:
        os.close(descriptor)
    return temporary


def _owner_to_keep(name: str, folder: int) -> tuple[t.Optional[int], t.Optional[int]]:
    """Owner and group that were set by hand are kept through every renewal: those of a file that is there, in a folder
    where only root or the running user can have put it."""
    if os.fstat(folder).st_uid not in (0, os.geteuid()):
        return None, None
    try:
        before = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None, None
    return (before.st_uid, before.st_gid) if stat.S_ISREG(before.st_mode) else (None, None)


def _own(descriptor: int, uid: t.Optional[int], gid: t.Optional[int]) -> None:
    status = os.fstat(descriptor)
    new_uid = -1 if uid in (None, status.st_uid) else uid
    new_gid = -1 if gid in (None, status.st_gid) else gid
    if (new_uid, new_gid) != (-1, -1):
        os.fchown(descriptor, new_uid, new_gid)
