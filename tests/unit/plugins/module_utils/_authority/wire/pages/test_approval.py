# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page on which a name is approved."""

from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing import validation
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.messages import Answer
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from ansible_collections.certops.acm.tests.support.authority_service import ask, status


@pytest.fixture
def code(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> str:
    """The code in the mail for a name."""
    monkeypatch.setattr(validation.secrets, "token_urlsafe", lambda _number: "a-code-of-the-mail")
    lab.dns.add("example.com", "MX", "10 mail.example.com.")
    arn = lab.public("www.example.com", ValidationMethod="EMAIL")
    lab.describe(arn)
    monkeypatch.undo()
    return "a-code-of-the-mail"


def page(lab: Lab, code: str) -> tuple[Answer, str, str]:
    """The page, its cookie, and the hidden field that goes with it."""
    answer = ask(lab, "GET", f"/approvals?code=whatever&context={code}")
    cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
    found = re.search(r'name="once" value="([^"]+)"', answer.body.decode())
    return answer, cookie, found[1] if found else ""


def press(lab: Lab, code: str, once: str, cookie: str, **headers: str) -> Answer:
    body = urlencode({"context": code, "once": once}).encode()
    return ask(lab, "POST", "/approvals", body, Host="acm.example.com", Cookie=cookie, **headers)


def test_a_name_is_approved_on_its_page(lab: Lab, code: str) -> None:
    answer, cookie, once = page(lab, code)
    text = html.unescape(answer.body.decode())
    assert answer.status == 200 and "Certificate request for www.example.com" in text and "123456789012" in text
    assert "<script" not in text and text.count("<button") == 1
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer" and answer.headers["Cache-Control"] == "no-store"
    assert "SameSite=Strict" in answer.headers["Set-Cookie"] and "HttpOnly" in answer.headers["Set-Cookie"]
    assert status(lab) == "PENDING_VALIDATION"  # only opened, as mail scanners do
    pressed = press(lab, code, once, cookie, Origin="https://acm.example.com", Sec_Fetch_Site="same-origin")
    assert pressed.status == 200 and b"www.example.com is approved" in pressed.body
    assert status(lab) == "SUCCESS"
    again, _cookie, _once = page(lab, code)
    assert b"is approved" in again.body and b"<button" not in again.body


@pytest.mark.parametrize(
    "forged",
    [
        {"cookie": ""},
        {"cookie": "approval-0123456789abcdef=other"},
        {"once": ""},
        {"Origin": "https://evil.example.com"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_form_from_another_site_approves_nothing(lab: Lab, code: str, forged: dict[str, str]) -> None:
    _answer, cookie, once = page(lab, code)
    sent = {"once": once, "cookie": cookie, **forged}
    assert press(lab, code, **sent).status == 403
    assert status(lab) == "PENDING_VALIDATION"


def test_the_form_works_behind_a_proxy(lab: Lab, code: str) -> None:
    """One that changes Host, and has the page below a path: the form and its cookie name neither."""
    lab.authority.configure({"approval_url": "https://{region}.pki.example.com/acm/approvals"})
    answer, cookie, once = page(lab, code)
    assert b'action="approvals"' in answer.body and "Path=" not in answer.headers["Set-Cookie"]
    assert press(lab, code, once, cookie, Origin="https://pki.example.com").status == 403
    assert press(lab, code, once, cookie, Origin=f"https://{lab.authority.region}.pki.example.com").status == 200


def test_several_pages_are_open_at_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mails for all names of a certificate, each opened in a tab of the same browser."""
    codes = {name: f"code-of-{name}" for name in ("a.example.com", "b.example.com")}
    given = iter(codes.values())
    lab.dns.add("example.com", "MX", "10 mail.example.com.")
    monkeypatch.setattr(validation.secrets, "token_urlsafe", lambda _number: next(given))
    domains = [{"DomainName": name, "ValidationDomain": "example.com"} for name in codes]
    wanted = {"SubjectAlternativeNames": list(codes), "DomainValidationOptions": domains}
    lab.describe(lab.public("a.example.com", ValidationMethod="EMAIL", **wanted))
    monkeypatch.undo()
    (_first, one, once), (_second, other, _once) = [page(lab, code) for code in codes.values()]
    assert one.partition("=")[0] != other.partition("=")[0]
    pressed = press(lab, codes["a.example.com"], once, f"{one}; {other}")
    assert pressed.status == 200 and b"is approved" in pressed.body
    assert press(lab, codes["b.example.com"], once, f"{one}; {other}").status == 403


def test_several_people_approve_at_the_same_time(lab: Lab, code: str) -> None:
    pages = [page(lab, code)[1:] for _each in range(6)]
    with ThreadPoolExecutor(len(pages)) as pool:
        pressed = list(pool.map(lambda each: press(lab, code, each[1], each[0]), pages))
    assert [each.status for each in pressed] == [200] * len(pages)
    assert status(lab) == "SUCCESS"
    assert len(lab.events("ACM Certificate Available")) == 1


def test_wrong_or_expired_codes(lab: Lab, code: str, clock: Clock) -> None:
    for wrong in ("", "unknown", "<script>alert(1)</script>", "x" * 10_000):
        answer = ask(lab, "GET", f"/approvals?{urlencode({'context': wrong})}")
        assert answer.status == 404 and b"<script" not in answer.body
    _answer, cookie, once = page(lab, code)
    clock.advance(hours=73)
    assert b"older than 72 hours" in press(lab, code, once, cookie).body
    assert press(lab, "x" * 10_000, once, cookie).status == 413
    assert ask(lab, "DELETE", "/approvals").status == 405


def test_links_and_forms_with_too_many_fields(lab: Lab, code: str) -> None:
    much = "&".join(f"a={number}" for number in range(50))
    assert ask(lab, "GET", f"/approvals?context={code}&{much}").status == 404
    _answer, cookie, once = page(lab, code)
    body = f"context={code}&once={once}&{much}".encode()
    assert ask(lab, "POST", "/approvals", body, Host="acm.example.com", Cookie=cookie).status == 403
    assert status(lab) == "PENDING_VALIDATION"
