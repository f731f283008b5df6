# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real HTTP(S) server on loopback for tests, which answers with given pages.

with web_server({"/old": redirect("https://example.com/new"), "/here": b"content"}) as server:
    ...
    assert server.requests[0].host == "www.example.com"
"""

from __future__ import annotations

import contextlib
import http.server
import ssl
import threading
import time
import typing as t


class Answer(t.NamedTuple):
    """drip_s: the pause before every octet of the body, for an answer that does not end in time."""

    status: int = 200
    headers: t.Mapping[str, str] = {}  # whatever the case of a name
    body: bytes = b""
    drip_s: float = 0.0


class Request(t.NamedTuple):
    host: str
    path: str
    method: str = "GET"
    headers: t.Mapping[str, str] = {}  # whatever the case of a name
    body: bytes = b""


def redirect(location: str, status: int = 302) -> Answer:
    return Answer(status, {"Location": location})


Page = t.Union[Answer, bytes, t.Callable[[Request], Answer]]


class WebServer:
    """pages: path → Answer, a body for 200, or a function from Request to Answer. Other paths get a 404. It may be changed
    at any time."""

    def __init__(self, pages: t.Mapping[str, Page], tls: t.Optional[ssl.SSLContext]) -> None:
        self.pages = dict(pages)
        self.requests: list[Request] = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def _answer(self, body: bytes = b"") -> None:
                request = Request(
                    self.headers.get("Host", ""),
                    self.path,
                    self.command,
                    t.cast("t.Mapping[str, str]", self.headers),
                    body,
                )
                outer.requests.append(request)
                page = outer.pages.get(self.path, Answer(404, body=b"there is no such page\n"))
                page = page(request) if callable(page) else page
                answer = Answer(body=page) if isinstance(page, bytes) else page
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    if not answer.drip_s:
                        self.wfile.write(answer.body)
                        return
                    for octet in answer.body:
                        time.sleep(answer.drip_s)
                        self.wfile.write(bytes([octet]))

            def log_message(self, *_arguments: t.Any) -> None:
                pass

        return Handler


@contextlib.contextmanager
def web_server(pages: t.Mapping[str, Page], *, tls: t.Optional[ssl.SSLContext] = None) -> t.Iterator[WebServer]:
    """Serve the pages while the block runs, over HTTPS if given a server context."""
    server = WebServer(pages, tls)
    server.start()
    try:
        yield server
    finally:
        server.stop()
