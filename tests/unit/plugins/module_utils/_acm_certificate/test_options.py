# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user requests: read, normalised, and refused before any call."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_certificate import options as wanted
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

REGION = "eu-central-1"
ARN = f"arn:aws:acm:{REGION}:123456789012:certificate/00000001-0000-0000-0000-000000000000"
CA = f"arn:aws:acm-pca:{REGION}:123456789012:certificate-authority/00000001-0000-0000-0000-000000000000"


class Place(t.NamedTuple):
    is_authority: bool
    region: str
    private_cas: t.Callable[[], dict[str, str]] = dict
    newest_member: str = "RootHierarchyType"

    def takes(self, _operation: str, member: str) -> bool:
        return member == self.newest_member


def read(**options: t.Any) -> wanted.Wanted:
    return wanted.placed(wanted.read({"domain_name": "www.example.com", **options}), Place(False, REGION))


@pytest.mark.parametrize(
    "options, said",
    [
        ({"certificate_usage": "CLIENT_AUTH_ONLY"}, "set root_hierarchy_type"),
        ({"root_hierarchy_type": "N2_AMAZON_MANAGED", "validation_method": "EMAIL"}, "by DNS only"),
        (
            {"root_hierarchy_type": "N2_SFG2_AMAZON_MANAGED", "certificate_usage": "CLIENT_AUTH_ONLY"},
            "root_hierarchy_type=N2_AMAZON_MANAGED",
        ),
        (
            {"root_hierarchy_type": "N2_AMAZON_MANAGED", "certificate_authority_arn": CA},
            "requests a private certificate",
        ),
    ],
)
def test_impossible_n2_certificates(options: dict[str, t.Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read(**options)


def test_an_n2_certificate() -> None:
    one = read(root_hierarchy_type="N2_AMAZON_MANAGED", certificate_usage="CLIENT_AUTH_ONLY")
    members = wanted.request_members(one, None)
    assert (members["RootHierarchyType"], members["CertificateUsage"]) == ("N2_AMAZON_MANAGED", "CLIENT_AUTH_ONLY")
    assert one.identity() != read().identity()
    with pytest.raises(InvalidInput, match="upgrade botocore"):
        wanted.placed(one, Place(False, REGION, newest_member="KeyAlgorithm"))


def test_cloudfront_takes_certificates_from_one_region_only() -> None:
    one = wanted.read(
        {"domain_name": "www.example.com", "managed_by": "CLOUDFRONT", "validation_method": "HTTP", "state": "present"}
    )
    assert wanted.placed(one, Place(False, "us-east-1")) == one
    with pytest.raises(InvalidInput, match="set region=us-east-1"):
        wanted.placed(one, Place(True, "eu-west-1"))


def test_names_are_normalised_and_deduplicated() -> None:
    one = read(
        domain_name="WWW.Example.COM.", subject_alternative_names=["b.example.com", "www.example.com", "B.example.com"]
    )
    assert one.names == ("www.example.com", "b.example.com")
    assert read(domain_name="bücher.example").names == ("xn--bcher-kva.example",)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"domain_name": None}, "No certificate is specified"),
        ({"domain_name": None, "subject_alternative_names": ["a.example.com"]}, "needs domain_name"),
        ({"domain_name": "localhost"}, "too few labels"),
        ({"domain_name": "a*.example.com"}, r"\* in the wrong place"),
        ({"domain_name": "a." * 31 + "example.com"}, "only 64"),
        ({"domain_name": "www_1.example.com"}, "character other than"),
        ({"domain_name": "ab--c.example.com"}, "Punycode"),
        ({"domain_name": "192.0.2.1"}, "not for IP addresses"),
        ({"subject_alternative_names": ["x" * 64 + ".example.com"]}, "64 octets; at most 63"),
        ({"subject_alternative_names": [".".join(["x" * 63] * 4) + ".com"]}, "octets; at most 253"),
        ({"subject_alternative_names": [f"n{n}.example.com" for n in range(100)]}, "101 names; ACM's limit is 100"),
        ({"certificate_arn": "www.example.com"}, "is not an ARN"),
        ({"certificate_arn": CA}, "not the ARN of a certificate"),
        (
            {"certificate_arn": ARN.replace(REGION, "us-east-1")},
            "in region us-east-1, but this task works in eu-central-1",
        ),
        ({"certificate_arn": f"arn:aws:acm:{REGION}:123456789012:certificate/"}, "not the ARN of a certificate"),
        ({"certificate_authority_arn": ARN}, "not the ARN of a certificate authority"),
        ({"certificate_authority_arn": CA.replace(REGION, "us-east-1")}, "in region us-east-1"),
        ({"certificate_authority_arn": CA, "options": {"export": "ENABLED"}}, "options.export is for public"),
        ({"certificate_authority_arn": CA, "validation_method": "DNS"}, "validation_method is for public"),
        ({"certificate_authority_arn": CA, "publish": {"route53": {}}}, "publish is for public"),
        ({"tags": {"aws:x": "1"}}, "reserved"),
        ({"tags": {"": "1"}}, "1 to 128"),
        ({"tags": {"x" * 129: "1"}}, "129 characters"),
        ({"tags": {"x": "1" * 257}}, "at most 256"),
        ({"tags": {"x": "tab\there"}}, r"the character '\\t'"),
        ({"tags": {"emoji": "😀"}}, "the character"),
        ({"tags": {f"k{n}": "" for n in range(51)}}, "51 tags"),
        ({"tags": {f"k{n}": "" for n in range(50)}, "name_tag": "x"}, "51 tags"),
        ({"tags": {"Name": "a"}, "name_tag": "b"}, "are different"),
        ({"validation_method": "HTTP"}, "only for CloudFront"),
        ({"validation_method": "HTTP", "managed_by": "CLOUDFRONT", "domain_name": "*.example.com"}, "by DNS or e-mail"),
        ({"validation_method": "DNS", "managed_by": "CLOUDFRONT"}, "managed_by requires validation_method=HTTP"),
        ({"validation_method": "EMAIL", "publish": {"route53": {}}}, "publish is for DNS validation"),
        ({"publish": {}}, "exactly one way of publishing, route53 or rfc2136"),
        ({"publish": {"route53": {}, "rfc2136": {"server": "x"}}}, "exactly one way of publishing, route53 or rfc2136"),
        ({"renew_before": "soon"}, "neither a number of days nor a share"),
        ({"revocation_reason": "BORED"}, "is unknown to ACM"),
        ({"domain_name": None, "certificate_arn": ARN, "replace": True}, "replace needs domain_name"),
    ],
)
def test_refused(options: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence) as refusal:
        read(**options)
    text = str(refusal.value)
    assert text.endswith(".") and "\n" not in text


@pytest.mark.parametrize(
    ("name", "domain", "good"),
    [
        ("www.example.com", "example.com", True),
        ("www.example.com", "www.example.com", True),
        ("*.example.com", "example.com", True),
        ("www.example.com", "com.example", False),
        ("www.example.com", "other.com", False),
        ("www.example.com", "ample.com", False),
        ("www.example.com", "a.www.example.com", False),
        ("stranger.example.com", "example.com", False),
    ],
)
def test_which_validation_domains_are_allowed(name: str, domain: str, good: bool) -> None:
    options = {
        "subject_alternative_names": ["*.example.com"],
        "validation_method": "EMAIL",
        "domain_validation_options": [{"domain_name": name, "validation_domain": domain}],
    }
    if good:
        assert read(**options).validation_domains == ((name, domain),)
    else:
        with pytest.raises(InvalidInput):
            read(**options)


def test_mail_options_require_mail_validation() -> None:
    pair = [{"domain_name": "www.example.com", "validation_domain": "example.com"}]
    with pytest.raises(InvalidInput, match="validation_method=EMAIL"):
        read(domain_validation_options=pair)


def test_requests() -> None:
    one = read(
        subject_alternative_names=["*.example.com"],
        key_algorithm="EC_prime256v1",
        options={"export": "ENABLED", "certificate_transparency_logging_preference": None},
    )
    members = wanted.request_members(one, {"b": "2", "a": "1"})
    token = members.pop("IdempotencyToken")
    assert re.fullmatch(r"\w{1,32}", token)
    assert members == {
        "DomainName": "www.example.com",
        "SubjectAlternativeNames": ["*.example.com"],
        "ValidationMethod": "DNS",
        "KeyAlgorithm": "EC_prime256v1",
        "Options": {"Export": "ENABLED"},
        "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
    }
    private = wanted.request_members(read(certificate_authority_arn=CA), None)
    assert private.pop("IdempotencyToken")
    assert private == {"DomainName": "www.example.com", "CertificateAuthorityArn": CA}


def token(one: wanted.Wanted, *spent: str, tags: t.Optional[dict[str, str]] = None) -> str:
    return str(wanted.request_members(one, tags, spent)["IdempotencyToken"])


def test_the_token_depends_on_all_parameters_but_not_on_their_order() -> None:
    sans = ["b.example.com", "a.example.com"]
    base = token(read(subject_alternative_names=sans))
    assert token(read(subject_alternative_names=sans[::-1])) == base
    others = [
        token(read()),
        token(read(subject_alternative_names=sans, key_algorithm="EC_prime256v1")),
        token(read(subject_alternative_names=sans, options={"export": "ENABLED"})),
        token(read(subject_alternative_names=sans, certificate_authority_arn=CA)),
        token(read(subject_alternative_names=sans, certificate_authority_arn=CA.replace("1-", "2-"))),
        token(read(subject_alternative_names=sans, validation_method="EMAIL")),
        token(read(subject_alternative_names=sans), tags={"a": "1"}),
        token(read(subject_alternative_names=sans), ARN),
    ]
    assert len({base, *others}) == len(others) + 1
    assert token(read(), "x", "y") == token(read(), "y", "x")


def test_tags_become_text_and_are_left_alone_if_not_given() -> None:
    assert read().all_tags is None
    assert read(tags={"port": 443, "on": True, "empty": None}).all_tags == {"port": "443", "on": "True", "empty": ""}
    named = read(name_tag="shop")
    assert named.all_tags == {"Name": "shop"}
    assert not named.does_purge
    assert read(name_tag="shop", tags={}).does_purge


def test_a_private_ca_of_an_authority_may_be_given_by_name() -> None:
    lab = Place(True, REGION, lambda: {"company": CA, "lab": CA.replace("00000001-", "00000002-")})

    def ca_of(text: str) -> t.Optional[str]:
        options = {"domain_name": "www.example.com", "certificate_authority_arn": text}
        return wanted.placed(wanted.read(options), lab).authority_arn

    assert ca_of("company") == ca_of(CA) == CA
    for name, sentence in (
        ("compony", "did you mean company?"),
        ("other", "create one with certops.acm.acm_authority."),
    ):
        with pytest.raises(InvalidInput) as caught:
            ca_of(name)
        assert str(caught.value) == (
            f"certificate_authority_arn is {name}, but the authority has no private CA with that name: {sentence}"
        )
    with pytest.raises(
        InvalidInput, match="certificate_authority_arn is 'company', which is not an ARN: an ARN looks like"
    ):
        read(certificate_authority_arn="company")
