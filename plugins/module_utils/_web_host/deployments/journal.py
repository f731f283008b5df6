# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a deployment is about to do, written to disk beforehand, so that the next run can finish or undo it.

    PATH/.deployment/lock           held by the one run that may change anything below PATH
    PATH/.deployment/journal.json   the deployment in progress, or an outcome not reported yet
    PATH/.deployment/backup-0       a snippet as it was before

One record at a time, replaced by a rename. It has commands, paths and fingerprints, never a key. Standard library only.
"""

from __future__ import annotations

import json
import os
import typing as t

from ..._files.folders import Folder, open_folder
from ..._files.locks import wait_for
from ..._rules.errors import InvalidInput
from ..servers.known_servers import Service
from .rules import Reload
from .snippets import Before

FOLDER = ".deployment"
FILE = "journal.json"
_NEW, _BACKUP = ".new-", "backup-"
FORMAT = 1
PLACING, ACTIVATING, UNDOING, FINISHED = "placing", "activating", "undoing", "finished"
# What a deployment in progress has lists of, and what each entry has.
_ENTRIES: dict[str, t.Collection[str]] = {
    "sets": ("name", "version", "previous"),
    "snippets": ("service", "path", *Before._fields[1:], "backup"),
    "reloads": Reload._fields,
    "proofs": ("service", "endpoint", "right", "previous", "expected", "folders", "may_be_silent"),
    "before": ("service", "endpoint", "right", "may_be_silent"),
}
_OF_SERVICES = ("reloads", "proofs", "before")
_IN_PROGRESS = (PLACING, ACTIVATING, UNDOING)
_OUTCOME = ("failed", "message", "restored", "was_changed", "finished_at")

Record = t.Dict[str, t.Any]


class Journal:
    """PATH/.deployment. Everything except peek() and creating the folder requires the lock."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.path = os.path.join(base, FOLDER)
        self._opened: Folder | None = None
        self._lock = -1

    def peek(self) -> Record | None:
        """The present record, read without the lock: another run may be writing the next one. None if there is none.

        Raises InvalidInput for a record that cannot be read: it is not ours, or from a later version.
        """
        try:
            with self._opened.copy() if self._opened else open_folder(self.path) as folder:
                content, _status = folder.read(FILE)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            record = json.loads(content)
        except ValueError:
            record = None
        if not isinstance(record, dict) or record.get("format") != FORMAT or not _is_whole(record):
            raise InvalidInput(
                f"The journal {os.path.join(self.path, FILE)} cannot be read. Unless another version of this "
                "collection deploys to this host, check that every service serves the right certificates, then remove "
                "the journal."
            )
        return record

    def open_lock(self) -> None:
        """Create PATH if it is missing, and open the lock. A process forked afterwards shares the lock with its
        parent."""
        open_folder(self.base, make_mode=0o755).close()
        self._opened = open_folder(self.path, make_mode=0o700)
        self._lock = self._opened.open("lock", os.O_RDWR | os.O_CREAT, 0o600)

    def lock(self, timeout_s: float) -> None:
        """Lock the deployments of PATH until all processes that share the lock have ended."""
        if not wait_for(self._lock, timeout_s):
            raise InvalidInput(
                f"Another deployment has locked {self.base} for {timeout_s:g} s; wait until it ends and run again. "
                "Nothing was changed."
            )

    def close(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def write(self, record: Record) -> None:
        """Replace the record; it is on the disk when this returns."""
        self._put(FILE, json.dumps({**record, "format": FORMAT}, indent=1).encode("utf-8"))

    def remove(self) -> None:
        self._folder.unlink(FILE)
        for name in self._folder.names():
            if name.startswith((_BACKUP, _NEW)):
                self._folder.unlink(name)
        self._folder.sync()

    def keep(self, number: int, before: Before) -> Record:
        """Back up a snippet's present content; returns its entry for the record."""
        kept: Record = {"target": before.target, "mode": before.mode, "backup": None}
        if before.content is not None:
            kept["backup"] = f"{_BACKUP}{number}"
            self._put(kept["backup"], before.content)
        return kept

    def kept(self, record: Record) -> Before:
        """The content backed up by keep()."""
        content = None
        if record["backup"]:
            content, _status = self._folder.read(os.path.basename(record["backup"]))
        return Before(content, record["target"], record["mode"])

    @property
    def _folder(self) -> Folder:
        """PATH/.deployment, open as long as the lock is held."""
        return t.cast(Folder, self._opened)

    def _put(self, name: str, content: bytes) -> None:
        self._folder.unlink(_NEW + name)  # left by a run that was killed
        self._folder.create(_NEW + name, content, 0o600)
        self._folder.rename(_NEW + name, name)
        self._folder.sync()


def _is_whole(record: Record) -> bool:
    """Whether a record has everything that finishing, undoing or reporting it needs."""
    if not isinstance(record.get("started_at"), str):
        return False
    if record.get("phase") == FINISHED:
        return _has(record.get("outcome"), _OUTCOME)
    services, starts, path = (record.get(name) for name in ("services", "starts", "path"))
    if record.get("phase") not in _IN_PROGRESS or not isinstance(path, str):
        return False
    if not isinstance(services, dict) or not isinstance(starts, list):
        return False
    for name, wanted in _ENTRIES.items():
        if not isinstance(record.get(name), list) or not all(_has(entry, wanted) for entry in record[name]):
            return False
    named = [*starts, *(entry["service"] for name in _OF_SERVICES for entry in record[name])]
    return all(str(name) in services for name in named) and all(
        isinstance(each, dict) and set(each) == set(Service._fields) for each in services.values()
    )


def _has(entry: t.Any, names: t.Collection[str]) -> bool:
    return isinstance(entry, dict) and all(name in entry for name in names)
