# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many certificates an account may have, and add in a year (acm-rules §11)."""

from __future__ import annotations

from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab


def test_certificates_held(lab: Lab) -> None:
    lab.set(quota_certificates=2)
    first = lab.public("amazonaws.com")  # one that failed counts too
    lab.public()
    lab.fails("request_certificate", "LimitExceededException", DomainName="www.example.com")
    lab.private()  # private ones do not count
    lab.acm.delete_certificate(CertificateArn=first)
    lab.public()


def test_requests_in_365_days(lab: Lab, clock: Clock) -> None:
    lab.set(quota_requests_a_year=2)
    lab.private()  # does not count
    for arn in [lab.public(), lab.public()]:
        lab.acm.delete_certificate(CertificateArn=arn)  # deleting does not reduce the count
    lab.fails("request_certificate", "LimitExceededException", DomainName="www.example.com")
    clock.advance(days=366)
    lab.public()
