# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""acm_alert as Ansible runs it: its result, its warnings, and that they contain no secret."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.times import iso
from ansible_collections.certops.acm.tests.support.mail_server import mail_server
from ansible_collections.certops.acm.tests.support.web_server import Answer, WebServer, web_server
from moto import mock_aws

TOKEN, WORD, HEADER, SIGNING = (
    "T0KEN-of-the-webhook",
    "Passw0rd-of-the-mail",
    "Bearer-of-the-header",
    "the-signing-secret",
)
SECRETS = (TOKEN, WORD, HEADER, SIGNING)
PATH = f"/services/{TOKEN}"
TOLD = {"old": {"chat": iso(datetime.now(timezone.utc) - timedelta(days=11))}}
ALERT = {"key": "k1", "kind": "expiring", "severity": "warning", "title": "www.example.com expires in 11 days"}
TOPIC = "arn:aws:sns:eu-central-1:123456789012:t"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "CERTOPS_ACM_AUTHORITY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


@pytest.fixture
def web() -> t.Iterator[WebServer]:
    with web_server({PATH: b"ok"}) as server:
        yield server


def chat(web: WebServer, **settings: t.Any) -> dict[str, t.Any]:
    return {"name": "chat", "type": "webhook", "url": f"http://{web.address}{PATH}", "format": "slack", **settings}


def test_run_and_run_again(run_module: t.Any, web: WebServer) -> None:
    given = {"alerts": [ALERT], "channels": [chat(web)], "told": TOLD}
    foretold = run_module("acm_alert", {**given, "_ansible_check_mode": True, "_ansible_diff": True})
    assert (foretold["changed"], foretold["sent"], foretold["told"]) == (True, [{"key": "k1", "channel": "chat"}], TOLD)
    assert foretold["diff"] == {"before": {"told": {"k1": []}}, "after": {"told": {"k1": ["chat"]}}}
    assert web.requests == []
    first = run_module("acm_alert", given)
    assert (first["changed"], first["sent"], first["undelivered"]) == (True, foretold["sent"], [])
    assert set(first["told"]) == {"old", "k1"} and len(web.requests) == 1
    again = run_module("acm_alert", {**given, "told": first["told"]})
    assert (again["changed"], again["sent"], again["told"]) == (False, [], first["told"])
    over = run_module("acm_alert", {**given, "alerts": [], "told": first["told"], "resolved": ["k1"]})
    assert over["told"] == TOLD and len(web.requests) == 1


def test_no_alerts_need_no_connection(run_module: t.Any) -> None:
    """No region, no credentials, no connection."""
    channels = [{"name": "topic", "type": "sns", "topic_arn": TOPIC}, {"name": "hub", "type": "security_hub"}]
    assert run_module("acm_alert", {"channels": channels})["changed"] is False


def test_a_failed_delivery_is_a_warning(run_module: t.Any, web: WebServer) -> None:
    web.pages[PATH] = Answer(403)
    alerts = [{**ALERT, "key": f"k{number}", "title": f"Title {number}"} for number in range(5)]
    result = run_module("acm_alert", {"alerts": alerts, "channels": [chat(web)]})
    assert not result.get("failed") and not result["changed"] and len(result["undelivered"]) == 5
    words = "Channel chat did not get 'Title 0', 'Title 1', 'Title 2' and 2 more: 127.0.0.1 answered HTTP 403"
    assert len(result["warnings"]) == 1 and words in str(result["warnings"])


def test_a_failed_delivery_fails_the_task_on_request_after_everything_else(run_module: t.Any, web: WebServer) -> None:
    channels = [{**chat(web), "name": "gone", "url": f"http://{web.address}/gone/{TOKEN}"}, chat(web)]
    result = run_module("acm_alert", {"alerts": [ALERT], "channels": channels, "fail_on_error": True})
    assert result["failed"] and "Channel gone did not get 'www.example.com expires in 11 days'" in result["msg"]
    assert result["sent"] == [{"key": "k1", "channel": "chat"}] and "chat" in result["told"]["k1"]


@pytest.mark.parametrize("status", [200, 403, 429, 500])
@pytest.mark.parametrize("verbosity", [0, 4])
def test_no_secret_is_returned(run_module: t.Any, web: WebServer, status: int, verbosity: int) -> None:
    web.pages[PATH] = Answer(status, body=f"{TOKEN} {HEADER}".encode())
    with mail_server() as server:
        channels = [
            chat(web, headers={"Authorization": HEADER, "X-Priority": "1"}, signing_secret=SIGNING),
            {**chat(web), "name": "odd", "url": f"http://127.0.0.1:1{PATH}"},
            {
                "name": "mail",
                "type": "mail",
                "host": "localhost",
                "port": server.port,
                "username": "certops",
                "password": WORD,
                "sender": "a@example.com",
                "recipients": ["b@example.com"],
            },
        ]
        given = {"alerts": [ALERT], "channels": channels, "told": TOLD, "_ansible_verbosity": verbosity}
        result = run_module("acm_alert", given)
    assert not any(secret in str(result) for secret in SECRETS)
    assert result["told"]["old"] == TOLD["old"]  # the header's 1 blanks out none of its own
    assert len(result["undelivered"]) == (2 if status == 200 else 3)


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        (
            [{"name": "c", "type": "webhook", "url": f"htp://x/{TOKEN}"}],
            "Channel c: url is not a URL that begins with https:// or http://.",
        ),
        (
            [{"name": "c", "type": "webhook", "url": f"https//x/{TOKEN}"}],
            "Channel c: url is not a URL that begins with https:// or http://: did you mean https://?",
        ),
        ([{"name": "c", "type": "webhook"}], "url"),
        ([{"name": "c", "type": "mail", "host": "h", "sender": "a@b"}], "recipients"),
        ([{"name": "c", "type": "sns"}], "topic_arn"),
        ([{"name": "c", "type": "security_hub"}] * 2, "Two channels are called c"),
        ([{"name": "c", "type": "security_hub", "timeout": 0}], "timeout is 0"),
        ([{"name": "c", "type": "pager", "password": TOKEN}], "must be one of"),
    ],
)
def test_wrong_settings(run_module: t.Any, channels: list[dict[str, t.Any]], words: str) -> None:
    result = run_module("acm_alert", {"alerts": [ALERT], "channels": channels})
    assert result["failed"] and words in result["msg"] and TOKEN not in str(result)


@pytest.mark.parametrize("kind", ["sns", "security_hub"])
def test_an_authority_has_neither_sns_nor_security_hub(run_module: t.Any, tmp_path: Path, kind: str) -> None:
    channel = {"name": "c", "type": kind, "topic_arn": TOPIC}
    result = run_module("acm_alert", {"alerts": [ALERT], "channels": [channel], "authority": str(tmp_path)})
    assert result["msg"] == f"Channel c is of type {kind}, which needs AWS: with authority use webhook or mail."


def test_with_an_authority_chat_and_mail_work(run_module: t.Any, web: WebServer, tmp_path: Path) -> None:
    """The authority need not even exist: it is not used."""
    given = {"alerts": [ALERT], "channels": [chat(web)], "authority": str(tmp_path / "none")}
    assert run_module("acm_alert", given)["sent"]


def test_sns_and_security_hub_use_the_credentials_of_the_task(run_module: t.Any) -> None:
    with mock_aws():
        topic = boto3.client("sns", region_name="us-east-1").create_topic(Name="t")["TopicArn"]
        given = {
            "alerts": [ALERT],
            "channels": [{"name": "topic", "type": "sns", "topic_arn": topic}, {"name": "hub", "type": "security_hub"}],
            "region": "eu-central-1",
            "access_key": "testing",
            "secret_key": "testing",
        }
        result = run_module("acm_alert", given)
        assert result["undelivered"] == [] and len(result["sent"]) == 2
        findings = boto3.client("securityhub", region_name="eu-central-1").get_findings()["Findings"]
        assert [one["Id"] for one in findings] == ["k1"]


def test_told_must_be_what_a_run_returned(run_module: t.Any, web: WebServer) -> None:
    result = run_module("acm_alert", {"alerts": [ALERT], "channels": [chat(web)], "told": {"k1": "yesterday"}})
    assert "give what an earlier run returned as told" in result["msg"] and web.requests == []


def test_a_line_break_at_the_end_of_a_secret_is_removed(run_module: t.Any, web: WebServer) -> None:
    """As `echo URL | ansible-vault encrypt_string` makes it."""
    channel = chat(web, headers={"Authorization": f"{HEADER}\n"}, signing_secret=f"{SIGNING}\r\n")
    channel["url"] += "\n"
    result = run_module("acm_alert", {"alerts": [ALERT], "channels": [channel]})
    assert [one["channel"] for one in result["sent"]] == ["chat"]
    assert web.requests[0].headers["Authorization"] == HEADER
    assert "Channel chat: the line break at the end of url was left out." in str(result["warnings"])
    assert not any(secret in str(result) for secret in SECRETS)
