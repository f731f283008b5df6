# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certification authorities of an authority, created when they are first needed, and the files they publish."""

from __future__ import annotations

import json
import os
import re
import secrets
import ssl
import stat
import threading
import typing as t
from contextlib import contextmanager
from datetime import timedelta

from .keys import vault
from .lifecycle import state
from .lifecycle.events import Place
from .parts import Parts
from .settings import CA_KEY_ALGORITHMS
from .signing import issuer
from .signing.issuer import Signer
from .store.authorities import CaRow
from .store.stored_settings import StoredSettings
from .store.transactions import Store, StoreError, Transaction
from .._files.folders import Folder, open_folder
from .._rules.errors import InvalidInput
from .._rules.times import millis

TRUST_FILE = "trust.pem"
# In the names of public CAs; an Amazon N2 hierarchy has roots of its own.
HIERARCHY_NAMES = {None: "", "N2_AMAZON_MANAGED": "N2", "N2_SFG2_AMAZON_MANAGED": "N2 SFG2"}
CA_STATUSES = ("CREATING", "PENDING_CERTIFICATE", "ACTIVE", "DELETED", "DISABLED", "EXPIRED", "FAILED")


class CertificationAuthorities:
    """Public and private CAs. Safe to use from several threads, and while other processes use the same directory.

    folder: where the files that clients may fetch are written.
    """

    def __init__(
        self,
        store: Store,
        opened_vault: vault.Vault,
        folder: str,
        *,
        place: Place,
        parts: Parts,
        settings: StoredSettings,
    ) -> None:
        self._store = store
        self._vault = opened_vault
        self._folder = folder
        self._place = place
        self._parts = parts
        self._settings = settings
        self._signers: dict[str, Signer] = {}
        self._making_ca = threading.Lock()

    @property
    def trust_file(self) -> str:
        return os.path.join(self._folder, TRUST_FILE)

    def signer(self, row: CaRow) -> Signer:
        if row.id not in self._signers:
            key = issuer.key_of_der(self._vault.open(row.sealed_key, vault.ca_context(row.id)))
            self._signers[row.id] = Signer.of(row.id, row.pem, key)
        return self._signers[row.id]

    def public(self, key_algorithm: str, root_hierarchy: t.Optional[str] = None) -> CaRow:
        """The intermediate that signs public certificates with such a key. It and its root are created when they are
        first needed, and again when a certificate would outlive them. root_hierarchy: of an Amazon N2 certificate."""
        settings = self._settings.current()
        is_rsa = key_algorithm.startswith("RSA")
        algorithm = settings.public_rsa_ca_key_algorithm if is_rsa else settings.public_ec_ca_key_algorithm
        hierarchy = HIERARCHY_NAMES[root_hierarchy]
        stem = "-".join(["public", *hierarchy.lower().split(), algorithm.lower()])
        with self._store.read() as tx:
            rows = [row for row in tx.cas.all() if row.role == "intermediate" and row.id.startswith(stem)]
        last_day = millis(self._parts.now() + settings.validity(state.AMAZON_ISSUED, root_hierarchy))
        for row in rows:
            if row.not_after >= last_day:
                return row
        name = stem if not rows else f"{stem}-{len(rows) + 1}"
        family = " ".join([*hierarchy.split(), algorithm.replace("_", " ")])
        number = "" if not rows else f" {len(rows) + 1}"
        with self._making_ca:
            self._ensure(
                f"{name}-root", algorithm, role="root", common_name=f"certops.acm {family} Root{number}",
                validity=timedelta(days=settings.ca_validity_days) * 2, identifier=f"{name}-root",
            )  # fmt: skip
            return self._ensure(
                name, algorithm, role="intermediate", common_name=f"certops.acm {family} Issuer{number}",
                validity=timedelta(days=settings.ca_validity_days), identifier=name, parent_name=f"{name}-root",
            )  # fmt: skip

    def ensure_public(self) -> None:
        """Create the CAs before the first request does, so that clients can already trust them."""
        for algorithm in ("RSA_2048", "EC_prime256v1"):
            self.public(algorithm)

    def private(
        self,
        name: str,
        *,
        key_algorithm: str = "RSA_2048",
        common_name: t.Optional[str] = None,
        validity_days: t.Optional[int] = None,
        account_id: t.Optional[str] = None,
        permitted_domains: t.Sequence[str] = (),
    ) -> CaRow:
        """The private CA of that name, created if it does not exist. account_id: the owner's. permitted_domains: its
        name constraints. permit says whether ACM may use it."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) or name.startswith("public-"):
            raise InvalidInput(
                f"{name!r} is not a valid name for a private CA: use letters, digits, '.', '_' and '-', not beginning "
                "with public-."
            )
        if key_algorithm not in CA_KEY_ALGORITHMS:
            raise InvalidInput(
                f"A CA cannot have a key of type {key_algorithm}: use one of {', '.join(CA_KEY_ALGORITHMS)}."
            )
        settings = self._settings.current()
        with self._store.read() as tx:
            number = sum(1 for row in tx.cas.all() if row.role == "private" and row.name != name)
        if number >= settings.quota_private_cas:
            raise InvalidInput(
                f"The authority already has {number} private CAs, the maximum that its setting quota_private_cas "
                "allows."
            )
        return self._ensure(
            name, key_algorithm, role="private", common_name=common_name or f"{name} CA",
            validity=timedelta(days=validity_days or settings.ca_validity_days), identifier=self._parts.new_id(),
            account_id=account_id, permitted_domains=permitted_domains,
        )  # fmt: skip

    def set_status(self, name: str, status: str) -> None:
        if status not in CA_STATUSES:
            raise InvalidInput(f"{status} is not a status of a private CA: it must be one of {', '.join(CA_STATUSES)}.")
        with self._store.write() as tx:
            row = tx.cas.named(name)
            if row is None or row.role != "private":
                raise InvalidInput(f"The authority has no private CA named {name}.")
            tx.cas.set_status(row.id, status)

    def permit(self, name: str, is_permitted: bool) -> None:
        """Whether the owner of a private CA lets ACM issue from it, as CreatePermission does on AWS."""
        with self._store.write() as tx:
            row = tx.cas.named(name)
            if row is None or row.role != "private":
                raise InvalidInput(f"The authority has no private CA named {name}.")
            tx.cas.set_facts(row.id, json.dumps({**json.loads(row.facts), "is_permitted": is_permitted}))

    def _ensure(
        self,
        name: str,
        algorithm: str,
        *,
        role: str,
        common_name: str,
        validity: timedelta,
        identifier: str,
        parent_name: t.Optional[str] = None,
        account_id: t.Optional[str] = None,
        permitted_domains: t.Sequence[str] = (),
    ) -> CaRow:
        with self._store.read() as tx:
            present = tx.cas.named(name)
            parent = tx.cas.named(parent_name) if parent_name else None
        if present:
            return present
        now = self._parts.now()
        certificate, key = issuer.make_ca(
            common_name=common_name,
            organization="certops.acm embedded authority",
            algorithm=algorithm,
            now=now,
            validity=validity,
            parent=self.signer(parent) if parent else None,
            publication_url=self._settings.current().publication_url,
            ocsp_url=self._settings.current().ocsp_url,
            permitted_domains=permitted_domains,
        )
        row = CaRow(
            id=identifier,
            arn=self._place.arn("acm-pca", f"certificate-authority/{identifier}", account_id),
            name=name,
            role=role,
            status="ACTIVE",
            key_algorithm=algorithm,
            parent_id=parent.id if parent else None,
            pem=issuer.pem_of(certificate),
            sealed_key=self._vault.seal(issuer.key_der(key), vault.ca_context(identifier)),
            not_after=millis(certificate.not_valid_after_utc),
            created_at=millis(now),
            crl_number=0,
            facts=json.dumps({"permitted_domains": list(permitted_domains)}),
        )
        with self._store.write() as tx:
            present = tx.cas.named(name)  # another process may have been faster
            if present is None:
                tx.cas.add(row)
        self.publish()
        return present or row

    # ---- published files

    def publish(self, with_crls: bool = False) -> None:
        """Write the files that clients may fetch: every CA certificate, all roots in one file, and on request the CRLs
        (a missing CRL is always written). Raises StoreError."""
        with self._store.read() as tx:
            rows = tx.cas.all()
        with self._publishing() as folder:
            for row in rows:
                _write_public(folder, f"{row.id}.crt", ssl.PEM_cert_to_DER_cert(row.pem), self._store.owner_for_root)
            roots = "".join(row.pem for row in rows if not row.parent_id)
            _write_public(folder, TRUST_FILE, roots.encode(), self._store.owner_for_root)
        for row in rows:
            if with_crls or not os.path.exists(os.path.join(self._folder, f"{row.id}.crl")):
                self.publish_crl(row)

    def publish_late_crls(self) -> None:
        """The revocation lists that lack a certificate that was revoked: they could not be written at that time, or the
        process was killed before. Raises StoreError."""
        with self._store.read() as tx:
            rows = [row for row in tx.cas.all() if tx.meta(_late(row))]
        for row in rows:
            self.publish_crl(row)

    def expect_crl(self, tx: Transaction, row: CaRow) -> None:
        """A certificate of this CA is revoked in the transaction; publish_crl has to follow."""
        tx.set_meta(_late(row), "since a revocation")

    def publish_crl(self, row: CaRow) -> None:
        """A fresh revocation list of one CA. Signed and written while other writers wait, so that an older list never
        replaces a newer one. Raises StoreError."""
        signer, now = self.signer(row), self._parts.now()
        with self._publishing() as folder, self._store.write() as tx:
            validity = timedelta(days=self._settings.read(tx).crl_days)
            number, is_public = tx.cas.next_crl_number(row.id), row.role != "private"
            crl = issuer.make_crl(signer, tx.revoked(row.id, now), number, now, validity, is_public)
            _write_public(folder, f"{row.id}.crl", issuer.certificate_der(crl), self._store.owner_for_root)
            if tx.meta(_late(row)):
                tx.set_meta(_late(row), "")

    @contextmanager
    def _publishing(self) -> t.Iterator[Folder]:
        try:
            with open_folder(self._folder, owner=self._store.owner_for_root) as folder:
                yield folder
        except OSError as error:
            raise StoreError(
                f"{self._folder} cannot be written ({error.strerror or error}): "
                "make sure that the authority's owner can write to it and that there is free space; the next sweep "
                "tries again."
            ) from error


def _late(row: CaRow) -> str:
    """Where the store remembers that the revocation list is not up to date."""
    return f"late_crl {row.id}"


def _write_public(folder: Folder, name: str, content: bytes, owner: t.Optional[int]) -> None:
    status = folder.status(name)
    if status and stat.S_ISREG(status.st_mode) and folder.read(name)[0] == content:
        return
    temporary = f".{name}-{secrets.token_hex(4)}"  # sweep.py finds it, should this process be killed
    folder.create(temporary, content, 0o644, owner=owner)
    try:
        folder.rename(temporary, name)
    except BaseException:
        folder.unlink(temporary)
        raise
