# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Approval of names: by the link in an approval mail, or by the operator (acm-rules §3)."""

from __future__ import annotations

import re

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing import approvals
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from ansible_collections.certops.acm.tests.support.mail_server import mail_server


def test_mails_are_sent_approved_and_the_certificate_issued(lab: Lab) -> None:
    with mail_server() as server:
        lab.set(smtp={"host": "127.0.0.1", "port": server.port})
        arn = lab.public("www.example.com", ValidationMethod="EMAIL", SubjectAlternativeNames=["*.example.com"])
        mails = server.wait_for(2)
    subjects = sorted(str(mail["Subject"]) for mail in mails)
    assert subjects == ["Certificate request for *.example.com", "Certificate request for www.example.com"]
    shown = lab.describe(arn)["DomainValidationOptions"][0]
    assert shown["ValidationEmails"] == [
        f"{box}@example.com" for box in ("administrator", "hostmaster", "postmaster", "webmaster", "admin")
    ]
    assert "ResourceRecord" not in shown
    text = mails[0].get_content()
    assert arn in text and "123456789012" in text and "us-east-1" in text
    tokens = [re.search(r"context=(\S+)", mail.get_content()) for mail in mails]
    assert [found is not None for found in tokens] == [True, True]
    for place, found in enumerate(tokens):
        assert found is not None
        _certificate, changed = approvals.approve_token(lab.authority, found[1])
        assert changed
        assert lab.status(arn) == ("PENDING_VALIDATION", "ISSUED")[place]
    assert found is not None and approvals.approve_token(lab.authority, found[1])[1] is False  # no change
    with lab.authority.store.read() as tx:
        assert found[1] not in str(tx.journal.audit())


def test_a_token_is_valid_for_72_hours(lab: Lab, clock: Clock) -> None:
    with mail_server() as server:
        lab.set(smtp={"host": "127.0.0.1", "port": server.port})
        lab.public(ValidationMethod="EMAIL")
        (mail,) = server.wait_for(1)
    found = re.search(r"context=(\S+)", mail.get_content())
    assert found
    clock.advance(hours=73)
    with pytest.raises(ValueError, match="72 hours"):
        approvals.approve_token(lab.authority, found[1])
    with pytest.raises(ValueError, match="unknown"):
        approvals.approve_token(lab.authority, "no-such-token")


def test_without_a_mail_server_the_operator_approves(lab: Lab) -> None:
    arn = lab.public(ValidationMethod="EMAIL")
    _certificate, changed = approvals.approve(lab.authority, arn, "WWW.example.com")
    assert changed and lab.status(arn) == "ISSUED"
    assert approvals.approve(lab.authority, arn, "www.example.com")[1] is False


@pytest.mark.parametrize(
    "name, why", [("other.example.com", "not a name of"), ("www.example.com", "by DNS, not by e-mail")]
)
def test_what_cannot_be_approved(lab: Lab, name: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        approvals.approve(lab.authority, lab.public(), name)


def test_cloudfront_excludes_other_services(lab: Lab) -> None:
    arn = lab.public("web.example.com", ValidationMethod="HTTP", ManagedBy="CLOUDFRONT")
    with pytest.raises(ValueError, match="CLOUDFRONT"):
        approvals.set_in_use_by(
            lab.authority, arn, ["arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/x"]
        )
    assert approvals.set_in_use_by(lab.authority, arn, ["arn:aws:cloudfront::123456789012:distribution/X"])
