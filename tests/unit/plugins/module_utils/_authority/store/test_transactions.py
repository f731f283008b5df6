# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults: kill -9 during work, many processes at once, full disks, files that are not a store."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import random
import signal
import sqlite3
import tempfile
import time
import traceback
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.plugins.module_utils._authority import opening, sweep
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import vault
from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle import state
from ansible_collections.certops.acm.plugins.module_utils._authority.signing import issuer
from ansible_collections.certops.acm.plugins.module_utils._authority.store import facts, transactions as store
from ansible_collections.certops.acm.plugins.module_utils._authority.store.transactions import Store, StoreError
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from ansible_collections.certops.acm.tests.support.small_disk import small_disk

KILLS = int(os.environ.get("ACM_KILLS", "8"))  # ACM_KILLS=200 for a long test
MANY = 50  # processes at once


class Child:
    """Work in another process that reports what it has done, line by line, and can be killed."""

    def __init__(self, lab: Lab, work: t.Callable[[t.Callable[[str], None]], None]) -> None:
        lab.authority.store.close()
        self._reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(writer)
            return
        try:
            work(lambda line: t.cast(None, os.write(writer, f"{line}\n".encode())))
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(3)

    def kill(self) -> list[str]:
        os.kill(self.pid, signal.SIGKILL)
        return self.told()

    def told(self) -> list[str]:
        """All that it told, after its end."""
        with os.fdopen(self._reader, "rb") as file:
            lines = file.read().decode().split("\n")
        self.status = os.waitpid(self.pid, 0)[1]
        return lines[:-1]  # what follows the last newline is incomplete


def whole(lab: Lab) -> dict[str, state.Certificate]:
    """Every certificate by ARN, after checking what must hold in any state."""
    assert lab.authority.store.verify() == []
    with lab.authority.store.read() as tx:
        execute = tx._execute
        certificates = [facts.read(row[0]) for row in execute("SELECT facts FROM certificates")]
        for certificate in certificates:
            row = tx.leaf(certificate.id)
            assert (row is None) == (certificate.leaf is None)
            if row is None or certificate.leaf is None:
                continue
            assert row.serial == certificate.leaf.serial == pem.serial(pem.load_certificate(row.pem))
            key = issuer.key_of_der(
                lab.authority.vault.open(row.sealed_key, vault.leaf_context(certificate.id, row.serial))
            )
            assert pem.key_matches(key, pem.load_certificate(row.pem))
        serials = [row[0] for row in execute("SELECT serial FROM leaves WHERE ca_id IS NOT NULL")]
        assert len(serials) == len(set(serials))
        for kind in (state.AMAZON_ISSUED, state.PRIVATE, state.IMPORTED):
            assert tx.count(kind) == sum(certificate.type == kind for certificate in certificates)
        names = [(name, certificate.id) for certificate in certificates for name in certificate.names]
        rows = execute("SELECT name, id FROM names LEFT JOIN certificates ON certificate = number").fetchall()
        assert sorted(rows) == sorted(names)
        issued = sum(ca.issued for ca in tx.cas.all())
        assert (
            issued
            == len(serials)
            == execute(
                "SELECT count(*) FROM events WHERE detail_type = 'ACM Certificate Available' AND detail NOT LIKE "
                "'%IMPORT%'"
            ).fetchone()[0]
        )
    return {certificate.arn: certificate for certificate in certificates}


# ---------------------------------------------------------------- kill -9


def test_a_process_killed_at_any_instant_loses_nothing_it_answered(lab: Lab, pki: t.Any) -> None:
    lab.set(quota_certificates=10**6, quota_requests_a_year=10**6, quota_imports_a_year=10**6, quota_imported=10**6)
    lab.ca()
    pair = pki.leaf("import.example.com")

    def work(tell: t.Callable[[str], None]) -> None:
        while True:
            arn = lab.private()
            tell(f"made {arn}")
            lab.export(arn)
            tell(f"exported {arn}")
            tell(f"serial {arn} {lab.describe(arn)['Serial']}")
            lab.acm.renew_certificate(CertificateArn=arn)
            tell(f"serial {arn} {lab.describe(arn)['Serial']}")
            imported = lab.acm.import_certificate(Certificate=pair.pem.encode(), PrivateKey=pair.key_pem.encode())
            tell(f"made {imported['CertificateArn']}")
            tell(f"leaving {imported['CertificateArn']}")
            lab.acm.delete_certificate(CertificateArn=imported["CertificateArn"])
            tell(f"left {imported['CertificateArn']}")

    dice = random.Random(20261123)
    answered: list[str] = []
    kills = 0
    while kills < KILLS or (len(answered) < 50 and kills < 20 * KILLS):  # a busy machine does less between two
        kills += 1
        child = Child(lab, work)
        time.sleep(dice.uniform(0.02, 0.25))
        answered += child.kill()
        assert os.WIFSIGNALED(child.status)
        present = whole(lab)
        said = [line.split() for line in answered]
        leaving = {words[1] for words in said if words[0] == "leaving"}
        with lab.authority.store.read() as tx:
            serials = {row[0] for row in tx._execute("SELECT serial FROM leaves")}
        for verb, arn, *rest in said:
            if verb == "made":
                assert arn in present or arn in leaving
            elif verb == "left":
                assert arn not in present
            elif verb == "exported":
                assert present[arn].ever_exported
            elif verb == "serial":
                assert rest[0] in serials
    assert len(answered) >= 50


def test_killed_sweeps_renew_each_certificate_once(lab: Lab, clock: Clock) -> None:
    number = 5 * KILLS
    arns = [lab.private() for _number in range(number)]
    for arn in arns:
        lab.export(arn)
    clock.advance(days=340)
    dice = random.Random(7)
    for _kill in range(KILLS):
        child = Child(lab, lambda _tell: t.cast(None, sweep.sweep(lab.authority)))
        time.sleep(dice.uniform(0.005, 0.06))
        child.kill()
        whole(lab)
    assert sweep.sweep(lab.authority).troubles == []
    certificates = whole(lab)
    assert {certificate.renewal.status for certificate in certificates.values() if certificate.renewal} == {"SUCCESS"}
    with lab.authority.store.read() as tx:
        leaves = tx._execute("SELECT count(*) FROM leaves GROUP BY certificate").fetchall()
    assert leaves == [(2,)] * number


# ---------------------------------------------------------------- side by side


def test_many_processes_at_once(lab: Lab) -> None:
    ca = lab.ca()

    def work(tell: t.Callable[[str], None]) -> None:
        for _number in range(4):
            tell(lab.private(ca=ca))

    children = [Child(lab, work) for _number in range(MANY)]
    arns = [arn for child in children for arn in child.told()]
    assert [child.status for child in children] == [0] * MANY
    assert len(set(arns)) == 4 * MANY and set(whole(lab)) == set(arns)


def test_the_same_token_from_many_processes_creates_one_certificate(lab: Lab) -> None:
    ca = lab.ca()
    children = [Child(lab, lambda tell: tell(lab.private(ca=ca, IdempotencyToken="same"))) for _number in range(MANY)]
    assert len({arn for child in children for arn in child.told()}) == 1
    assert len(whole(lab)) == 1


def test_a_reader_sees_a_consistent_snapshot(lab: Lab) -> None:
    lab.private()
    with lab.authority.store.read() as tx:
        before = tx.count("PRIVATE")
        child = Child(lab_beside(lab), lambda tell: tell(lab.private("b.corp.test")))
        assert child.told()
        assert tx.count("PRIVATE") == before == 1
    with lab.authority.store.read() as tx:
        assert tx.count("PRIVATE") == 2


def test_a_directory_that_has_vanished(lab: Lab) -> None:
    """While a server runs: no errno, and no file that the user does not know."""
    os.rename(os.path.dirname(lab.authority.store.path), f"{os.path.dirname(lab.authority.store.path)}-away")
    with pytest.raises(
        store.StoreError, match="^[^ ]*/acm.sqlite3 does not exist any more: put the .* back, or restore"
    ):
        with lab.authority.store.write():
            pass


def test_answered_changes_are_on_disk(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    ca, path = lab.ca(), lab.authority.store.path
    seen = []

    def look(handle: int) -> None:
        with open(path + "-writers", "rb") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)  # no other process waits for this one's disk
        with lab.authority.store.read() as tx:
            seen.append((os.readlink(f"/proc/self/fd/{handle}"), tx.count("PRIVATE")))

    monkeypatch.setattr(store, "DATA_SYNC", look)
    arn = lab.private(ca=ca)
    assert seen == [(path + "-wal", 1)]
    lab.describe(arn)
    assert len(seen) == 1  # the records of calls that only read may wait

    def fail(_handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(store, "DATA_SYNC", fail)
    said = lab.fails("delete_certificate", "ServiceUnavailable", CertificateArn=arn)
    assert path in said and "Input/output error" in said


def lab_beside(lab: Lab) -> t.Any:
    """What Child closes before it forks is not the connection with the transaction that is open here."""

    class Beside:
        authority = opening.open_authority(lab.path)

    return Beside


def test_a_kind_that_was_rolled_back_is_not_remembered(lab: Lab) -> None:
    store = lab.authority.store
    with store.read() as tx:
        one = tx.certificate(lab.private()[-36:])
    assert one
    first, second = (one._replace(id=f"{number:036}", managed_by=name) for number, name in enumerate(("A", "B")))
    with pytest.raises(ZeroDivisionError), store.write() as tx:
        tx.add(first, {}, None)
        raise ZeroDivisionError
    for each in (second, first):  # the number that the first kind had now belongs to the second
        with store.write() as tx:
            tx.add(each, {}, None)
    with store.read() as tx:
        rows = tx._execute("SELECT id, managed_by FROM certificates JOIN kinds USING (kind) ORDER BY id").fetchall()
    assert rows[:2] == [(first.id, "A"), (second.id, "B")]


# ---------------------------------------------------------------- files that cannot be used


@pytest.mark.parametrize(
    "content, said",
    [(b"", "is not the store"), (b"hello, world\n" * 100, "not a SQLite file"), (b"\0" * 8192, "not a SQLite file")],
)
def test_a_file_that_is_not_a_store(lab: Lab, content: bytes, said: str) -> None:
    lab.authority.store.close()
    path = Path(lab.authority.store.path)
    for each in path.parent.glob("acm.sqlite3*"):
        each.unlink()
    path.write_bytes(content)
    with pytest.raises(StoreError, match=said):
        opening.open_authority(lab.path)
    assert path.read_bytes() == content


def test_a_foreign_database(lab: Lab) -> None:
    lab.authority.store.close()
    path = Path(lab.authority.store.path)
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    with pytest.raises(StoreError, match="was not changed: restore it from a backup"):
        opening.open_authority(lab.path)


@pytest.mark.parametrize(
    ("version", "advice"),
    [(99, "created it, or a newer version"), (2, "created it, or create a new authority in another directory")],
)
def test_a_store_of_another_format(lab: Lab, version: int, advice: str) -> None:
    lab.authority.store._lender.take().execute(f"PRAGMA user_version = {version}")
    with pytest.raises(StoreError, match=f"format {version}, .* {advice}"):
        opening.open_authority(lab.path)


def test_a_damaged_file(lab: Lab) -> None:
    arn = lab.private()
    lab.authority.store._lender.take().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    lab.authority.store.close()
    path = Path(lab.authority.store.path)
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(octet ^ 0x5A for octet in content[4096:])
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        opening.open_authority(lab.path)
    started = time.monotonic()
    assert "damaged" in lab.fails("describe_certificate", "ServiceUnavailable", CertificateArn=arn)
    assert time.monotonic() - started < 30  # a store that is busy is waited for, for a minute


def test_a_full_disk(lab: Lab) -> None:
    ca, arns = lab.ca(), []
    [connection] = lab.authority.store._lender._idle
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    started = time.monotonic()
    with pytest.raises(lab.acm.exceptions.ClientError) as caught:
        for _number in range(100):
            arns.append(lab.private(ca=ca))
    assert time.monotonic() - started < 30  # a store that is busy is waited for, for a minute
    assert "disk" in str(caught.value) and "is full" in str(caught.value)
    assert set(whole(lab)) == set(arns)
    connection.execute("PRAGMA max_page_count = 1073741823")
    arns.append(lab.private(ca=ca))
    assert set(whole(lab)) == set(arns)


def test_a_store_that_another_program_has_locked(lab: Lab) -> None:
    with lab.authority.store.read():
        pass
    [connection] = lab.authority.store._lender._idle
    connection.execute("PRAGMA busy_timeout = 0")  # otherwise it is waited for, for a minute
    with contextlib.closing(sqlite3.connect(lab.authority.store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        said = lab.fails("request_certificate", "ServiceUnavailable", DomainName="www.example.com")
    assert f"{lab.authority.store.path} is locked by another program: end it, or wait" in said


def test_a_read_only_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, error = str(tmp_path / "acm.sqlite3"), sqlite3.OperationalError("unable to open database file")
    (tmp_path / "acm.sqlite3").touch()
    assert "cannot be written by this user" in store._sentence(path, error)
    monkeypatch.setattr(os, "statvfs", lambda _folder: SimpleNamespace(f_flag=os.ST_RDONLY))
    assert store._sentence(path, error) == f"{path} is on a read-only file system: make that writable, and run again."


@pytest.fixture(name="disk")
def fixture_disk(tmp_path: Path) -> t.Iterator[Path]:
    with small_disk(tmp_path, "2m"):
        yield tmp_path


def test_a_disk_that_is_really_full(disk: Path, dns: t.Any, clock: Clock) -> None:
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(512 * 1024))
    lab = Lab(disk / "authority", dns, clock)
    ca, arns = lab.ca(), []
    with pytest.raises(lab.acm.exceptions.ClientError) as caught:
        for _number in range(1000):
            arns.append(lab.private(ca=ca))
    error = caught.value.response["Error"]
    assert error["Code"] == "ServiceUnavailable" and "is full. Nothing was changed" in error["Message"]
    with pytest.raises(StoreError, match="is full|free space"):
        sweep.sweep(lab.authority)
    ballast.unlink()
    assert set(whole(lab)) == set(arns) and len(arns) > 2
    assert sweep.sweep(lab.authority).troubles == []
    arns.append(lab.private(ca=ca))
    assert set(whole(lab)) == set(arns)
    lab.authority.store.close()


def test_a_clock_that_jumps_ahead_and_back(lab: Lab, clock: Clock) -> None:
    lab.set(events_kept_days=36500)
    arn = lab.private()
    lab.export(arn)
    serial = lab.describe(arn)["Serial"]
    clock.advance(days=10 * 365)
    assert lab.status(arn) == "EXPIRED"
    assert sweep.sweep(lab.authority).renewed == []
    clock.advance(days=-10 * 365)
    assert (lab.status(arn), lab.describe(arn)["Serial"]) == ("ISSUED", serial)
    clock.advance(days=-2)  # before it is created: nothing is signed, and one sentence says why
    message = lab.fails(
        "request_certificate", "ValidationException", DomainName="a.corp.test", CertificateAuthorityArn=lab.ca(),
        KeyAlgorithm="EC_prime256v1",
    )  # fmt: skip
    assert "correct the clock" in message
    assert sweep.sweep(lab.authority).troubles == []
    clock.advance(days=2 + 340)
    assert sweep.sweep(lab.authority).renewed == [arn]
    assert set(whole(lab)) == {arn}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_users_authority(dns: t.Any, clock: Clock) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        lab = Lab(Path(folder) / "authority", dns, clock)
        arn = lab.private()
        lab.authority.store.close()
        os.seteuid(65534)
        try:
            with pytest.raises(ValueError, match="run as its owner"):
                opening.open_authority(lab.path)
            assert "run as its owner" in lab.fails("describe_certificate", "ServiceUnavailable", CertificateArn=arn)
        finally:
            os.seteuid(0)
        assert lab.status(arn) == "ISSUED"


def test_a_folder_that_became_read_only(dns: t.Any, clock: Clock) -> None:
    """Reads need to write too (the audit record): one sentence, not a traceback."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        lab = Lab(Path(folder) / "authority", dns, clock)
        arn = lab.private()
        lab.authority.store.close()
        is_root = os.geteuid() == 0
        for path in [Path(lab.path), *Path(lab.path).rglob("*")]:
            if is_root:
                os.chown(path, 65534, 65534)
            path.chmod(0o555 if path.is_dir() else 0o444)
        if is_root:
            os.seteuid(65534)
        try:
            assert "cannot be written" in lab.fails("describe_certificate", "ServiceUnavailable", CertificateArn=arn)
        finally:
            if is_root:
                os.seteuid(0)
            for path in [Path(lab.path), *Path(lab.path).rglob("*")]:
                path.chmod(0o755)


def test_a_store_never_overwrites_a_file(tmp_path: Path) -> None:
    (tmp_path / "acm.sqlite3").write_text("precious")
    with pytest.raises(FileExistsError):
        Store(str(tmp_path / "acm.sqlite3")).create()
    assert (tmp_path / "acm.sqlite3").read_text() == "precious"


def test_a_failed_change_changes_nothing(lab: Lab) -> None:
    arn = lab.private()
    with pytest.raises(ZeroDivisionError):
        with lab.authority.store.write() as tx:
            tx.remove(arn.rpartition("/")[2])
            _never = 1 / 0
    assert lab.status(arn) == "ISSUED"


def test_a_serial_is_never_used_twice_by_one_ca(lab: Lab) -> None:
    arn = lab.private()
    with lab.authority.store.read() as tx:
        certificate, row = tx.certificate(arn.rpartition("/")[2]), tx.leaf(arn.rpartition("/")[2])
    assert certificate and row
    lab.acm.delete_certificate(CertificateArn=arn)  # also not after it is gone
    other = lab.private()
    with pytest.raises(sqlite3.IntegrityError):
        with lab.authority.store.write() as tx:
            there = tx.certificate(other.rpartition("/")[2])
            assert there
            tx.put_leaf(there._replace(leaf=certificate.leaf), row)
