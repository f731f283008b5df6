# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans carried out: which calls, in which order, how many, and what a failure leaves behind."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_certificate import (
    options as wanted,
    result as report,
    task,
    waiting,
)
from ansible_collections.certops.acm.plugins.module_utils._door.acm import AcmError
from ansible_collections.certops.acm.plugins.module_utils._acm_certificate.item import Item, Settings
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.scripted_acm import REGION, Fleet, ScriptedAcm, arn, record

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
CA = f"arn:aws:acm-pca:{REGION}:123456789012:certificate-authority/00000001-0000-0000-0000-000000000000"
PENDING_ONES = {"Filter": {"AcmCertificateMetadataFilter": {"Status": "PENDING_VALIDATION"}}}


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def settings(**others: t.Any) -> Settings:
    clock = Clock()
    return Settings(now=NOW, clock=waiting.Clock(clock.sleep, lambda: clock.now_s), **others)


def fulfil(acm: t.Any, *items: dict[str, t.Any], check: bool = False, **others: t.Any) -> list[dict[str, t.Any]]:
    started = [Item(wanted.read(options)) for options in items]
    task.fulfil(acm, started, settings(**{"details": len(items) == 1, **others}), is_check=check)
    return [report.of_one(item, check) for item in started]


def together(items: list[Item], check: bool = False) -> dict[str, t.Any]:
    return report.of_many(items, [report.of_one(item, check) for item in items])


def search(name: str) -> dict[str, t.Any]:
    condition = {"DnsName": {"Value": name, "ComparisonOperator": "EQUALS"}}
    term = {"Filter": {"X509AttributeFilter": {"SubjectAlternativeName": condition}}}
    return {"MaxResults": 500, "FilterStatement": {"Or": [term, PENDING_ONES]}}


def token(item: dict[str, t.Any], *spent: str) -> str:
    certificate = wanted.read(item)
    return str(wanted.request_members(certificate, certificate.all_tags, spent)["IdempotencyToken"])


def detail(number: int = 1, **members: t.Any) -> dict[str, t.Any]:
    return {**Fleet(number + 1).details[arn(number)], **members}


# ---------------------------------------------------------------- the least calls


@pytest.mark.parametrize("size", [10, 2500])
def test_nothing_to_do_by_arn(size: int) -> None:
    acm = Fleet(size)
    assert fulfil(acm, {"certificate_arn": arn(3)})[0]["changed"] is False
    assert acm.counts == {"DescribeCertificate": 1}
    acm.calls.clear()
    assert fulfil(acm, {"certificate_arn": arn(3), "tags": dict(acm.tags[arn(3)])})[0]["changed"] is False
    assert acm.counts == {"DescribeCertificate": 1, "ListTagsForCertificate": 1}


@pytest.mark.parametrize("size", [10, 2500])
def test_nothing_to_do_by_names(size: int) -> None:
    acm = Fleet(size)
    result = fulfil(acm, {"domain_name": "WWW3.example.com", "tags": dict(acm.tags[arn(3)])})[0]
    assert (result["changed"], result["certificate"]["certificate_arn"]) == (False, arn(3))
    assert sum(acm.counts.values()) == 3
    acm = Fleet(size, can_search=False)
    fulfil(acm, {"domain_name": "www3.example.com"})
    assert acm.counts == {"SearchCertificates": 1, "ListCertificates": -(-size // 1000) + 1, "DescribeCertificate": 1}


def test_nothing_to_do_by_name_tag() -> None:
    acm = Fleet(2500)
    acm.tags[arn(7)]["Name"] = "seven"
    result = fulfil(acm, {"name_tag": "seven"})[0]
    assert (result["changed"], result["certificate"]["certificate_arn"]) == (False, arn(7))
    assert acm.counts == {"GetResources": 1, "DescribeCertificate": 1, "ListTagsForCertificate": 1}


@pytest.mark.parametrize("how, pages", [("names", 1), ("arns", 5)])
def test_a_hundred_existing_certificates_take_one_read_and_no_describe(how: str, pages: int) -> None:
    acm = Fleet(2500)
    items: list[dict[str, t.Any]] = [
        {
            **({"domain_name": f"www{number}.example.com"} if how == "names" else {"certificate_arn": arn(number)}),
            "tags": dict(acm.tags[arn(number)]),
            "wait": True,
            "renew_before": "20",
        }
        for number in range(100)
    ]
    results = fulfil(acm, *items)
    assert [result["changed"] for result in results] == [False] * 100
    assert results[42]["certificate"]["serial"] == "00:2a"
    assert acm.counts == {"SearchCertificates": pages, "GetResources": 1}


def test_a_few_of_many_are_searched_for_by_name() -> None:
    acm = Fleet(2500)
    fulfil(acm, *({"domain_name": f"www{number}.example.com"} for number in range(14)))
    assert acm.counts == {"SearchCertificates": 1}


# ---------------------------------------------------------------- requests


def test_request_records_and_wait() -> None:
    item = {"domain_name": "new.example.com", "tags": {"a": "1"}, "wait": True}
    pending = detail(
        DomainName="new.example.com", SubjectAlternativeNames=["new.example.com"], Status="PENDING_VALIDATION"
    )
    untold = {**pending, "DomainValidationOptions": [{"DomainName": "new.example.com", "ValidationMethod": "DNS"}]}
    describe = ("DescribeCertificate", {"CertificateArn": arn(1)})
    acm = ScriptedAcm(
        ("SearchCertificates", search("new.example.com"), {"Results": []}),
        (
            "RequestCertificate",
            {
                "DomainName": "new.example.com",
                "ValidationMethod": "DNS",
                "Tags": [{"Key": "a", "Value": "1"}],
                "IdempotencyToken": token(item),
            },
            {"CertificateArn": arn(1)},
        ),
        (*describe, AcmError("DescribeCertificate", "ResourceNotFoundException", "not yet")),
        (*describe, {"Certificate": untold}),
        (*describe, {"Certificate": pending}),
        (*describe, {"Certificate": {**pending, "Status": "ISSUED"}}),
    )
    result = fulfil(acm, item)[0]
    acm.check_is_done()
    assert result["changed"] is True
    assert result["actions"] == ["RequestCertificate"]
    assert result["certificate"]["status"] == "ISSUED"
    assert result["certificate"]["tags"] == {"a": "1"}
    assert result["diff"]["before"] == {}


def test_in_check_mode_nothing_is_written() -> None:
    acm = Fleet(5)
    items: list[dict[str, t.Any]] = [
        {"domain_name": "new.example.com", "tags": {"a": "1"}, "wait": True},
        {"domain_name": "www1.example.com", "tags": {"a": "1"}, "force_renewal": True, "wait": True},
        {
            "certificate_arn": arn(2),
            "domain_name": "other.example.com",
            "replace": True,
            "options": {"certificate_transparency_logging_preference": "DISABLED"},
        },
        {"domain_name": "www3.example.com", "state": "absent"},
        {"certificate_arn": arn(4), "state": "revoked"},
    ]
    results = fulfil(acm, *items, check=True)
    assert acm.writes == []
    assert [result["actions"] for result in results] == [
        ["RequestCertificate"],
        ["RemoveTagsFromCertificate", "AddTagsToCertificate", "RenewCertificate"],
        ["RequestCertificate"],
        ["DeleteCertificate"],
        ["RevokeCertificate"],
    ]
    assert all(result["changed"] and result["diff"]["before"] != result["diff"]["after"] for result in results)
    assert results[0]["certificate"]["status"] == "PENDING_VALIDATION"
    assert results[1]["certificate"]["tags"] == {"a": "1"}
    assert results[3]["deleted"] == [arn(3)]


def test_check_mode_predicts_what_the_run_then_does() -> None:
    items: list[dict[str, t.Any]] = [
        {"domain_name": "new.example.com"},
        {"domain_name": "www1.example.com", "tags": {}},
    ]
    acm = Fleet(5)
    checked = fulfil(acm, *items, check=True)
    done = fulfil(acm, *items)
    assert [result["actions"] for result in checked] == [result["actions"] for result in done]
    assert [result["diff"] for result in checked] == [result["diff"] for result in done]
    assert [result["changed"] for result in fulfil(acm, *items)] == [False, False]


def test_a_request_that_failed_is_not_repeated_at_each_run() -> None:
    acm = Fleet(3)
    acm.details[arn(1)].update(Status="FAILED", FailureReason="CAA_ERROR")
    item = {"domain_name": "www1.example.com"}
    for check in (True, False):
        result = fulfil(acm, item, check=check)[0]
        assert result["failed"] and not result["changed"] and acm.writes == []
        assert "failed with CAA_ERROR: CAA records do not allow Amazon to issue" in result["msg"]
        assert result["msg"].endswith(f"To request it again then, set replace=true; the failed request is {arn(1)}.")
    # Another token: the first one would bring the failed request back.
    fulfil(acm, {**item, "replace": True})
    request = next(members for operation, members in acm.calls if operation == "RequestCertificate")
    assert request["IdempotencyToken"] == token(item, arn(1)) != token(item)


@pytest.mark.parametrize(
    ("failed", "options", "is_repeated"),
    [
        ({"ValidationMethod": "EMAIL"}, {}, False),
        ({"ValidationMethod": "EMAIL"}, {"validation_method": "EMAIL"}, True),
        (
            {"ValidationMethod": "EMAIL", "ValidationDomain": "www1.example.com"},
            {
                "validation_method": "EMAIL",
                "domain_validation_options": [{"domain_name": "www1.example.com", "validation_domain": "example.com"}],
            },
            False,
        ),
        ({"ValidationMethod": "DNS"}, {"key_algorithm": "EC_secp384r1"}, False),
    ],
    ids=["by DNS now", "the same", "mail to another domain", "another key"],
)
def test_a_request_that_differs_from_the_failed_one_is_made(
    failed: dict[str, t.Any], options: dict[str, t.Any], is_repeated: bool
) -> None:
    acm = Fleet(3)
    acm.details[arn(1)].update(
        Status="FAILED",
        FailureReason="NO_AVAILABLE_CONTACTS",
        DomainValidationOptions=[{"DomainName": "www1.example.com", **failed}],
    )
    result = fulfil(acm, {"domain_name": "www1.example.com", **options})[0]
    assert bool(result.get("failed")) is is_repeated
    assert acm.writes == ([] if is_repeated else ["RequestCertificate"])


def test_a_request_that_fails_at_once_fails_the_task() -> None:
    class NoMail(Fleet):
        def _RequestCertificate(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
            answer = super()._RequestCertificate(members)
            self.details[answer["CertificateArn"]].update(
                Status="FAILED",
                FailureReason="NO_AVAILABLE_CONTACTS",
                DomainValidationOptions=[{"DomainName": members["DomainName"], "ValidationMethod": "EMAIL"}],
            )
            return answer

    acm = NoMail(3)
    result = fulfil(acm, {"domain_name": "new.example.com", "validation_method": "EMAIL"})[0]
    assert result["failed"] and result["changed"] and result["actions"] == ["RequestCertificate"]
    assert result["msg"].startswith("The request for new.example.com failed with NO_AVAILABLE_CONTACTS: ")
    again = fulfil(acm, {"domain_name": "new.example.com", "validation_method": "EMAIL"})[0]
    assert again["failed"] and not again["changed"] and acm.writes == ["RequestCertificate"]


@pytest.mark.parametrize("is_authority", [True, False])
def test_a_token_that_outlives_its_certificate(is_authority: bool) -> None:
    """Requested, deleted, and requested again within an hour, when ACM returns the ARN of the deleted certificate."""

    class Remembering(Fleet):
        tokens: dict[str, str] = {}

        def _RequestCertificate(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
            token = members["IdempotencyToken"]
            if token not in self.tokens:
                self.details.setdefault("gap", self.details[arn(0)])  # so that no number is used twice
                self.tokens[token] = super()._RequestCertificate(members)["CertificateArn"]
            return {"CertificateArn": self.tokens[token]}

    acm = Remembering(3, is_authority=is_authority)
    acm.tokens = {}
    item = {"domain_name": "new.example.com"}
    first = fulfil(acm, item)[0]["certificate"]["certificate_arn"]
    acm.details["another gap"] = acm.details[arn(0)]
    fulfil(acm, {"certificate_arn": first, "state": "absent"})
    second = fulfil(acm, item)[0]
    assert second["certificate"]["certificate_arn"] not in (first, None)
    assert second["certificate"]["status"] == "ISSUED"
    assert second["actions"] == ["RequestCertificate"]


@pytest.mark.parametrize(("hours", "is_changed"), [(0, True), (20, False)])
def test_a_certificate_returned_for_an_earlier_token_is_not_a_change(hours: int, is_changed: bool) -> None:
    """Lists may lag behind: the certificate of an earlier run is not shown yet, but ACM remembers its token."""

    class Lagging(Fleet):
        def _SearchCertificates(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
            return {"Results": []}

        def _RequestCertificate(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
            return {"CertificateArn": arn(1)}

        def first_answer_at(self, operation: str) -> datetime:
            return t.cast(datetime, self.details[arn(1)]["CreatedAt"]) + timedelta(hours=hours, seconds=2)

    item = {"domain_name": "www1.example.com", "options": {"export": "ENABLED"}}
    (result,) = fulfil(Lagging(3), item)
    assert result["certificate"]["certificate_arn"] == arn(1)
    assert result["changed"] is is_changed and ("cost" in result) is is_changed
    assert result["actions"] == (["RequestCertificate"] if is_changed else [])


def test_waiting_ends_as_soon_as_the_request_fails() -> None:
    pending = detail(Status="PENDING_VALIDATION")
    failed = {**pending, "Status": "FAILED", "FailureReason": "CAA_ERROR"}
    acm = ScriptedAcm(
        ("DescribeCertificate", {"CertificateArn": arn(1)}, {"Certificate": pending}),
        ("DescribeCertificate", {"CertificateArn": arn(1)}, {"Certificate": failed}),
    )
    result = fulfil(acm, {"certificate_arn": arn(1), "wait": True})[0]
    acm.check_is_done()
    assert result["failed"] and "CAA_ERROR" in result["msg"]


def test_the_time_out_says_what_is_blocking() -> None:
    acm = Fleet(3)
    options = [
        {"DomainName": "www1.example.com", "ValidationMethod": "DNS", "ResourceRecord": record("www1.example.com")}
    ]
    acm.details[arn(1)].update(Status="PENDING_VALIDATION", DomainValidationOptions=options)
    result = fulfil(acm, {"certificate_arn": arn(1), "wait": True}, timeout_s=30)[0]
    assert result["failed"] and result["changed"] is False
    assert "is not issued after 30 seconds" in result["msg"]
    assert record("www1.example.com")["Name"] in result["msg"]


# ---------------------------------------------------------------- one of many


def test_dns_is_looked_at_only_when_time_is_up() -> None:
    looked: list[str] = []

    def look(details: t.Any) -> list[list[dict[str, str]]]:
        looked.extend(certificate["DomainName"] for certificate in details)
        finding = {"domain_name": "www1.example.com", "problem": "caa_forbids", "message": "No.", "remedy": "Do."}
        return [[finding] for _one in details]

    acm = Fleet(3)
    items = [{"domain_name": f"www{number}.example.com", "wait": True} for number in range(3)]
    assert not any(result.get("failed") for result in fulfil(acm, *items, look=look)) and looked == []
    acm.details[arn(1)]["Status"] = "PENDING_VALIDATION"
    acm.details[arn(1)]["DomainValidationOptions"][0]["ValidationStatus"] = "PENDING_VALIDATION"
    results = fulfil(acm, *items, look=look, timeout_s=5)
    assert looked == ["www1.example.com"]
    assert results[1]["msg"].endswith("in public DNS. No. Do.")

    def blind(details: t.Any) -> t.NoReturn:
        raise InvalidInput("dnspython is missing.")

    assert fulfil(acm, items[1], look=blind, timeout_s=5)[0]["msg"].endswith("in public DNS.")


def test_failures_of_many_items_can_be_told_apart() -> None:
    acm = Fleet(2)
    items = [
        Item(wanted.read({"certificate_arn": arn(7)})),
        Item(wanted.read({"domain_name": "www1.example.com"})),
        Item(wanted.read({"domain_name": "www0.example.com", "options": {"export": "ENABLED"}, "replace": True})),
        Item(None, InvalidInput("no."), called="www9.example.com"),
    ]
    items[2].error = AcmError("RequestCertificate", "LimitExceededException", "too many")
    task.fulfil(acm, items, settings(), is_check=False)
    message = together(items)["msg"]
    assert message == (
        f"3 of 4 certificates failed. Item 1: There is no certificate {arn(7)}: correct certificate_arn, or give "
        "domain_name instead to find the certificate by its names, or request it. Item 3 (www0.example.com): "
        "RequestCertificate failed with LimitExceededException: too many. Item 4 (www9.example.com): no."
    )


def test_a_failing_item_does_not_stop_the_others() -> None:
    class Full(Fleet):
        def _RequestCertificate(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
            if members["DomainName"] == "two.example.com":
                raise AcmError("RequestCertificate", "LimitExceededException", "too many")
            return super()._RequestCertificate(members)

    acm = Full(3)
    names = ("one.example.com", "two.example.com", "three.example.com")
    items = [Item(wanted.read({"domain_name": name})) for name in names]
    task.fulfil(acm, items, settings(details=False), is_check=False)
    answer = together(items)
    assert answer["failed"] and answer["changed"]
    assert answer["msg"].startswith(
        "1 of 3 certificates failed. Item 2 (two.example.com): RequestCertificate failed with LimitExceededException"
    )
    assert [item.get("failed", False) for item in answer["certificates"]] == [False, True, False]
    assert answer["certificates"][1]["error"] == {"code": "LimitExceededException", "operation": "RequestCertificate"}
    assert [item.get("status") for item in answer["certificates"]] == ["ISSUED", None, "ISSUED"]
    assert [diff["before_header"] for diff in answer["diff"]] == ["one.example.com", "three.example.com"]


def test_what_was_done_before_a_failure_is_reported() -> None:
    class NoRenewal(Fleet):
        def _RenewCertificate(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
            raise AcmError("RenewCertificate", "ValidationException", "not exported.")

    result = fulfil(NoRenewal(3), {"certificate_arn": arn(1), "tags": {"a": "1"}, "force_renewal": True})[0]
    assert result["failed"] and result["changed"]
    assert result["actions"] == ["RemoveTagsFromCertificate", "AddTagsToCertificate"]
    assert "export it first (certops.acm.acm_export)" in result["msg"]
    assert result["msg"].endswith(f"What was done before remains: tags were removed and tags were added ({arn(1)}).")


def test_two_items_for_one_certificate() -> None:
    acm = Fleet(3)
    results = fulfil(
        acm,
        {"domain_name": "www1.example.com"},
        {"domain_name": "WWW1.example.com", "tags": {}},
        {"certificate_arn": arn(1)},
        {"domain_name": "www2.example.com"},
        {"domain_name": "www2.example.com", "key_algorithm": "RSA_2048"},
    )
    assert [result.get("failed", False) for result in results] == [False, True, True, False, True]
    assert "means the same certificate as item 1" in results[1]["msg"]
    assert arn(1) in results[2]["msg"]


def test_tags_that_the_list_does_not_show_yet_are_left_alone() -> None:
    class Lagging(Fleet):
        def _GetResources(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
            return {"ResourceTagMappingList": []}

    acm = Lagging(5)
    acm.tags[arn(1)] = {"old": "1"}
    results = fulfil(
        acm, *({"domain_name": f"www{n}.example.com", "tags": {"number": str(n), "fleet": "blue"}} for n in range(5))
    )
    assert [result["changed"] for result in results] == [False, True, False, False, False]
    assert acm.writes == ["RemoveTagsFromCertificate", "AddTagsToCertificate"]


# ---------------------------------------------------------------- replace, renew, remove


def test_a_replacement_that_exists_is_not_requested_again() -> None:
    acm = Fleet(3)
    item = {"certificate_arn": arn(1), "domain_name": "other.example.com", "replace": True}
    first = fulfil(acm, item)[0]
    assert first["actions"] == ["RequestCertificate"]
    assert first["superseded"] == {"certificate_arn": arn(1), "in_use_by": []}
    second = fulfil(acm, item)[0]
    assert second["changed"] is False
    assert second["certificate"]["certificate_arn"] == first["certificate"]["certificate_arn"]
    assert second["superseded"]["certificate_arn"] == arn(1)
    assert acm.writes == ["RequestCertificate"]


def test_the_old_certificate_is_kept_until_the_new_one_is_ready() -> None:
    class Slow(Fleet):
        def _RequestCertificate(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
            answer = super()._RequestCertificate(members)
            self.details[answer["CertificateArn"]]["Status"] = "PENDING_VALIDATION"
            return answer

    result = fulfil(Slow(3), {"certificate_arn": arn(1), "domain_name": "other.example.com", "replace": True})[0]
    assert result["changed"] and "superseded" not in result


def test_a_renewal_is_awaited_until_the_serial_changes() -> None:
    old = detail(RenewalSummary={"RenewalStatus": "SUCCESS", "UpdatedAt": NOW - timedelta(days=90)})
    describe = ("DescribeCertificate", {"CertificateArn": arn(1)})
    acm = ScriptedAcm(
        (*describe, {"Certificate": old}),
        ("RenewCertificate", {"CertificateArn": arn(1)}, {}),
        (*describe, {"Certificate": old}),
        (*describe, {"Certificate": {**old, "Serial": "ff:ff"}}),
    )
    result = fulfil(acm, {"certificate_arn": arn(1), "force_renewal": True, "wait": True})[0]
    acm.check_is_done()
    assert result["certificate"]["serial"] == "ff:ff"
    assert result["renewal"] == {"due": True, "reason": "force_renewal is set."}


@pytest.mark.parametrize("option", [{"force_renewal": True}, {"renew_before": "99%"}], ids=str)
@pytest.mark.parametrize("size", [1, 4])
def test_the_second_run_waits_for_a_renewal_in_progress(option: dict[str, t.Any], size: int) -> None:
    """One certificate, or many without details: in both cases the task waits for the renewal, or fails."""
    acm = Fleet(5)
    for number in range(size):
        acm.details[arn(number)].update(
            RenewalSummary={
                "RenewalStatus": "PENDING_VALIDATION",
                "DomainValidationOptions": [
                    {
                        "DomainName": f"www{number}.example.com",
                        "ValidationMethod": "DNS",
                        "ValidationStatus": "PENDING_VALIDATION",
                    }
                ],
            }
        )
    items = [{"certificate_arn": arn(number), "wait": True, **option} for number in range(size)]
    for result in fulfil(acm, *items, timeout_s=20, details=False):
        assert result["failed"] and not result["changed"]
        assert "has not been renewed after 20 seconds. www" in result["msg"]
    assert acm.writes == []
    for result in fulfil(acm, *[{**item, "wait": False} for item in items], details=False):
        assert "failed" not in result
        assert result["renewal"]["reason"] == "A renewal is already under way (PENDING_VALIDATION)."


def test_an_automatic_renewal_is_not_awaited_before_the_window_opens() -> None:
    acm = Fleet(2)
    acm.details[arn(1)].update(RenewalSummary={"RenewalStatus": "PENDING_AUTO_RENEWAL"})
    result = fulfil(acm, {"certificate_arn": arn(1), "wait": True, "renew_before": "1"})[0]
    assert "failed" not in result and "renewal is due in" in result["renewal"]["reason"]


@pytest.mark.parametrize(
    ("present", "options", "is_refused"),
    [
        ({"names": ["api"]}, {"force_renewal": True}, True),
        ({"names": ["api"]}, {"renew_before": "30"}, True),
        ({"names": ["api"]}, {"renew_before": "30", "subject_alternative_names": []}, False),
        ({"names": ["api"]}, {"force_renewal": True, "subject_alternative_names": []}, True),
        ({"names": ["api"]}, {"renew_before": "30", "replace": True}, False),
        ({"names": ["api"]}, {}, False),
        ({"names": ["api"]}, {"renew_before": "30", "key_algorithm": "EC_secp384r1"}, False),
        ({"Type": "PRIVATE"}, {"force_renewal": True}, True),
        ({"Type": "PRIVATE"}, {"renew_before": "30", "subject_alternative_names": []}, True),
        ({"Type": "IMPORTED"}, {"force_renewal": True}, True),
        ({"Type": "IMPORTED"}, {"renew_before": "30"}, False),
        ({"Status": "REVOKED", "names": ["api"]}, {"force_renewal": True}, False),
    ],
    ids=str,
)
def test_renewing_by_name_never_requests_a_second_certificate(
    present: dict[str, t.Any], options: dict[str, t.Any], is_refused: bool
) -> None:
    acm = Fleet(3)
    members = {name: value for name, value in present.items() if name != "names"}
    names = ["www1.example.com", *(f"{name}.example.com" for name in present.get("names", ()))]
    acm.details[arn(1)].update(members, SubjectAlternativeNames=names)
    result = fulfil(acm, {"domain_name": "www1.example.com", **options})[0]
    if is_refused:
        assert result["failed"] and acm.writes == []
        assert arn(1) in result["msg"] and "certificate has exactly the name www1.example.com" in result["msg"]
        assert ("or all of its names and its certificate_authority_arn;" in result["msg"]) == (
            "PRIVATE" in present.values()
        )
    else:
        assert acm.writes == ["RequestCertificate"]


def test_a_new_certificate_is_not_renewed() -> None:
    acm = Fleet(3)
    fulfil(acm, {"domain_name": "new.example.com", "force_renewal": True, "renew_before": "33%"})
    assert acm.writes == ["RequestCertificate"]


def test_a_certificate_in_use_is_deleted_when_it_is_released() -> None:
    used = {"Certificate": detail(InUseBy=["arn:aws:x"])}
    describe = ("DescribeCertificate", {"CertificateArn": arn(1)})
    free = {"Certificate": detail(InUseBy=[])}
    acm = ScriptedAcm(
        (*describe, used), (*describe, used), (*describe, free), ("DeleteCertificate", {"CertificateArn": arn(1)}, {})
    )
    result = fulfil(acm, {"certificate_arn": arn(1), "state": "absent", "wait": True})[0]
    acm.check_is_done()
    assert result["deleted"] == [arn(1)]


def test_a_certificate_that_stays_in_use_is_not_deleted() -> None:
    acm = Fleet(3)
    acm.details[arn(1)]["InUseBy"] = ["arn:aws:x"]
    for item in ({"state": "absent", "wait": True}, {"state": "absent"}):
        result = fulfil(acm, {"certificate_arn": arn(1), **item}, timeout_s=10)[0]
        assert result["failed"] and not result["changed"] and "in use by arn:aws:x" in result["msg"]
    assert acm.writes == []


def test_a_certificate_that_turns_out_to_be_in_use() -> None:
    describe = ("DescribeCertificate", {"CertificateArn": arn(1)}, {"Certificate": detail()})
    delete = ("DeleteCertificate", {"CertificateArn": arn(1)})
    used = AcmError("DeleteCertificate", "ResourceInUseException", "in use")
    acm = ScriptedAcm(describe, (*delete, used), (*delete, used), (*delete, {}))
    assert fulfil(acm, {"certificate_arn": arn(1), "state": "absent", "wait": True})[0]["deleted"] == [arn(1)]
    acm.check_is_done()
    acm = ScriptedAcm(describe, (*delete, used))
    result = fulfil(acm, {"certificate_arn": arn(1), "state": "absent"})[0]
    assert result["failed"] and result["error"]["code"] == "ResourceInUseException"


def test_a_renewal_in_progress_is_neither_a_failure_nor_a_change() -> None:
    describe = ("DescribeCertificate", {"CertificateArn": arn(1)})
    busy = AcmError("RenewCertificate", "RequestInProgressException", "busy")
    acm = ScriptedAcm(
        (*describe, {"Certificate": detail()}),
        ("RenewCertificate", {"CertificateArn": arn(1)}, busy),
        (*describe, {"Certificate": detail(Serial="ff:ff")}),
    )
    result = fulfil(acm, {"certificate_arn": arn(1), "force_renewal": True, "wait": True})[0]
    acm.check_is_done()
    assert result["changed"] is False
    assert result["renewal"] == {"due": False, "reason": "A renewal is already under way."}
    assert result["certificate"]["serial"] == "ff:ff"


def test_many_replacements_are_not_requested_again() -> None:
    acm = Fleet(10)
    ca = {"certificate_authority_arn": CA}
    for number in range(10):
        acm.details[arn(number)].update(Type="PRIVATE", CertificateAuthorityArn=CA + "old")
    items = [{"certificate_arn": arn(n), "domain_name": f"www{n}.example.com", "replace": True, **ca} for n in range(4)]
    first = fulfil(acm, *items)
    assert [result["actions"] for result in first] == [["RequestCertificate"]] * 4
    for result in first:
        acm.details[result["certificate"]["certificate_arn"]].update(Type="PRIVATE", CertificateAuthorityArn=CA)
    second = fulfil(acm, *items)
    assert [result["changed"] for result in second] == [False] * 4
    assert [result["superseded"]["certificate_arn"] for result in second] == [arn(number) for number in range(4)]


def test_all_items_of_a_task_share_one_time_out() -> None:
    acm = Fleet(3)
    acm.details[arn(1)]["Status"] = "PENDING_VALIDATION"
    acm.details[arn(2)]["InUseBy"] = ["arn:aws:x"]
    started = settings(details=False, timeout_s=30)
    items = [
        Item(wanted.read({"certificate_arn": arn(1), "wait": True})),
        Item(wanted.read({"certificate_arn": arn(2), "wait": True, "state": "absent"})),
    ]
    task.fulfil(acm, items, started, is_check=False)
    assert all(item.error for item in items)
    assert started.clock.monotonic() == 30


@pytest.mark.parametrize("is_authority", [True, False])
def test_cost_is_reported_only_where_something_is_charged(is_authority: bool) -> None:
    item = {"domain_name": "new.example.com", "options": {"export": "ENABLED"}}
    for check in (True, False):
        (result,) = fulfil(Fleet(1, is_authority=is_authority), item, check=check)
        assert ("cost" in result) is ("cost" in result["diff"]["after"]) is not is_authority


def test_the_total_cost_of_a_list() -> None:
    acm = Fleet(3)
    names = ("a.example.com", "*.b.example.com", "www1.example.com")
    items = [Item(wanted.read({"domain_name": name, "options": {"export": "ENABLED"}})) for name in names]
    task.fulfil(acm, items, settings(details=False), is_check=True)
    assert together(items, True)["cost"] == {"names": 2, "wildcards": 1, "amount": 93.0, "currency": "USD"}


def test_a_certificate_that_is_already_gone() -> None:
    acm = Fleet(3)
    assert fulfil(acm, {"certificate_arn": arn(9), "state": "absent"})[0]["changed"] is False
    assert fulfil(acm, {"domain_name": "none.example.com", "state": "absent"})[0]["changed"] is False
    missing = fulfil(acm, {"certificate_arn": arn(9), "tags": {}})[0]
    assert missing["failed"] and f"There is no certificate {arn(9)}" in missing["msg"]


def test_only_one_certificate_is_deleted_by_name_unless_requested() -> None:
    acm = Fleet(3)
    acm.details[arn(1)].update(DomainName="www2.example.com", SubjectAlternativeNames=["www2.example.com"])
    item = {"domain_name": "www2.example.com", "state": "absent"}
    result = fulfil(acm, item)[0]
    assert result["failed"] and "2 certificates match" in result["msg"]
    assert acm.writes == []
    assert sorted(fulfil(acm, {**item, "all_matching": True})[0]["deleted"]) == [arn(1), arn(2)]


def test_a_certificate_deleted_by_someone_else_in_between() -> None:
    gone = AcmError("DeleteCertificate", "ResourceNotFoundException", "gone")
    acm = ScriptedAcm(
        ("DescribeCertificate", {"CertificateArn": arn(1)}, {"Certificate": detail()}),
        ("DeleteCertificate", {"CertificateArn": arn(1)}, gone),
    )
    assert "failed" not in fulfil(acm, {"certificate_arn": arn(1), "state": "absent"})[0]


def test_the_name_tag_finds_a_certificate_whose_names_change() -> None:
    acm = Fleet(30)
    acm.tags[arn(7)] = {"Name": "shop"}
    result = fulfil(acm, {"domain_name": "shop.example.com", "name_tag": "shop"})[0]
    assert result["failed"] and "names is www7.example.com, not shop.example.com" in result["msg"]
    done = fulfil(acm, {"domain_name": "shop.example.com", "name_tag": "shop", "replace": True})[0]
    assert done["actions"] == ["RequestCertificate"]
    assert acm.tags[done["certificate"]["certificate_arn"]] == {"Name": "shop"}
    assert fulfil(acm, {"domain_name": "shop.example.com", "name_tag": "shop", "replace": True})[0]["changed"] is False


def test_the_steps_of_a_task_are_reported_before_they_are_taken() -> None:
    said: list[str] = []
    items = fulfil(Fleet(3), *[{"domain_name": f"{name}.example.com"} for name in "abcd"], report=said.append)
    names = "a.example.com, b.example.com, c.example.com and 1 more."
    assert len(items) == 4 and said[:2] == [f"looking in ACM for {names}", f"RequestCertificate for {names}"]
