# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate an item refers to, and when its description is needed: tables, no calls."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_certificate import matching, options as wanted
from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import Certificate, from_detail
from ansible_collections.certops.acm.tests.support.scripted_acm import arn

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
REGION = "eu-central-1"
CA = f"arn:aws:acm-pca:{REGION}:123456789012:certificate-authority/00000001-0000-0000-0000-000000000000"
OTHER_CA = CA.replace("00000001-", "00000002-")


def want(**options: t.Any) -> wanted.Wanted:
    return wanted.read({"domain_name": "www.example.com", "subject_alternative_names": ["b.example.com"], **options})


def have(number: int = 1, *, age_days: float = 10, **members: t.Any) -> Certificate:
    detail = {
        "CertificateArn": arn(number),
        "DomainName": "www.example.com",
        "SubjectAlternativeNames": ["www.example.com", "b.example.com"],
        "Status": "ISSUED",
        "Type": "AMAZON_ISSUED",
        "KeyAlgorithm": "RSA-2048",
        "Serial": "0a:01",
        "CreatedAt": NOW - timedelta(days=age_days),
        "NotBefore": NOW - timedelta(days=age_days),
        "NotAfter": NOW + timedelta(days=198 - age_days),
        "InUseBy": [],
        "Options": {"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "DISABLED"},
        "DomainValidationOptions": [{"DomainName": "www.example.com", "ValidationMethod": "DNS"}],
    }
    return from_detail({name: value for name, value in {**detail, **members}.items() if value is not None})


def have_private(number: int = 1, **members: t.Any) -> Certificate:
    options = {"Export": "ENABLED"}  # what ACM says of a private one, though nobody chose it
    private = {"Type": "PRIVATE", "CertificateAuthorityArn": CA, "Options": options, "DomainValidationOptions": None}
    return have(number, **{**private, **members})


@pytest.mark.parametrize(
    ("options", "one", "same"),
    [
        ({}, have(), True),
        ({"domain_name": "B.example.com", "subject_alternative_names": ["WWW.example.com"]}, have(), True),
        ({"subject_alternative_names": ["b.example.com", "www.example.com"]}, have(), True),
        ({"subject_alternative_names": []}, have(), False),
        ({"subject_alternative_names": ["b.example.com", "c.example.com"]}, have(), False),
        ({"key_algorithm": "RSA_2048"}, have(), True),
        ({"key_algorithm": "EC_prime256v1"}, have(), False),
        ({}, have(KeyAlgorithm="EC_prime256v1"), True),
        ({"options": {"export": "DISABLED"}}, have(), True),
        ({"options": {"export": "DISABLED"}}, have(Options=None), True),
        ({"options": {"export": "ENABLED"}}, have(), False),
        ({}, have(Options={"Export": "ENABLED"}), True),
        ({}, have(Type="IMPORTED"), False),
        ({}, have(CertificateKeyPairOrigin="ACME"), False),
        ({}, have(ManagedBy="CLOUDFRONT"), False),
        ({"validation_method": "HTTP", "managed_by": "CLOUDFRONT"}, have(ManagedBy="CLOUDFRONT"), True),
        ({"certificate_authority_arn": CA}, have(), False),
        ({}, have_private(), False),
        ({"certificate_authority_arn": CA}, have_private(), True),
        ({"certificate_authority_arn": OTHER_CA}, have_private(), False),
        ({}, have(DomainName=None, SubjectAlternativeNames=None), False),
        ({}, have(Type=None, KeyAlgorithm=None, Options=None), True),
        # by the first name alone, for what is to go
        ({"subject_alternative_names": [], "state": "absent"}, have(), True),
        ({"subject_alternative_names": [], "state": "absent"}, have_private(), True),
        ({"subject_alternative_names": [], "state": "absent"}, have(Type="IMPORTED"), False),
        ({"domain_name": "b.example.com", "subject_alternative_names": [], "state": "absent"}, have(), False),
        ({"subject_alternative_names": ["c.example.com"], "state": "absent"}, have(), False),
        ({"subject_alternative_names": [], "state": "absent", "key_algorithm": "EC_prime256v1"}, have(), False),
    ],
)
def test_identity(options: dict[str, t.Any], one: Certificate, same: bool) -> None:
    assert matching.may_be(want(**options), one) is same


def test_the_newest_valid_certificate_wins() -> None:
    pending = have(1, age_days=0, Status="PENDING_VALIDATION", NotAfter=None)
    old, new = have(2, age_days=100), have(3, age_days=50)
    dead = [have(4, age_days=1, Status=status) for status in ("FAILED", "EXPIRED", "REVOKED", "VALIDATION_TIMED_OUT")]
    overdue = have(5, age_days=1, NotAfter=NOW - timedelta(hours=1))
    assert matching.choose(want(), [pending, old, *dead, new, overdue], None, NOW) is new
    assert matching.choose(want(), [pending, *dead, overdue], None, NOW) is pending
    assert matching.choose(want(), [*dead, overdue], None, NOW) is None
    assert matching.spent(want(), [pending, new, overdue, dead[0]], NOW) == [overdue.arn, dead[0].arn]


def test_a_matching_certificate_is_preferred_to_a_newer_one_that_differs() -> None:
    by_dns = have(1, age_days=1)
    by_mail = have(2, age_days=9, DomainValidationOptions=[{"DomainName": "x", "ValidationMethod": "EMAIL"}])
    assert matching.choose(want(validation_method="EMAIL"), [by_dns, by_mail], None, NOW) is by_mail
    assert matching.choose(want(validation_method="EMAIL"), [by_dns], None, NOW) is by_dns


def test_a_name_tag_tells_certificates_with_the_same_names_apart() -> None:
    blue, green, plain = have(1, age_days=9), have(2, age_days=5), have(3, age_days=7)
    tags = {blue.arn: {"Name": "blue"}, green.arn: {"Name": "green"}, plain.arn: {}}
    listed = [blue, green, plain]
    assert matching.choose(want(name_tag="blue"), listed, tags, NOW) is blue
    assert matching.choose(want(name_tag="red"), listed, tags, NOW) is plain
    assert matching.choose(want(name_tag="red"), [blue, green], tags, NOW) is None
    assert matching.choose(want(), listed, None, NOW) is green


@pytest.mark.parametrize(
    ("options", "facts", "needed"),
    [
        ({}, {}, False),
        ({"tags": {"a": "1"}}, {}, False),
        ({"wait": True}, {}, False),
        ({"options": {"export": "DISABLED"}}, {}, False),
        ({"validation_method": "DNS"}, {}, False),
        ({"renew_before": "30"}, {}, False),
        ({"renew_before": "190"}, {}, True),
        ({"force_renewal": True}, {}, True),
        ({"publish": {"route53": {}}}, {}, True),
        ({"options": {"certificate_transparency_logging_preference": "ENABLED"}}, {}, True),
        ({}, {"status": "PENDING_VALIDATION"}, True),
        ({"validation_method": "DNS"}, {"validation_method": None}, True),
        ({"options": {"export": "DISABLED"}}, {"export": None}, True),
        ({"renew_before": "30"}, {"serial": None}, True),
        ({"state": "absent"}, {"is_in_use": False}, False),
        ({"state": "absent"}, {"is_in_use": True}, True),
        ({"state": "absent"}, {"is_in_use": None}, True),
    ],
)
def test_a_certificate_is_described_only_if_the_list_says_too_little(
    options: dict[str, t.Any], facts: dict[str, t.Any], needed: bool
) -> None:
    listed: dict[str, t.Any] = {
        "status": "ISSUED",
        "type": "AMAZON_ISSUED",
        "serial": "0a:01",
        "export": "DISABLED",
        "validation_method": "DNS",
        "not_before": NOW - timedelta(days=10),
        "not_after": NOW + timedelta(days=188),
    }
    assert matching.needs_detail(want(**options), Certificate(arn(1), **{**listed, **facts}), NOW) is needed
