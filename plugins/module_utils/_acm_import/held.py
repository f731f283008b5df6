# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificate and chain as ACM has them. Pure."""

from __future__ import annotations

import typing as t

from .._x509 import pem
from .._x509.material import Ready


class Held(t.NamedTuple):
    """Certificate and chain as ACM has them; the chain without the certificate itself, if it begins with that."""

    certificate: t.Any
    chain: tuple[t.Any, ...]

    def is_same(self, ready: Ready) -> bool:
        return bool(self.certificate == ready.certificate) and self.chain == ready.chain


def read_held(answer: t.Mapping[str, t.Any]) -> Held:
    """From an answer of GetCertificate. Raises InvalidMaterial."""
    certificate = pem.load_certificate(answer.get("Certificate") or "")
    chain = tuple(pem.load_certificates(answer.get("CertificateChain") or ""))
    # ACM returns the certificate itself if no chain was imported, and the whole chain if it began with the certificate
    return Held(certificate, chain[1:] if chain[:1] == (certificate,) else chain)
