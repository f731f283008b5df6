# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An authority's service without sockets, for tests of _authority/wire."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._authority.wire.messages import Answer, Peer, Request
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.service import Service
from ansible_collections.certops.acm.tests.support.authority_lab import Lab
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp


def ask(lab: Lab, method: str, target: str, body: bytes = b"", address: str = "127.0.0.1", **headers: str) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Service(lab.authority).answer(Request(method, target, given, body, Peer(address)))


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


def status(lab: Lab) -> str:
    (found,) = lab.acm.search_certificates()["Results"]
    return lab.describe(found["CertificateArn"])["DomainValidationOptions"][0]["ValidationStatus"]
