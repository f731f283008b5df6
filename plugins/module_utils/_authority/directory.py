# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory of an embedded authority: what is in it, and who may write in it. creation.py creates one, opening.py opens it.

acm.sqlite3              everything the authority stores (store/), private keys sealed (keys/vault.py)
key-encryption-key       opens the private keys; may be kept elsewhere, or replaced by a passphrase
public/                  CA certificates and revocation lists, for any web server to serve
"""

from __future__ import annotations

import os
import stat
import typing as t
from contextlib import contextmanager

from .store.transactions import Store
from .._files import folders
from .._rules.errors import InvalidInput

STORE_FILE = "acm.sqlite3"
KEY_FILE = "key-encryption-key"
# What an authority that has lost its store still has.
REMAINS = (KEY_FILE, f"{STORE_FILE}-writers", f"{STORE_FILE}-wal")


def exists(path: str) -> bool:
    return os.path.exists(os.path.join(path, STORE_FILE))


def open_store(path: str) -> Store:
    """The store of the authority in `path`, for callers that only read and need none of its keys. Raises
    InvalidInput."""
    path = os.path.abspath(path)
    store = Store(os.path.join(path, STORE_FILE))
    if not os.path.exists(store.path):
        scheme, colon, rest = path.rpartition(":/")
        if colon and scheme.endswith(("/http", "/https")):
            raise InvalidInput(
                f"{scheme.rpartition('/')[2]}://{rest} is a URL, but authority takes the path of a directory: give the "
                "path, or leave authority out and give the server's URL as endpoint_url."
            )
        check_not_lost(path)
        raise InvalidInput(
            f"There is no embedded authority in {path}: create one with certops.acm.acm_authority (check mode creates "
            "none)."
        )
    with explained(f"The embedded authority in {path} cannot be opened"):
        try:
            check_owner(path)
        except PermissionError as error:
            raise InvalidInput(f"{path} cannot be read by this user: run as its owner.") from error
    store.check()
    return store


def check_not_lost(path: str) -> None:
    """Raise InvalidInput if there is an authority without its store: a new one must not take its place."""
    if any(os.path.exists(os.path.join(path, name)) for name in REMAINS) and not exists(path):
        raise InvalidInput(
            f"{STORE_FILE} is missing from the authority in {path}: move the rest of it elsewhere, and restore the "
            "authority from a backup (restore_from and restore_key_from of certops.acm.acm_authority)."
        )


def check_owner(path: str) -> None:
    """Refuse a directory to which others may write, or that they could replace. Raises InvalidInput, and OSError.

    Root may use another user's directory, unless anybody could have created it, as in /tmp.
    """
    place, owner = os.path.realpath(path), None
    if os.geteuid() == 0 and os.path.isdir(place) and not os.stat(os.path.dirname(place)).st_mode & stat.S_IWOTH:
        owner = os.stat(place).st_uid
    folders.open_folder(path, owner=owner).close()


@contextmanager
def explained(what: str) -> t.Iterator[None]:
    """InvalidInput for what the system refuses."""
    try:
        yield
    except OSError as error:
        raise InvalidInput(f"{what}: {error.strerror or error} ({error.filename}).") from error
