# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags (acm-rules §10)."""

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.tests.support.authority_lab import Lab


def tags_of(lab: Lab, arn: str) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in lab.acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]}


def tags(number: int, start: int = 0) -> list[dict[str, str]]:
    return [{"Key": f"k{place}", "Value": str(place)} for place in range(start, start + number)]


def test_add_change_and_remove(lab: Lab) -> None:
    arn = lab.private(Tags=[{"Key": "Team", "Value": "web"}, {"Key": "team"}])
    assert tags_of(lab, arn) == {"Team": "web", "team": ""}  # case matters
    lab.acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "team", "Value": "db"}, {"Key": "a b"}])
    assert tags_of(lab, arn) == {"Team": "web", "team": "db", "a b": ""}
    lab.acm.remove_tags_from_certificate(
        CertificateArn=arn, Tags=[{"Key": "team", "Value": "other"}, {"Key": "unknown"}]
    )
    assert tags_of(lab, arn)["team"] == "db"  # with a value, only that value goes
    lab.acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": "team", "Value": "db"}, {"Key": "Team"}])
    assert tags_of(lab, arn) == {"a b": ""}


def test_at_most_50(lab: Lab) -> None:
    arn = lab.private(Tags=tags(50))
    lab.acm.add_tags_to_certificate(CertificateArn=arn, Tags=tags(50))  # the same again
    lab.fails("add_tags_to_certificate", "TooManyTagsException", CertificateArn=arn, Tags=tags(1, start=50))
    assert len(tags_of(lab, arn)) == 50
    lab.set(max_tags=3)
    lab.fails("request_certificate", "TooManyTagsException", DomainName="a.example.com", Tags=tags(4))


@pytest.mark.parametrize(
    "tag, code",
    [
        ({"Key": "aws:thing"}, "InvalidTagException"),
        ({"Key": "AWS:thing"}, "InvalidTagException"),
        ({"Key": "k" * 128}, "InvalidTagException"),
        ({"Key": "k" * 129}, "ValidationException"),
        ({"Key": "k", "Value": "v" * 256}, "InvalidTagException"),
        ({"Key": "k", "Value": "v" * 257}, "ValidationException"),
        ({"Key": "a\tb"}, "ValidationException"),
        ({"Key": "a&b"}, "ValidationException"),
        ({"Key": "k", "Value": "a<b"}, "ValidationException"),
        ({"Key": " "}, "InvalidTagException"),
    ],
)
def test_tags_that_are_refused(lab: Lab, tag: dict[str, str], code: str) -> None:
    arn = lab.private()
    lab.fails("add_tags_to_certificate", code, CertificateArn=arn, Tags=[tag])
    lab.fails("request_certificate", code, DomainName="a.example.com", Tags=[tag])
    assert tags_of(lab, arn) == {}


@pytest.mark.parametrize(
    "tag", [{"Key": "k" * 127, "Value": "v" * 255}, {"Key": "Straße 1+1=2@x_y.z:/-", "Value": "日本"}]
)
def test_tags_that_are_accepted(lab: Lab, tag: dict[str, str]) -> None:
    assert tags_of(lab, lab.private(Tags=[tag])) == {tag["Key"]: tag["Value"]}


def test_a_setting_allows_longer_tags(lab: Lab) -> None:
    lab.set(max_tag_key_length=128, max_tag_value_length=256)
    lab.private(Tags=[{"Key": "k" * 128, "Value": "v" * 256}])


def test_the_same_key_twice(lab: Lab) -> None:
    lab.fails(
        "add_tags_to_certificate", "InvalidParameterException", CertificateArn=lab.private(),
        Tags=[{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}],
    )  # fmt: skip


def test_tags_stay_through_a_renewal(lab: Lab) -> None:
    arn = lab.private(Tags=tags(2))
    lab.export(arn)
    lab.acm.renew_certificate(CertificateArn=arn)
    assert lab.describe(arn)["RenewalSummary"]["RenewalStatus"] == "SUCCESS"
    assert len(tags_of(lab, arn)) == 2
