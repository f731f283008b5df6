# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PEM as people paste it, repaired."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem_repair
from ansible_collections.certops.acm.plugins.module_utils._x509.material import make_ready
from ansible_collections.certops.acm.plugins.module_utils._x509.source_reading import Source, read_source
from ansible_collections.certops.acm.tests.support.damaged_pem import as_bytes, MANGLED


@pytest.mark.parametrize("how", MANGLED)
def test_text_as_people_paste_it_is_accepted(pki: Any, how: str) -> None:
    for kind in ("P-256", "2048"):
        pair = pki.leaf(kind=kind)
        text = pair.pem + pair.chain_pem + pair.key_pem
        ready = make_ready([Source("bundle", "bundle", as_bytes(MANGLED[how](text)))], None, pki.now)
        assert (ready.certificate, ready.chain) == (pair.certificate, pair.issuers[:1])
        assert ready.private_key_pem.decode() == pair.key_pem


@pytest.mark.parametrize("how", MANGLED)
def test_the_repair_is_idempotent(pki: Any, how: str) -> None:
    """So there is only one way of reading: clean PEM passes the repair unchanged."""
    text = pki.leaf().pem + pki.leaf().key_pem
    assert pem_repair.repaired(text.encode()) == text.encode()


@pytest.mark.parametrize(
    "evil",
    [
        b"-" * 2_000_000,
        b"-----BEGIN " * 180_000,
        b"-----BEGIN CERTIFICATE-----" * 70_000,
        b"-----BEGIN CERTIFICATE-----\n" + b"A: b\n" * 400_000,
        b"-----BEGIN CERTIFICATE-----" + b"-" * 2_000_000 + b"-----END CERTIFICATE-----",
        b"\\" * 2_000_000,
        b"`" * 2_000_000,
        b"<" * 2_000_000,
        b"&#" * 1_000_000,
        b'"' * 2_000_000,
        b"'" + b" " * 2_000_000,
        b"%0" * 1_000_000,
        b"Proc-Type:" * 200_000,
        b"LS0tLS1CRUdJTi" * 150_000,
        b"{" + b'"' * 2_000_000,
        b"{{" * 1_000_000,
        b"A" * 2_000_000,
    ],
    ids=lambda evil: repr(evil[:12]),
)
def test_hostile_text_is_repaired_in_linear_time(evil: bytes) -> None:
    """Nothing is timed: a step that is not linear would take hours here, and reach the suite's own limit."""
    with pytest.raises(InvalidMaterial):
        read_source(Source("bundle", "bundle", evil), None)
