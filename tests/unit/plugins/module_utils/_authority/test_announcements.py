# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events are stored in the transaction of the change that they report."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle import events
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab


def test_an_event_is_announced_with_its_change_or_not_at_all(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    ca = lab.ca()
    before = len(lab.audit())

    def broken(*_arguments: t.Any, **_members: t.Any) -> None:
        raise RuntimeError("the power goes")

    monkeypatch.setattr(lab.authority.announce, "event", broken)
    lab.fails(
        "request_certificate", "InternalFailure", DomainName="a.corp.test", CertificateAuthorityArn=ca,
        KeyAlgorithm="EC_prime256v1",
    )  # fmt: skip
    monkeypatch.undo()
    assert lab.events() == [] and len(lab.audit()) == before
    assert lab.acm.search_certificates()["Results"] == []


def test_an_event_announced_twice_is_stored_once(lab: Lab, clock: Clock) -> None:
    arn = lab.private()
    with lab.authority.store.write() as tx:
        certificate = tx.certificate(arn[-36:])
        assert certificate
        for once in ("", "", "", "a", "a", "b"):
            lab.authority.announce.event(tx, events.APPROACHING, certificate, clock.now, once=once)
            lab.authority.announce.health_event(
                tx, events.RENEWAL_STATE_CHANGE, certificate, clock.now, "It was renewed.", once=once
            )
    for kind in (events.APPROACHING, events.HEALTH):
        found = lab.events(kind)
        assert len(found) == 5 == len({event["id"] for event in found})
        assert {event["resources"][0] for event in found} == {arn}
