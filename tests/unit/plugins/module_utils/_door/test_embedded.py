# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to an embedded authority."""

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.plugins.module_utils._door import embedded
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.acm_endpoint import acm_endpoint
from ansible_collections.certops.acm.tests.support.authority_client import authority_client
from botocore.exceptions import ClientError, ParamValidationError
from botocore.loaders import JSONFileLoader


def test_the_users_aws_settings_mean_nothing_to_an_authority(tmp_path, monkeypatch):
    creation.create(str(tmp_path / "authority"))
    (tmp_path / "config").write_text("this is [no configuration")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "there-is-none")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    for each in ("MAX_ATTEMPTS", "RETRY_MODE", "DEFAULTS_MODE", "REQUEST_CHECKSUM_CALCULATION", "USE_FIPS_ENDPOINT"):
        monkeypatch.setenv(f"AWS_{each}", "wrong")
    acm_client = authority_client(str(tmp_path / "authority"))
    assert acm_client.list_certificates()["CertificateSummaryList"] == []


def test_a_client_of_an_authority_answers_as_one_over_http_does(tmp_path):
    authority = creation.create(str(tmp_path / "acm"))
    ca = authority.cas.private("internal", key_algorithm="EC_prime256v1").arn
    within = authority_client(authority)
    wanted = {"DomainName": "www.corp.test", "KeyAlgorithm": "EC_prime256v1", "CertificateAuthorityArn": ca}
    arn = within.request_certificate(**wanted)["CertificateArn"]
    with acm_endpoint(authority) as served:
        outside = served.client()
        for operation, members in (
            ("describe_certificate", {"CertificateArn": arn}),
            ("search_certificates", {}),
            ("put_account_configuration", {"IdempotencyToken": "a"}),
            ("describe_certificate", {"CertificateArn": arn + "0"}),
            ("request_certificate", {"DomainName": "no name"}),
            ("get_certificate", {}),
        ):
            assert _outcome(within, operation, members) == _outcome(outside, operation, members)


def _outcome(acm_client, operation, members):
    """The answer or the error, without the parts that belong to one call or to HTTP."""
    try:
        kind, answer = None, getattr(acm_client, operation)(**members)
    except ClientError as error:
        kind, answer = type(error).__name__, error.response
    except ParamValidationError as error:
        return str(error)
    told = answer["ResponseMetadata"]
    assert told.pop("RequestId") == told["HTTPHeaders"].pop("x-amzn-requestid")
    for header in ("date", "server", "connection"):
        told["HTTPHeaders"].pop(header, None)
    return kind, answer


@pytest.mark.parametrize("region", ["eu-central-1", "cn-north-1"])
def test_an_authority_needs_no_endpoint_data(tmp_path, monkeypatch, region):
    authority = creation.create(str(tmp_path / "acm"), region=region)
    loaded, load_file = [], JSONFileLoader.load_file
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda self, path: loaded.append(path) or load_file(self, path))
    acm_client = authority_client(authority.path)
    assert acm_client.list_certificates()["CertificateSummaryList"] == []
    assert loaded and not [path for path in loaded if "endpoint" in path]


def test_the_region_must_be_the_authoritys(tmp_path):
    creation.create(str(tmp_path / "authority"), region="eu-central-1")
    with pytest.raises(InvalidInput, match="is for region eu-central-1, not us-east-1"):
        embedded.open_door(str(tmp_path / "authority"), "us-east-1")


def test_where_there_is_no_authority(tmp_path):
    with pytest.raises(InvalidInput, match="http://127.0.0.1:8410 is a URL, .* give the server.s URL as endpoint_url"):
        embedded.open_door("http://127.0.0.1:8410")
    with pytest.raises(InvalidInput, match="There is no embedded authority in .*acm_authority"):
        embedded.open_door(str(tmp_path / "nowhere"))
