# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation by e-mail (acm-rules §3): the recipients, whether a domain accepts mail, the message, and sending it."""

from __future__ import annotations

import smtplib
import typing as t
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from .verdict import Verdict, failed, pending, success
from ...._rules.errors import InvalidInput
from ...._rules.names import base_name, is_wildcard
from ...._net.fetcher import trusting
from ...._net.resolver import Asks

RENEWAL_WORDS = (
    " This email is a request to validate ownership of the domain in order to renew the existing certificate, which is "
    "in use. A certificate that is validated by email has to be validated again each time it is renewed."
)
MAILBOXES = ("administrator", "hostmaster", "postmaster", "webmaster", "admin")


class MailServer(t.NamedTuple):
    """How mail is sent.

    security: "none", "starttls" (fails rather than sending in clear) or "tls" (from the first octet).
    trust_file: PEM file of the CAs trusted to sign the server's certificate; None for the system's.
    """

    host: str
    port: int = 25
    security: str = "none"
    username: t.Optional[str] = None
    password: t.Optional[str] = None
    trust_file: t.Optional[str] = None
    timeout_s: float = 20.0


class MailNotSent(Exception):
    """The mail was not sent. The message is one sentence, without the password."""


def mail_domain(domain: str) -> str:
    """The part after the @: `domain` without a leading "*." or "www."."""
    if is_wildcard(domain):
        return base_name(domain)
    rest = domain[4:] if domain.startswith("www.") else ""
    return rest if "." in rest else domain


def recipients(domain: str) -> list[str]:
    """The five addresses for a name or its validation domain."""
    return [f"{mailbox}@{mail_domain(domain)}" for mailbox in MAILBOXES]


def contacts(validation_domain: str, resolver: Asks) -> Verdict:
    """SUCCESS if the domain accepts mail. Without an MX, or with the null MX of RFC 7505: NO_AVAILABLE_CONTACTS."""
    domain = mail_domain(validation_domain)
    found = resolver.lookup(domain, "MX")
    if not found.is_certain:
        return pending(f"The MX records of {domain} cannot be looked up. {found.detail}")
    exchanges = [record.exchange for record in found.records if record.exchange]
    if exchanges:
        return success(f"{domain} receives mail at {exchanges[0]}.")
    why = "says with a null MX record that it does not accept mail" if found.records else "has no MX record"
    return failed("NO_AVAILABLE_CONTACTS", f"{domain} {why}.")


def message(
    name: str,
    *,
    validation_domain: str,
    account_id: str,
    region: str,
    certificate_arn: str,
    token: str,
    expires_at: datetime,
    now: datetime,
    sender: str,
    link: t.Optional[str] = None,
    is_renewal: bool = False,
) -> EmailMessage:
    """The mail that asks the owner of `name`, with the same labels as the service's mails ("Automate email
    validation").

    link: the page where the token is approved; without a page the mail names the module to use instead.
    """
    mail = EmailMessage()
    mail["Subject"] = f"Certificate request for {name}"
    mail["From"] = sender
    mail["To"] = ", ".join(recipients(validation_domain))
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">") or None)
    mail["Auto-Submitted"] = "auto-generated"
    paragraphs = [
        "Greetings from the certificate authority,",
        f"We received a request to issue an SSL/TLS certificate for {name}.{RENEWAL_WORDS if is_renewal else ''}",
        "Verify that the following domain, AWS account ID, and certificate identifier correspond to a request from you "
        "or someone in your organization.",
        f"Domain: {name}\nAWS account ID: {account_id}\nAWS Region name: {region}\n"
        f"Certificate Identifier: {certificate_arn}",
        (
            f"To approve this request, go to\n{link}\nand follow the instructions on the page."
            if link
            else "To approve this request, pass the approval token to the module certops.acm.acm_authority (option approve)."
        ),
        f"Approval token: {token}\nThe token expires on {expires_at.strftime('%Y-%m-%d at %H:%M UTC')}.",
        f"This email is intended solely for authorized individuals for {name}. If you do not recognize the request, "
        "ignore this email: nothing is issued without an approval.",
    ]
    mail.set_content("\n\n".join(paragraphs) + "\n", cte="8bit" if not name.isascii() else "7bit")
    return mail


def send(mail: EmailMessage, server: MailServer) -> list[str]:
    """Hand `mail` to the mail server; returns the recipients that it refused. MailNotSent if it accepted none."""
    where = f"The mail server {server.host}:{server.port}"
    try:
        with _connect(server) as smtp:
            if server.username:
                smtp.login(server.username, server.password or "")
            return sorted(smtp.send_message(mail))
    except smtplib.SMTPAuthenticationError as error:
        raise MailNotSent(
            f"{where} does not accept the user {server.username!r}; check the user name and password."
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        first = next(iter(error.recipients.values()))
        raise MailNotSent(f"{where} refuses all recipients: {_said(first[1])}.") from error
    except smtplib.SMTPNotSupportedError as error:
        raise MailNotSent(f"{where} does not support what the settings require: {error}.") from error
    except smtplib.SMTPResponseException as error:
        raise MailNotSent(f"{where} answered {error.smtp_code}: {_said(error.smtp_error)}.") from error
    except (smtplib.SMTPException, OSError) as error:
        raise MailNotSent(f"{where} cannot be used: {error}.") from error


def _connect(server: MailServer) -> smtplib.SMTP:
    if server.security == "none":
        return smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
    try:
        context = trusting(server.trust_file)
    except InvalidInput as error:
        raise MailNotSent(str(error)) from None
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=context)
    smtp = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
    try:
        smtp.starttls(context=context)
        return smtp
    except BaseException:
        smtp.close()
        raise


def _said(text: t.Union[str, bytes]) -> str:
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else text).replace("\n", " ").strip(". ")
