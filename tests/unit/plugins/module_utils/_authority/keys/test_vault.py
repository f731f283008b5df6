# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key that a passphrase makes; what is sealed with it is tested with the authority."""

from __future__ import annotations

from ansible_collections.certops.acm.plugins.module_utils._authority.keys import vault


def test_an_authority_is_opened_whether_or_not_a_line_break_came_with_its_passphrase() -> None:
    keys = {vault.key_of_passphrase(f"correct horse{ending}", b"salt" * 4) for ending in ("", "\n", "\r\n")}
    assert len(keys) == 1 and keys != {vault.key_of_passphrase("correct hors", b"salt" * 4)}
