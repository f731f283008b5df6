# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every mistake of acm-rules §3, made on a real BIND or web server, and named."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._diagnosis.name_checks import PROBLEMS, diagnose
from ansible_collections.certops.acm.plugins.module_utils._net.fetcher import Fetcher, Page
from ansible_collections.certops.acm.plugins.module_utils._net.resolver import Lookup, Resolver
from ansible_collections.certops.acm.tests.support.name_server import NameServer, name_server, silent_server
from ansible_collections.certops.acm.tests.support.web_server import Answer, WebServer, redirect, web_server

ZONE = """
@                 MX     10 mail
_good             CNAME  _v.acm-validations.aws.
_bare             CNAME  v.acm-validations.aws.
_doubled.example.com  CNAME  _v.acm-validations.aws.
plain             CNAME  _v.acm-validations.aws.
_proxied          A      192.0.2.1
_proxied6         AAAA   2001:db8::1
_text             TXT    "_v.acm-validations.aws."
_wrong            CNAME  _other.acm-validations.aws.
_zoned            CNAME  _v.acm-validations.aws
_dotted           CNAME  _v.acm-validations.aws\\..
_h1               CNAME  _h2
_h2               CNAME  _h3
_h3               CNAME  _h4
_h4               CNAME  _h5
_h5               CNAME  _v.acm-validations.aws.
_h0               CNAME  _h1
_circle           CNAME  _elcric.example.net.
nobody            CAA    0 issue ";"
wildno            CAA    0 issue "amazon.com"
wildno            CAA    0 issuewild "ca.example.net"
nomail            MX     0 .
www               A      192.0.2.1
"""
VALUE = "_v.acm-validations.aws."
FROM, TO = "http://www.example.com/x.txt", "https://validation.eu-central-1.acm-validations.aws/y/x.txt"


@pytest.fixture(scope="module")
def bind() -> t.Iterator[NameServer]:
    zones = {"example.com": ZONE, "example.net": "_elcric CNAME _circle.example.com.", "test": "registered A 192.0.2.1"}
    with name_server(zones, broken=["broken.test"]) as server:
        yield server


@pytest.fixture()
def resolver(bind: NameServer) -> Resolver:
    return Resolver([bind.endpoint], timeout_s=2)


def certificate(name: str, owner: t.Optional[str] = None, **members: t.Any) -> dict[str, t.Any]:
    option: dict[str, t.Any] = {"DomainName": name, "ValidationMethod": "DNS", **members}
    if owner:
        option["ResourceRecord"] = {"Name": owner + ".", "Type": "CNAME", "Value": VALUE}
    return {"DomainName": name, "Type": "AMAZON_ISSUED", "DomainValidationOptions": [option]}


def problems(findings: list[dict[str, str]]) -> list[str]:
    return [finding["problem"] for finding in findings]


@pytest.mark.parametrize(
    "name, owner, problem",
    [
        ("example.com", "_good.example.com", None),
        ("*.example.com", "_good.example.com", None),
        ("example.com", "_bare.example.com", None),
        ("example.com", "_h1.example.com", None),  # five CNAMEs
        ("example.com", "_h0.example.com", "chain_too_long"),
        ("example.com", "_circle.example.com", "chain_too_long"),
        ("example.com", None, "record_not_told"),
        ("example.com", "_none.example.com", "record_missing"),
        ("new.example.com", "_none.new.example.com", "record_missing"),
        ("example.com", "_doubled.example.com", "record_doubled"),
        ("example.com", "_plain.example.com", "record_without_underscore"),
        ("example.com", "_proxied.example.com", "record_flattened"),
        ("example.com", "_proxied6.example.com", "record_flattened"),
        ("example.com", "_text.example.com", "record_wrong_type"),
        ("example.com", "_wrong.example.com", "value_wrong"),
        ("example.com", "_zoned.example.com", "value_with_zone"),
        ("example.com", "_dotted.example.com", "value_with_dot"),
        ("registered.test", "_x.registered.test", "record_missing"),
        ("www.gone.test", "_x.www.gone.test", "zone_undelegated"),
    ],
)
def test_the_record(resolver: Resolver, name: str, owner: t.Optional[str], problem: t.Optional[str]) -> None:
    found = diagnose(certificate(name, owner), resolver)
    assert problems(found) == ([problem] if problem else []), found


def test_a_name_doubled_below_the_apex(resolver: Resolver, bind: NameServer) -> None:
    bind.add("_deep.www.example.com.www.example.com", "CNAME", VALUE)
    (finding,) = diagnose(certificate("www.example.com", "_deep.www.example.com"), resolver)
    assert finding == {
        "domain_name": "www.example.com",
        "problem": "record_doubled",
        "message": "The record is at _deep.www.example.com.www.example.com: "
        "the provider appended www.example.com to a name that already had it.",
        "remedy": "Give the provider only _deep as the name.",
    }
    bind.remove("_deep.www.example.com.www.example.com")
    bind.add("_deep.www.example.com.example.com", "CNAME", VALUE)
    (finding,) = diagnose(certificate("www.example.com", "_deep.www.example.com"), resolver)
    assert finding["remedy"] == "Give the provider only _deep.www as the name."
    bind.remove("_deep.www.example.com.example.com")


def test_an_unregistered_domain_is_named(resolver: Resolver) -> None:
    (finding,) = diagnose(certificate("a.b.gone.test", "_x.a.b.gone.test"), resolver)
    assert finding["message"].startswith("Public DNS does not know gone.test:")


def test_a_record_in_a_private_zone(resolver: Resolver) -> None:
    with name_server({"example.com": "_private CNAME " + VALUE}) as private:
        inside = Resolver([private.endpoint])
        found = diagnose(certificate("example.com", "_private.example.com"), resolver, inside=inside)
    assert problems(found) == ["record_private"]


def test_dns_that_does_not_work(bind: NameServer, resolver: Resolver) -> None:
    assert problems(diagnose(certificate("www.broken.test", "_x.www.broken.test"), resolver)) == [
        "zone_broken",
        "caa_unknown",
    ]
    assert problems(diagnose(certificate("www.example.org", "_x.example.org"), resolver)) == [
        "resolver_refuses",
        "caa_unknown",
    ]
    with silent_server() as silent:
        found = diagnose(certificate("example.com", "_x.example.com"), Resolver([silent], timeout_s=0.1))
    assert problems(found) == ["resolver_silent", "caa_unknown"]
    assert all(silent in finding["message"] for finding in found)


def test_caa(resolver: Resolver) -> None:
    (finding,) = diagnose(certificate("nobody.example.com", "_good.example.com"), resolver)
    assert finding["problem"] == "caa_forbids"
    assert finding["message"] == "The CAA records of nobody.example.com forbid every issuer (issue)."
    assert finding["remedy"] == 'Add the CAA record 0 issue "amazon.com" there.'
    (finding,) = diagnose(certificate("*.wildno.example.com", "_good.example.com"), resolver)
    assert finding["remedy"] == 'Add the CAA record 0 issuewild "amazon.com" there.'
    assert diagnose(certificate("wildno.example.com", "_good.example.com"), resolver) == []
    assert diagnose(certificate("nobody.example.com", "_good.example.com"), resolver, issuers=["other.test"]) != []


@pytest.mark.parametrize(
    "name, members, expected",
    [
        ("example.com", {"ValidationEmails": ["admin@example.com"]}, []),
        ("www.example.com", {"ValidationDomain": "example.com"}, []),
        ("www.example.com", {}, ["mail_impossible"]),
        ("nomail.example.com", {}, ["mail_impossible"]),
        ("*.nomail.example.com", {}, ["mail_impossible"]),
        ("www.example.com", {"ValidationDomain": "broken.test"}, ["mail_unknown"]),
    ],
)
def test_mail(resolver: Resolver, name: str, members: dict[str, t.Any], expected: list[str]) -> None:
    assert problems(diagnose(certificate(name, ValidationMethod="EMAIL", **members), resolver)) == expected


@pytest.fixture(scope="module")
def web() -> t.Iterator[WebServer]:
    with web_server({}) as server:
        yield server


@pytest.mark.parametrize(
    "answer, expected",
    [
        (redirect(TO), []),
        (redirect("https://www.example.com/"), ["redirect_wrong"]),
        (redirect(TO, 301), ["redirect_wrong"]),
        (Answer(404), ["redirect_wrong"]),
        (b"other content", ["redirect_wrong"]),
    ],
)
def test_web(resolver: Resolver, web: WebServer, answer: t.Union[Answer, bytes], expected: list[str]) -> None:
    web.pages = {"/x.txt": answer}
    one = certificate("www.example.com", ValidationMethod="HTTP", HttpRedirect={"RedirectFrom": FROM, "RedirectTo": TO})
    assert problems(diagnose(one, resolver, Fetcher(addresses={"www.example.com": web.address}))) == expected


def test_web_with_the_same_content_or_no_answer(resolver: Resolver) -> None:
    one = certificate("www.example.com", ValidationMethod="HTTP", HttpRedirect={"RedirectFrom": FROM, "RedirectTo": TO})
    pages = {FROM: Page(200, body=b"x"), TO: Page(200, body=b"x\n")}
    assert diagnose(one, resolver, pages.__getitem__) == []
    pages[FROM] = Page(0, detail="Nobody is there.")
    (finding,) = diagnose(one, resolver, pages.__getitem__)
    assert finding["problem"] == "redirect_unreachable" and "Nobody is there." in finding["message"]
    assert diagnose(one, resolver) == []  # nothing to look with
    assert problems(diagnose(certificate("www.example.com", ValidationMethod="HTTP"), resolver)) == [
        "redirect_not_told"
    ]


def test_private_and_imported_certificates_are_not_looked_at() -> None:
    class Nobody:
        def lookup(self, name: str, rdtype: str) -> Lookup:
            raise AssertionError(name)

    for kind in ("PRIVATE", "IMPORTED"):
        assert diagnose({**certificate("example.com", "_x.example.com"), "Type": kind}, Nobody()) == []
    assert diagnose({}, Nobody()) == []


def test_many_names_keep_their_order_and_no_query_is_sent_twice(resolver: Resolver) -> None:
    asked: list[tuple[str, str]] = []

    class Counting:
        def lookup(self, name: str, rdtype: str) -> Lookup:
            asked.append((name, rdtype))
            return resolver.lookup(name, rdtype)

    names = [f"n{number}.example.com" for number in range(30)]
    options = [certificate(name, f"_x.{name}")["DomainValidationOptions"][0] for name in names]
    found = diagnose({"Type": "AMAZON_ISSUED", "DomainValidationOptions": options}, Counting())
    assert [finding["domain_name"] for finding in found] == names
    assert asked.count(("example.com", "CAA")) <= 8  # once, except for simultaneous queries


def test_every_problem_has_a_case_and_every_case_a_problem() -> None:
    import pathlib

    text = pathlib.Path(__file__).read_text(encoding="utf-8")
    assert [problem for problem in PROBLEMS if f'"{problem}"' not in text] == []
