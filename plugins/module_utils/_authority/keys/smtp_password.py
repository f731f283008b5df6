# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The password of the mail server that sends validation mails, sealed in the store."""

from __future__ import annotations

import typing as t

from .vault import Vault
from ..store.transactions import Store, Transaction

META = "smtp_password"
CONTEXT = "smtp password"


class SmtpPassword:
    def __init__(self, store: Store, opened_vault: Vault) -> None:
        self._store = store
        self._vault = opened_vault

    def read(self) -> t.Optional[str]:
        with self._store.read() as tx:
            sealed = tx.meta(META)
        return self._vault.open(bytes.fromhex(sealed), CONTEXT).decode() if sealed else None

    def replace(self, password: str) -> bool:
        """Store another password, or none if it is empty; returns whether that changed anything."""
        if (self.read() or "") == password:
            return False
        with self._store.write() as tx:
            tx.set_meta(META, self._vault.seal(password.encode(), CONTEXT).hex() if password else "")
        return True


def reseal(tx: Transaction, seal: t.Callable[[bytes, str], bytes]) -> None:
    """Seal the password with another data key. seal: takes the sealed password and its context."""
    sealed = tx.meta(META)
    if sealed:
        tx.set_meta(META, seal(bytes.fromhex(sealed), CONTEXT).hex())
