# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""acm_certificate from its options to its answer, on an embedded authority, with every call counted."""

from __future__ import annotations

import collections
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.plugins.module_utils._door import acm
from ansible_collections.certops.acm.plugins.module_utils._validation import rfc2136
from ansible_collections.certops.acm.plugins.module_utils._door.acm import AcmError
from ansible_collections.certops.acm.plugins.modules import acm_certificate
from ansible_collections.certops.acm.tests.support.acm_endpoint import acm_endpoint
from ansible_collections.certops.acm.tests.support.authority_client import authority_client
from ansible_collections.certops.acm.tests.support.name_server import name_server

TREE = Path(__file__).resolve().parents[7]
READS = ("Describe", "List", "Search", "Get")


class Calls(t.List[str]):
    """The operations that were called."""

    @property
    def writes(self) -> list[str]:
        return [operation for operation in self if not operation.startswith(READS)]

    @property
    def counts(self) -> dict[str, int]:
        return dict(collections.Counter(self))


@pytest.fixture(name="calls")
def fixture_calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    calls = Calls()
    call = acm.Acm.call

    def counted(acm: acm.Acm, operation: str, **members: t.Any) -> dict[str, t.Any]:
        calls.append(operation)
        return call(acm, operation, **members)

    monkeypatch.setattr(acm.Acm, "call", counted)
    return calls


@pytest.fixture(name="place")
def fixture_place(tmp_path: Path) -> dict[str, str]:
    """An authority with a private CA: its path and the CA's ARN."""
    authority = creation.create(str(tmp_path / "authority"))
    return {"path": authority.path, "ca": authority.cas.private("internal", key_algorithm="EC_prime256v1").arn}


@pytest.fixture(name="task")
def fixture_task(run_module: t.Any, place: dict[str, str], calls: Calls) -> t.Callable[..., dict[str, t.Any]]:
    def task(check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        calls.clear()
        return dict(
            run_module("acm_certificate", {"authority": place["path"], "_ansible_check_mode": check, **options})
        )

    return task


def private(place: dict[str, str], name: str, **options: t.Any) -> dict[str, t.Any]:
    return {
        "domain_name": name,
        "certificate_authority_arn": place["ca"],
        "key_algorithm": "EC_prime256v1",
        "wait": True,
        **options,
    }


def test_a_private_certificate_through_its_life(task: t.Any, place: dict[str, str], calls: Calls) -> None:
    wanted = private(place, "db.example.com", tags={"a": "1"})
    checked = task(check=True, **wanted)
    assert checked["changed"] and calls.writes == []
    made = task(**wanted)
    assert made["certificate"]["status"] == "ISSUED"
    assert calls.writes == ["RequestCertificate"]
    assert made["diff"] == checked["diff"]
    again = task(**wanted)
    assert not again["changed"]
    assert again["certificate"]["certificate_arn"] == made["certificate"]["certificate_arn"]
    assert sum(calls.counts.values()) <= 3
    arn = {"certificate_arn": made["certificate"]["certificate_arn"]}
    assert not task(**arn)["changed"]
    assert calls == ["DescribeCertificate"]
    assert not task(**arn, tags={"a": "1"})["changed"]
    assert calls.counts == {"DescribeCertificate": 1, "ListTagsForCertificate": 1}
    assert task(**arn, state="absent")["deleted"] == [arn["certificate_arn"]]
    assert task(**wanted)["certificate"]["certificate_arn"] != arn["certificate_arn"]


def test_an_imported_certificate_is_not_deleted_by_its_name_alone(
    task: t.Any, run_module: t.Any, place: dict[str, str], pki: t.Any
) -> None:
    pair = pki.leaf("www.example.com")
    members = {"certificate": pair.pem, "private_key": pair.key_pem, "certificate_chain": pair.chain_pem}
    imported = run_module("acm_import", {"authority": place["path"], **members, "tags": {"Name": "www"}})
    arn = imported["certificate"]["certificate_arn"]
    by_name = task(domain_name="www.example.com", state="absent")
    assert not by_name["changed"] and by_name["deleted"] == []
    warning = json.dumps(by_name["warnings"])
    assert arn in warning and "was imported" in warning
    assert task(name_tag="www", state="absent")["deleted"] == [arn]
    assert "warnings" not in task(domain_name="www.example.com", state="absent")


def test_a_list(task: t.Any, place: dict[str, str], calls: Calls) -> None:
    items = [{"domain_name": f"n{number}.example.com"} for number in range(20)]
    common = private(place, "", tags={"fleet": "blue"})
    del common["domain_name"]
    made = task(**common, certificates=items)
    assert made["changed"] and "failed" not in made
    assert [one["status"] for one in made["certificates"]] == ["ISSUED"] * 20
    again = task(**common, certificates=items)
    assert not again["changed"]
    assert calls.counts["SearchCertificates"] == 1
    assert [one["certificate_arn"] for one in again["certificates"]] == [
        one["certificate_arn"] for one in made["certificates"]
    ]


@pytest.mark.parametrize("refusal", ["AccessDeniedException", "UnknownOperationException"])
def test_without_search(
    task: t.Any, place: dict[str, str], calls: Calls, monkeypatch: pytest.MonkeyPatch, refusal: str
) -> None:
    counted = acm.Acm.call

    def refusing(acm: acm.Acm, operation: str, **members: t.Any) -> dict[str, t.Any]:
        if operation == "SearchCertificates":
            calls.append(operation)
            raise AcmError(operation, refusal, "no")
        return counted(acm, operation, **members)

    monkeypatch.setattr(acm.Acm, "call", refusing)
    wanted = private(place, "db.example.com", subject_alternative_names=["b.example.com"])
    assert task(**wanted)["changed"]
    again = task(**private(place, "B.example.com", subject_alternative_names=["db.example.com"]))
    assert not again["changed"] and "warnings" not in again
    assert calls.counts["ListCertificates"] <= 2  # those of Amazon N2 are listed apart


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"domain_name": "no_name.example.com"}, "character other than letters"),
        ({"domain_name": "www.example.com", "validation_method": "HTTP"}, "only for CloudFront"),
        ({"domain_name": "www.example.com", "wait_interval": 0}, "wait_interval at least 1"),
        ({"certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/1"}, "in region eu-west-1"),
        ({"domain_name": "www.example.com", "renew_before": "100%"}, "renew_before"),
        ({"domain_name": "www.example.com", "publish": {}}, "exactly one way of publishing, route53 or rfc2136"),
        ({"domain_name": "www.example.com", "publish": {"route53": {}}}, "needs AWS"),
        (
            {"domain_name": "www.example.com", "publish": {"rfc2136": {"server": "127.0.0.1", "key_name": "x"}}},
            "key_secret",
        ),
    ],
)
def test_bad_input_is_refused_before_any_call(
    task: t.Any, calls: Calls, options: dict[str, t.Any], sentence: str
) -> None:
    result = task(**options)
    assert result["failed"] and sentence in result["msg"]
    assert result["error"]["code"] == "InvalidInput"
    assert calls == []


def test_the_tsig_algorithms_are_those_that_rfc2136_supports() -> None:
    assert acm_certificate.TSIG_ALGORITHMS == tuple(rfc2136.KEY_ALGORITHMS)


def test_a_run_that_changes_nothing_imports_no_more_than_it_needs(place: dict[str, str]) -> None:
    """Each costs every task some milliseconds, because modules are sent as source."""
    acm = authority_client(place["path"])
    arn = acm.request_certificate(DomainName="a.example.com", CertificateAuthorityArn=place["ca"])["CertificateArn"]
    program = (
        "import json, sys\n"
        "from ansible.module_utils import basic\n"
        "basic._ANSIBLE_ARGS = json.dumps({'ANSIBLE_MODULE_ARGS': json.loads(sys.argv[1])}).encode()\n"
        "basic._ANSIBLE_PROFILE = 'legacy'\n"
        "from ansible_collections.certops.acm.plugins.modules import acm_certificate\n"
        "try:\n    acm_certificate.main()\nexcept SystemExit:\n    pass\n"
        "print(json.dumps([name.rpartition('module_utils.')[2] for name in sys.modules]))\n"
    )
    with acm_endpoint(place["path"]) as endpoint:
        done = subprocess.run(
            [sys.executable, "-c", program, json.dumps({**endpoint.connection, "certificate_arn": arn})],
            env={**os.environ, "PYTHONPATH": str(TREE)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert [call.operation for call in endpoint.calls] == ["DescribeCertificate"]
    result, modules = map(json.loads, done.stdout.strip().splitlines())
    assert result["changed"] is False and result["certificate"]["certificate_arn"] == arn
    assert not {"route53", "rfc2136", "publishing", "readiness", "obstacles", "diagnosis", "dns"} & set(modules)
    assert not [name for name in modules if name.startswith("authority")]


def test_certificates_and_domain_name_are_mutually_exclusive_and_one_is_required(task: t.Any) -> None:
    assert "One of the following is required" in task()["msg"]
    both = task(domain_name="a.example.com", certificates=[{"domain_name": "b.example.com"}])
    assert both["msg"] == "certificates and domain_name cannot be given together: leave one of them out."


def test_an_empty_list_needs_no_call(task: t.Any, calls: Calls) -> None:
    assert task(certificates=[])["certificates"] == []
    assert calls == []


def test_the_time_out_message_says_what_dns_shows(task: t.Any) -> None:
    with name_server({"example.com": ""}) as server:
        wanted = {"domain_name": "www.example.com", "wait": True, "wait_timeout": 0, "resolvers": [server.endpoint]}
        missing = task(**wanted)
        assert missing["failed"] and missing["changed"] and missing["error"]["code"] == "TimedOut"
        assert (
            missing["msg"]
            .partition("public DNS. ")[2]
            .startswith("It does not exist. What was done before remains: the certificate was requested (")
        )
        record = missing["validation_records"][0]
        server.add(record["name"], "CNAME", "_other.acm-validations.aws.")
        assert "leads to _other.acm-validations.aws instead of" in task(**wanted)["msg"]
        server.remove(record["name"])
        server.add(record["name"], "CNAME", record["value"])
        assert task(**wanted)["msg"].endswith("The record exists: ACM only has to check again.")
    wanted["resolvers"] = ["ns1.example.com"]
    assert "not a name server" in task(**wanted)["msg"]


def test_a_secret_appears_nowhere(task: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ="
    way = {"rfc2136": {"server": "127.0.0.1", "port": 1, "key_name": "k", "key_secret": secret}}
    result = task(domain_name="www.example.com", publish=way)
    assert result["failed"] and not result["changed"]
    assert secret not in str({key: value for key, value in result.items() if key != "invocation"})
