# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to AWS: which endpoint, and what is retried."""

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.plugins.module_utils._door import aws
from ansible_collections.certops.acm.tests.support.acm_endpoint import acm_endpoint
from botocore.exceptions import ClientError, ConnectionClosedError


@pytest.mark.parametrize(
    "url, is_acm_alone",
    [
        (None, False),
        ("http://127.0.0.1:5000", False),
        ("https://acm.eu-central-1.amazonaws.com", True),
        ("https://acm-fips.us-east-1.amazonaws.com", True),
        ("https://vpce-0a1b-xyz.acm.eu-central-1.vpce.amazonaws.com", True),
        ("https://acm.example.com", False),
        ("https://localhost.localstack.cloud:4566", False),
    ],
)
def test_which_endpoint_serves_acm_alone(url, is_acm_alone):
    assert aws.is_acm_alone(url) is is_acm_alone


class Reply:
    def __init__(self, status_code):
        self.status_code = status_code


class Operation:
    def __init__(self, name):
        self.name = name


LOST = ConnectionClosedError(endpoint_url="https://acm.example")
FAULT = (Reply(500), {"Error": {"Code": "InternalFailure"}})
THROTTLED = (Reply(400), {"Error": {"Code": "ThrottlingException"}})
QUOTA = (Reply(400), {"Error": {"Code": "LimitExceededException"}})
NEW, AGAIN = b'{"Certificate": "x"}', b'{"CertificateArn": "a", "Certificate": "x"}'


@pytest.mark.parametrize(
    "operation, body, response, caught, is_vetoed",
    [
        ("ImportCertificate", NEW, None, LOST, True),
        ("ImportCertificate", NEW.decode(), None, LOST, True),
        ("ImportCertificate", NEW, FAULT, None, True),
        ("ImportCertificate", NEW, THROTTLED, None, True),
        ("ImportCertificate", NEW, QUOTA, None, True),
        ("ImportCertificate", NEW, (Reply(200), {}), None, False),
        ("ImportCertificate", AGAIN, None, LOST, False),
        ("ImportCertificate", AGAIN, FAULT, None, False),
        ("RequestCertificate", b"{}", None, LOST, False),
        ("RequestCertificate", b"{}", FAULT, None, False),
        ("RequestCertificate", b"{}", THROTTLED, None, True),
        ("RequestCertificate", b"{}", QUOTA, None, True),
    ],
)
def test_errors_that_are_never_retried(operation, body, response, caught, is_vetoed):
    def ask():
        aws.veto_retry(
            operation=Operation(operation),
            response=response,
            caught_exception=caught,
            request_dict={"body": body},
            attempts=1,
        )

    if not is_vetoed:
        ask()
        return
    with pytest.raises((ConnectionClosedError, ClientError)):
        ask()


def test_a_quota_error_is_reported_immediately(tmp_path):
    """botocore alone would try for half a minute."""
    authority = creation.create(str(tmp_path / "authority"), settings={"quota_certificates": 0})
    with acm_endpoint(authority) as served:
        acm_client = served.client()
        acm_client.meta.events.register_first("needs-retry.acm", aws.veto_retry)
        with pytest.raises(ClientError, match="LimitExceededException"):
            acm_client.request_certificate(DomainName="www.example.com")
        assert served.count() == 1
