# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which calls a policy allows: every example in the user guide's IAM chapter over the wire, and tags."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.keys import policies
from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle.records import Caller
from ansible_collections.certops.acm.plugins.module_utils._authority.operations import authorization
from ansible_collections.certops.acm.plugins.module_utils._authority.operations.table import OPERATIONS
from ansible_collections.certops.acm.plugins.module_utils._authority.settings import condition_values
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.endpoint import Endpoint
from ansible_collections.certops.acm.tests.support.authority_lab import Lab

ALICE = Caller("user", "Alice", "AKIAEXAMPLE", "192.0.2.7")
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
REQUESTS = "arn:aws:acm:us-east-1:123456789012:certificate/*"


def document(*statements: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def denied(**condition: t.Any) -> dict[str, t.Any]:
    """All is allowed except requests that match: a policy of the guide, which only denies, next to an Allow."""
    statement = {"Effect": "Deny", "Action": "acm:RequestCertificate", "Resource": "*", "Condition": condition}
    return document(EVERYTHING, statement)


def call(
    lab: Lab, policy: dict[str, t.Any], operation: str, caller: Caller = ALICE, **members: t.Any
) -> tuple[str, str]:
    """Error code and message of a call under a policy; two empty texts if it was allowed."""
    policies.check(policy, "The policy of Alice")
    body, target = json.dumps(members).encode(), f"CertificateManager.{operation}"
    told = Endpoint(lab.authority, OPERATIONS).answer(
        target, body, caller, lambda judged: authorization.check(judged, json.dumps(policy))
    )
    answer = json.loads(told.body or b"{}")
    return answer.get("__type", ""), answer.get("message", "")


def request(
    lab: Lab, policy: dict[str, t.Any], name: str = "www.example.com", caller: Caller = ALICE, **more: t.Any
) -> str:
    """Whether a request passes: "" or "AccessDeniedException"."""
    members = {"DomainName": name, "KeyAlgorithm": "EC_prime256v1", **more}
    if "CertificateAuthorityArn" not in more:
        members.setdefault("ValidationMethod", "DNS")
    return call(lab, policy, "RequestCertificate", caller, **{key: value for key, value in members.items() if value})[0]


DENIED = "AccessDeniedException"


# ---------------------------------------------------------------- the guide's examples


def test_list_certificates(lab: Lab) -> None:
    policy = document({"Effect": "Allow", "Action": "acm:ListCertificates", "Resource": "*"})
    assert call(lab, policy, "ListCertificates") == ("", "")
    arn = lab.private()
    assert call(lab, policy, "DescribeCertificate", CertificateArn=arn) == (
        DENIED,
        "User: arn:aws:iam::123456789012:user/Alice is not authorized to perform: acm:DescribeCertificate on "
        f"resource: {arn} because no identity-based policy allows the acm:DescribeCertificate action",
    )


def test_no_exportable_certificates(lab: Lab) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            EVERYTHING,
            {
                "Sid": "DenyACMCertificateRequest",
                "Effect": "Deny",
                "Action": ["acm:RequestCertificate"],
                "Resource": ["*"],
                "Condition": {"StringEquals": {"acm:Export": "ENABLED"}},
            },
        ],
    }
    assert request(lab, policy) == ""
    assert request(lab, policy, Options={"Export": "DISABLED"}) == ""
    code, said = call(
        lab,
        policy,
        "RequestCertificate",
        DomainName="a.example.com",
        ValidationMethod="DNS",
        Options={"Export": "ENABLED"},
    )
    assert (code, said) == (
        DENIED,
        "User: arn:aws:iam::123456789012:user/Alice is not authorized to perform: acm:RequestCertificate on resource: "
        f"{REQUESTS} with an explicit deny in an identity-based policy",
    )


@pytest.mark.parametrize("operation", ["GetCertificate", "DeleteCertificate"])
def test_one_certificate(lab: Lab, operation: str) -> None:
    mine, other = lab.private("a.corp.test"), lab.private("b.corp.test")
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": f"acm:{operation}", "Resource": mine}}
    assert call(lab, policy, operation, CertificateArn=other)[0] == DENIED
    assert call(lab, policy, operation, CertificateArn=mine) == ("", "")


def test_reimport_of_one_certificate_only(lab: Lab, pki: t.Any) -> None:
    import base64

    def members(number: int) -> dict[str, str]:
        pair = pki.leaf("www.example.com", number=number)
        given = {"Certificate": pair.pem, "PrivateKey": pair.key_pem, "CertificateChain": pair.chain_pem}
        return {name: base64.b64encode(text.encode()).decode() for name, text in given.items()}

    pair = pki.leaf("www.example.com")
    arn = lab.acm.import_certificate(
        Certificate=pair.pem.encode(), PrivateKey=pair.key_pem.encode(), CertificateChain=pair.chain_pem.encode()
    )["CertificateArn"]
    policy = document({"Effect": "Allow", "Action": "acm:ImportCertificate", "Resource": arn})
    assert call(lab, policy, "ImportCertificate", **members(1))[0] == DENIED
    assert call(lab, policy, "ImportCertificate", CertificateArn=arn, **members(2)) == ("", "")


def test_own_user_info(lab: Lab) -> None:
    """A policy for IAM is understood, and allows nothing in ACM."""
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ViewOwnUserInfo",
                "Effect": "Allow",
                "Action": ["iam:GetUserPolicy", "iam:ListGroupsForUser", "iam:GetUser"],
                "Resource": ["arn:aws:iam::*:user/${aws:username}"],
            },
            {"Sid": "NavigateInConsole", "Effect": "Allow", "Action": ["iam:ListUsers"], "Resource": "*"},
        ],
    }
    assert call(lab, policy, "ListCertificates")[0] == DENIED


def test_example_1_validation_by_email_for_one_role(lab: Lab) -> None:
    policy = denied(
        StringLike={"acm:ValidationMethod": "EMAIL"},
        ArnNotLike={"aws:PrincipalArn": ["arn:aws:iam::123456789012:role/AllowedEmailValidation"]},
    )
    role = Caller("role", "AllowedEmailValidation", "AKIAROLE")
    assert request(lab, policy, ValidationMethod="EMAIL") == DENIED
    assert request(lab, policy, ValidationMethod=None) == DENIED  # the default is e-mail
    assert request(lab, policy, ValidationMethod="DNS") == ""
    assert request(lab, policy, ValidationMethod="EMAIL", caller=role) == ""
    assert request(lab, policy, CertificateAuthorityArn=lab.ca()) == ""


def test_example_2_no_wildcards(lab: Lab) -> None:
    policy = denied(**{"ForAnyValue:StringLike": {"acm:DomainNames": ["${*}.*"]}})
    assert request(lab, policy, "*.example.com") == DENIED
    assert request(lab, policy, "example.com", SubjectAlternativeNames=["*.example.com"]) == DENIED
    assert request(lab, policy, "www.example.com", SubjectAlternativeNames=["example.com"]) == ""


def test_example_3_only_subdomains_of_one_domain(lab: Lab) -> None:
    policy = denied(**{"ForAnyValue:StringNotLike": {"acm:DomainNames": ["*.amazonaws.com"]}})
    # amazonaws.com itself is a domain that ACM never issues for: there a failed request, not a denial.
    assert request(lab, policy, "a.amazonaws.com") == ""
    assert request(lab, policy, "a.amazonaws.com", SubjectAlternativeNames=["example.com"]) == DENIED
    assert request(lab, policy, "amazonaws.com") == DENIED


def test_example_3_some_of_these_names(lab: Lab) -> None:
    names = ["support.amazonaws.com", "developer.amazonaws.com"]
    policy = denied(**{"ForAllValues:StringNotLike": {"acm:DomainNames": names}})
    assert (
        request(lab, policy, names[0]) == request(lab, policy, names[0], SubjectAlternativeNames=["example.com"]) == ""
    )
    assert request(lab, policy, "example.com") == DENIED


def test_example_4_key_algorithms(lab: Lab) -> None:
    only_one = denied(StringNotLike={"acm:KeyAlgorithm": "EC_secp384r1"})
    assert request(lab, only_one, KeyAlgorithm="EC_secp384r1") == ""
    assert request(lab, only_one) == request(lab, only_one, KeyAlgorithm=None) == DENIED
    no_rsa = denied(StringLike={"acm:KeyAlgorithm": "RSA*"})
    assert request(lab, no_rsa) == ""
    assert request(lab, no_rsa, KeyAlgorithm="RSA_2048") == request(lab, no_rsa, KeyAlgorithm=None) == DENIED


def test_example_5_certificate_authorities(lab: Lab) -> None:
    one, other = lab.ca("one"), lab.ca("other")
    only_one = denied(StringNotLike={"acm:CertificateAuthority": one})
    assert request(lab, only_one, CertificateAuthorityArn=one) == ""
    assert request(lab, only_one, CertificateAuthorityArn=other) == request(lab, only_one) == DENIED
    only_public = denied(Null={"acm:CertificateAuthority": "false"})
    assert request(lab, only_public) == ""
    assert request(lab, only_public, CertificateAuthorityArn=one) == DENIED


# ---------------------------------------------------------------- what a request counts as

DEFAULTS = {
    "acm:DomainNames": ["www.example.com"],
    "acm:KeyAlgorithm": ["RSA_2048"],
    "acm:CertificateTransparencyLogging": ["ENABLED"],
    "acm:Export": ["DISABLED"],
    "acm:ValidationMethod": ["EMAIL"],
}
PCA = "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/x"


@pytest.mark.parametrize(
    ("members", "values"),
    [
        ({}, {}),
        ({"SubjectAlternativeNames": ["*.Example.com"]}, {"acm:DomainNames": ["www.example.com", "*.example.com"]}),
        ({"KeyAlgorithm": "EC_prime256v1"}, {"acm:KeyAlgorithm": ["EC_prime256v1"]}),
        ({"Options": {"Export": "ENABLED"}}, {"acm:Export": ["ENABLED"]}),
        ({"ValidationMethod": "HTTP"}, {"acm:ValidationMethod": ["HTTP"]}),
        ({"CertificateAuthorityArn": PCA}, {"acm:CertificateAuthority": [PCA], "acm:ValidationMethod": None}),
    ],
)
def test_values_of_the_condition_keys(members: dict[str, t.Any], values: dict[str, t.Any]) -> None:
    wanted = {key: value for key, value in {**DEFAULTS, **values}.items() if value}
    found = condition_values({"DomainName": "WWW.example.com", **members})
    assert {key: value for key, value in found.items() if value} == wanted


# ---------------------------------------------------------------- tags


def test_resource_tags(lab: Lab) -> None:
    mine, other = lab.private("a.corp.test", Tags=[{"Key": "team", "Value": "web"}]), lab.private("b.corp.test")
    allow = {"Effect": "Allow", "Action": "acm:Describe*", "Resource": "*"}
    policy = document({**allow, "Condition": {"StringEquals": {"aws:ResourceTag/team": "web"}}})
    assert call(lab, policy, "DescribeCertificate", CertificateArn=mine) == ("", "")
    assert call(lab, policy, "DescribeCertificate", CertificateArn=other)[0] == DENIED
    assert call(lab, policy, "DescribeCertificate", CertificateArn=mine[:-4] + "0000")[0] == DENIED


def test_request_tags_and_their_keys(lab: Lab) -> None:
    allow = {"Effect": "Allow", "Action": "acm:AddTagsToCertificate", "Resource": "*"}
    arn = lab.private()

    def tag(condition: dict[str, t.Any], **tags: str) -> str:
        wanted = [{"Key": key, "Value": value} for key, value in tags.items()]
        policy = document({**allow, "Condition": condition})
        return call(lab, policy, "AddTagsToCertificate", CertificateArn=arn, Tags=wanted)[0]

    by_value = {"StringEquals": {"aws:RequestTag/team": ["web", "mail"]}}
    assert [tag(by_value, team="web"), tag(by_value, team="dns"), tag(by_value, other="web")] == ["", DENIED, DENIED]
    by_key = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]}}
    assert [tag(by_key, team="a"), tag(by_key, team="a", cost="b"), tag(by_key, team="a", x="b")] == ["", "", DENIED]
    own = {"StringEquals": {"aws:RequestTag/owner": "${aws:username}"}}
    assert [tag(own, owner="Alice"), tag(own, owner="Bob")] == ["", DENIED]


def test_a_call_that_is_denied_is_recorded(lab: Lab) -> None:
    call(lab, document({**EVERYTHING, "Effect": "Deny"}), "ListCertificates")
    (record,) = lab.audit()
    assert (record["errorCode"], record["userIdentity"]["userName"]) == (DENIED, "Alice")
