# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the server serves besides ACM: OCSP, the approval page, metrics and health; and its own work."""

from __future__ import annotations

import base64
import os

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.messages import Peer, Request
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.service import Service
from ansible_collections.certops.acm.tests.support.authority_lab import Lab
from ansible_collections.certops.acm.tests.support.authority_service import leaf_and_issuer, question

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261129/us-east-1/acm/aws4_request, SignedHeaders=host, Signature=00"
)


def test_public_files_may_be_served_without_tls(lab: Lab) -> None:
    """Clients fetch revocation lists and query responders over plain HTTP; the answers are signed."""
    lab.authority.cas.ensure_public()
    service = Service(lab.authority)
    leaf, issuer = leaf_and_issuer(lab, lab.private())
    for method, target, body, code in (
        ("GET", "/public/trust.pem", b"", 200), ("POST", "/ocsp", question(leaf, issuer), 200),
        ("POST", "/", b"{}", 404), ("GET", "/metrics", b"", 404), ("GET", "/approvals?context=x", b"", 404),
    ):  # fmt: skip
        assert service.public(Request(method, target, {}, body, Peer("192.0.2.1"))).status == code


def test_a_connection_that_has_signed_is_judged_by_whole_requests_only(lab: Lab) -> None:
    service, peer = Service(lab.authority), Peer("127.0.0.1")
    unsigned = Request("POST", "/", {}, b"{}", peer)
    refused = service.screen(unsigned)
    assert refused is not None and refused.status == 400
    peer.is_known = True
    assert service.screen(unsigned) is None and service.answer(unsigned).status == 400
    large = service.screen(unsigned._replace(target="/ocsp"))
    assert large is not None and large.status == 413


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("POST", "/", 400), ("GET", "/ocsp/", 503), ("GET", "/approvals?context=x", 503),
        ("GET", "/healthz", 503), ("GET", "/public/trust.pem", 200), ("GET", "/metrics", 200),
    ],
)  # fmt: skip
def test_an_unusable_store(lab: Lab, caplog: pytest.LogCaptureFixture, method: str, target: str, status: int) -> None:
    """One line in the log, and unauthenticated clients learn nothing."""
    lab.authority.cas.ensure_public()
    service = Service(lab.authority)
    if target.startswith("/ocsp"):
        leaf, issuer = leaf_and_issuer(lab, lab.private())
        target = f"/ocsp/{base64.b64encode(question(leaf, issuer)).decode()}"
    service._health._good_until = 0.0
    signed = {"Authorization": AUTHORIZATION, "X-Amz-Date": "20261129T120000Z"} if target == "/" else {}
    os.unlink(lab.authority.store.path)
    request = Request(method, target, signed, b"", Peer("127.0.0.1"))
    assert service.answer(request).status == status
    assert service.screen(request) is not None
    assert not [record for record in caplog.records if record.exc_info]
    if target == "/":
        assert b"ServiceUnavailable" in service.answer(request).body and b"sqlite" not in service.answer(request).body
