# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a server's configuration that a deployment writes: texts, and links to the files of a set. Standard library
only.

Each is written completely and renamed into place. The caller backs up what was there before, and can restore it.
"""

from __future__ import annotations

import contextlib
import os
import stat
import typing as t

from ..._files.certificate_files import read_mode
from ..._files.folders import Folder, RestoreContext, open_folder
from ..._rules.errors import InvalidInput

MAX_OCTETS = 2**22  # of a file that a snippet replaces: the file is backed up until the deployment has ended


class Snippet(t.NamedTuple):
    """A wanted file: its content, or the target of a link. Without `replace`, an existing file is left alone."""

    service: str
    path: str
    content: bytes = b""
    target: str | None = None
    mode: int = 0o644
    replace: bool = True


class Before(t.NamedTuple):
    """What a snippet's path had before: nothing, a file (content) or a link (target)."""

    content: bytes | None = None
    target: str | None = None
    mode: int = 0o644

    @property
    def exists(self) -> bool:
        return self.content is not None or self.target is not None


def read_snippets(entries: t.Iterable[t.Mapping[str, t.Any]], services: t.Collection[str]) -> list[Snippet]:
    """Snippets from the options of the module. Raises InvalidInput."""
    found: list[Snippet] = []
    for entry in entries:
        path = os.path.normpath(entry["path"])
        if not path.startswith("/"):
            raise InvalidInput(f"The path of a snippet is {entry['path']!r}; give a path that begins with /.")
        if entry["service"] not in services:
            raise InvalidInput(f"The snippet {path} is for the service {entry['service']}, which is not in services.")
        if path in (each.path for each in found):
            raise InvalidInput(f"The snippet {path} is given twice; give each its own path.")
        mode = read_mode("snippets.mode", entry.get("mode"), 0o644)
        content = entry["content"].encode("utf-8")
        found.append(
            Snippet(
                entry["service"],
                path,
                content,
                None,
                mode,
                entry.get("replace") is not False,
            )
        )
    return found


def look(snippet: Snippet) -> Before:
    """What the path has now. Raises InvalidInput if it is neither file nor link, or if others may write to its
    folder."""
    try:
        with open_folder(os.path.dirname(snippet.path)) as folder:
            return _look(folder, os.path.basename(snippet.path) or ".", snippet.path)
    except (FileNotFoundError, NotADirectoryError):
        return Before()


def _look(folder: Folder, name: str, shown: str) -> Before:
    status = folder.status(name)
    if status is None:
        return Before()
    if stat.S_ISLNK(status.st_mode):
        return Before(target=folder.target(name), mode=stat.S_IMODE(status.st_mode))
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInput(f"{shown} is not a file; move it away, or choose another path for the snippet.")
    content, status = folder.read(name, MAX_OCTETS + 1)
    if len(content) > MAX_OCTETS:
        raise InvalidInput(
            f"{shown} is larger than {MAX_OCTETS // 2**20} MiB, so it is not a snippet: move it away, or choose "
            "another path."
        )
    return Before(content=content, mode=stat.S_IMODE(status.st_mode))


def is_due(snippet: Snippet, before: Before) -> bool:
    """Whether the snippet has to be written."""
    if before.exists and not snippet.replace:
        return False
    if snippet.target is not None:
        if before.content is not None:
            raise InvalidInput(f"{snippet.path} is a file where a link is wanted; move it away.")
        return before.target != snippet.target
    return before.content != snippet.content or before.mode != snippet.mode


def write(snippet: Snippet, restore_context: RestoreContext | None = None) -> None:
    """Write the snippet and rename it into place, in a folder that nobody else may write to."""
    with open_folder(os.path.dirname(snippet.path), make_mode=0o755) as folder:
        name = os.path.basename(snippet.path)
        temporary = _temporary(name)
        folder.unlink(temporary)  # left by a run that was killed
        if snippet.target is not None:
            folder.link(temporary, snippet.target)
        else:
            before = folder.status(name)  # keep the owner that the file has: only we or root could have set it
            folder.create(
                temporary,
                snippet.content,
                snippet.mode,
                owner=before.st_uid if before else None,
                group=before.st_gid if before else None,
                restore_context=restore_context,
                final_path=snippet.path,
            )
        folder.rename(temporary, name)
        folder.sync()


def put_back(snippet: Snippet, before: Before, restore_context: RestoreContext | None = None) -> None:
    """Restore what was there BEFORE."""
    if before.exists:
        write(
            snippet._replace(content=before.content or b"", target=before.target, mode=before.mode, replace=True),
            restore_context,
        )
        return
    with contextlib.suppress(FileNotFoundError), open_folder(os.path.dirname(snippet.path)) as folder:
        folder.unlink(os.path.basename(snippet.path))
        folder.sync()


def sweep(snippet: Snippet) -> None:
    """Remove temporary files next to the snippet that a killed run left behind."""
    with contextlib.suppress(OSError, InvalidInput), open_folder(os.path.dirname(snippet.path)) as folder:
        folder.unlink(_temporary(os.path.basename(snippet.path)))


def links(directory: str, service: str, names: t.Iterable[str], base: str) -> list[Snippet]:
    """A link NAME.pem to the combined file of each set: HAProxy's `crt` expects a flat folder."""
    return [
        Snippet(
            service, os.path.join(directory, f"{name}.pem"), target=os.path.join(base, name, "live", "combined.pem")
        )
        for name in names
    ]


def _temporary(name: str) -> str:
    return f".{name[:200]}.acm-new"
