# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An opened authority: what every operation works with. directory.py makes and opens one."""

from __future__ import annotations

import json
import os
import re
import tempfile
import threading
import typing as t
import uuid
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from .._x509 import pem
from .keys import vault
from .keys.lease import Lease
from .lifecycle import events, state
from .signing import issuer
from .lifecycle.events import Place
from .signing.issuer import Signer
from .lifecycle.state import Certificate
from . import leftovers
from .settings import CA_KEY_ALGORITHMS, Settings
from .._rules.times import millis
from .store.authorities import CaRow
from .store.transactions import (
    Store,
    StoreError,
    Transaction,
)
from .._rules.errors import InvalidInput

PUBLIC_FOLDER = "public"
TRUST_FILE = "trust.pem"
# In the names of public CAs; an Amazon N2 hierarchy has roots of its own.
HIERARCHY_NAMES = {None: "", "N2_AMAZON_MANAGED": "N2", "N2_SFG2_AMAZON_MANAGED": "N2 SFG2"}
CA_STATUSES = ("CREATING", "PENDING_CERTIFICATE", "ACTIVE", "DELETED", "DISABLED", "EXPIRED", "FAILED")


def system_clock() -> datetime:
    return datetime.now(timezone.utc)


def random_uuid() -> str:
    return str(uuid.uuid4())


class Parts(t.NamedTuple):
    """What the authority takes from outside; tests give others."""

    clock: t.Callable[[], datetime] = system_clock
    new_id: t.Callable[[], str] = random_uuid


class Authority:
    """An opened authority. Safe to use from several threads, and beside other processes in the same directory."""

    def __init__(
        self, path: str, store: Store, opened_vault: vault.Vault, place: Place, parts: Parts, lease: Lease
    ) -> None:
        self.path = path
        self.store = store
        self.vault = opened_vault
        self.place = place
        self.parts = parts
        self.lease = lease
        self._signers: dict[str, Signer] = {}
        self._making_ca = threading.Lock()
        self._settings: t.Tuple[t.Optional[str], Settings] = (None, Settings())

    # ---- what it is

    @property
    def region(self) -> str:
        return self.place.region

    @property
    def public_folder(self) -> str:
        return os.path.join(self.path, PUBLIC_FOLDER)

    @property
    def trust_file(self) -> str:
        return os.path.join(self.public_folder, TRUST_FILE)

    def now(self) -> datetime:
        moment = self.parts.clock()
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def arn(self, service: str, resource: str, account_id: t.Optional[str] = None) -> str:
        account = account_id or self.place.account_id
        return f"arn:{self.place.partition}:{service}:{self.place.region}:{account}:{resource}"

    @property
    def settings(self) -> Settings:
        """As they stand in the store now: another process may have changed them."""
        with self.store.ask() as tx:
            return self.settings_in(tx)

    def settings_in(self, tx: Transaction) -> Settings:
        stored = tx.meta("settings") or "{}"
        if self._settings[0] != stored:
            self._settings = (stored, Settings.of(json.loads(stored)))
        return self._settings[1]

    def configure(self, wanted: t.Mapping[str, t.Any]) -> Settings:
        """Replace some settings, for good."""
        with self.store.write() as tx:
            settings = self.settings_in(tx).changed(wanted)
            tx.set_meta("settings", json.dumps(settings.differing()))
        return settings

    def smtp_password(self) -> t.Optional[str]:
        with self.store.read() as tx:
            sealed = tx.meta("smtp_password")
        return self.vault.open(bytes.fromhex(sealed), "smtp password").decode() if sealed else None

    def set_smtp_password(self, password: str) -> bool:
        """Keep the mail server's password, or forget it when empty; whether it is another one than before."""
        if (self.smtp_password() or "") == password:
            return False
        with self.store.write() as tx:
            sealed = self.vault.seal(password.encode(), "smtp password").hex() if password else ""
            tx.set_meta("smtp_password", sealed)
        return True

    # ---- what every change of a certificate goes through

    def save(self, tx: Transaction, certificate: Certificate, now: datetime, tags: t.Any = None) -> None:
        """Store a certificate and when a sweep must look at it; `tags` (a dict) for a new one."""
        due_at = self.due_at(tx, certificate, now)
        if tags is None:
            tx.put(certificate, due_at)
        else:
            tx.add(certificate, tags, due_at)

    def due_at(self, tx: Transaction, certificate: Certificate, now: datetime) -> t.Optional[datetime]:
        return state.next_due_at(certificate, now, self.settings_in(tx), self.days_before_expiry(tx))

    def due_basis(self, tx: Transaction) -> list[t.Any]:
        """What stored dues depend on; see sweep.py."""
        settings = self.settings_in(tx)
        return [self.days_before_expiry(tx), *(getattr(settings, name) for name in state.DUE_SETTINGS)]

    def days_before_expiry(self, tx: Transaction) -> int:
        """The account's own (PutAccountConfiguration), else the setting's."""
        return int(tx.meta("days_before_expiry") or self.settings_in(tx).days_before_expiry)

    def tell(
        self,
        tx: Transaction,
        detail_type: str,
        certificate: Certificate,
        now: datetime,
        once: str = "",
        **details: t.Any,
    ) -> None:
        """Store an event in the transaction of the change that it tells of. `once`: a key under which it is told once."""
        detail = events.detail(detail_type, certificate, now, **details)
        key = f"{detail_type} {certificate.id} {once}" if once else None
        tx.journal.add_event(now, certificate.arn, detail_type, self.parts.new_id(), detail, key)

    def tell_health(
        self, tx: Transaction, code: str, certificate: Certificate, now: datetime, said: str, once: str = ""
    ) -> None:
        """The same for an event of AWS Health; `said`: what happened, for people. certificate: as events.health_detail
        wants it."""
        identifier = self.parts.new_id()
        detail = events.health_detail(code, certificate, self.place, now, identifier, said)
        key = f"{code} {certificate.id} {once}" if once else None
        tx.journal.add_event(now, certificate.arn, events.HEALTH, identifier, detail, key)

    # ---- certification authorities

    def signer(self, row: CaRow) -> Signer:
        if row.id not in self._signers:
            key = issuer.key_of_der(self.vault.open(row.sealed_key, f"ca {row.id}"))
            self._signers[row.id] = Signer.of(row.id, pem.load_certificate(row.pem), key)
        return self._signers[row.id]

    def public_ca(self, key_algorithm: str, root_hierarchy: t.Optional[str] = None) -> CaRow:
        """The intermediate that signs public certificates with such a key; it and its root are made when they are
        first needed, and again when what they sign would outlive them. root_hierarchy: of an Amazon N2 certificate."""
        settings = self.settings
        is_rsa = key_algorithm.startswith("RSA")
        algorithm = settings.public_rsa_ca_key_algorithm if is_rsa else settings.public_ec_ca_key_algorithm
        hierarchy = HIERARCHY_NAMES[root_hierarchy]
        stem = "-".join(["public", *hierarchy.lower().split(), algorithm.lower()])
        with self.store.read() as tx:
            rows = [row for row in tx.cas.all() if row.role == "intermediate" and row.id.startswith(stem)]
        last_day = millis(self.now() + settings.validity(state.AMAZON_ISSUED, root_hierarchy))
        for row in rows:
            if row.not_after >= last_day:
                return row
        name = stem if not rows else f"{stem}-{len(rows) + 1}"
        family = " ".join([*hierarchy.split(), algorithm.replace("_", " ")])
        number = "" if not rows else f" {len(rows) + 1}"
        with self._making_ca:
            self._ensure_ca(
                f"{name}-root", algorithm, role="root", common_name=f"certops.acm {family} Root{number}",
                validity=timedelta(days=settings.ca_validity_days) * 2, identifier=f"{name}-root",
            )  # fmt: skip
            return self._ensure_ca(
                name, algorithm, role="intermediate", common_name=f"certops.acm {family} Issuer{number}",
                validity=timedelta(days=settings.ca_validity_days), identifier=name, parent_name=f"{name}-root",
            )  # fmt: skip

    def ensure_public_cas(self) -> None:
        """Make the CAs that would be made at the first request, so that clients can trust them before."""
        for algorithm in ("RSA_2048", "EC_prime256v1"):
            self.public_ca(algorithm)

    def private_ca(
        self,
        name: str,
        *,
        key_algorithm: str = "RSA_2048",
        common_name: t.Optional[str] = None,
        validity_days: t.Optional[int] = None,
        account_id: t.Optional[str] = None,
        permitted_domains: t.Sequence[str] = (),
    ) -> CaRow:
        """The private CA of that name, made when there is none. account_id: whose it is. permitted_domains: its name
        constraints. permit_ca says whether ACM may use it."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) or name.startswith("public-"):
            raise InvalidInput(
                f"{name!r} is no name for a private CA: take letters, digits, '.', '_' and '-', not beginning with public-."
            )
        if key_algorithm not in CA_KEY_ALGORITHMS:
            raise InvalidInput(
                f"A CA cannot have a key of the kind {key_algorithm}: take one of {', '.join(CA_KEY_ALGORITHMS)}."
            )
        settings = self.settings
        with self.store.read() as tx:
            number = sum(1 for row in tx.cas.all() if row.role == "private" and row.name != name)
        if number >= settings.quota_private_cas:
            raise InvalidInput(
                f"The authority has {number} private CAs, and its setting quota_private_cas allows no more."
            )
        return self._ensure_ca(
            name, key_algorithm, role="private", common_name=common_name or f"{name} CA",
            validity=timedelta(days=validity_days or settings.ca_validity_days), identifier=self.parts.new_id(),
            account_id=account_id, permitted_domains=permitted_domains,
        )  # fmt: skip

    def set_ca_status(self, name: str, status: str) -> None:
        if status not in CA_STATUSES:
            raise InvalidInput(f"{status} is no status of a private CA: take one of {', '.join(CA_STATUSES)}.")
        with self.store.write() as tx:
            row = tx.cas.named(name)
            if row is None or row.role != "private":
                raise InvalidInput(f"The authority has no private CA named {name}.")
            tx.cas.set_status(row.id, status)

    def permit_ca(self, name: str, is_permitted: bool) -> None:
        """Whether the owner of a private CA lets ACM issue from it, as CreatePermission does on AWS."""
        with self.store.write() as tx:
            row = tx.cas.named(name)
            if row is None or row.role != "private":
                raise InvalidInput(f"The authority has no private CA named {name}.")
            tx.cas.set_facts(row.id, json.dumps({**json.loads(row.facts), "is_permitted": is_permitted}))

    def _ensure_ca(
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
        with self.store.read() as tx:
            present = tx.cas.named(name)
            parent = tx.cas.named(parent_name) if parent_name else None
        if present:
            return present
        now = self.now()
        certificate, key = issuer.make_ca(
            common_name=common_name,
            organization="certops.acm embedded authority",
            algorithm=algorithm,
            now=now,
            validity=validity,
            parent=self.signer(parent) if parent else None,
            publication_url=self.settings.publication_url,
            ocsp_url=self.settings.ocsp_url,
            permitted_domains=permitted_domains,
        )
        row = CaRow(
            id=identifier,
            arn=self.arn("acm-pca", f"certificate-authority/{identifier}", account_id),
            name=name,
            role=role,
            status="ACTIVE",
            key_algorithm=algorithm,
            parent_id=parent.id if parent else None,
            pem=pem.certificate_pem(certificate),
            sealed_key=self.vault.seal(issuer.key_der(key), f"ca {identifier}"),
            not_after=millis(certificate.not_valid_after_utc),
            created_at=millis(now),
            crl_number=0,
            facts=json.dumps({"permitted_domains": list(permitted_domains)}),
        )
        with self.store.write() as tx:
            present = tx.cas.named(name)  # another process may have been quicker
            if present is None:
                tx.cas.add(row)
        self.publish()
        return present or row

    # ---- public/

    def publish(self, with_crls: bool = False) -> None:
        """Write what clients may fetch: every CA certificate, all roots in one file, and the CRLs on request (one that
        is missing always). Raises StoreError."""
        with self.store.read() as tx:
            rows = tx.cas.all()
        with self._publishing():
            leftovers.remove(self.public_folder)
            for row in rows:
                der = issuer.certificate_der(pem.load_certificate(row.pem))
                _write_public(self.public_folder, f"{row.id}.crt", der)
            roots = "".join(row.pem for row in rows if not row.parent_id)
            _write_public(self.public_folder, TRUST_FILE, roots.encode())
        for row in rows:
            if with_crls or not os.path.exists(os.path.join(self.public_folder, f"{row.id}.crl")):
                self.publish_crl(row)

    def publish_crl(self, row: CaRow) -> None:
        """A fresh revocation list of one CA. Signed and written while other writers wait, so that no older list can
        take the place of a newer one. Raises StoreError."""
        signer, now = self.signer(row), self.now()
        with self._publishing(), self.store.write() as tx:
            validity = timedelta(days=self.settings_in(tx).crl_days)
            number, is_public = tx.cas.next_crl_number(row.id), row.role != "private"
            crl = issuer.make_crl(signer, tx.revoked(row.id, now), number, now, validity, is_public)
            _write_public(self.public_folder, f"{row.id}.crl", issuer.certificate_der(crl))

    @contextmanager
    def _publishing(self) -> t.Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"{self.public_folder} cannot be written ({error.strerror or error}): "
                "make it a folder of the authority's owner, with free space; the next sweep publishes again."
            ) from error


def _write_public(folder: str, name: str, content: bytes) -> None:
    target = os.path.join(folder, name)
    try:
        with open(target, "rb") as file:
            if file.read() == content:
                return
    except FileNotFoundError:
        pass
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)
        os.rename(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
