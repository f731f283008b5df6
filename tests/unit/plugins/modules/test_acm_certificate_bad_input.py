# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What acm_certificate and acm_certificate_info refuse: before any call, in one sentence, whichever option it is in."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._door import acm

REGION = "us-east-1"
ARN = f"arn:aws:acm:{REGION}:123456789012:certificate/12345678-1234-1234-1234-123456789012"
CA = f"arn:aws:acm-pca:{REGION}:123456789012:certificate-authority/12345678-1234-1234-1234-123456789012"
NAME = {"domain_name": "www.example.com"}
KEY = "c2VjcmV0IG9mIHRoZSBrZXk="
MAIL = {"validation_method": "EMAIL"}


def route53(**settings: t.Any) -> dict[str, t.Any]:
    return {**NAME, "publish": {"route53": settings}}


def rfc2136(**settings: t.Any) -> dict[str, t.Any]:
    return {**NAME, "publish": {"rfc2136": {"server": "127.0.0.1", **settings}}}


NAMES: list[tuple[str, str]] = [
    (" ", "is empty"),
    (".", "empty label"),
    ("..", "empty label"),
    (".example.com", "empty label"),
    ("a..example.com", "empty label"),
    ("www.example.com..", "empty label"),
    ("localhost", "too few labels"),
    ("*", "in the wrong place"),
    ("*.", "in the wrong place"),
    ("*.com", "too few labels"),
    ("**.example.com", "in the wrong place"),
    ("*.*.example.com", "in the wrong place"),
    ("www.*.example.com", "in the wrong place"),
    ("*a.example.com", "in the wrong place"),
    ("a*.example.com", "in the wrong place"),
    ("-a.example.com", "hyphen"),
    ("a-.example.com", "hyphen"),
    ("a_b.example.com", "character other than"),
    ("a b.example.com", "character other than"),
    ("a.example.com\nb.example.com", "contains 2 names"),
    ("a\t.example.com", "character other than"),
    ("a,b.example.com", "character other than"),
    ("https://www.example.com", "is a URL; give only the name in it, www.example.com."),
    ("www.example.com/", "is a URL; give only"),
    ("www.example.com:443", "give only www.example.com."),
    ("user@example.com", "is a mail address; give only its domain, example.com."),
    ("192.0.2.1", "not for IP addresses"),
    ("2001:db8::1", "is an IP address"),
    ("www.example.c", "top-level domain"),
    ("www.example.123", "top-level domain"),
    ("ab--c.example.com", "Punycode"),
    ("xn--example.com", "Punycode"),
    ("xn--a.example.com", "Punycode"),
    ("xn--.example.com", "hyphen"),
    ("\u2603.example.com", "international"),
    ("\u00fc" * 60 + ".example.com", "international"),
    ("x" * 64 + ".example.com", "at most 63"),
    ("a." * 27 + "example.com", "only 64"),
    (".".join(["x" * 63] * 4) + ".com", "at most 253"),
    ("x.s3.amazonaws.com", "belongs to AWS"),
    ("d111111abcdef8.cloudfront.net", "belongs to AWS"),
    ("*.elasticbeanstalk.com", "belongs to AWS"),
]

OPTIONS: list[tuple[dict[str, t.Any], str]] = [
    *[({"domain_name": name}, sentence) for name, sentence in NAMES],
    *[
        ({**NAME, "subject_alternative_names": [name]}, sentence)
        for name, sentence in NAMES
        if sentence != "only 64" and name.strip()
    ],
    ({}, "One of the following is required"),
    ({"subject_alternative_names": ["a.example.com"]}, "One of the following is required"),
    ({"certificate_arn": ARN, "subject_alternative_names": ["a.example.com"]}, "needs domain_name"),
    ({**NAME, "subject_alternative_names": [f"n{number}.example.com" for number in range(100)]}, "101 names"),
    # ARNs
    ({"certificate_arn": "12345678-1234-1234-1234-123456789012"}, "is not an ARN"),
    ({"certificate_arn": "arn:aws:acm"}, "is not an ARN"),
    ({"certificate_arn": "arn:aws:s3:::bucket"}, "not the ARN of a certificate"),
    ({"certificate_arn": CA}, "not the ARN of a certificate"),
    ({"certificate_arn": ARN.replace(":acm:", ":iam:")}, "not the ARN of a certificate"),
    ({"certificate_arn": ARN.replace(REGION, "eu-west-1")}, "in region eu-west-1, but this task works in us-east-1"),
    ({"certificate_arn": ARN.replace(REGION, "")}, "in region (none)"),
    ({"certificate_arn": ARN.rpartition("/")[0]}, "not the ARN of a certificate"),
    ({"certificate_arn": ARN.rpartition("/")[0] + "/"}, "not the ARN of a certificate"),
    ({"certificate_arn": ARN + "\n"}, "not the ARN of a certificate"),
    ({"certificate_arn": ARN + "/export"}, "not the ARN of a certificate"),
    ({"certificate_arn": ARN.replace("123456789012:", "12345:")}, "not the ARN of a certificate"),
    ({**NAME, "certificate_authority_arn": ARN}, "not the ARN of a certificate authority"),
    ({**NAME, "certificate_authority_arn": "internal"}, "is not an ARN"),
    ({**NAME, "certificate_authority_arn": CA.replace(REGION, "eu-west-1")}, "in region eu-west-1"),
    ({**NAME, "certificate_authority_arn": CA.rpartition("/")[0]}, "not the ARN of a certificate authority"),
    # what does not go together
    ({**NAME, "certificate_authority_arn": CA, "options": {"export": "ENABLED"}}, "is for public certificates"),
    ({**NAME, "certificate_authority_arn": CA, "validation_method": "DNS"}, "is for public certificates"),
    ({**NAME, "certificate_authority_arn": CA, "publish": {"route53": {}}}, "is for public certificates"),
    ({**NAME, "certificate_authority_arn": CA, "managed_by": "CLOUDFRONT"}, "is for public certificates"),
    ({**NAME, "validation_method": "HTTP"}, "only for CloudFront"),
    ({**NAME, "managed_by": "CLOUDFRONT", "validation_method": "EMAIL"}, "managed_by requires validation_method=HTTP"),
    ({"domain_name": "*.example.com", "validation_method": "HTTP", "managed_by": "CLOUDFRONT"}, "by DNS or e-mail"),
    ({**NAME, **MAIL, "publish": {"route53": {}}}, "publish is for DNS validation"),
    ({**NAME, "tags": {"Name": "a"}, "name_tag": "b"}, "are different"),
    ({"certificate_arn": ARN, "replace": True}, "replace needs domain_name"),
    ({"certificates": [], **NAME}, "certificates and domain_name cannot be given together"),
    # closed sets
    ({**NAME, "key_algorithm": "RSA_4096"}, "key_algorithm must be one of"),
    ({**NAME, "key_algorithm": "RSA-2048"}, "key_algorithm must be one of"),
    ({**NAME, "key_algorithm": "EC_secp521r1"}, "key_algorithm must be one of"),
    ({**NAME, "validation_method": "dns"}, "validation_method must be one of"),
    ({**NAME, "options": {"export": "YES"}}, "export must be one of"),
    ({**NAME, "managed_by": "ELB"}, "managed_by must be one of"),
    ({**NAME, "state": "gone"}, "state must be one of"),
    ({"certificate_arn": ARN, "state": "revoked", "revocation_reason": "BORED"}, "revocation_reason must be one of"),
    # tags
    ({**NAME, "tags": {"aws:owner": "1"}}, "reserved"),
    ({**NAME, "tags": {"AWS:owner": "1"}}, "reserved"),
    ({**NAME, "tags": {"": "1"}}, "1 to 128"),
    ({**NAME, "tags": {"x" * 129: "1"}}, "129 characters"),
    ({**NAME, "tags": {"x": "1" * 257}}, "at most 256"),
    ({**NAME, "tags": {"x": "two\nlines"}}, "the character"),
    ({**NAME, "tags": {"semi;colon": "x"}}, "the character"),
    ({**NAME, "tags": {"x": "\u2620"}}, "the character"),
    ({**NAME, "tags": {f"k{number}": "" for number in range(51)}}, "51 tags"),
    ({**NAME, "tags": {f"k{number}": "" for number in range(50)}, "name_tag": "x"}, "51 tags"),
    ({**NAME, "name_tag": "y" * 257}, "at most 256"),
    # validation by mail
    (
        {**NAME, "domain_validation_options": [{**NAME, "validation_domain": "example.com"}]},
        "set validation_method=EMAIL",
    ),
    (
        {**NAME, **MAIL, "domain_validation_options": [{**NAME, "validation_domain": "example.net"}]},
        "neither www.example.com nor a parent domain of it",
    ),
    (
        {**NAME, **MAIL, "domain_validation_options": [{**NAME, "validation_domain": "com"}]},
        "too few labels",
    ),
    (
        {
            **NAME,
            **MAIL,
            "domain_validation_options": [{"domain_name": "x.example.com", "validation_domain": "example.com"}],
        },
        "not a name of this certificate",
    ),
    # publishing
    ({**NAME, "publish": {}}, "exactly one way of publishing, route53 or rfc2136"),
    (
        {**NAME, "publish": {"route53": {}, "rfc2136": {"server": "x"}}},
        "exactly one way of publishing, route53 or rfc2136",
    ),
    (route53(external_id="x"), "is only valid together with role_arn"),
    (route53(ttl=-1), "ttl is -1"),
    (route53(ttl=2**31), "ttl is 2147483648"),
    (route53(role_arn="dns-records"), "role_arn is dns-records"),
    (route53(role_arn="arn:aws:iam::123456789012:user/me"), "role_arn is arn:aws:iam::123456789012:user/me"),
    (rfc2136(ttl=-1), "ttl is -1"),
    (rfc2136(port=0), "port is 0"),
    (rfc2136(port=65536), "port is 65536"),
    (rfc2136(server=""), "publish.rfc2136.server is empty, but must have a value."),
    (rfc2136(key_name="acm"), "key_name and key_secret together"),
    (rfc2136(key_secret=KEY), "key_name and key_secret together"),
    (rfc2136(key_name="acm", key_secret="not base64!"), "is not base64"),
    (rfc2136(key_name="acm", key_secret=KEY, key_algorithm="sha256"), "key_algorithm must be one of"),
    (rfc2136(zone="example.net"), "zone is example.net, which does not contain www.example.com"),
    # numbers
    ({**NAME, "renew_before": "soon"}, "neither a number of days nor a share"),
    ({**NAME, "renew_before": "-1"}, "neither a number of days nor a share"),
    ({**NAME, "renew_before": "0"}, "at least one day"),
    ({**NAME, "renew_before": "0%"}, "more than 0% and less than 100%"),
    ({**NAME, "renew_before": "100%"}, "more than 0% and less than 100%"),
    ({**NAME, "renew_before": "99999999999"}, "no certificate is valid for that long"),
    ({**NAME, "wait_timeout": -1}, "wait_timeout must be at least 0"),
    ({**NAME, "wait_interval": 0}, "wait_interval at least 1"),
    ({**NAME, "prices": {"name": -7}}, "prices.name is -7"),
    ({**NAME, "prices": {"wildcard": "nan"}}, "prices.wildcard is nan"),
    ({**NAME, "resolvers": ["ns1.example.com"]}, "not a name server"),
]

LOOKING: list[tuple[dict[str, t.Any], str]] = [
    *[
        ({"domain_names": [name]}, sentence)
        for name, sentence in NAMES
        if sentence not in ("only 64", "belongs to AWS")
    ],
    ({"covering": True}, "covering needs domain_names"),
    ({"certificate_arns": [ARN, "x"]}, "is not an ARN"),
    ({"certificate_arns": [CA]}, "not the ARN of a certificate"),
    ({"certificate_arns": ["x"]}, "is not an ARN"),
    ({"certificate_arn": ARN.replace(REGION, "eu-west-1")}, "in region eu-west-1"),
    ({"expires_within": -1}, "number of days from 0"),
    ({"expires_within": 10**12}, "number of days from 0"),
    ({"statuses": ["GOOD"]}, "must be one or more of"),
    ({"types": ["PUBLIC"]}, "must be one or more of"),
    ({"key_algorithms": ["DSA"]}, "must be one or more of"),
    ({"diagnose": True, "resolvers": ["ns1.example.com"]}, "not a name server"),
    ({"resolvers": ["ns1.example.com"]}, "not a name server"),
]


@pytest.fixture(name="refused")
def fixture_refused(run_module: t.Any, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., str]:
    """The message of a module that must fail. Nothing listens at its endpoint, and any call to ACM is an error."""

    def call(_acm: acm.Acm, operation: str, **_members: t.Any) -> t.NoReturn:
        raise AssertionError(f"{operation} was called")

    monkeypatch.setattr(acm.Acm, "call", call)
    where = {"endpoint_url": "http://127.0.0.1:9", "region": REGION, "access_key": "a-key-id", "secret_key": "a-secret"}

    def refused(module: str, options: dict[str, t.Any]) -> str:
        result = run_module(module, {**where, **options})
        assert result["failed"] and not result.get("changed")
        return str(result["msg"])

    return refused


CASES = [("acm_certificate", *case) for case in OPTIONS] + [("acm_certificate_info", *case) for case in LOOKING]


@pytest.mark.parametrize(("module", "options", "sentence"), CASES)
def test_refused(refused: t.Callable[..., str], module: str, options: dict[str, t.Any], sentence: str) -> None:
    message = refused(module, options)
    assert sentence in message
    assert "\n" not in message and KEY not in message
    assert not re.search(r"Traceback|Error\(|<class", message)


OF_THE_TASK = {"wait_timeout", "wait_interval", "prices", "resolvers", "certificates"}
ITEMS = [
    (options, sentence)
    for options, sentence in OPTIONS[2 * len(NAMES) :]
    if options and not OF_THE_TASK & set(options)
    if "required" not in sentence
    and "must have a value" not in sentence
    and "must be one of" not in sentence  # which Ansible itself reports
]


@pytest.mark.parametrize(("options", "sentence"), ITEMS)
def test_refused_in_a_list(refused: t.Callable[..., str], options: dict[str, t.Any], sentence: str) -> None:
    """The same as an item of a list, whose number is given."""
    message = refused("acm_certificate", {"certificates": [options]})
    assert sentence in message and "Item 1" in message
