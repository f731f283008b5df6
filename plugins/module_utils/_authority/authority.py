# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An opened authority, which every operation works with. creation.py creates one, opening.py opens it."""

from __future__ import annotations

import os
import typing as t
from datetime import datetime

from .announcements import Announcements
from .cas import CertificationAuthorities
from .keys import vault
from .keys.lease import Lease
from .keys.smtp_password import SmtpPassword
from .lifecycle import state
from .lifecycle.events import Place
from .lifecycle.state import Certificate
from .parts import Parts
from .settings import Settings
from .store.stored_settings import StoredSettings
from .store.transactions import Store, Transaction

PUBLIC_FOLDER = "public"


class Authority:
    """An opened authority. Safe to use from several threads, and while other processes use the same directory."""

    def __init__(
        self, path: str, store: Store, opened_vault: vault.Vault, place: Place, parts: Parts, lease: Lease
    ) -> None:
        self.path = path
        self.store = store
        self.vault = opened_vault
        self.place = place
        self.parts = parts
        self.lease = lease
        self.smtp_password = SmtpPassword(store, opened_vault)
        self.announce = Announcements(place, parts.new_id)
        self._settings = StoredSettings(store)
        self.cas = CertificationAuthorities(
            store,
            opened_vault,
            self.public_folder,
            place=place,
            parts=parts,
            settings=self._settings,
        )

    # ---- what it is

    @property
    def region(self) -> str:
        return self.place.region

    @property
    def public_folder(self) -> str:
        return os.path.join(self.path, PUBLIC_FOLDER)

    def now(self) -> datetime:
        return self.parts.now()

    def arn(self, service: str, resource: str) -> str:
        return self.place.arn(service, resource)

    @property
    def settings(self) -> Settings:
        """The settings now in the store: another process may have changed them."""
        return self._settings.current()

    def settings_in(self, tx: Transaction) -> Settings:
        return self._settings.read(tx)

    def configure(self, wanted: t.Mapping[str, t.Any]) -> Settings:
        """Change some settings permanently."""
        return self._settings.change(wanted)

    # ---- every change to a certificate goes through here

    def save(self, tx: Transaction, certificate: Certificate, now: datetime, tags: t.Any = None) -> None:
        """Store a certificate and the time when a sweep must look at it; `tags` (a dict) for a new certificate."""
        due_at = self.due_at(tx, certificate, now)
        if tags is None:
            tx.put(certificate, due_at)
        else:
            tx.add(certificate, tags, due_at)

    def due_at(self, tx: Transaction, certificate: Certificate, now: datetime) -> t.Optional[datetime]:
        return state.next_due_at(certificate, now, self.settings_in(tx), self.days_before_expiry(tx))

    def due_basis(self, tx: Transaction) -> list[t.Any]:
        """What the stored due times depend on; see sweep.py."""
        settings = self.settings_in(tx)
        return [self.days_before_expiry(tx), *(getattr(settings, name) for name in state.DUE_SETTINGS)]

    def days_before_expiry(self, tx: Transaction) -> int:
        """The number set for the account (PutAccountConfiguration), or else the setting's."""
        return int(tx.meta("days_before_expiry") or self.settings_in(tx).days_before_expiry)
