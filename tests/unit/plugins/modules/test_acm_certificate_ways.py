# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way to validate a name, from the request to the issued certificate: mail, HTTP, and DNS in Route 53."""

from __future__ import annotations

import typing as t
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.tests.support.acm_endpoint import acm_endpoint
from ansible_collections.certops.acm.tests.support.mail_server import mail_server
from ansible_collections.certops.acm.tests.support.name_server import NameServer, name_server
from ansible_collections.certops.acm.tests.support.web_server import redirect, web_server
from moto import mock_aws

KEY = {"key_algorithm": "EC_prime256v1"}


@pytest.fixture(name="bind", scope="module")
def fixture_bind() -> t.Iterator[NameServer]:
    with name_server({"example.com": "@ MX 10 mail\nsilent MX 10 mail", "example.net": ""}) as server:
        yield server


@pytest.fixture(name="place")
def fixture_place(tmp_path: Path, bind: NameServer) -> str:
    path = str(tmp_path / "authority")
    creation.create(path, settings={"resolvers": [bind.endpoint], "resolver_timeout_s": 2})
    return path


@pytest.fixture(name="task")
def fixture_task(run_module: t.Any, place: str) -> t.Callable[..., dict[str, t.Any]]:
    def task(**options: t.Any) -> dict[str, t.Any]:
        return dict(run_module("acm_certificate", {"authority": place, **KEY, **options}))

    return task


def test_an_amazon_n2_certificate(task: t.Any, bind: NameServer) -> None:
    """Requested once, found again, and not taken for a standard certificate of the same name."""
    n2 = {
        "domain_name": "n2.example.com",
        "root_hierarchy_type": "N2_AMAZON_MANAGED",
        "certificate_usage": "CLIENT_AUTH_ONLY",
        "publish": {"rfc2136": bind.rfc2136()},
        "wait": True,
    }
    made = task(**n2)
    assert made["certificate"]["status"] == "ISSUED"
    assert made["certificate"]["certificate_usage"] == "CLIENT_AUTH_ONLY"
    assert [usage["name"] for usage in made["certificate"]["extended_key_usages"]] == ["TLS_WEB_CLIENT_AUTHENTICATION"]
    assert not task(**n2)["changed"]
    other = task(domain_name="n2.example.com")
    assert other["changed"] and "root_hierarchy_type" not in other["certificate"]
    assert not task(domain_name="n2.example.com")["changed"] and not task(**n2)["changed"]


def test_by_mail(task: t.Any, run_module: t.Any, place: str) -> None:
    """Mails are sent, a second run sends none, resending does, and the link in the mail leads to issuance."""
    with mail_server() as server:
        smtp = {"host": "127.0.0.1", "port": server.port}
        assert "failed" not in run_module("acm_authority", {"path": place, "smtp": smtp})
        wanted = {
            "domain_name": "www.example.com",
            "subject_alternative_names": ["*.example.com"],
            "validation_method": "EMAIL",
            "domain_validation_options": [{"domain_name": "www.example.com", "validation_domain": "example.com"}],
        }
        made = task(**wanted)
        assert made["changed"] and made["certificate"]["status"] == "PENDING_VALIDATION"
        assert made["certificate"]["validation_method"] == "EMAIL" and "validation_records" not in made
        sent = len(server.mails)
        assert sent == 2
        late = task(**wanted, wait=True, wait_timeout=0)
        assert not late["changed"] and len(server.mails) == sent
        assert "www.example.com is waiting for approval through ACM's mail to" in late["msg"]
        arn = {"certificate_arn": made["certificate"]["certificate_arn"]}
        again = task(**arn, resend_validation_email=True, _ansible_check_mode=True)
        assert again["diff"]["after"]["validation_emails_for"] == ["www.example.com", "*.example.com"]
        assert len(server.mails) == sent
        again = task(**arn, resend_validation_email=True)
        assert again["actions"] == ["ResendValidationEmail"] * 2 and len(server.mails) == 2 * sent
        pending = [option["domain_name"] for option in again["certificate"]["domain_validation_options"]]
        for name in pending:
            run_module("acm_authority", {"path": place, "approve": [{**arn, "domain_name": name}]})
        issued = task(**wanted, wait=True, wait_timeout=5)
    assert not issued["changed"] and issued["certificate"]["status"] == "ISSUED"
    assert not task(**arn, resend_validation_email=True)["changed"]


def test_a_mail_that_cannot_be_sent(task: t.Any, run_module: t.Any, place: str) -> None:
    assert "failed" not in run_module("acm_authority", {"path": place, "smtp": {"host": "127.0.0.1", "port": 1}})
    made = task(domain_name="www.example.com", validation_method="EMAIL")
    (warning,) = made["warnings"]
    assert "The mail for www.example.com was not sent" in str(warning) and "127.0.0.1:1 cannot be used" in str(warning)
    assert "warnings" not in task(domain_name="www.example.com", validation_method="EMAIL")


def test_a_domain_that_accepts_no_mail(task: t.Any) -> None:
    """It fails immediately and says why, and a diagnosis says what to do."""
    result = task(domain_name="www.example.net", validation_method="EMAIL", wait=True, wait_timeout=5)
    assert result["failed"] and "NO_AVAILABLE_CONTACTS" in result["msg"]
    assert result["error"]["code"] == "RequestFailed"


def test_from_mail_to_dns(task: t.Any, run_module: t.Any, place: str, bind: NameServer) -> None:
    """Where the method cannot be changed, that is reported, and a new certificate is requested if wanted."""
    run_module("acm_authority", {"path": place, "settings": {"email_to_dns": False}})
    made = task(domain_name="silent.example.com", validation_method="EMAIL")
    arn = made["certificate"]["certificate_arn"]
    wanted = {"certificate_arn": arn, "domain_name": "silent.example.com", "validation_method": "DNS"}
    refused = task(**wanted)
    assert refused["failed"] and not refused["changed"]
    assert refused["error"]["operation"] == "UpdateCertificateOptions" and "replace=true" in refused["msg"]
    way = {"publish": {"rfc2136": bind.rfc2136()}, "wait": True, "wait_timeout": 10}
    replaced = task(**wanted, **way, replace=True)
    assert replaced["changed"] and "failed" not in replaced
    assert replaced["certificate"]["status"] == "ISSUED" and replaced["certificate"]["certificate_arn"] != arn
    assert replaced["superseded"]["certificate_arn"] == arn
    again = task(**wanted, **way, replace=True)
    assert not again["changed"]
    assert again["certificate"]["certificate_arn"] == replaced["certificate"]["certificate_arn"]


@pytest.mark.parametrize("is_issued", [False, True])
def test_from_mail_to_dns_where_the_service_offers_it(
    task: t.Any, run_module: t.Any, place: str, bind: NameServer, is_issued: bool
) -> None:
    """As the service does it: for the same certificate, records are published and validation awaited in one task."""
    name = f"{'issued' if is_issued else 'pending'}.silent.example.com"
    domain = {"domain_name": name, "validation_domain": "silent.example.com"}
    made = task(domain_name=name, validation_method="EMAIL", domain_validation_options=[domain])
    arn = {"certificate_arn": made["certificate"]["certificate_arn"]}
    if is_issued:
        run_module("acm_authority", {"path": place, "approve": [{**arn, "domain_name": name}]})
    way = {"validation_method": "DNS", "publish": {"rfc2136": bind.rfc2136()}, "wait": True, "wait_timeout": 10}
    checked = task(**arn, **way, _ansible_check_mode=True)
    assert checked["actions"] == ["UpdateCertificateOptions"]
    assert (checked["diff"]["before"], checked["diff"]["after"]) == (
        {"validation_method": "EMAIL"},
        {"validation_method": "DNS"},
    )
    done = task(**arn, **way)
    assert "failed" not in done and done["actions"] == ["UpdateCertificateOptions", "publish"]
    (record,) = done["validation_records"]
    assert bind.values(record["name"]) == [record["value"]]
    assert done["certificate"]["certificate_arn"] == arn["certificate_arn"]
    assert (done["certificate"]["status"], done["certificate"]["validation_method"]) == ("ISSUED", "DNS")
    assert not task(**arn, **way)["changed"]


def test_by_http(task: t.Any, run_module: t.Any, place: str) -> None:
    wanted = {"domain_name": "web.example.com", "validation_method": "HTTP", "managed_by": "CLOUDFRONT"}
    with web_server({}) as server:
        run_module(
            "acm_authority", {"path": place, "settings": {"http_addresses": {"web.example.com": server.address}}}
        )
        late = task(**wanted, wait=True, wait_timeout=0)
        assert late["failed"] and "to redirect (302) to https://validation." in late["msg"]
        assert "answers 404" in late["msg"]
        (option,) = late["certificate"]["domain_validation_options"]
        where = option["http_redirect"]
        server.pages[urlsplit(where["redirect_from"]).path] = redirect(where["redirect_to"])
        issued = task(**wanted, wait=True, wait_timeout=5)
    assert not issued["changed"] and issued["certificate"]["status"] == "ISSUED"
    assert issued["certificate"]["managed_by"] == "CLOUDFRONT"
    assert "validation_records" not in issued


def test_through_route_53(
    run_module: t.Any, place: str, bind: NameServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """ACM behind its endpoint, Route 53 by moto: each record into the longest public zone, shared ones once."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with acm_endpoint(place) as acm, mock_aws():
        monkeypatch.setenv("AWS_ENDPOINT_URL_ACM", acm.url)
        route53 = boto3.client("route53", region_name=acm.region, aws_access_key_id="a", aws_secret_access_key="b")
        for name, is_private in (("example.com", False), ("example.net", False), ("shop.example.com", True)):
            vpc = {"VPC": {"VPCRegion": acm.region, "VPCId": "vpc-1"}} if is_private else {}
            route53.create_hosted_zone(
                Name=name, CallerReference=name, HostedZoneConfig={"PrivateZone": is_private}, **vpc
            )

        def task(**options: t.Any) -> dict[str, t.Any]:
            who = {key: value for key, value in acm.connection.items() if key != "endpoint_url"}
            return dict(run_module("acm_certificate", {**who, **KEY, "publish": {"route53": {}}, **options}))

        names = {
            "domain_name": "example.com",
            "subject_alternative_names": ["*.example.com", "pay.shop.example.com", "www.example.net"],
        }
        checked = task(**names, _ansible_check_mode=True)
        assert checked["changed"] and acm.count("RequestCertificate") == 0
        made = task(**names)
        assert "failed" not in made and made["actions"] == ["RequestCertificate", "publish"]
        zones = sorted(change["zone"].partition(" ")[0] for change in made["published"])
        assert zones == ["example.com", "example.com", "example.net"]
        found = {}
        for zone in route53.list_hosted_zones()["HostedZones"]:
            for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
                if record["Type"] == "CNAME":
                    assert not zone["Config"]["PrivateZone"]
                    found[record["Name"]] = record["ResourceRecords"][0]["Value"]
        assert found == {record["name"]: record["value"] for record in made["validation_records"]}
        for name, value in found.items():
            bind.add(name, "CNAME", value)
        issued = task(**names, wait=True, wait_timeout=10)
        assert issued["published"] == [] and not issued["changed"]
        assert issued["certificate"]["status"] == "ISSUED"
        lost = task(domain_name="www.example.org")
        assert lost["failed"] and not lost["changed"] and "www.example.org" in lost["msg"]
        assert acm.count("RequestCertificate") == 1  # a zone that is missing is found before the request
