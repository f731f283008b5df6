# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at servers that need something before or besides a plain handshake."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.handshake import (
    CannotAsk,
    Endpoint,
    Unreachable,
    look,
)
from ansible_collections.certops.acm.tests.support.deployment_host import issue

Prepare = t.Callable[[socket.socket], None]


@contextlib.contextmanager
def serving(context: ssl.SSLContext, prepare: Prepare = lambda plain: None) -> Iterator[int]:
    """The port of a server that runs PREPARE on each connection before TLS begins."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    plain = listener.accept()[0]
                except OSError:
                    return
                with contextlib.suppress(OSError, AssertionError), plain:
                    plain.settimeout(10)
                    prepare(plain)
                    with context.wrap_socket(plain, server_side=True) as connection:
                        connection.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.close()


def context_of(folder: Path, *certificates: dict[str, t.Any]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for number, certificate in enumerate(certificates):
        path = folder / f"{number}.pem"
        path.write_text(certificate["private_key"] + certificate["certificate"])
        context.load_cert_chain(path)
    return context


def read(plain: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        found += plain.recv(size - len(found))
    return found


def take_proxy_v1(plain: socket.socket) -> None:
    line = b""
    while not line.endswith(b"\r\n"):
        line += plain.recv(1)
    words = line.decode().split()
    peer = plain.getpeername()
    assert words == ["PROXY", "TCP4", peer[0], "127.0.0.1", str(peer[1]), str(plain.getsockname()[1])]


def take_proxy_v2(plain: socket.socket) -> None:
    assert read(plain, 12) == b"\r\n\r\n\x00\r\nQUIT\n"
    version, family, size = struct.unpack("!BBH", read(plain, 4))
    assert (version, family, size) == (0x21, 0x11, 12)
    source, target, source_port, _target_port = struct.unpack("!4s4sHH", read(plain, 12))
    assert socket.inet_ntoa(source) == socket.inet_ntoa(target) == "127.0.0.1"
    assert source_port == plain.getpeername()[1]


def take_postgres(plain: socket.socket) -> None:
    assert struct.unpack("!II", read(plain, 8)) == (8, 80877103)
    plain.sendall(b"S")


@pytest.mark.parametrize(
    "prepare, options",
    [
        (take_proxy_v1, {"proxy_protocol": "v1"}),
        (take_proxy_v2, {"proxy_protocol": "v2"}),
        (take_postgres, {"starttls": "postgres"}),
    ],
)
def test_what_comes_before_tls(tmp_path: Path, prepare: Prepare, options: dict[str, str]) -> None:
    certificate = issue("www.example.com")
    with serving(context_of(tmp_path, certificate), prepare) as port:
        sight = look(Endpoint("127.0.0.1", port, "www.example.com", **options), 10)
        assert sight.leaf.fingerprint == certificate["fingerprint"]


def test_a_database_that_offers_no_tls_is_reported(tmp_path: Path) -> None:
    with serving(context_of(tmp_path, issue("www.example.com")), lambda plain: plain.sendall(b"N")) as port:
        with pytest.raises(Unreachable) as caught:
            look(Endpoint("127.0.0.1", port, None, "postgres"), 10)
    assert "does not offer TLS" in str(caught.value) and not caught.value.is_refused


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_requires_a_client_certificate_shows_its_own(tmp_path: Path, version: ssl.TLSVersion) -> None:
    certificate = issue("www.example.com")
    context = context_of(tmp_path, certificate)
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=certificate["certificate"])
    with serving(context) as port:
        sight = look(Endpoint("127.0.0.1", port, "www.example.com"), 10)
    assert sight.leaf.fingerprint == certificate["fingerprint"]
    assert sight.protocol == version.name.replace("_", ".")


def test_a_certificate_seen_in_an_otherwise_failed_handshake_does_not_count(tmp_path: Path) -> None:
    """A flight with a certificate but without a request for a client certificate proves nothing."""

    def send_garbage(plain: socket.socket) -> None:
        plain.recv(4096)
        body = b"\x0b\x00\x00\x07\x00\x00\x04\x00\x00\x01x"
        plain.sendall(b"\x16\x03\x03" + struct.pack("!H", len(body)) + body)
        raise AssertionError

    with serving(context_of(tmp_path, issue("www.example.com")), send_garbage) as port:
        with pytest.raises(Unreachable):
            look(Endpoint("127.0.0.1", port, "www.example.com"), 10)


def test_certificates_for_the_same_name_are_requested_by_key_type(tmp_path: Path) -> None:
    rsa, ec = issue("www.example.com", kind="rsa"), issue("www.example.com")
    with serving(context_of(tmp_path, rsa, ec)) as port:
        for key_type, certificate in (("rsa", rsa), ("ecdsa", ec)):
            sight = look(Endpoint("127.0.0.1", port, "www.example.com", key_type=key_type), 20)
            assert sight.leaf.fingerprint == certificate["fingerprint"] and sight.leaf.key_type == key_type
    with serving(context_of(tmp_path, ec)) as port:
        with pytest.raises(Unreachable) as caught:
            look(Endpoint("127.0.0.1", port, "www.example.com", key_type="rsa"), 20)
    assert not isinstance(caught.value, CannotAsk) and "accepts only rsa" in str(caught.value)


def test_a_python_that_cannot_choose_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python built with a library other than OpenSSL does not read its configuration."""
    module = "ansible_collections.certops.acm.plugins.module_utils._web_host.tls.handshake"
    monkeypatch.setattr(f"{module}._CONFIGURATION", "# {}\n")
    with serving(context_of(tmp_path, issue("www.example.com"))) as port:
        with pytest.raises(CannotAsk):
            look(Endpoint("127.0.0.1", port, "www.example.com", key_type="rsa"), 20)


def test_a_closed_port_is_told_from_a_silent_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(Unreachable) as silent:
            look(Endpoint("127.0.0.1", port, None), 0.2)
    with pytest.raises(Unreachable) as closed:
        look(Endpoint("127.0.0.1", port, None), 0.2)
    assert (silent.value.is_refused, closed.value.is_refused) == (False, True)
