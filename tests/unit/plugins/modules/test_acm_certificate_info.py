# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""acm_certificate_info from its options to its answer, on an embedded authority."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.tests.support.authority_client import authority_client
from ansible_collections.certops.acm.tests.support.name_server import NameServer, name_server

KEYS = {"domain_name", "method", "status", "problem", "reason", "remedy"}
NAMES = {"one": ["www.example.com", "*.shop.example.com"], "two": ["api.example.net"], "three": ["www.example.com"]}


@pytest.fixture(name="made", scope="module")
def fixture_made(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, str]]:
    """ARNs by name, the path of the authority under `path`."""
    path = str(tmp_path_factory.mktemp("info") / "authority")
    authority = creation.create(path)
    ca = authority.cas.private("internal", key_algorithm="EC_prime256v1").arn
    acm = authority_client(path)
    arns = {"path": path}
    for name, (first, *others) in NAMES.items():
        request: dict[str, t.Any] = {"SubjectAlternativeNames": others} if others else {}
        request["Tags"] = [{"Key": "name", "Value": name}]
        if name == "three":
            request["ValidationMethod"] = "DNS"
        else:
            request.update(CertificateAuthorityArn=ca, KeyAlgorithm="EC_prime256v1")
        arns[name] = acm.request_certificate(DomainName=first, **request)["CertificateArn"]
        acm.describe_certificate(CertificateArn=arns[name])
    yield arns


@pytest.fixture(name="look")
def fixture_look(run_module: t.Any, made: dict[str, str]) -> t.Callable[..., t.Any]:
    arns = {arn: name for name, arn in made.items()}

    def look(**options: t.Any) -> t.Any:
        result = run_module("acm_certificate_info", {"authority": made["path"], **options})
        if "certificates" not in result:
            return result["msg"]
        assert result["changed"] is False
        for one in result["certificates"]:
            one["is"] = arns[one["certificate_arn"]]
        return result["certificates"]

    return look


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, ["two", "one", "three"]),
        ({"domain_name": "WWW.example.com"}, ["one", "three"]),
        ({"domain_names": ["www.example.com", "*.shop.example.com"]}, ["one"]),
        ({"domain_name": "a.shop.example.com"}, []),
        ({"domain_name": "a.shop.example.com", "covering": True}, ["one"]),
        ({"tags": {"name": "two"}}, ["two"]),
        ({"tags": {"name": ""}}, ["two", "one", "three"]),
        ({"tags": {"name": "four"}}, []),
        ({"status": "PENDING_VALIDATION"}, ["three"]),
        ({"statuses": ["ISSUED"], "types": ["PRIVATE"]}, ["two", "one"]),
        ({"types": ["IMPORTED"]}, []),
        ({"key_algorithm": "RSA_2048"}, ["three"]),
        ({"key_types": ["EC_prime256v1", "EC_secp384r1"]}, ["two", "one"]),
        ({"in_use": True}, []),
        ({"exported": False}, ["two", "one", "three"]),
        ({"expires_within": 390}, []),
        ({"expires_within": 396}, ["two", "one"]),
    ],
)
def test_conditions(look: t.Any, options: dict[str, t.Any], found: list[str]) -> None:
    assert sorted(one["is"] for one in look(**options)) == sorted(found)


def test_valid_certificates_come_first(look: t.Any) -> None:
    assert [one["is"] for one in look()][-1] == "three"


def test_more_on_demand(look: t.Any, made: dict[str, str]) -> None:
    plain = look(domain_name="api.example.net")[0]
    assert not {"tags", "certificate", "in_use_by", "diagnosis"} & set(plain)
    full = look(domain_name="api.example.net", details=True, pem=True, include_tags=True, diagnose=True)[0]
    assert full["tags"] == {"name": "two"}
    assert full["certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert full["in_use_by"] == []
    assert full["diagnosis"] == []
    assert {key: full[key] for key in plain if key not in ("options", "extended_key_usages")} == {
        key: plain[key] for key in plain if key not in ("options", "extended_key_usages")
    }
    assert "PRIVATE KEY" not in str(full)


def test_by_arn(look: t.Any, made: dict[str, str]) -> None:
    assert [one["is"] for one in look(certificate_arn=made["two"])] == ["two"]
    assert look(certificate_arn=made["two"][:-4] + "0000") == []
    several = [made["two"], made["two"][:-4] + "0000", made["one"], made["two"]]
    assert sorted(one["is"] for one in look(certificate_arns=several)) == ["one", "two"]
    assert [one["exported"] for one in look(certificate_arns=several, details=True)] == [False, False]
    assert look(certificate_arns=[]) == []


def test_diagnosis_by_real_queries(look: t.Any) -> None:
    def problems(server: NameServer) -> list[str]:
        (stuck,) = look(statuses=["PENDING_VALIDATION"], diagnose=True, resolvers=[server.endpoint])
        assert all(set(one) == KEYS for one in stuck["diagnosis"])
        return [one["problem"] for one in stuck["diagnosis"]]

    (pending,) = look(statuses=["PENDING_VALIDATION"], details=True)
    record = pending["domain_validation_options"][0]["resource_record"]
    with name_server({"example.com": "www A 192.0.2.1"}) as server:
        assert problems(server) == ["record_missing"]
        server.add(record["name"], "CNAME", "_other.acm-validations.aws.")
        assert problems(server) == ["value_wrong"]
        server.remove(record["name"])
        server.add(record["name"], "CNAME", record["value"])
        server.add("www.example.com", "CAA", '0 issue "letsencrypt.org"')
        assert problems(server) == ["caa_forbids"]
        server.remove("www.example.com", "CAA")
        assert problems(server) == ["pending"]


def test_a_renewal_blocked_by_the_ca(run_module: t.Any, tmp_path: Path) -> None:
    path = str(tmp_path / "authority")
    authority = creation.create(path)
    ca = authority.cas.private("internal", key_algorithm="EC_prime256v1").arn
    acm = authority_client(path)
    arn = acm.request_certificate(
        DomainName="db.example.com", CertificateAuthorityArn=ca, KeyAlgorithm="EC_prime256v1"
    )["CertificateArn"]
    acm.export_certificate(CertificateArn=arn, Passphrase=b"only for a test")
    authority.cas.set_status("internal", "DISABLED")
    acm.renew_certificate(CertificateArn=arn)
    acm.describe_certificate(CertificateArn=arn)
    for which in ({}, {"certificate_arns": [arn]}):
        (found,) = run_module("acm_certificate_info", {"authority": path, "diagnose": True, **which})["certificates"]
        assert [one["problem"] for one in found["diagnosis"]] == ["renewal_stuck"]
        assert "PCA_INVALID_STATE: the private CA is not active." in found["diagnosis"][0]["reason"]
        assert found["renewal_summary"]["renewal_status_reason"] == "PCA_INVALID_STATE"


def test_the_authoritys_own_name_servers_are_asked(run_module: t.Any, tmp_path: Path) -> None:
    with name_server({"example.com": ""}) as server:
        path = str(tmp_path / "authority")
        creation.create(path, settings={"resolvers": [server.endpoint]})
        authority_client(path).request_certificate(DomainName="a.example.com", ValidationMethod="DNS")
        result = run_module("acm_certificate_info", {"authority": path, "diagnose": True})
    assert [one["problem"] for one in result["certificates"][0]["diagnosis"]] == ["record_missing"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"covering": True}, "covering needs domain_names"),
        ({"domain_name": "nope.x"}, "domain_name: 'nope.x' does not end in a top-level domain; give a full name"),
        ({"domain_names": ["nope.x"]}, "domain_names: 'nope.x' does not end in a top-level domain; give a full name"),
        ({"domain_name": "a b.example.com"}, "character other than"),
        ({"expires_within": -1}, "number of days from 0"),
        ({"certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/1"}, "in region eu-west-1"),
        ({"certificate_arn": "x"}, "is not an ARN"),
        ({"certificate_arn": "x"}, "is not an ARN"),
        ({"diagnose": True, "resolvers": ["ns1.example.com"]}, "not a name server"),
        ({"status": "GOOD"}, "Value of statuses must be one or more of"),
    ],
)
def test_bad_input(look: t.Any, options: dict[str, t.Any], sentence: str) -> None:
    assert sentence in look(**options)
