# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the server is healthy."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.store.transactions import StoreError
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.pages.health import Health
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from ansible_collections.certops.acm.tests.support.authority_service import ask


def test_health(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (ask(lab, "GET", "/healthz").status, ask(lab, "GET", "/healthz").body) == (200, b"ok\n")
    Path(lab.authority.store.path).rename(lab.authority.store.path + ".gone")
    lab.authority.store.close()
    service_answer = ask(lab, "GET", "/healthz")
    assert service_answer.status == 503 and b"acm.sqlite3" in service_answer.body


def test_a_flood_of_health_requests_writes_once_a_second(lab: Lab, clock: Clock) -> None:
    health = Health(lab.authority, lambda: lab.authority.now().timestamp())
    with closing(sqlite3.connect(lab.authority.store.path)) as other:

        def writes(questions: int) -> bool:
            before = other.execute("PRAGMA data_version").fetchone()
            assert {health.answer().status for _each in range(questions)} == {200}
            return bool(other.execute("PRAGMA data_version").fetchone() != before)

        assert writes(1) and not writes(500)
        clock.advance(seconds=1)
        assert writes(1) and not writes(500)


def test_a_slow_store_is_not_healthy(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that ask meanwhile are told so instead of waiting too; after a failure, the next check is immediate."""
    monkeypatch.setattr(
        "ansible_collections.certops.acm.plugins.module_utils._authority.wire.pages.health.PATIENCE_S", 0
    )
    health, begun, ends = Health(lab.authority), threading.Event(), threading.Event()

    def fails() -> None:
        begun.set()
        ends.wait(60)
        raise StoreError("the disk is ill")

    with monkeypatch.context() as patch:
        patch.setattr(health, "_write", fails)
        with ThreadPoolExecutor() as pool:
            first = pool.submit(health.answer)
            begun.wait()
            assert (health.answer().status, first.done()) == (503, False)
            ends.set()
            assert (first.result().status, first.result().body) == (503, b"the disk is ill\n")
    assert health.answer().status == 200
