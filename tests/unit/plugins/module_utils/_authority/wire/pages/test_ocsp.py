# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OCSP responder, as OpenSSL queries it."""

from __future__ import annotations

import base64
import subprocess
import typing as t
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.server import Server
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.service import Service
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_lab import Lab
from ansible_collections.certops.acm.tests.support.authority_service import ask, leaf_and_issuer, question
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp


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


def test_openssl_accepts_the_response(lab: Lab, tmp_path: Path) -> None:
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


def test_unknown_certificates(lab: Lab, pki: t.Any) -> None:
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


def test_the_root_answers_for_its_intermediates(lab: Lab) -> None:
    lab.authority.cas.ensure_public()
    with lab.authority.store.read() as tx:
        pair = [x509.load_pem_x509_certificate(row.pem.encode()) for row in tx.cas.chain("public-ec_prime256v1")]
    assert told(lab, question(*pair)).certificate_status == ocsp.OCSPCertStatus.GOOD


@pytest.mark.parametrize("der", [b"", b"\x30", b"x" * 5000, b"\x30\x03\x02\x01\x01"])
def test_invalid_requests(lab: Lab, der: bytes) -> None:
    assert told(lab, der).response_status == ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    assert ask(lab, "GET", "/ocsp/%%%").status == 200
    assert ask(lab, "PUT", "/ocsp").status == 405


def test_certificates_may_omit_the_responder(lab: Lab) -> None:
    lab.set(ocsp_url="")
    leaf, _issuer = leaf_and_issuer(lab, lab.private())
    access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [each.access_method._name for each in access] == ["caIssuers"]
    with pytest.raises(InvalidInput, match="settings.ocsp_url is ftp://x: it must be an http or https URL"):
        lab.set(ocsp_url="ftp://x")
