# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at what a server serves: one TLS handshake, bounded in time. Standard library only."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
import time
import typing as t

from .der import (
    CertificateFacts,
    Unreadable,
    covers,
    read_certificate,
)

STARTTLS_PROTOCOLS = ("smtp", "imap", "pop3", "ftp", "lmtp", "sieve")
_LINE_LIMIT = 8192


class Unreachable(Exception):
    """No certificate could be seen. The message is one sentence."""


class Endpoint(t.NamedTuple):
    """Where to look, and as whom. A server_name of None sends no SNI."""

    host: str
    port: int
    server_name: str | None
    starttls: str | None = None


class Sight(t.NamedTuple):
    """What one handshake showed."""

    leaf: CertificateFacts
    leaf_der: bytes
    chain: list[CertificateFacts] | None  # None where this Python cannot tell: before 3.13
    protocol: str
    verified: bool | None  # None when nobody asked
    verify_error: str | None


def look(endpoint: Endpoint, timeout_s: float, trust: ssl.SSLContext | None = None) -> Sight:
    """One handshake with ENDPOINT, two when TRUST is given and the first does not verify. Raises Unreachable."""
    if trust is None:
        return _handshake(endpoint, _anything(), timeout_s, None, None)
    try:
        return _verdict_on_name(_handshake(endpoint, trust, timeout_s, True, None), endpoint)
    except ssl.SSLCertVerificationError as error:
        return _handshake(endpoint, _anything(), timeout_s, False, f"{error.verify_message}")


def trust_of(ca_file: str | None, ca_pem: str | None = None) -> ssl.SSLContext:
    """A client that trusts the CA certificates given, else those of the system."""
    context = ssl.create_default_context(cafile=ca_file, cadata=ca_pem)
    context.check_hostname = False  # judged by us: also for a client that sends no name
    return context


def _anything() -> ssl.SSLContext:
    """A client that accepts every certificate and every old protocol: it wants to see, not to trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(ssl.SSLError):
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _verdict_on_name(sight: Sight, endpoint: Endpoint) -> Sight:
    name = endpoint.server_name or endpoint.host
    held = sight.leaf.names + sight.leaf.ip_addresses
    if any(covers(pattern, name) for pattern in held):
        return sight
    if endpoint.server_name is None:
        return sight  # without SNI a server answers with its default certificate, whatever its name
    return sight._replace(
        verified=False, verify_error=f"it does not cover {name}; it holds {', '.join(held) or 'no name'}"
    )


def _handshake(
    endpoint: Endpoint, context: ssl.SSLContext, timeout_s: float, verified: bool | None, verify_error: str | None
) -> Sight:
    where = f"{endpoint.host} port {endpoint.port}"
    deadline = time.monotonic() + timeout_s
    try:
        with socket.create_connection((endpoint.host, endpoint.port), timeout_s) as plain:
            if endpoint.starttls:
                _start_tls(plain, endpoint.starttls, deadline)
            plain.settimeout(max(0.05, deadline - time.monotonic()))
            with context.wrap_socket(plain, server_hostname=endpoint.server_name) as connection:
                der = connection.getpeercert(True)
                if der is None:
                    raise Unreachable(f"{where} showed no certificate.")
                chain = _chain(connection)
                protocol = connection.version() or ""
        return Sight(read_certificate(der), der, chain, protocol, verified, verify_error)
    except ssl.SSLCertVerificationError:
        raise
    except socket.timeout:
        raise Unreachable(f"{where} did not finish a TLS handshake within {timeout_s:g} s.") from None
    except ssl.SSLError as error:
        raise Unreachable(f"{where} refused the TLS handshake: {_reason(error)}.") from None
    except socket.gaierror as error:
        raise Unreachable(f"The name {endpoint.host} cannot be resolved: {error.strerror}.") from None
    except (OSError, EOFError) as error:
        refused = isinstance(error, OSError) and error.errno == errno.ECONNREFUSED
        reason = "nothing listens there" if refused else getattr(error, "strerror", None) or str(error)
        raise Unreachable(f"{where} cannot be reached: {reason}.") from None
    except Unreadable as error:
        raise Unreachable(f"{where} showed a certificate that cannot be read: {error}.") from None


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).lower().replace("_", " ")


def _chain(connection: ssl.SSLSocket) -> list[CertificateFacts] | None:
    if not hasattr(connection, "get_unverified_chain"):
        return None
    return [read_certificate(der) for der in connection.get_unverified_chain()[1:]]


def _start_tls(connection: socket.socket, protocol: str, deadline: float) -> None:
    """Speak PROTOCOL in clear up to the point where TLS begins (RFC 3207, 2595, 4217, 5804)."""
    lines = _Lines(connection, deadline)
    if protocol in ("smtp", "lmtp"):
        lines.expect_code("220")
        lines.send("EHLO localhost" if protocol == "smtp" else "LHLO localhost")
        lines.expect_code("250")
        lines.send("STARTTLS")
        lines.expect_code("220")
    elif protocol == "ftp":
        lines.expect_code("220")
        lines.send("AUTH TLS")
        lines.expect_code("234")
    elif protocol == "imap":
        lines.expect(lambda line: line.startswith("* OK") or line.startswith("* PREAUTH"))
        lines.send("a1 STARTTLS")
        lines.expect(lambda line: line.startswith("a1 OK"), skip=lambda line: line.startswith("* "))
    elif protocol == "pop3":
        lines.expect(lambda line: line.startswith("+OK"))
        lines.send("STLS")
        lines.expect(lambda line: line.startswith("+OK"))
    else:
        lines.expect(lambda line: line.startswith("OK"), skip=lambda line: line.startswith('"'))
        lines.send("STARTTLS")
        lines.expect(lambda line: line.startswith("OK"))


class _Lines:
    """Text lines over a socket, read octet by octet: what comes after the last line belongs to TLS."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.connection = connection
        self.deadline = deadline

    def send(self, line: str) -> None:
        self.connection.sendall(line.encode("ascii") + b"\r\n")

    def expect_code(self, code: str) -> None:
        self.expect(lambda line: line.startswith(code), skip=lambda line: line.startswith(code + "-"))

    def expect(self, is_wanted: t.Callable[[str], bool], skip: t.Callable[[str], bool] = lambda line: False) -> None:
        while True:
            line = self._read()
            if skip(line):
                continue
            if is_wanted(line):
                return
            raise EOFError(f"it does not offer TLS here, it answered {line[:80]!r}")

    def _read(self) -> str:
        line = b""
        while not line.endswith(b"\n"):
            self.connection.settimeout(max(0.05, self.deadline - time.monotonic()))
            if time.monotonic() > self.deadline or len(line) > _LINE_LIMIT:
                raise socket.timeout()
            octet = self.connection.recv(1)
            if not octet:
                raise EOFError("it closed the connection before TLS began")
            line += octet
        return line.decode("ascii", "replace").rstrip("\r\n")
