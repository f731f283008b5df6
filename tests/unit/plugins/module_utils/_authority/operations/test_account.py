# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account's configuration (acm-rules §8)."""

from __future__ import annotations

from ansible_collections.certops.acm.tests.support.authority_lab import Lab


def test_days_before_expiry_has_a_maximum(lab: Lab) -> None:
    wanted = {"ExpiryEvents": {"DaysBeforeExpiry": 46}, "IdempotencyToken": "a"}
    assert "1 to 45" in lab.fails("put_account_configuration", "ValidationException", **wanted)


def test_put_account_configuration_is_idempotent_by_its_token(lab: Lab) -> None:
    lab.acm.put_account_configuration(ExpiryEvents={"DaysBeforeExpiry": 10}, IdempotencyToken="a")
    lab.acm.put_account_configuration(ExpiryEvents={"DaysBeforeExpiry": 11}, IdempotencyToken="a")
    assert lab.acm.get_account_configuration()["ExpiryEvents"] == {"DaysBeforeExpiry": 10}
    lab.acm.put_account_configuration(ExpiryEvents={"DaysBeforeExpiry": 11}, IdempotencyToken="b")
    assert lab.acm.get_account_configuration()["ExpiryEvents"] == {"DaysBeforeExpiry": 11}
