# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page that a validation mail links to: one name, who requested it, and one button.

Merely opening the page, as mail scanners do, approves nothing. The button sends a form, which is accepted only from the
page itself: with the cookie that the page set, and from the page's own site. Each link has a cookie of its own, so that
several pages can be open at once. No script is involved. Of the link's parameters only `context` counts: it is the token.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import secrets
import typing as t
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from ...authority import Authority
from ...issuing import approvals
from ...issuing.validation import approval_of, link
from ...lifecycle.state import Certificate
from ...store.transactions import StoreError
from ...._rules.errors import InvalidInput
from ..messages import Reply, Request, plain
from ...._rules.times import iso

LONGEST = 4096  # octets of a form
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}"
    "dt{color:#555}dd{margin:0 0 .7rem;overflow-wrap:anywhere}h1{font-size:1.4rem;overflow-wrap:anywhere}"
    "button{font:inherit;padding:.6rem 1.4rem}"
)
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def answer(authority: Authority, request: Request) -> Reply:
    if request.method == "GET":
        return _show(authority, request)
    if request.method == "POST":
        return _approve(authority, request)
    return plain(405, "This page accepts GET and POST.\n")


def _show(authority: Authority, request: Request) -> Reply:
    token = _fields(request.target.partition("?")[2])["context"]
    try:
        certificate, name, is_done = _asked(authority, token)
    except StoreError:
        raise
    except InvalidInput as error:
        return _page(404, "Nothing to approve", f"<p>{html.escape(str(error))}</p>")
    if is_done:
        return _page(200, f"{name} is approved", _facts(authority, certificate, name))
    once = secrets.token_urlsafe(24)
    body = (
        f"{_facts(authority, certificate, name)}"
        "<p>Approve this request only if you expected it and control the name. "
        "If you do not, close this page: no certificate is issued without an approval.</p>"
        '<form method="post" action="approvals">'
        f'<input type="hidden" name="context" value="{html.escape(token)}">'
        f'<input type="hidden" name="once" value="{once}">'
        '<button type="submit">I approve</button></form>'
    )
    reply = _page(200, f"Certificate request for {name}", body)
    secure = "; Secure" if request.peer.tls else ""
    cookie = f"{_cookie_name(token)}={once}; HttpOnly; SameSite=Strict; Max-Age=3600{secure}"
    return reply._replace(headers={**reply.headers, "Set-Cookie": cookie})


def _approve(authority: Authority, request: Request) -> Reply:
    if len(request.body) > LONGEST:
        return plain(413, "The form is too large.\n")
    given = _fields(request.body.decode("ascii", "replace"))
    token, once = given["context"], given["once"]
    if not _is_from_the_page(authority, request, token, once):
        said = "Open the link in the mail again and use the button on that page."
        return _page(403, "The form did not come from this page", f"<p>{said}</p>")
    try:
        certificate, name, _is_done = _asked(authority, token)
        certificate, _is_new = approvals.approve_token(authority, token)
    except StoreError:
        raise
    except InvalidInput as error:
        return _page(409, "The request cannot be approved", f"<p>{html.escape(str(error))}</p>")
    return _page(200, f"{name} is approved", _facts(authority, certificate, name))


def _fields(text: str) -> dict[str, str]:
    """The parameters of a link or form; empty for a missing one, or if there are more than ours ever have."""
    try:
        given = parse_qs(text, max_num_fields=10)
    except ValueError:
        given = {}
    return {name: (given.get(name) or [""])[0] for name in ("context", "once")}


def _asked(authority: Authority, token: str) -> tuple[Certificate, str, bool]:
    """The certificate and name that a token is for, and whether the name is approved. Raises InvalidInput."""
    with authority.store.read() as tx:
        identifier, name = approval_of(tx, token, authority.now(), authority.settings_in(tx))
        certificate = tx.certificate(identifier)
    if certificate is None:
        raise InvalidInput("The certificate of this request no longer exists.")
    renewal = certificate.renewal
    validations = renewal.validations if renewal and renewal.validations else certificate.validations
    return certificate, name, any(each.name == name and each.status == "SUCCESS" for each in validations)


def _cookie_name(token: str) -> str:
    return f"approval-{hashlib.sha256(token.encode()).hexdigest()[:16]}"


def _is_from_the_page(authority: Authority, request: Request, token: str, once: str) -> bool:
    try:
        cookie = SimpleCookie(request.headers.get("Cookie", "")).get(_cookie_name(token))
    except CookieError:
        cookie = None
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    host = request.headers.get("Host", "")
    published = urlsplit(
        link(authority.settings.approval_url, authority.region, "", token)
    )  # a proxy may have changed Host
    is_ours = origin in (None, "null", f"http://{host}", f"https://{host}", f"{published.scheme}://{published.netloc}")
    return bool(once and cookie and hmac.compare_digest(cookie.value.encode(), once.encode())) and (
        site == "same-origin" and is_ours
    )


def _facts(authority: Authority, certificate: Certificate, name: str) -> str:
    facts: dict[str, t.Any] = {
        "Name": name,
        "AWS account ID": authority.place.account_id,
        "AWS Region name": authority.region,
        "Certificate Identifier": certificate.arn,
        "All names of the certificate": ", ".join(certificate.names),
        "Requested": iso(certificate.created_at),
    }
    return "<dl>" + "".join(f"<dt>{key}</dt><dd>{html.escape(str(facts[key]))}</dd>" for key in facts) + "</dl>"


def _page(status: int, title: str, body: str) -> Reply:
    title = html.escape(title)
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{title}</h1>{body}</body></html>"
    )
    return Reply(status, dict(HEADERS), text.encode())
