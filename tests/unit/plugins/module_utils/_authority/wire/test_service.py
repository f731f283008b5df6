# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the server serves besides ACM: OCSP, the approval page, metrics and health; and its own work."""

from __future__ import annotations

import base64
import ipaddress
import os

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import audit
from ansible_collections.certops.acm.plugins.module_utils._authority.store.event_log import Wanted
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.endpoint import TARGET_PREFIX as ACM
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.messages import Peer, Request
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.service import Service
from ansible_collections.certops.acm.tests.support.authority_lab import Lab
from ansible_collections.certops.acm.tests.support.authority_service import leaf_and_issuer, question
from multidict import CIMultiDict

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


PROXIES = (ipaddress.ip_network("127.0.0.1"), ipaddress.ip_network("10.0.0.0/8"))


@pytest.mark.parametrize(
    ("address", "forwarded", "expected"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["127.0.0.1"], "192.0.2.1"),  # not a proxy: anybody can say that
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("127.0.0.1", ["127.0.0.1, 192.0.2.1"], "192.0.2.1"),  # the client sent the first one
        ("127.0.0.1", ["127.0.0.1", "192.0.2.1"], "192.0.2.1"),
        ("10.1.2.3", ["198.51.100.1, 192.0.2.1, 10.9.9.9"], "192.0.2.1"),
        ("127.0.0.1", ["2001:DB8::1"], "2001:db8::1"),
        ("127.0.0.1", ["::ffff:192.0.2.1"], "192.0.2.1"),
        ("127.0.0.1", ["::ffff:127.0.0.1"], "127.0.0.1"),
        ("127.0.0.1", ["unknown"], "0.0.0.0"),
        ("127.0.0.1", [""], "0.0.0.0"),
    ],
)
def test_whose_request_a_proxy_passes_on(lab: Lab, address: str, forwarded: list[str], expected: str) -> None:
    """The record of a call has the client's address, and only this machine may read the metrics."""
    lab.authority.cas.ensure_public()
    service = Service(lab.authority, is_open=True, proxies=PROXIES)
    headers = CIMultiDict(
        [*(("X-Forwarded-For", each) for each in forwarded), ("X-Amz-Target", f"{ACM}ListCertificates")]
    )
    assert service.answer(Request("POST", "/", headers, b"{}", Peer(address))).status == 200
    (record,) = audit.find(lab.authority.store, Wanted(), 0, 1).records
    assert record["sourceIPAddress"] == expected
    answer = service.answer(Request("GET", "/metrics", headers, b"", Peer(address)))
    assert answer.status == (200 if expected == "127.0.0.1" else 403)


def test_a_connection_of_a_proxy_is_known_for_one_request_only(lab: Lab) -> None:
    """The next one may be a stranger's, who must not get the place of clients that sign."""
    service = Service(lab.authority, is_open=True, proxies=PROXIES)
    for address, is_known in (("127.0.0.1", False), ("192.0.2.1", True)):
        peer = Peer(address)
        call = Request("POST", "/", CIMultiDict({"X-Amz-Target": f"{ACM}ListCertificates"}), b"{}", peer)
        assert service.answer(call).status == 200 and peer.is_known
        service.answer(call._replace(method="GET", target="/public/trust.pem"))
        assert peer.is_known is is_known


def test_nobody_reads_the_metrics_through_an_unknown_proxy(lab: Lab) -> None:
    """For the server, all its clients have the proxy's address, which is this machine's."""
    headers = CIMultiDict({"X-Forwarded-For": "127.0.0.1"})
    answer = Service(lab.authority).answer(Request("GET", "/metrics", headers, b"", Peer("127.0.0.1")))
    assert answer.status == 403 and b"--proxy" in answer.body


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
