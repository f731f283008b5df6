# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done about a certificate: tables, no calls."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_certificate import options as wanted, plan as issuance
from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import Certificate
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.scripted_acm import arn
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._acm_certificate.test_matching import (
    CA,
    NOW,
    OTHER_CA,
    have,
    have_private,
    want,
)

FORCED, EARLY = {"force_renewal": True}, {"renew_before": "30"}


@pytest.mark.parametrize(
    ("options", "one", "operations"),
    [
        ({}, have(), []),
        ({"tags": {}}, have(), ["RemoveTagsFromCertificate"]),
        ({"tags": {"a": "1"}}, have(), []),
        ({"tags": {"a": "2"}}, have(), ["AddTagsToCertificate"]),
        ({"tags": {"b": "1"}}, have(), ["RemoveTagsFromCertificate", "AddTagsToCertificate"]),
        ({"tags": {"b": "1"}, "purge_tags": False}, have(), ["AddTagsToCertificate"]),
        ({"name_tag": "x"}, have(), ["AddTagsToCertificate"]),
        ({"options": {"certificate_transparency_logging_preference": "ENABLED"}}, have(), []),
        ({"options": {"certificate_transparency_logging_preference": "ENABLED"}}, have(Options=None), []),
        (
            {"options": {"certificate_transparency_logging_preference": "DISABLED"}},
            have(),
            ["UpdateCertificateOptions"],
        ),
        ({"force_renewal": True}, have(), ["RenewCertificate"]),
        ({"renew_before": "30"}, have(), []),
        ({"renew_before": "190"}, have(), ["RenewCertificate"]),
        ({"renew_before": "33%"}, have(age_days=150), ["RenewCertificate"]),
        ({"force_renewal": True}, have(RenewalSummary={"RenewalStatus": "PENDING_VALIDATION"}), []),
        ({"force_renewal": True}, have(Status="PENDING_VALIDATION"), []),
    ],
)
def test_changes_in_place(options: dict[str, t.Any], one: Certificate, operations: list[str]) -> None:
    plan = issuance.plan_present(want(**options), one, {"a": "1", "aws:cloudformation:x": "1"}, NOW)
    assert plan.operations == operations
    assert bool(plan.after) is bool(operations)


def test_a_warning_says_why_nothing_is_renewed() -> None:
    pending = have(Status="PENDING_VALIDATION", RenewalEligibility="INELIGIBLE")
    forced, early = (issuance.plan_present(want(**options), pending, None, NOW) for options in (FORCED, EARLY))
    assert forced.warnings == (f"{arn(1)} has not been issued yet, so there is nothing to renew.",)
    assert early.warnings == ()
    unused = issuance.plan_present(want(**EARLY), have(RenewalEligibility="INELIGIBLE"), None, NOW)
    assert "it is not in use and has not been exported since it was issued" in unused.warnings[0]


def test_tags_of_aws_are_kept() -> None:
    plan = issuance.plan_present(want(tags={"b": "1"}), have(), {"a": "1", "aws:x": "1"}, NOW)
    assert [step.members for step in plan.steps] == [
        {"CertificateArn": arn(1), "Tags": [{"Key": "a"}]},
        {"CertificateArn": arn(1), "Tags": [{"Key": "b", "Value": "1"}]},
    ]
    assert plan.before == {"tags": {"a": "1", "aws:x": "1"}}
    assert plan.after == {"tags": {"aws:x": "1", "b": "1"}}


def test_a_new_certificate() -> None:
    plan = issuance.plan_present(want(tags={"a": "1"}), None, None, NOW)
    assert plan.operations == ["RequestCertificate"]
    assert plan.steps[0].members["Tags"] == [{"Key": "a", "Value": "1"}]
    assert plan.before == {}
    assert plan.after == {
        "domain_name": "www.example.com",
        "subject_alternative_names": ["www.example.com", "b.example.com"],
        "type": "AMAZON_ISSUED",
        "key_algorithm": "RSA_2048",
        "validation_method": "DNS",
        "options": {"certificate_transparency_logging_preference": "ENABLED", "export": "DISABLED"},
        "tags": {"a": "1"},
    }
    assert plan.cost is None


def test_the_plan_states_the_cost() -> None:
    exportable = want(subject_alternative_names=["*.example.com", "*.b.example.com"], options={"export": "ENABLED"})
    plan = issuance.plan_present(exportable, None, None, NOW)
    assert plan.cost == plan.after["cost"] == {"names": 1, "wildcards": 2, "amount": 165.0, "currency": "USD"}
    own = issuance.plan_present(exportable, None, None, NOW, prices={"name": 1, "wildcard": 2.5, "currency": None})
    assert own.cost == {"names": 1, "wildcards": 2, "amount": 6.0, "currency": "USD"}
    renewed = issuance.plan_present(want(force_renewal=True), have(Options={"Export": "ENABLED"}), None, NOW)
    assert renewed.cost == {"names": 2, "wildcards": 0, "amount": 14.0, "currency": "USD"}
    private = want(certificate_authority_arn=CA, force_renewal=True)
    assert issuance.plan_present(private, have_private(), None, NOW).cost is None


@pytest.mark.parametrize(
    ("options", "one", "sentence"),
    [
        ({"subject_alternative_names": ["c.example.com"]}, have(), "names is b.example.com, www.example.com, not c.ex"),
        ({"key_algorithm": "EC_prime256v1"}, have(), "key_algorithm is RSA_2048, not EC_prime256v1"),
        ({"options": {"export": "ENABLED"}}, have(), "options.export is DISABLED, not ENABLED"),
        ({"certificate_authority_arn": CA}, have(), "type is AMAZON_ISSUED, not PRIVATE"),
        ({"certificate_authority_arn": OTHER_CA}, have_private(), "certificate_authority_arn is"),
        ({"validation_method": "EMAIL"}, have(), "validation_method is DNS, not EMAIL"),
        ({}, have(Type="IMPORTED"), "type is IMPORTED, not AMAZON_ISSUED"),
        ({}, have(Status="FAILED"), "it is FAILED"),
        ({}, have(Status="VALIDATION_TIMED_OUT"), "it is VALIDATION_TIMED_OUT"),
        ({}, have(NotAfter=NOW - timedelta(days=1)), "it is EXPIRED"),
    ],
)
def test_what_cannot_change_is_reported_and_replaced_only_on_request(
    options: dict[str, t.Any], one: Certificate, sentence: str
) -> None:
    meant = {"certificate_arn": arn(1), **options}
    with pytest.raises(InvalidInput, match=sentence) as refusal:
        issuance.plan_present(want(**meant), one, None, NOW)
    assert "replace=true" in str(refusal.value)
    plan = issuance.plan_present(want(**meant, replace=True), one, {"a": "1", "aws:x": "1"}, NOW)
    assert plan.operations == ["RequestCertificate"]
    assert plan.replaces is one
    assert plan.before["certificate_arn"] == arn(1)
    assert plan.steps[0].members["Tags"] == [{"Key": "a", "Value": "1"}]


def test_a_replacement_has_the_requested_tags() -> None:
    meant = want(certificate_arn=arn(1), key_algorithm="EC_prime256v1", replace=True, tags={"b": "2"})
    plan = issuance.plan_present(meant, have(), {"a": "1"}, NOW)
    assert plan.after["tags"] == {"b": "2"}


def test_tags_of_a_failed_certificate_may_change_when_only_its_arn_is_given() -> None:
    meant = wanted.read({"certificate_arn": arn(1), "tags": {"a": "2"}})
    assert issuance.plan_present(meant, have(Status="FAILED"), {}, NOW).operations == ["AddTagsToCertificate"]


def test_nothing_is_requested_without_a_name() -> None:
    meant = wanted.read({"name_tag": "shop", "tags": {}})
    with pytest.raises(
        InvalidInput, match="^There is no certificate with the tag Name=shop: give domain_name to request it.$"
    ):
        issuance.plan_present(meant, None, None, NOW)


def test_from_mail_to_dns() -> None:
    by_mail = [{"DomainName": "www.example.com", "ValidationMethod": "EMAIL"}]
    plan = issuance.plan_present(want(validation_method="DNS"), have(DomainValidationOptions=by_mail), None, NOW)
    assert plan.steps == (
        issuance.Step("UpdateCertificateOptions", {"CertificateArn": arn(1), "Options": {"ValidationMethod": "DNS"}}),
    )
    assert (plan.before, plan.after) == ({"validation_method": "EMAIL"}, {"validation_method": "DNS"})
    moving = have(DomainValidationOptions=by_mail, UpdateSummary={"Status": "PENDING_DOMAIN_VALIDATION"})
    assert issuance.plan_present(want(validation_method="DNS"), moving, None, NOW).steps == ()
    assert issuance.plan_present(want(), have(DomainValidationOptions=by_mail), None, NOW).steps == ()


def test_mail_is_resent_for_names_that_are_still_pending() -> None:
    def option(name: str, status: str, **more: str) -> dict[str, str]:
        return {"DomainName": name, "ValidationMethod": "EMAIL", "ValidationStatus": status, **more}

    waiting = [
        option("www.example.com", "PENDING_VALIDATION", ValidationDomain="example.com"),
        option("b.example.com", "SUCCESS"),
    ]
    pending = have(Status="PENDING_VALIDATION", DomainValidationOptions=waiting)
    again = want(resend_validation_email=True)
    plan = issuance.plan_present(again, pending, None, NOW)
    step = {"CertificateArn": arn(1), "Domain": "www.example.com", "ValidationDomain": "example.com"}
    assert plan.steps == (issuance.Step("ResendValidationEmail", step),)
    summary = {"RenewalStatus": "PENDING_VALIDATION", "DomainValidationOptions": waiting}
    assert issuance.plan_present(again, have(RenewalSummary=summary), None, NOW).operations == ["ResendValidationEmail"]
    assert issuance.plan_present(again, have(), None, NOW).steps == ()
    elsewhere = [{"domain_name": "www.example.com", "validation_domain": "www.example.com"}]
    told = want(resend_validation_email=True, domain_validation_options=elsewhere)
    assert issuance.plan_present(told, pending, None, NOW).steps[0].members["ValidationDomain"] == "www.example.com"


def test_only_unambiguous_and_unused_certificates_are_deleted() -> None:
    absent = want(state="absent")
    assert issuance.plan_absent([], absent) == issuance.Plan()
    imported = have(3, Type="IMPORTED")
    (warning,) = issuance.plan_absent([], absent, [imported]).warnings
    assert imported.arn in warning and "name_tag" in warning
    assert not issuance.plan_absent([have(1)], absent, [imported]).warnings
    plan = issuance.plan_absent([have(1)], absent)
    assert plan.steps == (issuance.Step("DeleteCertificate", {"CertificateArn": arn(1)}),)
    with pytest.raises(InvalidInput, match=f"2 certificates match www.example.com: {arn(1)}, {arn(2)}"):
        issuance.plan_absent([have(1), have(2)], absent)
    assert len(issuance.plan_absent([have(1), have(2)], want(state="absent", all_matching=True)).steps) == 2
    used = have(InUseBy=["arn:aws:elasticloadbalancing:x"])
    with pytest.raises(InvalidInput, match="is in use by arn:aws:elasticloadbalancing:x"):
        issuance.plan_absent([used], absent)
    assert issuance.plan_absent([used], want(state="absent", wait=True)).operations == ["DeleteCertificate"]


def test_only_what_acm_can_revoke_is_revoked() -> None:
    revoked = want(state="revoked", revocation_reason="SUPERSEDED")
    plan = issuance.plan_revoked([have()], revoked)
    assert plan.steps[0].members == {"CertificateArn": arn(1), "RevocationReason": "SUPERSEDED"}
    assert issuance.plan_revoked([have(Status="REVOKED")], revoked).steps == ()
    all_of_them = want(state="revoked", all_matching=True)
    assert len(issuance.plan_revoked([have(Status="REVOKED"), have(2)], all_of_them).steps) == 1
    assert len(issuance.plan_revoked([have(Status="EXPIRED"), have(2)], revoked).steps) == 1
    for found, sentence in (
        ([], "There is no certificate for www.example.com to revoke: correct"),
        ([have(1), have(2)], "2 certificates match"),
        ([have(Status="REVOKED"), have(2)], "2 certificates match"),  # the second may be its successor
        ([have(Status="EXPIRED")], "only an issued certificate"),
        ([have(Type="IMPORTED")], "was imported"),
        ([have(InUseBy=["arn:x"])], "in use by arn:x"),
        ([Certificate(arn(1), status="ISSUED", type="AMAZON_ISSUED", was_exported=False)], "never exported"),
    ):
        with pytest.raises(InvalidInput, match=sentence):
            issuance.plan_revoked(found, revoked)
