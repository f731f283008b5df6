# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo's stand-in name server as a program: starting, stopping, keeping records, reporting mistakes."""

from __future__ import annotations

import socket
import typing as t
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest
from ansible_collections.certops.acm.plugins.module_utils._validation.dns_records import Record
from ansible_collections.certops.acm.plugins.module_utils._net.resolver import Resolver
from ansible_collections.certops.acm.plugins.module_utils._validation.rfc2136 import Rfc2136
from ansible_collections.certops.acm.tests.support.stand_in_name_server import StandIn, stand_in

RECORD = Record("_a.www.shop.example", "_1.acm-validations.aws")


@pytest.fixture()
def idle(tmp_path: Path) -> t.Iterator[StandIn]:
    server = StandIn(tmp_path, {"shop.example": None})
    yield server
    server.run("--stop")


def put(server: StandIn, *records: Record) -> None:
    publisher = Rfc2136(server.rfc2136())
    publisher.apply(publisher.plan(records))


def test_records_outlive_the_server(idle: StandIn) -> None:
    assert idle.run().returncode == 0
    put(idle, RECORD)
    assert idle.run("--stop").returncode == 0
    assert not idle.is_running() and not (idle.folder / "server.pid").exists()
    assert idle.run().returncode == 0
    assert Resolver([idle.endpoint]).lookup(RECORD.name, "CNAME").records == (RECORD.value,)


def test_stop_waits_and_may_be_repeated(idle: StandIn) -> None:
    idle.run()
    pid = idle.pid
    assert pid is not None
    assert idle.run("--stop").returncode == 0
    assert idle.wait_until_gone(pid)
    assert idle.run("--stop").returncode == 0


def test_a_busy_port_is_reported_in_one_sentence(idle: StandIn) -> None:
    with socket.create_server((idle.address, idle.port)):
        answer = idle.run()
    expected = f"Cannot listen on 127.0.0.1 port {idle.port}: Address already in use. Choose another port.\n"
    assert (answer.returncode, answer.stderr) == (1, expected)
    assert not (idle.folder / "server.pid").exists()


def test_it_does_not_start_twice(idle: StandIn) -> None:
    idle.run()
    answer = idle.run()
    assert answer.returncode == 1 and "is already running" in answer.stderr


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"zones": []}, "names no zone"),
        ({"port": "many"}, "is not a valid configuration"),
        ({"key": {"name": "demo", "secret": "%%"}}, "is not a valid configuration"),
        ({"key": {"secret": "AAAA"}}, "lacks 'name'"),
        ({"address": "192.0.2.77"}, "Cannot listen on 192.0.2.77"),
    ],
)
def test_a_bad_configuration_is_reported_in_one_sentence(
    idle: StandIn, change: dict[str, t.Any], sentence: str
) -> None:
    idle.settings.update(change)
    answer = idle.run()
    assert answer.returncode == 1 and sentence in answer.stderr and answer.stderr.count("\n") == 1


def test_a_bad_zone_file_is_reported_in_one_sentence(idle: StandIn) -> None:
    (idle.folder / "shop.example.zone").write_text("this is no zone\n")
    answer = idle.run("-t")
    assert answer.returncode == 1 and "cannot be read" in answer.stderr and answer.stderr.count("\n") == 1


def test_checking_starts_nothing(idle: StandIn) -> None:
    answer = idle.run("-t")
    assert answer.returncode == 0 and "is valid: 1 zone" in answer.stdout
    assert not idle.is_running()


def test_answers() -> None:
    records = "www A 192.0.2.1\nalias CNAME www\nabroad CNAME www.elsewhere.test.\na.b A 192.0.2.2\n" + "\n".join(
        f'big TXT "{number} {"x" * 200}"' for number in range(20)
    )
    with stand_in({"shop.example": records}) as server:
        resolver = Resolver([server.endpoint])
        cases = {
            ("www.shop.example", "A"): "NOERROR",
            ("alias.shop.example", "A"): "NOERROR",
            ("abroad.shop.example", "A"): "REFUSED",
            ("abroad.shop.example", "CNAME"): "NOERROR",
            ("b.shop.example", "A"): "NODATA",
            ("www.shop.example", "MX"): "NODATA",
            ("none.shop.example", "A"): "NXDOMAIN",
            ("shop.example", "SOA"): "NOERROR",
            ("example", "CAA"): "REFUSED",
            ("big.shop.example", "TXT"): "NOERROR",
        }
        assert {question: resolver.lookup(*question).status for question in cases} == cases
        assert len(resolver.lookup("big.shop.example", "TXT").records) == 20


def test_garbage_is_not_answered_and_does_no_harm() -> None:
    with stand_in({"shop.example": None}) as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for rubbish in (b"", b"\0", b"\xff" * 40, b"\0" * 12, b"GET / HTTP/1.1\r\n\r\n"):
                sock.sendto(rubbish, (server.address, server.port))
        with socket.create_connection((server.address, server.port)) as connection:
            connection.sendall(b"\xff\xffnot that long")
        notify = dns.message.make_query("shop.example", "SOA")
        notify.set_opcode(4)  # type: ignore[arg-type]
        assert dns.query.udp(notify, server.address, port=server.port, timeout=3).rcode() == dns.rcode.NOTIMP
        assert Resolver([server.endpoint]).lookup("shop.example", "SOA").status == "NOERROR"
