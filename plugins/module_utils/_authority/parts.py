# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the authority takes from outside; tests replace it."""

from __future__ import annotations

import typing as t
import uuid
from datetime import datetime, timezone


def system_clock() -> datetime:
    return datetime.now(timezone.utc)


def random_uuid() -> str:
    return str(uuid.uuid4())


class Parts(t.NamedTuple):
    clock: t.Callable[[], datetime] = system_clock
    new_id: t.Callable[[], str] = random_uuid

    def now(self) -> datetime:
        """In whole milliseconds, as the store keeps times."""
        moment = self.clock()
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
