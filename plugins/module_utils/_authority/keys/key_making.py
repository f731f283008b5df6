# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key-encryption key of an authority, from a file or a passphrase: how it is created and rotated. key_file.py finds it again.

Rotation wraps the data key again and touches no secret. It can be killed at any moment: until the last step the store
holds the data key wrapped with both keys, so either of them opens it. Then the store is scrubbed: the old key opens
nothing that is left in its files.

The data key itself is replaced on request: every secret is sealed again, in one transaction, while no other process has
the authority open.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import typing as t

from . import vault
from .key_file import How, path_of, read_key, unlock
from ..store.transactions import Store, StoreError, Transaction
from ..._files.folders import Folder, open_folder
from ..._rules.errors import InvalidInput

NEW = ".new"  # suffix of the next key file until it replaces the present one
SCRUB = "scrub"  # meta: "due" until everything that a rotation left in the store's files is gone

Seal = t.Callable[[bytes, str], bytes]


def of_passphrase(passphrase: str) -> tuple[How, bytes]:
    """The stored parameters of a new passphrase, and the key derived from it."""
    salt = vault.new_salt()
    how = {"kind": "passphrase", "salt": salt.hex(), "cost": vault.SCRYPT_COST}
    return how, vault.key_of_passphrase(passphrase, salt)


def write_key_file(path: str, key: bytes) -> None:
    """Write the key as text to a new file, mode 0600 from the first byte, on disk when this returns. Only in a folder
    to which nobody else may write. Raises InvalidInput, OSError."""
    with open_folder(os.path.dirname(path)) as folder:
        _write_key(folder, os.path.basename(path), key)


def _write_key(folder: Folder, name: str, key: bytes, owner: t.Optional[int] = None) -> None:
    folder.create(name, key.hex().encode("ascii") + b"\n", 0o600, owner=owner)
    folder.sync()


def rotate(path: str, store: Store, passphrase: t.Optional[str], new_passphrase: t.Optional[str]) -> None:
    """Replace the key-encryption key with a new one. Raises InvalidInput.

    A key file gets a new random key; a passphrase is replaced by `new_passphrase`. Two rotations run one after the
    other. When this returns, the old key opens nothing of the authority any more; it still opens older copies."""
    with turn(path):
        _rotate(path, store, passphrase, new_passphrase)
        try:
            _scrub(store)
        except StoreError as error:
            raise InvalidInput(
                f"The key was replaced, but what the old key opens could not be removed from the files; the next sweep "
                f"tries again. {error}"
            ) from error


def finish_rotation(path: str, store: Store) -> None:
    """Finish a rotation that was killed. Raises InvalidInput."""
    with store.read() as tx:
        is_done = len(tx.data_keys()) == 1 and not tx.meta(SCRUB)
    if is_done:
        return
    with turn(path):
        with store.read() as tx:
            how: How = json.loads(tx.meta("key") or "{}")
            wrapped = tx.data_keys()
        identifier = vault.key_id(read_key(path, how, None)) if how["kind"] == "file" else ""
        if identifier in wrapped:  # a passphrase is replaced in one step
            with store.write() as tx:
                tx.keep_data_key(identifier)
                tx.set_meta(SCRUB, "due")
            folder_path, name = os.path.split(path_of(path, how))
            with open_folder(folder_path, owner=store.owner_for_root) as folder:
                folder.unlink(name + NEW)
        _scrub(store)


def renew_data_key(
    path: str, store: Store, passphrase: t.Optional[str], reseal: t.Callable[[Transaction, Seal], None]
) -> bytes:
    """Replace the data key with a new one, which is returned. Raises InvalidInput.

    reseal: passes each sealed secret of a transaction, with its context, to the given function, and stores the result.
    The caller has made sure that nobody else has the authority open.
    """
    with turn(path):
        old = vault.Vault(unlock(path, store, passphrase))
        fresh = vault.new_key()
        new = vault.Vault(fresh)
        with store.read() as tx:
            how: How = json.loads(tx.meta("key") or "{}")
        key = read_key(path, how, passphrase)
        with store.write() as tx:
            reseal(tx, lambda sealed, context: new.seal(old.open(sealed, context), context))
            tx.put_data_key(vault.key_id(key), vault.wrap(fresh, key))
            tx.keep_data_key(vault.key_id(key))
            tx.set_meta(SCRUB, "due")
        _scrub(store)
    return fresh


@contextlib.contextmanager
def turn(path: str) -> t.Iterator[None]:
    """Run rotations, and whatever must not overlap with one, one after the other."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _scrub(store: Store) -> None:
    store.scrub()
    with store.write() as tx:
        tx.set_meta(SCRUB, "")


def _rotate(path: str, store: Store, passphrase: t.Optional[str], new_passphrase: t.Optional[str]) -> None:
    data_key = unlock(path, store, passphrase)
    with store.read() as tx:
        how: How = json.loads(tx.meta("key") or "{}")
    if how["kind"] == "passphrase":
        if not new_passphrase:
            raise InvalidInput(f"The authority in {path} is protected by a passphrase: give the new one.")
        how, key = of_passphrase(new_passphrase)
        with store.write() as tx:
            tx.put_data_key(vault.key_id(key), vault.wrap(data_key, key))
            tx.set_meta("key", json.dumps(how))
            tx.keep_data_key(vault.key_id(key))
            tx.set_meta(SCRUB, "due")
        return
    if new_passphrase:
        raise InvalidInput(f"The authority in {path} is protected by a key file: it has no passphrase to replace.")
    key, where = vault.new_key(), path_of(path, how)
    folder_path, name = os.path.split(where)
    with open_folder(folder_path, owner=store.owner_for_root) as folder:
        folder.unlink(name + NEW)  # left by a rotation that was killed, or a link that somebody put there
        present = folder.status(name)
        _write_key(folder, name + NEW, key, present.st_uid if present and os.geteuid() == 0 else None)
        with store.write() as tx:
            tx.put_data_key(vault.key_id(key), vault.wrap(data_key, key))
        folder.rename(name + NEW, name)
        folder.sync()
    with store.write() as tx:
        tx.keep_data_key(vault.key_id(key))
        tx.set_meta(SCRUB, "due")
