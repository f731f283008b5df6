# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to the web: one GET or POST, one answer, never an exception. Redirects are not followed, proxies not used.

Both sides of HTTP validation use it, and events are sent through it. Time and size are limited whatever the server
does."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import typing as t
from urllib.parse import SplitResult, urlsplit

from .._rules.errors import InvalidInput
from .resolver import Asks, Endpoint, endpoint

MAX_BODY_OCTETS = 64 * 1024


class Page(t.NamedTuple):
    """status: of HTTP, 0 if there was no answer. detail: what went wrong, for people; otherwise empty."""

    status: int
    location: str = ""
    body: bytes = b""
    detail: str = ""


Fetch = t.Callable[[str], Page]


class Fetcher:
    """Fetches http:// and https:// pages: `fetcher(url) -> Page`. With a body it is a POST.

    resolver: looks up the address of a name (A, then AAAA); None for the system's resolver.
    addresses: name → "192.0.2.1" or "192.0.2.1:8080", used before any resolver, for the names of a lab.
    timeout_s: for a whole page.
    """

    def __init__(
        self,
        resolver: t.Optional[Asks] = None,
        addresses: t.Optional[t.Mapping[str, str]] = None,
        timeout_s: float = 10.0,
        context: t.Optional[ssl.SSLContext] = None,
    ) -> None:
        self._resolver = resolver
        self._addresses = dict(addresses or {})
        for address in self._addresses.values():
            endpoint(address)  # report a wrong address now, not for every page
        self._timeout_s = timeout_s
        self._context = context

    def __call__(
        self, url: str, *, body: t.Optional[bytes] = None, headers: t.Optional[t.Mapping[str, str]] = None
    ) -> Page:
        try:
            parts = urlsplit(url)
            name, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            parts, name, port = urlsplit(""), "", 0
        if parts.scheme not in ("http", "https") or not name or parts.username is not None:
            return Page(0, detail=f"{url} is not an http:// or https:// URL.")
        try:
            where = self._where(name, port)
        except LookupError as error:
            return Page(0, detail=str(error))
        try:
            return self._ask(parts, name, where, body, headers or {})
        except ssl.SSLError as error:
            return Page(0, detail=f"The TLS connection to {where} for {name} failed: {error.reason or error}.")
        except (OSError, http.client.HTTPException, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            return Page(0, detail=f"{where} gave no answer to {url}: {said or type(error).__name__}.")

    def _where(self, name: str, port: int) -> Endpoint:
        if name in self._addresses:
            return endpoint(self._addresses[name], port)
        if self._resolver is None:
            try:
                return Endpoint(str(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)[0][4][0]), port)
            except OSError as error:
                raise LookupError(f"{name} has no address: {error.strerror or error}.") from error
        detail = ""
        for rdtype in ("A", "AAAA"):
            found = self._resolver.lookup(name, rdtype)
            if found.records:
                return Endpoint(found.records[0], port)
            detail = detail or found.detail
        raise LookupError(f"{name} has no address. {detail}".strip())

    def _ask(
        self,
        parts: SplitResult,
        name: str,
        where: Endpoint,
        content: t.Optional[bytes],
        others: t.Mapping[str, str],
    ) -> Page:
        sock = socket.create_connection((where.address, where.port), timeout=self._timeout_s)
        if parts.scheme == "https":
            context = self._context or ssl.create_default_context()
            sock = context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
        # A server that sends an octet now and then would never trigger the time-out of a single read.
        is_late = threading.Event()
        bell = threading.Timer(self._timeout_s, _hang_up, [sock, is_late])
        bell.daemon = True
        bell.start()
        try:
            if isinstance(sock, ssl.SSLSocket):
                sock.do_handshake()
            connection = http.client.HTTPConnection(name, where.port)
            connection.sock = sock
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {"Host": parts.netloc, "User-Agent": "certops.acm", "Accept": "*/*", **others}
            connection.request("GET" if content is None else "POST", target, content, headers)
            response = connection.getresponse()
            body = response.read(MAX_BODY_OCTETS + 1)
            if is_late.is_set():
                return Page(0, detail=f"{where} took longer than {self._timeout_s:g} s for {name}.")
            if response.length and len(body) <= MAX_BODY_OCTETS:
                return Page(0, detail=f"{where} broke off its answer for {name}.")
            if len(body) > MAX_BODY_OCTETS:
                return Page(0, detail=f"{where} sent more than {MAX_BODY_OCTETS} octets for {name}.")
            return Page(response.status, response.getheader("Location") or "", body)
        finally:
            bell.cancel()
            sock.close()


def trusting(trust_file: t.Optional[str]) -> ssl.SSLContext:
    """For a client that trusts the certificates in a file, or else those of the system. Raises InvalidInput."""
    try:
        return ssl.create_default_context(cafile=trust_file)
    except OSError as error:
        said = "it contains no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise InvalidInput(f"The trust_file {trust_file} cannot be used: {said}.") from None


def same_url(first: str, second: str) -> bool:
    """Whether two absolute URLs are the same; the case of scheme and host does not matter (RFC 3986, 6.2.2.1)."""
    try:
        a, b = urlsplit(first.strip()), urlsplit(second.strip())
    except ValueError:
        return False
    return (a.scheme, a.netloc.lower(), a.path, a.query) == (b.scheme, b.netloc.lower(), b.path, b.query)


def _hang_up(sock: socket.socket, is_late: threading.Event) -> None:
    is_late.set()
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
