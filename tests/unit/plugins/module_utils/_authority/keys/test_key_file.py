# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key of an authority is found again."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.certops.acm.plugins.module_utils._authority import creation, opening
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import key_file, vault


def test_a_passphrase_from_an_earlier_version_still_opens(tmp_path: Path) -> None:
    authority = creation.create(str(tmp_path / "authority"), passphrase="old")
    salt = vault.new_salt()
    key = vault.key_of_passphrase("old", salt, 2**14)
    with authority.store.write() as tx:
        tx.put_data_key(vault.key_id(key), vault.wrap(key_file.unlock(authority.path, authority.store, "old"), key))
        tx.set_meta("key", json.dumps({"kind": "passphrase", "salt": salt.hex()}))
        tx.keep_data_key(vault.key_id(key))
    opening.open_authority(authority.path, passphrase="old")
