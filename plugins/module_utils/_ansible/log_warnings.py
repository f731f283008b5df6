# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an embedded authority logs while a module uses it, such as a mail that it could not send, becomes a warning."""

from __future__ import annotations

import contextlib
import logging
import typing as t

OURS = __name__.partition("._ansible.")[0]  # above the loggers of all rooms


class _Warnings(logging.Handler):
    def __init__(self, warn: t.Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._warn = warn

    def emit(self, record: logging.LogRecord) -> None:
        self._warn(self.format(record))


@contextlib.contextmanager
def log_as_warnings(warn: t.Callable[[str], None]) -> t.Iterator[None]:
    log, handler = logging.getLogger(OURS), _Warnings(warn)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
