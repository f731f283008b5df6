# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to the web: what it returns, and that nothing holds it up."""

from __future__ import annotations

import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._net.fetcher import MAX_BODY_OCTETS, Fetcher, same_url
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._net.resolver import Resolver
from ansible_collections.certops.acm.tests.support.name_server import free_port, name_server, silent_server
from ansible_collections.certops.acm.tests.support.web_server import Answer, WebServer, redirect, web_server


@pytest.fixture(scope="module")
def web() -> t.Iterator[WebServer]:
    pages: dict[str, t.Union[Answer, bytes]] = {
        "/": b"home",
        "/page?a=b": b"with a query",
        "/away": redirect("https://example.net/"),
        "/big": b"x" * (MAX_BODY_OCTETS + 1),
        "/just": b"x" * MAX_BODY_OCTETS,
        "/drip": Answer(body=b"x" * 1000, drip_s=0.05),
    }
    with web_server(pages) as server:
        yield server


@pytest.fixture()
def fetch(web: WebServer) -> Fetcher:
    return Fetcher(addresses={"www.example.com": web.address}, timeout_s=3)


def test_a_page(fetch: Fetcher) -> None:
    assert fetch("http://www.example.com") == (200, "", b"home", "")
    assert fetch("HTTP://WWW.Example.com/page?a=b").body == b"with a query"
    assert fetch("http://www.example.com/nowhere").status == 404


def test_a_redirect_is_reported_and_not_followed(fetch: Fetcher, web: WebServer) -> None:
    web.requests.clear()
    page = fetch("http://www.example.com/away")
    assert (page.status, page.location) == (302, "https://example.net/")
    assert len(web.requests) == 1


def test_size_is_limited(fetch: Fetcher) -> None:
    assert len(fetch("http://www.example.com/just").body) == MAX_BODY_OCTETS
    page = fetch("http://www.example.com/big")
    assert page.status == 0 and "more than" in page.detail


def test_time_is_limited_even_if_bytes_keep_coming(web: WebServer) -> None:
    began = time.monotonic()
    page = Fetcher(addresses={"www.example.com": web.address}, timeout_s=0.3)("http://www.example.com/drip")
    assert time.monotonic() - began < 25  # the whole page takes 50 s
    assert page.status == 0 and page.detail


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_silent_server(scheme: str) -> None:
    with silent_server() as silent:
        page = Fetcher(addresses={"www.example.com": silent}, timeout_s=0.2)(f"{scheme}://www.example.com/")
    assert page.status == 0 and silent in page.detail


def test_answers_that_are_not_http(fetch: Fetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _address = listener.accept()
            connection.sendall(b"220 mail.example.com ESMTP\r\n")
            connection.close()

        threading.Thread(target=greet, daemon=True).start()
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        page = Fetcher(addresses={"www.example.com": where}, timeout_s=2)("http://www.example.com/")
    assert page.status == 0 and page.detail.endswith(".")


@pytest.mark.parametrize(
    "url", ["", "ftp://www.example.com/", "file:///etc/passwd", "http://", "http://[", "http://u:p@www.example.com/"]
)
def test_invalid_urls(fetch: Fetcher, url: str) -> None:
    assert fetch(url).status == 0


def test_a_path_cannot_inject_a_request(fetch: Fetcher, web: WebServer) -> None:
    web.requests.clear()
    fetch("http://www.example.com/\r\nGET /away HTTP/1.1")
    fetch("http://www.example.com/a b")
    assert [request.path for request in web.requests if request.path == "/away"] == []


def test_tls_is_verified(web: WebServer, fetch: Fetcher) -> None:
    page = fetch("https://www.example.com/")  # a server that does not even speak TLS
    assert page.status == 0 and "TLS" in page.detail


def test_addresses_may_come_from_the_given_resolver() -> None:
    with name_server({"example.com": "www A 127.0.0.1\nnone TXT x\n"}) as dns, web_server({"/": b"home"}) as web:
        fetch = Fetcher(Resolver([dns.endpoint]), timeout_s=2)
        assert fetch(f"http://www.example.com:{web.port}/").body == b"home"
        assert web.requests[0].host == f"www.example.com:{web.port}"
        assert "none.example.com has no address" in fetch("http://none.example.com/").detail
        assert "REFUSED" in fetch("http://www.example.org/").detail


def test_the_system_resolver_may_fail() -> None:
    assert "has no address" in Fetcher()("http://www.does-not-exist.invalid/").detail


def test_an_invalid_address_is_reported_immediately() -> None:
    with pytest.raises(InvalidInput):
        Fetcher(addresses={"www.example.com": "localhost"})


def test_no_proxy_of_the_environment_is_used(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert Fetcher(addresses={"www.example.com": web.address})("http://www.example.com/").body == b"home"


def test_same_url() -> None:
    assert same_url("https://A.example/x?q", "HTTPS://a.EXAMPLE/x?q")
    assert not same_url("https://a.example/x", "https://a.example/X")
    assert not same_url("https://[", "https://[")
