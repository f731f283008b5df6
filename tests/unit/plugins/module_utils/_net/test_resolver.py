# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to DNS, against a real BIND."""

from __future__ import annotations

import sys
import time
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._validation.dns_records import Record
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._net.resolver import (
    NODATA,
    NOERROR,
    NXDOMAIN,
    REFUSED,
    SERVFAIL,
    TIMEOUT,
    CaaRecord,
    Endpoint,
    MxRecord,
    Resolver,
    endpoint,
)
from ansible_collections.certops.acm.plugins.module_utils._validation.rfc2136 import Rfc2136
from ansible_collections.certops.acm.tests.support.name_server import NameServer, free_port, name_server, silent_server

ZONE = """
www        A      192.0.2.1
www        AAAA   2001:db8::1
Mixed      CNAME  WWW.Example.COM.
twice      CNAME  mixed
abroad     CNAME  there.example.net.
nowhere    CNAME  gone.example.net.
outside    CNAME  www.not-ours.test.
empty      CNAME  onlytext
onlytext   TXT    "one " "two"
circle     CNAME  circle.example.net.
@          MX     20 mail2
@          MX     10 mail1
nomail     MX     0 .
@          CAA    128 issue "amazon.com"
a.b        A      192.0.2.2
*.wild     CNAME  www
""" + "\n".join(f'big TXT "{number:03} {"x" * 200}"' for number in range(30))
CHAIN = "\n".join(f"c{number} CNAME c{number + 1}" for number in range(30))


@pytest.fixture(scope="module")
def bind() -> t.Iterator[NameServer]:
    zones = {
        "example.com": ZONE,
        "example.net": "there A 192.0.2.9\ncircle CNAME circle.example.com.",
        "chain.test": CHAIN,
    }
    with name_server(zones, broken=["broken.test"]) as server:
        yield server


@pytest.fixture()
def resolver(bind: NameServer) -> Resolver:
    return Resolver([bind.endpoint], timeout_s=3)


@pytest.mark.parametrize(
    "name, rdtype, status, records, chain",
    [
        ("www.example.com", "A", NOERROR, ("192.0.2.1",), ()),
        ("WWW.EXAMPLE.COM.", "AAAA", NOERROR, ("2001:db8::1",), ()),
        ("mixed.example.com", "CNAME", NOERROR, ("www.example.com",), ()),
        ("mixed.example.com", "A", NOERROR, ("192.0.2.1",), ("www.example.com",)),
        ("twice.example.com", "A", NOERROR, ("192.0.2.1",), ("mixed.example.com", "www.example.com")),
        ("abroad.example.com", "A", NOERROR, ("192.0.2.9",), ("there.example.net",)),
        ("nowhere.example.com", "A", NXDOMAIN, (), ("gone.example.net",)),
        ("outside.example.com", "A", REFUSED, (), ("www.not-ours.test",)),
        ("empty.example.com", "A", NODATA, (), ("onlytext.example.com",)),
        ("onlytext.example.com", "TXT", NOERROR, ("one two",), ()),
        ("x.wild.example.com", "CNAME", NOERROR, ("www.example.com",), ()),
        ("b.example.com", "A", NODATA, (), ()),  # nothing but something below it
        ("none.example.com", "A", NXDOMAIN, (), ()),
        ("nomail.example.com", "MX", NOERROR, (MxRecord(0, ""),), ()),
        ("example.com", "CAA", NOERROR, (CaaRecord(True, "issue", "amazon.com"),), ()),
        ("www.broken.test", "A", SERVFAIL, (), ()),
        ("www.other.test", "A", REFUSED, (), ()),
    ],
)
def test_every_kind_of_answer(
    resolver: Resolver, name: str, rdtype: str, status: str, records: tuple[t.Any, ...], chain: tuple[str, ...]
) -> None:
    found = resolver.lookup(name, rdtype)
    assert (found.status, found.records, found.chain) == (status, records, chain)
    assert bool(found.detail) is not found.is_certain


def test_a_server_that_recurses_follows_the_chain_itself() -> None:
    records = "abroad CNAME there.other.test.\nlost CNAME gone.other.test.\nbare CNAME there.other.test.\n"
    with name_server({"one.test": records, "other.test": "there A 192.0.2.9", "test": ""}) as upstream:
        with name_server({}, forward={"test": upstream.endpoint}) as recursor:
            resolver = Resolver([recursor.endpoint])
            found = resolver.lookup("abroad.one.test", "A")
            assert (found.records, found.chain) == (("192.0.2.9",), ("there.other.test",))
            assert not found.is_authoritative
            assert resolver.lookup("lost.one.test", "A").status == NXDOMAIN
            assert resolver.lookup("bare.one.test", "AAAA").status == NODATA
            assert resolver.lookup("abroad.one.test", "CNAME").records == ("there.other.test",)
            assert resolver.lookup("none.one.test", "A").status == NXDOMAIN


def test_all_records_of_a_set_are_returned(resolver: Resolver) -> None:
    found = resolver.lookup("example.com", "MX")
    assert set(found.records) == {MxRecord(10, "mail1.example.com"), MxRecord(20, "mail2.example.com")}
    assert found.is_authoritative


def test_an_answer_too_large_for_udp_is_read_over_tcp(resolver: Resolver) -> None:
    assert len(resolver.lookup("big.example.com", "TXT").records) == 30


def test_loops_and_endless_chains_end(resolver: Resolver) -> None:
    assert resolver.lookup("circle.example.com", "A").status == SERVFAIL
    assert "form a loop" in resolver.lookup("circle.example.com", "A").detail
    assert resolver.lookup("c0.chain.test", "A").status == SERVFAIL


@pytest.mark.parametrize("name", ["x" * 64 + ".example.com", ".".join(["x" * 60] * 5), "two..dots.example.com"])
def test_invalid_dns_names_do_not_exist(resolver: Resolver, name: str) -> None:
    assert resolver.lookup(name, "A").status == NXDOMAIN


def test_a_record_is_seen_as_soon_as_it_exists(bind: NameServer, resolver: Resolver) -> None:
    assert resolver.lookup("later.example.com", "CNAME").status == NXDOMAIN
    bind.add("later.example.com", "CNAME", "www.example.com.")
    assert resolver.lookup("later.example.com", "CNAME").records == ("www.example.com",)
    bind.remove("later.example.com")
    assert resolver.lookup("later.example.com", "CNAME").status == NXDOMAIN


def test_the_next_server_is_tried_when_one_is_useless(bind: NameServer) -> None:
    with name_server({"other.test": "www A 192.0.2.3"}) as second:
        both = Resolver([bind.endpoint, second.endpoint])
        assert both.lookup("www.other.test", "A").records == ("192.0.2.3",)
        assert both.lookup("www.example.com", "A").records == ("192.0.2.1",)


def test_an_unreachable_server_costs_no_time(bind: NameServer) -> None:
    began = time.monotonic()
    closed = f"127.0.0.1:{free_port()}"
    assert Resolver([closed, bind.endpoint]).lookup("www.example.com", "A").records == ("192.0.2.1",)
    found = Resolver([closed]).lookup("www.example.com", "A")
    assert found.status == TIMEOUT and f"{closed} cannot be reached: Connection refused." in found.detail
    assert time.monotonic() - began < 5  # as long as one silent server would have taken of the two lookups


def test_a_silent_server_costs_no_more_than_the_time_given() -> None:
    with silent_server() as silent:
        began = time.monotonic()
        found = Resolver([silent] * 100, timeout_s=0.4).lookup("www.example.com", "A")
        assert found.status == TIMEOUT and silent in found.detail
        assert time.monotonic() - began < 20  # a hundred servers at 0.4 s each would take 40


def test_having_no_server_is_reported_in_a_sentence() -> None:
    found = Resolver([]).lookup("www.example.com", "A")
    assert found.status == SERVFAIL and "No name server" in found.detail


def test_a_missing_dnspython_is_reported_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dns", None)
    with pytest.raises(InvalidInput, match="dnspython, which .* does not have: install it there"):
        Resolver(["192.0.2.1"]).lookup("www.example.com", "A")
    with pytest.raises(InvalidInput, match="dnspython"):
        Rfc2136({"server": "192.0.2.1"}).plan([Record("_a.example.com", "_1.acm-validations.aws")])


@pytest.mark.parametrize(
    "text, expected",
    [
        ("192.0.2.1", Endpoint("192.0.2.1", 53)),
        (" 192.0.2.1:5353 ", Endpoint("192.0.2.1", 5353)),
        ("2001:db8::1", Endpoint("2001:db8::1", 53)),
        ("[2001:DB8::1]", Endpoint("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", Endpoint("2001:db8::1", 5353)),
    ],
)
def test_endpoints(text: str, expected: Endpoint) -> None:
    assert endpoint(text) == expected
    assert endpoint(str(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ns.example.com",
        "192.0.2.1:",
        "192.0.2.1:0",
        "192.0.2.1:65536",
        "192.0.2.1:dns",
        "[::1",
        "[::1]x",
        "::1]:53",
    ],
)
def test_invalid_endpoints(text: str) -> None:
    with pytest.raises(InvalidInput, match="name server"):
        Resolver([text])
