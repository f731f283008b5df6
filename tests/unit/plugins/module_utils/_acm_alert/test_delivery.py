# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Delivery of alerts: real HTTP and SMTP servers, moto for AWS, and every fault that is to be expected."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.alert import Channel
from ansible_collections.certops.acm.tests.support.mail_server import mail_server
from ansible_collections.certops.acm.tests.support.web_server import Answer, WebServer
from ansible_collections.certops.acm.tests.support.alert_channels import (
    an_alert,
    Aws,
    closed_port,
    deliver,
    keys,
    mail,
    PATH,
    sns,
    webhook,
)

AT = "2027-03-01T06:00:00Z"


def test_an_alert_is_sent_once_and_again_when_it_recurs(web: WebServer) -> None:
    first = deliver([an_alert()], webhook(web))
    assert first.sent == [{"key": "k", "channel": "hook"}] and first.told == {"k": {"hook": AT}}
    second = deliver([an_alert()], webhook(web), told=first.told)
    assert (second.sent, second.told, len(web.requests)) == ([], first.told, 1)
    over = deliver([], webhook(web), told=second.told, resolved=["k"])
    assert over.told == {}
    assert keys(deliver([an_alert()], webhook(web), told=over.told).sent) == ["k"]


def test_a_new_channel_gets_alerts_already_sent_to_others(web: WebServer) -> None:
    outcome = deliver([an_alert()], webhook(web), webhook(web, name="new"), told={"k": {"hook": AT}})
    assert outcome.sent == [{"key": "k", "channel": "new"}] and set(outcome.told["k"]) == {"hook", "new"}


def test_what_a_channel_does_not_want_is_neither_sent_nor_recorded(web: WebServer) -> None:
    outcome = deliver([an_alert("a"), an_alert("b", severity="critical")], webhook(web, min_severity="critical"))
    assert keys(outcome.sent) == ["b"] == list(outcome.told)


def test_an_all_clear_goes_to_the_channels_that_had_the_alert(web: WebServer) -> None:
    """Whatever their kinds and severity, and to no others; if it does not arrive, it is sent the next time."""
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


def test_one_message_for_all_or_one_for_each(web: WebServer) -> None:
    each = [an_alert(name) for name in "abc"]
    deliver(each, webhook(web))
    assert [len(json.loads(request.body)["alerts"]) for request in web.requests] == [3]
    deliver(each, webhook(web, digest=False))
    assert [len(json.loads(request.body)["alerts"]) for request in web.requests] == [3, 1, 1, 1]


def test_a_refused_digest_is_sent_alert_by_alert(web: WebServer) -> None:
    web.pages[PATH] = lambda request: Answer(400 if b"poison" in request.body else 200)
    outcome = deliver([an_alert("a"), an_alert("poison"), an_alert("c")], webhook(web))
    assert (sorted(keys(outcome.sent)), keys(outcome.undelivered)) == (["a", "c"], ["poison"])
    assert set(outcome.told) == {"a", "c"}


def test_a_server_that_is_down_does_not_stop_the_others(web: WebServer) -> None:
    down = webhook(f"http://127.0.0.1:{closed_port()}{PATH}", name="down")
    slept: list[float] = []
    outcome = deliver([an_alert(name) for name in "ab"], down, webhook(web), pauses=slept)
    assert sorted(keys(outcome.sent)) == ["a", "b"] and slept == [1.0, 2.0]
    assert {one["reason"] for one in outcome.undelivered} == {"127.0.0.1 cannot be reached: Connection refused."}
    assert outcome.told == {"a": {"hook": AT}, "b": {"hook": AT}}


def test_a_channel_that_is_down_is_not_tried_for_every_message(web: WebServer) -> None:
    web.pages[PATH] = Answer(503)
    outcome = deliver([an_alert(name) for name in "abcd"], webhook(web, digest=False))
    assert sorted(keys(outcome.undelivered)) == ["a", "b", "c", "d"] and len(web.requests) == 3


@pytest.mark.parametrize("kind", ["webhook", "mail"])
def test_a_server_that_answers_endlessly_a_little_at_a_time_holds_up_no_channel(kind: str) -> None:
    """The library's time-outs apply to one read, and a single byte restarts them."""
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


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, web: WebServer) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    outcome = deliver([an_alert()], sns(Aws(), "arn:aws:sns:eu-central-1:123456789012:t"), webhook(web))
    assert outcome.sent == [{"key": "k", "channel": "hook"}]
    assert outcome.undelivered[0]["reason"].startswith("sns cannot be used: no AWS credentials were found; give ")
