# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder that is exchanged while something is written in it, before every call that opens or changes anything.

Another local user gets the folder above, moves the folder away, and puts a link to a copy of it, or a copy of their own, in
its place.
What is written is in the folder that was judged, or the run fails. Nothing in the copy is ever touched.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import os
import shutil
import stat
import sys
import typing as t
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation, directory
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import key_making
from ansible_collections.certops.acm.plugins.module_utils._files import atomic, folders
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments import snippets
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.journal import FINISHED, Journal
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.snippets import Before, Snippet
from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.bundle import Access, Bundle
from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.key_pair import KeyPair, read_key_pair
from ansible_collections.certops.acm.tests.support.deployment_host import issue

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")

OTHER = 65534
JUDGED, THEIRS = "judged", "theirs"
CALLS = ("open", "os.mkdir", "os.rename", "os.symlink", "os.chmod", "os.chown", "os.remove", "os.rmdir", "os.listdir")
ACCESS = Access(uid=None, gid=None, key_mode=0o600, directory_mode=0o755)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)

at_call: Callable[[], None] | None = None


def hook(event: str, _arguments: tuple[t.Any, ...]) -> None:
    if at_call is not None and event in CALLS:
        at_call()


sys.addaudithook(hook)


@contextlib.contextmanager
def before_call(number: int, act: Callable[[], None]) -> Iterator[Callable[[], int]]:
    """ACT once before call NUMBER, counted from 0; yields what tells how many there were."""
    global at_call
    count = 0

    def here() -> None:
        nonlocal count
        global at_call
        count += 1
        if count == number + 1:
            at_call = None
            act()

    at_call = here
    try:
        yield lambda: count
    finally:
        at_call = None


@dataclasses.dataclass(frozen=True)
class Work:
    """Something that is done below a folder ROOT, and the folders below it that may be exchanged meanwhile."""

    prepare: Callable[[Path], object]
    do: Callable[[Path], object]
    folders: tuple[str, ...]
    exchanges: tuple[bool, ...] = (True, False)  # for a link, for a folder of the other user
    can_be_copied: bool = True


# --- what is done --------------------------------------------------------------------------------------------------------


@functools.cache
def pair(number: int) -> KeyPair:
    made = issue("www.example.com")
    return read_key_pair("www", made["certificate"], None, made["private_key"])


def put(root: Path, number: int, keep: int = 2) -> None:
    bundle = Bundle(str(root / "acm"), "www", ACCESS)
    with bundle.locked(make=True):
        version = bundle.stage(pair(number), pair(number).render(["cert", "key", "combined"]), bundle.live(), NOW)
        bundle.commit(version)
        bundle.prune(keep)


def go_back(root: Path) -> None:
    bundle = Bundle(str(root / "acm"), "www", ACCESS)
    with bundle.locked(make=False):
        live = bundle.live()
        previous = bundle.version((live and live.previous_id) or "")
        if previous is None:
            raise InvalidInput("there is no previous set")
        bundle.go_back(previous)


def mend(root: Path) -> None:
    bundle = Bundle(str(root / "acm"), "www", Access(12345, 12345, 0o640, 0o750))
    with bundle.locked(make=False):
        live = bundle.live()
        if live is None:
            raise InvalidInput("there is no set")
        bundle.mend_access(live, ["cert.pem", "privkey.pem"])


def remove(root: Path) -> None:
    bundle = Bundle(str(root / "acm"), "www", ACCESS)
    with bundle.locked(make=False):
        bundle.remove()


def two_sets(root: Path) -> None:
    put(root, 1)
    put(root, 2)


def file(root: Path) -> Snippet:
    return Snippet("web", str(root / "conf.d" / "tls" / "www.conf"), b"new", mode=0o640)


def old_file(root: Path) -> None:
    snippets.write(file(root)._replace(content=b"old"))
    (root / "conf.d" / "tls" / ".www.conf.acm-new").write_bytes(b"half")


def sweep(root: Path) -> None:
    snippets.sweep(file(root))
    if (root / "conf.d" / "tls" / ".www.conf.acm-new").exists():
        raise InvalidInput("it says nothing")


ENDED = {
    "phase": FINISHED,
    "started_at": "2026-11-01T00:00:00Z",
    "outcome": {"failed": False, "message": "", "restored": True, "was_changed": True, "finished_at": "then"},
}


def keep_journal(root: Path) -> None:
    journal = Journal(str(root / "acm"))
    journal.open_lock()
    try:
        journal.lock(0)
        journal.peek()
        journal.keep(0, Before(b"old"))
        journal.write(ENDED)
        journal.kept({"backup": "backup-0", "target": None, "mode": 0o644})
        journal.remove()
        journal.write(ENDED)
    finally:
        journal.close()


def export(root: Path, uid: int | None = None, name: str = "tls") -> None:
    specs = [atomic.FileSpec(form, str(root / name / f"{form}.pem"), 0o600, uid) for form in ("key", "cert")]
    with atomic.locked(specs) as held:
        for spec in specs:
            atomic.read(spec)
        atomic.write(held, [(spec, b"new") for spec in specs])
        atomic.mend_access(held, specs)


def their_folder(root: Path) -> None:
    (root / "tls").mkdir()
    (root / "tls" / "key.pem").write_bytes(b"old")
    for path in (root / "tls", root / "tls" / "key.pem"):
        os.chown(path, OTHER, OTHER)


def authority(root: Path) -> None:
    (root / "keys").mkdir()
    creation.create(str(root / "authority"), key_file=str(root / "keys" / "key")).store.close()


def rotate(root: Path) -> None:
    store = directory.open_store(str(root / "authority"))
    try:
        key_making.rotate(str(root / "authority"), store, None, None)
    finally:
        store.close()


def deep(root: Path) -> None:
    (root / "old" / "a" / "b").mkdir(parents=True)
    for path in ("old/1", "old/a/2", "old/a/b/3"):
        (root / path).write_bytes(b"x")


SETS = ("acm", "acm/www", "acm/www/versions")
WORKS = {
    "the first set": Work(lambda root: (root / "acm").mkdir(), lambda root: put(root, 1), ("acm",)),
    "a renewed set": Work(lambda root: put(root, 1), lambda root: put(root, 2), SETS),
    "old sets": Work(two_sets, lambda root: put(root, 3, keep=0), SETS),
    "a set to go back to": Work(two_sets, go_back, SETS[:2]),
    "access to a set": Work(lambda root: put(root, 1), mend, SETS),
    "all sets": Work(two_sets, remove, SETS),
    "a snippet": Work(old_file, lambda root: snippets.write(file(root)), ("conf.d", "conf.d/tls")),
    "a new snippet": Work(lambda root: (root / "conf.d").mkdir(), lambda root: snippets.write(file(root)), ("conf.d",)),
    "a link": Work(
        old_file, lambda root: snippets.write(file(root)._replace(target="/etc/x")), ("conf.d", "conf.d/tls")
    ),
    "a snippet taken back": Work(
        old_file, lambda root: snippets.put_back(file(root), Before()), ("conf.d", "conf.d/tls")
    ),
    "half a snippet": Work(old_file, sweep, ("conf.d", "conf.d/tls")),
    "the journal": Work(keep_journal, keep_journal, ("acm", "acm/.deployment")),
    "an export": Work(export, export, ("tls",)),
    "an export for its owner": Work(their_folder, lambda root: export(root, OTHER), ("tls",), (True,)),
    "a rotated key": Work(authority, rotate, ("keys",), can_be_copied=False),
    "a removal": Work(deep, lambda root: folders.remove(str(root / "old")), ("old/a", "old/a/b"), (True,)),
}


# --- what is exchanged -----------------------------------------------------------------------------------------------------


Snapshot = dict[str, tuple[t.Any, ...]]


def snapshot(path: Path) -> Snapshot:
    """All that is in a folder, and when it was last changed in any way."""
    found = {}
    for each in [path, *sorted(path.rglob("*"))]:
        status = each.lstat()
        content = each.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        digest = hashlib.sha256(content).hexdigest()
        found[str(each.relative_to(path))] = (status.st_mode, status.st_uid, status.st_gid, status.st_ctime_ns, digest)
    return found


def inside(path: Path) -> Snapshot:
    """The same without the folder itself, which is changed when it is moved away."""
    return {name: each for name, each in snapshot(path).items() if name != "."}


class Exchange:
    """Of one folder, by another user. A link leads to a copy of root's, where nothing would be refused."""

    def __init__(self, folder: Path, elsewhere: Path, is_link: bool) -> None:
        self.folder, self.is_link = folder, is_link
        self.above = folder.parent
        self.copy = elsewhere if is_link else self.above / THEIRS
        self.is_done = False
        shutil.copytree(folder, self.copy, symlinks=True)
        for path in [] if is_link else [self.copy, *self.copy.rglob("*")]:
            os.chown(path, OTHER, OTHER, follow_symlinks=False)
        self.before: Snapshot = {}

    def __call__(self) -> None:
        os.chown(self.above, OTHER, OTHER)
        if not self.folder.exists():
            return
        above = os.open(self.above, os.O_RDONLY | os.O_DIRECTORY)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                os.setgroups([])
                os.setgid(OTHER)
                os.setuid(OTHER)
                os.rename(self.folder.name, JUDGED, src_dir_fd=above, dst_dir_fd=above)
                if self.is_link:
                    os.symlink(self.copy, self.folder.name, dir_fd=above)
                else:
                    os.rename(THEIRS, self.folder.name, src_dir_fd=above, dst_dir_fd=above)
                os._exit(0)
            os._exit(1)
        os.close(above)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        self.copy = self.copy if self.is_link else self.folder
        self.before = snapshot(self.copy)
        self.is_done = True

    def touched(self) -> bool:
        """Whether anything was done in the copy."""
        return self.is_done and snapshot(self.copy) != self.before


class Trials:
    """WORK done again and again in FOLDER, each time in a place of its own, with an exchange at another moment."""

    def __init__(self, folder: Path, work: Work, is_link: bool) -> None:
        self.folder, self.work, self.is_link = folder, work, is_link
        self._number = 0

    def calls(self, victim: str) -> int:
        """How many there are when nothing is exchanged."""
        _exchange, calls, is_whole = self.run(victim, 10**6)
        assert is_whole and calls, "it must be possible at all"
        return calls

    def run(self, victim: str, call: int) -> tuple[Exchange, int, bool]:
        """With an exchange of the folder VICTIM before a call; also how many calls there were, and whether all was done."""
        self._number += 1
        root = self._prepared()
        exchange = Exchange(root / victim, root.parent / "elsewhere", self.is_link)
        judged = inside(root / victim)
        is_whole = True
        with before_call(call, exchange) as count:
            try:
                self.work.do(root)
            except (InvalidInput, OSError):
                is_whole = False
        if is_whole and exchange.is_done and (exchange.above / JUDGED).exists():
            assert inside(exchange.above / JUDGED) != judged, "done, but not in the folder that was judged"
        return exchange, count(), is_whole

    def _prepared(self) -> Path:
        root, first = self.folder / f"{self._number}" / "root", self.folder / "first"
        if not self.work.can_be_copied:
            root.mkdir(parents=True)
            self.work.prepare(root)
            return root
        if not first.exists():
            first.mkdir()
            self.work.prepare(first)
        shutil.copytree(first, root, symlinks=True)
        for path in first.rglob("*"):
            os.chown(root / path.relative_to(first), path.lstat().st_uid, path.lstat().st_gid, follow_symlinks=False)
        return root


@pytest.mark.parametrize(
    ("name", "is_link"), [(name, is_link) for name, work in WORKS.items() for is_link in work.exchanges]
)
def test_everything_is_written_to_the_folder_that_was_checked_or_nowhere(
    tmp_path: Path, name: str, is_link: bool
) -> None:
    trials = Trials(tmp_path, WORKS[name], is_link)
    for victim in trials.work.folders:
        calls = trials.calls(victim)
        for call in range(calls):
            exchange, _calls, _is_whole = trials.run(victim, call)
            assert not exchange.touched(), f"{victim}, before call {call} of {calls}"


def test_writing_by_path_is_detected(tmp_path: Path) -> None:
    """The check of this file can fail."""

    def by_path(root: Path) -> None:
        folders.open_folder(str(root / "tls")).close()
        (root / "tls" / "key.pem").write_bytes(b"new")

    trials = Trials(tmp_path, Work(lambda root: (root / "tls").mkdir(), by_path, ("tls",)), True)
    last = trials.calls("tls") - 1  # the file is opened
    with pytest.raises(AssertionError, match="not in the folder that was judged"):
        trials.run("tls", last)
    assert snapshot(tmp_path / "2" / "elsewhere").keys() == {".", "key.pem"}
