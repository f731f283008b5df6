# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An HTTP/1.1 server on loopback for small requests: keep-alive, a thread a connection, bounds on everything.

Its own rather than http.server's because of what that has not: one deadline for a whole request, however slowly it
drips; and an end that answers every request that has arrived, while idle connections are let go at once.
"""

from __future__ import annotations

import contextlib
import enum
import http.client
import io
import json
import logging
import re
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from email.message import Message
from http import HTTPStatus
from typing import NamedTuple, Protocol

MAX_HEAD = 64 * 1024
MAX_BODY = 4 * 1024 * 1024  # ACM's largest request, an import with a chain of 2 MiB in base64, has 2.9 MB
MAX_CONNECTIONS = 128  # each holds some file descriptors, of which a process has 1,024
IDLE_S = 60.0  # between two requests of a connection
REQUEST_S = 30.0  # from the first octet of a request to its last
SEND_S = 30.0
LINGER_S = 2.0  # how long a client may go on sending a request that was refused
HALF_REQUEST_S = 1.0  # how long the end waits for requests that have only begun to arrive

REQUEST_LINE = re.compile(rb"([A-Z]{1,20}) (\S{1,8192}) HTTP/1\.([01])")

log = logging.getLogger(__name__)


class Request(NamedTuple):
    method: str
    target: str  # path and query as they were sent
    headers: Message
    body: bytes


class Answer(Protocol):
    """What is sent back; Connection is added."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> dict[str, str]: ...

    @property
    def body(self) -> bytes: ...


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def error(status: int, code: str, message: str) -> Reply:
    """An error in the shape that clients of AWS's JSON protocols read."""
    body = json.dumps({"__type": code, "message": message}).encode()
    return Reply(status, {"Content-Type": "application/x-amz-json-1.1", "Content-Length": str(len(body))}, body)


class State(enum.Enum):
    IDLE = "between two requests"
    RECEIVING = "a request has begun to arrive"
    ANSWERING = "a request is being answered"


class Server:
    """Listens as soon as it is made, and answers from start() to end().

    answer: called for each whole request, from many threads at once. None breaks the connection off without a word.
    Raises OSError for a port that is taken.
    """

    def __init__(self, answer: Callable[[Request], Answer | None], port: int = 0) -> None:
        self.answer = answer
        self.is_ending = False
        self._listener = socket.create_server(("127.0.0.1", port), backlog=512)
        self.port = int(self._listener.getsockname()[1])
        self._waker, self._wakes = socket.socketpair()
        self._changed = threading.Condition()
        self._connections: set[Connection] = set()
        self._thread = threading.Thread(target=self._accept_until_woken, name="accept", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def end(self, grace_s: float = 60.0) -> bool:
        """Take no more calls, answer every request that has arrived, and close. False when grace_s was too short."""
        deadline = time.monotonic() + grace_s
        self.is_ending = True
        self._waker.send(b".")
        self._thread.join()
        self._listener.close()
        with self._changed:
            for connection in self._connections:
                connection.leave_if(State.IDLE)
            self._changed.wait_for(lambda: not self._connections, min(HALF_REQUEST_S, grace_s))
            for connection in self._connections:
                connection.leave_if(State.IDLE, State.RECEIVING)
            return self._changed.wait_for(lambda: not self._connections, max(0.0, deadline - time.monotonic()))

    def _accept_until_woken(self) -> None:
        self._listener.setblocking(False)
        while not self.is_ending:
            with self._changed:
                is_full = len(self._connections) >= MAX_CONNECTIONS
                if is_full:  # callers wait in the kernel's queue
                    self._changed.wait(0.1)
            if not is_full:
                select.select([self._listener, self._wakes], [], [])
                self._accept()
        # Who has called before the end may have sent a request already.
        while self._accept():
            pass

    def _accept(self) -> bool:
        try:
            called, _address = self._listener.accept()
        except BlockingIOError:  # nobody there any more
            return False
        except OSError:  # no file descriptor is left; those in use come free
            time.sleep(0.05)
            return False
        connection = Connection(called, self)
        with self._changed:
            self._connections.add(connection)
        threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
        return True

    def _serve(self, connection: Connection) -> None:
        try:
            connection.serve()
        finally:
            with self._changed:
                self._connections.discard(connection)
                self._changed.notify_all()


class Connection:
    """One client's connection, from its first request to its last."""

    def __init__(self, called: socket.socket, server: Server) -> None:
        self._socket = called
        self._server = server
        self._received = b""
        self._state = State.IDLE
        self._lock = threading.Lock()
        called.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def serve(self) -> None:
        try:
            while self._serve_one():
                pass
        except OSError:  # the client is gone, or too slow
            pass
        finally:
            self._socket.close()

    def leave_if(self, *states: State) -> None:
        """End the reading, if that is what the connection is at; what has arrived before is still read."""
        with self._lock:
            if self._state in states:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RD)

    def _enter(self, state: State) -> None:
        with self._lock:
            self._state = state

    def _serve_one(self) -> bool:
        """Answer one request; whether the connection stays for another."""
        self._enter(State.IDLE)
        if self._server.is_ending:
            self.leave_if(State.IDLE)
        if not self._received and not self._receive(time.monotonic() + IDLE_S):
            return False
        self._enter(State.RECEIVING)
        try:
            request, stays = self._request(time.monotonic() + REQUEST_S)
        except Refused as refused:
            self._send(refused.reply, "close")
            self._linger()
            return False
        except TimeoutError:
            self._send(error(408, "RequestTimeout", f"The request was not complete after {REQUEST_S:.0f} s."), "close")
            return False
        self._enter(State.ANSWERING)
        try:
            answer = self._server.answer(request)
        except Exception:  # the client gets an answer to whatever it is, and the log the traceback
            log.exception("failed on %s %s", request.method, request.target)
            answer = error(500, "InternalFailure", "The server failed; its log says more.")
        if answer is None:
            # A reset, as from a machine that died, not an orderly close.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        stays = stays and not self._server.is_ending
        self._send(answer, "keep-alive" if stays else "close", with_body=request.method != "HEAD")
        return stays

    # ---- a request comes in

    def _request(self, deadline: float) -> tuple[Request, bool]:
        head = self._head(deadline)
        line, _eol, rest = head.partition(b"\r\n")
        matched = REQUEST_LINE.fullmatch(line)
        if not matched:
            raise Refused(400, "BadRequest", "This is not HTTP/1.1; for TLS, put a proxy in front.")
        method, target = matched[1].decode(), matched[2].decode("latin-1")
        try:
            headers: Message = http.client.parse_headers(io.BytesIO(rest))
        except http.client.HTTPException:
            raise Refused(431, "RequestHeaderSectionTooLarge", "The request has too many headers.") from None
        length = self._length(headers)
        if headers.get("Expect", "").lower() == "100-continue" and len(self._received) < length:
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self._received) < length:
            if not self._receive(deadline):
                raise Refused(400, "IncompleteBody", "The request ended before its Content-Length.")
        body, self._received = self._received[:length], self._received[length:]
        options = {each.strip().lower() for each in headers.get("Connection", "").split(",")}
        stays = "keep-alive" in options if matched[3] == b"0" else "close" not in options
        return Request(method, target, headers, body), stays

    def _head(self, deadline: float) -> bytes:
        """The request line and the headers, up to and with the empty line."""
        while True:
            self._received = self._received.lstrip(b"\r\n")  # RFC 9112 §2.2
            # Garbage, or TLS, may never send an empty line: look at what is there.
            line, newline, _rest = self._received.partition(b"\n")
            if self._received and not (b"A" <= self._received[:1] <= b"Z") or newline and not line.endswith(b"\r"):
                raise Refused(400, "BadRequest", "This is not HTTP/1.1; for TLS, put a proxy in front.")
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if len(head) > MAX_HEAD:
                raise Refused(431, "RequestHeaderSectionTooLarge", f"The headers have more than {MAX_HEAD} octets.")
            if end:
                self._received = rest
                return head + end
            if not self._receive(deadline):
                raise Refused(400, "BadRequest", "The request ended within its headers.")

    @staticmethod
    def _length(headers: Message) -> int:
        if "Transfer-Encoding" in headers:
            raise Refused(411, "MissingContentLength", "Send the request with a Content-Length, not in chunks.")
        lengths = set(headers.get_all("Content-Length", ["0"]))
        text = lengths.pop()
        if lengths or not re.fullmatch(r"[0-9]{1,19}", text):
            raise Refused(400, "BadRequest", "The Content-Length is not a number.")
        if int(text) > MAX_BODY:
            raise Refused(413, "RequestEntityTooLarge", f"The request's body has more than {MAX_BODY} octets.")
        return int(text)

    def _receive(self, deadline: float) -> bool:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._socket.settimeout(left_s)
        received = self._socket.recv(MAX_HEAD)
        self._received += received
        return bool(received)

    # ---- an answer goes out

    def _send(self, answer: Answer, connection: str, with_body: bool = True) -> None:
        try:
            reason = HTTPStatus(answer.status).phrase
        except ValueError:
            reason = ""
        headers = {**answer.headers, "Connection": connection}
        head = f"HTTP/1.1 {answer.status} {reason}\r\n" + "".join(f"{name}: {headers[name]}\r\n" for name in headers)
        self._socket.settimeout(SEND_S)
        self._socket.sendall(head.encode("latin-1") + b"\r\n" + (answer.body if with_body else b""))

    def _linger(self) -> None:
        """Read on for a moment: closing on unread data would reset the connection, and the client miss the answer."""
        self._socket.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + LINGER_S
        with contextlib.suppress(OSError):
            while self._receive(deadline):
                self._received = b""


class Refused(Exception):
    """A request that cannot be read; the connection ends with it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.reply = error(status, code, message)
