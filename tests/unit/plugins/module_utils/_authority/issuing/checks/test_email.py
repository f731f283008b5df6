# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation by e-mail as the CA does it (acm-rules §3): a real BIND for the MX, a real SMTP server for the mail."""

from __future__ import annotations

import ssl
import typing as t
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing.checks import email as check_email
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing.checks.email import MailNotSent, MailServer
from ansible_collections.certops.acm.plugins.module_utils._net.resolver import Resolver
from ansible_collections.certops.acm.tests.support.mail_server import mail_server
from ansible_collections.certops.acm.tests.support.name_server import (
    NameServer,
    free_port,
    name_server,
    silent_server,
)
from ansible_collections.certops.acm.tests.support.pki import tls_server

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
ZONE = """
@       MX  10 mail
sub     MX  10 mail.elsewhere.test.
nomail  MX  0 .
www     A   192.0.2.1
alias   CNAME sub
"""


@pytest.fixture(scope="module")
def bind() -> t.Iterator[NameServer]:
    with name_server({"example.com": ZONE}, broken=["broken.test"]) as server:
        yield server


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """A server context for localhost, and the file that makes it trusted."""
    return tls_server(tmp_path_factory.mktemp("tls"), "localhost")


def a_mail(**changes: t.Any) -> EmailMessage:
    given: dict[str, t.Any] = {
        "name": "www.example.com",
        "validation_domain": "www.example.com",
        "account_id": "111122223333",
        "region": "eu-central-1",
        "certificate_arn": ARN,
        "token": "T0ken",
        "expires_at": NOW + timedelta(hours=72),
        "now": NOW,
        "sender": "no-reply@certificates.example.org",
        **changes,
    }
    return check_email.message(given.pop("name"), **given)


@pytest.mark.parametrize(
    "domain, after_the_at",
    [
        ("example.com", "example.com"),
        ("www.example.com", "example.com"),
        ("*.example.com", "example.com"),
        ("*.test.example.com", "test.example.com"),
        ("sub.example.com", "sub.example.com"),
        ("wwww.example.com", "wwww.example.com"),
        ("a.www.example.com", "a.www.example.com"),
        ("www.com", "www.com"),  # nobody is asked at a top-level domain
    ],
)
def test_five_addresses(domain: str, after_the_at: str) -> None:
    assert check_email.recipients(domain) == [
        f"administrator@{after_the_at}",
        f"hostmaster@{after_the_at}",
        f"postmaster@{after_the_at}",
        f"webmaster@{after_the_at}",
        f"admin@{after_the_at}",
    ]


@pytest.mark.parametrize(
    "domain, status, reason",
    [
        ("example.com", "SUCCESS", None),
        ("www.example.com", "SUCCESS", None),
        ("*.sub.example.com", "SUCCESS", None),
        ("alias.example.com", "SUCCESS", None),
        ("nomail.example.com", "FAILED", "NO_AVAILABLE_CONTACTS"),
        ("x.www.example.com", "FAILED", "NO_AVAILABLE_CONTACTS"),
        ("none.example.com", "FAILED", "NO_AVAILABLE_CONTACTS"),
        ("broken.test", "PENDING", None),
        ("www.not-ours.test", "PENDING", None),
    ],
)
def test_a_domain_needs_an_mx_record(bind: NameServer, domain: str, status: str, reason: t.Optional[str]) -> None:
    verdict = check_email.contacts(domain, Resolver([bind.endpoint]))
    assert (verdict.status, verdict.reason) == (status, reason)


def test_the_null_mx_is_named(bind: NameServer) -> None:
    assert "null MX" in check_email.contacts("nomail.example.com", Resolver([bind.endpoint])).detail


def test_the_message_contains_everything() -> None:
    mail = a_mail(link="https://approve.example.org/?code=c0de&context=T0ken")
    assert mail["Subject"] == "Certificate request for www.example.com"
    assert mail["To"] == ", ".join(check_email.recipients("www.example.com"))
    assert mail["Date"] == "Mon, 23 Nov 2026 12:00:00 +0000"
    text = mail.get_content()
    lines = text.splitlines()
    for said in (
        "Domain: www.example.com",
        "AWS account ID: 111122223333",
        "AWS Region name: eu-central-1",
        f"Certificate Identifier: {ARN}",
        "https://approve.example.org/?code=c0de&context=T0ken",
        "The token expires on 2026-11-26 at 12:00 UTC.",
    ):
        assert said in lines
    assert "We received a request to issue an SSL/TLS certificate for www.example.com." in text
    assert "in order to renew" not in text


def test_a_renewal_has_its_own_wording() -> None:
    text = a_mail(is_renewal=True).get_content()
    assert "validate ownership of the domain in order to renew the existing certificate" in text
    assert f"Certificate Identifier: {ARN}" in text.splitlines()


def test_without_a_link_the_message_shows_the_task() -> None:
    text = a_mail().get_content()
    assert "T0ken" in text and "certops.acm.acm_authority" in text


@pytest.mark.parametrize("field", ["name", "sender", "validation_domain"])
def test_no_header_can_be_injected(field: str) -> None:
    with pytest.raises(ValueError):
        a_mail(**{field: "x@example.com\r\nBcc: someone@example.net"})


def test_mail_arrives() -> None:
    with mail_server() as server:
        assert check_email.send(a_mail(), MailServer("127.0.0.1", server.port)) == []
        (mail,) = server.wait_for(1)
    assert mail["Subject"] == "Certificate request for www.example.com"
    assert server.deliveries[0].recipients == check_email.recipients("example.com")
    assert server.deliveries[0].sender == "no-reply@certificates.example.org"


def test_some_mailboxes_may_be_missing_but_not_all() -> None:
    addresses = check_email.recipients("example.com")
    with mail_server(refuse=addresses[1:]) as server:
        assert check_email.send(a_mail(), MailServer("127.0.0.1", server.port)) == sorted(addresses[1:])
        assert server.deliveries[0].recipients == addresses[:1]
    with mail_server(refuse=addresses) as server:
        with pytest.raises(MailNotSent, match="refuses all recipients: no such mailbox."):
            check_email.send(a_mail(), MailServer("127.0.0.1", server.port))


def test_over_starttls_with_a_login(tls: tuple[ssl.SSLContext, str]) -> None:
    context, trust = tls
    with mail_server(tls=context, users={"acm": "s3cret"}) as server:
        good = MailServer("localhost", server.port, "starttls", "acm", "s3cret", trust)
        assert check_email.send(a_mail(), good) == []
        assert server.deliveries[0].was_encrypted
        with pytest.raises(MailNotSent, match="does not accept the user 'acm'") as caught:
            check_email.send(a_mail(), good._replace(password="wr0ng"))
        assert "wr0ng" not in str(caught.value)
        with pytest.raises(MailNotSent, match="certificate"):
            check_email.send(a_mail(), good._replace(trust_file=None))
        with pytest.raises(
            MailNotSent, match="^The trust_file /no/such.pem cannot be used: No such file or directory.$"
        ):
            check_email.send(a_mail(), good._replace(trust_file="/no/such.pem"))
        with pytest.raises(MailNotSent):
            check_email.send(a_mail(), good._replace(security="none", username=None))
    assert len(server.deliveries) == 1


def test_no_mail_is_sent_in_the_clear_when_starttls_was_requested() -> None:
    with mail_server() as server:
        with pytest.raises(MailNotSent, match="does not support"):
            check_email.send(a_mail(), MailServer("localhost", server.port, "starttls"))
        assert server.deliveries == []


def test_a_closed_port_or_a_silent_server() -> None:
    with pytest.raises(MailNotSent, match="cannot be used: .*refused"):
        check_email.send(a_mail(), MailServer("127.0.0.1", free_port()))
    with silent_server() as silent:
        with pytest.raises(MailNotSent, match="timed out"):
            check_email.send(a_mail(), MailServer("127.0.0.1", int(silent.rpartition(":")[2]), timeout_s=0.2))
