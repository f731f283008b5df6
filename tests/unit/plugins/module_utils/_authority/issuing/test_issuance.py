# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which CA signs a private certificate, and why it may not (acm-rules §4)."""

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from cryptography import x509

PCA = "arn:aws:acm-pca:us-east-1"


@pytest.mark.parametrize("status", ["CREATING", "PENDING_CERTIFICATE", "DELETED", "DISABLED", "EXPIRED", "FAILED"])
def test_only_an_active_ca_signs(lab: Lab, status: str) -> None:
    lab.ca()
    lab.authority.cas.set_status("corp", status)
    shown = lab.describe(lab.private())
    assert (shown["Status"], shown["FailureReason"]) == ("FAILED", "PCA_INVALID_STATE")
    lab.authority.cas.set_status("corp", "ACTIVE")
    assert lab.status(lab.private()) == "ISSUED"


@pytest.mark.parametrize(
    "arn, reason",
    [
        (f"{PCA}:123456789012:certificate-authority/00000000-0000-0000-0000-000000000000", "PCA_RESOURCE_NOT_FOUND"),
        (f"{PCA}:999999999999:certificate-authority/00000000-0000-0000-0000-000000000000", "PCA_ACCESS_DENIED"),
        ("arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/00000000-0000", "PCA_INVALID_ARN"),
        (f"{PCA}:123456789012:certificate/00000000-0000", "PCA_INVALID_ARN"),
    ],
)
def test_a_ca_that_does_not_exist_or_belongs_to_another_account(lab: Lab, arn: str, reason: str) -> None:
    shown = lab.describe(lab.private(ca=arn))
    assert (shown["Status"], shown["FailureReason"]) == ("FAILED", reason)


def test_name_constraints_of_a_ca(lab: Lab) -> None:
    ca = lab.ca("narrow", permitted_domains=["corp.test", "lab.test"])
    assert (
        lab.status(lab.private("a.corp.test", ca=ca, SubjectAlternativeNames=["*.lab.test", "corp.test"])) == "ISSUED"
    )
    for name in ("a.example.com", "notcorp.test"):
        shown = lab.describe(lab.private("a.corp.test", ca=ca, SubjectAlternativeNames=[name]))
        assert (shown["Status"], shown["FailureReason"]) == ("FAILED", "PCA_NAME_CONSTRAINTS_VALIDATION")
    with lab.authority.store.read() as tx:
        row = tx.cas.of_arn(ca)
    assert row
    extension = pem.load_certificate(row.pem).extensions.get_extension_for_class(x509.NameConstraints)
    assert extension.critical
    assert [each.value for each in extension.value.permitted_subtrees] == ["corp.test", "lab.test"]


def test_a_ca_of_another_account_signs_while_the_role_exists(lab: Lab, clock: Clock) -> None:
    ca = lab.ca("theirs", account_id="999999999999")
    assert ca.split(":")[4] == "999999999999"
    lab.set(service_linked_role=False)
    arn = lab.private(ca=ca)
    lab.export(arn)
    serial = lab.describe(arn)["Serial"]
    clock.advance(days=340)
    summary = lab.describe(arn)["RenewalSummary"]
    assert (summary["RenewalStatus"], summary["RenewalStatusReason"]) == ("PENDING_AUTO_RENEWAL", "SLR_NOT_FOUND")
    lab.set(service_linked_role=True)
    clock.advance(hours=1)
    assert lab.describe(arn)["Serial"] != serial


def test_the_ca_must_outlive_the_certificate(lab: Lab, clock: Clock) -> None:
    ca = lab.ca("short", validity_days=400)
    assert lab.status(lab.private(ca=ca)) == "ISSUED"
    clock.advance(days=10)
    shown = lab.describe(lab.private(ca=ca))
    assert (shown["Status"], shown["FailureReason"]) == ("FAILED", "PCA_INVALID_DURATION")
    clock.advance(days=391)
    assert lab.describe(lab.private(ca=ca))["FailureReason"] == "PCA_INVALID_STATE"


@pytest.mark.parametrize("ca, leaf", [("EC_prime256v1", "RSA_2048"), ("RSA_2048", "EC_prime256v1")])
def test_the_leaf_has_the_key_family_of_the_ca(lab: Lab, ca: str, leaf: str) -> None:
    shown = lab.describe(lab.private(ca=lab.ca("other", key_algorithm=ca), KeyAlgorithm=leaf))
    assert (shown["Status"], shown["FailureReason"]) == ("FAILED", "PCA_INVALID_ARGS")


def test_which_families_a_private_ca_may_have_is_a_setting(lab: Lab) -> None:
    assert lab.status(lab.private()) == "ISSUED"
    lab.set(private_ca_key_families=["RSA"])
    assert lab.describe(lab.private())["FailureReason"] == "PCA_INVALID_ARGS"


def test_certificates_per_ca(lab: Lab) -> None:
    lab.set(quota_certificates_a_ca=2)
    reasons = [lab.describe(lab.private()).get("FailureReason") for _number in range(3)]
    assert reasons == [None, None, "PCA_LIMIT_EXCEEDED"]
