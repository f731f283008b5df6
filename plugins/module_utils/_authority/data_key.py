# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give an authority a new data key: every secret in it is sealed again."""

from __future__ import annotations

import typing as t

from .authority import Authority
from .keys import access_keys, key_making, smtp_password, vault
from .store.transactions import Transaction


def renew(authority: Authority, passphrase: t.Optional[str] = None) -> None:
    """Seal every secret of the authority again with a new data key; older copies keep the old one. Raises InvalidInput
    while other processes have the authority open, because they would continue with the old key."""
    with authority.lease.alone():
        fresh = key_making.renew_data_key(authority.path, authority.store, passphrase, _reseal)
        authority.vault.change_key(fresh)


def _reseal(tx: Transaction, seal: key_making.Seal) -> None:
    for table, row, sealed, owner in tx.sealed():
        context = vault.ca_context if table == "cas" else vault.leaf_context
        tx.reseal(table, row, seal(sealed, context(*owner)))
    smtp_password.reseal(tx, seal)
    access_keys.reseal(tx, seal)
    for target in tx.targets.all():
        tx.targets.put(target.name, seal(target.sealed, vault.target_context(target.name)))
