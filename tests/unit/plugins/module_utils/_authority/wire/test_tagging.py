# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GetResources of the tagging API: the tags of certificates, filtered, and page by page."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.tagging import get_resources
from ansible_collections.certops.acm.tests.support.authority_lab import Lab

Tags = t.Dict[str, str]


def ask(lab: Lab, **members: t.Any) -> tuple[dict[str, Tags], str]:
    """The tags by ARN, and the token of the next page."""
    reply = get_resources(lab.authority, json.dumps(members).encode())
    assert reply.status == 200, reply.body
    answer = json.loads(reply.body)
    found = answer["ResourceTagMappingList"]
    tags = {each["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in each["Tags"]} for each in found}
    return tags, answer["PaginationToken"]


def tagged(lab: Lab, **tags: str) -> str:
    return lab.private(Tags=[{"Key": key, "Value": value} for key, value in tags.items()])


def test_only_tagged_resources_are_returned(lab: Lab) -> None:
    assert ask(lab) == ({}, "")
    lab.private()
    arn = tagged(lab, team="web", cost="1")
    assert ask(lab) == ({arn: {"team": "web", "cost": "1"}}, "")


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ([{"Key": "team"}], "ab"),
        ([{"Key": "team", "Values": []}], "ab"),
        ([{"Key": "team", "Values": ["web"]}], "a"),
        ([{"Key": "team", "Values": ["web", "mail"]}], "ab"),
        ([{"Key": "team"}, {"Key": "cost", "Values": ["1"]}], "b"),
        ([{"Key": "Team"}], ""),
    ],
)
def test_filters(lab: Lab, filters: list[dict[str, t.Any]], wanted: str) -> None:
    arns = {"a": tagged(lab, team="web"), "b": tagged(lab, team="mail", cost="1"), "c": tagged(lab, cost="1")}
    assert set(ask(lab, TagFilters=filters)[0]) == {arns[name] for name in wanted}


@pytest.mark.parametrize(
    ("types", "is_found"), [(["acm"], True), (["acm:certificate", "ec2"], True), (["ec2"], False), ([], True)]
)
def test_types(lab: Lab, types: list[str], is_found: bool) -> None:
    tagged(lab, team="web")
    assert bool(ask(lab, ResourceTypeFilters=types)[0]) is is_found


def test_pages(lab: Lab) -> None:
    arns = {tagged(lab, number=str(number)) for number in range(7)}
    seen: list[str] = []
    token, sizes = "", []
    while True:
        found, token = ask(lab, ResourcesPerPage=3, PaginationToken=token)
        seen += found
        sizes.append(len(found))
        if not token:
            break
    assert sizes == [3, 3, 1] and len(seen) == 7 and set(seen) == arns
    assert len(ask(lab, ResourcesPerPage=7)[0]) == 7 and ask(lab, ResourcesPerPage=7)[1] == ""


def test_given_arns(lab: Lab) -> None:
    one, other, bare = tagged(lab, team="web"), tagged(lab, team="mail"), lab.private()
    absent = one.replace("us-east-1", "eu-west-1")
    assert ask(lab, ResourceARNList=[one, bare, absent, "x"]) == ({one: {"team": "web"}}, "")
    assert set(ask(lab, ResourceARNList=[one, other])[0]) == {one, other}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"x", "is not JSON"),
        (b"[]", "is not an object"),
        (b'{"TagFilters": [{}]}', "each filter a key"),
        (b'{"TagFilters": [{"Key": ["a"]}]}', "tagFilters.1.member.key is not a string"),
        (b'{"ResourcesPerPage": "many"}', "resourcesPerPage is not an integer"),
        (b'{"ResourcesPerPage": 1e999}', "resourcesPerPage is not an integer"),
        (b'{"ResourcesPerPage": 101}', "Give 1 to 100 resources per page"),
        (b'{"ResourcesPerPage": -1}', "Give 1 to 100 resources per page"),
        (b'{"PaginationToken": "\\ud800"}', "paginationToken contains half of a surrogate pair"),
        (b'{"ResourceARNList": ["\\ud800"]}', "resourceARNList contains half of a surrogate pair"),
        (json.dumps({"ResourceARNList": ["a"] * 101}).encode(), "Member must have length less than or equal to 100"),
        (b'{"ResourceARNList": ["a"], "TagFilters": [{"Key": "a"}]}', "neither filters nor pagination"),
        (b'{"ResourceARNList": ["a"], "ResourcesPerPage": 5}', "neither filters nor pagination"),
    ],
)
def test_what_is_refused(lab: Lab, body: bytes, said: str) -> None:
    tagged(lab, team="web")
    reply = get_resources(lab.authority, body)
    answer = json.loads(reply.body)
    assert (reply.status, answer["__type"]) == (400, "InvalidParameterException")
    assert said in answer["message"]
