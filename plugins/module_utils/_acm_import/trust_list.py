# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roots that this host trusts, used when a bundle alone does not show whether its chain is complete."""

from __future__ import annotations

import functools
import os
import ssl
import typing as t

from .._rules.errors import InvalidMaterial
from .._x509 import pem

# Where distributions keep the trust list as one file; Python knows only the path of its own OpenSSL
PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
MAX_OCTETS = 8 * 2**20


def is_issuer_trusted(certificate: t.Any) -> bool:
    """Whether the issuer of the certificate is in the trust list of this host."""
    issuers = _by_subject().get(certificate.issuer.public_bytes(), ())
    return any(pem.issued_by(certificate, issuer) for issuer in issuers)


@functools.lru_cache(maxsize=1)
def _by_subject() -> dict[bytes, list[t.Any]]:
    own = ssl.get_default_verify_paths().cafile
    found: dict[bytes, list[t.Any]] = {}
    for path in dict.fromkeys([*([own] if own else []), *PLACES]):
        for certificate in _certificates(path):
            found.setdefault(certificate.subject.public_bytes(), []).append(certificate)
        if found:
            break
    return found


def _certificates(path: str) -> t.Iterator[t.Any]:
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > MAX_OCTETS:
            return
        with open(path, "rb") as file:
            blocks = pem.blocks(file.read())
    except (OSError, InvalidMaterial):
        return
    for block in blocks:
        try:
            yield pem.parse_certificate(block.der)
        except InvalidMaterial:
            continue
