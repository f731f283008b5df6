# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the server passes to the service, and what it gets back."""

from __future__ import annotations

import ipaddress
import json
import typing as t
from uuid import uuid4


class Peer:
    """Who is at the other end of a connection.

    address: its IP address. tls: version and cipher suite, or None. is_known: whether it has signed a request on this
    connection; strangers are the first to go when there are too many connections.
    """

    def __init__(self, address: str, tls: t.Optional[tuple[str, str]] = None) -> None:
        self.address = address
        self.tls = tls
        self.is_known = False


def plain_address(text: str) -> str:
    """An IP address as it is usually written; IPv4's is never in the form of IPv6, in which a socket for both families has
    it. Raises ValueError."""
    address = ipaddress.ip_address(text)
    return str(getattr(address, "ipv4_mapped", None) or address)


class Request(t.NamedTuple):
    """target: path and query as they were sent. headers: a mapping that does not care about case."""

    method: str
    target: str
    headers: t.Any
    body: bytes
    peer: Peer

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


class Answer(t.Protocol):
    """What is sent back; Content-Length and Connection are added."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> dict[str, str]: ...

    @property
    def body(self) -> bytes: ...


Rest = t.Callable[[], Answer]  # the rest of the work for a request, which may take long


class Reply(t.NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def error(status: int, code: str, message: str) -> Reply:
    """An error in the shape that clients of AWS's JSON protocols read."""
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "x-amzn-RequestId": str(uuid4()),
    }
    return Reply(status, headers, json.dumps({"__type": code, "message": message}).encode())


def plain(status: int, text: str) -> Reply:
    return Reply(status, {"Content-Type": "text/plain; charset=utf-8"}, text.encode())
