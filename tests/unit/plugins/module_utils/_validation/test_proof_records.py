# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The DNS records that a certificate needs."""

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.plugins.module_utils._validation import proof_records
from ansible_collections.certops.acm.tests.support.descriptions import (
    APEX,
    MAIL,
    REDIRECT,
    WWW,
    as_item,
    detail,
    option,
)


def test_a_wildcard_and_its_apex_share_one_record() -> None:
    found = proof_records.records(
        detail(option("*.example.com", APEX), option("example.com", APEX), option("www.example.com", WWW))
    )
    assert found == [as_item(APEX), as_item(WWW)]


def test_validated_names_keep_their_record() -> None:
    """The next renewal checks it again."""
    one = detail(option("example.com", APEX, ValidationStatus="SUCCESS"), Status="ISSUED")
    assert proof_records.records(one) == [as_item(APEX)]


@pytest.mark.parametrize("status", ["FAILED", "VALIDATION_TIMED_OUT", "EXPIRED", "REVOKED", "INACTIVE"])
def test_ended_certificates_need_no_record(status: str) -> None:
    assert proof_records.records(detail(option("example.com", APEX), Status=status)) == []


def test_a_renewal_may_need_more_records() -> None:
    one = detail(
        option("example.com", APEX, ValidationStatus="SUCCESS"),
        Status="ISSUED",
        RenewalSummary={
            "RenewalStatus": "PENDING_VALIDATION",
            "DomainValidationOptions": [option("www.example.com", WWW)],
        },
    )
    assert proof_records.records(one) == [as_item(APEX), as_item(WWW)]


def test_mail_web_private_and_imported_certificates_need_no_record() -> None:
    assert proof_records.records(detail(option("example.com", ValidationMethod="EMAIL", ValidationEmails=MAIL))) == []
    assert proof_records.records(detail(option("example.com", ValidationMethod="HTTP", HttpRedirect=REDIRECT))) == []
    assert proof_records.records({"Type": "PRIVATE", "Status": "ISSUED"}) == []
    assert proof_records.records({"Type": "IMPORTED", "Status": "ISSUED", "DomainValidationOptions": None}) == []


def test_records_that_acm_does_not_show_yet() -> None:
    one = detail(
        option("example.com", APEX), option("www.example.com"), option("x.example.com", ValidationMethod="EMAIL")
    )
    assert proof_records.names_without_record(one) == ["www.example.com"]
    assert not proof_records.has_records(one)
    one["DomainValidationOptions"][1]["ResourceRecord"] = WWW
    assert proof_records.has_records(one)


def test_right_after_the_request_acm_shows_no_names_at_all() -> None:
    assert not proof_records.has_records({"Type": "AMAZON_ISSUED", "Status": "PENDING_VALIDATION"})
    assert proof_records.has_records({"Type": "AMAZON_ISSUED", "Status": "FAILED"})
    assert proof_records.has_records({"Type": "PRIVATE", "Status": "PENDING_VALIDATION"})
