# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts by mail, to a real SMTP server."""

from __future__ import annotations

import socket
import ssl
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.alert import DnsRecord
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.mail_server import mail_server
from ansible_collections.certops.acm.tests.support.alert_channels import an_alert, closed_port, deliver, mail


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
    assert wrong.undelivered[0]["reason"] == "localhost does not accept the user name or password (535)."
    assert "not trusted" in untrusted.undelivered[0]["reason"]
    assert "word" not in str([wrong.told, untrusted, wrong.warnings])


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_does_not_exist(port: int) -> None:
    with pytest.raises(InvalidInput, match=f"port is {port}; give a TCP port, 1 to 65535"), mail_server() as server:
        deliver([an_alert()], mail(server, port=port))


def test_a_ca_file_that_is_missing_is_named() -> None:
    with mail_server() as server:
        outcome = deliver([an_alert()], mail(server, security="starttls", ca_file="/no/such.pem"))
    assert outcome.undelivered[0]["reason"] == "The ca_file /no/such.pem cannot be used: No such file or directory."


def test_no_mail_is_sent_in_the_clear_when_starttls_was_requested() -> None:
    with mail_server() as server:
        outcome = deliver([an_alert()], mail(server, security="starttls"))
        assert server.deliveries == []
    assert "does not support a required feature" in outcome.undelivered[0]["reason"]


def test_the_other_recipients_get_the_mail_when_one_is_refused() -> None:
    with mail_server(refuse=["web@example.com"]) as server:
        outcome = deliver([an_alert()], mail(server))
        assert server.deliveries[0].recipients == ["ops@example.com"]
    assert outcome.sent and outcome.told
    assert outcome.warnings == [
        "Channel mail: localhost refuses recipients: web@example.com (550). The others were told."
    ]


def test_a_deferred_recipient_gets_it_later_and_the_others_once() -> None:
    with mail_server(put_off={"web@example.com": 1}) as server:
        slept: list[float] = []
        outcome = deliver([an_alert()], mail(server), pauses=slept)
        assert [delivery.recipients for delivery in server.deliveries] == [["ops@example.com"], ["web@example.com"]]
    assert (bool(outcome.sent), outcome.warnings, slept) == (True, [], [1.0])


def test_a_recipient_deferred_for_good_causes_a_warning_and_no_second_mail_to_the_others() -> None:
    with mail_server(put_off={"web@example.com": 99}) as server:
        outcome = deliver([an_alert()], mail(server))
        assert [delivery.recipients for delivery in server.deliveries] == [["ops@example.com"]]
    assert outcome.told and "web@example.com" in outcome.warnings[0]


def test_nobody_is_told_when_all_recipients_are_refused() -> None:
    with mail_server(refuse=["web@example.com", "ops@example.com"]) as server:
        outcome = deliver([an_alert()], mail(server))
    assert not outcome.told and "refuses recipients" in outcome.undelivered[0]["reason"]


def test_a_mail_server_that_is_down() -> None:
    slept: list[float] = []
    outcome = deliver([an_alert()], mail(closed_port()), pauses=slept)
    assert "cannot be reached" in outcome.undelivered[0]["reason"] and slept == [1.0, 2.0]


def test_a_silent_mail_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = int(silent.getsockname()[1])
        outcome = deliver([an_alert()], mail(port, host="127.0.0.1", timeout=1), max_attempts=1)
    assert outcome.undelivered[0]["reason"] == "127.0.0.1 did not answer within 1 s."


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
