# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a deployment is about to do, on the disk before it does it, so that the next run can finish it or undo it.

    PATH/.deployment/lock           held by the one run that may change anything below PATH
    PATH/.deployment/journal.json   the deployment that is under way, or the outcome that nobody was told of
    PATH/.deployment/backup-0       a snippet as it was before

One record at a time, replaced whole by a rename. It holds commands, paths, fingerprints; never a key. Standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import typing as t

from ..._files.folders import check_folder, make_folders, sync_folder
from ..._files.locks import wait_for
from ..._rules.errors import InvalidInput
from .snippets import Before

FOLDER = ".deployment"
FORMAT = 1
PLACING, ACTIVATING, UNDOING, FINISHED = "placing", "activating", "undoing", "finished"

Record = t.Dict[str, t.Any]


class Journal:
    """PATH/.deployment. Everything but peek() and the making of it wants the lock."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.path = os.path.join(base, FOLDER)
        self._file_path = os.path.join(self.path, "journal.json")
        self._lock: int | None = None

    def peek(self) -> Record | None:
        """The record that is there, without the lock: a run may just be writing the next. None if there is none.

        One that cannot be read is none of ours, or of a later version; it raises InvalidInput.
        """
        try:
            check_folder(self.path)
            with open(self._file_path, encoding="utf-8") as file:
                record = json.load(file)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError as error:
            if isinstance(error, InvalidInput):
                raise
            record = None
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise InvalidInput(
                f"The journal {self._file_path} cannot be read; if no other version of this collection "
                "deploys here, check that every service serves what it should, then remove it."
            )
        return record

    def open_lock(self) -> None:
        """Make PATH if it is missing, and open the lock. A process that is forked then has the same lock as its parent."""
        self._make()
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._lock = os.open(os.path.join(self.path, "lock"), flags, 0o600)

    def lock(self, timeout_s: float) -> None:
        """Hold the deployments of PATH, until the end of all processes that have opened the lock together."""
        if not wait_for(t.cast(int, self._lock), timeout_s):
            raise InvalidInput(
                f"Another deployment has held {self.base} for {timeout_s:g} s; wait for its end and run again. "
                "Nothing was changed."
            )

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def write(self, record: Record) -> None:
        """Replace the record; it is on the disk when this returns."""
        self._put("journal.json", json.dumps({**record, "format": FORMAT}, indent=1).encode("utf-8"))

    def remove(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._file_path)
        for name in os.listdir(self.path):
            if name.startswith(("backup-", ".new-")):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(self.path, name))
        sync_folder(self.path)

    def keep(self, number: int, before: Before) -> Record:
        """Keep what a snippet was; returns what a record says of it."""
        kept: Record = {"target": before.target, "mode": before.mode, "backup": None}
        if before.content is not None:
            kept["backup"] = f"backup-{number}"
            self._put(kept["backup"], before.content)
        return kept

    def kept(self, record: Record) -> Before:
        """What keep() kept."""
        content = None
        if record["backup"]:
            with open(os.path.join(self.path, os.path.basename(record["backup"])), "rb") as file:
                content = file.read()
        return Before(content, record["target"], record["mode"])

    def _make(self) -> None:
        check_folder(self.base)
        make_folders(self.base)
        make_folders(self.path, 0o700)
        check_folder(self.path)

    def _put(self, name: str, content: bytes) -> None:
        temporary = os.path.join(self.path, f".new-{name}")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, os.path.join(self.path, name))
        sync_folder(self.path)
