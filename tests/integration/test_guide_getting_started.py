# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/getting-started.md: its commands and their output, its policies, and the messages that it explains."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.certops.acm.tests.support import guide_reader
from ansible_collections.certops.acm.tests.support.aws_account import AwsAccount, aws_account
from ansible_collections.certops.acm.tests.support.guide_reader import YAML, Reader

PAGE = "getting-started.md"
ROLE = "Route 53 in another account"
# In the policy, but not needed by a run without failures.
IN_RESERVE = {"acm:ListCertificates"}


@pytest.fixture
def aws(tmp_path: Path) -> t.Iterator[AwsAccount]:
    with aws_account(tmp_path / "acm") as account:
        account.zone("example.com", "Z0123456789ABCDEFGHIJ")
        account.zone("example.net", "Z9876543210ZYXWVUTSRQ", account_id="444455556666")
        yield account


def test_the_first_certificate(aws: AwsAccount, tmp_path: Path) -> None:
    reader = Reader(PAGE, tmp_path, aws.environment | YAML)
    reader.follow("Check them")
    aws.actions.clear()
    reader.follow("The first certificate")
    assert aws.actions == guide_reader.allowed(PAGE, "Before you start", 0) - IN_RESERVE
    reader.follow("Check that it worked")


def test_a_zone_in_another_account(aws: AwsAccount, tmp_path: Path) -> None:
    Reader(PAGE, tmp_path, aws.environment | YAML).follow(ROLE)
    records = guide_reader.allowed(PAGE, ROLE, 1)
    assert {action for action in aws.actions if action.startswith("route53:")} == records
    assert {action for action in aws.actions if action.startswith("sts:")} == guide_reader.allowed(PAGE, ROLE, 2)


# What leads to each message under "What goes wrong": the task and its environment.
WWW, PUBLISH = {"domain_name": "www.example.com"}, {"publish": {"route53": {}}}
FORBIDDEN, FULL = "us-west-1", "us-west-2"
# AWS itself, which cannot be reached.
UNREACHABLE = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "HTTPS_PROXY": "http://127.0.0.1:1"}
MISHAPS: list[tuple[dict[str, t.Any], dict[str, str]]] = [
    (WWW, {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}),
    (WWW, {"AWS_REGION": ""}),
    ({**WWW, "region": "eu-centrl-1"}, UNREACHABLE),
    ({**WWW, "region": FORBIDDEN}, {}),
    ({"domain_name": "www.example.org", **PUBLISH}, {}),
    ({"domain_name": "www.example.org", "wait": True, "wait_timeout": 1}, {}),
    ({"domain_name": "caa.example.com", **PUBLISH, "wait": True}, {}),
    ({**WWW, "profile": "acm"}, {}),
    ({**WWW, "region": FULL}, {}),
]


def test_what_goes_wrong(aws: AwsAccount, tmp_path: Path) -> None:
    aws.record("Z0123456789ABCDEFGHIJ", "caa.example.com", "CAA", '0 issue "ca.example.net"')
    aws.acm_in(FORBIDDEN)[0].configure({"request_policy": {"acm:ValidationMethod": ["EMAIL"]}})
    aws.acm_in(FULL)[0].configure({"quota_certificates": 0})
    tasks = [
        {
            "certops.acm.acm_certificate": arguments,
            "environment": {"AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1", **environment},
            "ignore_errors": True,
            "register": f"mishap_{number}",
        }
        for number, (arguments, environment) in enumerate(MISHAPS)
    ]
    write = {"ansible.builtin.copy": {"dest": "messages.json", "content": "{{ found }}", "mode": "0644"}}
    write["vars"] = {"found": [f"{{{{ mishap_{number}.msg }}}}" for number in range(len(MISHAPS))]}
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [*tasks, write]}]
    (tmp_path / "mishaps.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    Reader(PAGE, tmp_path, aws.environment | YAML).run("ansible-playbook mishaps.yml")
    messages = json.loads((tmp_path / "messages.json").read_text(encoding="utf-8"))
    explained = guide_reader.sentences(PAGE, "What goes wrong")
    for message in messages:
        assert any(sentence in message for sentence in explained), message
    assert [each for each in explained if not any(each in message for message in messages)] == []
