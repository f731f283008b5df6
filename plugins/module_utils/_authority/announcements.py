# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events, stored in the transaction of the change that they report; delivery/ brings them to consumers later."""

from __future__ import annotations

import typing as t
from datetime import datetime

from .lifecycle import events
from .lifecycle.events import Place
from .lifecycle.state import Certificate
from .store.transactions import Transaction


class Announcements:
    """place: partition, account and region of the authority. new_id: returns a new event id."""

    def __init__(self, place: Place, new_id: t.Callable[[], str]) -> None:
        self._place = place
        self._new_id = new_id

    def event(
        self,
        tx: Transaction,
        detail_type: str,
        certificate: Certificate,
        now: datetime,
        once: str = "",
        **details: t.Any,
    ) -> None:
        """Store an event of ACM. once: a key that keeps the same event from being stored twice."""
        detail = events.detail(detail_type, certificate, now, **details)
        key = f"{detail_type} {certificate.id} {once}" if once else None
        tx.journal.add_event(now, certificate.arn, detail_type, self._new_id(), detail, key)

    def health_event(
        self, tx: Transaction, code: str, certificate: Certificate, now: datetime, said: str, once: str = ""
    ) -> None:
        """Store an event of AWS Health. said: what happened, for people. certificate: as events.health_detail expects
        it."""
        identifier = self._new_id()
        detail = events.health_detail(code, certificate, self._place, now, identifier, said)
        key = f"{code} {certificate.id} {once}" if once else None
        tx.journal.add_event(now, certificate.arn, events.HEALTH, identifier, detail, key)
