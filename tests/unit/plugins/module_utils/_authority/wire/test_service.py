# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the server serves beside ACM: OCSP, the approval page, metrics, health; and the work that it does itself."""

from __future__ import annotations

import base64
import html
import ipaddress
import os
import re
import sqlite3
import subprocess
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import sweep
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing import validation
from ansible_collections.certops.acm.plugins.module_utils._authority.store.transactions import StoreError
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.due_work import LOCK, DueWork
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.messages import Answer, Peer, Request
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.pages.health import Health
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.own_certificate import OwnCertificate
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.server import Server
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.service import Service
from ansible_collections.certops.acm.plugins.module_utils._files.locks import turn
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from prometheus_client.parser import text_string_to_metric_families


def ask(lab: Lab, method: str, target: str, body: bytes = b"", address: str = "127.0.0.1", **headers: str) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Service(lab.authority).answer(Request(method, target, given, body, Peer(address)))


# ---------------------------------------------------------------- OCSP


def leaf_and_issuer(lab: Lab, arn: str) -> tuple[x509.Certificate, x509.Certificate]:
    got = lab.acm.get_certificate(CertificateArn=arn)
    return tuple(x509.load_pem_x509_certificate(got[part].encode()) for part in ("Certificate", "CertificateChain"))  # type: ignore[return-value]


def question(
    leaf: x509.Certificate, issuer: x509.Certificate, algorithm: t.Any = hashes.SHA1(), nonce: bytes = b""
) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, algorithm)
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(serialization.Encoding.DER)


def told(lab: Lab, der: bytes) -> t.Any:
    answer = ask(lab, "POST", "/ocsp", der, Content_Type="application/ocsp-request")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/ocsp-response")
    return ocsp.load_der_ocsp_response(answer.body)


@pytest.mark.parametrize("ca", ["EC_prime256v1", "EC_secp384r1", "RSA_2048"])
@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()], ids=["SHA-1", "SHA-256"])
def test_a_good_and_a_revoked_certificate(lab: Lab, ca: str, algorithm: t.Any) -> None:
    of_ca = lab.ca(f"ca-{ca}", key_algorithm=ca)
    arn = lab.private(ca=of_ca, KeyAlgorithm="RSA_2048" if ca.startswith("RSA") else "EC_prime256v1")
    leaf, issuer = leaf_and_issuer(lab, arn)
    (access,) = [each.value for each in leaf.extensions if isinstance(each.value, x509.AuthorityInformationAccess)]
    assert [each.access_location.value for each in access][0] == "http://ocsp.acm.internal"
    good = told(lab, question(leaf, issuer, algorithm))
    assert good.certificate_status == ocsp.OCSPCertStatus.GOOD
    assert good.serial_number == leaf.serial_number
    assert good.next_update_utc - good.this_update_utc == timedelta(hours=24)
    lab.export(arn)
    lab.acm.revoke_certificate(CertificateArn=arn, RevocationReason="KEY_COMPROMISE")
    revoked = told(lab, question(leaf, issuer, algorithm))
    assert revoked.certificate_status == ocsp.OCSPCertStatus.REVOKED
    assert revoked.revocation_reason == x509.ReasonFlags.key_compromise
    lab.acm.delete_certificate(CertificateArn=arn)
    assert told(lab, question(leaf, issuer, algorithm)).certificate_status == ocsp.OCSPCertStatus.REVOKED


def test_openssl_believes_it(lab: Lab, tmp_path: Path) -> None:
    arn = lab.private()
    leaf, issuer = leaf_and_issuer(lab, arn)
    for name, certificate in (("leaf", leaf), ("issuer", issuer)):
        (tmp_path / name).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    server = Server(Service(lab.authority).answer)
    server.start()
    try:
        done = subprocess.run(
            ["openssl", "ocsp", "-issuer", "issuer", "-cert", "leaf", "-CAfile", "issuer", "-url", f"{server.url}/ocsp",
             "-attime", str(int(lab.authority.now().timestamp()))],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
    finally:
        server.end()
    assert "Response verify OK" in done.stderr, done.stderr
    assert "\ngood\n" in done.stdout.replace("leaf: good", "\ngood")


def test_get_and_nonce(lab: Lab) -> None:
    leaf, issuer = leaf_and_issuer(lab, lab.private())
    der = question(leaf, issuer)
    answer = ask(lab, "GET", "/ocsp/" + quote(base64.b64encode(der).decode(), safe=""))
    assert ocsp.load_der_ocsp_response(answer.body).certificate_status == ocsp.OCSPCertStatus.GOOD
    assert answer.headers["Cache-Control"].startswith("max-age=300")
    nonced = told(lab, question(leaf, issuer, nonce=b"n" * 16))
    assert nonced.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 16


def test_what_it_does_not_know(lab: Lab, pki: t.Any) -> None:
    leaf, issuer = leaf_and_issuer(lab, lab.private())
    stranger = pki.leaf("www.example.com")
    other = told(lab, question(stranger.certificate, stranger.issuers[0]))
    assert other.response_status == ocsp.OCSPResponseStatus.UNAUTHORIZED
    known = ocsp.load_der_ocsp_request(question(leaf, issuer))
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        known.issuer_name_hash, known.issuer_key_hash, 12345, hashes.SHA1()
    )
    never = told(lab, builder.build().public_bytes(serialization.Encoding.DER))
    assert never.certificate_status == ocsp.OCSPCertStatus.UNKNOWN


def test_an_intermediate_is_a_certificate_of_its_root(lab: Lab) -> None:
    lab.authority.cas.ensure_public()
    with lab.authority.store.read() as tx:
        pair = [x509.load_pem_x509_certificate(row.pem.encode()) for row in tx.cas.chain("public-ec_prime256v1")]
    assert told(lab, question(*pair)).certificate_status == ocsp.OCSPCertStatus.GOOD


@pytest.mark.parametrize("der", [b"", b"\x30", b"x" * 5000, b"\x30\x03\x02\x01\x01"])
def test_what_is_not_a_question(lab: Lab, der: bytes) -> None:
    assert told(lab, der).response_status == ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    assert ask(lab, "GET", "/ocsp/%%%").status == 200
    assert ask(lab, "PUT", "/ocsp").status == 405


def test_certificates_may_name_no_responder(lab: Lab) -> None:
    lab.set(ocsp_url="")
    leaf, _issuer = leaf_and_issuer(lab, lab.private())
    access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [each.access_method._name for each in access] == ["caIssuers"]
    with pytest.raises(InvalidInput, match="settings.ocsp_url is ftp://x: it must be an http or https URL"):
        lab.set(ocsp_url="ftp://x")


def test_what_is_public_may_be_served_without_tls(lab: Lab) -> None:
    """Clients fetch revocation lists and ask responders over plain HTTP; what they get is signed."""
    lab.authority.cas.ensure_public()
    service = Service(lab.authority)
    leaf, issuer = leaf_and_issuer(lab, lab.private())
    for method, target, body, status in (
        ("GET", "/public/trust.pem", b"", 200), ("POST", "/ocsp", question(leaf, issuer), 200),
        ("POST", "/", b"{}", 404), ("GET", "/metrics", b"", 404), ("GET", "/approvals?context=x", b"", 404),
    ):  # fmt: skip
        assert service.public(Request(method, target, {}, body, Peer("192.0.2.1"))).status == status


# ---------------------------------------------------------------- the approval page


@pytest.fixture
def code(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the mail for a name has."""
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


def status(lab: Lab) -> str:
    (found,) = lab.acm.search_certificates()["Results"]
    return lab.describe(found["CertificateArn"])["DomainValidationOptions"][0]["ValidationStatus"]


def test_a_name_is_approved_by_its_page(lab: Lab, code: str) -> None:
    answer, cookie, once = page(lab, code)
    text = html.unescape(answer.body.decode())
    assert answer.status == 200 and "Certificate request for www.example.com" in text and "123456789012" in text
    assert "<script" not in text and text.count("<button") == 1
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer" and answer.headers["Cache-Control"] == "no-store"
    assert "SameSite=Strict" in answer.headers["Set-Cookie"] and "HttpOnly" in answer.headers["Set-Cookie"]
    assert status(lab) == "PENDING_VALIDATION"  # merely opened, as mail scanners do
    pressed = press(lab, code, once, cookie, Origin="https://acm.example.com", Sec_Fetch_Site="same-origin")
    assert pressed.status == 200 and b"www.example.com is approved" in pressed.body
    assert status(lab) == "SUCCESS"
    again, _cookie, _once = page(lab, code)
    assert b"is approved" in again.body and b"<button" not in again.body


@pytest.mark.parametrize(
    "forged",
    [
        {"cookie": ""},
        {"cookie": "approval=other"},
        {"once": ""},
        {"Origin": "https://evil.example.com"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_form_of_another_site_approves_nothing(lab: Lab, code: str, forged: dict[str, str]) -> None:
    _answer, cookie, once = page(lab, code)
    sent = {"once": once, "cookie": cookie, **forged}
    assert press(lab, code, **sent).status == 403
    assert status(lab) == "PENDING_VALIDATION"


def test_codes_that_are_wrong_or_old(lab: Lab, code: str, clock: Clock) -> None:
    for wrong in ("", "unknown", "<script>alert(1)</script>", "x" * 10_000):
        answer = ask(lab, "GET", f"/approvals?{urlencode({'context': wrong})}")
        assert answer.status == 404 and b"<script" not in answer.body
    _answer, cookie, once = page(lab, code)
    clock.advance(hours=73)
    assert b"older than 72 hours" in press(lab, code, once, cookie).body
    assert press(lab, "x" * 10_000, once, cookie).status == 413
    assert ask(lab, "DELETE", "/approvals").status == 405


def test_links_and_forms_with_more_than_they_have(lab: Lab, code: str) -> None:
    much = "&".join(f"a={number}" for number in range(50))
    assert ask(lab, "GET", f"/approvals?context={code}&{much}").status == 404
    _answer, cookie, once = page(lab, code)
    body = f"context={code}&once={once}&{much}".encode()
    assert ask(lab, "POST", "/approvals", body, Host="acm.example.com", Cookie=cookie).status == 403
    assert status(lab) == "PENDING_VALIDATION"


# ---------------------------------------------------------------- metrics, health


def test_metrics(lab: Lab, clock: Clock) -> None:
    arn = lab.private("a.corp.test")
    lab.public("pending.example.com")
    answer = ask(lab, "GET", "/metrics")
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }
    days = found["acm_certificate_days_to_expiry", arn, "a.corp.test"]
    assert 394 <= days <= 395
    assert found["acm_authority_up",] == 1
    assert found["acm_authority_certificates", "PRIVATE"] == 1
    clock.advance(days=400)
    assert arn not in ask(lab, "GET", "/metrics").body.decode()  # CloudWatch gets none for what has expired


def test_who_may_read_the_metrics(lab: Lab) -> None:
    assert ask(lab, "GET", "/metrics", address="192.0.2.1").status == 403
    service = Service(lab.authority, monitors=[ipaddress.ip_network("192.0.2.0/24")])
    assert service.answer(Request("GET", "/metrics", {}, b"", Peer("192.0.2.1"))).status == 200
    assert service.answer(Request("GET", "/metrics", {}, b"", Peer("2001:db8::1"))).status == 403
    assert ask(lab, "GET", "/metrics", address="::1").status == 200


def test_health(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (ask(lab, "GET", "/healthz").status, ask(lab, "GET", "/healthz").body) == (200, b"ok\n")
    Path(lab.authority.store.path).rename(lab.authority.store.path + ".gone")
    lab.authority.store.close()
    service_answer = ask(lab, "GET", "/healthz")
    assert service_answer.status == 503 and b"acm.sqlite3" in service_answer.body


def test_a_flood_of_questions_after_health_writes_once_a_second(lab: Lab, clock: Clock) -> None:
    health = Health(lab.authority, lambda: lab.authority.now().timestamp())
    with closing(sqlite3.connect(lab.authority.store.path)) as other:

        def writes(questions: int) -> bool:
            before = other.execute("PRAGMA data_version").fetchone()
            assert {health.answer().status for _each in range(questions)} == {200}
            return bool(other.execute("PRAGMA data_version").fetchone() != before)

        assert writes(1) and not writes(500)
        clock.advance(seconds=1)
        assert writes(1) and not writes(500)


def test_a_store_that_takes_long_is_not_healthy(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """And those who ask meanwhile are told so, instead of waiting for it too; what failed is tried again at once."""
    monkeypatch.setattr(
        "ansible_collections.certops.acm.plugins.module_utils._authority.wire.pages.health.PATIENCE_S", 0
    )
    health, begun, ends = Health(lab.authority), threading.Event(), threading.Event()

    def fails() -> None:
        begun.set()
        ends.wait(60)
        raise StoreError("the disk is ill")

    with monkeypatch.context() as patch:
        patch.setattr(health, "_write", fails)
        with ThreadPoolExecutor() as pool:
            first = pool.submit(health.answer)
            begun.wait()
            assert (health.answer().status, first.done()) == (503, False)
            ends.set()
            assert (first.result().status, first.result().body) == (503, b"the disk is ill\n")
    assert health.answer().status == 200


def test_of_a_connection_that_has_signed_only_whole_requests_are_judged(lab: Lab) -> None:
    service, peer = Service(lab.authority), Peer("127.0.0.1")
    unsigned = Request("POST", "/", {}, b"{}", peer)
    refused = service.screen(unsigned)
    assert refused is not None and refused.status == 400
    peer.is_known = True
    assert service.screen(unsigned) is None and service.answer(unsigned).status == 400
    large = service.screen(unsigned._replace(target="/ocsp"))
    assert large is not None and large.status == 413


# ---------------------------------------------------------------- its own certificate, and due work


def test_its_own_certificate_is_renewed_in_time(lab: Lab, clock: Clock) -> None:
    own = OwnCertificate(lab.authority, ["acm.example.com", "192.0.2.1", "::1"])
    first = own.context
    assert not own.renew_if_due()
    clock.advance(days=3)
    assert own.renew_if_due() and own.context is not first
    clock.advance(days=-30)  # the clock was wrong
    assert own.renew_if_due()
    with pytest.raises(InvalidInput, match="a_b..c is neither a host name nor an IP address"):
        OwnCertificate(lab.authority, ["a_b..c"])


def test_due_work_is_done_without_a_sweep(lab: Lab) -> None:
    arn = lab.public("www.example.com")
    lab.publish(arn)
    looks: list[int] = []
    due_work = DueWork(lab.authority, lambda: looks.append(1), look_s=0.02)
    due_work.start()
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with lab.authority.store.read() as tx:
                certificate = tx.certificate(arn.rpartition("/")[2])
            if certificate and certificate.leaf and looks:
                break
            time.sleep(0.02)
        assert certificate and certificate.leaf and looks
    finally:
        assert due_work.end()


def test_one_server_at_a_time_does_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    turns, looks = threading.Semaphore(0), threading.Semaphore(0)
    due_work = DueWork(lab.authority, turns.release, look_s=0.01)
    monkeypatch.setattr(due_work, "look", looks.release)
    with turn(os.path.join(lab.authority.path, LOCK)) as is_ours:
        assert is_ours
        due_work.start()
        for _turn in range(3):
            assert turns.acquire(timeout=30)
        assert not looks.acquire(blocking=False)
    assert looks.acquire(timeout=30)
    assert due_work.end()


def test_everything_is_swept_now_and_then(lab: Lab, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    due_work, swept = DueWork(lab.authority), []
    whole = sweep.sweep
    monkeypatch.setattr(sweep, "sweep", lambda authority: swept.append(1) or whole(authority))
    due_work.look()
    due_work.look()
    assert len(swept) == 1
    clock.advance(hours=1)
    due_work.look()
    assert len(swept) == 2
    clock.advance(days=-30)  # the clock was wrong
    due_work.look()
    assert len(swept) == 3


def test_trouble_is_said_once(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    due_work = DueWork(lab.authority)
    for trouble in ("The disk is full.", "The disk is full.", None, "The disk is full."):
        due_work._say(trouble)
    assert caplog.text.count("The disk is full.") == 2


def test_work_for_thousands_does_not_hold_up_others(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look takes a part, the longest due first; the next ones take the rest."""
    monkeypatch.setattr("ansible_collections.certops.acm.plugins.module_utils._authority.wire.due_work.MOST_AT_ONCE", 2)
    sweep.sweep(lab.authority)  # the whole one is not due now
    for number in range(5):
        lab.publish(lab.public(f"h{number}.example.com"))
    with lab.authority.store.write() as tx:
        for identifier in tx.ids_after("", 10):
            tx.set_due(identifier, lab.authority.now())
    due_work = DueWork(lab.authority)
    assert [due_work.look().looked_at for _look in range(4)] == [2, 2, 1, 0]
