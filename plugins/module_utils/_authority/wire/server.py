# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP server: aiohttp's, with limits on everything that an unknown client can use.

One thread reads all connections, so a connection that is idle, slow or half-way through a request costs a few kilobytes
and no thread. It answers requests that wait for nothing; a bounded pool of threads answers the other signed requests,
and a smaller pool the unsigned ones, so that there is always a thread for clients that sign. Connections without a
signed request are limited in number, are closed soon, and are the first to be closed when others come.
"""

from __future__ import annotations

import asyncio
import collections
import functools
import logging
import math
import socket
import ssl
import struct
import sys
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

try:
    from aiohttp import web
except ImportError:
    web = None  # type: ignore[assignment]  # command_line.py reports it

from .messages import Answer, Peer, Request, error, plain_address

log = logging.getLogger(__name__)

BACKLOG = 1024
NAME = "certops.acm"  # in the header Server: otherwise aiohttp tells strangers its version, and Python's
# The state of a connection
WAITING, RECEIVING, ANSWERING, SENDING = "for a request", "a request's body", "a request", "an answer"


class Limits(t.NamedTuple):
    """Times in seconds, sizes in octets."""

    connections: int = 2048
    strangers: int = 256  # connections on which no request was signed yet
    threads: int = 32  # signed requests that are answered at the same time
    threads_for_strangers: int = 8  # the same for unsigned requests
    body: int = 4 * 1024 * 1024  # ACM's largest request, an import with a chain of 2 MiB in base64, has 2.9 MB
    bodies: int = 64 * 1024 * 1024  # of all incoming requests together
    handshake_s: float = 5.0
    stranger_s: float = (
        10.0  # for a whole request from a client that has not signed one yet, and between two such requests
    )
    request_s: float = 30.0  # for the body of a request, after its headers
    idle_s: float = 60.0  # between two requests
    send_s: float = 30.0
    half_request_s: float = 1.0  # how long shutdown waits for requests that have only begun to arrive


class Server:
    """Listens as soon as it is created, and answers from start() to end().

    answer: called for each complete request, from several threads at once; None closes the connection without an
    answer. begin: called for it first, in the reading thread: returns the answer, if it waits for nothing, or what another
    thread has to call for it; by default, that is `answer`. screen: called, in the reading thread, for the head of each
    request; if it returns an answer, that is sent and the body is not read. tls: the context for HTTPS; a context that is
    set later is used for new connections. Raises OSError if the address cannot be used."""

    def __init__(
        self,
        answer: t.Callable[[Request], t.Optional[Answer]],
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        tls: t.Optional[ssl.SSLContext] = None,
        screen: t.Callable[[Request], t.Optional[Answer]] = lambda request: None,
        limits: Limits = Limits(),
    ) -> None:
        self.answer = answer
        self.begin: t.Callable[[Request], t.Union[Answer, t.Callable[[], t.Optional[Answer]]]]
        self.begin = lambda request: functools.partial(self.answer, request)
        self.screen = screen
        self._host = host
        self.tls = tls
        self._limits = limits
        self._listener = _listener(host, port)
        self._listener.setblocking(False)
        self.port = int(self._listener.getsockname()[1])
        self._is_ending = False
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="connections", daemon=True)

    @property
    def url(self) -> str:
        return self.url_as(self._host)

    def url_as(self, name: str) -> str:
        """The server's URL with one of its names."""
        return f"http{'s' if self.tls else ''}://{f'[{name}]' if ':' in name else name}:{self.port}"

    def start(self) -> None:
        self._thread.start()
        self._is_up.wait()

    def end(self, grace_s: float = 60.0) -> bool:
        """Accept no more connections, answer every request that has arrived, and close. False if grace_s was too
        short."""
        if not self._thread.is_alive():
            self._listener.close()
            return True
        ending = asyncio.run_coroutine_threadsafe(self._end(grace_s), self._loop)
        has_answered_all = ending.result()
        self._loop.call_soon_threadsafe(self._is_over.set)
        self._thread.join()
        return has_answered_all

    # ---- connections come and go

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._is_over = asyncio.Event()
        self._connections: set[_Connection] = set()
        self._of_protocol: dict[t.Any, _Connection] = {}
        self._pool = ThreadPoolExecutor(self._limits.threads, thread_name_prefix="answer")
        self._pool_for_strangers = ThreadPoolExecutor(self._limits.threads_for_strangers, thread_name_prefix="stranger")
        self._http = web.Server(
            self._handle,
            access_log=None,
            logger=_OneLine(log, {}),
            keepalive_timeout=self._limits.idle_s + 10,
            lingering_time=2.0,
            auto_decompress=False,  # signatures and limits are about the octets that were sent
        )
        watching = self._loop.create_task(self._watch())
        self._loop.add_reader(self._listener, self._accept)
        self._is_up.set()
        await self._is_over.wait()
        watching.cancel()
        await self._http.shutdown(0.1)
        for pool in (self._pool, self._pool_for_strangers):
            pool.shutdown(wait=False)

    def _accept(self) -> None:
        """Accept all waiting connections. The loop's own sock_accept may lose a connection if it is cancelled."""
        while True:
            try:
                called, address = self._listener.accept()
            except BlockingIOError:  # the client has closed the connection
                return
            except OSError:  # no file descriptor is free; wait until one is closed
                self._make_room(1)
                self._loop.remove_reader(self._listener)
                self._loop.call_later(0.05, self._accept_again)
                return
            called.setblocking(False)
            self._welcome(called, address)

    def _accept_again(self) -> None:
        if not self._is_ending:
            self._loop.add_reader(self._listener, self._accept)
            self._accept()

    def _welcome(self, called: socket.socket, address: t.Any) -> None:
        called.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(called, Peer(plain_address(address[0])), self._loop.time())
        self._connections.add(connection)
        self._make_room(0)
        connection.task = self._loop.create_task(self._introduce(connection))

    async def _introduce(self, connection: _Connection) -> None:
        """Hand a connection to aiohttp, after the TLS handshake."""
        connection.is_introduced = True
        options: dict[str, t.Any] = {"ssl": self.tls}
        if self.tls:
            options["ssl_handshake_timeout"] = self._limits.handshake_s
        protocol = connection.protocol = self._http()
        self._of_protocol[protocol] = connection  # the first request may arrive before the next line has run
        try:
            transport, _protocol = await self._loop.connect_accepted_socket(
                lambda: protocol, connection.socket, **options
            )
            connection.transport = transport
        except (OSError, ssl.SSLError, asyncio.CancelledError):
            self._leave(connection)
            connection.socket.close()

    def _leave(self, connection: _Connection) -> None:
        self._connections.discard(connection)
        self._of_protocol.pop(connection.protocol, None)
        if connection.transport is None:
            connection.task.cancel()
            if not connection.is_introduced:  # the task has not begun, so it closes nothing
                connection.socket.close()
        else:
            connection.transport.abort()

    async def _watch(self) -> None:
        """Close connections that take too long, and forget closed ones."""
        while True:
            await asyncio.sleep(0.25)
            now = self._loop.time()
            for connection in list(self._connections):
                is_late = now - connection.since > self._limit_s(connection)
                if is_late or (connection.transport is not None and connection.transport.is_closing()):
                    if connection.state != ANSWERING:
                        self._leave(connection)

    def _limit_s(self, connection: _Connection) -> float:
        """How long the connection may be in its state. Arriving bodies have a limit of their own (_answer)."""
        if connection.state == WAITING:
            return self._limits.idle_s if connection.peer.is_known else self._limits.stranger_s
        return self._limits.send_s if connection.state == SENDING else math.inf

    def _make_room(self, wanted: int) -> None:
        """Close connections while there are too many: first unknown clients', the oldest of the address with the
        most."""
        strangers = [each for each in self._connections if not each.peer.is_known and each.state != ANSWERING]
        excess = max(len(strangers) - self._limits.strangers, wanted)
        if excess > 0 and strangers:
            of_address = collections.Counter(each.peer.address for each in strangers)
            strangers.sort(key=lambda each: (-of_address[each.peer.address], each.since))
            for connection in strangers[:excess]:
                self._leave(connection)
        excess = len(self._connections) - self._limits.connections
        if excess > 0:
            idle = sorted((each for each in self._connections if each.state == WAITING), key=lambda each: each.since)
            for connection in idle[:excess]:
                self._leave(connection)

    def _make_room_for(self, newest: _Connection) -> None:
        """Close the connections with the oldest incoming bodies while all bodies together are too large."""
        arriving = [each for each in self._connections if each.state == RECEIVING and each is not newest]
        total = newest.length + sum(each.length for each in arriving)
        for connection in sorted(arriving, key=lambda each: (each.peer.is_known, each.since)):
            if total <= self._limits.bodies:
                return
            total -= connection.length
            self._leave(connection)

    # ---- a request comes in, an answer goes out

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = self._of_protocol.get(request.protocol)
        if connection is None or request.transport is None:  # it has been closed in the meantime
            raise asyncio.CancelledError
        connection.meet(request.transport)
        try:
            answer = await self._answer(request, connection)
            connection.enter(SENDING, self._loop.time())
            if answer is None:
                # A reset, as when a machine goes down, instead of an orderly close.
                connection.socket_option(socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._leave(connection)
                raise asyncio.CancelledError
            headers = {"Server": NAME}
            headers.update((name, value) for name, value in answer.headers.items() if name != "Content-Length")
            response = web.Response(status=answer.status, headers=headers, body=answer.body)
            if self._is_ending or connection.is_refused:
                response.force_close()
            await response.prepare(request)
            await response.write_eof()
            return response
        finally:
            connection.enter(WAITING, self._loop.time())

    async def _answer(self, request: web.BaseRequest, connection: _Connection) -> t.Optional[Answer]:
        limits = self._limits
        # The size of a chunked body is not known in advance.
        length = limits.body if request.content_length is None else request.content_length
        head = Request(request.method, request.raw_path, request.headers, b"", connection.peer)
        connection.length = length
        connection.is_refused = True
        connection.enter(RECEIVING, self._loop.time() if connection.peer.is_known else connection.since)
        if length > limits.body:
            return error(413, "RequestEntityTooLarge", f"The request's body has more than {limits.body} octets.")
        if request.content.is_eof():  # the body arrived with the head: nothing to wait for, no need for 100 Continue
            body = request.content.read_nowait()
        else:
            refusal = self.screen(head)
            if refusal is not None:
                return refusal
            self._make_room_for(connection)
            if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
                request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            late = self._loop.call_later(limits.request_s, request.content.set_exception, asyncio.TimeoutError())
            try:
                body = await _body(request, limits.body)
            except asyncio.TimeoutError:
                said = f"The request was not complete after {limits.request_s:.0f} s."
                return error(408, "RequestTimeout", said)
            except ValueError:
                return error(413, "RequestEntityTooLarge", f"The request's body has more than {limits.body} octets.")
            finally:
                late.cancel()
        connection.is_refused = False
        connection.enter(ANSWERING, self._loop.time())
        try:
            begun = self.begin(head._replace(body=body))
            if not callable(begun):
                return begun
            pool = self._pool if connection.peer.is_known else self._pool_for_strangers
            return await self._loop.run_in_executor(pool, begun)
        except Exception:  # whatever the fault, the client gets an answer, and the log the traceback
            log.exception("failed on %s %s", head.method, head.path)
            return error(500, "InternalFailure", "The server failed; its log says more.")

    # ---- the end

    async def _end(self, grace_s: float) -> bool:
        deadline = self._loop.time() + grace_s
        self._is_ending = True
        self._loop.remove_reader(self._listener)
        self._accept()  # clients that connected before the end may have sent a request already
        self._listener.close()
        await asyncio.sleep(0.1)  # read what has arrived
        self._leave_those(WAITING)
        await self._until(
            lambda each: each.state == RECEIVING, min(deadline, self._loop.time() + self._limits.half_request_s)
        )
        self._leave_those(WAITING, RECEIVING)
        return await self._until(lambda each: each.state in (ANSWERING, SENDING), deadline)

    def _leave_those(self, *states: str) -> None:
        for connection in [each for each in self._connections if each.state in states]:
            self._leave(connection)

    async def _until(self, is_awaited: t.Callable[[_Connection], bool], deadline: float) -> bool:
        while any(is_awaited(each) for each in self._connections):
            if self._loop.time() > deadline:
                return False
            await asyncio.sleep(0.01)
        return True


def _listener(host: str, port: int) -> socket.socket:
    """`::` is for both families, as with other servers; on a host without IPv6, for IPv4."""
    if host == "::":
        if not socket.has_dualstack_ipv6():
            return socket.create_server(("0.0.0.0", port), backlog=BACKLOG)
        return socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


class _OneLine(logging.LoggerAdapter):
    """Input that is not HTTP is the client's fault: log a line instead of a traceback."""

    def exception(self, msg: t.Any, *arguments: t.Any, exc_info: t.Any = True, **_others: t.Any) -> None:
        fault = sys.exc_info()[1] if exc_info is True else exc_info
        reason = str(fault).partition("\n")
        # Nothing is logged for a client that disconnects in the middle of a request.
        say = self.debug if isinstance(fault, OSError) or reason[0] == "Connection lost" else self.warning
        say("%s: %s", str(msg) % arguments, " ".join(reason[2].split()) or reason[0])


class _Connection:
    """state: what the connection is doing, and since when. length: of the incoming body."""

    def __init__(self, called: socket.socket, peer: Peer, now: float) -> None:
        self.socket = called
        self.peer = peer
        self.state = WAITING
        self.since = now
        self.length = 0
        self.is_introduced = False
        self.is_refused = False
        self.protocol: t.Any = None
        self.transport: t.Any = None
        self.task: t.Any = None

    def meet(self, transport: t.Any) -> None:
        self.transport = transport
        session = transport.get_extra_info("ssl_object")
        if session and not self.peer.tls:
            self.peer.tls = (session.version(), session.cipher()[0])

    def enter(self, state: str, now: float) -> None:
        self.state, self.since = state, now

    def socket_option(self, option: int, value: bytes) -> None:
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, option, value)


async def _body(request: web.BaseRequest, most: int) -> bytes:
    """Raises ValueError for a body that is longer than announced."""
    parts, length = [], 0
    async for part in request.content.iter_any():
        parts.append(part)
        length += len(part)
        if length > most:
            raise ValueError
    return b"".join(parts)
