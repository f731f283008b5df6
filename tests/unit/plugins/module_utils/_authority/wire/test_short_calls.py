# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls answered in the thread that reads connections: which, that they wait for nothing, and their records."""

from __future__ import annotations

import contextlib
import fcntl
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import directory
from ansible_collections.certops.acm.plugins.module_utils._authority.operations import certificates, table
from ansible_collections.certops.acm.plugins.module_utils._authority.store.event_log import Wanted
from ansible_collections.certops.acm.plugins.module_utils._authority.store.transactions import StoreError
from ansible_collections.certops.acm.plugins.module_utils._authority.wire import short_calls
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.messages import Peer, Request
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.service import Service
from ansible_collections.certops.acm.tests.support.authority_lab import Lab
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._authority.wire.test_command_line import Running

AT_ONCE = {"DescribeCertificate", "GetAccountConfiguration", "ListTagsForCertificate", "ListTagsForResource"}


class Asked:
    """A service whose late records are written when the test says so."""

    def __init__(self, lab: Lab) -> None:
        self.late = short_calls.LateRecords(lab.authority.store)
        self.service = Service(lab.authority, is_open=True, late_records=self.late)

    def begin(self, operation: str, **members: Any) -> Any:
        headers = {"X-Amz-Target": f"CertificateManager.{operation}"}
        return self.service.begin(Request("POST", "/", headers, json.dumps(members).encode(), Peer("192.0.2.1")))

    def is_answered_at_once(self, operation: str, **members: Any) -> bool:
        begun = self.begin(operation, **members)
        return not callable(begun) and begun.status == 200


@pytest.fixture
def asked(lab: Lab) -> Asked:
    return Asked(lab)


@contextlib.contextmanager
def somebody_writes(lab: Lab) -> Iterator[None]:
    """While the block runs."""
    with open(lab.authority.store.path + "-writers", "a", encoding="ascii") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def recorded(lab: Lab) -> list[str]:
    with lab.authority.store.read() as tx:
        return [json.loads(body)["eventName"] for _number, body in tx.journal.audit(0, 1000, Wanted())]


def test_immediate_answers_do_not_wait_for_writers(lab: Lab, asked: Asked) -> None:
    arn = lab.private()
    named = {name: "ResourceArn" if "Resource" in name else "CertificateArn" for name in table.OPERATIONS}
    with somebody_writes(lab):
        begun = {name: asked.is_answered_at_once(name, **{member: arn}) for name, member in named.items()}
        begun["GetAccountConfiguration"] = asked.is_answered_at_once("GetAccountConfiguration")
    assert {name for name, is_answered in begun.items() if is_answered} == AT_ONCE


def test_slow_calls_are_left_to_another_thread(lab: Lab, asked: Asked) -> None:
    """A name to look at, a renewal that is due, a limit that is counted in the store, thousands of names, a refusal that is
    to be recorded."""
    issued, pending = lab.private(), lab.public("nobody-publishes.example.com")
    assert asked.is_answered_at_once("DescribeCertificate", CertificateArn=issued)
    assert callable(asked.begin("DescribeCertificate", CertificateArn=pending))
    lab.set(read_interval_s=5)
    lab.clock.advance(seconds=100)
    assert lab.status(pending) == "PENDING_VALIDATION"
    lab.clock.advance(seconds=1)
    assert asked.is_answered_at_once("DescribeCertificate", CertificateArn=pending)
    lab.export(issued)
    lab.clock.advance(days=390)
    assert callable(asked.begin("DescribeCertificate", CertificateArn=issued))
    assert callable(asked.begin("DescribeCertificate", CertificateArn=issued[:-4] + "0000"))
    assert callable(asked.begin("DescribeCertificate", CertificateArn="no ARN"))
    assert callable(asked.begin("GetAccountConfiguration", Padding="x" * 5000))
    lab.set(rate_limits=True, rates={"GetAccountConfiguration": 5})
    assert callable(asked.begin("GetAccountConfiguration"))


def test_many_names_are_left_to_another_thread(lab: Lab, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = lab.private(SubjectAlternativeNames=["a.corp.test", "b.corp.test"])
    monkeypatch.setattr(certificates, "MANY_NAMES", 2)
    assert callable(asked.begin("DescribeCertificate", CertificateArn=arn))
    monkeypatch.setattr(certificates, "MANY_NAMES", 3)
    assert asked.is_answered_at_once("DescribeCertificate", CertificateArn=arn)


def test_immediate_answers_cost_the_same_whatever_the_number_of_certificates(
    lab: Lab, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in steps of SQLite's virtual machine."""
    steps = [0]
    connect = sqlite3.connect

    def counting(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_progress_handler(lambda: steps.__setitem__(0, steps[0] + 1), 1)
        return connection

    def cost(arn: str) -> list[int]:
        counted = []
        for name in sorted(AT_ONCE):
            member = {} if "Account" in name else {"ResourceArn" if "Resource" in name else "CertificateArn": arn}
            assert asked.is_answered_at_once(name, **member)
            steps[0] = 0
            assert asked.is_answered_at_once(name, **member)
            counted.append(steps[0])
        return counted

    arn = lab.private()
    lab.authority.store.close()
    monkeypatch.setattr(sqlite3, "connect", counting)
    alone = cost(arn)
    for number in range(60):
        lab.private(f"h{number}.corp.test", Tags=[{"Key": "number", "Value": str(number)}])
    assert cost(arn) == alone and all(alone)


def test_all_records_are_written_in_batches(lab: Lab, asked: Asked) -> None:
    arn = lab.private()
    before = recorded(lab)
    with somebody_writes(lab):
        for _each in range(250):
            assert asked.is_answered_at_once("DescribeCertificate", CertificateArn=arn)
        assert asked.is_answered_at_once("ListTagsForCertificate", CertificateArn=arn)
    assert recorded(lab) == before
    asked.late.start()
    asked.late.end()
    assert recorded(lab) == [*before, *["DescribeCertificate"] * 250, "ListTagsForCertificate"]


def test_records_that_cannot_be_written_are_retried(
    lab: Lab, asked: Asked, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """When too many are waiting, reads have to wait, too."""
    monkeypatch.setattr(short_calls, "AGAIN_S", 0.01)
    monkeypatch.setattr(short_calls, "MOST", 3)
    store, is_ill = lab.authority.store, [True]
    write = store.write

    def failing(durable: bool = True) -> Any:
        if is_ill[0]:
            raise StoreError("the disk is full")
        return write(durable)

    monkeypatch.setattr(store, "write", failing)
    for _each in range(3):
        assert asked.is_answered_at_once("GetAccountConfiguration")
    rest = asked.begin("GetAccountConfiguration")
    assert callable(rest) and b"the disk is full" in rest().body
    asked.late.start()
    while "the disk is full" not in caplog.text:
        pass
    is_ill[0] = False
    asked.late.end()
    assert recorded(lab) == ["GetAccountConfiguration"] * 3
    assert asked.is_answered_at_once("GetAccountConfiguration")


def test_a_server_records_all_calls_before_it_exits(tmp_path: Path) -> None:
    program = Running(tmp_path / "authority")
    client = program.client()
    for _each in range(20):
        client.get_account_configuration()
    assert program.end() == (0, "")
    with directory.open_store(str(tmp_path / "authority")).read() as tx:
        assert len(tx.journal.audit(0, 1000, Wanted(operations=["GetAccountConfiguration"]))) == 20
