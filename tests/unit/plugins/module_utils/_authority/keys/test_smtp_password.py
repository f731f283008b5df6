# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mail server's password: encrypted, replaced only by a different one, and removed when emptied."""

from __future__ import annotations

import typing as t


def test_the_password_is_kept_replaced_and_forgotten(lab: t.Any) -> None:
    password = lab.authority.smtp_password
    assert password.read() is None and not password.replace("")
    assert password.replace("first") and not password.replace("first")
    assert password.read() == "first"
    with lab.authority.store.read() as tx:
        assert "first".encode().hex() not in tx.meta("smtp_password")
    assert password.replace("") and password.read() is None
