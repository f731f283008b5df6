# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A channel that posts to a webhook: Slack, Teams, or JSON for any program. Its URL is a secret and is never shown."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import re
import socket
import ssl
import typing as t
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from ansible.module_utils.urls import open_url
from .. import chat
from ..alert import (
    Alert,
    Attempt,
    Channel,
    Receipt,
    Undelivered,
)
from ..._rules.errors import InvalidInput

Clock = t.Callable[[], datetime]

FORMATS: dict[str, tuple[t.Callable[[t.Sequence[Alert]], dict[str, t.Any]], t.Callable[[Alert], float]]] = {
    "slack": (chat.slack, chat.slack_share),
    "teams": (chat.teams, chat.teams_share),
    "json": (chat.plain_json, chat.json_share),
}
STEPS = 6  # a whole attempt may take this many times its time-out
TRANSIENT = (408, 425, 429, 500, 502, 503, 504)
OF_CONTENT = (400, 413, 422)
MEANINGS = {
    401: "it does not accept the sender: check the channel's headers",
    403: "it does not allow sending: create a new webhook",
    404: "there is no such webhook: create a new one",
    410: "the webhook was removed: create a new one",
    413: "the message is too large for it",
    429: "it has received too many messages",
}


class Webhook(Channel):
    def __init__(
        self,
        settings: t.Mapping[str, t.Any],
        *,
        is_digest: bool = True,
        now: Clock,
        new_id: t.Callable[[], str],
        post: t.Callable[..., t.Any] = open_url,
    ) -> None:
        super().__init__(settings, is_digest=is_digest)
        self._url: str = settings["url"]
        self._host = _host_of(self._url, self.name)
        self._render, self._share = FORMATS[settings.get("format") or "json"]
        self._headers = {str(name): str(value) for name, value in (settings.get("headers") or {}).items()}
        if any(re.search(r"[\r\n\0]", text) for pair in self._headers.items() for text in pair):
            raise InvalidInput(f"Channel {self.name}: headers must not contain line breaks.")
        secret = settings.get("signing_secret")
        self._signing_key = _signing_key(secret, self.name) if secret else None
        self._timeout_s: int = settings.get("timeout") or 10
        self.limit_s = STEPS * self._timeout_s
        self._ca_file: t.Optional[str] = settings.get("ca_file")
        self._now = now
        self._new_id = new_id
        self._post = post

    def share(self, alert: Alert) -> float:
        return self._share(alert)

    def prepare(self, alerts: t.Sequence[Alert], current: t.Sequence[Alert]) -> Attempt:
        body = chat.encode(self._render(alerts))
        message_id = (
            f"msg_{self._new_id()}"  # the same for every attempt, so that the other side recognizes a repetition
        )

        def attempt() -> Receipt:
            headers = {"Content-Type": "application/json; charset=utf-8", **self._headers}
            if self._signing_key:
                headers.update(signature(self._signing_key, message_id, self._now(), body))
            self._send(body, headers)
            return Receipt()

        return attempt

    def _send(self, body: bytes, headers: dict[str, str]) -> None:
        if self._ca_file:
            trusting(self._ca_file)
        try:
            answer = self._post(
                self._url,
                data=body,
                headers=headers,
                method="POST",
                timeout=self._timeout_s,
                http_agent="certops.acm",
                follow_redirects="none",
                ca_path=self._ca_file,
                use_netrc=False,
            )
            status = answer.getcode()
            answer.close()
        except HTTPError as error:
            raise self._refused(error) from None
        except Exception as error:  # libraries and proxies have many messages, which may contain the URL
            raise self._unreached(error) from None
        if not 200 <= status < 300:
            raise Undelivered(f"{self._host} answered HTTP {status}: give the URL that accepts messages directly.")

    def _refused(self, error: HTTPError) -> Undelivered:
        status = error.code
        if 300 <= status < 400:
            return Undelivered(f"{self._host} answered HTTP {status}: give the URL that accepts messages directly.")
        meaning = MEANINGS.get(status) or ("it is not working" if status >= 500 else "it refuses the message")
        said = _code_in(error)
        return Undelivered(
            f"{self._host} answered HTTP {status}{f' ({said})' if said else ''}: {meaning}.",
            is_transient=status in TRANSIENT,
            is_of_content=status in OF_CONTENT,
            retry_after_s=retry_after_s(error.headers.get("Retry-After") if error.headers else None, self._now()),
        )

    def _unreached(self, error: Exception) -> Undelivered:
        cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
        return Undelivered(*network_fault(cause, self._host, self._timeout_s), is_transient=is_passing(cause))


def _host_of(url: str, channel: str) -> str:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or re.search(r"[\s\0]", url):
        begun = re.match(r"\s*(https?)[:/]", url, re.IGNORECASE)
        hint = f": did you mean {begun[1].lower()}://?" if begun and "://" not in url[:9] else "."
        raise InvalidInput(f"Channel {channel}: url is not a URL that begins with https:// or http://{hint}")
    return host


def _code_in(error: HTTPError) -> str:
    """The one word with which Slack and others give the reason, for example invalid_blocks; longer texts may repeat
    secrets."""
    try:
        said = error.fp.read1(64) if hasattr(error.fp, "read1") else b""
    except (OSError, ValueError, http.client.HTTPException):
        said = b""
    word = said.decode("ascii", "replace").strip()
    return word if re.fullmatch(r"[a-z]+(_[a-z]+){1,5}", word) else ""


def retry_after_s(header: t.Optional[str], now: datetime) -> t.Optional[float]:
    """How long to wait according to Retry-After (RFC 9110, 10.2.3): seconds, or a date."""
    text = (header or "").strip()
    if re.fullmatch(r"\d{1,9}", text):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds()) if text else None
    except (ValueError, TypeError):
        return None


# ---------------------------------------------------------------- faults of the network, for mail too


def trusting(ca_file: t.Optional[str]) -> ssl.SSLContext:
    """A client that trusts the certificates in the file, or else those of the system. Raises Undelivered."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        said = "it contains no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise Undelivered(f"The ca_file {ca_file} cannot be used: {said}.") from None


def network_fault(cause: BaseException, host: str, timeout_s: float) -> tuple[str]:
    """The fault, in a sentence that contains no part of the URL but the host's name."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = cause.verify_message or "it cannot be verified"
        return (f"{host} has a certificate that is not trusted ({why}): give its CA with ca_file.",)
    if isinstance(cause, ssl.SSLError):
        return (f"{host} does not speak TLS correctly ({cause.reason or 'no reason was given'}).",)
    if isinstance(cause, (socket.timeout, TimeoutError)):
        return (f"{host} did not answer within {timeout_s:g} s.",)
    if isinstance(cause, socket.gaierror):
        return (f"{host} cannot be reached: its name has no address.",)
    if isinstance(cause, OSError) and cause.strerror:
        return (f"{host} cannot be reached: {cause.strerror}.",)
    if isinstance(cause, http.client.RemoteDisconnected):
        return (f"{host} closed the connection without an answer.",)
    return (f"{host} cannot be reached ({type(cause).__name__}).",)


def is_passing(cause: BaseException) -> bool:
    """Whether another attempt may succeed."""
    if isinstance(cause, ssl.SSLError):
        return False
    return isinstance(cause, (OSError, http.client.HTTPException))


# ---------------------------------------------------------------- signatures


def _signing_key(secret: str, channel: str) -> bytes:
    if not secret.startswith("whsec_"):
        return secret.encode("utf-8")
    try:
        return base64.b64decode(secret[len("whsec_") :], validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(
            f"Channel {channel}: signing_secret begins with whsec_, but what follows is not base64."
        ) from None


def signature(key: bytes, message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """The three headers of the Standard Webhooks specification, with which a receiver checks sender, content and
    age."""
    timestamp = str(int(now.timestamp()))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
