# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user reads when AWS refuses or does not answer: what is wrong and what to do, in our own words."""

from __future__ import annotations

import socket
import typing as t

import botocore.session
import pytest
from ansible_collections.certops.acm.plugins.module_utils._door import acm, aws, refusals
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/00000001-0000-0000-0000-000000000000"
USER = "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: acm:DescribeCertificate"


def said_of(raised: Exception, region: str = "eu-central-1", operation: str = "DescribeCertificate") -> str:
    """The sentence for what a real client raises instead of sending."""
    session = botocore.session.Session()
    session.set_credentials("a", "b")
    client = session.create_client("acm", region_name=region)

    def fail(**_request: t.Any) -> None:
        raise raised

    client.meta.events.register("before-send.acm", fail)
    with pytest.raises((acm.AcmError, InvalidInput)) as caught:
        acm.Acm(client, lambda service: client, is_authority=False).call(operation, CertificateArn=ARN)
    return str(caught.value)


def answer(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeCertificate")


@pytest.mark.parametrize(
    ("raised", "parts"),
    [
        (answer("AccessDeniedException", USER), ["Allow the action acm:DescribeCertificate on " + ARN, "the notes in"]),
        (answer("AccessDeniedException", f"{USER} on resource: {ARN}"), ["Allow the action acm:DescribeCertificate;"]),
        (answer("ExpiredTokenException", "The security token included in the request is expired"), ["log in again"]),
        (answer("UnrecognizedClientException"), ["does not know this access key", "aws sts get-caller-identity"]),
        (answer("InvalidSignatureException"), ["check the secret key, and the clock"]),
        (answer("MissingAuthenticationTokenException"), ["no usable credentials; give access_key and secret_key"]),
        (exceptions.NoCredentialsError(), ["no AWS credentials were found; give access_key and secret_key"]),
        (exceptions.PartialCredentialsError(provider="env", cred_var="x"), ["no AWS credentials were found; give"]),
        (exceptions.UnauthorizedSSOTokenError(), ["run aws sso login"]),
        (
            exceptions.EndpointConnectionError(endpoint_url="https://acm.lab.test:8443/"),
            [
                "nothing answers at https://acm.lab.test:8443/; check the network, any proxy, and the option "
                "endpoint_url"
            ],
        ),
        (
            exceptions.ReadTimeoutError(endpoint_url="https://acm.lab.test/", error=None),
            ["https://acm.lab.test/ was reached, but did not answer in time"],
        ),
        (
            exceptions.SSLError(endpoint_url="https://acm.lab.test/", error=None),
            ["the TLS certificate of https://acm.lab.test/ is not trusted"],
        ),
        (
            exceptions.ProxyConnectionError(proxy_url="http://user:secret@proxy.lab.test"),
            ["the proxy does not answer; check HTTPS_PROXY"],
        ),
        (
            exceptions.ProxyConnectionError(proxy_url="http://proxy", error="Tunnel connection failed: 407 Proxy …"),
            ["the proxy does not accept the user name and password", "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"],
        ),
        (
            exceptions.ProxyConnectionError(proxy_url="http://proxy", error="Tunnel connection failed: 403 Forbidden"),
            ["the proxy refuses to connect (status 403); allow the host there"],
        ),
        (answer("503", "Service Unavailable"), ["failed with 503: Service Unavailable; run the task again later"]),
        (answer("503", "<!DOCTYPE html><p>Maintenance"), ["the answer is not from AWS; check the endpoint"]),
        (answer("404", ""), ["the answer is not from AWS; check the endpoint"]),
        (answer("", ""), ["the answer is not from AWS; check the endpoint"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BotoCoreError) else str(value),
)
def test_every_error_has_a_remedy(raised: Exception, parts: list[str]) -> None:
    said = said_of(raised)
    assert said.startswith("DescribeCertificate failed with ") and all(part in said for part in parts), said
    for theirs in ("Unable to locate", "Could not connect", "secret@", "\n", "config profile"):
        assert theirs not in said


UNREACHABLE = exceptions.EndpointConnectionError(endpoint_url="https://acm.x/")


@pytest.mark.parametrize(
    "raised", [exceptions.NoCredentialsError(), exceptions.UnauthorizedSSOTokenError(), UNREACHABLE]
)
@pytest.mark.parametrize(
    ("region", "hint"),
    [
        ("eu-cental-1", "did you mean eu-central-1?"),
        ("eu-central-1a", "did you mean eu-central-1?"),
        ("EU-CENTRAL-1", "did you mean eu-central-1?"),
        ("Frankfurt", "a region has a name such as eu-central-1"),
    ],
)
def test_a_misspelt_region_is_named_first_whatever_else_is_wrong(raised: Exception, region: str, hint: str) -> None:
    said = said_of(raised, region=region)
    assert said.startswith(
        f"DescribeCertificate failed with {type(raised).__name__}: {region} is not a region that botocore knows ({hint}); "
    )
    assert said.endswith(said_of(raised).partition(": ")[2].partition("; ")[2])


def test_a_region_is_not_blamed_if_it_is_known_or_need_not_be() -> None:
    assert "is not a region" not in said_of(exceptions.NoCredentialsError(), region="cn-north-1")
    for service, settings in (("acm", {"endpoint_url": "https://lab.test"}), ("route53", {})):
        client = botocore.session.Session().create_client(service, region_name="lab", **settings)
        assert refusals.of_silence(exceptions.NoCredentialsError(), client).startswith("no AWS credentials were found")


def test_a_host_that_does_not_exist_is_not_tried_again() -> None:
    unknown = exceptions.EndpointConnectionError(
        endpoint_url="https://acm.x/", error=socket.gaierror(socket.EAI_NONAME, "unknown")
    )
    busy = exceptions.EndpointConnectionError(
        endpoint_url="https://acm.x/", error=socket.gaierror(socket.EAI_AGAIN, "later")
    )

    class Operation:
        name = "DescribeCertificate"

    with pytest.raises(BotoCoreError):
        aws.veto_retry(operation=Operation, caught_exception=unknown, request_dict={})
    aws.veto_retry(operation=Operation, caught_exception=busy, request_dict={})


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (
            'Unknown parameter in Options: "Export", must be one of: CertificateTransparencyLoggingPreference',
            "RequestCertificate takes Export only with boto3 and botocore 1.38.38 or newer, but botocore ",
        ),
        (
            'Unknown parameter in input: "ManagedBy", must be one of: x',
            "RequestCertificate takes ManagedBy only with a newer",
        ),
        ("Invalid length for parameter DomainName", "RequestCertificate was not sent: "),
    ],
)
def test_a_botocore_that_is_too_old(report: str, sentence: str) -> None:
    said = refusals.of_parameters(exceptions.ParamValidationError(report=report), "RequestCertificate")
    assert said.startswith(sentence) and said.endswith(("is installed: upgrade both.", "DomainName."))


def test_options_that_allow_no_client() -> None:
    assert "The profile nobody is not in the AWS configuration" in refusals.of_setup(
        exceptions.ProfileNotFound(profile="nobody")
    )
    assert refusals.of_setup(ValueError("Invalid endpoint: host:443")) == (
        "endpoint_url is host:443, which is not a URL: give a URL such as https://host:port."
    )
    assert refusals.of_setup(exceptions.InvalidRegionError(region_name="eu_central_1")) == (
        "'eu_central_1' is not a region of AWS (did you mean eu-central-1?): correct the option region or AWS_REGION."
    )
