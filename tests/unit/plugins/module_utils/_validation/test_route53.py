# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Publishing in Route 53, against moto's."""

from __future__ import annotations

import typing as t
from collections import Counter
from pathlib import Path

import boto3
import pytest
from ansible_collections.certops.acm.plugins.module_utils._validation.dns_records import PublishError, Record
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._validation.route53 import Route53

APEX = Record("_a.example.com", "_1.acm-validations.aws")
DEEP = Record("_b.www.deep.example.com", "_2.acm-validations.aws")
OTHER = Record("_c.example.net", "_3.acm-validations.aws")


class Aws:
    """moto, with the calls counted."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.accounts: set[str] = set()
        self.client = self.connect("route53")

    def connect(self, service: str) -> t.Any:
        client = boto3.client(service, region_name="eu-central-1")
        client.meta.events.register("before-call", lambda model, **_others: self.calls.update([model.name]))
        return client

    def zone(self, name: str, private: bool = False) -> str:
        vpc = {"VPC": {"VPCRegion": "eu-central-1", "VPCId": "vpc-1"}} if private else {}
        reference = f"{name}{self.calls.total()}"
        made = self.client.create_hosted_zone(
            Name=name, CallerReference=reference, HostedZoneConfig={"PrivateZone": private}, **vpc
        )
        return str(made["HostedZone"]["Id"]).rpartition("/")[2]

    def put(self, zone: str, **record: t.Any) -> None:
        change = {"Action": "CREATE", "ResourceRecordSet": record}
        self.client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})

    def values(self, zone: str) -> dict[str, list[str]]:
        pages = self.client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
        return {
            record["Name"]: [value["Value"] for value in record["ResourceRecords"]]
            for page in pages
            for record in page["ResourceRecordSets"]
            if record["Type"] == "CNAME"
        }

    def changes(self) -> int:
        return self.calls["ChangeResourceRecordSets"]


@pytest.fixture
def aws(moto: None) -> Aws:
    return Aws()


def publisher(aws: Aws, **settings: t.Any) -> Route53:
    return Route53(settings, aws.connect)


def publish(aws: Aws, *records: Record, **settings: t.Any) -> list[t.Any]:
    where = publisher(aws, **settings)
    changes = where.plan(records)
    where.apply(changes)
    return changes


def test_each_record_goes_to_the_longest_public_zone(aws: Aws) -> None:
    top, deep, other = aws.zone("example.com"), aws.zone("deep.example.com"), aws.zone("example.net")
    aws.zone("www.deep.example.com", private=True)
    aws.zone("eep.example.com")  # ends alike, but is not a parent
    changes = publish(aws, APEX, DEEP, OTHER)
    assert [change.zone for change in changes] == [
        f"example.com ({top})",
        f"deep.example.com ({deep})",
        f"example.net ({other})",
    ]
    assert aws.values(top) == {"_a.example.com.": ["_1.acm-validations.aws."]}
    assert aws.values(deep) == {"_b.www.deep.example.com.": ["_2.acm-validations.aws."]}
    assert aws.values(other) == {"_c.example.net.": ["_3.acm-validations.aws."]}


def test_one_batch_per_zone(aws: Aws) -> None:
    aws.zone("example.com")
    publish(aws, *[Record(f"_{number}.example.com", "_v.acm-validations.aws") for number in range(20)])
    assert aws.changes() == 1
    assert aws.calls["ListHostedZones"] == 1


def test_a_second_run_changes_nothing(aws: Aws) -> None:
    zone = aws.zone("example.com")
    publish(aws, APEX)
    assert publish(aws, APEX) == []
    assert aws.changes() == 1
    aws.client.change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={
            "Changes": [
                {
                    "Action": "UPSERT",
                    "ResourceRecordSet": {
                        "Name": "_a.example.com",
                        "Type": "CNAME",
                        "TTL": 5,
                        "ResourceRecords": [{"Value": "_1.ACM-validations.aws"}],
                    },
                }
            ]
        },
    )
    assert publisher(aws).plan([APEX]) == []  # case, the last dot and the TTL are no difference


def test_a_plan_changes_nothing(aws: Aws) -> None:
    aws.zone("example.com")
    assert len(publisher(aws).plan([APEX])) == 1
    assert aws.changes() == 0


def test_a_wrong_value_is_replaced(aws: Aws) -> None:
    zone = aws.zone("example.com")
    publish(aws, Record(APEX.name, "_old.acm-validations.aws"))
    (change,) = publish(aws, APEX, ttl=60)
    assert (change.action, change.before) == ("replace", ("_old.acm-validations.aws",))
    assert aws.values(zone) == {"_a.example.com.": ["_1.acm-validations.aws."]}


def test_no_public_zone(aws: Aws) -> None:
    aws.zone("example.com", private=True)
    with pytest.raises(PublishError, match="No public hosted zone in this account contains _a.example.com"):
        publisher(aws).plan([APEX])
    with pytest.raises(
        PublishError,
        match="contains www.example.com: create it, or give the account that has it with publish.route53.profile",
    ):
        publisher(aws).check(["www.example.com"])


def test_a_zone_that_does_not_exist(aws: Aws) -> None:
    with pytest.raises(PublishError, match="publish.route53.zone_ids names Z0NONE, which is not a hosted zone"):
        publisher(aws, zone_ids=["Z0NONE"]).check(["www.example.com"])


def test_two_zones_with_the_same_name_require_a_choice(aws: Aws) -> None:
    one, two = aws.zone("example.com"), aws.zone("example.com")
    with pytest.raises(PublishError, match="Several public hosted zones are called example.com"):
        publisher(aws).plan([APEX])
    publish(aws, APEX, zone_ids=[f"/hostedzone/{two}"])
    assert aws.values(one) == {} and len(aws.values(two)) == 1


def test_only_the_given_zones_are_used(aws: Aws) -> None:
    zone = aws.zone("example.com")
    aws.zone("example.net")
    with pytest.raises(PublishError, match="of publish.route53.zone_ids contains _c.example.net: add the ID"):
        publisher(aws, zone_ids=[zone]).plan([OTHER])
    private = aws.zone("internal.example.com", private=True)
    with pytest.raises(PublishError, match="is private"):
        publisher(aws, zone_ids=[private]).plan([APEX])
    with pytest.raises(PublishError, match="zone_ids names Z0, which is not a hosted zone"):
        publisher(aws, zone_ids=["Z0"]).plan([APEX])


def test_an_alias_or_a_routing_policy_is_reported(aws: Aws) -> None:
    zone = aws.zone("example.com")
    aws.put(
        zone,
        Name=APEX.name,
        Type="CNAME",
        SetIdentifier="blue",
        Weight=1,
        TTL=60,
        ResourceRecords=[{"Value": "_1.acm-validations.aws"}],
    )
    with pytest.raises(PublishError, match="alias or a routing policy"):
        publisher(aws).plan([APEX])


def test_more_zones_than_a_page(aws: Aws) -> None:
    for number in range(120):
        aws.zone(f"z{number}.example.org")
    zone = aws.zone("example.com")
    publish(aws, APEX)
    assert len(aws.values(zone)) == 1 and aws.calls["ListHostedZones"] == 2


def test_more_records_than_a_batch(aws: Aws) -> None:
    aws.zone("example.com")
    publish(aws, *[Record(f"_{number}.example.com", "_v.acm-validations.aws") for number in range(450)])
    assert aws.changes() == 2


def test_the_zones_of_another_account_by_role(aws: Aws) -> None:
    aws.zone("example.com")  # in this account: must not be taken
    role = "arn:aws:iam::111122223333:role/dns-records"
    lent = boto3.client("sts", region_name="eu-central-1").assume_role(RoleArn=role, RoleSessionName="tests")[
        "Credentials"
    ]
    there = boto3.client(
        "route53",
        aws_access_key_id=lent["AccessKeyId"],
        aws_secret_access_key=lent["SecretAccessKey"],
        aws_session_token=lent["SessionToken"],
    )
    made = there.create_hosted_zone(Name="example.com", CallerReference="there")["HostedZone"]["Id"].rpartition("/")[2]
    (change,) = publish(aws, APEX, role_arn=role, external_id="acm")
    assert change.zone == f"example.com ({made})"
    names = [r["Name"] for r in there.list_resource_record_sets(HostedZoneId=made)["ResourceRecordSets"]]
    assert "_a.example.com." in names
    assert aws.calls["AssumeRole"] == 1
    with pytest.raises(
        PublishError, match=f"in the account of {role} contains _c.example.net: .* correct .*route53.role_arn"
    ):
        publish(aws, OTHER, role_arn=role)


def test_the_zones_of_another_profile(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = aws.zone("example.com")
    file = tmp_path / "credentials"
    file.write_text("[dns]\naws_access_key_id = testing\naws_secret_access_key = testing\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    publish(aws, APEX, profile="dns")
    assert len(aws.values(zone)) == 1
    assert aws.calls["ListHostedZones"] == 0  # not through the task's own session
    with pytest.raises(
        PublishError, match="in the account of the profile dns contains _c.*correct publish.route53.profile"
    ):
        publish(aws, OTHER, profile="dns")
    with pytest.raises(PublishError, match="publish.route53: The profile nobody is not in the AWS configuration"):
        publisher(aws, profile="nobody").plan([APEX])


def test_a_refusal_by_route_53_is_one_sentence(aws: Aws) -> None:
    zone = aws.zone("example.com")
    aws.put(zone, Name=APEX.name, Type="A", TTL=60, ResourceRecords=[{"Value": "192.0.2.1"}])
    aws.zone("example.net")
    where = publisher(aws)
    changes = where.plan([OTHER, APEX])
    gone = [*changes[:1], changes[1]._replace(zone="example.com (Z0)")]
    with pytest.raises(PublishError, match="ChangeResourceRecordSets failed with NoSuchHostedZone") as caught:
        where.apply(gone)
    assert caught.value.done == changes[:1]


def test_without_credentials(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(service: str) -> t.Any:
        from botocore.exceptions import NoCredentialsError

        raise NoCredentialsError

    with pytest.raises(PublishError, match="Route 53 cannot be used: no AWS credentials were found; give access_key"):
        Route53({}, connect).plan([APEX])


def test_invalid_settings(aws: Aws) -> None:
    with pytest.raises(InvalidInput, match="external_id is only valid together with role_arn"):
        publisher(aws, external_id="x")
