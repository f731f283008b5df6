# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts as findings of Security Hub."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

import boto3
import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels import security_hub
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.security_hub import SecurityHub
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.alert import Alert, DnsRecord
from ansible_collections.certops.acm.tests.support import model_check
from ansible_collections.certops.acm.tests.support.web_server import WebServer
from ansible_collections.certops.acm.tests.support.alert_channels import an_alert, Aws, deliver, keys, NOW, webhook

ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
OTHER = ARN[:-1] + "3"


def hub(aws: Aws, at: datetime = NOW, **settings: t.Any) -> SecurityHub:
    return SecurityHub({"name": "hub", **settings}, connect=aws.connect, now=lambda: at)


TROUBLE = [
    an_alert(f"{ARN}/expiring/7", text="It ends soon.", days_to_expiry=7),
    an_alert(
        f"{ARN}/action_required",
        kind="action_required",
        severity="critical",
        title="www.example.com cannot be renewed",
        text="Publish the record.",
        certificate_arn=ARN,
        domain_name="www.example.com",
        expires_at="2027-03-08T12:00:00Z",
        records=(DnsRecord("_a.www.example.com.", "CNAME", "_b.aws."),),
        facts=(("Reason", "CNAME missing"),),
    ),
    an_alert("run_missed", kind="run_missed"),
]


def test_each_certificate_has_one_finding_that_fits_the_model_of_security_hub(aws: Aws) -> None:
    outcome = deliver([*TROUBLE, an_alert("deployed", kind="deployed", severity="info")], hub(aws))
    assert sorted(keys(outcome.sent)) == sorted(alert.key for alert in TROUBLE)
    (request,) = aws.of("BatchImportFindings")
    shape = aws.connect("securityhub").meta.service_model.operation_model("BatchImportFindings").input_shape
    assert model_check.faults(shape, request) == []
    of_certificate, of_sweep = request["Findings"]
    assert of_certificate["Id"] == ARN and of_sweep["Id"] == "run_missed"
    assert of_certificate["ProductArn"] == "arn:aws:securityhub:eu-central-1:123456789012:product/123456789012/default"
    assert of_certificate["Severity"]["Label"] == "HIGH" and of_certificate["Compliance"] == {"Status": "FAILED"}
    assert of_certificate["Title"] == "www.example.com cannot be renewed"
    assert "Publish the record." in of_certificate["Description"] and "It ends soon." in of_certificate["Description"]
    assert of_certificate["Remediation"]["Recommendation"] == {
        "Text": "Publish the record.",
        "Url": "https://console.aws.amazon.com/acm/home?region=eu-central-1"
        "#/certificates/12345678-1234-1234-1234-123456789012",
    }
    assert of_certificate["Resources"] == [
        {
            "Type": "AwsCertificateManagerCertificate",
            "Id": ARN,
            "Partition": "aws",
            "Region": "eu-central-1",
            "Details": {
                "AwsCertificateManagerCertificate": {
                    "DomainName": "www.example.com",
                    "NotAfter": "2027-03-08T12:00:00Z",
                }
            },
        }
    ]
    assert of_certificate["ProductFields"]["certops.acm/record 1"] == "_a.www.example.com. CNAME _b.aws."


@pytest.mark.parametrize(
    "alert",
    [
        an_alert(
            "k" * 900, title="t" * 300, text="x" * 20_000, facts=tuple((f"f{n}" * 90, "v" * 5000) for n in range(80))
        ),
        an_alert("k", text="", domain_name="", facts=()),
        an_alert(ARN.replace(":aws:", ":aws-cn:"), text="y", expires_at="soon"),
    ],
)
def test_findings_keep_within_their_limits(aws: Aws, alert: Alert) -> None:
    made = security_hub.finding([alert] * 3, "arn:aws:securityhub:eu-central-1:123456789012:product/1/d", "1" * 12, NOW)
    shape = aws.connect("securityhub").meta.service_model.operation_model("BatchImportFindings").input_shape
    assert model_check.faults(shape, {"Findings": [made]}) == []
    sizes = {name: len(made[name]) for name in ("Id", "Title", "Description", "ProductFields")}
    assert sizes["Id"] <= 512 and sizes["Title"] <= 256 and 1 <= sizes["Description"] <= 1024
    assert sizes["ProductFields"] <= 50 and len(made["Remediation"]["Recommendation"]["Text"]) <= 512
    assert all(len(name) <= 128 and len(value) <= 2048 for name, value in made["ProductFields"].items())


def test_a_finding_describes_the_current_problem_and_keeps_its_first_date(aws: Aws) -> None:
    first = deliver(TROUBLE[:2], hub(aws))
    later = [*TROUBLE[:2], an_alert(f"{ARN}/expiring/3", days_to_expiry=3)]
    second = deliver(later, hub(aws, NOW + timedelta(days=4)), told=first.told)
    assert keys(second.sent) == [f"{ARN}/expiring/3"]
    (found,) = aws.findings().values()
    assert found["Title"] == "www.example.com cannot be renewed"  # still the worst, although it was reported before
    assert (found["CreatedAt"], found["UpdatedAt"]) == ("2027-03-01T06:00:00.000Z", "2027-03-05T06:00:00.000Z")


@pytest.mark.parametrize(
    ("resolved", "archived"),
    [
        ([ARN], [ARN]),
        ([OTHER], []),
        (["run_missed"], ["run_missed"]),
        ([f"{ARN}/expiring/7"], []),
        ([f"{ARN}/expiring/7", f"{ARN}/action_required"], [ARN]),
        ([ARN, "run_missed"], [ARN, "run_missed"]),
    ],
)
def test_resolved_findings_are_archived(aws: Aws, resolved: list[str], archived: list[str]) -> None:
    told = deliver(TROUBLE, hub(aws)).told
    foretold = deliver([], hub(aws), told=told, resolved=resolved, is_check=True)
    assert keys(foretold.archived) == archived and len(aws.of("BatchImportFindings")) == 1
    outcome = deliver([], hub(aws), told=told, resolved=resolved)
    assert keys(outcome.archived) == archived
    states = {key: one["RecordState"] for key, one in aws.findings().items()}
    assert sorted(key for key, state in states.items() if state == "ARCHIVED") == sorted(archived)
    updates = aws.of("BatchUpdateFindings")
    assert [one["Id"] for call in updates for one in call["FindingIdentifiers"]] == archived
    assert all(call["Workflow"] == {"Status": "RESOLVED"} for call in updates)
    shape = aws.connect("securityhub").meta.service_model.operation_model("BatchImportFindings").input_shape
    assert all(model_check.faults(shape, call) == [] for call in aws.of("BatchImportFindings"))
    again = deliver([], hub(aws), told=outcome.told, resolved=resolved)
    assert again.archived == [] and len(aws.of("BatchUpdateFindings")) == len(updates)


def test_open_findings_are_not_archived(aws: Aws) -> None:
    told = deliver(TROUBLE, hub(aws)).told
    assert deliver(TROUBLE[:1], hub(aws), told=told, resolved=[ARN]).archived == []


def test_a_finding_by_another_generator_is_left_alone(aws: Aws) -> None:
    deliver(TROUBLE, hub(aws))
    client = boto3.client("securityhub", region_name="eu-central-1")
    foreign = {**aws.of("BatchImportFindings")[0]["Findings"][0], "GeneratorId": "somebody"}
    client.batch_import_findings(Findings=[foreign])
    assert deliver([], hub(aws), resolved=[ARN]).archived == []


def test_a_finding_that_could_not_be_archived_is_archived_the_next_time(aws: Aws, web: WebServer) -> None:
    told = deliver(TROUBLE, hub(aws), webhook(web)).told
    identifier = {"Id": ARN, "ProductArn": "arn:aws:securityhub:eu-central-1:123456789012:product/123456789012/default"}
    aws.unprocessed = [{"FindingIdentifier": identifier, "ErrorCode": "ConcurrentUpdateError", "ErrorMessage": "busy"}]
    of_certificate = [key for key in told if ARN in key]
    outcome = deliver([], hub(aws), webhook(web), told=told, resolved=of_certificate)
    assert outcome.archived == [] and sorted(keys(outcome.undelivered)) == sorted(of_certificate)
    assert "ConcurrentUpdateError" in outcome.undelivered[0]["reason"]
    assert {key: list(outcome.told[key]) for key in of_certificate} == {key: ["hub"] for key in of_certificate}
    aws.unprocessed = []
    again = deliver([], hub(aws), webhook(web), told=outcome.told, resolved=of_certificate)
    assert (keys(again.archived), list(again.told)) == ([ARN], ["run_missed"])


def test_a_finding_that_is_refused_does_not_stop_the_others(aws: Aws) -> None:
    client = aws.connect("securityhub", "eu-central-1")

    def refuse(parsed: dict[str, t.Any], model: t.Any, **_others: t.Any) -> None:
        parsed["FailedFindings"] = [{"Id": ARN, "ErrorCode": "InvalidInput", "ErrorMessage": "not this one"}]
        parsed["FailedCount"] = 1

    client.meta.events.register("after-call.securityhub.BatchImportFindings", refuse)
    outcome = deliver(TROUBLE, hub(aws))
    assert keys(outcome.sent) == ["run_missed"] == list(outcome.told)
    assert {one["reason"] for one in outcome.undelivered} == {
        "Security Hub refuses the finding (InvalidInput): not this one"
    }


def test_security_hub_gets_at_most_a_hundred_findings_per_call(aws: Aws) -> None:
    each = [an_alert(f"{ARN[:-3]}{number:03}/expired", kind="expired", severity="critical") for number in range(150)]
    assert len(deliver(each, hub(aws, region="us-east-1")).sent) == 150
    calls = aws.of("BatchImportFindings")
    assert [len(call["Findings"]) for call in calls] == [100, 50]
    assert calls[0]["Findings"][0]["Severity"]["Label"] == "CRITICAL"
    assert calls[0]["Findings"][0]["ProductArn"].split(":")[3] == "us-east-1"


def test_a_finding_has_room_for_the_cause_and_remedy_of_each_alert() -> None:
    cause, remedy = "nginx serves another certificate.", "Fix what the server complains about."
    alert = an_alert(ARN, text=f"{cause} {' '.join(f'Seen at port {n}: {n * 1111}.' for n in range(200))} {remedy}")
    made = security_hub.finding([alert] * 3, "arn:aws:securityhub:eu-central-1:123456789012:product/1/d", "1" * 12, NOW)
    assert made["Description"].count(cause) == made["Description"].count(remedy) == 3
    advice = made["Remediation"]["Recommendation"]["Text"]
    assert cause in advice and remedy in advice
