# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write files so that nobody ever sees half of a file or reads somebody else's key. Standard library only.

A file is created under another name in its folder, without any permissions; it gets its owner and mode, then its
content, is flushed to disk, and renamed. All files of a set are written before the first is renamed. The writer locks
the folders against other runs, so sets are never mixed, and whatever a killed run left there can be removed. Folders
are opened once, by folders.py, and used by descriptor."""

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
    """A wanted file. An owner or group of None is kept as it is; for a new file it is the running user's."""

    form: str
    path: str
    mode: int
    uid: t.Optional[int] = None
    gid: t.Optional[int] = None


class Present(t.NamedTuple):
    """An existing file."""

    content: bytes
    mode: int
    uid: int
    gid: int


Held = t.Mapping[str, Folder]  # by their paths


def read(spec: FileSpec) -> t.Optional[Present]:
    """The file at the path of SPEC; None if there is none. Raises InvalidInput for a folder that others may write to,
    and for anything but a regular file."""
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
        return InvalidInput(f"{path} is a symbolic link; give the file that it points to, or remove the link.")
    if error.errno == errno.EINVAL:
        return InvalidInput(f"{path} is not a regular file; move it away, or give another path.")
    return fault(path, error)


def access_differences(spec: FileSpec, present: Present) -> list[str]:
    """How owner, group and mode differ from the wanted ones, each as a clause."""
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
    """Lock the folders of these files against other runs. Missing folders are created, and removed again if everything
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
        # All runs use the same order, so that they cannot deadlock; and two names may lead to one folder.
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
    """Write a set of files to folders that are `locked`: all are complete before the first is renamed into place.

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
    """Set the wanted owner, group, mode and context on existing files. Raises InvalidInput."""
    for spec in specs:
        folder, name = held[os.path.dirname(spec.path)], os.path.basename(spec.path)
        try:
            folder.mend(name, spec.mode, owner=spec.uid, group=spec.gid, restore_context=restore_context)
        except OSError as error:
            raise fault(spec.path, error) from error


def sweep(specs: t.Sequence[FileSpec]) -> None:
    """Remove what a killed run left next to files that are all as wanted."""
    for spec in specs:
        with contextlib.suppress(OSError, InvalidInput):
            if os.path.lexists(os.path.join(os.path.dirname(spec.path), locks.NAME)):
                with locked([spec]):
                    pass


def fault(path: str, error: OSError) -> InvalidInput:
    """A sentence about a file that could not be read or written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return InvalidInput(f"There is no space left for {path}; free some and run again.")
    return InvalidInput(
        f"{path} cannot be read or written ({error.strerror or error}); check the path and its permissions."
    )


def _release(locks_held: list[tuple[int, t.Optional[int]]]) -> None:
    while locks_held:
        locks.release_folder(*locks_held.pop())


def _temporary_prefix(name: str) -> str:
    return f".{name[:200]}."


def _identity(folder: Folder) -> tuple[int, int]:
    status = os.fstat(folder.descriptor)
    return status.st_dev, status.st_ino


def _remove_leftovers(folder: Folder, names: t.Iterable[str]) -> None:
    """Files that a killed run left next to these files; they may contain a key."""
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
    """The owner and group to keep, so that those set by hand survive every renewal: those of an existing file, in a
    folder where only root or the running user can have created it."""
    before = folder.status(name) if folder.is_own else None
    return (before.st_uid, before.st_gid) if before and stat.S_ISREG(before.st_mode) else (None, None)
