# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An authority opened: its store, and the key to its secrets."""

from __future__ import annotations

import os
import typing as t

from .authority import Authority
from .directory import open_store
from .keys import key_file, vault
from .keys.lease import Lease
from .parts import Parts


def open_authority(path: str, *, passphrase: t.Optional[str] = None, parts: Parts = Parts()) -> Authority:
    """Open the authority in `path`. Raises InvalidInput if there is none, or if its keys cannot be opened."""
    path = os.path.abspath(path)
    store = open_store(path)
    with store.read() as tx:
        place = tx.place
    lease = Lease(path)
    return Authority(path, store, vault.Vault(key_file.unlock(path, store, passphrase)), place, parts, lease)
