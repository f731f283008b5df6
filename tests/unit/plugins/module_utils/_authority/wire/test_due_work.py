# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server does on its own."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import sweep
from ansible_collections.certops.acm.plugins.module_utils._authority.delivery import deliveries
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.due_work import LOCK, DueWork
from ansible_collections.certops.acm.plugins.module_utils._files.locks import turn
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from cryptography import x509


def test_due_work_is_done_without_a_sweep(lab: Lab) -> None:
    arn = lab.public("www.example.com")
    lab.publish(arn)
    looks: list[int] = []
    due_work = DueWork(lab.authority, lambda: looks.append(1), look_s=0.02)
    due_work.start()
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with lab.authority.store.read() as tx:
                certificate = tx.certificate(arn.rpartition("/")[2])
            if certificate and certificate.leaf and looks:
                break
            time.sleep(0.02)
        assert certificate and certificate.leaf and looks
    finally:
        assert due_work.end()


def test_only_one_server_does_the_due_work(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    turns, looks = threading.Semaphore(0), threading.Semaphore(0)
    due_work = DueWork(lab.authority, turns.release, look_s=0.01)
    monkeypatch.setattr(due_work, "look", looks.release)
    with turn(os.path.join(lab.authority.path, LOCK)) as is_ours:
        assert is_ours
        due_work.start()
        for _turn in range(3):
            assert turns.acquire(timeout=30)
        assert not looks.acquire(blocking=False)
    assert looks.acquire(timeout=30)
    assert due_work.end()


def test_the_store_is_tidied_every_hour(lab: Lab, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    due_work, tidied = DueWork(lab.authority), []
    tidy = sweep.tidy
    monkeypatch.setattr(sweep, "tidy", lambda authority: tidied.append(1) or tidy(authority))
    due_work.look()
    due_work.look()
    assert len(tidied) == 1
    clock.advance(hours=1)
    due_work.look()
    assert len(tidied) == 2
    clock.advance(days=-30)  # the clock was wrong
    due_work.look()
    assert len(tidied) == 3


@pytest.mark.parametrize("days", [1, 30])
def test_names_last_checked_while_the_clock_was_ahead(lab: Lab, clock: Clock, days: int) -> None:
    """Nobody ran a sweep at that time, which would have noticed; after thirty days, the request had timed out."""
    asked_at = clock.now
    arn = lab.public(f"asked-{days}-days-ago.example.com")
    ((name, value),) = lab.records(arn)
    clock.advance(days=days)
    sweep.settle_due(lab.authority)  # as a list does
    clock.now = asked_at
    lab.dns.add(name, "CNAME", value)
    due_work = DueWork(lab.authority)
    assert [due_work.look().issued for _look in range(2)] == [[], [arn]]


def test_thousands_of_due_certificates_do_not_hold_up_requests(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each round does some of the work, the longest due first; the next ones do the rest."""
    monkeypatch.setattr("ansible_collections.certops.acm.plugins.module_utils._authority.wire.due_work.MOST_AT_ONCE", 2)
    for number in range(5):
        lab.publish(lab.public(f"h{number}.example.com"))
    with lab.authority.store.write() as tx:
        for identifier in tx.ids_after("", 10):
            tx.set_due(identifier, lab.authority.now())
    due_work = DueWork(lab.authority)
    assert [due_work.look().looked_at for _look in range(4)] == [2, 2, 1, 0]


def test_failed_work_is_logged_once_an_hour(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    seconds = [0.0]
    due_work = DueWork(lab.authority, seconds=lambda: seconds[0])
    nobody = {"name": "chat", "kind": "webhook", "url": "http://127.0.0.1:9/", "secret": None, "detail_types": []}
    deliveries.set_targets(lab.authority, [nobody])
    lab.private()
    for at, lines in ((0, 1), (5, 1), (3599, 1), (3600, 2), (3605, 2)):
        seconds[0] = at
        due_work.look()
        assert caplog.text.count("Events for chat could not be delivered") == lines


def test_a_directory_that_is_gone_is_one_line_in_the_log(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    turns = threading.Semaphore(0)
    due_work = DueWork(lab.authority, turns.release, look_s=0.01)
    os.rename(lab.authority.path, f"{lab.authority.path}-away")
    due_work.start()
    try:
        for _turn in range(4):
            assert turns.acquire(timeout=30)
    finally:
        os.rename(f"{lab.authority.path}-away", lab.authority.path)
        assert due_work.end()
    assert [record.getMessage().partition(" in ")[0] for record in caplog.records] == ["Due work"]
    assert not caplog.records[0].exc_info


def test_a_revocation_that_could_not_be_published_is_published_soon(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """Not only an hour later, with all revocation lists."""
    due_work, public = DueWork(lab.authority), Path(lab.authority.public_folder)
    arn = lab.exported()
    due_work.look()
    public.rename(public.with_name("away"))
    lab.acm.revoke_certificate(CertificateArn=arn, RevocationReason="KEY_COMPROMISE")
    due_work.look()
    due_work.look()
    assert caplog.text.count("cannot be written") == 2  # by the call, and by the due work
    public.with_name("away").rename(public)
    assert revoked(lab) == 0
    due_work.look()
    assert revoked(lab) == 1
    written_at = [each.stat().st_mtime_ns for each in public.glob("*.crl")]
    due_work.look()
    assert [each.stat().st_mtime_ns for each in public.glob("*.crl")] == written_at


def revoked(lab: Lab) -> int:
    """How many certificates the revocation lists have."""
    lists = [x509.load_der_x509_crl(each.read_bytes()) for each in Path(lab.authority.public_folder).glob("*.crl")]
    return sum(len(each) for each in lists)
