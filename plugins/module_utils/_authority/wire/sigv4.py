# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signature Version 4 on the server's side: who sent a request, and is it what they signed?

Only POST / is ever signed, so there is no path or query to be normalized. The rules are those of "Signature Version 4
signing process" in the AWS documentation; the messages are the service's own.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
import typing as t
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from ..keys.access_keys import AccessKey
from .messages import Request

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
MAX_SKEW = timedelta(minutes=15)
BASIC_FORMAT = "%Y%m%dT%H%M%SZ"
# These headers determine what is requested, so a signature that does not cover them is worthless.
MUST_BE_SIGNED = ("host", "x-amz-target")


class Refusal(Exception):
    """A request that is refused; `code` is AWS's name for the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Gate:
    """Accepts requests signed with one of several keys for these services in one region.

    find: returns the access key with an id, or None for an unknown id.
    """

    def __init__(
        self,
        find: t.Callable[[str], t.Optional[AccessKey]],
        region: str,
        services: t.Collection[str] = ("acm",),
        clock: t.Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._find = find
        self._region = region
        self._services = services
        self._clock = clock

    def screen(self, request: Request) -> AccessKey:
        """The key that the head of a request claims. Raises Refusal if the head is wrong whatever the body."""
        return self._claimed(request)[0]

    def check(self, request: Request) -> AccessKey:
        """The key that a request is signed with; raises Refusal unless the signature is correct."""
        key, given, timestamp = self._claimed(request)
        headers = request.headers
        _identifier, date, region, service, _terminator = _scope(given["Credential"])
        signed = given["SignedHeaders"].lower().split(";")
        date_header = "x-amz-date" if "X-Amz-Date" in headers else "date"
        for name in (*MUST_BE_SIGNED, date_header):
            if name in headers and name not in signed:
                raise _invalid(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
        payload = hashlib.sha256(request.body).hexdigest()
        if headers.get("X-Amz-Content-SHA256", payload) != payload:
            raise _invalid("The provided 'x-amz-content-sha256' header does not match what was computed.")
        canonical = "\n".join([request.method, request.target, "", _shown(headers, signed), ";".join(signed), payload])
        digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
        scope = f"{date}/{region}/{service}/{TERMINATOR}"
        text = f"{ALGORITHM}\n{timestamp}\n{scope}\n{digest}"
        wanted = hmac.digest(_signing_key(key.secret, date, region, service), text.encode(), "sha256").hex()
        if not hmac.compare_digest(wanted.encode(), given["Signature"].encode("utf-8", "surrogateescape")):
            raise _invalid(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                "Access Key and signing method. Consult the service documentation for details."
            )
        return key

    def _claimed(self, request: Request) -> tuple[AccessKey, dict[str, str], str]:
        """The key, the parts of Authorization and the timestamp, checked as far as possible without the body."""
        headers = request.headers
        given = _authorization(headers.get("Authorization"))
        timestamp = _timestamp(headers)
        identifier, date, region, service, terminator = _scope(given["Credential"])
        key = self._find(identifier)
        # A token would belong to temporary credentials, which the authority does not issue.
        if key is None or headers.get("X-Amz-Security-Token"):
            raise Refusal("UnrecognizedClientException", "The security token included in the request is invalid.")
        self._check_scope(date, region, service, terminator, timestamp)
        self._check_time(timestamp)
        return key, given, timestamp

    def _check_scope(self, date: str, region: str, service: str, terminator: str, timestamp: str) -> None:
        if region != self._region:
            raise _invalid(f"Credential should be scoped to a valid region, not '{region}'.")
        if service not in self._services:
            raise _invalid(f"Credential should be scoped to correct service: '{sorted(self._services)[0]}'.")
        if terminator != TERMINATOR:
            raise _invalid(f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'.")
        if date != timestamp[:8]:
            raise _invalid(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                f"'{date}' != '{timestamp[:8]}', from '{timestamp}'."
            )

    def _check_time(self, timestamp: str) -> None:
        now = self._clock()
        signed_at = _moment(timestamp)
        if abs(signed_at - now) <= MAX_SKEW:
            return
        shown, minutes = now.strftime(BASIC_FORMAT), int(MAX_SKEW.total_seconds() // 60)
        if signed_at < now:
            limit = (now - MAX_SKEW).strftime(BASIC_FORMAT)
            raise _invalid(f"Signature expired: {timestamp} is now earlier than {limit} ({shown} - {minutes} min.)")
        limit = (now + MAX_SKEW).strftime(BASIC_FORMAT)
        raise _invalid(f"Signature not yet current: {timestamp} is still later than {limit} ({shown} + {minutes} min.)")


def _shown(headers: t.Any, signed: t.Sequence[str]) -> str:
    """The signed headers, one per line."""
    values: dict[str, list[str]] = {}
    for name, value in headers.items():
        values.setdefault(name.lower(), []).append(" ".join(value.split()))
    return "".join(f"{name}:{','.join(values[name])}\n" for name in signed if name in values)


@functools.lru_cache(maxsize=256)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


@functools.lru_cache(maxsize=256)  # many requests have the same second
def _moment(timestamp: str) -> datetime:
    return datetime.strptime(timestamp, BASIC_FORMAT).replace(tzinfo=timezone.utc)


def _authorization(header: t.Optional[str]) -> dict[str, str]:
    """Credential, SignedHeaders and Signature."""
    if not header:
        raise Refusal("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _space, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"The Authorization header must begin with {ALGORITHM}.")
    given = {}
    for part in rest.split(","):
        key, equals, value = part.strip().partition("=")
        if not equals:
            raise _incomplete(f"'{key}' not a valid key=value pair (missing equal-sign) in Authorization header.")
        given[key] = value
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not given.get(name)]
    if missing:
        raise _incomplete(" ".join(f"Authorization header requires '{name}' parameter." for name in missing))
    return given


def _scope(credential: str) -> list[str]:
    parts = credential.split("/")
    if len(parts) != 5:
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{credential}'."
        )
    return parts


def _timestamp(headers: t.Any) -> str:
    """When the request says it was signed, in ISO 8601's basic format."""
    stamp = headers.get("X-Amz-Date")
    if stamp is None and "Date" in headers:
        try:
            stamp = parsedate_to_datetime(headers["Date"]).astimezone(timezone.utc).strftime(BASIC_FORMAT)
        except (ValueError, OverflowError):
            stamp = headers["Date"]
    if stamp is None:
        raise _incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    try:
        if not re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", stamp):
            raise ValueError
        _moment(stamp)
    except ValueError:
        raise _incomplete(f"Date must be in ISO-8601 'basic format'. Got '{stamp}'.") from None
    return stamp


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidSignatureException", message)


def _incomplete(message: str) -> Refusal:
    return Refusal("IncompleteSignatureException", message)
