# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The passphrases with which ACM encrypts exported keys."""

from __future__ import annotations

from ansible_collections.certops.acm.plugins.module_utils._acm_export import execution
from ansible_collections.certops.acm.plugins.module_utils._rules.passphrases import check_passphrase


def test_random_passphrases_are_valid_for_acm_and_unique() -> None:
    made = {execution.random_passphrase() for _number in range(100)}
    assert len(made) == 100
    for passphrase in made:
        check_passphrase(passphrase)
