# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets of certificate files on a host, each activated by one rename. Standard library only.

    PATH/NAME/live -> versions/0002-5f2a9c1e77d0        what servers read
    PATH/NAME/versions/0002-5f2a9c1e77d0/               one set; its files never change once it is live
        cert.pem chain.pem fullchain.pem privkey.pem [combined.pem bundle.p12]
        set.json                                        describes the set, and names the set that was live before it

A set is written under a name .new-…, flushed to disk and renamed, and only then is `live` pointed to it. Whenever the
machine stops, `live` points to a complete set; the next run removes what begins with .new- or .old-.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
import typing as t
from datetime import datetime

from ..._files import locks
from ..._files.folders import Folder, Made, RestoreContext, open_folder
from .der import CertificateFacts, Unreadable, pem_certificates, read_certificate
from ..._files.certificate_files import SECRET_FILES
from .key_pair import BundleFault, KeyPair, check_files
from ..._rules.errors import InvalidInput
from ..._rules.times import iso

PUBLIC_MODE = 0o644
LOCK_TIMEOUT_S = 30
MAX_NAME = 200  # characters; a folder's name can have 255
MANIFEST = "set.json"
MADE_BY = "certops.acm"
_WITH_CHAIN = ("fullchain.pem", "combined.pem", "cert.pem")
_WITH_KEY = ("privkey.pem", "combined.pem", "privkey-pkcs1.pem")

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*")
_VERSION = re.compile(r"(\d{4,})-[0-9a-f]{12}")
_VERSIONS, _LIVE = "versions", "live"
_UNFINISHED, _DISCARDED, _LINK = ".new-", ".old-", ".live-new"


class Access(t.NamedTuple):
    """Who may read. An owner or group of None is taken from the live set, or else from the running user.

    It is taken from the live set only if nobody except root and the running user can have created that.
    """

    uid: int | None
    gid: int | None
    key_mode: int
    directory_mode: int


class Version(t.NamedTuple):
    """One set on disk that this collection made."""

    id: str
    manifest: dict[str, t.Any]

    @property
    def previous_id(self) -> str | None:
        return self.manifest.get("previous")


class Difference(t.NamedTuple):
    """How a set on disk differs from the wanted one. Access can be corrected in place, content needs a new set."""

    is_content: bool
    text: str


Owners = t.Mapping[str, t.Tuple[int, int]]  # user and group of each file by name; those of the folder itself under "."


class Bundle:
    """PATH/NAME: the sets of one certificate. While it is locked, the folder is opened and checked once, else each
    time."""

    def __init__(self, base: str, name: str, access: Access, restore_context: RestoreContext | None = None) -> None:
        if not _NAME.fullmatch(name):
            raise BundleFault(
                f"{name!r} is not a valid name for a folder; use letters, digits, dots, hyphens and underscores, and "
                "begin with a letter, a digit or an underscore."
            )
        if len(name) > MAX_NAME:
            raise BundleFault(f"The name {name[:40]}… has {len(name)} characters; use at most {MAX_NAME}.")
        self.name = name
        self.base = base
        self.path = os.path.join(base, name)
        self.live_path = os.path.join(self.path, _LIVE)
        self.access = access
        self._restore_context = restore_context
        self._held: tuple[Folder, Folder] | None = None  # PATH and PATH/NAME
        self._made = Made()

    # --- reading -------------------------------------------------------------------------------------------------

    def live(self) -> Version | None:
        """The set that servers read; None if there is none, or if `live` points to nothing."""
        try:
            with self._home() as home:
                status = home.status(_LIVE)
                target = home.target(_LIVE) if status and stat.S_ISLNK(status.st_mode) else ""
        except FileNotFoundError:
            return None
        folder, _slash, version_id = target.partition("/")
        if status and (folder != _VERSIONS or not _VERSION.fullmatch(version_id)):
            raise BundleFault(f"{self.live_path} was not created by this module; move it away, or choose another name.")
        return self.version(version_id)

    def version(self, version_id: str) -> Version | None:
        """The set of that name; None unless it exists and was created by this collection."""
        try:
            with self._versions() as versions:
                if not _VERSION.fullmatch(version_id):
                    return None
                with versions.folder(version_id) as folder:
                    manifest = json.loads(folder.read(MANIFEST)[0])
        except (OSError, json.JSONDecodeError, UnicodeDecodeError):
            return None
        is_ours = isinstance(manifest, dict) and manifest.get("made_by") == MADE_BY
        return Version(version_id, manifest) if is_ours else None

    def versions(self) -> list[Version]:
        """Every set that this collection created, oldest first."""
        found = [self.version(entry) for entry in self._entries() if _VERSION.fullmatch(entry)]
        return sorted((version for version in found if version), key=lambda version: _sequence(version.id))

    def differences(self, version: Version, files: t.Mapping[str, bytes | None]) -> list[Difference]:
        """How VERSION on disk differs from FILES with the wanted access; empty if it does not. A file of None need only
        exist."""
        found = []
        if set(version.manifest.get("files", ())) != set(files):
            found.append(Difference(True, "other files are wanted"))
        with self._set(version) as folder:
            for name, content in sorted(files.items()):
                present = _content(folder, name)
                if present is None:
                    found.append(Difference(True, f"{name} was missing"))
                    continue
                if not self._is_as_wanted(version, name, present, content):
                    found.append(Difference(True, f"{name} was altered"))
                found.extend(Difference(False, f"{name} {text}") for text in self._access_differences(folder, name))
        for folder in self._folders_of(version):
            found.extend(Difference(False, f"{folder.path} {text}") for text in self._access_differences(folder))
        return found

    def check(self, version: Version) -> None:
        """Raise BundleFault unless the files of a set on disk exist and belong together."""
        names = [name for name in version.manifest.get("files", ()) if isinstance(name, str)]
        with self._set(version) as folder:
            for name in names:
                if _content(folder, name) is None:
                    raise BundleFault(
                        f"The set {version.id} of {self.name} has no {name}; deploy the certificate again instead."
                    )
            chain, key = (next((name for name in each if name in names), None) for each in (_WITH_CHAIN, _WITH_KEY))
            if chain and key:
                check_files(self.name, folder.path_to(chain), folder.path_to(key))

    def facts(self, version: Version) -> CertificateFacts | None:
        """The facts of the certificate in VERSION; None if it cannot be read any more."""
        with self._set(version) as folder:
            for name in ("cert.pem", "fullchain.pem", "combined.pem"):
                with contextlib.suppress(Unreadable, IndexError):
                    return read_certificate(pem_certificates(_content(folder, name) or b"")[0])
        return None

    def secrets(self, version: Version) -> tuple[bytes | None, bytes | None]:
        """The file in VERSION with the key, and the PKCS#12 file if that is still the one that was written."""
        with self._set(version) as folder:
            key = next(filter(None, (_content(folder, name) for name in _WITH_KEY)), None)
            pkcs12 = _content(folder, "bundle.p12")
        is_ours = pkcs12 is not None and self._is_as_wanted(version, "bundle.p12", pkcs12, None)
        return key, pkcs12 if is_ours else None

    def next_id(self, facts: CertificateFacts) -> str:
        """The name of the next set: an increasing number, and the beginning of the certificate's fingerprint."""
        numbers = [_sequence(entry) for entry in self._entries() if _VERSION.fullmatch(entry)]
        return f"{max(numbers, default=0) + 1:04d}-{facts.fingerprint[:12]}"

    def superfluous(self, live: Version | None, keep: int) -> list[Version]:
        """The sets other than LIVE and the KEEP sets that were live before it. A KEEP of -1 includes LIVE."""
        wanted: list[str] = []
        version = live
        while version is not None and version.id not in wanted and len(wanted) <= keep:
            wanted.append(version.id)
            version = self.version(version.previous_id) if version.previous_id else None
        return [found for found in self.versions() if found.id not in wanted]

    # --- what changes it -----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def locked(self, make: bool) -> t.Iterator[None]:
        """Lock PATH/NAME against other runs. With MAKE its folders are created, and removed again if everything
        fails."""
        lock: int | None = None
        try:
            try:
                self._hold(make)
            except FileNotFoundError:
                if make:
                    raise
            if self._held:
                lock = locks.hold_folder(self._held[1].descriptor, self.path, LOCK_TIMEOUT_S)
                self._clean()
            yield
        except BaseException:
            self._release(lock)
            self._made.take_back()
            raise
        else:
            self._release(lock)
        finally:
            self._made.keep()

    def stage(
        self,
        pair: KeyPair,
        files: t.Mapping[str, bytes | None],
        previous: Version | None,
        now: datetime,
        pkcs12_form: str = "",
    ) -> str:
        """Write a set next to the others, and return the name that it will have. Nobody reads it yet.

        PKCS12_FORM describes, in any words, how bundle.p12 was made; a set made in another way counts as different.
        """
        version_id = self.next_id(pair.facts)
        owners = self._owners(previous, files)
        contents = {**files, MANIFEST: _manifest(pair, files, previous, now, pkcs12_form)}
        try:
            with self._versions() as versions, versions.make(_UNFINISHED + version_id, 0o700) as folder:
                final_path = os.path.join(versions.path, version_id)
                for name, content in contents.items():
                    if content is None:
                        raise BundleFault(
                            f"The private key of {pair.label} is missing; {name} cannot be written without it."
                        )
                    self._create(folder, name, content, owners, os.path.join(final_path, name))
                if "privkey.pem" in files and "fullchain.pem" in files:
                    check_files(pair.label, folder.path_to("fullchain.pem"), folder.path_to("privkey.pem"))
                self._set_access(folder, owners, final_path)
                folder.sync()
            with self._home() as home:
                home.link(_LINK, f"{_VERSIONS}/{version_id}")
        except BaseException:
            self.unstage()
            raise
        return version_id

    def unstage(self) -> None:
        """Remove what stage() wrote."""
        with contextlib.suppress(OSError, InvalidInput):
            self._clean()

    def commit(self, version_id: str) -> None:
        """Make the staged set live. Uses only renames, which need no space."""
        with self._versions() as versions:
            versions.rename(_UNFINISHED + version_id, version_id)
            versions.sync()
        self._move_live()
        self._made.keep()

    def go_back(self, version: Version) -> None:
        """Make an older set live, after checking its files."""
        self.check(version)
        with self._home() as home:
            home.link(_LINK, f"{_VERSIONS}/{version.id}")
        self._move_live()

    def discard(self, version_id: str) -> None:
        """Remove a set that is not live."""
        version, live = self.version(version_id), self.live()
        if version and not (live and live.id == version_id):
            self._discard(version)

    def mend_access(self, version: Version, names: t.Iterable[str]) -> None:
        """Set the wanted owner, group, mode and context on the files NAMES of VERSION and on its folders."""
        for folder in self._folders_of(version):
            self._set_access(folder, {}, folder.path)
        with self._set(version) as folder:
            for name in names:
                folder.mend(
                    name,
                    self._mode(name),
                    owner=self.access.uid,
                    group=self.access.gid,
                    restore_context=self._restore_context,
                )

    def prune(self, keep: int) -> list[str]:
        """Remove the superfluous sets and return their names; none if there is no live set to go by."""
        live = self.live()
        superfluous = self.superfluous(live, keep) if live else []
        for version in superfluous:
            self._discard(version)
        return [version.id for version in superfluous]

    def remove(self) -> list[str]:
        """Remove every set that this collection created, and the folders if they contain nothing else."""
        removed = self.versions()
        is_live = bool(self.live())
        if self._held is None:
            return []
        base, home = self._held
        if is_live or (home.status(_LIVE) and not os.path.exists(home.path_to(_LIVE))):
            home.unlink(_LIVE)
            home.sync()
        for version in removed:
            self._discard(version)
        home.unlink(locks.NAME)
        for folder, name in ((home, _VERSIONS), (base, self.name)):
            with contextlib.suppress(OSError):
                folder.rmdir(name)
        return [version.id for version in removed]

    # --- the hands -----------------------------------------------------------------------------------------------

    def _hold(self, make: bool) -> None:
        """Open PATH and PATH/NAME for all that is done under the lock."""
        with contextlib.ExitStack() as opened:
            base = open_folder(
                self.base,
                make_mode=0o755 if make else None,
                made=self._made,
                restore_context=self._restore_context,
            )
            opened.enter_context(base)
            if make:
                self._make(base, self.name)
            home = opened.enter_context(_own_folder(base, self.name))
            if make:
                self._make(home, _VERSIONS)
            opened.pop_all()
            self._held = (base, home)

    def _make(self, parent: Folder, name: str) -> None:
        if parent.status(name) is None:
            with contextlib.suppress(FileExistsError), parent.make(name, self.access.directory_mode) as folder:
                self._made.note(parent, name)
                self._set_access(folder, {}, folder.path)

    def _release(self, lock: int | None) -> None:
        if self._held:
            locks.release_folder(self._held[1].descriptor, lock)
        for folder in self._held or ():
            folder.close()
        self._held = None

    def _home(self) -> Folder:
        """PATH/NAME, which the caller closes. Raises FileNotFoundError, and InvalidInput for a folder that cannot be
        trusted."""
        if self._held:
            return self._held[1].copy()
        with open_folder(self.base) as base:
            return _own_folder(base, self.name)

    def _versions(self) -> Folder:
        with self._home() as home:
            return _own_folder(home, _VERSIONS)

    def _set(self, version: Version) -> Folder:
        """The folder of a set. Its access is not checked: faults in it are corrected."""
        with self._versions() as versions:
            return versions.folder(version.id)

    def _folders_of(self, version: Version) -> t.Iterator[Folder]:
        for each in (self._home, self._versions, lambda: self._set(version)):
            with each() as folder:
                yield folder

    def _entries(self) -> list[str]:
        try:
            with self._versions() as versions:
                return versions.names()
        except FileNotFoundError:
            return []

    def _is_as_wanted(self, version: Version, name: str, present: bytes, content: bytes | None) -> bool:
        digest = version.manifest.get("digests", {}).get(name)
        if digest:  # salted again at each export, so compare it with what was written, not with the new one
            return digest == hashlib.sha256(present).hexdigest()
        return content is None or present == content

    def _mode(self, name: str) -> int:
        return self.access.key_mode if name in SECRET_FILES else PUBLIC_MODE

    def _access_differences(self, folder: Folder, file_name: str = "") -> t.Iterator[str]:
        """How the access of a file in a folder, or of the folder itself, differs."""
        status = folder.status(file_name or ".")
        if status is None:
            return
        wanted = self._mode(file_name) if file_name else self.access.directory_mode
        if stat.S_IMODE(status.st_mode) != wanted:
            yield f"had mode {stat.S_IMODE(status.st_mode):04o}, not {wanted:04o}"
        if file_name and self.access.uid not in (None, status.st_uid):
            yield f"belonged to user {status.st_uid}, not {self.access.uid}"
        if self.access.gid not in (None, status.st_gid):
            yield f"belonged to group {status.st_gid}, not {self.access.gid}"

    def _owners(self, version: Version | None, names: t.Iterable[str]) -> Owners:
        """Who owns a set, if nobody except root and the running user can have decided that."""
        if version is None:
            return {}
        found: dict[str, os.stat_result | None] = {}
        with contextlib.suppress(OSError), self._set(version) as folder:
            if folder.is_own:
                found = {name: folder.status(name) for name in (".", *names)}
        return {name: (status.st_uid, status.st_gid) for name, status in found.items() if status}

    def _set_access(self, folder: Folder, owners: Owners, final_path: str) -> None:
        gid = self.access.gid
        folder.set_access(self.access.directory_mode, owners["."][1] if gid is None and "." in owners else gid)
        if self._restore_context:
            self._restore_context(folder.path_to("."), final_path)

    def _create(self, folder: Folder, name: str, content: bytes, owners: Owners, final_path: str) -> None:
        uid, gid = owners.get(name, (None, None))
        folder.create(
            name,
            content,
            self._mode(name),
            owner=uid if self.access.uid is None else self.access.uid,
            group=gid if self.access.gid is None else self.access.gid,
            restore_context=self._restore_context,
            final_path=final_path,
        )

    def _move_live(self) -> None:
        with self._home() as home:
            home.rename(_LINK, _LIVE)
            home.sync()

    def _discard(self, version: Version) -> None:
        with self._versions() as versions:
            versions.rename(version.id, _DISCARDED + version.id)  # a partly removed set must not look like a set
            versions.remove(_DISCARDED + version.id)

    def _clean(self) -> None:
        """Remove what a killed run left behind."""
        with contextlib.suppress(FileNotFoundError), self._versions() as versions:
            for entry in versions.names():
                if entry.startswith((_UNFINISHED, _DISCARDED)):
                    versions.remove(entry)
        with self._home() as home:
            home.unlink(_LINK)


def explain(error: OSError, label: str) -> str:
    """An operating system's error while sets were put in place, as one sentence."""
    where = error.filename or label
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"There is no space left for the certificates in {label}; free some and run again. Nothing was changed."
    if error.errno == errno.EROFS:
        return f"{where} is on a read-only file system; choose another path."
    if error.errno in (errno.EPERM, errno.EACCES):
        return f"This user may not change {where} ({error.strerror}); run as root, with become: true."
    return f"{where} cannot be written ({error.strerror or error}); choose another path."


def _manifest(
    pair: KeyPair, files: t.Mapping[str, bytes | None], previous: Version | None, now: datetime, pkcs12_form: str
) -> bytes:
    digests = {"bundle.p12": hashlib.sha256(pair.pkcs12).hexdigest()} if pair.pkcs12 is not None else {}
    content = {
        "made_by": MADE_BY,
        "format": 1,
        "created_at": iso(now),
        "previous": previous.id if previous else None,
        "subject": pair.facts.subject,
        "serial": pair.facts.serial,
        "fingerprint": pair.facts.fingerprint,
        "not_before": iso(pair.facts.not_before),
        "not_after": iso(pair.facts.not_after),
        "names": pair.facts.names,
        "files": sorted(files),
        "digests": digests,
        **({"pkcs12_form": pkcs12_form} if pkcs12_form else {}),
    }
    return json.dumps(content, indent=2).encode("ascii") + b"\n"


def _sequence(version_id: str) -> int:
    return int(version_id.partition("-")[0])


def _own_folder(parent: Folder, name: str) -> Folder:
    """A folder in which only root and the running user may write."""
    try:
        found = parent.folder(name)
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        path = os.path.join(parent.path, name)
        raise BundleFault(f"{path} is not a folder; move it away, or choose another name.") from None
    try:
        found.check()
    except BaseException:
        found.close()
        raise
    return found


def _content(folder: Folder, name: str) -> bytes | None:
    """The content of a regular file; None if it does not exist or is not a regular file."""
    try:
        return folder.read(name)[0]
    except PermissionError:
        raise
    except OSError:
        return None
