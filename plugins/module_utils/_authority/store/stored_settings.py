# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings in the store."""

from __future__ import annotations

import json
import typing as t

from .transactions import Store, Transaction
from ..settings import Settings


class StoredSettings:
    """Read each time, because another process may have changed them; parsed only after a change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._parsed: tuple[t.Optional[str], Settings] = (None, Settings())

    def current(self) -> Settings:
        with self._store.ask() as tx:
            return self.read(tx)

    def read(self, tx: Transaction) -> Settings:
        stored = tx.meta("settings") or "{}"
        if self._parsed[0] != stored:
            self._parsed = (stored, Settings.of(json.loads(stored)))
        return self._parsed[1]

    def change(self, wanted: t.Mapping[str, t.Any]) -> Settings:
        """Change some settings permanently."""
        with self._store.write() as tx:
            settings = self.read(tx).changed(wanted)
            tx.set_meta("settings", json.dumps(settings.differing()))
        return settings
