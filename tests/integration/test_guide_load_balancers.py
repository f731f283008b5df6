# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/load-balancers.md: a listener gets a certificate, moves to the next one, and the old one is deleted."""

from __future__ import annotations

import contextlib
import os
import re
import ssl
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import jmespath
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from ansible_collections.certops.acm.tests.support import guide_reader
from ansible_collections.certops.acm.tests.support.aws_account import HOME, REGION, AwsAccount, aws_account
from ansible_collections.certops.acm.tests.support.guide_reader import YAML, Reader
from ansible_collections.certops.acm.tests.support.task_calls import ROOTS
from ansible_collections.certops.acm.tests.support.web_server import web_server
from moto.elbv2 import elbv2_backends

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


class Node:
    """Of the load balancer: serves a certificate with the listener's serial, and gets a new one after a handshake."""

    def __init__(self, aws: AwsAccount, folder: Path) -> None:
        self._aws, self._folder, self._arn = aws, folder, ""
        self.served: list[str] = []
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.sni_callback = self._choose

    def _choose(self, connection: t.Any, _name: t.Optional[str], _context: ssl.SSLContext) -> None:
        (balancer,) = elbv2_backends[HOME][REGION].load_balancers.values()
        (listener,) = balancer.listeners.values()
        present, self._arn = self._arn, listener.certificates[0]
        self.served.append(present or self._arn)
        connection.context = self._with_serial_of(self.served[-1])

    def _with_serial_of(self, arn: str) -> ssl.SSLContext:
        serial = self._aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]["Serial"]
        key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
        now = datetime.now(timezone.utc)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), int(serial.replace(":", ""), 16))
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=1))
            .sign(key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (self._folder / "node.pem").write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, *plain))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "node.pem")
        return context


@contextlib.contextmanager
def followed(aws: AwsAccount, folder: Path) -> t.Iterator[tuple[Reader, Node]]:
    """A reader with a load balancer, and a node of it."""
    aws.zone("example.com", "Z0123456789ABCDEFGHIJ")
    node = Node(aws, folder)
    with web_server({}, tls=node.tls) as server:
        here = {"{{ balancer.dns_name }}": "127.0.0.1", "port: 443": f"port: {server.port}", "delay: 10": "delay: 1"}
        yield Reader(PAGE, folder, aws.environment | YAML, {**network(), **here}), node


def test_a_load_balancer(tmp_path: Path) -> None:
    with aws_account(tmp_path / "acm") as aws, followed(aws, tmp_path) as (reader, node):
        aws.actions.clear()
        reader.follow("A load balancer", without=("aws ", "CERTIFICATE_ARN="))
        first = certificates(aws)
        reader.follow("Change the names", without="LISTENER_ARN=")
        assert len(first) == 1 and len(certificates(aws)) == 1 and certificates(aws) != first
        assert node.served == [*first, *first, *certificates(aws)]
        granted = guide_reader.allowed(PAGE, "Before you start", 0)
        granted |= guide_reader.allowed("getting-started.md", "Before you start", 0)
        assert aws.actions == granted - {"acm:AddTagsToCertificate"}  # which a request with tags needs, but is no call
        reader.follow(
            "Check that it worked",
            "The same certificate in two regions",
            without="ansible localhost -m certops.acm.served",
        )
        (balancer,) = elbv2_backends[HOME][REGION].load_balancers.values()
        assert queried(reader, balancer.arn) == {
            "LOAD_BALANCER_ARN": balancer.arn,
            "CERTIFICATE_ARN": [*balancer.listeners.values()][0].certificates,
            "LISTENER_ARN": [*balancer.listeners],
        }


def queried(reader: Reader, arn: str) -> dict[str, t.Any]:
    """The variables that the guide has the AWS CLI set, by its own queries of the same answers."""
    elbv2 = boto3.client("elbv2", region_name=REGION)
    answers = {
        "describe-load-balancers": elbv2.describe_load_balancers(Names=["www"]),
        "describe-listeners": elbv2.describe_listeners(LoadBalancerArn=arn),
    }
    commands = "".join(block.text for block in reader.blocks if block.language == "sh")
    found = re.findall(r"^(\w+)=\$\(aws elbv2 (\S+) [^)]*?--query '([^']+)'", commands, flags=re.MULTILINE)
    return {name: jmespath.search(query, answers[command]) for name, command, query in found}


def test_a_certificate_from_another_playbook(tmp_path: Path) -> None:
    """With other names and the tag, it is replaced, but only on request; the old one is deleted last, or kept."""
    with aws_account(tmp_path / "acm") as aws, followed(aws, tmp_path) as (reader, node):
        other = {"DomainName": "www.example.com", "SubjectAlternativeNames": ["shop.example.com"]}
        acm = aws.client("acm")
        old = acm.request_certificate(**other, ValidationMethod="DNS")["CertificateArn"]
        acm.add_tags_to_certificate(CertificateArn=old, Tags=[{"Key": "Name", "Value": "www"}])
        reader.save("A load balancer")
        reader.run("ansible-playbook site.yml", is_to_fail=True)
        assert any(each in reader.shown for each in guide_reader.sentences(PAGE, "What goes wrong"))
        assert certificates(aws) == [old] and node.served == []
        reader.run("ansible-playbook site.yml -e replace=true --skip-tags delete")
        (new,) = set(certificates(aws)) - {old}
        assert old in certificates(aws) and node.served == [new]
        reader.run("ansible-playbook site.yml")
        assert certificates(aws) == [new]


@pytest.mark.skipif(len(ROOTS) < 2, reason="community.aws is not installed.")
def test_cloudfront(tmp_path: Path) -> None:
    with aws_account(tmp_path / "acm") as aws:
        aws.zone("example.com", "Z0123456789ABCDEFGHIJ")
        collections = os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], os.environ["ACM_PEERS"]])
        reader = Reader(PAGE, tmp_path, {**aws.environment, **YAML, "ANSIBLE_COLLECTIONS_PATH": collections})
        reader.save("CloudFront")
        reader.run("ansible-playbook cloudfront.yml")
        arn = aws.client("acm", "us-east-1").list_certificates()["CertificateSummaryList"][0]["CertificateArn"]
        found = aws.client("acm", "us-east-1").describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"]
        assert [user.split(":")[2] for user in found] == ["cloudfront"]
