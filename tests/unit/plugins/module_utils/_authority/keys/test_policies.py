# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identity policies: the rules of IAM one by one."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import policies
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
REQUESTS = "arn:aws:acm:us-east-1:123456789012:certificate/*"


def document(*statements: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.mark.parametrize(
    ("condition", "values", "holds"),
    [
        ({"StringEquals": {"aws:UserAgent": "a"}}, {}, False),
        ({"StringNotEquals": {"aws:UserAgent": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"aws:UserAgent": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"aws:UserAgent": "a"}}, {"aws:useragent": ["b"]}, False),
        ({"StringEqualsIgnoreCase": {"aws:UserAgent": "A"}}, {"aws:useragent": ["a"]}, True),
        ({"StringNotEqualsIgnoreCase": {"aws:UserAgent": "A"}}, {"aws:useragent": ["a"]}, False),
        ({"StringLike": {"aws:UserAgent": "a?c*"}}, {"aws:useragent": ["abcd"]}, True),
        ({"StringLike": {"aws:UserAgent": "a?c[d]"}}, {"aws:useragent": ["abcd"]}, False),
        ({"StringLike": {"aws:UserAgent": "${aws:username}?"}}, {"aws:useragent": ["[a]b"], "aws:username": ["[a]"]}, True),
        # A match that backtracks for each * would take years, and hold up the whole server.
        ({"StringLike": {"aws:UserAgent": "*" + "a*" * 40 + "b"}}, {"aws:useragent": ["a" * 250]}, False),
        ({"StringLike": {"aws:UserAgent": "A*"}}, {"aws:useragent": ["abcd"]}, False),
        ({"StringEquals": {"aws:UserAgent": "${aws:username}"}}, {"aws:useragent": ["x"]}, False),
        ({"StringLike": {"aws:UserAgent": "${aws:username}*"}}, {"aws:useragent": ["x*y"], "aws:username": ["x*"]}, True),
        ({"StringLike": {"aws:UserAgent": "${aws:username}"}}, {"aws:useragent": ["xy"], "aws:username": ["x*"]}, False),
        ({"ForAllValues:StringLike": {"aws:TagKeys": "a*"}}, {}, True),
        ({"ForAnyValue:StringLike": {"aws:TagKeys": "a*"}}, {}, False),
        ({"ForAnyValue:StringLike": {"aws:TagKeys": "a*"}}, {"aws:tagkeys": ["b", "ab"]}, True),
        ({"ForAllValues:StringLike": {"aws:TagKeys": "a*"}}, {"aws:tagkeys": ["b", "ab"]}, False),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:tagkeys": ["a", "b"]}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}, {"aws:principalarn": ["arn:aws:iam::1:role/a:b"]}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:*"}}, {"aws:principalarn": ["arn:aws:iam::1:role/a"]}, False),
        ({"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "2001:db8::/32"]}}, {"aws:sourceip": ["2001:db8::1"]}, True),
        ({"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, {"aws:sourceip": ["192.0.2.1"]}, False),
        ({"Bool": {"aws:SecureTransport": False}}, {"aws:securetransport": ["false"]}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2026-12-01T00:00:00Z"}}, {"aws:currenttime": ["2026-11-23T12:00:00Z"]}, True),
        ({"DateGreaterThanEquals": {"aws:CurrentTime": "2026-11-23T12:00:00Z"}}, {"aws:currenttime": ["2026-11-23T12:00:00Z"]}, True),
        ({"Null": {"aws:TagKeys": "true"}}, {}, True),
        ({"Null": {"aws:TagKeys": True}}, {"aws:tagkeys": ["a"]}, False),
        ({"StringEquals": {"AWS:useragent": "a"}}, {"aws:useragent": ["a"]}, True),
    ],
)  # fmt: skip
def test_conditions(condition: dict[str, t.Any], values: dict[str, t.Any], holds: bool) -> None:
    policy = policies.Policy.of(document({**EVERYTHING, "Condition": condition}), "The policy")
    assert (policy.refusal(policies.Request("acm:ListCertificates", "*", values)) is None) == holds


@pytest.mark.parametrize(
    ("statement", "action", "resource", "is_allowed"),
    [
        ({"Action": "acm:*", "Resource": "*"}, "acm:ListCertificates", "*", True),
        ({"Action": "ACM:list*", "Resource": "*"}, "acm:ListCertificates", "*", True),
        ({"NotAction": "acm:List*", "Resource": "*"}, "acm:ListCertificates", "*", False),
        ({"NotAction": "acm:Get*", "Resource": "*"}, "acm:ListCertificates", "*", True),
        ({"Action": "*", "NotResource": "arn:aws:acm:*"}, "acm:GetCertificate", "arn:aws:acm:a:b:certificate/c", False),
        ({"Action": "*", "Resource": "arn:aws:acm:*:*:certificate/*"}, "acm:RequestCertificate", REQUESTS, True),
        ({"Action": "*", "Resource": "arn:aws:acm:*:*:certificate/*"}, "acm:ListCertificates", "*", False),
    ],
)
def test_which_calls_a_statement_applies_to(
    statement: dict[str, t.Any], action: str, resource: str, is_allowed: bool
) -> None:
    policy = policies.Policy.of(document({"Effect": "Allow", **statement}), "The policy")
    assert (policy.refusal(policies.Request(action, resource, {})) is None) == is_allowed


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ([], "The policy of Alice is not a policy: give an object with Version and Statement."),
        ({"Statement": []}, "The policy of Alice has no Statement."),
        ({"Statement": [EVERYTHING], "Rules": 1}, "has the unknown element Rules"),
        ({"Version": "2012", "Statement": [EVERYTHING]}, "has the version 2012: write 2012-10-17, in quotes."),
        (document("x"), "The policy of Alice, statement 1, is not an object."),  # type: ignore[arg-type]
        (document(EVERYTHING, {**EVERYTHING, "Principal": "*"}), "statement 2, has a Principal"),
        (document({**EVERYTHING, "Effect": "allow"}), "has the Effect allow: write Allow or Deny."),
        (document({"Effect": "Allow", "Resource": "*"}), "needs either Action or NotAction."),
        (document({**EVERYTHING, "NotResource": "*"}), "needs either Resource or NotResource."),
        (document({**EVERYTHING, "Action": "acm:Dance"}), "has the action acm:Dance, which ACM does not have."),
        (document({**EVERYTHING, "Action": "ListCertificates"}), "write it with its service, for example acm:ListCertificates."),
        (document({**EVERYTHING, "Action": [1]}), "has a value for Action that is not a string."),
        (document({**EVERYTHING, "Resource": "certificate/1"}), "has the resource certificate/1: write * or an ARN."),
        (document({**EVERYTHING, "Condition": []}), "has a Condition that is not an object."),
        (document({**EVERYTHING, "Condition": {"StringLikes": {}}}), "has the unknown condition operator StringLikes: use "),
        (document({**EVERYTHING, "Condition": {"ForSome:StringLike": {}}}), "condition operator ForSome:StringLike"),
        (document({**EVERYTHING, "Condition": {"StringLike": []}}), "has a StringLike that is not an object."),
        (document({**EVERYTHING, "Condition": {"StringLike": {"acm:Domain": "x"}}}), "condition key acm:Domain, which the authority does not know"),
        (document({**EVERYTHING, "Condition": {"StringLike": {"aws:RequestTag/": "x"}}}), "condition key aws:RequestTag/"),
        (document({**EVERYTHING, "Condition": {"StringLike": {"acm:Export": []}}}), "has no value for acm:Export."),
        (document({**EVERYTHING, "Condition": {"Null": {"acm:Export": "maybe"}}}), "the value maybe, which is not valid for Null."),
        (document({**EVERYTHING, "Condition": {"IpAddress": {"aws:SourceIp": "x"}}}), "the value x, which is not valid for IpAddress."),
        (document({**EVERYTHING, "Condition": {"DateLessThan": {"aws:CurrentTime": "soon"}}}), "the value soon"),
    ],
)  # fmt: skip
def test_invalid_policy_documents(policy: t.Any, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        policies.check(policy, "The policy of Alice")
    assert said in str(caught.value) and str(caught.value).startswith("The policy of Alice")
