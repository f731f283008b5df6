# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates over a runtime socket that answers as HAProxy 2.6 does."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import socket
import socketserver
import threading
import time
import typing as t
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.certops.acm.plugins.module_utils._web_host.servers.haproxy import (
    HaproxyFault,
    Runtime,
    find_name,
    update,
)


def combined() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "www.example.com")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (made.sign(key, hashes.SHA256()).public_bytes(pem) + private).decode()


def sha1(text: str) -> str:
    certificate = x509.load_pem_x509_certificate(text.encode())
    return hashlib.sha1(certificate.public_bytes(serialization.Encoding.DER)).hexdigest().upper()


class Haproxy:
    """What it serves by name, its one open transaction, and the first line of every command it was sent."""

    def __init__(self, **served: str) -> None:
        self.served = dict(served)
        self.open: tuple[str, str] | None = None
        self.said: list[str] = []
        self.refuses: set[str] = set()

    def answer(self, command: str) -> str:
        first, _newline, payload = command.partition("\n")
        self.said.append(first)
        words = first.split()
        name = words[3] if len(words) > 3 else ""
        if first in self.refuses:
            return "unable to load certificate from file.\nCan't update it!\n"
        if words[:3] == ["show", "ssl", "cert"] and not name:
            return "# filename\n" + "".join(f"{each}\n" for each in self.served)
        if words[:3] == ["show", "ssl", "cert"]:
            return f"Filename: {name}\nStatus: Used\nSHA1 FingerPrint: {sha1(self.served[name])}\nAlgorithm: EC256\n"
        if words[0] == "set" and payload:
            made, self.open = self.open is None, (self.open[0] if self.open else name, payload)
            return f"Transaction {'created' if made else 'updated'} for certificate {self.open[0]}!\n"
        if words[0] in ("commit", "abort") and self.open is None:
            return f"No ongoing transaction! !\nCan't {words[0]} {name}!\n"
        if words[0] == "commit":
            self.served[name], self.open = self.open[1], None
            return f"Committing {name}.\nSuccess!\n"
        if words[0] == "abort":
            self.open = None
            return f"Transaction aborted for certificate {name}!\n"
        return "Unknown command: 'set'\n"


@contextlib.contextmanager
def listening(path: Path, haproxy: Haproxy) -> t.Iterator[Runtime]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            lines = [self.rfile.readline().decode()]
            if lines[0].rstrip().endswith("<<"):
                while lines[-1].strip():
                    lines.append(self.rfile.readline().decode())
            self.wfile.write((haproxy.answer("".join(lines).strip()) + "\n").encode())

    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield Runtime(str(path), timeout_s=5)
        server.shutdown()


@pytest.fixture(name="files")
def fixture_files(tmp_path: Path) -> dict[str, str]:
    paths = {}
    for name in ("a", "b"):
        (tmp_path / f"{name}.pem").write_text(combined())
        paths[name] = str(tmp_path / f"{name}.pem")
    return paths


def test_only_what_differs_is_sent_and_committed(tmp_path: Path, files: dict[str, str]) -> None:
    a, b = files.values()
    haproxy = Haproxy(**{a: combined(), b: Path(b).read_text()})
    with listening(tmp_path / "s", haproxy) as runtime:
        told = update(runtime, [a, b], False, True)
        assert [result["changed"] for result in told] == [True, False]
        assert not any(line.startswith(("set", "commit")) for line in haproxy.said)
        done = update(runtime, [a, b], False, False)
        assert done == told
        assert sha1(haproxy.served[a]) == done[0]["fingerprint"] != done[0]["previous_fingerprint"]
        haproxy.said.clear()
        assert not any(result["changed"] for result in update(runtime, [a, b], False, False))
        assert not any(line.startswith("set") for line in haproxy.said)


def test_several_files_are_committed_one_by_one_even_with_a_transaction_left_open(
    tmp_path: Path, files: dict[str, str]
) -> None:
    a, b = files.values()
    haproxy = Haproxy(**{a: combined(), b: combined()})
    haproxy.open = (b, combined())
    with listening(tmp_path / "s", haproxy) as runtime:
        results = update(runtime, [a, b], False, False)
    assert [sha1(haproxy.served[name]) for name in (a, b)] == [result["fingerprint"] for result in results]
    assert haproxy.open is None


def test_a_refused_file_leaves_no_transaction_open(tmp_path: Path, files: dict[str, str]) -> None:
    a, b = files.values()
    haproxy = Haproxy(**{a: combined(), b: combined()})
    haproxy.refuses = {f"set ssl cert {b} <<"}
    with listening(tmp_path / "s", haproxy) as runtime:
        with pytest.raises(HaproxyFault, match=r"does not accept .*b\.pem: Can't update it!\.") as caught:
            update(runtime, [a, b], False, False)
    assert "PRIVATE" not in str(caught.value)
    assert sha1(haproxy.served[a]) == sha1(Path(a).read_text()) and haproxy.open is None


def test_a_file_unknown_to_haproxy_is_reported(tmp_path: Path, files: dict[str, str]) -> None:
    a, b = files.values()
    haproxy = Haproxy(**{a: combined()})
    with listening(tmp_path / "s", haproxy) as runtime:
        with pytest.raises(HaproxyFault, match=r"does not know .*b\.pem; reload HAProxy"):
            update(runtime, [a, b], False, False)
        assert haproxy.said == ["show ssl cert", f"show ssl cert {a}"]
        results = update(runtime, [b, a], True, False)
        assert [(result["known"], result["changed"]) for result in results] == [(False, False), (True, True)]


def test_a_file_is_found_however_it_is_spelled(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "combined.pem").write_text("x")
    (tmp_path / "live").symlink_to("versions")
    spelled = [f"{tmp_path}/other.pem", f"{tmp_path}/live//combined.pem"]
    assert find_name(f"{tmp_path}/live/combined.pem", spelled) == spelled[1]
    assert find_name(f"{tmp_path}/versions/combined.pem", spelled) == spelled[1]
    assert find_name(f"{tmp_path}/nothing.pem", spelled) is None


@pytest.mark.parametrize(
    "answer, words",
    [("Permission denied\n", "level admin"), ("Unknown command: 'show ssl cert'\n", "HAProxy 2.2 or newer")],
)
def test_a_socket_that_cannot_update_certificates(tmp_path: Path, answer: str, words: str) -> None:
    haproxy = Haproxy()
    haproxy.answer = lambda command: answer  # type: ignore[method-assign]
    with listening(tmp_path / "s", haproxy) as runtime:
        with pytest.raises(HaproxyFault, match=words):
            runtime.names()


def test_a_socket_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(HaproxyFault, match="cannot be used .* check that HAProxy is running"):
        Runtime(str(tmp_path / "s")).names()


@pytest.mark.parametrize("name", ["/etc/a b.pem", "/etc/a;b.pem", "/etc/a\nset", "/etc/<<"])
def test_names_that_its_command_line_would_misread_are_never_sent(tmp_path: Path, name: str) -> None:
    with pytest.raises(HaproxyFault, match="cannot be sent"):
        Runtime(str(tmp_path / "s")).fingerprint(name)


def test_files_that_haproxy_cannot_use(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    with listening(tmp_path / "s", Haproxy()) as runtime:
        with pytest.raises(HaproxyFault, match="contains no certificate"):
            update(runtime, [str(tmp_path / "x.pem")], False, False)
        with pytest.raises(HaproxyFault, match="cannot be read: No such file"):
            update(runtime, [str(tmp_path / "y.pem")], False, False)


@pytest.mark.parametrize("pause_s", [0.1, 0.0])
def test_an_endless_answer_is_cut_off(tmp_path: Path, pause_s: float) -> None:
    """A little at a time, or as much as it can."""
    path = str(tmp_path / "socket")

    def answer(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection, _address = listener.accept()
            with connection:
                while True:
                    connection.sendall(b"x" if pause_s else b"x" * 65536)
                    time.sleep(pause_s)

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen()
        threading.Thread(target=answer, args=(listener,), daemon=True).start()
        began = time.monotonic()
        with pytest.raises(HaproxyFault, match="its answer does not end|timed out"):
            Runtime(path, timeout_s=1).names()
        assert time.monotonic() - began < 30
