# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the embedded authority: `lab`, `clock`, `dns`."""

from __future__ import annotations

from ansible_collections.certops.acm.tests.support.authority_lab import clock, dns, lab

__all__ = ["clock", "dns", "lab"]
