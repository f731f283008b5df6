# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Back up an authority while it is in use, and restore an authority from a copy.

A copy is one file, consistent to one moment: everything answered before the copy began is in it. The private keys in it
are sealed, and what opens them is kept apart: the key file is copied only on request, and to another folder.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import typing as t

from . import creation, directory, opening
from .authority import Authority
from .keys import key_file, key_making
from .store.transactions import OtherFormat, Store, StoreError
from .._files.folders import open_any, open_folder
from .._rules.errors import InvalidInput


class Copied(t.NamedTuple):
    """file: the copy. key: in words, what opens it."""

    file: str
    key: str


def back_up(path: str, file: str, key_to: t.Optional[str] = None) -> Copied:
    """Copy the authority in `path` into a new file and, on request, its key file into another folder, unless an earlier
    backup put the same key there. Raises InvalidInput and leaves nothing behind."""
    file = os.path.abspath(file)
    store = directory.open_store(path)
    if os.path.lexists(file):
        raise InvalidInput(f"{file} already exists and is not overwritten: give a new name.")
    if key_to and os.path.dirname(os.path.abspath(key_to)) == os.path.dirname(file):
        raise InvalidInput(
            f"{key_to} would be in the same folder as the copy that it opens: keep the key in another folder."
        )
    with key_making.turn(os.path.abspath(path)):  # the key must be that of the copy
        with store.read() as tx:
            how: key_file.How = json.loads(tx.meta("key") or "{}")
        if key_to and how["kind"] != "file":
            raise InvalidInput(f"The authority in {path} is protected by a passphrase: there is no key file to copy.")
        key = key_file.read_key(os.path.abspath(path), how, None) if key_to else b""
        is_key_there = key_to is not None and os.path.lexists(key_to)
        if key_to and is_key_there and not _holds(key_to, key):
            raise InvalidInput(
                f"{key_to} already exists and is not the key that opens this copy: give a new name for the key."
            )
        _copy(store.path, file)
    if key_to and not is_key_there:
        try:
            key_making.write_key_file(os.path.abspath(key_to), key)
        except (OSError, InvalidInput) as error:
            os.unlink(file)
            raise InvalidInput(f"The key cannot be copied to {key_to}: {_reason(error)}") from error
    opens = (
        "its passphrase" if how["kind"] == "passphrase" else key_to or os.path.join(os.path.abspath(path), how["path"])
    )
    return Copied(file, opens)


def restore(file: str, path: str, *, key_from: t.Optional[str] = None, passphrase: t.Optional[str] = None) -> Authority:
    """Restore an authority from a copy into the new or empty directory `path`: completely, or not at all.

    key_from: the copy of the key file; without it, the key file must be where it was. Raises InvalidInput.
    """
    path = os.path.abspath(path)
    creation.check_free(path)
    if not os.path.isfile(file):
        raise InvalidInput(f"There is no copy of an authority at {file}: give the path of the file that was backed up.")
    with creation.in_the_making(path) as made:
        store = Store(os.path.join(made, directory.STORE_FILE))
        _copy(file, store.path)
        try:
            store.check()
        except OtherFormat as error:
            raise OtherFormat(file, error.version) from None
        except StoreError:
            raise InvalidInput(
                f"{file} is not a copy of an authority that can be restored: give the file that backup_to wrote."
            ) from None
        found = store.verify()
        if found:
            raise InvalidInput(f"{file} is damaged ({found[0]}): take another copy.")
        _place_key(made, store, key_from)
        try:
            key_file.unlock(made, store, passphrase)  # before anything is there
        except key_file.AnotherKey as error:
            source = f"key in {os.path.abspath(key_from)}" if key_from else error.source
            raise key_file.AnotherKey(source, f"the copy {file}") from None
        store.close()
    authority = opening.open_authority(path, passphrase=passphrase)
    authority.cas.publish(with_crls=True)
    return authority


# ---------------------------------------------------------------- inside


def _holds(path: str, key: bytes) -> bool:
    try:
        return key_file.read_copy(path) == key
    except InvalidInput:
        return False


def _copy(source: str, target: str) -> None:
    """Copy one SQLite file into a new one: mode 0600 from the first byte, and on disk when this returns."""
    folder = os.path.dirname(target)
    try:
        open_folder(folder).close()  # not where others could replace the copy
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{os.path.basename(target)}-")
    except OSError as error:
        raise InvalidInput(f"{folder} cannot be written: {_reason(error)}") from error
    try:
        os.close(handle)
        reader = sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=60)
        writer = sqlite3.connect(temporary, isolation_level=None)
        try:
            reader.backup(writer)  # in one step, so that the copy is consistent
            writer.execute(
                "PRAGMA journal_mode = WAL" if target.endswith(directory.STORE_FILE) else "PRAGMA journal_mode = DELETE"
            )
        finally:
            reader.close()
            writer.close()
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.link(temporary, target)  # never over another file
        os.unlink(temporary)
        with open_any(folder) as parent:
            parent.sync()
    except (sqlite3.Error, OSError) as error:
        raise InvalidInput(f"{source} cannot be copied to {target}: {_reason(error)}") from error
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            if os.path.exists(temporary + ending):
                os.unlink(temporary + ending)


def _place_key(made: str, store: Store, key_from: t.Optional[str]) -> None:
    with store.read() as tx:
        how: key_file.How = json.loads(tx.meta("key") or "{}")
    if how["kind"] == "passphrase":
        if key_from:
            raise InvalidInput("The copy is protected by a passphrase: give the passphrase instead of a key file.")
        return
    if key_from:
        key = key_file.read_copy(key_from)
        key_making.write_key_file(os.path.join(made, directory.KEY_FILE), key)
        with store.write() as tx:
            tx.set_meta("key", json.dumps({"kind": "file", "path": directory.KEY_FILE}))
    elif not os.path.isabs(how["path"]):
        raise InvalidInput(
            "The copy does not contain the key that opens it: give the key file that belongs to it, "
            "as restore_key_from in a playbook or --key-from on the command line."
        )


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) + "." if isinstance(error, OSError) else str(error)
