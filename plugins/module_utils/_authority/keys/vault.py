# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private keys at rest.

Every secret is sealed with AES-256-GCM and a random data key. The store has the data key only wrapped with the
key-encryption key, which is read from a file of its own or derived from a passphrase with scrypt. Rotating the
key-encryption key rewraps one small record and touches no secret.
"""

from __future__ import annotations

import hashlib
import os
import typing as t

from ..._rules.passphrases import octets

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
except ImportError:
    pass  # client.py reports it

NONCE_BYTES = 12
KEY_BYTES = 32
SALT_BYTES = 16
SCRYPT_COST = 2**17
FIRST_SCRYPT_COST = 2**14  # of passphrases whose cost was not stored


class WrongKey(Exception):
    """The key does not open the sealed secret."""


class Vault:
    """Seals and opens secrets. `context` names what a secret belongs to; a secret moved elsewhere does not open."""

    def __init__(self, data_key: bytes, random_bytes: t.Callable[[int], bytes] = os.urandom) -> None:
        self._cipher = AESGCM(data_key)
        self._random_bytes = random_bytes

    def change_key(self, data_key: bytes) -> None:
        """Replace the data key permanently, for everybody who uses this vault."""
        self._cipher = AESGCM(data_key)

    def seal(self, secret: bytes, context: str) -> bytes:
        nonce = self._random_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):  # ValueError: shorter than a nonce
            raise WrongKey(
                f"The secret of {context} cannot be opened: it was altered, or it belongs to something else."
            ) from None


def ca_context(identifier: str) -> str:
    return f"ca {identifier}"


def leaf_context(identifier: str, serial: str) -> str:
    return f"certificate {identifier} {serial}"


def target_context(name: str) -> str:
    return f"event target {name}"


def new_key() -> bytes:
    return os.urandom(KEY_BYTES)


def new_salt() -> bytes:
    return os.urandom(SALT_BYTES)


def key_of_passphrase(passphrase: str, salt: bytes, cost: int = SCRYPT_COST) -> bytes:
    """scrypt with the parameters that OWASP recommends (128 MiB, about 0.3 s); `cost`: for passphrases set with
    less."""
    return Scrypt(salt=salt, length=KEY_BYTES, n=cost, r=8, p=1).derive(octets(passphrase))


def key_id(key: bytes) -> str:
    """Identifies a key-encryption key without revealing it."""
    return hashlib.sha256(b"certops.acm key-encryption key" + key).hexdigest()[:16]


def wrap(data_key: bytes, key_encryption_key: bytes) -> bytes:
    return Vault(key_encryption_key).seal(data_key, "data key")


def unwrap(wrapped: bytes, key_encryption_key: bytes) -> bytes:
    return Vault(key_encryption_key).open(wrapped, "data key")
