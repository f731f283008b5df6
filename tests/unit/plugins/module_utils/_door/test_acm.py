# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.plugins.module_utils._door import acm, pacing
from ansible_collections.certops.acm.plugins.module_utils._authority.operations import quotas
from ansible_collections.certops.acm.plugins.module_utils._authority.operations.call import Fault
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_client import authority_client
from botocore import xform_name
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError


class Meta:
    region_name = "us-east-1"


class Scripted:
    """A boto3 client whose methods return or raise what a test says."""

    meta = Meta()

    def __init__(self, **answers):
        self.requests = []
        self._answers = answers

    def __getattr__(self, method):
        if method not in self._answers:
            raise AttributeError(method)

        def called(**members):
            self.requests.append((method, members))
            answer = self._answers[method]
            answer = answer(members) if callable(answer) else answer
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)

        return called


def door_of(is_authority=True, **answers):
    scripted = Scripted(**answers)
    return acm.Acm(scripted, lambda service: service, is_authority=is_authority), scripted


def test_members_set_to_none_are_not_sent():
    door, scripted = door_of(list_certificates={"CertificateSummaryList": [], "ResponseMetadata": {}})
    assert door.call("ListCertificates", MaxItems=5, NextToken=None) == {"CertificateSummaryList": []}
    assert scripted.requests == [("list_certificates", {"MaxItems": 5})]


@pytest.mark.parametrize(
    "raised, code, text",
    [
        (
            ClientError({"Error": {"Code": "LimitExceededException", "Message": "too many"}}, "RequestCertificate"),
            "LimitExceededException",
            "RequestCertificate failed with LimitExceededException: too many",
        ),
        (
            ClientError({}, "RequestCertificate"),
            "UnknownError",
            "RequestCertificate failed with UnknownError: the answer is not from AWS; check the endpoint, and any proxy in "
            "front of it",
        ),
        (
            EndpointConnectionError(endpoint_url="https://acm.example"),
            "EndpointConnectionError",
            "RequestCertificate failed with EndpointConnectionError: "
            "nothing answers at https://acm.example; check the network, any proxy, and the option endpoint_url",
        ),
    ],
)
def test_a_refusal_keeps_its_code(raised, code, text):
    door, _scripted = door_of(request_certificate=raised)
    with pytest.raises(acm.AcmError) as caught:
        door.call("RequestCertificate", DomainName="www.example.com")
    assert (caught.value.code, caught.value.operation, str(caught.value)) == (code, "RequestCertificate", text)


@pytest.mark.parametrize("operation", sorted(acm.ESSENTIAL))
def test_an_answer_without_what_it_is_for_is_a_fault(operation):
    """It never means that there is no certificate."""
    door, _scripted = door_of(**{xform_name(operation): {"Unknown": "x"}})
    with pytest.raises(acm.AcmError) as caught:
        door.call(operation)
    assert caught.value.code == "UnexpectedAnswerError"
    assert str(caught.value).endswith("the answer is not from AWS; check the endpoint, and any proxy in front of it")


def test_when_acm_first_answered():
    def answer(members):
        date = f"Mon, 23 Nov 2026 16:51:0{members['MaxItems']} GMT"
        return {"CertificateSummaryList": [], "ResponseMetadata": {"HTTPHeaders": {"date": date}}}

    door, _scripted = door_of(list_certificates=answer)
    assert door.first_answer_at("ListCertificates") is None
    for number in (4, 5):
        assert door.call("ListCertificates", MaxItems=number) == {"CertificateSummaryList": []}
    assert door.first_answer_at("ListCertificates").isoformat() == "2026-11-23T16:51:04+00:00"


def test_which_members_an_operation_takes(tmp_path):
    creation.create(str(tmp_path / "authority"))
    door = acm.Acm(authority_client(str(tmp_path / "authority")), None, is_authority=True)
    assert door.takes("ListCertificates", "MaxItems")
    assert not door.takes("ListCertificates", "Nonsense")
    assert not door.takes("Nonsense", "MaxItems")


def test_requests_refused_by_botocore_were_not_sent():
    door, _scripted = door_of(describe_certificate=ParamValidationError(report="Missing required\n parameter"))
    with pytest.raises(InvalidInput, match="^DescribeCertificate was not sent: .*Missing required parameter\\.$"):
        door.call("DescribeCertificate")


def test_an_operation_that_an_old_botocore_lacks():
    door, _scripted = door_of()
    with pytest.raises(acm.AcmError) as caught:
        door.call("SearchCertificates")
    assert caught.value.code == "UnknownOperation"


def test_pages_follow_the_token_to_the_end():
    pages = {None: {"Results": [1], "NextToken": "a"}, "a": {"Results": [2], "NextToken": "b"}, "b": {"Results": [3]}}
    door, scripted = door_of(search_certificates=lambda members: pages[members.get("NextToken")])
    assert [page["Results"] for page in door.pages("SearchCertificates", MaxResults=1)] == [[1], [2], [3]]
    assert len(scripted.requests) == 3


def test_each_keeps_the_order_and_leaves_errors_in_their_place():
    def answer(members):
        if members["CertificateArn"] == "b":
            return ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "gone"}}, "Describe")
        return {"Certificate": members["CertificateArn"]}

    door, _scripted = door_of(describe_certificate=answer)
    found = door.each("DescribeCertificate", [{"CertificateArn": name} for name in "abc"])
    assert [found[0], found[2]] == [{"Certificate": "a"}, {"Certificate": "c"}]
    assert isinstance(found[1], acm.AcmError) and found[1].code == "ResourceNotFoundException"
    assert door.each("DescribeCertificate", []) == []


def test_on_aws_each_never_exceeds_the_rate():
    """Twenty-five describes at ten per second: all but one of the first second's share at once, the rest one by one."""
    slept: list[float] = []
    turn = pacing.Turnstile(10, slept.append, lambda: 0.0)
    for _call in range(25):
        turn.wait()
    assert slept == pytest.approx([0.1 * number for number in range(1, 17)])


@pytest.mark.parametrize("rate", [1, 2, 5, 10])
def test_the_first_call_is_immediate(rate):
    slept: list[float] = []
    pacing.Turnstile(rate, slept.append, lambda: 0.0).wait()
    assert slept == []


def test_after_a_late_call_the_next_one_is_not_early():
    """Where ACM accepts one call per second, an early one is refused and costs another second."""
    now_s, chance = 0.0, random.Random(1)

    def sleep(seconds):
        nonlocal now_s
        now_s += seconds + chance.uniform(0, 0.3)

    turn, left_at = pacing.Turnstile(1, sleep, lambda: now_s), []
    for _call in range(50):
        turn.wait()
        left_at.append(now_s)
    assert min(later - sooner for sooner, later in zip(left_at, left_at[1:])) >= 1


class Throttling:
    """One of ACM's token buckets, shared by many callers, with its own clock."""

    def __init__(self, rate):
        self.now_s, self.tokens, self.rate, self.refused = 0.0, rate, rate, 0

    def sleep(self, seconds):
        self.now_s += seconds
        self.tokens = min(self.rate, self.tokens + seconds * self.rate)

    def describe(self, _members):
        if self.tokens < 1:
            self.refused += 1
            return ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "Describe")
        self.tokens -= 1
        return {"Certificate": {}}


def test_a_rate_shared_with_others_is_respected():
    """We may send ten calls per second, but others leave us only one."""
    bucket = Throttling(rate=1)
    scripted = Scripted(describe_certificate=bucket.describe)
    door = acm.Acm(scripted, None, is_authority=False, sleep=bucket.sleep, monotonic=lambda: bucket.now_s)
    for _call in range(100):
        assert door.call("DescribeCertificate", CertificateArn="a") == {"Certificate": {}}
    assert bucket.now_s < 1.5 * 100  # one caller alone, who waits a little too long after each refusal
    assert bucket.refused < 300


def test_throttling_is_not_retried_forever():
    bucket = Throttling(rate=0)
    scripted = Scripted(describe_certificate=bucket.describe)
    door = acm.Acm(scripted, None, is_authority=False, sleep=bucket.sleep, monotonic=lambda: bucket.now_s)
    with pytest.raises(acm.AcmError) as caught:
        door.call("DescribeCertificate", CertificateArn="a")
    assert caught.value.code == "ThrottlingException"
    assert pacing.PATIENCE_S <= bucket.now_s < pacing.PATIENCE_S + 10


def test_a_few_refusals_do_not_slow_it_down():
    slept = []
    turn = pacing.Turnstile(10, slept.append, lambda: 0.0)
    for call in range(300):
        turn.heard(call % 10 in (2, 5, 8))
    turn.wait()
    assert slept == []
    for _call in range(100):
        turn.heard(True)
    for _call in range(5):
        turn.wait()
    assert slept[-1] - slept[-2] == pytest.approx(pacing.LONGEST_INTERVAL_S)
    for _call in range(100):
        turn.heard(False)
    del slept[:]
    turn.wait()
    turn.wait()
    assert slept[1] - slept[0] == pytest.approx(0.1)


@pytest.mark.parametrize("is_broken", [False, True], ids=["quota", "internal failure"])
def test_an_authority_is_called_once(tmp_path, monkeypatch, is_broken):
    """It is in the same process: whatever it refused or failed, it would refuse again."""
    authority = creation.create(str(tmp_path / "authority"), settings={"quota_certificates": 0})
    asked = []

    def check_quota(*_arguments):
        asked.append(1)
        raise ZeroDivisionError if is_broken else Fault("LimitExceededException", "It is full.")

    monkeypatch.setattr(quotas, "check", check_quota)
    door = acm.Acm(authority_client(authority), None, is_authority=True)
    with pytest.raises(acm.AcmError) as caught:
        door.call("RequestCertificate", DomainName="www.example.com", ValidationMethod="DNS")
    assert caught.value.code == ("InternalFailure" if is_broken else "LimitExceededException")
    assert asked == [1]


def test_a_turnstile_without_a_rate_never_waits():
    slept: list[float] = []
    turn = pacing.Turnstile(None, slept.append, lambda: 0.0)
    for _call in range(1000):
        turn.wait()
    assert slept == []
