# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key-encryption key of an authority, from a file or a passphrase: how it is found again. key_making.py creates and
rotates it."""

from __future__ import annotations

import json
import os
import typing as t

from . import vault
from ..store.transactions import Store
from ..._rules.errors import InvalidInput

PASSPHRASE_VARIABLE = "CERTOPS_ACM_AUTHORITY_PASSPHRASE"

How = t.Mapping[str, t.Any]  # kind "file" with its path (relative to the directory), or "passphrase" with salt and cost


class AnotherKey(InvalidInput):
    """The key is not the one that opens the authority. source: which key, in words."""

    code = InvalidInput.__name__  # for users it is like any other

    def __init__(self, source: str, what: str) -> None:
        super().__init__(f"The {source} does not open {what}: give the one that belongs to it.")
        self.source = source


def unlock(path: str, store: Store, passphrase: t.Optional[str]) -> bytes:
    """The data key of the authority in `path`. Raises InvalidInput."""
    known: t.Optional[dict[str, bytes]] = None
    while True:
        with store.read() as tx:
            how: How = json.loads(tx.meta("key") or "{}")
            wrapped = tx.data_keys()
        key = read_key(path, how, passphrase)
        if vault.key_id(key) in wrapped or wrapped == known:
            break
        known = wrapped  # the key may have been rotated between the two reads: look again
    try:
        return vault.unwrap(wrapped[vault.key_id(key)], key)
    except (KeyError, vault.WrongKey):
        source = "passphrase" if how["kind"] == "passphrase" else f"key in {path_of(path, how)}"
        raise AnotherKey(source, f"the authority in {path}") from None


def file_of(path: str, store: Store) -> t.Optional[str]:
    """The key file of the authority in `path`; None if a passphrase protects it."""
    with store.read() as tx:
        how: How = json.loads(tx.meta("key") or "{}")
    return path_of(path, how) if how["kind"] == "file" else None


def path_of(path: str, how: How) -> str:
    return os.path.join(path, how["path"])


def read_key(path: str, how: How, passphrase: t.Optional[str]) -> bytes:
    if how["kind"] == "passphrase":
        passphrase = passphrase or os.environ.get(PASSPHRASE_VARIABLE)
        if not passphrase:
            raise InvalidInput(
                f"The authority in {path} is protected by a passphrase: set the environment variable "
                f"{PASSPHRASE_VARIABLE}."
            )
        cost = int(how.get("cost", vault.FIRST_SCRYPT_COST))
        return vault.key_of_passphrase(passphrase, bytes.fromhex(how["salt"]), cost)
    where = path_of(path, how)
    return _read(where, missing=f"The key of the authority in {path} is missing: put {where} back.")


def read_copy(path: str) -> bytes:
    """The key in a copy of a key file. Raises InvalidInput."""
    path = os.path.abspath(path)
    return _read(path, missing=f"There is no key file at {path}: give the path of the copy that was kept.")


def _read(where: str, *, missing: str) -> bytes:
    try:
        with open(where, encoding="ascii") as file:
            key = bytes.fromhex(file.read().strip())
        if len(key) != vault.KEY_BYTES:
            raise ValueError
        return key
    except FileNotFoundError:
        raise InvalidInput(missing) from None
    except PermissionError:
        raise InvalidInput(
            f"The key of the authority, {where}, cannot be read by this user: run as its owner."
        ) from None
    except OSError as error:
        raise InvalidInput(f"The key of the authority, {where}, cannot be read: {error.strerror}.") from None
    except ValueError:
        raise InvalidInput(f"The key of the authority, {where}, is damaged: put the right file back.") from None
