# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sweep does whatever is due; its renewals, deliveries and rotations are tested with those."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ansible_collections.certops.acm.plugins.module_utils._authority import sweep
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab


def test_nothing_is_due(lab: Lab) -> None:
    lab.private()
    assert sweep.sweep(lab.authority) == sweep.Swept(0, [], [], [], [])


def test_public_leftovers_of_killed_writes_are_removed(lab: Lab) -> None:
    public = Path(lab.authority.public_folder)
    old, fresh = public / ".trust.pem-abcd1234", public / ".trust.pem-efgh5678"
    for path in (old, fresh):
        path.write_text("half")
    os.utime(old, (time.time() - 7200,) * 2)
    sweep.sweep(lab.authority)
    assert not old.exists() and fresh.exists()


def test_calls_events_and_tokens_are_forgotten_in_time(lab: Lab, clock: Clock) -> None:
    lab.set(audit_kept_days=10, events_kept_days=20, idempotency_minutes=60)
    first = lab.private(IdempotencyToken="a")
    clock.advance(minutes=59)
    sweep.sweep(lab.authority)
    assert lab.private(IdempotencyToken="a") == first
    clock.advance(days=11)
    sweep.sweep(lab.authority)
    assert lab.audit() == [] and len(lab.events()) == 1
    assert lab.private(IdempotencyToken="a") != first
    clock.advance(days=10)
    sweep.sweep(lab.authority)
    assert len(lab.events()) == 1  # the second one's


def test_certificates_made_due_by_a_changed_setting_are_found(lab: Lab, clock: Clock) -> None:
    lab.export(lab.private())
    clock.advance(days=200)
    assert sweep.sweep(lab.authority).looked_at == 0
    lab.set(renewal_window_days=300)
    assert sweep.sweep(lab.authority).looked_at == 1
