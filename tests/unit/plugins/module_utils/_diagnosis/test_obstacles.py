# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ACM says and what a real BIND shows, in one list and in one message."""

from __future__ import annotations

import time
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._diagnosis import obstacles
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._net.resolver import Lookup
from ansible_collections.certops.acm.tests.support.name_server import NameServer, name_server, silent_server
from ansible_collections.certops.acm.tests.support.web_server import redirect, web_server

ZONE = """
_good       CNAME  _v.acm-validations.aws.
_wrong      CNAME  _other.acm-validations.aws.
nobody      CAA    0 issue ";"
_c.nobody   CNAME  _v.acm-validations.aws.
"""
VALUE = "_v.acm-validations.aws."
MAIL = ["admin@example.com"]
FROM, TO = "http://www.example.com/x.txt", "https://validation.eu-central-1.acm-validations.aws/y/x.txt"


@pytest.fixture(scope="module")
def bind() -> t.Iterator[NameServer]:
    with name_server({"example.com": ZONE}) as server:
        yield server


def option(name: str, owner: str = "", **members: t.Any) -> dict[str, t.Any]:
    made = {"DomainName": name, "ValidationMethod": "DNS", "ValidationStatus": "PENDING_VALIDATION", **members}
    if owner:
        made["ResourceRecord"] = {"Name": f"{owner}.example.com.", "Type": "CNAME", "Value": VALUE}
    return made


def detail(*options: dict[str, t.Any], status: str = "PENDING_VALIDATION", **members: t.Any) -> dict[str, t.Any]:
    return {
        "DomainName": options[0]["DomainName"],
        "Type": "AMAZON_ISSUED",
        "Status": status,
        "DomainValidationOptions": list(options),
        **members,
    }


def both(bind: NameServer, one: dict[str, t.Any]) -> tuple[list[dict[str, t.Any]], str]:
    """The list, and the message."""
    (findings,) = obstacles.look([one], obstacles.eyes([bind.endpoint]))
    return obstacles.obstacles(one, findings), obstacles.explain(one, findings)


def test_a_missing_record(bind: NameServer) -> None:
    found, message = both(bind, detail(option("www.example.com", "_none")))
    assert found == [
        {
            "domain_name": "www.example.com",
            "method": "DNS",
            "status": "PENDING_VALIDATION",
            "problem": "record_missing",
            "reason": "_none.example.com has no CNAME record.",
            "remedy": f"Publish this record in the public zone of www.example.com: _none.example.com CNAME {VALUE[:-1]}.",
        }
    ]
    assert message == (
        f"www.example.com is waiting for the CNAME record _none.example.com. with the value {VALUE} in public DNS. "
        "It does not exist."
    )


def test_a_record_that_acm_has_not_seen_yet(bind: NameServer) -> None:
    found, message = both(bind, detail(option("example.com", "_good")))
    assert [one["problem"] for one in found] == ["pending"]
    assert "is in DNS" in found[0]["remedy"]
    assert message.endswith("The record exists: ACM only has to check again.")


def test_every_name_and_every_mistake_is_reported(bind: NameServer) -> None:
    one = detail(
        option("www.example.com", "_good", ValidationStatus="SUCCESS"),
        option("a.example.com", "_wrong"),
        option("nobody.example.com", "_c.nobody"),
        option("mail.example.com", ValidationMethod="EMAIL", ValidationEmails=MAIL),
    )
    found, message = both(bind, one)
    assert [(item["domain_name"], item["problem"]) for item in found] == [
        ("a.example.com", "value_wrong"),
        ("nobody.example.com", "caa_forbids"),
        ("mail.example.com", "mail_impossible"),
    ]
    assert "_wrong.example.com leads to _other.acm-validations.aws instead of" in message
    assert 'Add the CAA record 0 issue "amazon.com" there.' in message


def test_a_record_that_the_renewal_will_miss(bind: NameServer) -> None:
    found, message = both(bind, detail(option("www.example.com", "_none", ValidationStatus="SUCCESS"), status="ISSUED"))
    assert [(item["problem"], item["status"]) for item in found] == [("record_missing", "SUCCESS")]
    assert message == ""
    assert both(bind, detail(option("example.com", "_good", ValidationStatus="SUCCESS"), status="ISSUED"))[0] == []


def test_a_request_that_timed_out(bind: NameServer) -> None:
    found, _message = both(bind, detail(option("www.example.com", "_none"), status="VALIDATION_TIMED_OUT"))
    assert [one["problem"] for one in found] == ["record_missing"]
    assert found[0]["reason"].startswith("www.example.com was not validated within 72 hours.")
    assert found[0]["remedy"].endswith("Then request a new certificate.")


def test_a_request_that_failed_says_which_record_was_in_the_way(bind: NameServer) -> None:
    one = detail(option("nobody.example.com", "_c.nobody"), status="FAILED", FailureReason="CAA_ERROR")
    found, _message = both(bind, one)
    assert [item["problem"] for item in found] == ["ended", "caa_forbids"]
    assert found[0]["method"] is None and "CAA_ERROR" in found[0]["reason"]


class Unasked:
    def lookup(self, name: str, rdtype: str) -> Lookup:
        raise AssertionError(f"{name} was looked up")


@pytest.mark.parametrize("status", ["EXPIRED", "REVOKED", "INACTIVE"])
def test_ended_certificates_are_not_looked_at(status: str) -> None:
    one = detail(option("www.example.com", "_none"), status=status)
    (findings,) = obstacles.look([one], obstacles.Eyes(Unasked()))
    assert findings == []
    assert [item["problem"] for item in obstacles.obstacles(one, findings)] == ["ended"]


def test_a_redirect_is_fetched(bind: NameServer) -> None:
    one = detail(
        option("www.example.com", ValidationMethod="HTTP", HttpRedirect={"RedirectFrom": FROM, "RedirectTo": TO})
    )
    with web_server({"/x.txt": redirect("https://elsewhere.example.com/")}) as server:
        through = obstacles.eyes([bind.endpoint], {"www.example.com": server.address})
        (findings,) = obstacles.look([one], through)
        assert [finding["problem"] for finding in findings] == ["redirect_wrong"]
        server.pages["/x.txt"] = redirect(TO)
        assert obstacles.look([one], through) == [[]]


def test_a_look_is_limited_in_time() -> None:
    with silent_server() as nobody:
        many = [detail(option(f"n{number}.example.com", f"_n{number}")) for number in range(200)]
        started_at = time.monotonic()
        findings = obstacles.look(many, obstacles.eyes([nobody], None, 0.5))
        assert time.monotonic() - started_at < 30
    assert all(found[0]["problem"] == "resolver_silent" for found in findings)


def test_a_silent_resolver_is_soon_abandoned() -> None:
    asked = []

    class Silent:
        def lookup(self, name: str, rdtype: str) -> Lookup:
            asked.append(name)
            return Lookup("TIMEOUT", detail="No answer.")

    many = [detail(option(f"n{number}.example.com", f"_n{number}")) for number in range(100)]
    findings = obstacles.look(many, obstacles.Eyes(Silent()))
    assert len(findings) == 100 and all(found[0]["problem"] == "resolver_silent" for found in findings)
    assert len(asked) < 20


def test_one_query_for_many_certificates(bind: NameServer) -> None:
    asked = []
    through = obstacles.eyes([bind.endpoint])

    class Counting:
        def lookup(self, name: str, rdtype: str) -> Lookup:
            asked.append((name, rdtype))
            return through.resolver.lookup(name, rdtype)

    many = [detail(option("example.com", "_good")) for _number in range(1)] * 30
    obstacles.look(many, obstacles.Eyes(Counting()))
    assert asked.count(("_good.example.com", "CNAME")) <= 8  # simultaneous queries


def test_a_private_zone_is_recognised(bind: NameServer) -> None:
    with name_server({"example.com": "_none CNAME _v.acm-validations.aws."}) as inside:
        eyes = obstacles.eyes([bind.endpoint])._replace(inside=obstacles.eyes([inside.endpoint]).resolver)
        (findings,) = obstacles.look([detail(option("www.example.com", "_none"))], eyes)
    assert [finding["problem"] for finding in findings] == ["record_private"]


def test_nonsense_is_refused_before_any_query() -> None:
    with pytest.raises(InvalidInput, match="not a name server"):
        obstacles.eyes(["ns1.example.com"])


def test_a_long_message_is_shortened() -> None:
    one = detail(*[option(f"n{number}.example.com", f"_n{number}") for number in range(9)])
    assert obstacles.explain(one, None).endswith("And 4 more.")
