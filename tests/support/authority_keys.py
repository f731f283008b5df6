# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the files of a store contain, for tests of how its keys are stored."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.certops.acm.tests.support.authority_lab import Lab


def content(lab: Lab) -> bytes:
    """Everything in the store's files, including free pages and the log."""
    return b"".join(path.read_bytes() for path in Path(lab.path).glob("acm.sqlite3*"))


def wrapped(lab: Lab) -> list[bytes]:
    with lab.authority.store.read() as tx:
        return list(tx.data_keys().values())
