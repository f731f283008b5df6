# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/load-balancers.md: a listener gets a certificate, moves to the next one, and the old one is deleted."""

from __future__ import annotations

import os
from pathlib import Path

import boto3
import pytest
from ansible_collections.certops.acm.tests.support import guide_reader
from ansible_collections.certops.acm.tests.support.aws_account import REGION, AwsAccount, aws_account
from ansible_collections.certops.acm.tests.support.guide_reader import Reader
from ansible_collections.certops.acm.tests.support.task_calls import ROOTS

PAGE = "load-balancers.md"


def network() -> dict[str, str]:
    """A load balancer and what it needs; the words of the guide, and what they are here."""
    ec2, elbv2 = boto3.client("ec2", region_name=REGION), boto3.client("elbv2", region_name=REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate((f"{REGION}a", f"{REGION}b"))
    ]
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    elbv2.create_target_group(Name="www", Protocol="HTTP", Port=80, VpcId=vpc)
    elbv2.create_load_balancer(Name="www", Subnets=subnets, SecurityGroups=[group])
    return {
        "subnet-0123456789abcdef0": subnets[0],
        "subnet-0fedcba9876543210": subnets[1],
        "sg-0123456789abcdef0": group,
    }


def certificates(aws: AwsAccount) -> list[str]:
    summaries = aws.client("acm").list_certificates()["CertificateSummaryList"]
    return [each["CertificateArn"] for each in summaries]


def test_a_load_balancer(tmp_path: Path) -> None:
    with aws_account(tmp_path / "acm") as aws:
        aws.zone("example.com", "Z0123456789ABCDEFGHIJ")
        reader = Reader(tmp_path, aws.environment, network())
        aws.actions.clear()
        reader.follow(PAGE, "A load balancer")
        first = certificates(aws)
        reader.follow(PAGE, "Change the names")
        assert len(first) == 1 and len(certificates(aws)) == 1 and certificates(aws) != first
        granted = guide_reader.allowed(PAGE, "Before you start", 0)
        granted |= guide_reader.allowed("getting-started.md", "Before you start", 0)
        assert aws.actions == granted - {"acm:AddTagsToCertificate"}  # which a request with tags needs, but is no call
        reader.follow(PAGE, "Check that it worked", "The same certificate in two regions")


@pytest.mark.skipif(len(ROOTS) < 2, reason="community.aws is not installed.")
def test_cloudfront(tmp_path: Path) -> None:
    with aws_account(tmp_path / "acm") as aws:
        aws.zone("example.com", "Z0123456789ABCDEFGHIJ")
        collections = os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], os.environ["ACM_PEERS"]])
        reader = Reader(tmp_path, {**aws.environment, "ANSIBLE_COLLECTIONS_PATH": collections})
        reader.follow(PAGE, "CloudFront")
        reader.run("ansible-playbook cloudfront.yml")
        arn = aws.client("acm", "us-east-1").list_certificates()["CertificateSummaryList"][0]["CertificateArn"]
        found = aws.client("acm", "us-east-1").describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"]
        assert [user.split(":")[2] for user in found] == ["cloudfront"]
