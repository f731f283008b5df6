# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation by HTTP as the CA does it (acm-rules §3), against a real web server."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing.checks import http as check_http
from ansible_collections.certops.acm.plugins.module_utils._net.fetcher import Fetcher, Page
from ansible_collections.certops.acm.tests.support.name_server import free_port
from ansible_collections.certops.acm.tests.support.web_server import Answer, WebServer, redirect, web_server

PATH = "/.well-known/pki-validation/3639ac514e785e898d2646601fa951d5.txt"
FROM = f"http://www.example.com{PATH}"
TO = f"https://validation.eu-central-1.acm-validations.aws/98d2646601fa{PATH}"
CONTENT = b"the content that only the CA knows"


@pytest.fixture(scope="module")
def web() -> t.Iterator[WebServer]:
    with web_server({}) as server:
        yield server


def verdict(web: WebServer, answer: t.Union[Answer, bytes, None], content: t.Optional[bytes] = CONTENT) -> t.Any:
    web.pages = {} if answer is None else {PATH: answer}
    fetch = Fetcher(addresses={"www.example.com": web.address})
    return check_http.check("www.example.com", FROM, TO, fetch, content)


@pytest.mark.parametrize(
    "answer, status",
    [
        (redirect(TO), "SUCCESS"),
        (redirect(TO.replace("https://validation", "HTTPS://Validation")), "SUCCESS"),
        (redirect(TO, 301), "PENDING"),
        (redirect(TO, 307), "PENDING"),
        (redirect(TO + "x"), "PENDING"),
        (redirect(TO.replace("https", "http")), "PENDING"),
        (redirect(PATH), "PENDING"),
        (redirect("http://[broken"), "PENDING"),
        (Answer(302), "PENDING"),
        (CONTENT, "SUCCESS"),
        (CONTENT + b"\r\n", "SUCCESS"),
        (CONTENT + b"!", "PENDING"),
        (b"", "PENDING"),
        (Answer(403, body=CONTENT), "PENDING"),
        (Answer(500), "PENDING"),
        (None, "PENDING"),
    ],
)
def test_redirect_or_same_content(web: WebServer, answer: t.Union[Answer, bytes, None], status: str) -> None:
    found = verdict(web, answer)
    assert (found.status, found.reason) == (status, None), found.detail


def test_the_web_server_is_asked_by_its_name(web: WebServer) -> None:
    web.requests.clear()
    verdict(web, redirect(TO))
    assert [(request.host, request.path) for request in web.requests] == [("www.example.com", PATH)]


def test_the_message_says_where_it_leads(web: WebServer) -> None:
    assert verdict(web, redirect("https://www.example.com/")).detail == (
        f"{FROM} redirects to https://www.example.com/ and not to {TO}."
    )


def test_a_ca_that_does_not_know_the_content_reads_it() -> None:
    pages = {FROM: Page(200, body=CONTENT), TO: Page(200, body=CONTENT + b"\n")}
    assert check_http.check("www.example.com", FROM, TO, pages.__getitem__).status == "SUCCESS"
    pages[TO] = Page(200, body=b"other")
    assert check_http.check("www.example.com", FROM, TO, pages.__getitem__).status == "PENDING"
    pages[TO] = Page(0, detail="Nobody is there.")
    assert "Nobody is there." in check_http.check("www.example.com", FROM, TO, pages.__getitem__).detail


def test_a_wildcard_fails_without_a_request() -> None:
    def fetch(url: str) -> Page:
        raise AssertionError(url)

    assert check_http.check("*.example.com", FROM, TO, fetch).status == "FAILED"


def test_a_closed_port() -> None:
    fetch = Fetcher(addresses={"www.example.com": f"127.0.0.1:{free_port()}"})
    found = check_http.check("www.example.com", FROM, TO, fetch)
    assert found.status == "PENDING" and "Connection refused" in found.detail
