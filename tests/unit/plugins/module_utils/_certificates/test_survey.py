# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What acm_certificate_info returns, and the calls that it makes."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.certops.acm.plugins.module_utils._certificates import survey
from ansible_collections.certops.acm.plugins.module_utils._diagnosis import obstacles
from ansible_collections.certops.acm.plugins.module_utils._door.acm import AcmError
from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import Certificate
from ansible_collections.certops.acm.plugins.module_utils._certificates.inventory import Query
from ansible_collections.certops.acm.plugins.module_utils._certificates.survey import Wishes
from ansible_collections.certops.acm.plugins.module_utils._validation import proof_records
from ansible_collections.certops.acm.tests.support.scripted_acm import Fleet, arn

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
SIZES = [10, 2500]


def told_by_acm(details: t.Sequence[t.Mapping[str, t.Any]]) -> list[list[dict[str, t.Any]]]:
    return [obstacles.obstacles(detail, []) for detail in details]


def look(acm: Fleet, query: Query = Query(), **wishes: t.Any) -> list[dict[str, t.Any]]:
    return survey.survey(acm, query, wishes.pop("with_tags", None), Wishes(**wishes), NOW, told_by_acm)


@pytest.mark.parametrize("size", SIZES)
def test_all_certificates(size: int) -> None:
    acm = Fleet(size)
    found = look(acm)
    assert [one["certificate_arn"] for one in found[:2]] == [arn(size - 1), arn(size - 2)]
    assert acm.counts == {"SearchCertificates": max(1, size // 500)}
    assert "tags" not in found[0] and "in_use_by" not in found[0]


@pytest.mark.parametrize("size", SIZES)
def test_all_certificates_with_tags(size: int) -> None:
    acm = Fleet(size)
    assert look(acm, tags=True)[0]["tags"] == acm.tags[arn(size - 1)]
    assert acm.counts == {"SearchCertificates": max(1, size // 500), "GetResources": -(-size // 100)}


@pytest.mark.parametrize("size", SIZES)
def test_all_certificates_with_everything(size: int) -> None:
    acm = Fleet(size)
    found = look(acm, details=True, pem=True, tags=True)
    assert acm.counts["DescribeCertificate"] == acm.counts["GetCertificate"] == size
    assert found[0]["certificate"] == f"PEM of {arn(size - 1)}"
    assert found[0]["domain_validation_options"] and found[0]["tags"]


@pytest.mark.parametrize("size", SIZES)
def test_by_tag(size: int) -> None:
    acm = Fleet(size)
    found = look(acm, with_tags={"number": "7"})
    assert [one["certificate_arn"] for one in found] == [arn(7)]
    assert found[0]["tags"] == acm.tags[arn(7)]
    assert acm.counts == {"SearchCertificates": max(1, size // 500), "GetResources": 1}


def test_by_tag_without_a_tagging_api() -> None:
    acm = Fleet(20, can_tag=False)
    assert [one["certificate_arn"] for one in look(acm, with_tags={"number": "7", "fleet": None})] == [arn(7)]
    assert acm.counts["ListTagsForCertificate"] == 20


@pytest.mark.parametrize("size", SIZES)
def test_by_name(size: int) -> None:
    acm = Fleet(size)
    assert [one["certificate_arn"] for one in look(acm, Query(names=("www7.example.com",)))] == [arn(7)]
    assert acm.counts == {"SearchCertificates": 1}


def test_without_search_no_certificate_is_hidden() -> None:
    acm = Fleet(4, can_search=False)
    acm.details[arn(1)]["KeyAlgorithm"] = "EC_secp384r1"
    acm.details[arn(2)]["CertificateKeyPairOrigin"] = "ACME"
    assert len(look(acm)) == 4


def test_an_old_botocore_is_not_asked_for_what_it_does_not_know() -> None:
    class Old(Fleet):
        def takes(self, operation: str, member: str) -> bool:
            return False

        def _ListCertificates(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
            assert "CertificateKeyPairOrigins" not in members
            return super()._ListCertificates(members)

    assert len(look(Old(4, can_search=False))) == 4


def test_by_a_name_that_a_wildcard_covers() -> None:
    acm = Fleet(10)
    acm.details[arn(4)].update(DomainName="*.example.com", SubjectAlternativeNames=["*.example.com"])
    found = look(acm, Query(names=("www7.example.com",), covering=True))
    assert [one["certificate_arn"] for one in found] == [arn(7), arn(4)]


@pytest.mark.parametrize("size", SIZES)
def test_by_arn(size: int) -> None:
    acm = Fleet(size)
    assert look(acm, Query(arns=(arn(3),)))[0]["in_use_by"] == []
    assert acm.counts == {"DescribeCertificate": 1}
    assert look(acm, Query(arns=(arn(9999),))) == []
    assert look(acm, Query(arns=(arn(3),), statuses=("FAILED",))) == []


@pytest.mark.parametrize("size", SIZES)
def test_by_several_arns(size: int) -> None:
    acm = Fleet(size)
    wanted = Query(arns=(arn(3), arn(9999), arn(8), arn(5)))
    assert [one["certificate_arn"] for one in look(acm, wanted)] == [arn(8), arn(5), arn(3)]
    assert acm.counts == {"DescribeCertificate": 4}
    assert look(acm, Query(arns=())) == []
    assert len(acm.calls) == 4


@pytest.mark.parametrize("size", SIZES)
def test_by_several_arns_with_what_only_a_list_shows(size: int) -> None:
    acm = Fleet(size)
    found = look(acm, Query(arns=(arn(3), arn(9999))), details=True, tags=True)
    assert [(one["certificate_arn"], one["exported"]) for one in found] == [(arn(3), False)]
    assert acm.counts == {"SearchCertificates": 1, "DescribeCertificate": 2, "ListTagsForCertificate": 1}


def test_whether_a_certificate_was_exported_cannot_be_seen_in_its_description() -> None:
    acm = Fleet(5)
    acm.exported.add(arn(1))
    query = Query(arns=(arn(1), arn(2)), was_exported=True)
    assert [one["certificate_arn"] for one in look(acm, query)] == [arn(1)]


def test_permission_to_describe_is_enough_without_permission_to_list() -> None:
    class Closed(Fleet):
        def _ListCertificates(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
            raise AcmError("ListCertificates", "AccessDeniedException", "not authorized")

    acm = Closed(5, can_search=False)
    (found,) = look(acm, Query(arns=(arn(1),)), details=True)
    assert found["in_use_by"] == [] and "exported" not in found
    with pytest.raises(AcmError, match="AccessDenied"):
        look(acm, Query(arns=(arn(1),), was_exported=True))


def test_pems_of_issued_certificates_only() -> None:
    class Odd(Fleet):
        def _GetCertificate(self, members: dict[str, t.Any]) -> dict[str, t.Any]:  # noqa: N802
            if members["CertificateArn"] == arn(2):
                raise AcmError("GetCertificate", "ResourceNotFoundException", "deleted meanwhile")
            return {} if members["CertificateArn"] == arn(3) else super()._GetCertificate(members)

    acm = Odd(5)
    acm.details[arn(1)]["Status"] = "PENDING_VALIDATION"
    found = {one["certificate_arn"]: one for one in look(acm, pem=True)}
    assert [number for number in range(5) if "certificate" in found[arn(number)]] == [0, 4]
    assert acm.counts["GetCertificate"] == 4


def test_a_diagnosis_reads_certificates_with_names_to_validate() -> None:
    acm = Fleet(5)
    acm.details[arn(1)].update(Status="FAILED", FailureReason="CAA_ERROR")
    acm.details[arn(2)].update(Type="IMPORTED")
    found = {one["certificate_arn"]: one["diagnosis"] for one in look(acm, diagnosis=True)}
    assert found[arn(0)] == found[arn(2)] == []
    assert "CAA" in found[arn(1)][0]["reason"]
    assert acm.counts["DescribeCertificate"] == 4


def test_a_diagnosis_combines_what_acm_says_with_what_dns_shows() -> None:
    acm = Fleet(3)
    acm.details[arn(1)].update(Status="PENDING_VALIDATION")
    acm.details[arn(1)]["DomainValidationOptions"][0]["ValidationStatus"] = "PENDING_VALIDATION"
    finding = {"domain_name": "www0.example.com", "problem": "record_missing", "message": "Gone.", "remedy": "Put it."}

    def diagnose(details: t.Sequence[t.Mapping[str, t.Any]]) -> list[list[dict[str, t.Any]]]:
        return [
            obstacles.obstacles(detail, [finding] if detail["DomainName"] == "www0.example.com" else [])
            for detail in details
        ]

    results = survey.survey(acm, Query(), None, Wishes(diagnosis=True), NOW, diagnose)
    found = {one["certificate_arn"]: one["diagnosis"] for one in results}
    assert [(one["problem"], one["status"]) for one in found[arn(0)]] == [("record_missing", "SUCCESS")]
    assert [one["problem"] for one in found[arn(1)]] == ["pending"]
    assert found[arn(2)] == []


def test_a_private_certificate_is_diagnosed_when_its_renewal_is_stuck() -> None:
    acm = Fleet(4)
    for number in range(4):
        acm.details[arn(number)].update(Type="PRIVATE")
        del acm.details[arn(number)]["DomainValidationOptions"]
    stuck = {"RenewalStatus": "PENDING_AUTO_RENEWAL", "RenewalStatusReason": "PCA_INVALID_STATE"}
    acm.details[arn(1)].update(RenewalSummary=stuck)
    acm.details[arn(2)].update(RenewalSummary={"RenewalStatus": "SUCCESS"})
    found = {one["certificate_arn"]: one["diagnosis"] for one in look(acm, diagnosis=True)}
    assert [one["problem"] for one in found[arn(1)]] == ["renewal_stuck"]
    assert "PCA_INVALID_STATE" in found[arn(1)][0]["reason"]
    assert found[arn(0)] == found[arn(2)] == found[arn(3)] == []
    assert acm.counts == {"SearchCertificates": 1, "DescribeCertificate": 1}


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("newest", ["b.example.com", "a.example.net", "example.com"]),
        ("expiry", ["example.com", "b.example.com", "a.example.net"]),
        ("name", ["example.com", "b.example.com", "a.example.net"]),
    ],
)
def test_the_order(sort: str, names: list[str]) -> None:
    ends = {"b.example.com": 20, "a.example.net": None, "example.com": 10}
    found = [
        Certificate(name, domain_name=name, not_after=None if days is None else NOW + timedelta(days=days))
        for name, days in ends.items()
    ]
    assert [certificate.domain_name for certificate in survey.ordered(found, sort)] == names


def test_records_that_certificates_share_are_listed_once() -> None:
    acm = Fleet(3)
    shared = {"Name": "_a.example.com.", "Type": "CNAME", "Value": "_b.acm-validations.aws."}
    for number in range(2):
        acm.details[arn(number)]["DomainValidationOptions"] = [
            {"DomainName": f"www{number}.example.com", "ValidationMethod": "DNS", "ResourceRecord": shared}
        ]
    wishes = Wishes(details=True)
    found = survey.survey(acm, Query(arns=(arn(0), arn(1))), None, wishes, NOW, None, proof_records.records)
    record = {"name": "_a.example.com.", "type": "CNAME", "value": "_b.acm-validations.aws."}
    assert [each["validation_records"] for each in found] == [[record], [record]]
    assert survey.all_records(found) == [record]
