# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections to the store's file, lent to one transaction at a time."""

from __future__ import annotations

import os
import sqlite3
import typing as t

MOST_IDLE = 10  # connections that are kept for the next ones


class Connection(sqlite3.Connection):
    """kinds: the numbers, by their properties, of those that are in its file for good; they are never deleted."""

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        self.kinds: dict[tuple[t.Any, ...], int] = {}


class Lender:
    """Safe to use from several threads, and after a fork."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: list[Connection] = []
        self._inherited: list[Connection] = []
        self._process = os.getpid()

    def take(self) -> Connection:
        """A connection that nobody else uses until it is given back. One that has been used is quicker: it knows the
        tables and the statements."""
        if self._process != os.getpid():  # SQLite forbids a fork to use what its parent opened, and to close it
            self._inherited, self._idle, self._process = self._idle, [], os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def give_back(self, connection: Connection) -> None:
        """What it has not committed is undone."""
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if len(self._idle) < MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close every connection that is not lent; the next one is opened again."""
        while self._idle:
            self._idle.pop().close()

    def _connect(self) -> Connection:
        connection = sqlite3.connect(
            self._path, isolation_level=None, timeout=60, check_same_thread=False, factory=Connection
        )
        connection.execute("PRAGMA synchronous = NORMAL")  # Store.write itself waits for the disk
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")  # pages: as many bytes as SQLite's 1000 of 4 KiB
        return connection
