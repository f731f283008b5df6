# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moments as aware datetimes, and as the milliseconds since 1970 that the store keeps. Pure."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone


def millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def maybe_millis(moment: t.Optional[datetime]) -> t.Optional[int]:
    return None if moment is None else millis(moment)


def moment(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, tz=timezone.utc)
