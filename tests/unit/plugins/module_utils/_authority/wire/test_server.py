# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP server byte by byte, and what it does when clients are slow, many or gone."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPResponse
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.wire import command_line, service
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.messages import Reply, Request, error
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.server import Limits, Server
from ansible_collections.certops.acm.tests.unit.plugins.module_utils._authority.wire.test_command_line import (
    call,
    received,
)

LIST = b'{"Includes": {"keyTypes": ["EC_prime256v1", "RSA_2048"]}}'


def echo(request: Request) -> Reply:
    return Reply(200, {"Content-Type": "text/plain"}, request.body)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start a server in this process; it ends with the test."""
    started: list[Server] = []

    def start_one(answer: Any = echo, **limits: Any) -> Server:
        server = Server(answer, limits=Limits(**limits))
        server.start()
        started.append(server)
        return server

    yield start_one
    for server in started:
        assert server.end(grace_s=10)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return command_line.open_or_make(str(tmp_path_factory.mktemp("wire") / "authority"))


@pytest.fixture
def open_url(authority: Any, serve: Callable[..., Server]) -> str:
    """ACM without signatures."""
    return serve(service.Service(authority, is_open=True).answer).url


class Told(NamedTuple):
    status: int
    headers: Any
    body: bytes


def answer_on(connection: socket.socket, method: str = "GET") -> Told:
    """The next answer on a connection."""
    told = HTTPResponse(connection, method=method)
    told.begin()
    return Told(told.status, told.headers, told.read())


def exchange(url: str, sent: bytes) -> Told:
    with call(url) as connection:
        connection.sendall(sent)
        return answer_on(connection, sent.split(b" ", 1)[0].decode("latin-1"))


def post(body: bytes, *headers: str, target: str = "CertificateManager.ListCertificates") -> bytes:
    lines = ["POST / HTTP/1.1", "Host: x", f"X-Amz-Target: {target}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404, "UnknownOperationException"),
        (b"PUT / HTTP/1.1\r\nHost: x\r\n\r\n", 404, "UnknownOperationException"),
        (b"DELETE /x?y HTTP/1.1\r\nHost: x\r\n\r\n", 404, "UnknownOperationException"),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404, "UnknownOperationException"),
        (b"POST /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n", 404, "UnknownOperationException"),
        (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "UnknownOperationException"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: CertificateManager.Dance\r\n\r\n", 400, "UnknownOperationException"),
        (post(b"{"), 400, "SerializationException"),
        (post(b"[]"), 400, "SerializationException"),
        (post(b"\xff\xfe"), 400, "SerializationException"),
        (post(b"[" * 100_000), 400, "SerializationException"),
        (post(b'{"MaxItems": 0}'), 400, "ValidationException"),
        (b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 404, "UnknownOperationException"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", 413, "RequestEntityTooLarge"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "UnknownOperationException"),
    ],
)  # fmt: skip
def test_every_request_gets_an_answer_in_json(open_url: str, sent: bytes, status: int, code: str) -> None:
    told = exchange(open_url, sent)
    assert (told.status, json.loads(told.body)["__type"]) == (status, code)
    assert told.headers["Content-Length"] == str(len(told.body))


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # the beginning of TLS
        b"GET / HTTP/9.0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_anything_but_http_is_refused(open_url: str, sent: bytes) -> None:
    assert exchange(open_url, sent).status == 400
    assert exchange(open_url, post(LIST)).status == 200


def test_a_chunked_body_over_the_limit(open_url: str) -> None:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with call(open_url) as connection:
        with contextlib.suppress(OSError):  # it may be closed before all is sent
            connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 5)
        assert answer_on(connection).status == 413


def test_a_client_with_too_large_a_body_still_gets_the_answer(open_url: str) -> None:
    connection = HTTPConnection(urlsplit(open_url).netloc, timeout=10)
    connection.request("POST", "/", b"x" * (Limits().body + 1))
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["__type"]) == (413, "RequestEntityTooLarge")
    assert answer.headers["Connection"] == "close"


def test_keep_alive_and_pipelined_requests(open_url: str) -> None:
    """Keep-alive, also for requests sent before earlier ones are answered."""
    with call(open_url) as connection:
        connection.sendall(post(LIST) * 3 + post(LIST, "Connection: close"))
        answers = received(connection)
    assert answers.count(b"HTTP/1.1 200 OK") == 4
    assert answers.count(b"Connection: close") == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_body_arrives_as_it_was_sent(serve: Callable[..., Server], encoding: str) -> None:
    """Decoded, it could be a thousand times larger than any limit, and the signature covers the encoded body."""
    sent = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: {encoding}\r\nContent-Length: 2\r\n\r\n{{}}"
    assert exchange(serve().url, sent.encode())[::2] == (200, b"{}")


def test_http_1_0_closes(serve: Callable[..., Server]) -> None:
    with call(serve().url) as connection:
        connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nok")
        assert received(connection).endswith(b"\r\n\r\nok")


@pytest.mark.parametrize("sent", [post(b"{}"), b"GET /public/none.crl HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_every_answer_is_dated_once_and_tells_no_versions(open_url: str, sent: bytes) -> None:
    headers = exchange(open_url, sent).headers
    (date,) = headers.get_all("Date")  # by which boto3 corrects its clock
    assert abs(parsedate_to_datetime(date).timestamp() - time.time()) < 60
    assert headers.get_all("Server") == ["certops.acm"]


def test_head_has_no_body(open_url: str) -> None:
    told = exchange(open_url, b"HEAD /public/trust.pem HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (told.status, told.body) == (200, b"")
    assert int(told.headers["Content-Length"]) > 1000


def test_expect_continue(serve: Callable[..., Server]) -> None:
    with call(serve().url) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ok")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_sends_one_byte_at_a_time(serve: Callable[..., Server]) -> None:
    """However steadily bytes arrive, the whole request has one deadline, and no other client waits for it."""
    url = serve(stranger_s=0.5).url
    with call(url) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nX: ")
        with pytest.raises(OSError):
            for _octet in range(200):
                slow.sendall(b"y")
                assert exchange(url, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").status == 200
                time.sleep(0.05)


def test_a_body_that_arrives_one_byte_at_a_time(serve: Callable[..., Server]) -> None:
    url = serve(request_s=0.5).url
    with call(url) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n")
        with contextlib.suppress(OSError):
            for _octet in range(40):
                slow.sendall(b"y")
                time.sleep(0.05)
        told = answer_on(slow)
        assert (told.status, json.loads(told.body)["__type"]) == (408, "RequestTimeout")


def test_a_silent_client(serve: Callable[..., Server]) -> None:
    with call(serve(stranger_s=0.2).url) as connection:
        assert closed(connection)


def closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


def test_a_client_that_does_not_read_its_answers(serve: Callable[..., Server]) -> None:
    server = serve(lambda request: Reply(200, {}, b"x" * 50_000_000), send_s=0.3)
    with call(server.url) as deaf:
        deaf.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.6)
        assert server.end(grace_s=2)


def test_a_client_that_keeps_sending_requests_without_reading_answers(serve: Callable[..., Server]) -> None:
    """Each of its answers is small; together they fill the buffers."""
    server = serve(lambda request: Reply(200, {}, b"x" * 10_000), send_s=0.3)
    with call(server.url) as deaf:
        deaf.settimeout(0.2)
        with pytest.raises(OSError):  # until the server reads no more, or closes the connection
            while True:
                deaf.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
        assert server.end(grace_s=10)


def test_a_client_that_disconnects(serve: Callable[..., Server]) -> None:
    url = serve().url
    for sent in (
        b"",
        b"POST",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        with call(url) as connection:
            connection.sendall(sent)
    assert exchange(url, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").status == 200


def test_a_connection_may_be_reset(serve: Callable[..., Server]) -> None:
    """An answer of None is a reset, as from a machine that died."""
    with call(serve(lambda request: None).url) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(100)


def test_an_internal_error_reveals_nothing(serve: Callable[..., Server], caplog: pytest.LogCaptureFixture) -> None:
    def fail(request: Request) -> Reply:
        raise RuntimeError("a secret")

    told = exchange(serve(fail).url, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert told.status == 500 and b"InternalFailure" in told.body and b"secret" not in told.body
    assert "a secret" in caplog.text


# ---------------------------------------------------------------- many, slow and unknown


@pytest.mark.parametrize("has_ipv6", [True, False])
def test_all_addresses(monkeypatch: pytest.MonkeyPatch, has_ipv6: bool) -> None:
    """`::` is for clients of both families, who are known by their own addresses; without IPv6 it is for IPv4."""
    if not has_ipv6:
        monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    elif not socket.has_dualstack_ipv6():
        pytest.skip("This machine has no IPv6.")
    server = Server(lambda request: Reply(200, {}, request.peer.address.encode()), host="::")
    server.start()
    try:
        for address in ("127.0.0.1", "::1")[: 2 if has_ipv6 else 1]:
            with contextlib.closing(HTTPConnection(address, server.port, timeout=10)) as connection:
                connection.request("GET", "/")
                assert connection.getresponse().read().decode() == address
    finally:
        assert server.end(grace_s=10)


def test_unauthenticated_connections_are_closed_first(serve: Callable[..., Server]) -> None:
    """The oldest first; clients that have signed stay, and so do those being answered."""
    may_go = threading.Event()

    def answer(request: Request) -> Reply:
        request.peer.is_known = request.path == "/signed"
        if request.path == "/slow":
            may_go.wait(10)
        return Reply(200, {}, b"")

    url = serve(answer, strangers=10).url
    with call(url) as known, call(url) as slow:
        known.sendall(b"GET /signed HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer_on(known).status == 200
        slow.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.1)
        idle = [call(url) for _number in range(40)]
        half = [call(url) for _number in range(40)]
        for connection in half:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        assert exchange(url, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").status == 200
        assert closed(idle[0]) and closed(half[0])
        known.sendall(b"GET /signed HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer_on(known).status == 200
        may_go.set()
        assert answer_on(slow).status == 200
        for connection in [*idle, *half]:
            connection.close()


def test_signed_requests_do_not_wait_for_threads_serving_unsigned_ones(serve: Callable[..., Server]) -> None:
    """And immediate answers wait for no thread at all."""
    may_go, busy = threading.Event(), threading.Semaphore(0)

    def answer(request: Request) -> Reply:
        if request.path.startswith("/slow"):
            busy.release()
            may_go.wait(60)
        return echo(request)

    def begin(request: Request) -> Any:
        request.peer.is_known = request.path.endswith("signed")
        return echo(request) if request.path == "/now" else lambda: answer(request)

    server = serve(answer, threads=2, threads_for_strangers=2)
    server.begin = begin
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(call(server.url)) for _number in range(8)]
        for number, connection in enumerate(slow):
            connection.sendall(b"GET /slow-%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"signed" if number > 6 else b""))
        for _each in range(3):  # two unsigned ones and one signed one: the others have to wait
            assert busy.acquire(timeout=60)
        assert exchange(server.url, b"GET /signed HTTP/1.1\r\nHost: x\r\n\r\n").status == 200
        assert exchange(server.url, b"GET /now HTTP/1.1\r\nHost: x\r\n\r\n").status == 200
        assert not busy.acquire(blocking=False)
        may_go.set()
        assert {answer_on(connection).status for connection in slow} == {200}


def test_all_incoming_bodies_share_one_limit(serve: Callable[..., Server]) -> None:
    url = serve(bodies=1_000_000).url
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n"
    with call(url) as first, call(url) as second, call(url) as third:
        for connection in (first, second, third):
            connection.sendall(head)
            time.sleep(0.05)
        third.sendall(b"x" * 400_000)
        assert len(answer_on(third).body) == 400_000
        assert closed(first)


def test_bodies_of_unknown_length_count_as_the_maximum(serve: Callable[..., Server]) -> None:
    url = serve(bodies=1_000_000, body=600_000).url
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    with call(url) as first, call(url) as second:
        for connection in (first, second):
            connection.sendall(head)
            time.sleep(0.05)
        assert closed(first)
        second.sendall(b"0\r\n\r\n")
        assert answer_on(second).body == b"hello"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST /ocsp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
        (b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Length: 4097\r\n\r\n", 413),
        (b"POST /approvals HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
        (b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n", 404),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n", 404),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ],
)
def test_bodies_of_unsigned_requests_are_not_read(
    authority: Any, serve: Callable[..., Server], sent: bytes, status: int
) -> None:
    """Except small ones with a length, for forms and OCSP. The answer is sent although the body has not arrived."""
    served = service.Service(authority)
    server = serve(served.answer)
    server.screen = served.screen
    assert exchange(server.url, sent).status == status
    server.screen = served.screen_public
    assert exchange(server.url, sent).status in (status, 404)


def test_known_clients_have_a_limit_too(serve: Callable[..., Server]) -> None:
    def answer(request: Request) -> Reply:
        request.peer.is_known = True
        return Reply(200, {}, b"")

    url = serve(answer, connections=5).url
    open_ones = []
    for _number in range(8):
        open_ones.append(call(url))
        open_ones[-1].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer_on(open_ones[-1]).status == 200
    assert closed(open_ones[0])
    open_ones[-1].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer_on(open_ones[-1]).status == 200
    for connection in open_ones:
        connection.close()


def test_more_requests_than_threads(serve: Callable[..., Server]) -> None:
    """They wait for their turn."""
    url = serve(lambda request: time.sleep(0.02) or Reply(200, {}, b""), threads=2).url  # type: ignore[func-returns-value]
    with ThreadPoolExecutor(40) as pool:
        told = list(pool.map(lambda _number: exchange(url, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").status, range(40)))
    assert told == [200] * 40


def test_requests_received_before_shutdown_are_answered(serve: Callable[..., Server]) -> None:
    is_entered, may_go = threading.Event(), threading.Event()

    def answer(request: Request) -> Reply:
        is_entered.set()
        may_go.wait(5)
        return error(200, "done", "")

    server = serve(answer, threads=2)
    with call(server.url) as first:
        first.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert is_entered.wait(5)
        others = [call(server.url) for _number in range(10)]
        for connection in others:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        ending = threading.Thread(target=server.end)
        ending.start()
        time.sleep(0.2)
        may_go.set()
        for connection in [first, *others]:
            assert received(connection).startswith(b"HTTP/1.1 200")
            connection.close()
        ending.join(5)
    with pytest.raises(ConnectionRefusedError):
        call(server.url)
