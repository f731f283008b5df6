# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which records a certificate needs, publishing them, and what stands in the way."""

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._validation import proof_records
from ansible_collections.certops.acm.plugins.module_utils._validation.dns_records import Change, PublishError, Record
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._validation.rfc2136 import Rfc2136
from ansible_collections.certops.acm.plugins.module_utils._validation.route53 import Route53
from ansible_collections.certops.acm.tests.support.name_server import NameServer, name_server
from hypothesis import given, strategies

APEX = {"Name": "_a.example.com.", "Type": "CNAME", "Value": "_1.acm-validations.aws."}
WWW = {"Name": "_b.www.example.com.", "Type": "CNAME", "Value": "_2.acm-validations.aws."}
MAIL = ["administrator@example.com", "hostmaster@example.com"]
REDIRECT = {
    "RedirectFrom": "http://www.example.com/.well-known/pki-validation/x.txt",
    "RedirectTo": "https://validation.eu-central-1.acm-validations.aws/y/.well-known/pki-validation/x.txt",
}


def option(name: str, record: t.Optional[dict[str, str]] = None, **members: t.Any) -> dict[str, t.Any]:
    made = {"DomainName": name, "ValidationMethod": "DNS", "ValidationStatus": "PENDING_VALIDATION", **members}
    return {**made, "ResourceRecord": record} if record else made


def detail(*options: dict[str, t.Any], **members: t.Any) -> dict[str, t.Any]:
    return {
        "DomainName": "example.com",
        "Type": "AMAZON_ISSUED",
        "Status": "PENDING_VALIDATION",
        "DomainValidationOptions": list(options),
        **members,
    }


def as_item(record: dict[str, str]) -> dict[str, str]:
    return {"name": record["Name"], "type": record["Type"], "value": record["Value"]}


# ---------------------------------------------------------------- records


def test_a_wildcard_and_its_apex_share_one_record() -> None:
    found = proof_records.records(
        detail(option("*.example.com", APEX), option("example.com", APEX), option("www.example.com", WWW))
    )
    assert found == [as_item(APEX), as_item(WWW)]


def test_validated_names_keep_their_record() -> None:
    """The next renewal checks it again."""
    one = detail(option("example.com", APEX, ValidationStatus="SUCCESS"), Status="ISSUED")
    assert proof_records.records(one) == [as_item(APEX)]


@pytest.mark.parametrize("status", ["FAILED", "VALIDATION_TIMED_OUT", "EXPIRED", "REVOKED", "INACTIVE"])
def test_ended_certificates_need_no_record(status: str) -> None:
    assert proof_records.records(detail(option("example.com", APEX), Status=status)) == []


def test_a_renewal_may_need_more_records() -> None:
    one = detail(
        option("example.com", APEX, ValidationStatus="SUCCESS"),
        Status="ISSUED",
        RenewalSummary={
            "RenewalStatus": "PENDING_VALIDATION",
            "DomainValidationOptions": [option("www.example.com", WWW)],
        },
    )
    assert proof_records.records(one) == [as_item(APEX), as_item(WWW)]


def test_mail_web_private_and_imported_certificates_need_no_record() -> None:
    assert proof_records.records(detail(option("example.com", ValidationMethod="EMAIL", ValidationEmails=MAIL))) == []
    assert proof_records.records(detail(option("example.com", ValidationMethod="HTTP", HttpRedirect=REDIRECT))) == []
    assert proof_records.records({"Type": "PRIVATE", "Status": "ISSUED"}) == []
    assert proof_records.records({"Type": "IMPORTED", "Status": "ISSUED", "DomainValidationOptions": None}) == []


def test_records_that_acm_does_not_show_yet() -> None:
    one = detail(
        option("example.com", APEX), option("www.example.com"), option("x.example.com", ValidationMethod="EMAIL")
    )
    assert proof_records.names_without_record(one) == ["www.example.com"]
    assert not proof_records.has_records(one)
    one["DomainValidationOptions"][1]["ResourceRecord"] = WWW
    assert proof_records.has_records(one)


def test_right_after_the_request_acm_shows_no_names_at_all() -> None:
    assert not proof_records.has_records({"Type": "AMAZON_ISSUED", "Status": "PENDING_VALIDATION"})
    assert proof_records.has_records({"Type": "AMAZON_ISSUED", "Status": "FAILED"})
    assert proof_records.has_records({"Type": "PRIVATE", "Status": "PENDING_VALIDATION"})


# ---------------------------------------------------------------- publishing


class Shelf:
    """A Publisher in memory."""

    def __init__(self, **there: str) -> None:
        self.there = dict(there)
        self.applied: list[Change] = []

    def plan(self, records: t.Sequence[Record]) -> list[Change]:
        return [Change("create", "zone", r, 300) for r in records if self.there.get(r.name) != r.value]

    def check(self, names: t.Iterable[str]) -> None:
        pass

    def apply(self, changes: t.Sequence[Change]) -> None:
        self.applied += changes
        for change in changes:
            self.there[change.record.name] = change.record.value


def test_check_mode_reports_and_changes_nothing() -> None:
    shelf = Shelf()
    (change,) = proof_records.publish_records([as_item(APEX)], shelf, check_mode=True)
    assert change.record == Record("_a.example.com", "_1.acm-validations.aws")
    assert shelf.there == {} and shelf.applied == []


def test_shared_records_are_written_once_and_never_again() -> None:
    shelf = Shelf()
    same = {**as_item(APEX), "name": "_A.Example.COM"}
    assert len(proof_records.publish_records([as_item(APEX), same, as_item(APEX)], shelf)) == 1
    assert proof_records.publish_records([same], shelf) == []
    assert len(shelf.applied) == 1


def test_one_name_cannot_hold_two_values() -> None:
    with pytest.raises(InvalidInput, match="different values at _a.example.com"):
        proof_records.wanted_records([as_item(APEX), {**as_item(APEX), "value": "_9.acm-validations.aws."}])


NAMES = strategies.sampled_from([f"_{letter}.example.com" for letter in "abcdef"])


@given(strategies.sets(NAMES), strategies.sets(NAMES))
def test_after_publishing_every_needed_record_exists(there: set[str], wanted: set[str]) -> None:
    items = [{"name": name + ".", "type": "CNAME", "value": "_v.acm-validations.aws."} for name in sorted(wanted)]
    shelf = Shelf(**dict.fromkeys(there, "_v.acm-validations.aws"))
    changed = proof_records.publish_records(items, shelf)
    assert {change.record.name for change in changed} == wanted - there
    assert set(shelf.there) == there | wanted


def no_client(service: str) -> t.Any:
    raise AssertionError(f"nobody asked for {service}")


def test_the_option_publish() -> None:
    assert isinstance(
        proof_records.publisher({"rfc2136": {"server": "192.0.2.1"}, "route53": None}, no_client), Rfc2136
    )
    assert isinstance(proof_records.publisher({"route53": {}}, no_client), Route53)
    both = {"route53": {}, "rfc2136": {"server": "192.0.2.1"}}
    wrong: dict[str, t.Any]
    for wrong in ({}, {"route53": None}, both, {"carrier_pigeon": {}}):
        with pytest.raises(InvalidInput, match="publish"):
            proof_records.publisher(wrong, no_client)


@pytest.fixture(scope="module")
def bind() -> t.Iterator[NameServer]:
    with name_server({"example.com": ""}) as server:
        yield server


def test_from_a_description_to_the_name_server(bind: NameServer) -> None:
    one = detail(option("*.example.com", APEX), option("example.com", APEX), option("www.example.com", WWW))
    where = proof_records.publisher({"rfc2136": bind.rfc2136()}, no_client)
    changes = proof_records.publish_records(proof_records.records(one), where)
    assert [change.as_result()["name"] for change in changes] == [APEX["Name"], WWW["Name"]]
    assert bind.values("_b.www.example.com") == [WWW["Value"]]
    assert proof_records.publish_records(proof_records.records(one), where) == []
    assert bind.values("_a.example.com") == [APEX["Value"]]


def test_an_error_says_what_was_done() -> None:
    change = Change("create", "zone", Record("_a.example.com", "_1.acm-validations.aws"), 300)
    assert PublishError("No.", [change]).done == [change] and str(PublishError("No.")) == "No."


# ---------------------------------------------------------------- what is in the way


def test_every_pending_name_says_what_it_is_waiting_for() -> None:
    found = proof_records.blocking(
        detail(
            option("done.example.com", APEX, ValidationStatus="SUCCESS"),
            option("example.com", APEX),
            option("new.example.com"),
            option("mail.example.com", ValidationMethod="EMAIL", ValidationEmails=MAIL),
            option("www.example.com", ValidationMethod="HTTP", HttpRedirect=REDIRECT),
            option("web.example.com", ValidationMethod="HTTP"),
        )
    )
    assert [(item["domain_name"], item["method"], item["status"]) for item in found] == [
        ("example.com", "DNS", "PENDING_VALIDATION"),
        ("new.example.com", "DNS", "PENDING_VALIDATION"),
        ("mail.example.com", "EMAIL", "PENDING_VALIDATION"),
        ("www.example.com", "HTTP", "PENDING_VALIDATION"),
        ("web.example.com", "HTTP", "PENDING_VALIDATION"),
    ]
    assert [item["reason"] for item in found] == [
        "example.com is waiting for the CNAME record _a.example.com. with the value _1.acm-validations.aws. in public "
        "DNS.",
        "new.example.com is waiting for ACM to provide its DNS record.",
        "mail.example.com is waiting for approval through the mail that was sent to administrator@example.com, "
        "hostmaster@example.com.",
        f"www.example.com is waiting for {REDIRECT['RedirectFrom']} to redirect (302) to {REDIRECT['RedirectTo']}.",
        "web.example.com is waiting for ACM to provide its redirect.",
    ]


def test_nothing_blocks_an_issued_certificate() -> None:
    assert (
        proof_records.blocking(detail(option("example.com", APEX, ValidationStatus="SUCCESS"), Status="ISSUED")) == []
    )
    assert proof_records.blocking({"Status": "ISSUED", "Type": "IMPORTED"}) == []
    assert proof_records.blocking({}) == []


def test_all_names_validated_but_not_issued_points_to_caa() -> None:
    (item,) = proof_records.blocking(detail(option("example.com", APEX, ValidationStatus="SUCCESS")))
    assert "CAA" in item["reason"]


@pytest.mark.parametrize("code", sorted(proof_records.FAILURES))
def test_every_failure_has_a_sentence(code: str) -> None:
    (item,) = proof_records.blocking(detail(Status="FAILED", FailureReason=code))
    assert code in item["reason"] and proof_records.FAILURES[code] in item["reason"]


def test_the_failures_are_those_of_acm() -> None:
    botocore_session = pytest.importorskip("botocore.session")
    shape = botocore_session.get_session().get_service_model("acm").shape_for("FailureReason")
    assert set(shape.enum) <= set(proof_records.FAILURES)


def test_a_failure_lists_the_names_that_failed() -> None:
    one = detail(
        option("example.com", APEX, ValidationStatus="SUCCESS"),
        option("www.example.com", WWW, ValidationStatus="FAILED"),
        Status="FAILED",
        FailureReason="CAA_ERROR",
    )
    assert [item["domain_name"] for item in proof_records.blocking(one)] == ["www.example.com"]
    assert proof_records.blocking({"Status": "FAILED", "FailureReason": "NEW_ONE"})[0]["status"] == "FAILED"


@pytest.mark.parametrize("code", sorted([*proof_records.FAILURES, "NEW_ONE"]))
def test_a_failure_and_its_remedy_are_given_once_for_all_names(code: str) -> None:
    names = ["host.internal", "corp.local", "printer.local", "a.home.arpa", "b.home.arpa"]
    one = detail(*[option(name, WWW, ValidationStatus="FAILED") for name in names], Status="FAILED", FailureReason=code)
    said = proof_records.explain(one)
    assert said.startswith(
        f"The request for host.internal, corp.local, printer.local and 2 more failed with {code}: "
    ) and said.endswith(f"{proof_records.FAILURES.get(code, proof_records.UNKNOWN_FAILURE)}.")


def test_timed_out() -> None:
    one = detail(option("example.com", APEX), Status="VALIDATION_TIMED_OUT")
    (item,) = proof_records.blocking(one)
    assert "not validated within 72 hours" in item["reason"] and "_a.example.com." in item["reason"]
    (item,) = proof_records.blocking({"Status": "VALIDATION_TIMED_OUT", "DomainName": "example.com"})
    assert "72 hours" in item["reason"]


@pytest.mark.parametrize("status", ["EXPIRED", "REVOKED", "INACTIVE"])
def test_ended_certificates_are_reported_as_such(status: str) -> None:
    (item,) = proof_records.blocking(detail(Status=status))
    assert status in item["reason"]


@pytest.mark.parametrize(
    "status, blocked", [("PENDING_VALIDATION", 1), ("FAILED", 1), ("SUCCESS", 0), ("PENDING_AUTO_RENEWAL", 0)]
)
def test_a_renewal_that_is_stuck(status: str, blocked: int) -> None:
    one = detail(
        option("example.com", APEX, ValidationStatus="SUCCESS"),
        Status="ISSUED",
        RenewalSummary={"RenewalStatus": status, "DomainValidationOptions": [option("example.com", APEX)]},
    )
    assert len(proof_records.blocking(one)) == blocked


@pytest.mark.parametrize(
    ("summary", "sentence"),
    [
        (
            {"RenewalStatus": "PENDING_AUTO_RENEWAL", "RenewalStatusReason": "PCA_ACCESS_DENIED"},
            "The renewal of example.com is held up by PCA_ACCESS_DENIED: ACM is not allowed to use the private CA",
        ),
        ({"RenewalStatus": "FAILED", "RenewalStatusReason": "PCA_INVALID_STATE"}, "failed with PCA_INVALID_STATE"),
        ({"RenewalStatus": "FAILED"}, "failed with OTHER"),
        ({"RenewalStatus": "PENDING_AUTO_RENEWAL"}, None),
        ({"RenewalStatus": "SUCCESS", "RenewalStatusReason": "OTHER"}, None),
        ({}, None),
    ],
)
def test_a_renewal_that_is_not_blocked_by_any_name(summary: dict[str, str], sentence: t.Optional[str]) -> None:
    one = {"DomainName": "example.com", "Status": "ISSUED", "Type": "PRIVATE", "RenewalSummary": summary}
    found = proof_records.blocking(one)
    assert len(found) == (sentence is not None)
    if sentence:
        assert sentence in found[0]["reason"] and found[0]["status"] == summary["RenewalStatus"]
    assert proof_records.blocking({**one, "Status": "EXPIRED"})[0]["status"] == "EXPIRED"


def test_the_text_for_an_error_message_is_limited() -> None:
    one = detail(*[option(f"n{number}.example.com", APEX) for number in range(100)])
    text = proof_records.explain(one)
    assert text.startswith("n0.example.com is waiting for") and text.endswith("And 95 more.")
    assert proof_records.explain(detail(Status="ISSUED")) == ""


MEMBERS = strategies.fixed_dictionaries(
    {},
    optional={
        "DomainName": strategies.just("example.com"),
        "Status": strategies.sampled_from([*proof_records.ALIVE, "FAILED", "VALIDATION_TIMED_OUT", "EXPIRED", "NEW"]),
        "Type": strategies.sampled_from(["AMAZON_ISSUED", "PRIVATE", "IMPORTED"]),
        "FailureReason": strategies.sampled_from([*proof_records.FAILURES, "NEW"]),
        "RenewalSummary": strategies.fixed_dictionaries({"RenewalStatus": strategies.just("FAILED")}),
        "DomainValidationOptions": strategies.lists(
            strategies.fixed_dictionaries(
                {"DomainName": strategies.just("www.example.com")},
                optional={
                    "ValidationMethod": strategies.sampled_from(["DNS", "EMAIL", "HTTP", "NEW"]),
                    "ValidationStatus": strategies.sampled_from(["SUCCESS", "FAILED", "PENDING_VALIDATION"]),
                    "ResourceRecord": strategies.just(WWW),
                    "HttpRedirect": strategies.just(REDIRECT),
                },
            )
        ),
    },
)


@given(MEMBERS)
def test_any_member_may_be_absent(one: dict[str, t.Any]) -> None:
    before = copy.deepcopy(one)
    for item in proof_records.blocking(one):
        assert item["reason"].endswith(".")
    proof_records.records(one), proof_records.explain(one), proof_records.has_records(one)
    assert one == before
