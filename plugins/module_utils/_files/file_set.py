# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that an export writes, each in the place the user named: read, compared, written, never readable by more than
their final mode allows.

A file is made under another name in its own directory with no permissions at all, gets its owner and mode, then its
content, reaches the disk, and is renamed. All files of a set are made before the first is renamed. Whoever writes holds
the directories against other runs, so that no set is ever mixed, and what a killed run left there is dead and removed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import grp
import os
import pwd
import re
import secrets
import stat
import time
import typing as t

from .._rules.errors import InvalidInput

MAX_OCTETS = 4 * 2**20
DIRECTORY_MODE = 0o755
LOCK_TIMEOUT_S = 60

# Sets the SELinux context of the file at the first path as the policy wants it at the second; says whether it differed.
RestoreContext = t.Callable[[str, str], bool]


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


def read(path: str) -> t.Optional[Present]:
    """What is at PATH; None when there is nothing. Raises InvalidInput for what is no regular file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
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
def locked(paths: t.Sequence[str]) -> t.Iterator[None]:
    """Hold the directories of these files against other runs. Those that are missing are made, and removed again if all
    fails. Raises InvalidInput."""
    made: list[str] = []
    held: list[int] = []
    path = ""
    try:
        for path in sorted({os.path.dirname(each) for each in paths}):
            _make_directory(path, made)
        # one order for all runs, or two of them could wait for each other
        for path in sorted({os.path.realpath(os.path.dirname(each)) for each in paths}):
            held.append(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            if _lock(held[-1], path):
                _remove_leftovers(path, [os.path.basename(each) for each in paths])
        yield
    except BaseException as error:
        for directory in reversed(made):
            with contextlib.suppress(OSError):
                os.rmdir(directory)
        if isinstance(error, OSError):
            raise fault(path, error) from error
        raise
    finally:
        for descriptor in held:
            os.close(descriptor)


def write(wanted: t.Sequence[tuple[FileSpec, bytes]], restore_context: t.Optional[RestoreContext] = None) -> None:
    """Write a set of files into directories that are `locked`: all of them are ready before the first takes its place.

    Raises InvalidInput.
    """
    staged: list[tuple[FileSpec, str]] = []
    path = ""
    try:
        for spec, content in wanted:
            path = spec.path
            staged.append((spec, _stage(spec, content, restore_context)))
        for spec, temporary in staged:
            path = spec.path
            os.rename(temporary, path)
        for directory in sorted({os.path.dirname(spec.path) for spec, _temporary in staged}):
            path = directory
            _sync_directory(directory)
    except BaseException as error:
        for _spec, temporary in staged:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        if isinstance(error, OSError):
            raise fault(path, error) from error
        raise


def mend_access(specs: t.Sequence[FileSpec], restore_context: t.Optional[RestoreContext] = None) -> None:
    """Give files that are there the owner, group, mode and context that they should have. Raises InvalidInput."""
    for spec in specs:
        try:
            descriptor = os.open(spec.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
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


def read_mode(option: str, value: t.Any) -> t.Optional[int]:
    """An octal mode; YAML turns 0640 without quotes into the number 416, which means the same."""
    if value is None:
        return None
    try:
        mode = value if isinstance(value, int) and not isinstance(value, bool) else int(str(value), 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise InvalidInput(f"The option {option} is {value!r}; give octal digits in quotes, such as '0640'.")
    return mode


def read_id(kind: str, value: t.Optional[str]) -> t.Optional[int]:
    """The number of a user or group (kind), given by name or number."""
    if value is None or value == "":
        return None
    if value.isdigit():
        return int(value)
    try:
        return pwd.getpwnam(value).pw_uid if kind == "owner" else grp.getgrnam(value).gr_gid
    except KeyError:
        raise InvalidInput(f"This host has no {kind} {value}; create it first, or name another.") from None


def fault(path: str, error: OSError) -> InvalidInput:
    """One sentence about a file that could not be read or written."""
    return InvalidInput(f"{path} cannot be read or written: {error.strerror or error}.")


def _lock(descriptor: int, path: str) -> bool:
    """Whether the directory is held now; not so where its file system knows no locks (some network file systems)."""
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise InvalidInput(
                    f"Another run has held {path} for {LOCK_TIMEOUT_S} s; wait for its end, or end it."
                ) from None
            time.sleep(0.02)
        except OSError:
            return False


def _temporary_prefix(name: str) -> str:
    return f".{name[:200]}."


def _remove_leftovers(folder: str, names: t.Iterable[str]) -> None:
    """What a run that was killed left beside these files; it may hold a key."""
    prefixes = "|".join(re.escape(_temporary_prefix(name)) for name in sorted(set(names)))
    for found in os.listdir(folder):
        if re.fullmatch(f"({prefixes})[0-9a-f]{{16}}", found):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, found))


def _stage(spec: FileSpec, content: bytes, restore_context: t.Optional[RestoreContext]) -> str:
    folder, name = os.path.split(spec.path)
    temporary = os.path.join(folder, f"{_temporary_prefix(name)}{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0)  # nobody may open it until owner and mode are right
    try:
        try:
            before: t.Optional[os.stat_result] = os.lstat(spec.path)
        except FileNotFoundError:
            before = None
        # an owner that was set by hand is kept through every renewal
        _own(
            descriptor,
            spec.uid if spec.uid is not None or before is None else before.st_uid,
            spec.gid if spec.gid is not None or before is None else before.st_gid,
        )
        os.fchmod(descriptor, spec.mode)
        if restore_context:
            restore_context(temporary, spec.path)
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    finally:
        os.close(descriptor)
    return temporary


def _own(descriptor: int, uid: t.Optional[int], gid: t.Optional[int]) -> None:
    status = os.fstat(descriptor)
    new_uid = -1 if uid in (None, status.st_uid) else uid
    new_gid = -1 if gid in (None, status.st_gid) else gid
    if (new_uid, new_gid) != (-1, -1):
        os.fchown(descriptor, new_uid, new_gid)


def _make_directory(path: str, made: list[str]) -> None:
    missing = []
    while path and not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for directory in reversed(missing):
        try:
            os.mkdir(directory, DIRECTORY_MODE)
        except FileExistsError:
            if os.path.isdir(directory):  # another run was quicker
                continue
            raise
        made.append(directory)
        os.chmod(directory, DIRECTORY_MODE)  # whatever the umask


def _sync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
