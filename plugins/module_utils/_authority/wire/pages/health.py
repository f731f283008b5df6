# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/healthz: whether the authority can read and write."""

from __future__ import annotations

from ...authority import Authority
from ...store.transactions import StoreError
from ..messages import Reply, plain
from ...._rules.times import iso


def answer(authority: Authority) -> Reply:
    try:
        with authority.store.write(durable=False) as tx:
            tx.set_meta("last_health_check_at", iso(authority.now()))
    except StoreError as error:
        return plain(503, f"{error}\n")
    return plain(200, "ok\n")
