# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificate and chain as ACM returns them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_import import options
from ansible_collections.certops.acm.plugins.module_utils._acm_import.held import read_held
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.tests.support.broken_material import given


def test_a_chain_that_begins_with_the_certificate_is_the_same_chain(pki: Any) -> None:
    pair = pki.leaf()
    plain = read_held({"Certificate": pair.pem, "CertificateChain": pair.chain_pem})
    assert plain == read_held({"Certificate": pair.pem, "CertificateChain": pair.pem + pair.chain_pem})
    assert plain.is_same(options.read(given(pair), pki.now).ready)


@pytest.mark.parametrize("chain", [None, "the certificate itself"])
def test_without_a_chain(pki: Any, chain: str | None) -> None:
    pair = pki.authority("self-signed")
    held = read_held({"Certificate": pair.pem, "CertificateChain": pair.pem if chain else None})
    assert (held.certificate, held.chain) == (pair.certificate, ())


def test_another_chain_or_another_certificate_is_not_the_same(pki: Any) -> None:
    pair, other = pki.leaf(), pki.leaf(number=7)
    held = read_held({"Certificate": pair.pem, "CertificateChain": pair.chain_pem})
    assert not held.is_same(options.read(given(other), pki.now).ready)
    assert not held._replace(chain=()).is_same(options.read(given(pair), pki.now).ready)


@pytest.mark.parametrize("answer", [{}, {"Certificate": "no PEM"}])
def test_an_answer_without_a_certificate_is_refused(answer: dict[str, str]) -> None:
    with pytest.raises(InvalidMaterial):
        read_held(answer)
