# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the events of ACM and Health: each of acm-rules §8, in every wrapping, and whatever else may be in a
queue."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_notifications import events
from ansible_collections.certops.acm.plugins.module_utils._acm_notifications.events import (
    Message,
    Unreadable,
    read,
    read_all,
)
from hypothesis import given, settings
from hypothesis import strategies as st

ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
OTHER = "arn:aws-cn:acm:cn-north-1:111122223333:certificate/2b1e0a9c-5a4b-4e4e-9d2e-0a1b2c3d4e5f"
COMMON = {
    "id": "7bf73129",
    "certificate_arns": [ARN],
    "region": "eu-central-1",
    "account": "111122223333",
    "occurred_at": "2026-11-23T16:51:00Z",
}
ABOUT = {
    "CertificateType": "AMAZON_ISSUED",
    "CommonName": "www.example.com",
    "DomainValidationMethod": "DNS",
    "CertificateCreatedDate": "2026-05-20T00:00:00Z",
    "CertificateExpirationDate": "2026-12-22T18:43:48Z",
    "InUse": True,
    "Exported": False,
}
TOLD = {
    "certificate_type": "AMAZON_ISSUED",
    "domain_name": "www.example.com",
    "validation_method": "DNS",
    "expires_at": "2026-12-22T18:43:48Z",
    "in_use": True,
    "exported": False,
}


def event(detail_type: str, detail: t.Any, **others: t.Any) -> dict[str, t.Any]:
    return {
        "version": "0",
        "id": "7bf73129",
        "detail-type": detail_type,
        "source": "aws.acm",
        "account": "111122223333",
        "time": "2026-11-23T16:51:00Z",
        "region": "eu-central-1",
        "resources": [ARN],
        "detail": detail,
        **others,
    }


def health(*arns: str, **detail: t.Any) -> dict[str, t.Any]:
    return event(
        "AWS Health Event",
        {
            "service": "ACM",
            "eventTypeCode": "AWS_ACM_RENEWAL_STATE_CHANGE",
            "eventTypeCategory": "scheduledChange",
            "eventDescription": [
                {"language": "de_DE", "latestDescription": "Erneuert."},
                {"language": "en_US", "latestDescription": "Renewed."},
            ],
            "affectedEntities": [{"entityValue": arn} for arn in arns],
            **detail,
        },
        source="aws.health",
        resources=[],
    )


EVENTS = [
    pytest.param(
        event("ACM Certificate Available", {**ABOUT, "Action": "RENEWAL", "DaysToExpiry": 198, "Exportable": True}),
        {"kind": "available", "action": "RENEWAL", "days_to_expiry": 198, "exportable": True, **TOLD},
        id="available",
    ),
    pytest.param(
        event("ACM Certificate Available", {**ABOUT, "InUse": "TRUE", "Exported": "FALSE", "DaysToExpiry": "7"}),
        {"kind": "available", "days_to_expiry": 7, **TOLD},
        id="available, spelled as the guide prints it",
    ),
    pytest.param(
        event("ACM Certificate Approaching Expiration", {"DaysToExpiry": 31, "CommonName": "www.example.com"}),
        {"kind": "approaching_expiration", "days_to_expiry": 31, "domain_name": "www.example.com"},
        id="approaching expiration",
    ),
    pytest.param(event("ACM Certificate Expired", ABOUT), {"kind": "expired", **TOLD}, id="expired"),
    pytest.param(
        event(
            "ACM Certificate Renewal Action Required", {**ABOUT, "RenewalStatusReason": "CAA_ERROR", "DaysToExpiry": 30}
        ),
        {"kind": "renewal_action_required", "reason": "CAA_ERROR", "days_to_expiry": 30, **TOLD},
        id="renewal action required",
    ),
    pytest.param(
        event("ACM Certificate Revoked", {"CertificateType": "PRIVATE", "CommonName": "a.test", "Exportable": True}),
        {"kind": "revoked", "certificate_type": "PRIVATE", "domain_name": "a.test", "exportable": True},
        id="revoked",
    ),
    pytest.param(
        event("ACM Certificate Rotated", {**ABOUT, "Action": "RENEWAL"}),
        {"kind": "rotated", "action": "RENEWAL", **TOLD},
        id="rotated",
    ),
    pytest.param(
        event("ACM Certificate Revoked", {**ABOUT, "Action": "RENEWAL"}),
        {"kind": "rotated", "action": "RENEWAL", **TOLD},
        id="rotated, under the name that the guide prints",
    ),
    pytest.param(
        health(ARN, OTHER, "not an ARN", ARN),
        {
            "kind": "health",
            "certificate_arns": [ARN, OTHER],
            "health_code": "AWS_ACM_RENEWAL_STATE_CHANGE",
            "description": "Renewed.",
        },
        id="health with several certificates",
    ),
    pytest.param(
        event("ACM Certificate Expired", {"InUse": 3, "CommonName": ["x"], "CertificateExpirationDate": "soon"}),
        {"kind": "expired"},
        id="malformed values are left out",
    ),
    pytest.param(
        event("ACM Certificate Available", {"DaysToExpiry": True, "CertificateExpirationDate": 5, "Action": None}),
        {"kind": "available"},
        id="absent values are not invented",
    ),
    pytest.param(
        event("ACM Certificate Expired", {"CertificateExpirationDate": "Tue, 22 Dec 2026 19:43:48 +0100"}),
        {"kind": "expired", "expires_at": "2026-12-22T18:43:48Z"},
        id="a mail's date",
    ),
]


@pytest.mark.parametrize(("told", "expected"), EVENTS)
def test_each_event(told: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    wanted = {**COMMON, "detail_type": told["detail-type"], **expected}
    assert read(json.dumps(told)) == wanted
    wrapped = {
        "Type": "Notification",
        "TopicArn": "arn:aws:sns:eu-central-1:111122223333:x",
        "Message": json.dumps(told),
    }
    assert read(json.dumps(wrapped)) == wanted


def test_absent_is_missing() -> None:
    bare = {"id": "1", "source": "aws.acm", "detail-type": "ACM Certificate Expired", "detail": {}, "resources": [ARN]}
    assert read(json.dumps(bare)) == {
        "id": "1",
        "kind": "expired",
        "detail_type": "ACM Certificate Expired",
        "certificate_arns": [ARN],
    }


SNS = {"Type": "Notification", "TopicArn": "arn:aws:sns:eu-central-1:111122223333:x"}
BROKEN = [
    ("no JSON", "The message is not a JSON object.", None),
    ("[1]", "The message is not a JSON object.", None),
    ("[" * 100_000, "The message is not a JSON object.", None),
    ("", "The message is not a JSON object.", None),
    (json.dumps({**SNS, "Message": "hello"}), "The message inside the SNS notification is not a JSON object.", None),
    (json.dumps(SNS), "The message inside the SNS notification is not a JSON object.", None),
    (json.dumps({**SNS, "Type": "SubscriptionConfirmation"}), "SubscriptionConfirmation", None),
    (json.dumps({"renewed": "www.example.com"}), "source or detail-type is missing", None),
    (json.dumps(event("ACM Certificate Painted", {})), "with this detail-type is unknown", "ACM Certificate Painted"),
    (json.dumps(event("ACM Certificate Expired", {}, source="aws.health")), "unknown", "ACM Certificate Expired"),
    (json.dumps(event("ACM Certificate Expired", {}, source="my.acm")), "my.acm", "ACM Certificate Expired"),
    (json.dumps(event("ACM Certificate Expired", {}, id="")), "has no id", "ACM Certificate Expired"),
    (json.dumps(event("ACM Certificate Expired", None)), "has no detail", "ACM Certificate Expired"),
    (
        json.dumps(event("ACM Certificate Expired", {}, resources=[])),
        "contains no certificate",
        "ACM Certificate Expired",
    ),
    (
        json.dumps(event("ACM Certificate Expired", {}, resources=ARN)),
        "contains no certificate",
        "ACM Certificate Expired",
    ),
    (
        json.dumps(event("ACM Certificate Expired", {}, resources=[7, ARN + "\n", "arn:aws:acm:x"])),
        "contains no certificate",
        None,
    ),
    (json.dumps(health(ARN, service="EC2")), "Health event about EC2, not about ACM", "AWS Health Event"),
    (json.dumps(health()), "contains no certificate", "AWS Health Event"),
]


@pytest.mark.parametrize(("body", "why", "detail_type"), BROKEN)
def test_unknown_and_malformed_messages_are_kept_separate(body: str, why: str, detail_type: str | None) -> None:
    with pytest.raises(Unreadable, match=why):
        read(body)
    told, (unknown,) = read_all([Message("m", "h", body, 4)])
    assert told == [] and why in unknown["why"]
    assert (unknown["handle"], unknown["deliveries"]) == ("h", 4)
    assert ("detail_type" in unknown) != ("excerpt" in unknown)
    assert detail_type is None or unknown["detail_type"] == detail_type
    assert len(unknown.get("excerpt", "")) <= 200


def test_duplicates_are_one_notification_with_all_handles() -> None:
    expired = json.dumps(event("ACM Certificate Expired", ABOUT))
    other = json.dumps(event("ACM Certificate Expired", ABOUT, id="other"))
    wrapped = json.dumps({**SNS, "Message": expired})
    messages = [
        Message("m1", "h1", expired, 2),
        Message("m2", "h2", other, 1),
        Message("m3", "h3", wrapped, 1),
        Message("m4", "h4", "broken", 1),
        Message("m1", "h5", expired, 3),
        Message("m5", "h6", "broken", 1),
    ]
    told, unknown = read_all(messages)
    assert [(each["id"], each["handles"], each["deliveries"]) for each in told] == [
        ("7bf73129", ["h1", "h3", "h5"], 4),
        ("other", ["h2"], 1),
    ]
    assert [each["handle"] for each in unknown] == ["h4", "h6"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(ARN),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=10,
)
FIELDS = ("id", "time", "account", "region", "resources", "detail")
DETAILS = ("Action", "CommonName", "CertificateExpirationDate", "DaysToExpiry", "InUse", "eventDescription",
           "affectedEntities", "service")  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*events.DETAIL_TYPES.values(), "else"]),
    st.sampled_from(["aws.acm", "aws.health"]),
    st.dictionaries(st.sampled_from(FIELDS), JSON),
    st.dictionaries(st.sampled_from(DETAILS), JSON | st.sampled_from(["ACM", "0001-01-01T00:00:00+23:59", "1e999"])),
)
def test_no_event_makes_it_fail(
    detail_type: str, source: str, fields: dict[str, t.Any], detail: dict[str, t.Any]
) -> None:
    body = json.dumps({**event(detail_type, detail, source=source), **fields})
    told, unknown = read_all([Message("m", "h", body, 1)])
    assert len(told) + len(unknown) == 1
    for each in told:
        assert each["handles"] == ["h"] and each["kind"] in events.KINDS and None not in each.values()


def test_one_poisonous_message_does_not_affect_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message may fail in any way. A lone surrogate, which JSON can contain, would break whatever writes it."""

    def trips(body: str) -> dict[str, t.Any]:
        if "poison" in body:
            raise OverflowError("date value out of range")
        return read(body)

    monkeypatch.setattr(events, "read", trips)
    good = json.dumps(event("ACM Certificate Available", ABOUT, id="good"))
    half = json.dumps(event("ACM Certificate Available", ABOUT, id="half")).replace("www", "\\ud800")
    messages = [events.Message(str(n), f"h{n}", body, 1) for n, body in enumerate(["poison \ud800", good, half])]
    told, unknown = events.read_all(messages)
    assert [one["id"] for one in told] == ["good", "half"]
    assert [(one["handle"], one["why"]) for one in unknown] == [("h0", "It cannot be read (OverflowError).")]
    json.dumps([told, unknown], ensure_ascii=False).encode("utf-8")
