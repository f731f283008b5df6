# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""acm_authority_records_info: the module as Ansible runs it, and the verbs of the command line that read the same."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import audit, creation
from ansible_collections.certops.acm.plugins.module_utils._authority.operations import table
from ansible_collections.certops.acm.plugins.module_utils._authority.wire import command_line
from ansible_collections.certops.acm.tests.support.authority_client import authority_client


@pytest.fixture
def path(tmp_path: Path) -> str:
    """An authority with five calls, one of them refused. Its key has since been moved away."""
    path = str(tmp_path / "authority")
    ca = creation.create(path).cas.private("corp", key_algorithm="EC_prime256v1").arn
    acm = authority_client(path)
    for name in ("a.corp.test", "b.corp.test"):
        arn = acm.request_certificate(DomainName=name, CertificateAuthorityArn=ca, KeyAlgorithm="EC_prime256v1")
    acm.export_certificate(CertificateArn=arn["CertificateArn"], Passphrase=b"passphrase")
    acm.list_certificates()
    with pytest.raises(acm.exceptions.ResourceNotFoundException):
        acm.describe_certificate(CertificateArn=arn["CertificateArn"][:-4] + "0000")
    (tmp_path / "authority" / "key-encryption-key").rename(tmp_path / "elsewhere")
    return path


def names(result: dict[str, t.Any]) -> list[str]:
    return [record["eventName"] for record in result["records"]]


def test_records_are_read(path: str, run_module: t.Any) -> None:
    everything = run_module("acm_authority_records_info", {"path": path})
    assert everything["changed"] is False and everything["next_token"] is None
    assert names(everything) == [
        "RequestCertificate", "RequestCertificate", "ExportCertificate", "ListCertificates", "DescribeCertificate",
    ]  # fmt: skip
    arn = everything["records"][1]["responseElements"]["certificateArn"]

    def found(**options: t.Any) -> list[str]:
        return names(run_module("acm_authority_records_info", {"path": path, **options}))

    assert found(operations=["ExportCertificate"]) == ["ExportCertificate"]
    assert found(certificate_arn=arn) == ["RequestCertificate", "ExportCertificate"]
    assert found(outcome="refused") == ["DescribeCertificate"]
    assert found(outcome="succeeded", operation="DescribeCertificate") == []
    assert len(found(start="1h")) == 5 and found(end="1h") == [] and found(start="2999-01-01") == []


def test_records_come_in_pages(path: str, run_module: t.Any) -> None:
    found, token = [], None
    for _page in range(3):
        page = run_module("acm_authority_records_info", {"path": path, "max_records": 2, "next_token": token})
        found += names(page)
        token = page["next_token"]
    assert token is None and len(found) == 5


def test_the_metric(path: str, run_module: t.Any) -> None:
    result = run_module("acm_authority_records_info", {"path": path, "max_records": 1, "days_to_expiry": True})
    first, _second = result["metric_data"]
    assert (first["Namespace"], first["MetricName"], first["Unit"]) == (
        "AWS/CertificateManager",
        "DaysToExpiry",
        "None",
    )
    assert first["Dimensions"][0]["Name"] == "CertificateArn" and first["Value"] in (394, 395)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"path": "/nonexistent"}, "There is no embedded authority in /nonexistent"),
        (
            {"start": "yesterday"},
            "yesterday is not a time: write it like 2026-11-23T12:00:00Z, or like 90m, 12h or 7d for a time that long "
            "ago.",
        ),
        ({"max_records": 0}, "max_records is 0: it must be 1 or more."),
        ({"next_token": "x"}, "next_token is x: give the next_token that an earlier task returned."),
        (
            {"operations": ["ExportCertificate", "ExportCertificates"]},
            "ExportCertificates is not an operation that the authority records; did you mean ExportCertificate?",
        ),
        (
            {"operations": ["export_certificate"]},
            "export_certificate is not an operation that the authority records; did you",
        ),
        (
            {"operations": ["xyz"]},
            "xyz is not an operation that the authority records; it may be AddTags",
        ),
    ],
)
def test_what_is_refused(path: str, run_module: t.Any, options: dict[str, t.Any], said: str) -> None:
    result = run_module("acm_authority_records_info", {"path": path, **options})
    assert result["failed"] and result["msg"].startswith(said)


def test_the_verbs_of_the_command_line(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    def lines(*arguments: str) -> list[t.Any]:
        assert command_line.main([arguments[0], path, *arguments[1:]]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [each["eventName"] for each in lines("records", "--refused")] == ["DescribeCertificate"]
    assert len(lines("records", "--limit", "3")) == 3
    with pytest.raises(SystemExit):
        lines("records", "--limit", "-1")
    assert [each["eventName"] for each in lines("records", "--operation", "ExportCertificate", "--start", "1d")] == [
        "ExportCertificate"
    ]
    assert {each["MetricName"] for each in lines("metric")} == {"DaysToExpiry"}
    assert command_line.main(["metric", path, "--prometheus"]) == 0
    assert 'acm_certificate_days_to_expiry{arn="arn:aws:acm:' in capsys.readouterr().out
    assert command_line.main(["records", path, "--operation", "RenewCertificat"]) == 1
    assert capsys.readouterr().err.endswith("did you mean RenewCertificate?\n")
    assert command_line.main(["records", path, "--start", "soon"]) == 1
    assert capsys.readouterr().err.startswith("soon is not a time: write it like 2026-11-23T12:00:00Z, or like 90m,")


def test_every_operation_can_be_requested() -> None:
    assert set(audit.OPERATIONS) == set(table.OPERATIONS)
