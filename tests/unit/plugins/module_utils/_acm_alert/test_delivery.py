# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts on their way to people: real HTTP and SMTP servers, moto for AWS, and every fault that is to be expected."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels import security_hub
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.delivery import Delivery, Outcome
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.security_hub import SecurityHub
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.mail import Mail
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.sns import Sns
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.channels.webhook import Webhook, retry_after_s
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.alert import (
    Alert,
    Channel,
    DnsRecord,
    Told,
)
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support import model_check
from ansible_collections.certops.acm.tests.support.mail_server import mail_server
from ansible_collections.certops.acm.tests.support.web_server import Answer, Request, WebServer, redirect, web_server
from moto import mock_aws

NOW = datetime(2027, 3, 1, 6, tzinfo=timezone.utc)
AT = "2027-03-01T06:00:00Z"
ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
OTHER = ARN[:-1] + "3"
TOKEN = "T0KEN-of-the-webhook"
PATH = f"/services/{TOKEN}"


def an_alert(key: str = "k", **members: t.Any) -> Alert:
    return Alert(**{"key": key, "kind": "expiring", "severity": "warning", "title": f"Title of {key}.", **members})


def deliver(
    alerts: t.Sequence[Alert],
    *channels: Channel,
    told: t.Optional[Told] = None,
    resolved: t.Collection[str] = (),
    pauses: t.Optional[list[float]] = None,
    **settings: t.Any,
) -> Outcome:
    sleep = (pauses if pauses is not None else []).append
    delivery = Delivery(channels, now=lambda: NOW, sleep=sleep, **settings)
    return delivery.run(alerts, told or {}, resolved, timedelta(days=400))


def keys(pairs: t.Iterable[t.Mapping[str, str]]) -> list[str]:
    return [pair["key"] for pair in pairs]


def webhook(web: t.Union[WebServer, str], **settings: t.Any) -> Webhook:
    url = web if isinstance(web, str) else f"http://{web.address}{PATH}"
    given = {"name": "hook", "url": url, "timeout": 2, **settings}
    return Webhook(given, now=lambda: NOW, new_id=lambda: "0001")


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[WebServer]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with web_server({PATH: b"ok"}) as server:
        yield server


@pytest.fixture(scope="module")
def tls(pki: t.Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """A server context for localhost, and the file with the CA that makes it trusted."""
    folder = tmp_path_factory.mktemp("tls")
    pair = pki.leaf("localhost")
    (folder / "server.pem").write_text(pair.pem + pair.chain_pem + pair.key_pem)
    (folder / "ca.pem").write_text("".join(pki_pem(one) for one in pair.issuers))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context, str(folder / "ca.pem")


def pki_pem(certificate: t.Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return str(certificate.public_bytes(Encoding.PEM).decode())


# ---------------------------------------------------------------- told once


def test_told_once_and_again_when_it_came_back(web: WebServer) -> None:
    first = deliver([an_alert()], webhook(web))
    assert first.sent == [{"key": "k", "channel": "hook"}] and first.told == {"k": {"hook": AT}}
    second = deliver([an_alert()], webhook(web), told=first.told)
    assert (second.sent, second.told, len(web.requests)) == ([], first.told, 1)
    over = deliver([], webhook(web), told=second.told, resolved=["k"])
    assert over.told == {}
    assert keys(deliver([an_alert()], webhook(web), told=over.told).sent) == ["k"]


def test_a_new_channel_is_told_what_the_others_know(web: WebServer) -> None:
    outcome = deliver([an_alert()], webhook(web), webhook(web, name="new"), told={"k": {"hook": AT}})
    assert outcome.sent == [{"key": "k", "channel": "new"}] and set(outcome.told["k"]) == {"hook", "new"}


def test_what_a_channel_does_not_want_is_not_told_and_not_marked(web: WebServer) -> None:
    outcome = deliver([an_alert("a"), an_alert("b", severity="critical")], webhook(web, min_severity="critical"))
    assert keys(outcome.sent) == ["b"] == list(outcome.told)


def test_an_all_clear_goes_to_those_who_were_alarmed(web: WebServer) -> None:
    """Whatever their kinds and severity, and to no other; where it does not arrive, it is sent the next time."""
    channels = [webhook(web, name=name, min_severity="critical") for name in ("alarmed", "spared")]
    told = {"old": {"alarmed": "2026-11-11T11:11:11Z"}}
    answer = an_alert("over", kind="resolved", severity="info", answers=("old",))
    web.pages[PATH] = Answer(403)
    outcome = deliver([answer], *channels, told=told, resolved=["old"])
    assert keys(outcome.sent) == [] and outcome.told == told
    web.pages[PATH] = b"ok"
    outcome = deliver([answer], *channels, told=told, resolved=["old"])
    assert [one["channel"] for one in outcome.sent] == ["alarmed"] and list(outcome.told) == ["over"]
    assert deliver([answer], *channels, told=outcome.told, resolved=["old"]).sent == []


def test_check_mode_sends_nothing_and_says_what_would_be_sent(web: WebServer) -> None:
    outcome = deliver([an_alert("a"), an_alert("b")], webhook(web), told={"a": {"hook": AT}}, is_check=True)
    assert keys(outcome.sent) == ["b"] and web.requests == []


def test_one_message_for_all_or_one_each(web: WebServer) -> None:
    each = [an_alert(name) for name in "abc"]
    deliver(each, webhook(web))
    assert [len(json.loads(request.body)["alerts"]) for request in web.requests] == [3]
    deliver(each, webhook(web, digest=False))
    assert [len(json.loads(request.body)["alerts"]) for request in web.requests] == [3, 1, 1, 1]


# ---------------------------------------------------------------- webhooks


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
def test_what_may_pass_is_tried_again(
    web: WebServer, answers: list[Answer], is_sent: bool, pauses: list[float]
) -> None:
    web.pages[PATH] = in_turn(*answers)
    slept: list[float] = []
    outcome = deliver([an_alert()], webhook(web), pauses=slept)
    assert (bool(outcome.sent), bool(outcome.undelivered), slept) == (is_sent, not is_sent, pauses)
    assert bool(outcome.told) == is_sent
    assert len(web.requests) == len(pauses) + 1
    assert TOKEN not in str(outcome)


def test_the_id_of_a_message_stays_when_it_is_sent_again(web: WebServer) -> None:
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
        (redirect("https://example.com/"), "127.0.0.1 answered HTTP 302: give the URL that accepts messages itself."),
    ],
)
def test_reasons(web: WebServer, answer: Answer, reason: str) -> None:
    web.pages[PATH] = answer
    assert deliver([an_alert()], webhook(web)).undelivered == [{"key": "k", "channel": "hook", "reason": reason}]


def test_a_refused_digest_goes_alert_by_alert(web: WebServer) -> None:
    web.pages[PATH] = lambda request: Answer(400 if b"poison" in request.body else 200)
    outcome = deliver([an_alert("a"), an_alert("poison"), an_alert("c")], webhook(web))
    assert (sorted(keys(outcome.sent)), keys(outcome.undelivered)) == (["a", "c"], ["poison"])
    assert set(outcome.told) == {"a", "c"}


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_a_server_that_is_down_does_not_stop_the_others(web: WebServer) -> None:
    down = webhook(f"http://127.0.0.1:{closed_port()}{PATH}", name="down")
    slept: list[float] = []
    outcome = deliver([an_alert(name) for name in "ab"], down, webhook(web), pauses=slept)
    assert sorted(keys(outcome.sent)) == ["a", "b"] and slept == [1.0, 2.0]
    assert {one["reason"] for one in outcome.undelivered} == {"127.0.0.1 cannot be reached: Connection refused."}
    assert outcome.told == {"a": {"hook": AT}, "b": {"hook": AT}}


def test_a_channel_that_is_down_is_not_asked_once_more_for_every_message(web: WebServer) -> None:
    web.pages[PATH] = Answer(503)
    outcome = deliver([an_alert(name) for name in "abcd"], webhook(web, digest=False))
    assert sorted(keys(outcome.undelivered)) == ["a", "b", "c", "d"] and len(web.requests) == 3


def test_a_server_that_says_nothing() -> None:
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
def test_wrong_settings_are_said_without_the_secret(settings: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        webhook(settings.pop("url", "https://example.com/"), **settings)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "pause_s"),
    [(None, None), ("", None), ("12", 12.0), ("Mon, 01 Mar 2027 05:00:00 GMT", 0.0), ("soon", None), ("-5", None)],
)
def test_retry_after(header: t.Optional[str], pause_s: t.Optional[float]) -> None:
    assert retry_after_s(header, NOW) == pause_s


# ---------------------------------------------------------------- mail


def mail(server: t.Any, **settings: t.Any) -> Mail:
    given: dict[str, t.Any] = {
        "name": "mail",
        "host": "localhost",
        "port": server if isinstance(server, int) else server.port,
        "security": "none",
        "sender": "Zertifikate ü <certops@example.com>",
        "recipients": ["web@example.com", "Ops <ops@example.com>"],
        "timeout": 2,
        **settings,
    }
    return Mail(given, now=lambda: NOW, new_id=lambda: "0001")


def test_a_mail_is_plain_text_and_html() -> None:
    record = DnsRecord("_a.example.com.", "CNAME", "_b.acm-validations.aws.")
    hostile = an_alert(
        title="Größe\r\nBcc: victim@example.com", severity="critical", text="<b>Tu</b> das.", records=(record,)
    )
    with mail_server() as server:
        outcome = deliver([hostile._replace(title=" ".join(hostile.title.split()))], mail(server))
        (delivery,) = server.deliveries
    message = delivery.mail
    assert outcome.sent and delivery.sender == "certops@example.com"
    assert delivery.recipients == ["web@example.com", "ops@example.com"]
    assert message["Subject"] == "Critical: Größe Bcc: victim@example.com" and message["Bcc"] is None
    assert (message["Auto-Submitted"], message["Importance"]) == ("auto-generated", "high")
    assert message["Date"] and message["Message-ID"] == "<0001@example.com>"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None and html is not None
    assert "<b>Tu</b> das." in plain.get_content() and "_a.example.com." in plain.get_content()
    assert "&lt;b&gt;Tu&lt;/b&gt; das." in html.get_content()


def test_mail_over_starttls_with_a_login(tls: tuple[ssl.SSLContext, str]) -> None:
    context, ca_file = tls
    login = {"security": "starttls", "username": "certops", "ca_file": ca_file}
    with mail_server(tls=context, users={"certops": "s3cret-word"}) as server:
        assert deliver([an_alert()], mail(server, **login, password="s3cret-word")).sent
        assert server.deliveries[0].was_encrypted
        wrong = deliver([an_alert()], mail(server, **login, password="wr0ng-word"))
        untrusted = deliver([an_alert()], mail(server, **{**login, "ca_file": None}, password="s3cret-word"))
        assert len(server.deliveries) == 1
    assert wrong.undelivered[0]["reason"] == "localhost refuses the user name or the password (535)."
    assert "not trusted" in untrusted.undelivered[0]["reason"]
    assert "word" not in str([wrong.told, untrusted, wrong.warnings])


def test_no_mail_in_clear_when_starttls_was_asked_for() -> None:
    with mail_server() as server:
        outcome = deliver([an_alert()], mail(server, security="starttls"))
        assert server.deliveries == []
    assert "does not support what is needed" in outcome.undelivered[0]["reason"]


def test_the_others_are_told_when_a_recipient_is_refused() -> None:
    with mail_server(refuse=["web@example.com"]) as server:
        outcome = deliver([an_alert()], mail(server))
        assert server.deliveries[0].recipients == ["ops@example.com"]
    assert outcome.sent and outcome.told
    assert outcome.warnings == [
        "Channel mail: localhost refuses recipients: web@example.com (550). The others were told."
    ]


def test_a_recipient_who_is_put_off_gets_it_later_and_the_others_once() -> None:
    with mail_server(put_off={"web@example.com": 1}) as server:
        slept: list[float] = []
        outcome = deliver([an_alert()], mail(server), pauses=slept)
        assert [delivery.recipients for delivery in server.deliveries] == [["ops@example.com"], ["web@example.com"]]
    assert (bool(outcome.sent), outcome.warnings, slept) == (True, [], [1.0])


def test_a_recipient_who_is_put_off_for_good_is_a_warning_not_a_second_mail_for_the_others() -> None:
    with mail_server(put_off={"web@example.com": 99}) as server:
        outcome = deliver([an_alert()], mail(server))
        assert [delivery.recipients for delivery in server.deliveries] == [["ops@example.com"]]
    assert outcome.told and "web@example.com" in outcome.warnings[0]


def test_when_all_recipients_are_refused_nobody_was_told() -> None:
    with mail_server(refuse=["web@example.com", "ops@example.com"]) as server:
        outcome = deliver([an_alert()], mail(server))
    assert not outcome.told and "refuses recipients" in outcome.undelivered[0]["reason"]


def test_a_mail_server_that_is_down() -> None:
    slept: list[float] = []
    outcome = deliver([an_alert()], mail(closed_port()), pauses=slept)
    assert "cannot be reached" in outcome.undelivered[0]["reason"] and slept == [1.0, 2.0]


def test_a_mail_server_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = int(silent.getsockname()[1])
        outcome = deliver([an_alert()], mail(port, host="127.0.0.1", timeout=1), max_attempts=1)
    assert outcome.undelivered[0]["reason"] == "127.0.0.1 did not answer within 1 s."


@pytest.mark.parametrize("kind", ["webhook", "mail"])
def test_who_answers_a_little_at_a_time_for_ever_holds_nobody_up(kind: str) -> None:
    """Each time-out of the library is that of one read, and a single octet ends it."""
    with socket.create_server(("127.0.0.1", 0)) as listener, mail_server() as sound:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        port = int(listener.getsockname()[1])
        channel: Channel = mail(port, host="127.0.0.1", timeout=1, name="slow")
        if kind == "webhook":
            channel = webhook(f"http://127.0.0.1:{port}{PATH}", timeout=1, name="slow")
        began = time.monotonic()
        outcome = deliver([an_alert()], channel, mail(sound.port))
    assert time.monotonic() - began < 60
    (missed,) = outcome.undelivered
    assert missed["channel"] == "slow" and missed["reason"] == "The server did not finish within 6 s."
    assert keys(outcome.sent) == ["k"], "the other channel is told"


def drip(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection, _address = listener.accept()
        with connection:
            while True:
                connection.sendall(b"2")
                time.sleep(0.3)


@pytest.mark.parametrize(
    "settings",
    [
        {"sender": "nobody"},
        {"recipients": []},
        {"recipients": ["a@example.com\r\nBcc: b@example.com"]},
        {"recipients": ["a@example.com, b@example.com"]},
        {"recipients": [""]},
        {"username": "u"},
        {"username": "u", "password": "p"},
    ],
)
def test_wrong_settings_of_mail(settings: dict[str, t.Any]) -> None:
    with pytest.raises(InvalidInput, match="^Channel mail: "):
        mail(25, **settings)


# ---------------------------------------------------------------- AWS


class Aws:
    """moto, and Security Hub's BatchUpdateFindings, which moto lacks: it answers as the model and the guide say."""

    def __init__(self) -> None:
        self.clients: dict[tuple[str, t.Optional[str]], t.Any] = {}
        self.calls: list[tuple[str, dict[str, t.Any]]] = []
        self.unprocessed: list[dict[str, t.Any]] = []

    def connect(self, service: str, region: t.Optional[str] = None) -> t.Any:
        if (service, region) not in self.clients:
            client = boto3.client(service, region_name=region or "eu-central-1")
            events = client.meta.events
            events.register("provide-client-params", lambda params, model, **_: self.calls.append((model.name, params)))
            events.register("before-call.securityhub.BatchUpdateFindings", self._update)
            self.clients[service, region] = client
        return self.clients[service, region]

    def _update(self, model: t.Any, params: dict[str, t.Any], **_others: t.Any) -> tuple[t.Any, dict[str, t.Any]]:
        given = json.loads(params["body"])["FindingIdentifiers"]
        refused = [one["FindingIdentifier"]["Id"] for one in self.unprocessed]
        processed = [one for one in given if one["Id"] not in refused]
        answer = {"ProcessedFindings": processed, "UnprocessedFindings": self.unprocessed}
        assert model_check.faults(model.output_shape, answer) == []
        return type("Answer", (), {"status_code": 200}), answer

    def of(self, operation: str) -> list[dict[str, t.Any]]:
        return [params for name, params in self.calls if name == operation]

    def findings(self) -> dict[str, dict[str, t.Any]]:
        client = boto3.client("securityhub", region_name="eu-central-1")
        return {one["Id"]: one for one in client.get_findings()["Findings"]}


@pytest.fixture()
def aws(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Aws]:
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield Aws()


def sns(aws: Aws, topic_arn: str, **settings: t.Any) -> Sns:
    return Sns({"name": "topic", "topic_arn": topic_arn, **settings}, connect=aws.connect, new_id=lambda: "0001")


def subscribed(topic: str, region: str = "eu-central-1") -> tuple[str, t.Callable[[], list[t.Any]]]:
    """A topic and what reads the messages that came to a queue behind it."""
    client, queues = boto3.client("sns", region_name=region), boto3.client("sqs", region_name=region)
    arn = client.create_topic(Name=topic)["TopicArn"]
    queue = queues.create_queue(QueueName=topic)["QueueUrl"]
    queue_arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)

    def read() -> list[t.Any]:
        found = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"]) for one in found]

    return arn, read


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_sns_gets_one_digest_whatever_the_topic_s_region(aws: Aws, region: str) -> None:
    topic, read = subscribed("certificates", region)
    each = [an_alert("a", title="Für *.example.com – bald"), an_alert("b", severity="critical", kind="expired")]
    assert sorted(keys(deliver(each, sns(aws, topic)).sent)) == ["a", "b"]
    (message,) = read()
    assert message["Subject"] == "TLS certificates: 1 critical, 1 warning"
    assert "Für *.example.com – bald" in message["Message"]
    assert message["MessageAttributes"] == {
        "severity": {"Type": "String", "Value": "critical"},
        "kinds": {"Type": "String.Array", "Value": '["expired", "expiring"]'},
    }


def test_a_subject_of_sns_is_ascii_and_short(aws: Aws) -> None:
    topic, read = subscribed("certificates")
    deliver([an_alert(title="Über " + "x" * 200)], sns(aws, topic))
    (message,) = read()
    assert message["Subject"].startswith("Warning: ?ber xxx") and len(message["Subject"]) <= 99


def test_sns_takes_a_quarter_of_a_megabyte_and_nothing_is_lost(aws: Aws) -> None:
    topic, read = subscribed("certificates")
    each = [an_alert(f"k{number}", text="wörter " * 2800) for number in range(30)]
    outcome = deliver(each, sns(aws, topic))
    assert len(outcome.sent) == 30
    messages = [call["Message"] for call in aws.of("Publish")]
    assert len(messages) > 1 and all(len(message.encode()) < 256 * 1024 - 500 for message in messages)
    assert all(f"Title of k{number}." in "".join(messages) for number in range(30))


def test_a_fifo_topic(aws: Aws) -> None:
    client = boto3.client("sns", region_name="eu-central-1")
    topic = client.create_topic(Name="certificates.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    assert deliver([an_alert()], sns(aws, topic)).sent
    assert aws.of("Publish")[0]["MessageDeduplicationId"] == "0001"


def test_a_topic_that_is_not_there(aws: Aws) -> None:
    outcome = deliver([an_alert("a"), an_alert("b")], sns(aws, "arn:aws:sns:eu-central-1:123456789012:gone"))
    assert "Publish failed with NotFound" in outcome.undelivered[0]["reason"]
    assert len(outcome.undelivered) == 2 and len(aws.of("Publish")) == 1


def test_a_topic_must_be_one() -> None:
    with pytest.raises(InvalidInput, match="not the ARN of an SNS topic"):
        Sns({"name": "x", "topic_arn": "certificates"}, connect=lambda *_: None, new_id=str)


def hub(aws: Aws, at: datetime = NOW, **settings: t.Any) -> SecurityHub:
    return SecurityHub({"name": "hub", **settings}, connect=aws.connect, now=lambda: at)


TROUBLE = [
    an_alert(f"{ARN}/expiring/7", text="It ends soon.", days_to_expiry=7),
    an_alert(
        f"{ARN}/action_required",
        kind="action_required",
        severity="critical",
        title="www.example.com cannot be renewed",
        text="Publish the record.",
        certificate_arn=ARN,
        domain_name="www.example.com",
        expires_at="2027-03-08T12:00:00Z",
        records=(DnsRecord("_a.www.example.com.", "CNAME", "_b.aws."),),
        facts=(("Reason", "CNAME missing"),),
    ),
    an_alert("run_missed", kind="run_missed"),
]


def test_one_finding_a_certificate_fits_security_hub_s_model(aws: Aws) -> None:
    outcome = deliver([*TROUBLE, an_alert("deployed", kind="deployed", severity="info")], hub(aws))
    assert sorted(keys(outcome.sent)) == sorted(alert.key for alert in TROUBLE)
    (request,) = aws.of("BatchImportFindings")
    shape = aws.connect("securityhub").meta.service_model.operation_model("BatchImportFindings").input_shape
    assert model_check.faults(shape, request) == []
    of_certificate, of_sweep = request["Findings"]
    assert of_certificate["Id"] == ARN and of_sweep["Id"] == "run_missed"
    assert of_certificate["ProductArn"] == "arn:aws:securityhub:eu-central-1:123456789012:product/123456789012/default"
    assert of_certificate["Severity"]["Label"] == "HIGH" and of_certificate["Compliance"] == {"Status": "FAILED"}
    assert of_certificate["Title"] == "www.example.com cannot be renewed"
    assert "Publish the record." in of_certificate["Description"] and "It ends soon." in of_certificate["Description"]
    assert of_certificate["Remediation"]["Recommendation"] == {
        "Text": "Publish the record.",
        "Url": "https://console.aws.amazon.com/acm/home?region=eu-central-1"
        "#/certificates/12345678-1234-1234-1234-123456789012",
    }
    assert of_certificate["Resources"] == [
        {
            "Type": "AwsCertificateManagerCertificate",
            "Id": ARN,
            "Partition": "aws",
            "Region": "eu-central-1",
            "Details": {
                "AwsCertificateManagerCertificate": {
                    "DomainName": "www.example.com",
                    "NotAfter": "2027-03-08T12:00:00Z",
                }
            },
        }
    ]
    assert of_certificate["ProductFields"]["certops.acm/record 1"] == "_a.www.example.com. CNAME _b.aws."


@pytest.mark.parametrize(
    "alert",
    [
        an_alert(
            "k" * 900, title="t" * 300, text="x" * 20_000, facts=tuple((f"f{n}" * 90, "v" * 5000) for n in range(80))
        ),
        an_alert("k", text="", domain_name="", facts=()),
        an_alert(ARN.replace(":aws:", ":aws-cn:"), text="y", expires_at="soon"),
    ],
)
def test_findings_keep_within_their_limits(aws: Aws, alert: Alert) -> None:
    made = security_hub.finding([alert] * 3, "arn:aws:securityhub:eu-central-1:123456789012:product/1/d", "1" * 12, NOW)
    shape = aws.connect("securityhub").meta.service_model.operation_model("BatchImportFindings").input_shape
    assert model_check.faults(shape, {"Findings": [made]}) == []
    sizes = {name: len(made[name]) for name in ("Id", "Title", "Description", "ProductFields")}
    assert sizes["Id"] <= 512 and sizes["Title"] <= 256 and 1 <= sizes["Description"] <= 1024
    assert sizes["ProductFields"] <= 50 and len(made["Remediation"]["Recommendation"]["Text"]) <= 512
    assert all(len(name) <= 128 and len(value) <= 2048 for name, value in made["ProductFields"].items())


def test_a_finding_tells_of_today_s_trouble_and_keeps_its_beginning(aws: Aws) -> None:
    first = deliver(TROUBLE[:2], hub(aws))
    later = [*TROUBLE[:2], an_alert(f"{ARN}/expiring/3", days_to_expiry=3)]
    second = deliver(later, hub(aws, NOW + timedelta(days=4)), told=first.told)
    assert keys(second.sent) == [f"{ARN}/expiring/3"]
    (found,) = aws.findings().values()
    assert found["Title"] == "www.example.com cannot be renewed"  # still the worst, though told of before
    assert (found["CreatedAt"], found["UpdatedAt"]) == ("2027-03-01T06:00:00.000Z", "2027-03-05T06:00:00.000Z")


@pytest.mark.parametrize(
    ("resolved", "archived"),
    [
        ([ARN], [ARN]),
        ([OTHER], []),
        (["run_missed"], ["run_missed"]),
        ([f"{ARN}/expiring/7"], []),
        ([f"{ARN}/expiring/7", f"{ARN}/action_required"], [ARN]),
        ([ARN, "run_missed"], [ARN, "run_missed"]),
    ],
)
def test_what_is_over_is_archived(aws: Aws, resolved: list[str], archived: list[str]) -> None:
    told = deliver(TROUBLE, hub(aws)).told
    foretold = deliver([], hub(aws), told=told, resolved=resolved, is_check=True)
    assert keys(foretold.archived) == archived and len(aws.of("BatchImportFindings")) == 1
    outcome = deliver([], hub(aws), told=told, resolved=resolved)
    assert keys(outcome.archived) == archived
    states = {key: one["RecordState"] for key, one in aws.findings().items()}
    assert sorted(key for key, state in states.items() if state == "ARCHIVED") == sorted(archived)
    updates = aws.of("BatchUpdateFindings")
    assert [one["Id"] for call in updates for one in call["FindingIdentifiers"]] == archived
    assert all(call["Workflow"] == {"Status": "RESOLVED"} for call in updates)
    shape = aws.connect("securityhub").meta.service_model.operation_model("BatchImportFindings").input_shape
    assert all(model_check.faults(shape, call) == [] for call in aws.of("BatchImportFindings"))
    again = deliver([], hub(aws), told=outcome.told, resolved=resolved)
    assert again.archived == [] and len(aws.of("BatchUpdateFindings")) == len(updates)


def test_what_is_still_wrong_is_not_archived(aws: Aws) -> None:
    told = deliver(TROUBLE, hub(aws)).told
    assert deliver(TROUBLE[:1], hub(aws), told=told, resolved=[ARN]).archived == []


def test_a_finding_of_somebody_else_is_left_alone(aws: Aws) -> None:
    deliver(TROUBLE, hub(aws))
    client = boto3.client("securityhub", region_name="eu-central-1")
    foreign = {**aws.of("BatchImportFindings")[0]["Findings"][0], "GeneratorId": "somebody"}
    client.batch_import_findings(Findings=[foreign])
    assert deliver([], hub(aws), resolved=[ARN]).archived == []


def test_a_finding_that_stays_open_is_closed_the_next_time(aws: Aws, web: WebServer) -> None:
    told = deliver(TROUBLE, hub(aws), webhook(web)).told
    identifier = {"Id": ARN, "ProductArn": "arn:aws:securityhub:eu-central-1:123456789012:product/123456789012/default"}
    aws.unprocessed = [{"FindingIdentifier": identifier, "ErrorCode": "ConcurrentUpdateError", "ErrorMessage": "busy"}]
    of_certificate = [key for key in told if ARN in key]
    outcome = deliver([], hub(aws), webhook(web), told=told, resolved=of_certificate)
    assert outcome.archived == [] and sorted(keys(outcome.undelivered)) == sorted(of_certificate)
    assert "ConcurrentUpdateError" in outcome.undelivered[0]["reason"]
    assert {key: list(outcome.told[key]) for key in of_certificate} == {key: ["hub"] for key in of_certificate}
    aws.unprocessed = []
    again = deliver([], hub(aws), webhook(web), told=outcome.told, resolved=of_certificate)
    assert (keys(again.archived), list(again.told)) == ([ARN], ["run_missed"])


def test_a_finding_that_is_refused_does_not_stop_the_others(aws: Aws) -> None:
    client = aws.connect("securityhub", "eu-central-1")

    def refuse(parsed: dict[str, t.Any], model: t.Any, **_others: t.Any) -> None:
        parsed["FailedFindings"] = [{"Id": ARN, "ErrorCode": "InvalidInput", "ErrorMessage": "not this one"}]
        parsed["FailedCount"] = 1

    client.meta.events.register("after-call.securityhub.BatchImportFindings", refuse)
    outcome = deliver(TROUBLE, hub(aws))
    assert keys(outcome.sent) == ["run_missed"] == list(outcome.told)
    assert {one["reason"] for one in outcome.undelivered} == {
        "Security Hub refuses the finding (InvalidInput): not this one"
    }


def test_security_hub_takes_a_hundred_findings_at_once(aws: Aws) -> None:
    each = [an_alert(f"{ARN[:-3]}{number:03}/expired", kind="expired", severity="critical") for number in range(150)]
    assert len(deliver(each, hub(aws, region="us-east-1")).sent) == 150
    calls = aws.of("BatchImportFindings")
    assert [len(call["Findings"]) for call in calls] == [100, 50]
    assert calls[0]["Findings"][0]["Severity"]["Label"] == "CRITICAL"
    assert calls[0]["Findings"][0]["ProductArn"].split(":")[3] == "us-east-1"


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, web: WebServer) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    outcome = deliver([an_alert()], sns(Aws(), "arn:aws:sns:eu-central-1:123456789012:t"), webhook(web))
    assert outcome.sent == [{"key": "k", "channel": "hook"}]
    assert outcome.undelivered[0]["reason"] == "sns cannot be used: Unable to locate credentials."
