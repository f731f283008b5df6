# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each sender, with a real HTTP server and with moto's SQS over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import typing as t
from pathlib import Path

import botocore.session
import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.delivery import senders
from ansible_collections.certops.acm.plugins.module_utils._authority.delivery.senders import NotSent
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.pki import tls_server
from ansible_collections.certops.acm.tests.support.web_server import Answer, WebServer, web_server
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._authority.delivery.conftest import queue

SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_S = 1_795_694_400
EVENTS = [json.dumps({"id": f"id-{number}", "detail-type": "ACM Certificate Available"}) for number in range(3)]
Target = t.Dict[str, t.Any]


def send(target: Target, *events: str) -> int:
    senders.check(target)
    return senders.sender(target, "us-east-1", 5, lambda: NOW_S).send(events)


def webhook(web: WebServer, **others: t.Any) -> Target:
    return {"name": "hook", "kind": "webhook", "url": f"http://{web.address}/hook", **others}


# --- webhooks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret, key", [(SECRET, SECRET.encode()), (f"whsec_{SECRET}", base64.b64decode(SECRET))])
def test_signed_as_standard_webhooks_are(secret: str, key: bytes) -> None:
    with web_server({"/hook": Answer(204)}) as web:
        assert send(webhook(web, secret=secret, token="let-me-in"), EVENTS[0]) == 1
    (request,) = web.requests
    assert request.body.decode() == EVENTS[0]
    assert (request.headers["webhook-id"], request.headers["webhook-timestamp"]) == ("id-0", str(NOW_S))
    signed = f"id-0.{NOW_S}.{EVENTS[0]}".encode()
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"
    assert request.headers["Authorization"] == "Bearer let-me-in"


def test_tls_is_verified(tmp_path: Path) -> None:
    context, trusted = tls_server(tmp_path, "localhost")
    with web_server({"/hook": Answer(204)}, tls=context) as web:
        target = webhook(web, url=f"https://localhost:{web.port}/hook")
        with pytest.raises(NotSent, match="The TLS connection to"):
            send(target, EVENTS[0])
        assert send({**target, "trust_file": trusted}, EVENTS[0]) == 1
        for name, said in (("absent.pem", "No such file"), ("empty.pem", "it contains no certificate")):
            (tmp_path / "empty.pem").touch()
            wrong = {**target, "trust_file": str(tmp_path / name)}
            with pytest.raises(InvalidInput, match=f"{name} cannot be used: {said}"):
                senders.check(wrong)
            with pytest.raises(NotSent, match=f"{name} cannot be used: {said}"):  # it was replaced since
                senders.sender(wrong, "us-east-1", 5, lambda: NOW_S).send([EVENTS[0]])


@pytest.mark.parametrize("status", [301, 302, 400, 410, 500, 503])
def test_any_answer_but_2xx_is_a_refusal_and_redirects_are_not_followed(status: int) -> None:
    with web_server({"/hook": Answer(status, {"Location": "/other"}), "/other": Answer(204)}) as web:
        with pytest.raises(NotSent) as caught:
            send(webhook(web), EVENTS[0])
    assert str(caught.value) == f"http://{web.address}/… answered {status}, not 2xx."
    assert [request.path for request in web.requests] == ["/hook"]


def test_a_server_that_is_down_is_reported_without_the_path() -> None:
    with web_server({}) as web:
        target = webhook(web)
    with pytest.raises(NotSent, match="/…") as caught:
        send(target, EVENTS[0])
    assert "/hook" not in str(caught.value)


# --- queues ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fifo", [False, True])
def test_events_are_sent_to_a_queue(sqs: t.Any, fifo: bool) -> None:
    name, attributes = ("sent.fifo", {"FifoQueue": "true"}) if fifo else ("sent", {})
    target = queue(sqs, name, **attributes)
    sender = senders.sender(target, "us-east-1", 5, lambda: NOW_S)
    assert sender.batch == (1 if fifo else senders.BATCH)
    assert sum(sender.send(EVENTS[at : at + sender.batch]) for at in range(0, 3, sender.batch)) == 3
    received = sqs.receive_message(QueueUrl=target["queue_url"], MaxNumberOfMessages=10, AttributeNames=["All"])[
        "Messages"
    ]
    assert sorted(message["Body"] for message in received) == EVENTS
    if fifo:
        ids = [message["Attributes"]["MessageDeduplicationId"] for message in received]
        assert ids == ["id-0", "id-1", "id-2"]


class HalfFull:
    """What SQS answers if it refuses some messages of a batch."""

    def __init__(self, *refused: int) -> None:
        self.failed = [{"Id": str(number), "Code": "InternalError", "Message": "later"} for number in refused]

    def send_message_batch(self, **_members: t.Any) -> dict[str, t.Any]:
        return {"Failed": self.failed}


@pytest.mark.parametrize(("refused", "arrived"), [((), 3), ((2,), 2), ((2, 1), 1)])
def test_events_count_as_delivered_up_to_the_first_refusal(
    sqs: t.Any, monkeypatch: pytest.MonkeyPatch, refused: tuple[int, ...], arrived: int
) -> None:
    monkeypatch.setattr(botocore.session.Session, "create_client", lambda *_words, **_members: HalfFull(*refused))
    assert send(queue(sqs, "half"), *EVENTS) == arrived


def test_nothing_counts_as_delivered_if_the_first_was_refused(sqs: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.session.Session, "create_client", lambda *_words, **_members: HalfFull(0, 2))
    with pytest.raises(NotSent, match="did not accept an event: InternalError later.$"):
        send(queue(sqs, "half"), *EVENTS)


def test_a_queue_that_does_not_exist(sqs: t.Any) -> None:
    target = queue(sqs, "gone")
    sqs.delete_queue(QueueUrl=target["queue_url"])
    with pytest.raises(NotSent, match=f"{target['queue_url']} did not accept the events") as caught:
        send(target, *EVENTS)
    assert target["secret_key"] not in str(caught.value)


# --- what cannot be ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ({"kind": "webhook", "url": "ftp://secret.example.com/hidden"}, "not an http:// or https:// URL"),
        ({"kind": "webhook", "url": "https://[hidden"}, "not an http:// or https:// URL"),
        ({"kind": "webhook", "url": "https://hidden:0/"}, "not an http:// or https:// URL"),
        ({"kind": "webhook", "url": "https://me:hidden@x/"}, "contains a user name"),
        ({"kind": "webhook", "url": "https://x", "secret": "whsec_hidden!"}, "must be followed by base64"),
        ({"kind": "sqs", "queue_url": "acm"}, "queue_url acm is not an http:// or https:// URL"),
        ({"kind": "sqs", "queue_url": "https://x/q", "endpoint_url": "x"}, "endpoint_url x is not"),
        ({"kind": "sqs", "queue_url": "https://x/q", "access_key": "hidden"}, "access_key and secret_key go together"),
    ],
)
def test_targets_that_could_never_receive_an_event(target: Target, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        senders.check({"name": "a", **target})
    assert str(caught.value).startswith("event_targets, a: ") and said in str(caught.value)
    assert "hidden" not in str(caught.value)
