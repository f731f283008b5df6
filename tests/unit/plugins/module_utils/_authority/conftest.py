# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the embedded authority: `lab`, `clock`, `dns`, `pki`."""

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.tests.support.authority_lab import START, clock, dns, lab
from ansible_collections.certops.acm.tests.support.pki import Pki

__all__ = ["clock", "dns", "lab"]


@pytest.fixture(scope="session")
def pki() -> Pki:
    """By the clock of the lab, not by that of the machine."""
    return Pki(START)
