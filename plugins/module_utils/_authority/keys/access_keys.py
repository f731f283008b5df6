# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access keys with which programs sign their requests: the owner's, and those of users and roles, with policies."""

from __future__ import annotations

import base64
import json
import os
import re
import typing as t

from ..store.transactions import Store, Transaction
from ..._rules.errors import InvalidInput
from . import policies
from .vault import Vault

OWNER = "owner"
KINDS = ("user", "role")
NAME = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")  # IAM's names


class AccessKey(t.NamedTuple):
    """kind: owner, user or role. policy: an identity policy as JSON (policies.py), or None for everything."""

    identifier: str
    secret: str
    kind: str
    name: str
    policy: t.Optional[str] = None


class AccessKeys:
    """The access keys now in a store: another process may have changed them."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self._read: tuple[t.Any, dict[str, AccessKey]] = (None, {})

    def owner(self) -> AccessKey:
        """The owner's key, created on first use."""
        with self._store.read() as tx:
            stored = tx.meta("access_key")
        if not stored:
            fresh = json.dumps(self._sealed(*_new_pair()))
            with self._store.write() as tx:
                stored = tx.meta("access_key") or fresh  # another process may have been faster
                tx.set_meta("access_key", stored)
        return self._opened(json.loads(stored), OWNER, OWNER, None)

    def all(self) -> list[AccessKey]:
        """All keys, beginning with the owner's if it has been created."""
        return list(self._present().values())

    def find(self, identifier: str) -> t.Optional[AccessKey]:
        return self._present().get(identifier)

    def set(self, wanted: t.Sequence[t.Mapping[str, t.Any]], *, plan: bool = False) -> bool:
        """Set exactly these keys in addition to the owner's: name, kind and policy of each; an existing key keeps its
        id and secret. The policy is a document, or None to allow everything. Returns whether this changes anything;
        `plan`: only look. Raises InvalidInput before anything is changed."""
        check_keys(wanted)
        with self._store.write() as tx:
            present = {(each["kind"], each["name"]): each for each in json.loads(tx.meta("access_keys") or "[]")}
            done = []
            for each in wanted:
                entry = dict(present.get((each["kind"], each["name"]), {}))
                if not entry:
                    identifier, sealed = ("", "") if plan else self._sealed(*_new_pair())
                    entry = {"id": identifier, "sealed": sealed, "kind": each["kind"], "name": each["name"]}
                policy = None if each["policy"] is None else json.dumps(each["policy"], sort_keys=True)
                done.append({**entry, "policy": policy})
            is_other = done != list(present.values())
            if is_other and not plan:
                tx.set_meta("access_keys", json.dumps(done))
        return is_other

    def renew(self, names: t.Sequence[str]) -> None:
        """Give the keys with these names a new id and secret; the old ones are refused from then on."""
        with self._store.write() as tx:
            if OWNER in names and tx.meta("access_key"):  # otherwise it is created on first use
                tx.set_meta("access_key", json.dumps(self._sealed(*_new_pair())))
            others = json.loads(tx.meta("access_keys") or "[]")
            for each in others:
                if each["name"] in names:
                    each["id"], each["sealed"] = self._sealed(*_new_pair())
            tx.set_meta("access_keys", json.dumps(others))

    # ---- inside

    def _present(self) -> dict[str, AccessKey]:
        with self._store.ask() as tx:  # every request does this
            stored = (tx.meta("access_key"), tx.meta("access_keys"))
        if self._read[0] != stored:
            keys = [self._opened(json.loads(stored[0]), OWNER, OWNER, None)] if stored[0] else []
            for each in json.loads(stored[1] or "[]"):
                keys.append(self._opened([each["id"], each["sealed"]], each["kind"], each["name"], each["policy"]))
            self._read = (stored, {key.identifier: key for key in keys})
        return self._read[1]

    def _sealed(self, identifier: str, secret: bytes) -> list[str]:
        return [identifier, self._vault.seal(secret, context(identifier)).hex()]

    def _opened(self, stored: t.Sequence[str], kind: str, name: str, policy: t.Optional[str]) -> AccessKey:
        identifier, sealed = stored
        secret = self._vault.open(bytes.fromhex(sealed), context(identifier)).decode()
        return AccessKey(identifier, secret, kind, name, policy)


def context(identifier: str) -> str:
    """The context that the secret of an access key is sealed with."""
    return f"access key {identifier}"


def check_keys(wanted: t.Sequence[t.Mapping[str, t.Any]]) -> None:
    """Raise InvalidInput for invalid keys."""
    names = [(each["kind"], each["name"]) for each in wanted]
    for kind, name in names:
        if not NAME.fullmatch(name):
            raise InvalidInput(
                f"access_keys has the invalid name {name!r}: use at most 64 letters, digits and characters of +=,.@_-."
            )
        if name == OWNER:
            raise InvalidInput(
                "access_keys cannot have the name owner: that key is the authority's own and has no policy, so that "
                "you cannot lock yourself out; use another name."
            )
        if names.count((kind, name)) > 1:
            raise InvalidInput(f"access_keys has the {kind} {name} twice: give each key its own name.")
    for each in wanted:
        if each["policy"] is not None:
            policies.check(each["policy"], f"The policy of {each['name']}")


def check_renewal(names: t.Sequence[str], present: t.Sequence[str]) -> None:
    """Raise InvalidInput for the name of a key that does not exist; present: the names of those that do, in addition to
    the owner's."""
    known = list(dict.fromkeys([OWNER, *present]))
    for name in names:
        if name not in known:
            raise InvalidInput(f"renew_access_keys has the name {name}, but the keys are those of {', '.join(known)}.")


def reseal(tx: Transaction, seal: t.Callable[[bytes, str], bytes]) -> None:
    """Pass every secret in the store, with its context, to `seal`, and store the result."""

    def again(identifier: str, sealed: str) -> str:
        return seal(bytes.fromhex(sealed), context(identifier)).hex()

    owner = json.loads(tx.meta("access_key") or "[]")
    if owner:
        tx.set_meta("access_key", json.dumps([owner[0], again(*owner)]))
    others = json.loads(tx.meta("access_keys") or "[]")
    if others:
        tx.set_meta(
            "access_keys", json.dumps([{**each, "sealed": again(each["id"], each["sealed"])} for each in others])
        )


def _new_pair() -> tuple[str, bytes]:
    identifier = "AKIA" + base64.b32encode(os.urandom(10)).decode()
    return identifier, base64.b64encode(os.urandom(30))
