# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server's own certificate: issued by the authority's public CA, valid for days, and renewed while the server runs.

It is not one of ACM's certificates, so no list shows it. It is so short-lived that it names neither a revocation list
nor a responder.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
import tempfile
import typing as t
from datetime import datetime, timedelta

from ..authority import Authority
from ..signing import issuer
from ..._rules.errors import InvalidInput

VALIDITY = timedelta(days=8)
RENEWED_BEFORE = timedelta(days=6)  # that is every two days
KEY_ALGORITHM = "EC_prime256v1"
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST_NAME = re.compile(rf"(?=.{{1,253}}$){LABEL}(\.{LABEL})*")


class OwnCertificate:
    """names: as checked_name returns them. context: the server's TLS context; a renewal makes a new context, so that no
    handshake sees half of a change."""

    def __init__(self, authority: Authority, names: t.Sequence[str]) -> None:
        self._authority = authority
        self._names = names
        self._not_before: t.Optional[datetime] = None
        self._not_after: t.Optional[datetime] = None
        self.context = self._new_context()

    def renew_if_due(self) -> bool:
        """Renew the certificate if it is time; returns whether it was."""
        now = self._authority.now()
        if self._not_before and self._not_after and self._not_before <= now < self._not_after - RENEWED_BEFORE:
            return False
        self.context = self._new_context()
        return True

    def _new_context(self) -> ssl.SSLContext:
        now = self._authority.now()
        row = self._authority.cas.public(KEY_ALGORITHM)
        with self._authority.store.read() as tx:
            chain = "".join(ca.pem for ca in tx.cas.chain(row.id) if ca.parent_id)
        key = issuer.generate_key(KEY_ALGORITHM)
        certificate = issuer.issue_server_certificate(
            names=self._names,
            public_key=key.public_key(),
            ca=self._authority.cas.signer(row),
            now=now,
            validity=VALIDITY,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _load(context, (issuer.key_pem(key) + issuer.pem_of(certificate) + chain).encode())
        self._not_before, self._not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return context


def _load(context: ssl.SSLContext, pem: bytes) -> None:
    """Load certificate and key. Python reads a key only from a file: an in-memory file if the system has them, or else
    a file that nobody else can read and that is removed at once."""
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("tls", os.MFD_CLOEXEC)
        try:
            os.write(handle, pem)
            context.load_cert_chain(f"/proc/self/fd/{handle}")
        finally:
            os.close(handle)
        return
    with tempfile.NamedTemporaryFile(prefix="tls-") as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)


def checked_name(name: str) -> str:
    """As it is in the certificate. Raises InvalidInput."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    if not HOST_NAME.fullmatch(name):
        raise InvalidInput(
            f"{name} is neither a host name nor an IP address, so it cannot be in the server's certificate."
        )
    return name.lower()
