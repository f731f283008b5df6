# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one renewal run stores for the next: a small JSON document without secrets.

If it is lost, no work is lost, since certificates are compared with what hosts really have: only alerts may be sent
twice, and a renewal may be forced twice in a day. So a damaged document is moved aside and reported, and the run
continues.

version: of this format. began_at: when the last run began. ended_at: when the last complete run ended.
forced: requested renewals, [{arn, at}]. hosts: {host: {arn: {serial, not_before, not_after, services}}}, what each host
was seen to have, and which of its services served it. told: acm_alert's. missed: alerts about events that some channel
has not received yet.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
import typing as t
from datetime import datetime, timedelta, timezone

from .._rules.times import read_iso
from .._files import atomic, folders
from .._rules.errors import InvalidInput
from .._rules.times import iso

VERSION = 2
MODE = 0o600
FOLDER_MODE = 0o700
CLOCK_SKEW = timedelta(hours=1)  # times further in the future were written by a clock that was ahead

Document = t.Dict[str, t.Any]


class Recalled(t.NamedTuple):
    """problems: clauses about what was wrong with it."""

    document: Document
    problems: t.List[str]
    must_be_put_aside: bool = False


def empty() -> Document:
    return {"version": VERSION, "began_at": None, "ended_at": None, "forced": [], "hosts": {}, "told": {}, "missed": []}


def judge(text: str, now: datetime) -> Recalled:
    """The document in a text, without impossible values. Pure."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("version") != VERSION or not _is_sound(found):
        what = "was written by another version of this collection"
        if not isinstance(found, dict) or found.get("version") == VERSION:
            what = "is damaged"
        return Recalled(empty(), [what], True)
    document: Document = {name: found.get(name, value) for name, value in empty().items()}
    latest = now + CLOCK_SKEW
    ahead = False
    for name in ("began_at", "ended_at"):
        if document[name] and _moment(document[name]) > latest:
            # The run did end, whenever that was.
            document[name], ahead = (iso(now) if name == "ended_at" and document["began_at"] else None), True
    kept = [entry for entry in document["forced"] if _moment(entry["at"]) <= latest]
    ahead = ahead or len(kept) < len(document["forced"])
    document["forced"] = kept
    for channels in document["told"].values():
        for channel, at in channels.items():
            if _moment(at) > latest:
                channels[channel], ahead = iso(now), True
    return Recalled(document, ["has times in the future, as from a clock that was ahead"] if ahead else [], ahead)


def _is_sound(found: t.Mapping[str, t.Any]) -> bool:
    """Whether every part has the expected form."""
    try:
        for name in ("began_at", "ended_at"):
            if found.get(name) is not None:
                _moment(found[name])
        for entry in found.get("forced", []):
            _moment(entry["at"])
            _expect(entry["arn"], str)
        for certificates in _expect(found.get("hosts", {}), dict).values():
            for known in _expect(certificates, dict).values():
                _expect(known["serial"], str)
                _moment(known["not_before"])
                _moment(known["not_after"])
                for service in _expect(known.get("services", []), list):
                    _expect(service, str)
        for channels in _expect(found.get("told", {}), dict).values():
            for at in _expect(channels, dict).values():
                _moment(at)
        for alert in _expect(found.get("missed", []), list):
            for name in ("key", "kind", "severity", "title"):
                _expect(_expect(alert, dict)[name], str)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return False
    return True


def _expect(value: t.Any, kind: type) -> t.Any:
    if not isinstance(value, kind):
        raise TypeError(kind.__name__)
    return value


def _moment(text: t.Any) -> datetime:
    return read_iso(_expect(text, str))


# ---------------------------------------------------------------- where it is stored


class Store:
    """The file of one connection, NAME.json in FOLDER, and a spare place while that cannot be written.

    spare: a folder of the running user that is created when needed; by default in the system's temporary folder, where
    nobody else can create a folder that would be mistaken for it.
    """

    def __init__(self, folder: str, name: str, spare: t.Optional[str] = None) -> None:
        self.path = os.path.join(os.path.abspath(folder), f"{name}.json")
        spare = spare or os.path.join(tempfile.gettempdir(), f"acm-renewals-{os.geteuid()}")
        self.spare_path = os.path.join(
            os.path.realpath(os.path.dirname(spare)), os.path.basename(spare), f"{name}.json"
        )

    def recall(self, now: datetime, may_change: bool = True) -> t.Tuple[Document, t.List[str]]:
        """The document, and sentences about what was wrong. If there are two, the newer one counts."""
        candidates: t.List[Document] = []
        problems: t.List[str] = []
        unreadable = ""
        for path in (self.path, self.spare_path):
            try:
                present = atomic.read(_spec(path))
            except (InvalidInput, OSError) as error:
                if path == self.path:
                    unreadable = _unreadable(path, error)
                continue
            if present is None:
                continue
            judged = judge(present.content.decode("utf-8", "replace"), now)
            for what in judged.problems:
                rest = self._put_aside(path, now) if may_change else "the next run outside check mode moves it aside"
                problems.append(f"{path} {what}, so alerts may be sent twice; {rest}.")
            candidates.append(judged.document)
        if unreadable and not candidates:
            problems.append(unreadable)
        candidates.sort(key=lambda document: document["began_at"] or "")
        return (candidates[-1] if candidates else empty()), problems

    def remember(self, document: Document) -> t.Optional[str]:
        """Write it. Returns what was wrong, as a sentence, if it had to be written to the spare place; raises
        InvalidInput if it could not be written at all."""
        content = (json.dumps(document, indent=1, sort_keys=True) + "\n").encode("utf-8")
        try:
            _write(self.path, content)
        except (InvalidInput, OSError) as error:
            wrong = _fault_of_system(error)
            try:
                _write(self.spare_path, content)
            except (InvalidInput, OSError):
                raise InvalidInput(
                    f"Neither {self.path} nor {self.spare_path} can be written{f' ({wrong})' if wrong else ''}: "
                    "free some space or fix the permissions, or set acm_deploy_renewals_path to a folder that can be "
                    "written."
                ) from None
            if not wrong:
                return f"It is in {self.spare_path} instead. {error}"
            return (
                f"It is in {self.spare_path} instead, because {self.path} cannot be written ({wrong}): fix that, or "
                "set acm_deploy_renewals_path to a folder that can be written."
            )
        _remove(self.spare_path)
        return None

    @staticmethod
    def _put_aside(path: str, now: datetime) -> str:
        """Move it. Returns what became of it, as a clause."""
        moved = f"{path}.{now.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}"
        try:
            with folders.open_folder(os.path.dirname(path)) as folder:
                folder.rename(os.path.basename(path), os.path.basename(moved))
        except (OSError, InvalidInput):
            return "it could not be moved aside: move or remove it"
        return f"it was moved to {moved}, and nothing else needs to be done"


def _fault_of_system(error: Exception) -> str:
    """The operating system's reason, if that is why; other errors are sentences with a remedy of their own."""
    cause = error if isinstance(error, OSError) else error.__cause__
    return (cause.strerror or type(cause).__name__) if isinstance(cause, OSError) else ""


def _unreadable(path: str, error: Exception) -> str:
    wrong = _fault_of_system(error)
    if not wrong or getattr(error.__cause__, "errno", None) in (errno.ELOOP, errno.EINVAL):
        return f"{error} Until then, alerts may be sent twice."
    return (
        f"{path} cannot be read ({wrong}), so alerts may be sent twice: fix that, or set acm_deploy_renewals_path to "
        "another folder."
    )


def _remove(path: str) -> None:
    """Through the descriptor of our own folder: in the temporary folder, anybody may have put a link of that name."""
    with contextlib.suppress(OSError, InvalidInput):
        with folders.open_folder(os.path.dirname(path)) as folder:
            folder.unlink(os.path.basename(path))


def _spec(path: str) -> atomic.FileSpec:
    return atomic.FileSpec(form="memory", path=path, mode=MODE)


def _write(path: str, content: bytes) -> None:
    folders.open_folder(os.path.dirname(path), make_mode=FOLDER_MODE).close()
    spec = _spec(path)
    with atomic.locked([spec]) as held:
        atomic.write(held, [(spec, content)])
