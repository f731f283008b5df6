# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The store of an embedded authority, in one SQLite file: WAL, one transaction per operation, on disk when answered.

The files of this folder contain all SQL. Writers take turns on a lock file before they begin: SQLite's own busy wait is
not fair, and among fifty writers some would wait for a second.
"""

from __future__ import annotations

import fcntl
import functools
import json
import os
import sqlite3
import ssl
import typing as t
from contextlib import contextmanager
from datetime import datetime

from .connections import Lender, Replaced
from . import facts as stored_facts
from ..lifecycle.events import Place
from ..lifecycle.state import Certificate, is_migrating, is_renewable, state
from .authorities import Authorities
from .consumers import Consumers
from .event_log import Journal, stored_place
from .event_targets import EventTargets
from .query import Query
from .schema import APPLICATION_ID, SCHEMA, VERSION
from ..._files.locks import open_lock
from ..._rules.times import maybe_millis, millis, moment
from ..._rules.errors import InvalidInput


class StoreError(InvalidInput):
    """The file cannot be used; the message says why and what to do."""


class OtherFormat(StoreError):
    """The store is of another version of the collection."""

    def __init__(self, path: str, version: int) -> None:
        advice = (
            "use the version of certops.acm that created it, or a newer version."
            if version > VERSION
            else "use the development version that created it, or create a new authority in another directory."
        )
        super().__init__(
            f"{path} has format {version}, but this version of the collection uses format {VERSION}: {advice}"
        )
        self.version = version


class LeafRow(t.NamedTuple):
    """chain: PEM; stored for imports only. Other certificates have the chain of their CA."""

    serial: str
    ca_id: t.Optional[str]
    der: bytes
    chain: t.Optional[str]
    sealed_key: bytes

    @property
    def pem(self) -> str:
        return ssl.DER_cert_to_PEM_cert(self.der)


TYPE_OF = "SELECT type FROM certificates JOIN kinds ON kinds.kind = certificates.kind WHERE id = ?"
DATA_SYNC = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class Store:
    """Opens the file and provides transactions."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock_path = path + "-writers"
        self._lender = Lender(path)
        self._translated = _Translated(path)

    @property
    def owner_for_root(self) -> t.Optional[int]:
        """For root, the owner of the open file, to whom what root makes beside it belongs, too. None for other users, who
        make only files of their own."""
        return self._lender.owner if os.geteuid() == 0 else None

    def create(self) -> None:
        """Create an empty store; the file has mode 0600 from the first byte."""
        os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with self._translated:
            connection = self._lender.take()
            # A change touches about thirty pages, a little of each: small pages make it a third cheaper to write.
            connection.execute("PRAGMA page_size = 1024")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.executescript("BEGIN;" + SCHEMA + "COMMIT;")

    def check(self) -> None:
        """Raise StoreError unless the file is a store of this version. Fast: reads only the header."""
        if not os.path.exists(self.path):
            raise StoreError(f"There is no authority at {self.path}: create one with certops.acm.acm_authority.")
        with self.read() as tx:
            found = tx._execute("PRAGMA application_id").fetchone()[0]
            version = tx._execute("PRAGMA user_version").fetchone()[0]
        if found != APPLICATION_ID:
            raise StoreError(
                f"{self.path} is not the store of an embedded authority, and was not changed: restore it from a backup, or give another directory."
            )
        if version != VERSION:
            raise OtherFormat(self.path, version)

    @contextmanager
    def ask(self) -> t.Iterator[Transaction]:
        """For a single query, which is consistent without a transaction."""
        with self._translated:
            connection = self._lender.take()
            try:
                yield Transaction(connection)
            finally:
                self._lender.give_back(connection)

    @contextmanager
    def read(self) -> t.Iterator[Transaction]:
        """One consistent view for several queries."""
        with self.ask() as tx:
            tx._execute("BEGIN")
            yield tx

    @contextmanager
    def write(self, durable: bool = True) -> t.Iterator[Transaction]:
        """All or nothing; on disk when the block ends without an error. With `durable` false the transaction does not
        wait for the disk: it survives a kill, but not a power failure."""
        with self._translated:
            turn = open_lock(self._lock_path)
            try:
                fcntl.flock(turn, fcntl.LOCK_EX)
                connection = self._lender.take()
                try:
                    connection.execute("BEGIN IMMEDIATE")
                    yield Transaction(connection)
                    connection.execute("COMMIT")
                finally:
                    self._lender.give_back(connection)
            finally:
                os.close(turn)
            if durable:
                self._reach_disk()

    def scrub(self) -> None:
        """Remove deleted data from the files of the store: free pages, and the log with its older pages.

        Takes as long as writing the file once. Raises StoreError, also if somebody reads without a pause.
        """
        with self._translated:
            turn = open_lock(self._lock_path)
            try:
                fcntl.flock(turn, fcntl.LOCK_EX)
                connection = self._lender.take()
                try:
                    connection.execute("PRAGMA secure_delete = ON")
                    connection.execute("VACUUM")
                    is_busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                    connection.execute("PRAGMA secure_delete = OFF")
                finally:
                    self._lender.give_back(connection)
            finally:
                os.close(turn)
            self._reach_disk()
        if is_busy:
            raise StoreError(
                f"{self.path} is being read without a pause, so deleted data is still in {self.path}-wal: "
                "the next sweep tries again."
            )

    def verify(self) -> list[str]:
        """The findings of SQLite's integrity and foreign key checks; empty if all is well."""
        with self.read() as tx:
            found = [row[0] for row in tx._execute("PRAGMA integrity_check") if row[0] != "ok"]
            return found + [f"{row[0]}: dangling reference" for row in tx._execute("PRAGMA foreign_key_check")]

    def close(self) -> None:
        """Close the connections; the next transaction opens a new one."""
        self._lender.close()

    # ---- inside

    def _reach_disk(self) -> None:
        """Wait until everything committed is on the disk. Threads and processes wait for the disk at the same time, not
        one after the other."""
        log = os.open(self.path + "-wal", os.O_RDONLY | os.O_CLOEXEC)
        try:
            DATA_SYNC(log)
        finally:
            os.close(log)


class _Translated:
    """Turns faults of SQLite and the disk in the block into StoreError; conflicting rows are not a fault of the
    file."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: t.Any, error: t.Optional[BaseException], _trace: t.Any) -> None:
        if isinstance(error, (sqlite3.DatabaseError, OSError)) and not isinstance(error, sqlite3.IntegrityError):
            raise StoreError(_sentence(self._path, error)) from error


class Transaction:
    """Reads and writes in one transaction. Times are aware datetimes unless a row says otherwise."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self._meta: dict[str, t.Optional[str]] = {}  # read many times in one transaction
        self._added: dict[str, int] = {}  # the numbers of new certificates by id: they have no leaf yet

    @functools.cached_property
    def place(self) -> Place:
        """Where the authority claims to be, which never changes."""
        return stored_place(self._execute)

    @functools.cached_property
    def cas(self) -> Authorities:
        return Authorities(self._execute)

    @functools.cached_property
    def targets(self) -> EventTargets:
        return EventTargets(self._execute)

    @functools.cached_property
    def consumers(self) -> Consumers:
        return Consumers(self._execute)

    @functools.cached_property
    def journal(self) -> Journal:
        return Journal(self._execute)

    # ---- meta

    def meta(self, key: str) -> t.Optional[str]:
        if key not in self._meta:
            row = self._execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
            self._meta[key] = row[0] if row else None
        return self._meta[key]

    def set_meta(self, key: str, value: str) -> None:
        self._meta[key] = value
        self._execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (key, value))

    def data_keys(self) -> dict[str, bytes]:
        return dict(self._execute("SELECT key_id, wrapped FROM data_keys"))

    def put_data_key(self, key_id: str, wrapped: bytes) -> None:
        self._execute("INSERT OR REPLACE INTO data_keys VALUES (?, ?)", (key_id, wrapped))

    def keep_data_key(self, key_id: str) -> None:
        self._execute("DELETE FROM data_keys WHERE key_id <> ?", (key_id,))

    def sealed(self) -> t.Iterator[tuple[str, t.Any, bytes, tuple[str, ...]]]:
        """(table, row, sealed key, what its context names) of CAs and leaves, for `reseal`."""
        for identifier, sealed in self._execute("SELECT id, sealed_key FROM cas").fetchall():
            yield "cas", identifier, sealed, (identifier,)
        rows = self._execute(
            "SELECT leaves.rowid, sealed_key, certificates.id, serial FROM leaves "
            "JOIN certificates ON number = certificate WHERE sealed_key <> x''"
        ).fetchall()
        for row, sealed, identifier, serial in rows:
            yield "leaves", row, sealed, (identifier, serial)

    def reseal(self, table: str, row: t.Any, sealed: bytes) -> None:
        column = {"cas": "id", "leaves": "rowid"}[table]
        self._execute(f"UPDATE {table} SET sealed_key = ? WHERE {column} = ?", (sealed, row))

    # ---- certificates

    def certificate(self, identifier: str) -> t.Optional[Certificate]:
        row = self._execute("SELECT facts FROM certificates WHERE id = ?", (identifier,)).fetchone()
        return stored_facts.read(row[0]) if row else None

    def add(self, certificate: Certificate, tags: t.Mapping[str, str], due_at: t.Optional[datetime]) -> None:
        number = self._insert("certificates", _columns(certificate, self._kind(certificate), due_at))
        self._added[certificate.id] = number
        self._put_names(number, certificate.names)
        self._put_tags(number, tags)
        self._count(certificate.type, 1)

    def put(self, certificate: Certificate, due_at: t.Optional[datetime]) -> None:
        columns = _columns(certificate, self._kind(certificate), due_at)
        settings = ", ".join(f"{column} = ?" for column in columns)
        number, names = self._found_by(certificate.id)
        self._execute(f"UPDATE certificates SET {settings} WHERE number = ?", (*columns.values(), number))
        if names != certificate.names:
            self._remove_names(number, names)
            self._put_names(number, certificate.names)

    def remove(self, identifier: str) -> None:
        """The certificate disappears from every answer; issued serials are kept, so that none is ever reused."""
        self._count(self._execute(TYPE_OF, (identifier,)).fetchone()[0], -1)
        number, names = self._found_by(identifier)
        self._remove_names(number, names)
        self._execute("UPDATE leaves SET is_current = 0, sealed_key = x'' WHERE certificate = ?", (number,))
        self._execute("DELETE FROM leaves WHERE certificate = ? AND ca_id IS NULL", (number,))
        self._execute("DELETE FROM certificates WHERE number = ?", (number,))

    def find(self, query: Query) -> tuple[list[Certificate], t.Optional[str]]:
        """One page of certificates, and the token of the next one."""
        kinds = [row[0] for row in self._execute(*query.kinds())]
        rows = self._execute(*query.sql(kinds)).fetchall()
        page = rows[: query.limit]
        token = query.token(page[-1]) if len(rows) > query.limit else None
        return [stored_facts.read(row[0]) for row in page], token

    def due(self, now: datetime, limit: int = -1) -> list[str]:
        """Ids of the certificates with due work, the longest overdue first; at most `limit`."""
        rows = self._execute(
            "SELECT id FROM certificates WHERE due_at <= ? ORDER BY due_at LIMIT ?", (millis(now), limit)
        )
        return [row[0] for row in rows]

    def waiting(self, requested_after: datetime) -> list[str]:
        """Ids of the certificates that wait for validation, in a request made since then or in a renewal."""
        rows = self._execute(
            # CROSS JOIN makes SQLite begin with the few kinds, however many certificates there are.
            "SELECT id FROM kinds CROSS JOIN certificates ON certificates.kind = kinds.kind "
            "WHERE state = 'PENDING' AND created_at > ? "
            "UNION SELECT id FROM kinds CROSS JOIN certificates ON certificates.kind = kinds.kind "
            "WHERE state = 'ISSUED' AND (renewal_status = 'PENDING_VALIDATION' OR is_migrating)",
            (millis(requested_after),),
        )
        return [row[0] for row in rows]

    def set_due(self, identifier: str, due_at: t.Optional[datetime]) -> None:
        at = maybe_millis(due_at)
        self._execute("UPDATE certificates SET due_at = ? WHERE id = ? AND due_at IS NOT ?", (at, identifier, at))

    def ids_after(self, identifier: str, limit: int) -> list[str]:
        """Ids in order, for a walk over all certificates; begin with ""."""
        rows = self._execute("SELECT id FROM certificates WHERE id > ? ORDER BY id LIMIT ?", (identifier, limit))
        return [row[0] for row in rows]

    def count(self, name: str, since: int = 0) -> int:
        """The value of a counter; of a daily counter, the sum since a day."""
        row = self._execute("SELECT sum(value) FROM counters WHERE name = ? AND day >= ?", (name, since)).fetchone()
        return row[0] or 0

    def count_up(self, name: str, day: int = 0) -> None:
        self._count(name, 1, day)

    def _number(self, identifier: str) -> int:
        return self._execute("SELECT number FROM certificates WHERE id = ?", (identifier,)).fetchone()[0]

    def _count(self, name: str, by: int, day: int = 0) -> None:
        self._execute(
            "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
            (name, day, by),
        )

    def _insert(self, table: str, columns: t.Mapping[str, t.Any]) -> int:
        text = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        return t.cast(int, self._execute(text, tuple(columns.values())).lastrowid)

    def _kind(self, certificate: Certificate) -> int:
        """The number of the certificate's kind, which is stored if it is new."""
        columns = _kind_columns(certificate)
        properties = json.dumps(list(columns.values()))
        row = self._execute("SELECT kind FROM kinds WHERE properties = ?", (properties,)).fetchone()
        return row[0] if row else self._insert("kinds", {"properties": properties, **columns})

    def _put_names(self, number: int, names: t.Iterable[str]) -> None:
        for name in dict.fromkeys(name.lower() for name in names):
            self._execute("INSERT INTO names VALUES (?, ?)", (name, number))

    def _remove_names(self, number: int, names: t.Iterable[str]) -> None:
        for name in names:
            self._execute("DELETE FROM names WHERE name = ? AND certificate = ?", (name.lower(), number))

    def _found_by(self, identifier: str) -> tuple[int, tuple[str, ...]]:
        """The number of a certificate, and its names until now."""
        number, facts = self._execute("SELECT number, facts FROM certificates WHERE id = ?", (identifier,)).fetchone()
        return number, stored_facts.read(facts).names

    # ---- leaves

    def put_leaf(self, certificate: Certificate, row: LeafRow) -> None:
        """Add the new current leaf of a certificate, and count it for its CA; raises sqlite3.IntegrityError for a serial
        its CA has already used."""
        number = self._added.pop(certificate.id, None)
        if number is None:
            number, has_one = self._execute(
                "SELECT number, EXISTS (SELECT 1 FROM leaves WHERE certificate = number) "
                "FROM certificates WHERE id = ?",
                (certificate.id,),
            ).fetchone()
            if has_one:  # looking for a leaf costs a tenth of an update that finds none
                self._execute("UPDATE leaves SET is_current = 0, sealed_key = x'' WHERE certificate = ?", (number,))
        not_after = certificate.issued_leaf.not_after
        self._execute(
            "INSERT INTO leaves VALUES (?, ?, ?, ?, ?, ?, 1, ?, NULL, NULL)",
            (number, row.serial, row.ca_id, row.der, row.chain, row.sealed_key, millis(not_after)),
        )
        if row.ca_id:
            self.count_up(row.ca_id)

    def leaf(self, identifier: str) -> t.Optional[LeafRow]:
        row = self._execute(
            "SELECT serial, ca_id, der, chain, sealed_key FROM leaves WHERE certificate = ? AND is_current",
            (self._number(identifier),),
        ).fetchone()
        if not row:
            return None
        leaf = LeafRow(*row)
        if leaf.ca_id is None:
            return leaf
        return leaf._replace(chain="".join(ca.pem for ca in self.cas.chain(leaf.ca_id)))

    def revoke_leaves(self, identifier: str, at: datetime, reason: str) -> None:
        """Revoke all leaves of a certificate: the exported leaf may have been replaced by a renewal since."""
        self._execute(
            "UPDATE leaves SET revoked_at = ?, reason = ? WHERE certificate = ?",
            (millis(at), reason, self._number(identifier)),
        )

    def issuers(self, identifier: str) -> set[str]:
        """Ids of the CAs that signed leaves of a certificate."""
        rows = self._execute("SELECT DISTINCT ca_id FROM leaves WHERE certificate = ?", (self._number(identifier),))
        return {row[0] for row in rows}

    def issued_leaf(self, ca_id: str, serial: str) -> t.Optional[tuple[t.Optional[datetime], t.Optional[str]]]:
        """(revoked at, reason) of a leaf that a CA signed; None for a serial that the CA never used."""
        row = self._execute(
            "SELECT revoked_at, reason FROM leaves WHERE serial = ? AND ca_id = ?", (serial, ca_id)
        ).fetchone()
        return (moment(row[0]) if row[0] is not None else None, row[1]) if row else None

    def revoked(self, ca_id: str, now: datetime) -> list[tuple[str, datetime, str]]:
        """(serial, revoked at, reason) of a CA's revoked leaves that have not expired."""
        rows = self._execute(
            "SELECT serial, revoked_at, reason FROM leaves "
            "WHERE ca_id = ? AND revoked_at IS NOT NULL AND not_after >= ? ORDER BY revoked_at",
            (ca_id, millis(now)),
        )
        return [(serial, moment(at), reason) for serial, at, reason in rows]

    # ---- tags

    def tags(self, identifier: str) -> dict[str, str]:
        return dict(
            self._execute("SELECT key, value FROM tags WHERE certificate = ? ORDER BY key", (self._number(identifier),))
        )

    def put_tags(self, identifier: str, tags: t.Mapping[str, str]) -> None:
        self._put_tags(self._number(identifier), tags)

    def remove_tag(self, identifier: str, key: str) -> None:
        self._execute("DELETE FROM tags WHERE certificate = ? AND key = ?", (self._number(identifier), key))

    def _put_tags(self, number: int, tags: t.Mapping[str, str]) -> None:
        for key, value in tags.items():
            self._execute("INSERT OR REPLACE INTO tags VALUES (?, ?, ?)", (number, key, value))

    # ---- e-mail approvals

    def add_approval(self, identifier: str, token_hash: str, name: str, at: datetime) -> None:
        self._execute(
            "INSERT INTO approvals VALUES (?, ?, ?, ?, NULL)", (token_hash, self._number(identifier), name, millis(at))
        )

    def approval(self, token_hash: str) -> t.Optional[tuple[str, str, datetime]]:
        """(certificate id, name, sent at) of a token, or None."""
        row = self._execute(
            "SELECT c.id, a.name, a.sent_at FROM approvals a JOIN certificates c ON c.number = a.certificate "
            "WHERE a.token_hash = ?",
            (token_hash,),
        ).fetchone()
        return (row[0], row[1], moment(row[2])) if row else None

    # ---- rate limits

    def take_turn(self, operation: str, rate: int, now: datetime) -> bool:
        """Whether one more call is allowed, by a token bucket that holds one second's calls and refills at `rate` a
        second."""
        row = self._execute("SELECT calls, at FROM buckets WHERE operation = ?", (operation,)).fetchone()
        at = millis(now)
        calls = min(float(rate), row[0] + max(0, at - row[1]) / 1000 * rate) if row else float(rate)
        left = calls - 1 if calls >= 1 else calls
        self._execute("INSERT OR REPLACE INTO buckets VALUES (?, ?, ?)", (operation, left, at))
        return calls >= 1

    # ---- idempotency

    def answered(self, operation: str, token: str, since: datetime) -> list[tuple[str, str]]:
        """(request, answer) of every call with an idempotency token that has not expired, the latest first."""
        return self._execute(
            "SELECT request, answer FROM idempotency WHERE operation = ? AND token = ? AND at > ? ORDER BY at DESC",
            (operation, token, millis(since)),
        ).fetchall()

    def remember(self, operation: str, token: str, request: str, answer: str, at: datetime) -> None:
        self._execute(
            "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?)", (operation, token, request, answer, millis(at))
        )

    def forget_tokens(self, before: datetime) -> None:
        self._execute("DELETE FROM idempotency WHERE at <= ?", (millis(before),))


def _columns(certificate: Certificate, kind: int, due_at: t.Optional[datetime]) -> dict[str, t.Any]:
    """The columns for lists and searches, derived from the facts; nothing else writes them."""
    leaf = certificate.leaf
    return {
        "id": certificate.id,
        "facts": stored_facts.text(certificate),
        "kind": kind,
        "created_at": millis(certificate.created_at),
        "common_name": (leaf.common_name or "").lower() if leaf else (certificate.domain_name or ""),
        "not_before": millis(leaf.not_before) if leaf else None,
        "not_after": millis(leaf.not_after) if leaf else None,
        "issued_at": maybe_millis(certificate.issued_at),
        "imported_at": maybe_millis(certificate.imported_at),
        "revoked_at": maybe_millis(certificate.revoked_at),
        "due_at": maybe_millis(due_at),
    }


def _kind_columns(certificate: Certificate) -> dict[str, t.Any]:
    """The same for the properties that a certificate shares with others."""
    leaf = certificate.leaf
    return {
        "type": certificate.type,
        "key_algorithm": certificate.key_algorithm,
        "state": state(certificate),
        "has_names": bool(certificate.names or certificate.domain_name),
        "method": certificate.validation_method,
        "export_option": certificate.export_option,
        "managed_by": certificate.managed_by,
        "renewal_status": certificate.renewal.status if certificate.renewal else None,
        "exported": certificate.ever_exported,
        "in_use": bool(certificate.in_use_by),
        "renewable": is_renewable(certificate),
        "is_migrating": is_migrating(certificate),
        "root_hierarchy": certificate.root_hierarchy or "",
        "key_usages": " ".join(["", *leaf.key_usages, ""]) if leaf else "",
        "extended_key_usages": " ".join(["", *leaf.extended_key_usage_names, ""]) if leaf else "",
    }


def _sentence(path: str, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    if isinstance(error, (sqlite3.OperationalError, FileNotFoundError)) and not os.path.exists(path):
        return f"{path} does not exist any more: put the authority's directory back, or restore it from a backup."
    if isinstance(error, Replaced):
        return (
            f"{path} was replaced while it was in use, as when a backup is restored. Nothing was changed; restart the "
            "program that uses it, for example the authority's server."
        )
    if "disk is full" in reason or "No space left" in reason or getattr(error, "errno", None) == 28:
        return f"The disk that holds {path} is full. Nothing was changed; free some space and run again."
    if "not a database" in reason or "malformed" in reason:
        return f"{path} is damaged or not a SQLite file ({reason}): restore it from a backup. Nothing was changed."
    if "locked" in reason:
        return f"{path} is locked by another program: end it, or wait until it is done, and run again."
    if os.path.isdir(os.path.dirname(path)) and os.statvfs(os.path.dirname(path)).f_flag & os.ST_RDONLY:
        return f"{path} is on a read-only file system: make that writable, and run again."
    if "readonly" in reason or "unable to open" in reason or isinstance(error, PermissionError):
        return f"{path} cannot be written by this user ({reason}): run as its owner, or make the folder writable."
    return f"{path} cannot be used ({reason}): check the disk and its free space, and run again."
