# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts to web services."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import ssl
import threading
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.webhook import Webhook, retry_after_s
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.web_server import Answer, Request, WebServer, redirect, web_server
from ansible_collections.certops.acm.tests.support.alert_channels import an_alert, deliver, NOW, PATH, TOKEN, webhook


@pytest.mark.parametrize("form", ["slack", "teams", "json"])
def test_a_webhook_gets_json(web: WebServer, form: str) -> None:
    deliver([an_alert(title="Zertifikat für *.example.com")], webhook(web, format=form, headers={"X-Own": "1"}))
    (request,) = web.requests
    assert (request.method, request.headers["X-Own"]) == ("POST", "1")
    assert request.headers["Content-Type"].startswith("application/json")
    assert {"slack": "blocks", "teams": "attachments", "json": "alerts"}[form] in json.loads(request.body)
    assert "Zertifikat für *.example.com".encode() in request.body


@pytest.mark.parametrize("secret", ["any text", "whsec_" + base64.b64encode(b"key").decode()])
def test_a_signature_that_a_receiver_can_check(web: WebServer, secret: str) -> None:
    deliver([an_alert()], webhook(web, signing_secret=secret))
    (request,) = web.requests
    key = b"key" if secret.startswith("whsec_") else secret.encode()
    signed = f"{request.headers['Webhook-id']}.{request.headers['Webhook-timestamp']}.".encode() + request.body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert request.headers["Webhook-signature"] == f"v1,{digest}"
    assert (request.headers["Webhook-id"], int(request.headers["Webhook-timestamp"])) == ("msg_0001", NOW.timestamp())


def in_turn(*answers: Answer) -> t.Callable[[Request], Answer]:
    left = list(answers)
    return lambda _request: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.parametrize(
    ("answers", "is_sent", "pauses"),
    [
        ([Answer(503), Answer(200)], True, [1.0]),
        ([Answer(500), Answer(502), Answer(202)], True, [1.0, 2.0]),
        ([Answer(429, {"Retry-After": "7"}), Answer(200)], True, [7.0]),
        ([Answer(429, {"Retry-After": "Mon, 01 Mar 2027 06:00:05 GMT"}), Answer(200)], True, [5.0]),
        ([Answer(429, {"Retry-After": "3600"}), Answer(200)], False, []),
        ([Answer(503)], False, [1.0, 2.0]),
        ([Answer(404)], False, []),
        ([Answer(403)], False, []),
        ([redirect("http://127.0.0.1:1/else")], False, []),
    ],
)
def test_temporary_failures_are_retried(
    web: WebServer, answers: list[Answer], is_sent: bool, pauses: list[float]
) -> None:
    web.pages[PATH] = in_turn(*answers)
    slept: list[float] = []
    outcome = deliver([an_alert()], webhook(web), pauses=slept)
    assert (bool(outcome.sent), bool(outcome.undelivered), slept) == (is_sent, not is_sent, pauses)
    assert bool(outcome.told) == is_sent
    assert len(web.requests) == len(pauses) + 1
    assert TOKEN not in str(outcome)


def test_a_retried_message_keeps_its_id(web: WebServer) -> None:
    web.pages[PATH] = in_turn(Answer(500), Answer(200))
    ids = iter("abcdef")
    channel = Webhook(
        {"name": "hook", "url": f"http://{web.address}{PATH}", "signing_secret": "s"},
        now=lambda: NOW,
        new_id=lambda: next(ids),
    )
    deliver([an_alert()], channel)
    assert [request.headers["Webhook-id"] for request in web.requests] == ["msg_a", "msg_a"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(400, body=b"invalid_blocks"), "127.0.0.1 answered HTTP 400 (invalid_blocks): it refuses the message."),
        (
            Answer(404, body=f"no {TOKEN}".encode()),
            "127.0.0.1 answered HTTP 404: there is no such webhook: create a new one.",
        ),
        (
            Answer(403, body=b"invalid_token"),
            "127.0.0.1 answered HTTP 403 (invalid_token): it does not allow sending: create a new webhook.",
        ),
        (redirect("https://example.com/"), "127.0.0.1 answered HTTP 302: give the URL that accepts messages directly."),
    ],
)
def test_the_reason_for_a_failed_delivery(web: WebServer, answer: Answer, reason: str) -> None:
    web.pages[PATH] = answer
    assert deliver([an_alert()], webhook(web)).undelivered == [{"key": "k", "channel": "hook", "reason": reason}]


def test_a_silent_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}{PATH}"
        outcome = deliver([an_alert()], webhook(url, timeout=1), max_attempts=1)
    assert outcome.undelivered[0]["reason"] == "127.0.0.1 did not answer within 1 s."


def test_tls_is_verified(tls: tuple[ssl.SSLContext, str]) -> None:
    context, ca_file = tls
    slept: list[float] = []
    with web_server({PATH: b"ok"}, tls=context) as server:
        url = f"https://localhost:{server.port}{PATH}"
        outcome = deliver([an_alert()], webhook(url), pauses=slept)
        assert "certificate" in outcome.undelivered[0]["reason"] and "ca_file" in outcome.undelivered[0]["reason"]
        assert slept == [] and server.requests == [] and TOKEN not in str(outcome)
        assert deliver([an_alert()], webhook(url, ca_file=ca_file)).sent


@pytest.mark.parametrize(
    ("ca_file", "reason"),
    [
        ("/no/such.pem", "The ca_file /no/such.pem cannot be used: No such file or directory."),
        (__file__, f"The ca_file {__file__} cannot be used: it contains no certificate."),
    ],
)
def test_a_ca_file_that_cannot_be_used_is_named(ca_file: str, reason: str) -> None:
    outcome = deliver([an_alert()], webhook("https://127.0.0.1:1/x", ca_file=ca_file))
    assert outcome.undelivered[0]["reason"] == reason


def test_a_server_that_closes_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def close() -> None:
            connection, _address = server.accept()
            connection.recv(65536)
            connection.close()

        closing = threading.Thread(target=close)
        closing.start()
        outcome = deliver([an_alert()], webhook(f"http://127.0.0.1:{server.getsockname()[1]}/x"), max_attempts=1)
        closing.join()
    assert outcome.undelivered[0]["reason"] == "127.0.0.1 closed the connection without an answer."


def test_a_name_without_an_address() -> None:
    outcome = deliver([an_alert()], webhook("http://nowhere.invalid/x"), max_attempts=1)
    assert outcome.undelivered[0]["reason"] == "nowhere.invalid cannot be reached: its name has no address."


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": f"ftp://example.com/{TOKEN}"}, "not a URL"),
        ({"url": f"https:///{TOKEN}"}, "not a URL"),
        ({"url": f"https://example.com:port/{TOKEN}"}, "not a URL"),
        ({"url": f"https://example.com/{TOKEN}\nx"}, "not a URL"),
        ({"headers": {"X": f"a\r\nHost: {TOKEN}"}}, "line breaks"),
        ({"signing_secret": f"whsec_{TOKEN}"}, "base64"),
    ],
)
def test_wrong_settings_are_reported_without_the_secret(settings: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        webhook(settings.pop("url", "https://example.com/"), **settings)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "pause_s"),
    [(None, None), ("", None), ("12", 12.0), ("Mon, 01 Mar 2027 05:00:00 GMT", 0.0), ("soon", None), ("-5", None)],
)
def test_retry_after(header: t.Optional[str], pause_s: t.Optional[float]) -> None:
    assert retry_after_s(header, NOW) == pause_s
