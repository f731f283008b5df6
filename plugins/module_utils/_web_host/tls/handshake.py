# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""See what a server serves: one TLS handshake with a time limit. Standard library only."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import typing as t

from ..sets.der import CertificateFacts, Unreadable, read_certificate

STARTTLS_PROTOCOLS = ("smtp", "imap", "pop3", "ftp", "lmtp", "sieve", "postgres")
PROXY_PROTOCOLS = ("v1", "v2")
# The signature algorithms (RFC 8446, 4.2.3) that a client offers to get the certificate with a key type, as in OpenSSL.
SIGNATURES = {
    "rsa": "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512",
    "ecdsa": "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512",
}
_LINE_LIMIT = 8192
_FLIGHT_LIMIT = 2**18


class Unreachable(Exception):
    """No certificate could be seen. The message is one sentence. is_refused: nothing listens there."""

    def __init__(self, message: str, is_refused: bool = False) -> None:
        super().__init__(message)
        self.is_refused = is_refused


class CannotAsk(Unreachable):
    """This Python cannot ask for a certificate by key type."""


class Endpoint(t.NamedTuple):
    """Where to look, and for which name. server_name None: send no SNI. key_type None: accept any certificate."""

    host: str
    port: int
    server_name: str | None
    starttls: str | None = None
    proxy_protocol: str | None = None
    key_type: str | None = None

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def asking(self) -> str:
        """How it is asked, in words."""
        asking = f"asked for {self.server_name}" if self.server_name else "asked without SNI"
        return f"{asking} by a client that accepts only {self.key_type}" if self.key_type else asking


class Sight(t.NamedTuple):
    """What one handshake showed."""

    leaf: CertificateFacts
    leaf_der: bytes
    chain: list[CertificateFacts] | None  # None if this Python cannot tell: before 3.13
    protocol: str
    verified: bool | None  # None if not requested
    verify_error: str | None


class _Shown(t.NamedTuple):
    leaf: bytes
    chain: list[bytes] | None
    protocol: str


def look(endpoint: Endpoint, timeout_s: float, trust: ssl.SSLContext | None = None) -> Sight:
    """One handshake with ENDPOINT, or two if TRUST is given and the first does not verify. Raises Unreachable."""
    if trust is None:
        return _handshake(endpoint, _anything(), timeout_s, None, None)
    try:
        return _verdict_on_name(_handshake(endpoint, trust, timeout_s, True, None), endpoint)
    except ssl.SSLCertVerificationError as error:
        return _handshake(endpoint, _anything(), timeout_s, False, f"{error.verify_message}")


def trust_of(ca_file: str | None, ca_pem: str | None = None) -> ssl.SSLContext:
    """A client that trusts the given CA certificates, or else those of the system."""
    context = ssl.create_default_context(cafile=ca_file, cadata=ca_pem)
    context.check_hostname = False  # we check the name ourselves, also for a client that sends none
    return context


def _anything() -> ssl.SSLContext:
    """A client that accepts any certificate and any old protocol, since it only looks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(ssl.SSLError):
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _verdict_on_name(sight: Sight, endpoint: Endpoint) -> Sight:
    name = endpoint.server_name
    if name is None or sight.leaf.covers(name):  # without SNI a server shows its default certificate, whatever its name
        return sight
    return sight._replace(
        verified=False,
        verify_error=f"it does not cover {name}; it covers {', '.join(sight.leaf.all_names) or 'no name'}",
    )


def _handshake(
    endpoint: Endpoint, context: ssl.SSLContext, timeout_s: float, verified: bool | None, verify_error: str | None
) -> Sight:
    where = endpoint.address
    deadline = time.monotonic() + timeout_s
    try:
        with socket.create_connection((endpoint.host, endpoint.port), timeout_s) as plain:
            if endpoint.proxy_protocol:
                plain.sendall(_proxy_header(plain, endpoint.proxy_protocol))
            if endpoint.starttls == "postgres":
                _start_tls_postgres(plain)
            elif endpoint.starttls:
                _start_tls(plain, endpoint.starttls, deadline)
            if endpoint.key_type is None:
                shown = _shake_hands(plain, context, endpoint.server_name, deadline)
            else:
                shown = _shake_hands_by(plain, context, endpoint, deadline)
        chain = None if shown.chain is None else [read_certificate(der) for der in shown.chain]
        leaf = read_certificate(shown.leaf)
        if endpoint.key_type not in (None, leaf.key_type):
            raise CannotAsk(f"This host's Python cannot ask {where} for a certificate by key type.")
        return Sight(leaf, shown.leaf, chain, shown.protocol, verified, verify_error)
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
        raise Unreachable(f"{where} cannot be reached: {reason}.", refused) from None
    except Unreadable as error:
        raise Unreachable(f"{where} showed a certificate that cannot be read: {error}.") from None


def _shake_hands(plain: socket.socket, context: ssl.SSLContext, server_name: str | None, deadline: float) -> _Shown:
    """The handshake, driven step by step: if it fails because the server wants a client certificate, what it showed
    counts."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=server_name)
    seen = bytearray()
    try:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                _send(plain, outgoing, deadline)
                plain.settimeout(max(0.05, deadline - time.monotonic()))
                data = plain.recv(16384)
                if not data and not seen:
                    raise EOFError("it closed the connection at the beginning of the TLS handshake") from None
                seen += data
                if time.monotonic() > deadline or len(seen) > _FLIGHT_LIMIT:
                    raise socket.timeout() from None
                incoming.write(data) if data else incoming.write_eof()
        with contextlib.suppress(OSError):
            _send(plain, outgoing, deadline)
    except ssl.SSLCertVerificationError:
        raise
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
        shown = _shown_in_clear(bytes(seen))
        if shown is None:
            raise
        return shown
    leaf = tls.getpeercert(True)
    if leaf is None:
        raise EOFError("it showed no certificate")
    get_chain = getattr(tls, "get_unverified_chain", None)
    return _Shown(leaf, get_chain()[1:] if get_chain else None, tls.version() or "")


def _send(plain: socket.socket, outgoing: ssl.MemoryBIO, deadline: float) -> None:
    data = outgoing.read()
    if data:
        plain.settimeout(max(0.05, deadline - time.monotonic()))
        plain.sendall(data)


def _shown_in_clear(flight: bytes) -> _Shown | None:
    """The certificates in a handshake before TLS 1.3, where they are in clear, if the server requested a client
    certificate."""
    messages, start, version = b"", 0, b""
    while start + 5 <= len(flight):
        kind, size = flight[start], int.from_bytes(flight[start + 3 : start + 5], "big")
        if kind != 22:  # the end of the unencrypted part of the handshake
            break
        version = flight[start + 1 : start + 3]
        messages += flight[start + 5 : start + 5 + size]
        start += 5 + size
    found: list[bytes] = []
    wants_client = False
    while len(messages) >= 4:
        kind, size = messages[0], int.from_bytes(messages[1:4], "big")
        body, messages = messages[4 : 4 + size], messages[4 + size :]
        wants_client = wants_client or kind == 13
        if kind == 11:
            rest = body[3:]
            while len(rest) >= 3:
                size = int.from_bytes(rest[:3], "big")
                found.append(rest[3 : 3 + size])
                rest = rest[3 + size :]
    if not found or not wants_client:
        return None
    names = {b"\x03\x01": "TLSv1", b"\x03\x02": "TLSv1.1", b"\x03\x03": "TLSv1.2"}
    return _Shown(found[0], found[1:], names.get(version, ""))


_CHILD = """
import socket, ssl, sys
plain = socket.socket(fileno=int(sys.argv[1]))
plain.settimeout(float(sys.argv[2]))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
try:
    with context.wrap_socket(plain, server_hostname=sys.argv[3] or None) as tls:
        print(tls.version(), tls.getpeercert(True).hex())
except ssl.SSLError as error:
    print("refused", (error.reason or str(error)).lower().replace("_", " "))
"""
_CONFIGURATION = """openssl_conf = all
[all]
ssl_conf = tls
[tls]
system_default = client
[client]
CipherString = ALL:@SECLEVEL=0
SignatureAlgorithms = {}
"""


def _shake_hands_by(plain: socket.socket, context: ssl.SSLContext, endpoint: Endpoint, deadline: float) -> _Shown:
    """A handshake that offers signature algorithms for one key type only. Before 3.14 Python cannot set them, but
    OpenSSL's configuration can. OpenSSL reads that when a process starts, so a second Python is started for this."""
    signatures = SIGNATURES[endpoint.key_type or "rsa"]
    choose = getattr(context, "set_client_sigalgs", None)
    if choose:
        choose(signatures)
        return _shake_hands(plain, context, endpoint.server_name, deadline)
    left_s = max(0.05, deadline - time.monotonic())
    words = [sys.executable, "-I", "-c", _CHILD, str(plain.fileno()), f"{left_s:.3f}", endpoint.server_name or ""]
    with tempfile.NamedTemporaryFile("w", suffix=".cnf") as file:
        file.write(_CONFIGURATION.format(signatures))
        file.flush()
        try:
            done = subprocess.run(  # pylint: disable=ansible-bad-function  # run_command cannot hand over a connection
                words,
                env={**os.environ, "OPENSSL_CONF": file.name},
                pass_fds=[plain.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=left_s + 5,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise CannotAsk(
                f"A second Python, needed to choose a certificate by key type, could not be started: {error}."
            ) from None
    protocol, _blank, rest = done.stdout.decode("ascii", "replace").strip().partition(" ")
    if protocol == "refused":
        raise EOFError(f"it refused a client that accepts only {endpoint.key_type} ({rest})")
    if done.returncode or not rest:
        raise socket.timeout()
    return _Shown(bytes.fromhex(rest), None, protocol)


def _proxy_header(connection: socket.socket, version: str) -> bytes:
    """The header of HAProxy's PROXY protocol (versions 1 and 2, proxy-protocol.txt), which describes this
    connection."""
    source, target = connection.getsockname(), connection.getpeername()
    is_v6 = connection.family == socket.AF_INET6
    if version == "v1":
        family = "TCP6" if is_v6 else "TCP4"
        return f"PROXY {family} {source[0]} {target[0]} {source[1]} {target[1]}\r\n".encode("ascii")
    addresses = b"".join(socket.inet_pton(connection.family, each[0].partition("%")[0]) for each in (source, target))
    body = addresses + struct.pack("!HH", source[1], target[1])
    head = struct.pack("!BBH", 0x21, 0x21 if is_v6 else 0x11, len(body))
    return b"\r\n\r\n\x00\r\nQUIT\n" + head + body


def _start_tls_postgres(connection: socket.socket) -> None:
    """PostgreSQL's SSLRequest (protocol 3.0, message formats): the answer is one octet, S if TLS may begin."""
    connection.sendall(struct.pack("!II", 8, 80877103))
    answer = connection.recv(1)
    if answer != b"S":
        raise EOFError("it does not offer TLS here" if answer else "it closed the connection before TLS began")


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).lower().replace("_", " ")


def _start_tls(connection: socket.socket, protocol: str, deadline: float) -> None:
    """Speak PROTOCOL in clear until TLS begins (RFC 3207, 2595, 4217, 5804)."""
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
    """Text lines from a socket, read octet by octet, because what follows the last line belongs to TLS."""

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
