# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OCSP over HTTP (RFC 6960 appendix A): POST /ocsp, or GET /ocsp/ and the request in base64."""

from __future__ import annotations

import base64
import binascii
import typing as t
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import unquote

from ...authority import Authority
from ...signing import ocsp
from ...store.authorities import CaRow
from ...store.transactions import Transaction
from ...._x509 import pem
from ...._x509.certificate import serial_text
from ..messages import Reply, Request, plain

LARGEST = 4096  # octets; a request about one certificate has about a hundred


def respond(authority: Authority, request: Request) -> Reply:
    if request.method == "POST":
        der = request.body
    elif request.method == "GET" and request.path.startswith("/ocsp/"):
        try:
            der = base64.b64decode(unquote(request.path[len("/ocsp/") :]), validate=True)
        except (binascii.Error, ValueError):
            der = b""
    else:
        return plain(405, "OCSP accepts POST, or GET with the request in base64.\n")
    now = authority.now()
    validity = timedelta(hours=authority.settings.ocsp_hours)
    try:
        if len(der) > LARGEST:
            raise ocsp.Malformed
        asked = ocsp.read(der)
    except ocsp.Malformed:
        return _reply(ocsp.malformed())
    with authority.store.read() as tx:
        cas = tx.cas.all()
        issuer = next((row for row in cas if ocsp.is_of(asked, pem.load_certificate(row.pem))), None)
        standing = _standing(tx, cas, issuer, asked.serial_number) if issuer else None
    if issuer is None:
        return _reply(ocsp.unauthorized())
    answer = ocsp.answer(asked, authority.cas.signer(issuer), standing, now, validity)
    fresh = {
        "Last-Modified": format_datetime(now, usegmt=True),
        "Expires": format_datetime(now + validity, usegmt=True),
        "Cache-Control": f"max-age={min(300, int(validity.total_seconds()))}, public, no-transform, must-revalidate",
    }
    return _reply(answer, {} if asked.nonce is not None or request.method == "POST" else fresh)


def _standing(tx: Transaction, cas: t.Sequence[CaRow], issuer: CaRow, number: int) -> t.Optional[ocsp.Standing]:
    for row in cas:  # an intermediate is a certificate issued by its root
        if row.parent_id == issuer.id and pem.load_certificate(row.pem).serial_number == number:
            return ocsp.Standing()
    leaf = tx.issued_leaf(issuer.id, serial_text(number) if number > 0 else "")
    return ocsp.Standing(leaf[0], leaf[1], issuer.role != "private") if leaf else None


def _reply(der: bytes, headers: t.Optional[dict[str, str]] = None) -> Reply:
    return Reply(200, {"Content-Type": "application/ocsp-response", **(headers or {})}, der)
