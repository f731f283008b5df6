# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixture `ca`: a root and an intermediate that issue what sets consist of, by the clock of these tests."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.key_pair import KeyPair, read_key_pair
from ansible_collections.certops.acm.tests.support.pki import Pair, Pki

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)


class Authority:
    def __init__(self) -> None:
        self.pki = Pki(NOW)
        self.root = self.pki.authority("Root")
        self.intermediate = self.pki.authority("Intermediate", self.root)

    def leaf(self, name: str = "www.example.com", **wanted: t.Any) -> Pair:
        """A certificate with a key of its own below the intermediate. wanted: arguments of Pki.issue()."""
        return self.pki.issue(name, self.intermediate, key=ec.generate_private_key(ec.SECP256R1()), **wanted)

    def texts(self, name: str = "www.example.com", **wanted: t.Any) -> tuple[str, str, str]:
        """Certificate, chain and key as PEM."""
        leaf = self.leaf(name, **wanted)
        return leaf.pem, leaf.chain_pem, leaf.key_pem

    def pair(self, name: str = "www.example.com", **wanted: t.Any) -> KeyPair:
        return read_key_pair(name, *self.texts(name, **wanted))


@pytest.fixture(scope="session")
def ca() -> Authority:
    return Authority()
