# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets open only with their key and in their place; the key derived from a passphrase."""

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import vault


def test_a_trailing_line_break_in_the_passphrase_does_not_matter() -> None:
    keys = {vault.key_of_passphrase(f"correct horse{ending}", b"salt" * 4) for ending in ("", "\n", "\r\n")}
    assert len(keys) == 1 and keys != {vault.key_of_passphrase("correct hors", b"salt" * 4)}


def test_a_moved_altered_or_truncated_secret_does_not_open() -> None:
    box = vault.Vault(vault.new_key())
    sealed = box.seal(b"secret", "here")
    assert box.open(sealed, "here") == b"secret" and b"secret" not in sealed
    assert box.seal(b"secret", "here") != sealed
    flipped = bytes([sealed[0] ^ 1]) + sealed[1:]
    for content, context in (
        (sealed, "there"),
        (flipped, "here"),
        (sealed[:-1], "here"),
        (b"", "here"),
        (sealed[:5], "here"),
    ):
        with pytest.raises(vault.WrongKey):
            box.open(content, context)
