# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at real TLS servers on loopback, one thread each."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.handshake import Endpoint, Unreachable, look
from ansible_collections.certops.acm.tests.support.pki import Pki

COLLECTION = Path(__file__).resolve().parents[4]
OTHER = "ab" * 32  # a fingerprint that no server here has
MODULE = COLLECTION / "plugins" / "modules" / "served_certificate_info.py"

GREETINGS = {
    "smtp": (b"220-hello\r\n220 ready\r\n", {b"EHLO": b"250-me\r\n250 STARTTLS\r\n", b"STARTTLS": b"220 go\r\n"}),
    "lmtp": (b"220 ready\r\n", {b"LHLO": b"250 STARTTLS\r\n", b"STARTTLS": b"220 go\r\n"}),
    "imap": (b"* OK ready\r\n", {b"a1 STARTTLS": b"* note\r\na1 OK go\r\n"}),
    "pop3": (b"+OK ready\r\n", {b"STLS": b"+OK go\r\n"}),
    "ftp": (b"220 ready\r\n", {b"AUTH TLS": b"234 go\r\n"}),
    "sieve": (b'"STARTTLS"\r\nOK ready\r\n', {b"STARTTLS": b"OK go\r\n"}),
}


class Server:
    """Serves a certificate for each name, and the first one without SNI. `contexts` may be changed while it runs."""

    def __init__(self, folder: Path, *names: str, starttls: str | None = None) -> None:
        self.folder = folder
        self.starttls = starttls
        self.fingerprints: dict[str, str] = {}
        self.contexts: dict[str, ssl.SSLContext] = {}
        for name in names:
            self.renew(name)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def renew(self, name: str) -> str:
        self.fingerprints[name], context = make_context(self.folder, name)
        context.sni_callback = self.choose
        self.contexts[name] = context
        return self.fingerprints[name]

    def choose(self, connection: ssl.SSLObject, server_name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self.contexts.get(server_name or "", next(iter(self.contexts.values())))

    def serve(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                connection, _address = self.socket.accept()
                threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if self.starttls:
                greeting, replies = GREETINGS[self.starttls]
                connection.sendall(greeting)
                for _line in replies:
                    asked = connection.recv(100)
                    found = [reply for word, reply in replies.items() if asked.startswith(word)]
                    connection.sendall(found[0] if found else b"500 what?\r\n")
            with next(iter(self.contexts.values())).wrap_socket(connection, server_side=True) as wrapped:
                wrapped.recv(1)


def make_context(folder: Path, name: str) -> tuple[str, ssl.SSLContext]:
    pair = Pki().issue(name, days=10 + 1 / 24, serial=0x0A1B2C)
    path = folder / f"{name}.pem"
    path.write_text(pair.pem + pair.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return pair.certificate.fingerprint(hashes.SHA256()).hex(), context


def run(**arguments: t.Any) -> dict[str, t.Any]:
    done = subprocess.run(
        [sys.executable, str(MODULE)],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {"host": "127.0.0.1", **arguments}}),
        env={**os.environ, "PYTHONPATH": str(COLLECTION.parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@pytest.fixture(name="server")
def fixture_server(tmp_path: Path) -> Server:
    return Server(tmp_path, "www.example.com", "api.example.com")


def test_by_name_and_without_one(server: Server) -> None:
    answer = run(port=server.port, server_names=["api.example.com", "www.example.com"], without_sni=True)
    names = ["api.example.com", "www.example.com", "www.example.com"]
    assert [sight["names"] for sight in answer["served"]] == [[name] for name in names]
    assert [sight["fingerprint"] for sight in answer["served"]] == [server.fingerprints[name] for name in names]
    assert [sight["server_name"] for sight in answer["served"]] == ["api.example.com", "www.example.com", None]


def test_what_is_returned_about_a_certificate(server: Server) -> None:
    (sight,) = run(port=server.port, server_name="www.example.com")["served"]
    assert sight["serial"] == "0a:1b:2c"
    assert sight["subject"] == sight["issuer"] == "CN=www.example.com"
    assert 9 * 86400 < sight["seconds_left"] <= 9 * 86400 + 3600
    assert sight["covers_server_name"] and sight["verified"] is None and sight["as_expected"] is None
    assert x509.load_pem_x509_certificate(sight["certificate"].encode()).serial_number == 0x0A1B2C


@pytest.mark.parametrize("protocol", sorted(GREETINGS))
def test_starttls(tmp_path: Path, protocol: str) -> None:
    server = Server(tmp_path, "mail.example.com", starttls=protocol)
    (sight,) = run(port=server.port, starttls=protocol)["served"]
    assert sight["fingerprint"] == server.fingerprints["mail.example.com"]


def test_a_server_that_refuses_starttls_is_quoted(tmp_path: Path) -> None:
    server = Server(tmp_path, "mail.example.com", starttls="pop3")
    (sight,) = run(port=server.port, starttls="imap", timeout=2)["served"]
    assert not sight["reachable"] and "it answered '+OK ready'" in sight["error"]


def test_a_closed_port_is_a_result_or_a_failure() -> None:
    port = free_port()
    answer = run(port=port)
    assert answer["served"][0]["error"] == f"127.0.0.1:{port} cannot be reached: nothing listens there."
    assert run(port=port, fail_when=["unreachable"])["failed"]
    assert run(port=port, expect_fingerprint=OTHER)["failed"]


def test_a_silent_server_is_abandoned_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="did not finish a TLS handshake within 0.3 s"):
            look(Endpoint("127.0.0.1", silent.getsockname()[1], None), 0.3)
        with pytest.raises(Unreachable, match="did not finish"):
            look(Endpoint("127.0.0.1", silent.getsockname()[1], None, "smtp"), 0.3)
        assert time.monotonic() - began < 30


def test_a_server_without_tls_is_recognised(tmp_path: Path) -> None:
    server = Server(tmp_path, "mail.example.com", starttls="smtp")
    (sight,) = run(port=server.port, timeout=2)["served"]
    assert "refused the TLS handshake" in sight["error"]


def test_the_expected_certificate_is_waited_for(server: Server) -> None:
    old = dict(server.fingerprints)
    fingerprint, context = make_context(server.folder, "www.example.com")
    context.sni_callback = server.choose

    def renew() -> None:
        server.contexts["www.example.com"] = context

    threading.Timer(1.2, renew).start()
    answer = run(port=server.port, server_name="www.example.com", expect_fingerprint=fingerprint, wait_timeout=15)
    (sight,) = answer["served"]
    assert sight["as_expected"] and sight["looks"] > 5
    assert sight["fingerprint"] != old["www.example.com"]


def test_seeing_the_new_certificate_once_is_not_enough(server: Server) -> None:
    """Old and new alternate, as while workers are replaced: it never settles."""
    old, new = server.contexts["www.example.com"], make_context(server.folder, "www.example.com")

    def choose(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        server.contexts["turn"], server.contexts["next"] = server.contexts["next"], server.contexts["turn"]
        connection.context = server.contexts["turn"]

    server.contexts.update(turn=old, next=new[1])
    old.sni_callback = choose
    answer = run(port=server.port, expect_fingerprint=new[0], wait_timeout=1, steady_for=0.3)
    assert answer["failed"] and "Waited 1 s." in answer["msg"]


def test_the_watch_ends_however_long_the_steady_time(server: Server) -> None:
    right = server.renew("www.example.com")
    answer = run(
        port=server.port, server_name="www.example.com", expect_fingerprint=right, wait_timeout=0.5, steady_for=3600
    )
    assert not answer.get("failed") and answer["served"][0]["as_expected"], answer


def test_an_unexpected_certificate_fails_in_a_sentence(server: Server) -> None:
    answer = run(port=server.port, server_name="www.example.com", expect_fingerprint="AB:" * 31 + "CD")
    assert answer["failed"]
    assert (
        f"127.0.0.1:{server.port}, asked for www.example.com, serves CN=www.example.com, serial 0a:1b:2c"
        in answer["msg"]
    )
    assert f"not the certificate with the fingerprint {'ab' * 31}cd." in answer["msg"]
    assert not run(port=server.port, expect_fingerprint=OTHER, fail_when=[]).get("failed")


def test_check_mode_waits_for_nothing(server: Server) -> None:
    began = time.monotonic()
    answer = run(port=server.port, expect_fingerprint=OTHER, wait_timeout=90, _ansible_check_mode=True)
    assert not answer.get("failed") and answer["served"][0]["as_expected"] is False
    assert time.monotonic() - began < 60
    assert run(port=free_port(), fail_when=["unreachable"], _ansible_check_mode=True)["failed"]


def test_trust_is_judged_on_request(server: Server) -> None:
    ca_file = str(server.folder / "www.example.com.pem")
    common = {"port": server.port, "ca_file": ca_file}
    www, api = run(server_names=["www.example.com", "api.example.com"], **common)["served"]
    assert www["verified"] is True and api["verified"] is False
    assert "self-signed" in api["verify_error"] or "self signed" in api["verify_error"]
    (other,) = run(server_name="shop.example.com", **common)["served"]
    assert other["verified"] is False and "it does not cover shop.example.com" in other["verify_error"]
    answer = run(server_name="api.example.com", fail_when=["unverified"], **common)
    assert answer["failed"] and "which a client does not trust" in answer["msg"]


def test_endpoints_that_differ_in_more_than_the_name(server: Server) -> None:
    port = free_port()
    answer = run(
        endpoints=[
            {"port": server.port, "server_name": "api.example.com", "label": "one"},
            {"port": port, "expect_fingerprint": OTHER, "label": "two"},
        ],
        fail_when=[],
    )
    assert [(sight["label"], sight["reachable"], sight["as_expected"]) for sight in answer["served"]] == [
        ("one", True, None),
        ("two", False, False),
    ]


def test_an_invalid_ca_file_fails_in_a_sentence(tmp_path: Path) -> None:
    answer = run(ca_file=str(tmp_path / "missing.pem"))
    assert answer["failed"]
    assert answer["msg"] == f"The ca_file {tmp_path}/missing.pem cannot be used: No such file or directory."
    assert run(ca_file=__file__)["msg"] == f"The ca_file {__file__} cannot be used: it contains no certificate."


def test_unverified_also_means_that_nothing_could_be_verified(server: Server) -> None:
    refused = run(port=free_port(), fail_when=["unverified"])
    assert refused["failed"] and "nothing listens there" in refused["msg"]
    untrusted = run(port=server.port, server_name="www.example.com", fail_when=["unverified"])
    assert untrusted["failed"] and "which a client does not trust" in untrusted["msg"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"server_name": "a..b"}, "server_name is 'a..b', which is not a host name"),
        ({"server_name": "a" * 300}, "which is not a host name"),
        ({"server_name": "a b"}, "server_name is 'a b', which is not a host name"),
        ({"host": "a\nb"}, "host is 'a\\nb', which is not a host name"),
        ({"expect_fingerprint": "ab" * 20}, "which is not a SHA-256 fingerprint: give its 64 hexadecimal digits"),
        ({"endpoints": [{"port": 1, "expect_fingerprint": "junk"}]}, "expect_fingerprint is 'junk', which is not"),
        ({"host": "b" * 64 + ".example.com"}, "host is"),
        ({"port": 99999}, "ports are numbers from 1 to 65535"),
        ({"endpoints": [{"port": 0}]}, "ports are numbers from 1 to 65535"),
        ({"timeout": 0}, "timeout is 0; give a number of seconds, more than 0"),
        ({"timeout": -1}, "timeout is -1"),
        ({"timeout": "nan"}, "timeout is nan"),
        ({"wait_timeout": 1e300}, "wait_timeout is 1e+300; give a number of seconds, 0 or more and at most"),
        ({"steady_for": "inf"}, "steady_for is inf"),
    ],
    ids=str,
)
def test_options_that_allow_no_handshake_are_refused(options: dict[str, t.Any], sentence: str) -> None:
    answer = run(**options)
    assert answer["failed"] and sentence in answer["msg"] and answer["error"]["code"] == "InvalidInput"
