# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A log that nobody can flood: a client can cause a line, but not a line for each request."""

from __future__ import annotations

import collections
import logging
import threading
import time
import typing as t

PERIOD_S = 60.0
MOST_OF_A_KIND = 50  # different lines, for example about different addresses
OTHERS = ""  # counts the lines beyond that number

log = logging.getLogger(__name__)


class SparingLog(logging.Filter):
    """Passes each line once in a period, and a limited number of different lines of a kind: of one message, whatever its
    values. `tell`, called from time to time, ends a period and says how often its lines were repeated."""

    def __init__(self, seconds: t.Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._lock = threading.Lock()
        self._began_at = seconds()
        self._counts: dict[str, collections.Counter[str]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == __name__:
            return True
        line = record.getMessage()
        with self._lock:
            lines = self._counts.setdefault(str(record.msg), collections.Counter())
            if line not in lines and len(lines) >= MOST_OF_A_KIND:
                line = OTHERS
            lines[line] += 1
            return line != OTHERS and lines[line] == 1

    def tell(self, is_over: bool = False) -> None:
        """is_over: end the period however short it was, as when the server ends."""
        with self._lock:
            now = self._seconds()
            if now - self._began_at < PERIOD_S and not is_over:
                return
            counts, self._counts, self._began_at = self._counts, {}, now
        for lines in counts.values():
            others = lines.pop(OTHERS, 0)
            for line, number in lines.items():
                if number > 1:
                    log.warning("%s (%d more times)", line, number - 1)
            if others:
                log.warning("%d more lines like: %s", others, next(iter(lines)))
