# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An authority created: where it may be, its directory (directory.py), and the key that opens it."""

from __future__ import annotations

import json
import os
import re
import tempfile
import typing as t
from contextlib import contextmanager, suppress

from .authority import PUBLIC_FOLDER, Authority
from .directory import KEY_FILE, STORE_FILE, check_not_lost, check_owner, explained
from .keys import key_making, vault
from .keys.key_file import How
from .opening import open_authority
from .parts import Parts
from .settings import Settings
from .store.transactions import Store
from .._files import folders, leftovers
from .._rules.errors import InvalidInput

# The prefixes of their region names
PARTITIONS = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("us-iso-", "aws-iso"),
    ("eu-isoe-", "aws-iso-e"),
    ("eusc-", "aws-eusc"),
)
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
ACCOUNT = re.compile(r"\d{12}")


def create(
    path: str,
    *,
    region: str = "us-east-1",
    account_id: str = "123456789012",
    partition: t.Optional[str] = None,
    settings: t.Optional[t.Mapping[str, t.Any]] = None,
    key_file: t.Optional[str] = None,
    passphrase: t.Optional[str] = None,
    parts: Parts = Parts(),
) -> Authority:
    """Create an authority in `path`, which must not exist or must be empty. It is created completely, or not at all.

    partition: of AWS; by default the region's. key_file: where to put the key-encryption key, by default in the
    directory itself. passphrase: instead of a key file. Raises InvalidInput.
    """
    path = os.path.abspath(path)
    wanted = Settings.of(settings or {})
    check_place(path, region, account_id, key_file)
    own_key: list[str] = []  # the key file outside of the directory, once this run has made it
    try:
        with in_the_making(path) as made:
            store = Store(os.path.join(made, STORE_FILE))
            store.create()
            how, key = _new_key(made, key_file, passphrase, own_key)
            with store.write() as tx:
                tx.put_data_key(vault.key_id(key), vault.wrap(vault.new_key(), key))
                tx.set_meta("key", json.dumps(how))
                tx.set_meta("place", json.dumps([partition or partition_of(region), region, account_id]))
                tx.set_meta("settings", json.dumps(wanted.differing()))
            store.close()
    except BaseException:
        for file in own_key:
            os.unlink(file)
        raise
    authority = open_authority(path, passphrase=passphrase, parts=parts)
    with authority.store.write() as tx:
        tx.set_meta("due_basis", json.dumps(authority.due_basis(tx)))
    return authority


@contextmanager
def in_the_making(path: str) -> t.Iterator[str]:
    """A folder to fill, which becomes the directory `path` at the end, or is removed if anything fails. Raises
    InvalidInput."""
    parent, name = os.path.split(path)
    with explained(f"No authority can be created in {path}"):
        if not os.path.isdir(parent):
            folders.open_folder(parent, make_mode=0o755).close()
        with suppress(FileNotFoundError):
            check_owner(path)
        leftovers.remove(parent, name)
        made = tempfile.mkdtemp(prefix=f".{name}-", dir=parent)
        try:
            os.chmod(made, 0o711)  # a web server must reach public/; only the owner can read the other files
            os.mkdir(os.path.join(made, PUBLIC_FOLDER))
            os.chmod(os.path.join(made, PUBLIC_FOLDER), 0o755)
            yield made
            os.rename(made, path)  # replaces an empty directory and nothing else
            with folders.open_any(parent) as folder:
                folder.sync()
        except BaseException:
            with suppress(OSError):
                folders.remove(made)
            raise


def partition_of(region: str) -> str:
    """The AWS partition of a region, with which every ARN begins."""
    return next((partition for start, partition in PARTITIONS if region.startswith(start)), "aws")


def check_place(path: str, region: str, account_id: str, key_file: t.Optional[str]) -> None:
    """Raise InvalidInput if `create` would refuse before it creates anything."""
    if not REGION.fullmatch(region):
        raise InvalidInput(f"{region!r} is not the name of an AWS region: use a name like eu-central-1.")
    check_account(account_id)
    check_free(path)
    if key_file and os.path.exists(key_file):
        raise InvalidInput(
            f"{key_file} already exists and is not overwritten: give a new name for the key file of the new authority."
        )


def check_free(path: str) -> None:
    """Raise InvalidInput if there is already something at this path."""
    check_not_lost(path)
    if os.path.islink(path) and not os.path.exists(path):
        raise InvalidInput(f"{path} is a link to a directory that does not exist: create it, or give another path.")
    if os.path.isdir(path) and os.listdir(path):
        raise InvalidInput(f"{path} is not empty: an authority can only be created in a new or empty directory.")
    if os.path.exists(path) and not os.path.isdir(path):
        raise InvalidInput(f"{path} is a file: an authority needs a directory of its own.")


def check_account(account_id: str) -> None:
    if not ACCOUNT.fullmatch(account_id):
        raise InvalidInput(f"{account_id!r} is not an AWS account ID: use twelve digits, in quotes.")


# ---------------------------------------------------------------- inside


def _new_key(
    made: str, key_file: t.Optional[str], passphrase: t.Optional[str], own_key: list[str]
) -> tuple[How, bytes]:
    """How to find the key-encryption key again, and the key itself; a key file elsewhere is added to `own_key`."""
    if passphrase:
        return key_making.of_passphrase(passphrase)
    key = vault.new_key()
    where = os.path.abspath(key_file) if key_file else os.path.join(made, KEY_FILE)
    key_making.write_key_file(where, key)
    if key_file:
        own_key.append(where)
    return {"kind": "file", "path": where if key_file else KEY_FILE}, key
