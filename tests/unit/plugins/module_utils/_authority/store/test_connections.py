# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections to the store: lent to one user at a time, and never across a fork."""

from __future__ import annotations

import os
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.store.connections import MOST_IDLE, Lender
from ansible_collections.certops.acm.plugins.module_utils._authority.store.transactions import StoreError
from ansible_collections.certops.acm.tests.support.authority_lab import Lab


def test_a_fork_leaves_the_connections_of_its_parent_alone(lab: Lab) -> None:
    identifier = lab.private()[-36:]
    inherited = list(lab.authority.store._lender._idle)
    pid = os.fork()
    if not pid:
        try:
            with lab.authority.store.write() as tx:
                tx.put_tags(identifier, {"by": "child"})
            is_apart = inherited and not set(map(id, inherited)) & set(map(id, lab.authority.store._lender._idle))
            os._exit(0 if is_apart else 1)
        finally:
            os._exit(2)
    with lab.authority.store.write() as tx:
        tx.put_tags(identifier, {"also": "parent"})
    assert os.waitpid(pid, 0)[1] == 0
    with lab.authority.store.read() as tx:
        assert tx.tags(identifier) == {"also": "parent", "by": "child"}
    assert lab.authority.store.verify() == []


def test_writers_taking_turns_share_a_connection(lab: Lab) -> None:
    identifier = lab.private()[-36:]

    def write(number: int) -> None:
        with lab.authority.store.write() as tx:
            tx.put_tags(identifier, {f"k{number}": ""})

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(write, range(40)))
    assert len(lab.authority.store._lender._idle) == 1
    with lab.authority.store.read() as tx:
        assert len(tx.tags(identifier)) == 40


def test_a_connection_that_is_returned_has_nothing_uncommitted(tmp_path: Path) -> None:
    lender = Lender(str(tmp_path / "store"))
    connection = lender.take()
    connection.execute("CREATE TABLE a (b)")
    connection.execute("BEGIN")
    connection.execute("INSERT INTO a VALUES (1)")
    lender.give_back(connection)
    assert lender.take() is connection
    assert connection.execute("SELECT count(*) FROM a").fetchone() == (0,)


def test_the_number_of_idle_connections_is_limited(tmp_path: Path) -> None:
    lender = Lender(str(tmp_path / "store"))
    taken = [lender.take() for _number in range(MOST_IDLE + 1)]
    assert len(set(map(id, taken))) == len(taken)
    for connection in taken:
        lender.give_back(connection)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        taken[-1].execute("SELECT 1")
    lender.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        taken[0].execute("SELECT 1")
    assert lender.take().execute("SELECT 1").fetchone() == (1,)


def test_a_replaced_file_is_no_longer_written(lab: Lab) -> None:
    """A backup was restored under a running server: what it wrote to the old file would be lost."""
    lab.private()
    path = lab.authority.store.path
    shutil.copy(path, f"{path}-copy")
    os.replace(f"{path}-copy", path)
    with pytest.raises(StoreError, match="acm.sqlite3 was replaced while it was in use, .*; restart the program"):
        with lab.authority.store.write():
            pass
    lab.authority.store.close()
    with lab.authority.store.write():
        pass
