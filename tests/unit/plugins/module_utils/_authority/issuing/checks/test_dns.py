# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation by DNS as the CA does it, rule by rule (acm-rules §3), against a real BIND."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing.checks import dns as check_dns
from ansible_collections.certops.acm.plugins.module_utils._net.resolver import Resolver
from ansible_collections.certops.acm.tests.support.name_server import NameServer, name_server, silent_server

OWNER = "_0123456789abcdef0123456789abcdef.www.example.com."
VALUE = "_fedcba9876543210fedcba9876543210.jkddzztszm.acm-validations.aws."


@pytest.fixture(scope="module")
def bind() -> t.Iterator[NameServer]:
    with name_server({"example.com": "www A 192.0.2.1", "example.net": ""}, broken=["broken.test"]) as server:
        yield server


@pytest.fixture(autouse=True)
def clean(bind: NameServer) -> t.Iterator[None]:
    yield
    bind.remove(OWNER)


def verdict(bind: NameServer, **changes: t.Any) -> t.Any:
    given = {"name": "www.example.com", "record_name": OWNER, "record_value": VALUE, **changes}
    return check_dns.check(resolver=Resolver([bind.endpoint], timeout_s=2), **given)


@pytest.mark.parametrize("value", [VALUE, VALUE[1:], VALUE.upper(), VALUE[1:].upper()])
def test_the_value_matches_with_or_without_underscore_in_any_case(bind: NameServer, value: str) -> None:
    bind.add(OWNER, "CNAME", value)
    assert verdict(bind).status == "SUCCESS"


def test_names_match_without_the_final_dot_and_in_capitals(bind: NameServer) -> None:
    bind.add(OWNER, "CNAME", VALUE)
    assert verdict(bind, record_name=OWNER.rstrip(".").upper(), record_value=VALUE.rstrip(".")).status == "SUCCESS"


def test_absent(bind: NameServer) -> None:
    found = verdict(bind)
    assert (found.status, found.reason) == ("PENDING", None)
    assert (
        found.detail
        == f"{OWNER[:-1]} has no CNAME record; www.example.com is waiting for one with the value {VALUE[:-1]}."
    )


def test_the_record_name_keeps_its_underscore(bind: NameServer) -> None:
    bind.add(OWNER[1:], "CNAME", VALUE)
    assert verdict(bind).status == "PENDING"
    bind.remove(OWNER[1:])


@pytest.mark.parametrize("value", ["_other.acm-validations.aws.", "_" + VALUE, VALUE + "example.com.", VALUE[2:]])
def test_another_value(bind: NameServer, value: str) -> None:
    bind.add(OWNER, "CNAME", value)
    found = verdict(bind)
    assert found.status == "PENDING" and value.rstrip(".").lower() in found.detail


@pytest.mark.parametrize("rdtype, value", [("A", "192.0.2.7"), ("TXT", f'"{VALUE}"')])
def test_another_kind_of_record(bind: NameServer, rdtype: str, value: str) -> None:
    bind.add(OWNER, rdtype, value)
    assert verdict(bind).status == "PENDING"


@pytest.mark.parametrize("length, status", [(1, "SUCCESS"), (4, "SUCCESS"), (5, "SUCCESS"), (6, "PENDING")])
def test_at_most_five_cnames_are_followed(bind: NameServer, length: int, status: str) -> None:
    owners = [OWNER, *(f"hop{number}.example.net." for number in range(1, length))]
    for owner, target in zip(owners, [*owners[1:], VALUE]):
        bind.add(owner, "CNAME", target)
    found = verdict(bind)
    for owner in owners[1:]:
        bind.remove(owner)
    assert found.status == status
    if status == "PENDING":
        assert "more than 5 CNAME records" in found.detail


def test_the_longest_chain_is_a_setting(bind: NameServer) -> None:
    bind.add(OWNER, "CNAME", "hop.example.net.")
    bind.add("hop.example.net", "CNAME", VALUE)
    assert verdict(bind, max_cname_chain=2).status == "SUCCESS"
    assert verdict(bind, max_cname_chain=1).status == "PENDING"
    bind.remove("hop.example.net")


def test_a_chain_that_ends_elsewhere_or_in_a_loop(bind: NameServer) -> None:
    bind.add(OWNER, "CNAME", "hop.example.net.")
    assert "leads to hop.example.net" in verdict(bind).detail
    bind.add("hop.example.net", "CNAME", OWNER)
    assert "form a loop" in verdict(bind).detail
    bind.remove("hop.example.net")


def test_a_dns_failure_is_not_final(bind: NameServer) -> None:
    found = verdict(bind, name="broken.test", record_name="_x.broken.test")
    assert found.status == "PENDING" and "SERVFAIL" in found.detail
    with silent_server() as silent:
        found = check_dns.check("www.example.com", OWNER, VALUE, Resolver([silent], timeout_s=0.1))
    assert found.status == "PENDING" and silent in found.detail


def test_a_name_too_long_for_a_record_stays_pending(bind: NameServer) -> None:
    name = ".".join(["x" * 60] * 4) + ".example.com"
    assert verdict(bind, name=name, record_name=f"_{'0' * 32}.{name}.").status == "PENDING"
