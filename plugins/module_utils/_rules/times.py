# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moments as aware datetimes, as the milliseconds since 1970 that the store keeps, and as people read them. Pure."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timezone


def millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def maybe_millis(moment: t.Optional[datetime]) -> t.Optional[int]:
    return None if moment is None else millis(moment)


def moment(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, tz=timezone.utc)


def iso(moment: datetime) -> str:
    """A moment as results, events and messages show it: 2026-11-23T16:51:00Z."""
    return moment.astimezone(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def read_iso(text: str) -> datetime:
    """ISO 8601 as an aware moment; without a zone it is UTC. Raises ValueError."""
    found = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", text))  # Python 3.10 does not read a Z
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
