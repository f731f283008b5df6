# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real SMTP server on loopback for tests, which keeps the messages that it receives.

with mail_server() as server:
    ...
    assert server.mails[0]["Subject"] == "…"
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import ssl
import threading
import time
import typing as t
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword


class Delivery(t.NamedTuple):
    sender: str
    recipients: list[str]
    mail: EmailMessage
    was_encrypted: bool


class _Controller(Controller):
    """aiosmtpd's, but with a port that the kernel chose."""

    def _trigger_server(self) -> None:
        self.port = int(t.cast(t.Any, self.server).sockets[0].getsockname()[1])
        super()._trigger_server()


class MailServer:
    """refuse: recipients that get a 550. put_off: how many times a recipient gets a 450 first.
    users: name → password; if given, nobody else may send."""

    def __init__(
        self,
        refuse: t.Collection[str],
        users: t.Mapping[str, str],
        tls: t.Optional[ssl.SSLContext],
        put_off: t.Mapping[str, int],
    ) -> None:
        self._refuse = refuse
        self._put_off = dict(put_off)
        self._users = users
        self._arrived = threading.Condition()
        self.deliveries: list[Delivery] = []
        self._controller = _Controller(
            self,
            hostname="127.0.0.1",
            port=0,
            tls_context=tls,
            require_starttls=tls is not None,
            auth_required=bool(users),
            auth_require_tls=tls is not None,
            authenticator=self._authenticate if users else None,
        )

    @property
    def port(self) -> int:
        return int(self._controller.port)

    @property
    def mails(self) -> list[EmailMessage]:
        return [delivery.mail for delivery in self.deliveries]

    def wait_for(self, count: int, timeout_s: float = 5.0) -> list[EmailMessage]:
        """The mails, as soon as there are `count` of them; AssertionError if they do not arrive."""
        deadline = time.monotonic() + timeout_s
        with self._arrived:
            while len(self.deliveries) < count:
                left_s = deadline - time.monotonic()
                assert left_s > 0, f"{len(self.deliveries)} of {count} mails arrived within {timeout_s} s"
                self._arrived.wait(left_s)
        return self.mails

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    # called by aiosmtpd

    def _authenticate(self, _server: t.Any, _session: t.Any, _envelope: t.Any, _mechanism: str, data: t.Any) -> t.Any:
        is_right = isinstance(data, LoginPassword) and self._users.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=is_right, handled=is_right)

    async def handle_RCPT(
        self, _server: t.Any, _session: t.Any, envelope: Envelope, address: str, _options: t.Any
    ) -> str:
        if address in self._refuse:
            return "550 no such mailbox"
        if self._put_off.get(address, 0) > 0:
            self._put_off[address] -= 1
            return "450 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: t.Any, session: t.Any, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        mail = email.message_from_bytes(content, policy=email.policy.default)
        with self._arrived:
            self.deliveries.append(
                Delivery(envelope.mail_from or "", list(envelope.rcpt_tos), mail, session.ssl is not None)
            )
            self._arrived.notify_all()
        return "250 OK"


@contextlib.contextmanager
def mail_server(
    *,
    refuse: t.Collection[str] = (),
    users: t.Optional[t.Mapping[str, str]] = None,
    tls: t.Optional[ssl.SSLContext] = None,
    put_off: t.Optional[t.Mapping[str, int]] = None,
) -> t.Iterator[MailServer]:
    """Accept mail while the block runs. tls: a server context; with it, mail without STARTTLS is refused."""
    server = MailServer(refuse, users or {}, tls, put_off or {})
    server.start()
    try:
        yield server
    finally:
        server.stop()
