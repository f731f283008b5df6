# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections to the store's file, lent to one transaction at a time."""

from __future__ import annotations

import os
import sqlite3
import typing as t

MOST_IDLE = 10  # idle connections that are kept


class Replaced(OSError):
    """Another file has taken the place of the one that is open: what is written to the open one would be lost."""


class Lender:
    """Safe to use from several threads, and after a fork."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._inherited: list[sqlite3.Connection] = []
        self._process = os.getpid()
        self._opened: t.Optional[os.stat_result] = None

    @property
    def owner(self) -> int:
        return (self._opened or os.stat(self._path)).st_uid

    def take(self) -> sqlite3.Connection:
        """A connection that nobody else uses until it is returned. A used connection is faster: it has the tables and
        the statements cached. Raises Replaced, and OSError if the file is gone."""
        if self._process != os.getpid():  # SQLite forbids a forked process to use or close its parent's connections
            self._inherited, self._idle, self._process = self._idle, [], os.getpid()
        if self._opened and not os.path.samestat(self._opened, os.stat(self._path)):
            raise Replaced
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Return the connection; anything uncommitted is rolled back."""
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if len(self._idle) < MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close every idle connection; the next transaction opens a new one."""
        while self._idle:
            self._idle.pop().close()
        self._opened = None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=60, check_same_thread=False)
        self._opened = self._opened or os.stat(self._path)
        connection.execute("PRAGMA synchronous = NORMAL")  # Store.write itself waits for the disk
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")  # as many bytes as SQLite's 1000 pages of 4 KiB
        return connection
