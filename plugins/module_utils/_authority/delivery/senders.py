# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How events are sent: to a webhook, or to an SQS queue. Knows nothing of the store. Faults are one sentence without
secrets; the URL of a webhook is a secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import typing as t
from urllib.parse import urlsplit

from ..._net.fetcher import Fetcher, trusting
from ..._rules.errors import InvalidInput

WEBHOOK, SQS = "webhook", "sqs"
BATCH = 10  # messages that SQS accepts in one call
SECRET_PREFIX = "whsec_"


class NotSent(Exception):
    """The target did not accept the event; the message is a sentence."""


class Sender(t.NamedTuple):
    """`send` takes at most `batch` events (JSON texts) and returns how many of them, counted from the first, have
    arrived; raises NotSent if none has."""

    send: t.Callable[[t.Sequence[str]], int]
    batch: int


def sender(target: t.Mapping[str, t.Any], region: str, timeout_s: float, now: t.Callable[[], float]) -> Sender:
    """target: checked by `check`. region: for a queue that names none. now: seconds since the epoch."""
    if target["kind"] == WEBHOOK:
        return Sender(_Webhook(target, timeout_s, now), 1)
    # A FIFO queue keeps the order of arrival, so no message may overtake a refused one.
    return Sender(_Queue(target, region, timeout_s), 1 if _is_fifo(target) else BATCH)


def check(target: t.Mapping[str, t.Any]) -> None:
    """Raise InvalidInput for a target that could never receive an event."""
    what = f"event_targets, {target['name']}"
    if target["kind"] == WEBHOOK:
        _check_url(f"{what}: the url of a webhook", target["url"], is_secret=True)
        _signing_key(target)
        if target.get("trust_file"):
            trusting(target["trust_file"])
        return
    _check_url(f"{what}: queue_url {target['queue_url']}", target["queue_url"])
    if target.get("endpoint_url"):
        _check_url(f"{what}: endpoint_url {target['endpoint_url']}", target["endpoint_url"])
    if bool(target.get("access_key")) != bool(target.get("secret_key")):
        raise InvalidInput(f"{what}: access_key and secret_key go together.")


def _check_url(what: str, url: str, is_secret: bool = False) -> None:
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        has_user = parts.username is not None
    except ValueError:
        is_right, has_user = False, False
    if not is_right:
        raise InvalidInput(f"{what} is not an http:// or https:// URL.")
    if is_secret and has_user:
        raise InvalidInput(f"{what} contains a user name: remove it, and use the option token to authenticate.")


# ---------------------------------------------------------------- webhook


class _Webhook:
    """One POST for each event, signed as specified by standardwebhooks.com if there is a secret."""

    def __init__(self, target: t.Mapping[str, t.Any], timeout_s: float, now: t.Callable[[], float]) -> None:
        self._url = str(target["url"])
        parts = urlsplit(self._url)
        self._shown = f"{parts.scheme}://{parts.netloc}/…"
        self._token = target.get("token")
        self._key = _signing_key(target)
        self._now = now
        try:
            context = trusting(target.get("trust_file"))
        except InvalidInput as error:
            raise NotSent(str(error)) from None
        self._fetch = Fetcher(timeout_s=timeout_s, context=context)

    def __call__(self, bodies: t.Sequence[str]) -> int:
        body = bodies[0].encode()
        page = self._fetch(self._url, body=body, headers=self._headers(body, str(json.loads(bodies[0])["id"])))
        if page.status == 0:
            raise NotSent(page.detail.replace(self._url, self._shown))
        if not 200 <= page.status < 300:
            raise NotSent(f"{self._shown} answered {page.status}, not 2xx.")
        return 1

    def _headers(self, body: bytes, identifier: str) -> dict[str, str]:
        at = str(int(self._now()))
        headers = {"Content-Type": "application/json", "webhook-id": identifier, "webhook-timestamp": at}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if self._key:
            digest = hmac.new(self._key, f"{identifier}.{at}.".encode() + body, hashlib.sha256).digest()
            headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
        return headers


def _signing_key(target: t.Mapping[str, t.Any]) -> bytes:
    secret = str(target.get("secret") or "")
    if not secret.startswith(SECRET_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret[len(SECRET_PREFIX) :], validate=True)
    except binascii.Error:
        raise InvalidInput(
            f"event_targets, {target['name']}: a secret that begins with {SECRET_PREFIX} must be followed by base64."
        ) from None


# ---------------------------------------------------------------- SQS


class _Queue:
    """As EventBridge does: the message body is the event."""

    def __init__(self, target: t.Mapping[str, t.Any], region: str, timeout_s: float) -> None:
        try:
            import botocore.config
            import botocore.exceptions
            import botocore.session
        except ImportError:
            raise NotSent("Delivery to SQS needs the Python library botocore: install it.") from None
        self._url = str(target["queue_url"])
        self._is_fifo = _is_fifo(target)
        self._errors = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, ValueError)
        config = botocore.config.Config(
            connect_timeout=timeout_s, read_timeout=timeout_s, retries={"mode": "standard", "total_max_attempts": 2}
        )
        try:
            self._sqs = botocore.session.Session(profile=target.get("profile")).create_client(
                SQS,
                region_name=target.get("region") or region,
                endpoint_url=target.get("endpoint_url"),
                aws_access_key_id=target.get("access_key"),
                aws_secret_access_key=target.get("secret_key"),
                config=config,
            )
        except self._errors as error:
            raise NotSent(f"SQS cannot be used with these settings: {error}".rstrip(".") + ".") from None

    def __call__(self, bodies: t.Sequence[str]) -> int:
        try:
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=list(map(self._entry, bodies, range(10))))
        except self._errors as error:
            raise NotSent(f"{self._url} did not accept the events: {error}".rstrip(".") + ".") from None
        failed = {int(each["Id"]): each for each in answer.get("Failed", [])}
        if 0 in failed:
            raise NotSent(
                f"{self._url} did not accept an event: {failed[0].get('Code')} {failed[0].get('Message', '')}."
            )
        return min(failed, default=len(bodies))

    def _entry(self, body: str, place: int) -> dict[str, t.Any]:
        entry: dict[str, t.Any] = {"Id": str(place), "MessageBody": body}
        if self._is_fifo:
            entry.update(MessageGroupId="acm", MessageDeduplicationId=str(json.loads(body)["id"]))
        return entry


def _is_fifo(target: t.Mapping[str, t.Any]) -> bool:
    return str(target["queue_url"]).endswith(".fifo")
