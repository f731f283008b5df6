# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoint that other tests use does what its knobs say, and counts correctly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.plugins.module_utils._authority.keys.access_keys import AccessKeys
from ansible_collections.certops.acm.tests.support.acm_endpoint import RATES, Bucket, acm_endpoint, read_log
from botocore.exceptions import ClientError, ConnectionClosedError

ONCE = {"retries": {"total_max_attempts": 1}}
PROGRAM = Path(__file__).resolve().parents[2] / "support" / "acm_endpoint.py"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = creation.create(str(tmp_path_factory.mktemp("endpoint") / "authority"))
    made.cas.private("lab", key_algorithm="EC_prime256v1")
    return made


@pytest.fixture(scope="module")
def arns(authority: Any) -> list[str]:
    """Five certificates; all but the first have tags."""
    with authority.store.read() as tx:
        ca = tx.cas.named("lab").arn
    found = []
    with acm_endpoint(authority) as acm:
        for number in range(5):
            tags = {"Tags": [{"Key": "Number", "Value": str(number)}]} if number else {}
            answer = acm.client().request_certificate(
                DomainName=f"n{number}.lab.internal", CertificateAuthorityArn=ca, KeyAlgorithm="EC_prime256v1", **tags
            )
            found.append(answer["CertificateArn"])
    return found


def codes(call: Any, times: int) -> list[str]:
    """The results of this many calls: "ok", an error code, or the name of botocore's exception."""
    outcomes = []
    for _number in range(times):
        try:
            call()
            outcomes.append("ok")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
        except ConnectionClosedError:
            outcomes.append("closed")
    return outcomes


def test_calls_are_counted_and_delayed(authority: Any) -> None:
    with acm_endpoint(authority, latency_s=0.1) as acm:
        acm.client().list_certificates()
        acm.client().list_certificates()
        with pytest.raises(ClientError):
            acm.client().get_certificate(CertificateArn=authority.arn("acm", "certificate/absent"))
        assert acm.count() == 3
        assert acm.count("ListCertificates") == acm.count("ListCertificates", "ok") == 2
        assert acm.count("GetCertificate", "ResourceNotFoundException") == 1
        assert all(0.1 <= call.ended_at - call.started_at < 0.5 for call in acm.calls)


def test_the_same_seed_gives_the_same_faults(authority: Any) -> None:
    outcomes = []
    for _run in range(2):
        with acm_endpoint(authority, throttle_share=0.3, drop_share=0.1, seed=7) as acm:
            seen = codes(acm.client(**ONCE).list_certificates, 100)
            assert [call.outcome for call in acm.calls] == [each.replace("closed", "dropped") for each in seen]
        outcomes.append(seen)
    assert outcomes[0] == outcomes[1]
    assert 15 <= outcomes[0].count("ThrottlingException") <= 40
    assert 3 <= outcomes[0].count("closed") <= 20


def test_dropped_calls_are_not_executed_and_lost_ones_are(authority: Any, arns: list[str]) -> None:
    def add(acm: Any, key: str) -> None:
        acm.client(**ONCE).add_tags_to_certificate(CertificateArn=arns[0], Tags=[{"Key": key}])

    with acm_endpoint(authority, drop_share=1.0) as acm:
        assert codes(lambda: add(acm, "dropped"), 1) == ["closed"]
        acm.knobs.drop_share, acm.knobs.lose_share = 0.0, 1.0
        assert codes(lambda: add(acm, "lost"), 1) == ["closed"]
        acm.knobs.lose_share = 0.0
        tags = acm.client().list_tags_for_certificate(CertificateArn=arns[0])["Tags"]
        acm.client().remove_tags_from_certificate(CertificateArn=arns[0], Tags=[{"Key": "lost"}])
    assert [tag["Key"] for tag in tags] == ["lost"]
    assert [call.outcome for call in acm.calls] == ["dropped", "lost", "ok", "ok"]


def test_a_bucket() -> None:
    bucket = Bucket(10, now=100.0)
    assert [bucket.take(100.0) for _number in range(11)] == [True] * 10 + [False]
    assert [bucket.take(100.15), bucket.take(100.15)] == [True, False]
    assert [bucket.take(200.0) for _number in range(11)] == [True] * 10 + [False]
    assert [Bucket(0.5, 0.0).take(0.0)] == [True]


def test_each_operation_has_its_own_rate(authority: Any) -> None:
    with acm_endpoint(authority, rates=RATES) as acm:
        client = acm.client(**ONCE)
        assert codes(client.list_certificates, 9)[:8] == ["ok"] * 8
        assert codes(client.get_account_configuration, 2) == ["ok", "ThrottlingException"]
        assert acm.count("ListCertificates", "ok") >= 8


def test_operations_that_are_denied_or_unknown(authority: Any) -> None:
    with acm_endpoint(authority, deny=["GetAccountConfiguration"], unknown={"SearchCertificates"}) as acm:
        assert codes(acm.client().get_account_configuration, 1) == ["AccessDeniedException"]
        assert codes(acm.client().search_certificates, 1) == ["UnknownOperationException"]
        acm.knobs.deny = ()
        assert codes(acm.client().get_account_configuration, 1) == ["ok"]


@pytest.mark.parametrize("is_signed", [False, True])
def test_the_tagging_api(authority: Any, arns: list[str], is_signed: bool) -> None:
    def listed(**members: Any) -> list[str]:
        pages = tagging.get_paginator("get_resources").paginate(ResourcesPerPage=2, **members)
        return sorted(pages.search("ResourceTagMappingList[].ResourceARN"))

    with acm_endpoint(authority, is_signed=is_signed) as acm:
        tagging = acm.client("resourcegroupstaggingapi")
        assert listed(ResourceTypeFilters=["acm:certificate"]) == sorted(arns[1:])
        assert acm.count("GetResources") == 2  # the second page knows that it is the last
        assert listed(TagFilters=[{"Key": "Number", "Values": ["3", "4"]}]) == sorted(arns[3:])
        assert listed(TagFilters=[{"Key": "Number"}]) == sorted(arns[1:])
        assert listed(ResourceTypeFilters=["ec2:instance"]) == []
        some = tagging.get_resources(ResourceARNList=arns[:2])
        assert [(each["ResourceARN"], each["Tags"]) for each in some["ResourceTagMappingList"]] == [
            (arns[1], [{"Key": "Number", "Value": "1"}])
        ]
        assert some["PaginationToken"] == ""


def test_signatures_on_request(authority: Any) -> None:
    with acm_endpoint(authority, is_signed=True) as acm:
        acm.client().list_certificates()
        assert acm.connection["secret_key"] == AccessKeys(authority.store, authority.vault).owner().secret
    with acm_endpoint(authority) as acm:
        assert acm.connection["secret_key"] != AccessKeys(authority.store, authority.vault).owner().secret


@pytest.fixture
def detached(tmp_path: Path) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-B", str(PROGRAM), str(tmp_path / "authority"), "--throttle", "0.5", "--detach"]
    done = subprocess.run(
        [*command, "--log", str(tmp_path / "log")], capture_output=True, text=True, timeout=60, check=True
    )
    told = json.loads(done.stdout)
    yield told
    os.kill(told["pid"], signal.SIGTERM)


def test_as_a_program(detached: dict[str, Any], tmp_path: Path) -> None:
    import boto3

    client = boto3.client(
        "acm",
        endpoint_url=detached["connection"]["endpoint_url"],
        region_name=detached["connection"]["region"],
        aws_access_key_id=detached["connection"]["access_key"],
        aws_secret_access_key=detached["connection"]["secret_key"],
    )
    client.list_certificates()
    deadline = time.monotonic() + 5
    while not read_log(tmp_path / "log") and time.monotonic() < deadline:
        time.sleep(0.01)
    calls = read_log(tmp_path / "log")
    assert calls[-1].operation == "ListCertificates" and calls[-1].outcome == "ok"
    assert {call.outcome for call in calls} <= {"ok", "ThrottlingException"}
