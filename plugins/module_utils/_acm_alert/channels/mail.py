# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A channel that sends mail through an SMTP server: plain text, and the same as HTML."""

from __future__ import annotations

import contextlib
import email.policy
import re
import smtplib
import socket
import typing as t
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from .. import text as alert_text
from .webhook import STEPS, Clock, is_passing, network_fault, trusting
from ..alert import (
    Alert,
    Attempt,
    Channel,
    Receipt,
    Undelivered,
    clip,
)
from ..._rules.errors import InvalidInput

PORTS = {"none": 25, "starttls": 587, "tls": 465}
OCTETS = 4 * 1024 * 1024  # accepted by nearly every server, for both forms and encoded
_FRAME = 8 * 1024
_ADDRESS = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+")


class Mail(Channel):
    def __init__(
        self, settings: t.Mapping[str, t.Any], *, is_digest: bool = True, now: Clock, new_id: t.Callable[[], str]
    ) -> None:
        super().__init__(settings, is_digest=is_digest)
        self._host: str = settings["host"]
        self._security: str = settings.get("security") or "starttls"
        self._port: int = settings.get("port") or PORTS[self._security]
        if not 0 < self._port < 65536:
            raise InvalidInput(f"Channel {self.name}: port is {self._port}; give a TCP port, 1 to 65535.")
        self._username: t.Optional[str] = settings.get("username")
        self._password: t.Optional[str] = settings.get("password")
        if bool(self._username) != bool(self._password):
            raise InvalidInput(f"Channel {self.name}: username and password must be given together.")
        if self._password and self._security == "none":
            raise InvalidInput(
                f"Channel {self.name}: passwords are not sent unencrypted; set security to starttls or tls."
            )
        self._sender = _address(settings["sender"], self.name, "sender")
        self._recipients = [_address(recipient, self.name, "recipients") for recipient in settings["recipients"]]
        if not self._recipients:
            raise InvalidInput(f"Channel {self.name}: recipients is empty; give at least one.")
        self._ca_file: t.Optional[str] = settings.get("ca_file")
        self._timeout_s: int = settings.get("timeout") or 10
        self.limit_s = STEPS * self._timeout_s
        self._now = now
        self._new_id = new_id

    def share(self, alert: Alert) -> float:
        # In the worst case quoted-printable needs three octets for one.
        size = 3 * (len(alert_text.plain_alert(alert).encode()) + len(alert_text.html_alert(alert).encode()))
        return size / (OCTETS - _FRAME)

    def prepare(self, alerts: t.Sequence[Alert], current: t.Sequence[Alert]) -> Attempt:
        message = compose(alerts, self._sender, self._recipients, self._now(), self._new_id())
        remaining = [parseaddr(recipient)[1] for recipient in self._recipients]
        refused: list[str] = []

        def attempt() -> Receipt:
            turned_away = self._send(message, remaining)
            later = [recipient for recipient, (code, _said) in turned_away.items() if 400 <= code < 500]
            refused.extend(
                f"{recipient} ({code})" for recipient, (code, _said) in turned_away.items() if recipient not in later
            )
            had_any = len(turned_away) < len(remaining)
            remaining[:] = later
            if later:
                raise Undelivered(
                    f"{self._host} does not accept mail for {', '.join(later)} at the moment.",
                    is_transient=True,
                    was_partly=had_any,
                )
            if not refused:
                return Receipt()
            words = f"{self._host} refuses recipients: {', '.join(refused)}"
            if len(refused) == len(self._recipients):
                raise Undelivered(f"{words}.")
            return Receipt(warnings=[f"{words}. The others were told."])

        return attempt

    def _send(self, message: EmailMessage, recipients: t.Sequence[str]) -> dict[str, tuple[int, bytes]]:
        """Returns the refused recipients, perhaps all of them. Raises Undelivered."""
        try:
            with contextlib.closing(self._connect()) as server:
                try:
                    return server.send_message(message, from_addr=parseaddr(self._sender)[1], to_addrs=recipients)
                finally:
                    with contextlib.suppress(smtplib.SMTPException, OSError):
                        server.quit()
        except smtplib.SMTPRecipientsRefused as error:
            return dict(error.recipients)
        except Undelivered:
            raise
        except smtplib.SMTPResponseException as error:
            raise self._refused(error) from None
        except smtplib.SMTPNotSupportedError:
            raise Undelivered(
                f"{self._host} does not support a required feature (STARTTLS, a login, or non-ASCII addresses): "
                "check security, username and recipients."
            ) from None
        except smtplib.SMTPServerDisconnected as error:
            cause = error.__context__  # smtplib reports the same for a server that is only slow
            is_slow = isinstance(cause, (socket.timeout, TimeoutError))
            fault = network_fault(cause, self._host, self._timeout_s) if cause and is_slow else None
            raise Undelivered(*(fault or (f"{self._host} closed the connection.",)), is_transient=True) from None
        except Exception as error:  # a fault of one channel must not keep the others from being told
            fault = network_fault(error, self._host, self._timeout_s)
            raise Undelivered(*fault, is_transient=is_passing(error)) from None

    def _connect(self) -> smtplib.SMTP:
        context = trusting(self._ca_file) if self._security != "none" else None
        if self._security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout_s, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout_s)
        try:
            if self._security == "starttls":
                server.starttls(context=context)
            if self._username and self._password:
                server.login(self._username, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _refused(self, error: smtplib.SMTPResponseException) -> Undelivered:
        code = error.smtp_code
        if isinstance(error, smtplib.SMTPAuthenticationError) and code >= 500:
            return Undelivered(f"{self._host} does not accept the user name or password ({code}).")
        what = {
            smtplib.SMTPSenderRefused: f"the sender {parseaddr(self._sender)[1]}",
            smtplib.SMTPDataError: "the message",
            smtplib.SMTPConnectError: "the connection",
            smtplib.SMTPHeloError: "the greeting",
        }.get(type(error), "the session")
        return Undelivered(
            f"{self._host} refuses {what} ({code}).",
            is_transient=400 <= code < 500,
            is_of_content=isinstance(error, smtplib.SMTPDataError) and code >= 500,
        )


def _address(text: str, channel: str, option: str) -> str:
    """An address, or a name and an address in angle brackets. Raises InvalidInput."""
    name, address = parseaddr(text)
    if re.search(r"[\r\n\0]", text) or not _ADDRESS.fullmatch(address) or not text.rstrip(" >").endswith(address):
        raise InvalidInput(f"Channel {channel}: {option} holds {text!r}, which is not a mail address.")
    return text.strip()


def compose(
    alerts: t.Sequence[Alert], sender: str, recipients: t.Sequence[str], now: datetime, unique: str
) -> EmailMessage:
    """The mail. Auto-Submitted (RFC 3834) keeps automatic replies away."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Subject"] = clip(alert_text.headline(alerts), 200)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{unique}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    if any(alert.severity == "critical" for alert in alerts):
        message["Importance"] = "high"
    message.set_content(alert_text.plain_text(alerts), cte="quoted-printable")
    message.add_alternative(alert_text.html(alerts), subtype="html", cte="quoted-printable")
    return message
