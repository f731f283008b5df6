# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import directory
from ansible_collections.certops.acm.plugins.module_utils._door import acm, aws, embedded, pacing
from ansible_collections.certops.acm.plugins.module_utils._authority.operations import quotas
from ansible_collections.certops.acm.plugins.module_utils._authority.operations.call import Fault
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.acm_endpoint import acm_endpoint
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ParamValidationError
from botocore.loaders import JSONFileLoader


class Meta:
    region_name = "us-east-1"


class Scripted:
    """A boto3 client whose methods answer, or raise, what a test says."""

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


def test_members_that_are_none_are_not_sent():
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
            "RequestCertificate failed with UnknownError: no reason was given",
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


def test_when_acm_first_answered():
    def answer(members):
        date = f"Mon, 23 Nov 2026 16:51:0{members['MaxItems']} GMT"
        return {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}

    door, _scripted = door_of(list_certificates=answer)
    assert door.first_answer_at("ListCertificates") is None
    for number in (4, 5):
        assert door.call("ListCertificates", MaxItems=number) == {}
    assert door.first_answer_at("ListCertificates").isoformat() == "2026-11-23T16:51:04+00:00"


def test_which_members_an_operation_takes(tmp_path):
    directory.create(str(tmp_path / "authority"))
    door = acm.Acm(embedded.authority_client(str(tmp_path / "authority")), None, is_authority=True)
    assert door.takes("ListCertificates", "MaxItems")
    assert not door.takes("ListCertificates", "Nonsense")
    assert not door.takes("Nonsense", "MaxItems")


def test_what_botocore_refuses_was_not_sent():
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
    """Twenty-five describes at ten a second: the first second's worth but one at once, the rest one by one."""
    slept: list[float] = []
    turn = pacing.Turnstile(10, slept.append, lambda: 0.0)
    for _call in range(25):
        turn.wait()
    assert slept == pytest.approx([0.1 * number for number in range(1, 17)])


@pytest.mark.parametrize("rate", [1, 2, 5, 10])
def test_the_first_call_goes_at_once(rate):
    slept: list[float] = []
    pacing.Turnstile(rate, slept.append, lambda: 0.0).wait()
    assert slept == []


def test_behind_a_call_that_left_late_the_next_does_not_leave_early():
    """Where ACM takes one call a second, one that comes early is refused, and costs a second more."""
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
    """A bucket of ACM's that several accounts' worth of callers share, on a clock of its own."""

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


def test_what_others_use_up_is_waited_for():
    """Ours may go at ten a second, but only one is left over."""
    bucket = Throttling(rate=1)
    scripted = Scripted(describe_certificate=bucket.describe)
    door = acm.Acm(scripted, None, is_authority=False, sleep=bucket.sleep, monotonic=lambda: bucket.now_s)
    for _call in range(100):
        assert door.call("DescribeCertificate", CertificateArn="a") == {"Certificate": {}}
    assert bucket.now_s < 1.5 * 100  # one caller alone, who waits a little too long after each refusal
    assert bucket.refused < 300


def test_patience_has_an_end():
    bucket = Throttling(rate=0)
    scripted = Scripted(describe_certificate=bucket.describe)
    door = acm.Acm(scripted, None, is_authority=False, sleep=bucket.sleep, monotonic=lambda: bucket.now_s)
    with pytest.raises(acm.AcmError) as caught:
        door.call("DescribeCertificate", CertificateArn="a")
    assert caught.value.code == "ThrottlingException"
    assert pacing.PATIENCE_S <= bucket.now_s < pacing.PATIENCE_S + 10


def test_some_refusals_do_not_slow_down():
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
def test_an_authority_is_asked_once(tmp_path, monkeypatch, is_broken):
    """It is in the same process: what it refused, or failed at, it would refuse again."""
    authority = directory.create(str(tmp_path / "authority"), settings={"quota_certificates": 0})
    asked = []

    def check_quota(*_arguments):
        asked.append(1)
        raise ZeroDivisionError if is_broken else Fault("LimitExceededException", "It is full.")

    monkeypatch.setattr(quotas, "check", check_quota)
    door = acm.Acm(embedded.authority_client(authority.path, authority=authority), None, is_authority=True)
    with pytest.raises(acm.AcmError) as caught:
        door.call("RequestCertificate", DomainName="www.example.com", ValidationMethod="DNS")
    assert caught.value.code == ("InternalFailure" if is_broken else "LimitExceededException")
    assert asked == [1]


def test_a_turnstile_without_a_rate_stops_nobody():
    slept: list[float] = []
    turn = pacing.Turnstile(None, slept.append, lambda: 0.0)
    for _call in range(1000):
        turn.wait()
    assert slept == []


@pytest.mark.parametrize(
    "url, is_acm_alone",
    [
        (None, False),
        ("http://127.0.0.1:5000", False),
        ("https://acm.eu-central-1.amazonaws.com", True),
        ("https://acm-fips.us-east-1.amazonaws.com", True),
        ("https://vpce-0a1b-xyz.acm.eu-central-1.vpce.amazonaws.com", True),
        ("https://acm.example.com", False),
        ("https://localhost.localstack.cloud:4566", False),
    ],
)
def test_which_endpoint_serves_acm_alone(url, is_acm_alone):
    assert aws.is_acm_alone(url) is is_acm_alone


def test_the_users_aws_settings_mean_nothing_to_an_authority(tmp_path, monkeypatch):
    directory.create(str(tmp_path / "authority"))
    (tmp_path / "config").write_text("this is [no configuration")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "there-is-none")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    for each in ("MAX_ATTEMPTS", "RETRY_MODE", "DEFAULTS_MODE", "REQUEST_CHECKSUM_CALCULATION", "USE_FIPS_ENDPOINT"):
        monkeypatch.setenv(f"AWS_{each}", "wrong")
    acm_client = embedded.authority_client(str(tmp_path / "authority"))
    assert acm_client.list_certificates()["CertificateSummaryList"] == []


def test_a_client_of_an_authority_answers_what_one_over_http_does(tmp_path):
    authority = directory.create(str(tmp_path / "acm"))
    ca = authority.cas.private("internal", key_algorithm="EC_prime256v1").arn
    within = embedded.authority_client(authority.path, authority=authority)
    wanted = {"DomainName": "www.corp.test", "KeyAlgorithm": "EC_prime256v1", "CertificateAuthorityArn": ca}
    arn = within.request_certificate(**wanted)["CertificateArn"]
    with acm_endpoint(authority) as served:
        outside = served.client()
        for operation, members in (
            ("describe_certificate", {"CertificateArn": arn}),
            ("search_certificates", {}),
            ("put_account_configuration", {"IdempotencyToken": "a"}),
            ("describe_certificate", {"CertificateArn": arn + "0"}),
            ("request_certificate", {"DomainName": "no name"}),
            ("get_certificate", {}),
        ):
            assert _outcome(within, operation, members) == _outcome(outside, operation, members)


def _outcome(acm_client, operation, members):
    """The answer or the error, in all its parts but what is of one call, or of HTTP, alone."""
    try:
        kind, answer = None, getattr(acm_client, operation)(**members)
    except ClientError as error:
        kind, answer = type(error).__name__, error.response
    except ParamValidationError as error:
        return str(error)
    told = answer["ResponseMetadata"]
    assert told.pop("RequestId") == told["HTTPHeaders"].pop("x-amzn-requestid")
    for header in ("date", "server", "connection"):
        told["HTTPHeaders"].pop(header, None)
    return kind, answer


@pytest.mark.parametrize("region", ["eu-central-1", "cn-north-1"])
def test_an_authority_needs_nothing_of_endpoints(tmp_path, monkeypatch, region):
    authority = directory.create(str(tmp_path / "acm"), region=region)
    loaded, load_file = [], JSONFileLoader.load_file
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda self, path: loaded.append(path) or load_file(self, path))
    acm_client = embedded.authority_client(authority.path)
    assert acm_client.list_certificates()["CertificateSummaryList"] == []
    assert loaded and not [path for path in loaded if "endpoint" in path]


def test_the_region_must_be_the_authoritys(tmp_path):
    directory.create(str(tmp_path / "authority"), region="eu-central-1")
    with pytest.raises(InvalidInput, match="is that of region eu-central-1, not of us-east-1"):
        embedded.authority_client(str(tmp_path / "authority"), region="us-east-1")


def test_where_there_is_no_authority(tmp_path):
    with pytest.raises(
        InvalidInput, match="http://127.0.0.1:8410 is a URL, .* give the URL of a server as endpoint_url"
    ):
        embedded.authority_client("http://127.0.0.1:8410")
    with pytest.raises(InvalidInput, match="There is no embedded authority in .*acm_authority"):
        embedded.authority_client(str(tmp_path / "nowhere"))


class Reply:
    def __init__(self, status_code):
        self.status_code = status_code


class Operation:
    def __init__(self, name):
        self.name = name


LOST = ConnectionClosedError(endpoint_url="https://acm.example")
FAULT = (Reply(500), {"Error": {"Code": "InternalFailure"}})
THROTTLED = (Reply(400), {"Error": {"Code": "ThrottlingException"}})
QUOTA = (Reply(400), {"Error": {"Code": "LimitExceededException"}})
NEW, AGAIN = b'{"Certificate": "x"}', b'{"CertificateArn": "a", "Certificate": "x"}'


@pytest.mark.parametrize(
    "operation, body, response, caught, is_vetoed",
    [
        ("ImportCertificate", NEW, None, LOST, True),
        ("ImportCertificate", NEW.decode(), None, LOST, True),
        ("ImportCertificate", NEW, FAULT, None, True),
        ("ImportCertificate", NEW, THROTTLED, None, True),
        ("ImportCertificate", NEW, QUOTA, None, True),
        ("ImportCertificate", NEW, (Reply(200), {}), None, False),
        ("ImportCertificate", AGAIN, None, LOST, False),
        ("ImportCertificate", AGAIN, FAULT, None, False),
        ("RequestCertificate", b"{}", None, LOST, False),
        ("RequestCertificate", b"{}", FAULT, None, False),
        ("RequestCertificate", b"{}", THROTTLED, None, True),
        ("RequestCertificate", b"{}", QUOTA, None, True),
    ],
)
def test_what_is_never_repeated(operation, body, response, caught, is_vetoed):
    def ask():
        aws.veto_retry(
            operation=Operation(operation),
            response=response,
            caught_exception=caught,
            request_dict={"body": body},
            attempts=1,
        )

    if not is_vetoed:
        ask()
        return
    with pytest.raises((ConnectionClosedError, ClientError)):
        ask()


def test_a_quota_is_told_at_once(tmp_path):
    """botocore alone would try for half a minute."""
    authority = directory.create(str(tmp_path / "authority"), settings={"quota_certificates": 0})
    with acm_endpoint(authority) as served:
        acm_client = served.client()
        acm_client.meta.events.register_first("needs-retry.acm", aws.veto_retry)
        with pytest.raises(ClientError, match="LimitExceededException"):
            acm_client.request_certificate(DomainName="www.example.com")
        assert served.count() == 1
