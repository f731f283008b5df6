# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RFC 8659, rule by rule: the evaluation of one set, and the climb up the tree with a real BIND."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._net.caa import (
    issuer_of,
    judge,
    permission,
)
from ansible_collections.certops.acm.plugins.module_utils._net.resolver import CaaRecord, Lookup, Resolver
from ansible_collections.certops.acm.plugins.module_utils._rules.names import ACM_ISSUERS
from ansible_collections.certops.acm.tests.support.name_server import NameServer, name_server
from hypothesis import given, strategies

ZONE = """
ours       CAA  0 issue "amazon.com"
other      CAA  0 issue "ca.example.net"
nobody     CAA  0 issue ";"
wildno     CAA  0 issue "amazon.com"
wildno     CAA  0 issuewild ";"
wildonly   CAA  0 issue ";"
wildonly   CAA  0 issuewild "amazontrust.com"
critical   CAA  128 tbs "unknown"
critical   CAA  0 issue "amazon.com"
report     CAA  0 iodef "mailto:security@example.com"
alias      CNAME  there.example.net.
below.alias A 192.0.2.1
deep.a.b.other A 192.0.2.1
open.other CAA  0 issue "amazonaws.com"
dangling   CNAME  nothing.example.net.
lame       CNAME  www.broken.test.
"""


@pytest.fixture(scope="module")
def bind() -> t.Iterator[NameServer]:
    foreign = 'there CAA 0 issue ";"\nparent CAA 0 issue ";"\n'
    with name_server({"example.com": ZONE, "example.net": foreign}, broken=["broken.test"]) as server:
        yield server


@pytest.mark.parametrize(
    "name, is_given",
    [
        ("free.example.com", True),  # no set anywhere: allowed
        ("ours.example.com", True),
        ("*.ours.example.com", True),  # issue governs wildcards too while there is no issuewild
        ("other.example.com", False),
        ("deep.a.b.other.example.com", False),  # climbed
        ("open.other.example.com", True),  # only the nearest set counts
        ("x.open.other.example.com", True),
        ("nobody.example.com", False),
        ("*.nobody.example.com", False),
        ("wildno.example.com", True),
        ("*.wildno.example.com", False),
        ("x.wildno.example.com", True),  # a plain name below: issuewild does not apply
        ("wildonly.example.com", False),
        ("*.wildonly.example.com", True),
        ("critical.example.com", False),
        ("report.example.com", True),
        ("alias.example.com", False),  # the set where the CNAME leads to
        ("below.alias.example.com", False),  # climbed to the alias, then followed
        ("dangling.example.com", True),  # leads to nothing: on to the parent of the alias, not of the target
        ("lame.example.com", None),
        ("www.broken.test", None),
        ("www.not-ours.test", None),
    ],
)
def test_the_climb(bind: NameServer, name: str, is_given: t.Optional[bool]) -> None:
    given_, detail = permission(name, ACM_ISSUERS, Resolver([bind.endpoint], timeout_s=2))
    assert given_ is is_given, detail
    assert detail.endswith(".")


def test_the_sentence_says_where_and_what(bind: NameServer) -> None:
    detail = permission("deep.a.b.other.example.com", ACM_ISSUERS, Resolver([bind.endpoint])).detail
    assert detail == "The CAA records of other.example.com allow only ca.example.net (issue)."


class Flaky:
    """Fails the first query for every name, as a server does that is restarting."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def lookup(self, name: str, rdtype: str) -> Lookup:
        if name not in self.asked:
            self.asked.add(name)
            return Lookup("SERVFAIL", detail="Not now.")
        return Lookup("NODATA")


def test_a_failed_query_is_retried_once() -> None:
    assert permission("www.example.com", ACM_ISSUERS, Flaky()).is_given is True


@pytest.mark.parametrize(
    "value, issuer",
    [
        ("amazon.com", "amazon.com"),
        ("  Amazon.COM  ; account=230123", "amazon.com"),
        (";", ""),
        ("", ""),
        ("%%%%%", ""),
        ("; policy=ev", ""),
        ("amazon.com.", "amazon.com"),
        ("amazon com", ""),
    ],
)
def test_issuer_of_a_value(value: str, issuer: str) -> None:
    assert issuer_of(value) == issuer


def test_tags_and_issuers_are_case_insensitive() -> None:
    assert judge([CaaRecord(False, "ISSUE", "AMAZON.com")], ["Amazon.Com"], False)[0]


def test_a_known_critical_tag_does_no_harm() -> None:
    assert judge([CaaRecord(True, "issue", "amazon.com")], ACM_ISSUERS, False)[0]
    assert judge([CaaRecord(True, "IODEF", "mailto:a@example.com")], ACM_ISSUERS, False)[0]


CAA = strategies.builds(
    CaaRecord,
    strategies.booleans(),
    strategies.sampled_from(["issue", "issuewild", "iodef", "ISSUE", "tbs"]),
    strategies.sampled_from(["amazon.com", ";", "ca.example.net", "amazontrust.com; x=y", "", "\xff"]),
)


@given(strategies.lists(CAA, min_size=1, max_size=6), strategies.booleans())
def test_more_issuers_never_remove_a_permission_and_order_does_not_matter(
    records: list[CaaRecord], wildcard: bool
) -> None:
    few, _why = judge(records, ["amazon.com"], wildcard)
    many, _why = judge(records, ACM_ISSUERS, wildcard)
    assert many or not few
    assert judge(list(reversed(records)), ACM_ISSUERS, wildcard)[0] == many
    if any(r.tag == "tbs" and r.is_critical for r in records):
        assert not many
