# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command lines and environments of all processes, read repeatedly from /proc: any local user may read a command line,
and the process's own user and root its environment."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterable

PAUSE_S = 0.002


class ProcessWatch:
    """Reads /proc while the block runs. seen: ("cmdline" or "environ", octets) for everything that was read."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, bytes]] = set()
        self.sweeps = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> ProcessWatch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._thread.join()

    def wait_for_sweep(self) -> None:
        """Return when every process that runs now has been read."""
        wanted = self.sweeps + 2  # the current sweep may have passed it already
        while self.sweeps < wanted:
            time.sleep(PAUSE_S)

    def showing(self, secrets: Iterable[str]) -> list[str]:
        """Where any of the secrets was seen: command line or environment, and the program."""
        wanted = [secret.encode() for secret in secrets]
        found = [(place, text) for place, text in self.seen if any(secret in text for secret in wanted)]
        return sorted(f"{place} of {text.split(bytes(1))[0].decode(errors='replace')[:80]}" for place, text in found)

    def _watch(self) -> None:
        while not self._is_over.is_set():
            for process in filter(str.isdigit, os.listdir("/proc")):
                for place in ("cmdline", "environ"):
                    with contextlib.suppress(OSError), open(f"/proc/{process}/{place}", "rb") as file:
                        self.seen.add((place, file.read()))
            self.sweeps += 1
            time.sleep(PAUSE_S)
