# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Due work is done once, whoever finds it first, and a failing certificate does not stop the others."""

from __future__ import annotations

import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import opening, sweep
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing import issuance
from ansible_collections.certops.acm.plugins.module_utils._authority.parts import Parts
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab


def test_two_simultaneous_sweeps_renew_once(lab: Lab, clock: Clock) -> None:
    arns = [lab.exported() for _number in range(12)]
    clock.advance(days=340)
    gate = threading.Barrier(3)

    def renewed_by(authority: t.Any) -> list[str]:
        gate.wait()
        return sweep.sweep(authority).renewed

    beside = [opening.open_authority(lab.path, parts=Parts(clock=clock)) for _number in range(2)]
    with ThreadPoolExecutor(3) as pool:
        renewed = [arn for found in pool.map(renewed_by, [lab.authority, *beside]) for arn in found]
    assert set(renewed) == set(arns)
    assert len(lab.events("ACM Certificate Available")) == 24  # issued, and renewed once
    with lab.authority.store.read() as tx:
        assert tx.cas.named("corp").issued == 24  # type: ignore[union-attr]


def test_a_sweep_after_a_year_without_any(lab: Lab, clock: Clock) -> None:
    late, lost = lab.exported(), lab.exported()
    lab.set(private_validity_days=500)
    living = lab.exported()
    pending = lab.public("silence.example.com")
    clock.advance(days=450)
    swept = sweep.sweep(lab.authority)
    assert swept.renewed == [living] and swept.troubles == []
    assert [lab.status(arn) for arn in (late, lost, living, pending)] == [
        "EXPIRED",
        "EXPIRED",
        "ISSUED",
        "VALIDATION_TIMED_OUT",
    ]
    assert len(lab.events("ACM Certificate Expired")) == 2
    assert sweep.sweep(lab.authority).looked_at == 0


def test_a_failing_certificate_does_not_stop_the_others(
    lab: Lab, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    arns = sorted(lab.exported() for _number in range(3))
    clock.advance(days=340)
    sign = issuance.sign

    def sign_or_not(authority: t.Any, certificate: t.Any, *others: t.Any) -> t.Any:
        if certificate.arn == arns[1]:
            raise RuntimeError("a defect")
        return sign(authority, certificate, *others)

    monkeypatch.setattr(issuance, "sign", sign_or_not)
    swept = sweep.sweep(lab.authority)
    assert sorted(swept.renewed) == [arns[0], arns[2]]
    assert swept.troubles == [f"{arns[1]}: unexpected RuntimeError."]
