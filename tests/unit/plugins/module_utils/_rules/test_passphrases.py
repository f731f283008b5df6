# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules import passphrases
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput


@pytest.mark.parametrize("passphrase", [b"abcd", b"a" * 128, b"with space", b"\"'\\&!@^*()", bytes(range(0x26, 0x7F))])
def test_passphrases_that_acm_takes(passphrase: bytes) -> None:
    passphrases.check_passphrase(passphrase)


@pytest.mark.parametrize(
    "passphrase",
    [b"", b"abc", b"a" * 129, b"hushed#1", b"hushed$1", b"hushed%1", "hushedü".encode(), b"\x80\x81\x82\x83"],
)
def test_passphrases_that_acm_refuses(passphrase: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        passphrases.check_passphrase(passphrase)
    assert "hushed" not in str(caught.value) and "abc" not in str(caught.value)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n"])
def test_the_line_break_of_a_file_or_vault_is_not_part_of_a_passphrase(ending: str) -> None:
    assert passphrases.octets(f" correct  h\u00f6rse {ending}") == " correct  h\u00f6rse ".encode()
