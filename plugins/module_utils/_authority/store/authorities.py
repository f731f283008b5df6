# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certification authorities in the store."""

from __future__ import annotations

import json
import typing as t


class CaRow(t.NamedTuple):
    id: str
    arn: str
    name: str
    role: str  # root, intermediate, private
    status: str
    key_algorithm: str
    parent_id: t.Optional[str]
    pem: str
    sealed_key: bytes
    not_after: int
    created_at: int
    crl_number: int
    facts: str
    issued: int = 0  # how many certificates it has signed

    @property
    def is_permitted(self) -> bool:
        """Whether its owner allows ACM to issue from it."""
        return bool(json.loads(self.facts).get("is_permitted", True))


CAS = "SELECT *, COALESCE((SELECT value FROM counters WHERE counters.name = cas.id AND day = 0), 0) FROM cas"


class Authorities:
    """The certification authorities, in one transaction."""

    def __init__(self, execute: t.Callable[..., t.Any]) -> None:
        self._execute = execute

    def all(self) -> list[CaRow]:
        return [CaRow(*row) for row in self._execute(f"{CAS} ORDER BY created_at, id")]

    def chain(self, identifier: str) -> list[CaRow]:
        """The CA of that id and those above it, the root last."""
        chain: list[CaRow] = []
        above: t.Optional[str] = identifier
        while above:
            chain.append(CaRow(*self._execute(f"{CAS} WHERE id = ?", (above,)).fetchone()))
            above = chain[-1].parent_id
        return chain

    def of_arn(self, arn: str) -> t.Optional[CaRow]:
        row = self._execute(f"{CAS} WHERE arn = ?", (arn,)).fetchone()
        return CaRow(*row) if row else None

    def named(self, name: str) -> t.Optional[CaRow]:
        row = self._execute(f"{CAS} WHERE name = ?", (name,)).fetchone()
        return CaRow(*row) if row else None

    def add(self, row: CaRow) -> None:
        columns = row[: len(row) - 1]
        self._execute(f"INSERT INTO cas VALUES ({', '.join('?' * len(columns))})", columns)

    def set_status(self, identifier: str, status: str) -> None:
        self._execute("UPDATE cas SET status = ? WHERE id = ?", (status, identifier))

    def set_facts(self, identifier: str, facts: str) -> None:
        self._execute("UPDATE cas SET facts = ? WHERE id = ?", (facts, identifier))

    def next_crl_number(self, ca_id: str) -> int:
        self._execute("UPDATE cas SET crl_number = crl_number + 1 WHERE id = ?", (ca_id,))
        return self._execute("SELECT crl_number FROM cas WHERE id = ?", (ca_id,)).fetchone()[0]
