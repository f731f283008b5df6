# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is stored about a certificate, and read back."""

from __future__ import annotations

from ansible_collections.certops.acm.plugins.module_utils._authority.store import facts
from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle.state import Certificate
from ansible_collections.certops.acm.tests.support.drawn_certificates import CERTIFICATES
from hypothesis import given, settings


@settings(max_examples=200, deadline=None)
@given(CERTIFICATES)
def test_facts_survive_the_store(one: Certificate) -> None:
    assert facts.read(facts.text(one)) == one
