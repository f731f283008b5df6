# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets of certificate files on a host, each swapped by one rename. Standard library only.

    PATH/NAME/live -> versions/0002-5f2a9c1e77d0        what servers read
    PATH/NAME/versions/0002-5f2a9c1e77d0/               one set; its files never change once it is live
        cert.pem chain.pem fullchain.pem privkey.pem [combined.pem bundle.p12]
        set.json                                        what it is, and which set was live before it

A set is written under the name .new-…, brought to the disk, renamed, and only then does `live` move to it. Whatever
instant the machine stops at, `live` names a whole set; the next run removes what begins with .new- or .old-.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import stat
import typing as t
from datetime import datetime

from ..._files import locks
from ..._files.folders import check_folder, is_own_folder, make_folders, sync_folder
from .der import CertificateFacts, Unreadable, pem_certificates, read_certificate
from ..._files.certificate_files import SECRET_FILES
from .key_pair import BundleFault, KeyPair, check_files
from ..._rules.times import iso

PUBLIC_MODE = 0o644
LOCK_TIMEOUT_S = 30
MAX_NAME = 200  # characters; a folder's name may have 255
MANIFEST = "set.json"
MADE_BY = "certops.acm"

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*")
_VERSION = re.compile(r"(\d{4,})-[0-9a-f]{12}")
_UNFINISHED, _DISCARDED, _LINK = ".new-", ".old-", ".live-new"


class Access(t.NamedTuple):
    """Who may read. An owner or group of None stays as it is on the set that is live, else the running user's.

    It stays only where nobody but root and the running user could have made that set.
    """

    uid: int | None
    gid: int | None
    key_mode: int
    directory_mode: int


class Version(t.NamedTuple):
    """One set on disk that this collection made."""

    id: str
    path: str
    manifest: dict[str, t.Any]

    @property
    def previous_id(self) -> str | None:
        return self.manifest.get("previous")


class Difference(t.NamedTuple):
    """How a set on disk is not as wanted. Access can be mended in place, content wants a new set."""

    is_content: bool
    text: str


# Sets the SELinux context of the file at the first path as the policy wants it at the second; says whether it differed.
RestoreContext = t.Callable[[str, str], bool]


class Bundle:
    """PATH/NAME: the sets of one certificate."""

    def __init__(self, base: str, name: str, access: Access, restore_context: RestoreContext | None = None) -> None:
        if not _NAME.fullmatch(name):
            raise BundleFault(
                f"The name {name!r} cannot be a folder's; use letters, digits, dots, hyphens and underscores."
            )
        if len(name) > MAX_NAME:
            raise BundleFault(f"The name {name[:40]}… has {len(name)} characters; use {MAX_NAME} at most.")
        self.name = name
        self.base = base
        self.path = os.path.join(base, name)
        self.versions_path = os.path.join(self.path, "versions")
        self.live_path = os.path.join(self.path, "live")
        self.access = access
        self._restore_context = restore_context or (lambda path, final_path: False)
        self._made_directories: list[str] = []

    # --- what is there -------------------------------------------------------------------------------------------

    def live(self) -> Version | None:
        """The set that servers read; None when there is none, or what it names is gone."""
        self._refuse_other_than_folders()
        check_folder(self.path)
        if not os.path.lexists(self.live_path):
            return None
        target = os.readlink(self.live_path) if os.path.islink(self.live_path) else ""
        folder, _slash, version_id = target.partition("/")
        if folder != "versions" or not _VERSION.fullmatch(version_id):
            raise BundleFault(f"{self.live_path} was not created by this module; move it away, or choose another name.")
        return self.version(version_id)

    def version(self, version_id: str) -> Version | None:
        """The set of that name, None unless it exists and was made here."""
        path = os.path.join(self.versions_path, version_id)
        try:
            with open(os.path.join(path, MANIFEST), encoding="utf-8") as file:
                manifest = json.load(file)
        except (OSError, ValueError):
            return None
        is_ours = isinstance(manifest, dict) and manifest.get("made_by") == MADE_BY
        return Version(version_id, path, manifest) if is_ours and _VERSION.fullmatch(version_id) else None

    def versions(self) -> list[Version]:
        """Every set that this collection made, oldest first."""
        found = [self.version(entry) for entry in self._entries() if _VERSION.fullmatch(entry)]
        return sorted((version for version in found if version), key=lambda version: _sequence(version.id))

    def differences(self, version: Version, files: t.Mapping[str, bytes | None]) -> list[Difference]:
        """How VERSION on disk is not FILES with the access wanted; empty when it is. Of None only presence is judged."""
        found = []
        if set(version.manifest.get("files", ())) != set(files):
            found.append(Difference(True, "other files wanted"))
        for name, content in sorted(files.items()):
            path = os.path.join(version.path, name)
            present = _read_regular(path)
            if present is None:
                found.append(Difference(True, f"{name} was missing"))
                continue
            if not self._is_as_wanted(version, name, present, content):
                found.append(Difference(True, f"{name} was altered"))
            found.extend(Difference(False, f"{name} {text}") for text in self._access_differences(path, name))
        for path in (self.path, self.versions_path, version.path):
            found.extend(Difference(False, f"{path} {text}") for text in self._access_differences(path, None))
        return found

    def facts(self, version: Version) -> CertificateFacts | None:
        """What the certificate of VERSION says; None when it cannot be read any more."""
        for name in ("cert.pem", "fullchain.pem", "combined.pem"):
            content = _read_regular(os.path.join(version.path, name)) or b""
            with contextlib.suppress(Unreadable, IndexError):
                return read_certificate(pem_certificates(content)[0])
        return None

    def secrets(self, version: Version) -> tuple[bytes | None, bytes | None]:
        """The file of VERSION that holds its key, and its PKCS#12 if that is still the one that was written."""
        held = (
            _read_regular(os.path.join(version.path, name))
            for name in ("privkey.pem", "combined.pem", "privkey-pkcs1.pem")
        )
        pkcs12 = _read_regular(os.path.join(version.path, "bundle.p12"))
        is_ours = pkcs12 is not None and self._is_as_wanted(version, "bundle.p12", pkcs12, None)
        return next((content for content in held if content), None), pkcs12 if is_ours else None

    def next_id(self, facts: CertificateFacts) -> str:
        """The name of the next set: a number that grows, and the beginning of the certificate's fingerprint."""
        numbers = [_sequence(entry) for entry in self._entries() if _VERSION.fullmatch(entry)]
        return f"{max(numbers, default=0) + 1:04d}-{facts.fingerprint[:12]}"

    def superfluous(self, live: Version | None, keep: int) -> list[Version]:
        """The sets that are neither LIVE nor among the KEEP that were live before it. A KEEP of -1 counts LIVE too."""
        wanted: list[str] = []
        version = live
        while version is not None and version.id not in wanted and len(wanted) <= keep:
            wanted.append(version.id)
            version = self.version(version.previous_id) if version.previous_id else None
        return [found for found in self.versions() if found.id not in wanted]

    # --- what changes it -----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def locked(self, make: bool) -> t.Iterator[None]:
        """Hold PATH/NAME against other runs. With MAKE its folders are made, and removed again if all fails."""
        if make:
            self._refuse_other_than_folders()
            check_folder(self.path)
            self._make_directories()
        if not os.path.isdir(self.path):
            yield
            return
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        held: int | None = None
        try:
            held = locks.hold_folder(descriptor, self.path, LOCK_TIMEOUT_S)
            self._clean()
            yield
        except BaseException:
            locks.release_folder(descriptor, held)
            held = None
            for path in reversed(self._made_directories):
                with contextlib.suppress(OSError):
                    os.rmdir(path)
            raise
        finally:
            locks.release_folder(descriptor, held)
            os.close(descriptor)

    def stage(
        self,
        pair: KeyPair,
        files: t.Mapping[str, bytes | None],
        previous: Version | None,
        now: datetime,
        pkcs12_form: str = "",
    ) -> str:
        """Write a set beside the others, and return the name that it will have. Nobody reads it yet.

        PKCS12_FORM says how bundle.p12 was made, in any words: a set made in another way is not as wanted.
        """
        version_id = self.next_id(pair.facts)
        final_path = os.path.join(self.versions_path, version_id)
        staged_path = os.path.join(self.versions_path, _UNFINISHED + version_id)
        manifest = _manifest(pair, files, previous, now, pkcs12_form)
        try:
            os.mkdir(staged_path, 0o700)
            for name, content in {**files, MANIFEST: manifest}.items():
                if content is None:
                    raise BundleFault(
                        f"The private key of {pair.label} is missing; {name} cannot be written without it."
                    )
                self._write(staged_path, final_path, name, content, previous)
            if "privkey.pem" in files and "fullchain.pem" in files:
                check_files(pair.label, *(os.path.join(staged_path, name) for name in ("fullchain.pem", "privkey.pem")))
            self._set_directory_access(staged_path, previous)
            self._restore_context(staged_path, final_path)
            sync_folder(staged_path)
            os.symlink(f"versions/{version_id}", os.path.join(self.path, _LINK))
        except BaseException:
            self.unstage()
            raise
        return version_id

    def unstage(self) -> None:
        """Take back what stage() wrote."""
        with contextlib.suppress(OSError):
            self._clean()

    def commit(self, version_id: str) -> None:
        """Make the staged set the live one. Renames only: these need no space."""
        os.rename(
            os.path.join(self.versions_path, _UNFINISHED + version_id), os.path.join(self.versions_path, version_id)
        )
        sync_folder(self.versions_path)
        self._move_live()
        self._made_directories.clear()

    def go_back(self, version: Version) -> None:
        """Make an older set the live one, after a look at its files."""
        check_version(self.name, version)
        os.symlink(f"versions/{version.id}", os.path.join(self.path, _LINK))
        self._move_live()

    def discard(self, version_id: str) -> None:
        """Remove a set that is not live."""
        version, live = self.version(version_id), self.live()
        if version and not (live and live.id == version_id):
            self._discard(version)

    def mend_access(self, version: Version, names: t.Iterable[str]) -> None:
        """Give the files NAMES of VERSION, and its folders, the owner, group, mode and context that they should have."""
        for path in (self.path, self.versions_path, version.path):
            self._set_directory_access(path)
            self._restore_context(path, path)
        for name in names:
            path = os.path.join(version.path, name)
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                self._set_file_access(descriptor, name)
                self._restore_context(path, path)
            finally:
                os.close(descriptor)

    def prune(self, keep: int) -> list[str]:
        """Remove the superfluous sets and return their names; none while there is no live one to tell by."""
        live = self.live()
        superfluous = self.superfluous(live, keep) if live else []
        for version in superfluous:
            self._discard(version)
        return [version.id for version in superfluous]

    def remove(self) -> list[str]:
        """Remove every set that this collection made, and the folders when nothing else lies in them."""
        removed = [version.id for version in self.versions()]
        live = self.live()
        if live or (os.path.islink(self.live_path) and not os.path.exists(self.live_path)):
            os.unlink(self.live_path)
            sync_folder(self.path)
        for version in self.versions():
            self._discard(version)
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(self.path, locks.NAME))
        for path in (self.versions_path, self.path):
            with contextlib.suppress(OSError):
                os.rmdir(path)
        return removed

    # --- the hands -----------------------------------------------------------------------------------------------

    def _refuse_other_than_folders(self) -> None:
        for path in (self.path, self.versions_path):
            if os.path.islink(path) or (os.path.lexists(path) and not os.path.isdir(path)):
                raise BundleFault(f"{path} is not a folder; move it away, or choose another name.")

    def _entries(self) -> list[str]:
        return os.listdir(self.versions_path) if os.path.isdir(self.versions_path) else []

    def _is_as_wanted(self, version: Version, name: str, present: bytes, content: bytes | None) -> bool:
        digest = version.manifest.get("digests", {}).get(name)
        if digest:  # salted anew at each export: compared with what was written, not with what is given now
            return digest == hashlib.sha256(present).hexdigest()
        return content is None or present == content

    def _mode(self, name: str) -> int:
        return self.access.key_mode if name in SECRET_FILES else PUBLIC_MODE

    def _access_differences(self, path: str, file_name: str | None) -> t.Iterator[str]:
        try:
            status = os.lstat(path)
        except OSError:
            return
        wanted = self.access.directory_mode if file_name is None else self._mode(file_name)
        if stat.S_IMODE(status.st_mode) != wanted:
            yield f"had mode {stat.S_IMODE(status.st_mode):04o}, not {wanted:04o}"
        if file_name is not None and self.access.uid not in (None, status.st_uid):
            yield f"belonged to user {status.st_uid}, not {self.access.uid}"
        if self.access.gid not in (None, status.st_gid):
            yield f"belonged to group {status.st_gid}, not {self.access.gid}"

    def _make_directories(self) -> None:
        self._made_directories.extend(make_folders(os.path.abspath(self.base)))
        for path in self._made_directories:
            self._restore_context(path, path)
        for path in (self.path, self.versions_path):
            if not os.path.isdir(path):
                make_folders(path, self.access.directory_mode)
                self._made_directories.append(path)
                self._set_directory_access(path)
                self._restore_context(path, path)

    def _set_directory_access(self, path: str, previous: Version | None = None) -> None:
        gid = self.access.gid
        if gid is None and previous is not None and is_own_folder(previous.path):
            gid = os.lstat(previous.path).st_gid
        if gid not in (None, os.lstat(path).st_gid):
            os.chown(path, -1, gid)
        os.chmod(path, self.access.directory_mode)

    def _write(self, folder: str, final_folder: str, name: str, content: bytes, previous: Version | None) -> None:
        path = os.path.join(folder, name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0)  # nobody may open it until owner and mode are right
        try:
            self._set_file_access(descriptor, name, previous)
            self._restore_context(path, os.path.join(final_folder, name))
            while content:
                content = content[os.write(descriptor, content) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _set_file_access(self, descriptor: int, name: str, previous: Version | None = None) -> None:
        uid, gid = self.access.uid, self.access.gid
        status = os.fstat(descriptor)
        if previous is not None and name != MANIFEST and is_own_folder(previous.path):
            with contextlib.suppress(OSError):
                before = os.lstat(os.path.join(previous.path, name))
                uid, gid = before.st_uid if uid is None else uid, before.st_gid if gid is None else gid
        mode = self._mode(name)
        if (uid not in (None, status.st_uid)) or (gid not in (None, status.st_gid)):
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & mode & 0o700)
            os.fchown(descriptor, -1 if uid is None else uid, -1 if gid is None else gid)
        os.fchmod(descriptor, mode)

    def _move_live(self) -> None:
        os.rename(os.path.join(self.path, _LINK), self.live_path)
        sync_folder(self.path)

    def _discard(self, version: Version) -> None:
        discarded = os.path.join(self.versions_path, _DISCARDED + version.id)
        os.rename(version.path, discarded)  # half a removed set must not look like a set
        shutil.rmtree(discarded)

    def _clean(self) -> None:
        """Remove what a run that was stopped left behind."""
        for entry in self._entries():
            if entry.startswith((_UNFINISHED, _DISCARDED)):
                shutil.rmtree(os.path.join(self.versions_path, entry))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.path, _LINK))


def check_version(label: str, version: Version) -> None:
    """Raise BundleFault unless the files of a set on disk are there and belong together."""
    names = [name for name in version.manifest.get("files", ()) if isinstance(name, str)]
    for name in names:
        if _read_regular(os.path.join(version.path, name)) is None:
            raise BundleFault(f"The set {version.id} of {label} lacks {name}; deploy the certificate again instead.")
    chosen = [
        next((name for name in candidates if name in names), None)
        for candidates in (
            ("fullchain.pem", "combined.pem", "cert.pem"),
            ("privkey.pem", "combined.pem", "privkey-pkcs1.pem"),
        )
    ]
    if all(chosen):
        check_files(label, *(os.path.join(version.path, t.cast(str, name)) for name in chosen))


def explain(error: OSError, label: str) -> str:
    """An operating system's error while sets were put in place, as one sentence."""
    where = error.filename or label
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"There is no space left for the certificates in {label}; free some and run again. Nothing was changed."
    if error.errno == errno.EROFS:
        return f"{where} is on a read-only file system; choose another path."
    if error.errno in (errno.EPERM, errno.EACCES):
        return f"{where} may not be changed by this user ({error.strerror}); run as root, with become: true."
    return f"{where} cannot be written: {error.strerror or error}."


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


def _read_regular(path: str) -> bytes | None:
    """The content of a regular file; None when there is none or something else is in its place."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.EACCES):
            raise
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
