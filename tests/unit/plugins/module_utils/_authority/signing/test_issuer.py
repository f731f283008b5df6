# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and lists as they are signed: what is noted while signing, and what a list says."""

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.plugins.module_utils._authority.signing import issuer
from ansible_collections.certops.acm.tests.support.authority_lab import Lab


@pytest.mark.parametrize("ca", ["RSA_2048", "RSA_4096", "EC_prime256v1", "EC_secp384r1"])
def test_what_is_shown_is_what_the_leaf_says(lab: Lab, ca: str) -> None:
    """It is written down while the leaf is made, and not read out of it."""
    arn = lab.ca(ca, key_algorithm=ca, common_name='Büro, "Test" + 1')
    for algorithm in ("RSA_2048",) if ca.startswith("RSA") else ("EC_prime256v1", "EC_secp384r1"):
        made = lab.private("*.corp.test", ca=arn, KeyAlgorithm=algorithm, SubjectAlternativeNames=["corp.test"])
        with lab.authority.store.read() as tx:
            certificate, row = tx.certificate(made[-36:]), tx.leaf(made[-36:])
        assert certificate and row
        assert certificate.leaf == issuer.leaf_facts(pem.load_certificate(row.pem))
