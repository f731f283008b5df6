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
from .folders import Folder, Made, RestoreContext, open_folder

MAX_OCTETS = 4 * 2**20
FOLDER_MODE = 0o755
LOCK_TIMEOUT_S = 60


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


Held = t.Mapping[str, Folder]  # by their paths


def read(spec: FileSpec) -> t.Optional[Present]:
    """What is at the path of SPEC; None when there is nothing. Raises InvalidInput for a folder that others may write
    in, and for what is not a regular file."""
    try:
        with open_folder(os.path.dirname(spec.path), owner=spec.uid) as folder:
            content, status = folder.read(os.path.basename(spec.path), MAX_OCTETS + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(spec.path, error) from error
    return Present(content, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def _unreadable(path: str, error: OSError) -> InvalidInput:
    if error.errno == errno.ELOOP:
        return InvalidInput(f"{path} is a symbolic link; name the file that it leads to, or remove it.")
    if error.errno == errno.EINVAL:
        return InvalidInput(f"{path} is not a regular file; move it away, or name another.")
    return fault(path, error)


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
    made = Made()
    held: dict[str, Folder] = {}
    locks_held: list[tuple[int, t.Optional[int]]] = []
    path = ""
    try:
        for spec in sorted(specs, key=lambda spec: spec.path):
            path = os.path.dirname(spec.path)
            if path not in held:
                held[path] = open_folder(path, owner=spec.uid, make_mode=FOLDER_MODE, made=made)
        # One order for all runs, or two of them could wait for each other; and two names may lead to one folder.
        by_identity = {_identity(folder): folder for folder in held.values()}
        for _identifier, folder in sorted(by_identity.items()):
            path = folder.path
            lock = locks.hold_folder(folder.descriptor, path, LOCK_TIMEOUT_S)
            locks_held.append((folder.descriptor, lock))
            if lock is not None:
                _remove_leftovers(folder, [os.path.basename(spec.path) for spec in specs])
        yield held
    except BaseException as error:
        _release(locks_held)
        made.take_back()
        if isinstance(error, OSError):
            raise fault(path, error) from error
        raise
    finally:
        _release(locks_held)
        made.keep()
        for folder in held.values():
            folder.close()


def write(
    held: Held,
    wanted: t.Sequence[tuple[FileSpec, bytes]],
    restore_context: t.Optional[RestoreContext] = None,
) -> None:
    """Write a set of files into folders that are `locked`: all of them are ready before the first takes its place.

    Raises InvalidInput.
    """
    staged: list[tuple[FileSpec, Folder, str]] = []
    path = ""
    try:
        for spec, content in wanted:
            path = spec.path
            folder = held[os.path.dirname(path)]
            staged.append((spec, folder, _stage(spec, folder, content, restore_context)))
        for spec, folder, temporary in staged:
            path = spec.path
            folder.rename(temporary, os.path.basename(path))
        for path in sorted({os.path.dirname(spec.path) for spec, _folder, _temporary in staged}):
            held[path].sync()
    except BaseException as error:
        for _spec, folder, temporary in staged:
            with contextlib.suppress(OSError):
                folder.unlink(temporary)
        if isinstance(error, OSError):
            raise fault(path, error) from error
        raise


def mend_access(held: Held, specs: t.Sequence[FileSpec], restore_context: t.Optional[RestoreContext] = None) -> None:
    """Give files that are there the owner, group, mode and context that they should have. Raises InvalidInput."""
    for spec in specs:
        folder, name = held[os.path.dirname(spec.path)], os.path.basename(spec.path)
        try:
            folder.mend(name, spec.mode, owner=spec.uid, group=spec.gid, restore_context=restore_context)
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


def _identity(folder: Folder) -> tuple[int, int]:
    status = os.fstat(folder.descriptor)
    return status.st_dev, status.st_ino


def _remove_leftovers(folder: Folder, names: t.Iterable[str]) -> None:
    """What a run that was killed left beside these files; it may hold a key."""
    prefixes = "|".join(re.escape(_temporary_prefix(name)) for name in sorted(set(names)))
    for found in folder.names():
        if re.fullmatch(f"({prefixes})[0-9a-f]{{16}}", found):
            with contextlib.suppress(OSError):
                folder.unlink(found)


def _stage(spec: FileSpec, folder: Folder, content: bytes, restore_context: t.Optional[RestoreContext]) -> str:
    name = os.path.basename(spec.path)
    temporary = f"{_temporary_prefix(name)}{secrets.token_hex(8)}"
    uid, gid = _owner_to_keep(name, folder)
    folder.create(
        temporary,
        content,
        spec.mode,
        owner=uid if spec.uid is None else spec.uid,
        group=gid if spec.gid is None else spec.gid,
        restore_context=restore_context,
        final_path=spec.path,
    )
    return temporary


def _owner_to_keep(name: str, folder: Folder) -> tuple[t.Optional[int], t.Optional[int]]:
    """Owner and group that were set by hand are kept through every renewal: those of a file that is there, in a folder
    where only root or the running user can have put it."""
    before = folder.status(name) if folder.is_own else None
    return (before.st_uid, before.st_gid) if before and stat.S_ISREG(before.st_mode) else (None, None)
