# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to AWS: which endpoint, and what is retried."""

from __future__ import annotations

import contextlib
import http.server
import threading
from types import SimpleNamespace

import botocore.session
import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.plugins.module_utils._door import aws
from ansible_collections.certops.acm.tests.support.acm_endpoint import acm_endpoint
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError


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


# ---------------------------------------------------------------- answers that are not from AWS


@contextlib.contextmanager
def answering(status, body):
    """A server that gives every request this answer; its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def client_at(url, service="acm"):
    session = aws.strict(botocore.session.Session())
    session.set_credentials("a", "b")
    return session.create_client(service, region_name="us-east-1", endpoint_url=url)


STRANGE = [
    (200, b"<html><body>Welcome to this hotel</body></html>"),
    (200, b"  <!DOCTYPE html>"),
    (200, b""),
    (200, b"[1, 2]"),
    (200, b'"text"'),
    (200, b'{"Certificate": "x", "Messages": 7, "CertificateSummaryList": [1]}'),
    (200, b'{"Certi'),
    (200, b'{"other": true}'),
    (200, b"\xff\xfe\x00"),
    (407, b"<html>Proxy Authentication Required</html>"),
]


@pytest.mark.parametrize("status, body", STRANGE)
@pytest.mark.parametrize(
    "service, method, members",
    [
        (
            "acm",
            "describe_certificate",
            {"CertificateArn": f"arn:aws:acm:us-east-1:123456789012:certificate/{'0' * 36}"},
        ),
        ("acm", "list_certificates", {}),
        ("sqs", "receive_message", {"QueueUrl": "{url}/q"}),
        ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": "m"}),
        ("route53", "list_hosted_zones_by_name", {}),
    ],
)
def test_an_answer_that_is_not_from_aws_is_one_kind_of_error(service, method, members, status, body):
    """Neither an empty answer, which would mean that there is no certificate, nor AttributeError or the like."""
    with answering(status, body) as url, pytest.raises(BotoCoreError) as caught:
        sent = {name: value.format(url=url) for name, value in members.items()}
        getattr(client_at(url, service), method)(**sent)
    assert type(caught.value).__name__ == "UnexpectedAnswerError"


def test_an_answer_from_aws_may_be_empty():
    with answering(200, b"{}\n") as url:
        assert "Messages" not in client_at(url, "sqs").receive_message(QueueUrl=f"{url}/q")
    with answering(200, b"") as url:  # an operation whose answer has no members
        arn = f"arn:aws:acm:us-east-1:123456789012:certificate/{'0' * 36}"
        assert client_at(url).delete_certificate(CertificateArn=arn)["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(
    "options, said",
    [
        (
            {"aws_config": {"nonsense": 1}},
            "aws_config cannot be used: Got unexpected keyword argument 'nonsense': correct",
        ),
        ({"aws_config": {"retries": {"mode": "x"}}}, "aws_config cannot be used: .*mode.*: correct it, as botocore"),
        (
            {"access_key": "AKIA0"},
            "AWS credentials are incomplete, secret_key is missing: give access_key and secret_key",
        ),
        ({"secret_key": "x"}, "AWS credentials are incomplete, access_key is missing: give access_key and secret_key"),
    ],
)
def test_connection_options_that_cannot_be_used(options, said):
    module = SimpleNamespace(params={"region": "us-east-1", "validate_certs": True, **options})
    with pytest.raises(InvalidInput, match=said):
        aws.open_door(module)
