# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events and audit records in the store: found again, completed on reading, and forgotten in time."""

from __future__ import annotations

import json
import typing as t
from datetime import timedelta

from ansible_collections.certops.acm.plugins.module_utils._authority import sweep
from ansible_collections.certops.acm.plugins.module_utils._authority.store.event_log import Wanted
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab


def test_old_events_are_forgotten(lab: Lab, clock: Clock) -> None:
    lab.set(events_kept_days=10, audit_kept_days=5)
    lab.private()
    clock.advance(days=6)
    sweep.sweep(lab.authority)
    assert len(lab.events()) == 1 and lab.audit() == []
    clock.advance(days=6)
    sweep.sweep(lab.authority)
    assert lab.events() == []


def test_events_from_a_wrong_clock_do_not_keep_old_ones(lab: Lab, clock: Clock) -> None:
    lab.set(events_kept_days=10, audit_kept_days=10)
    lab.ca()
    clock.advance(days=3000)
    future = lab.private()
    clock.advance(days=-3000)
    lab.private()
    clock.advance(days=11)
    arn = lab.private()
    sweep.sweep(lab.authority)
    assert [event["resources"] for event in lab.events()] == [[future], [arn]]
    assert [record["responseElements"]["certificateArn"] for record in lab.audit()] == [future, arn]


def test_the_answers_of_get_and_export_are_in_their_records(lab: Lab, pki: t.Any) -> None:
    """For issued certificates as a reference to the store; for imported ones, which may be deleted, in full."""
    arn = lab.private()
    got = lab.acm.get_certificate(CertificateArn=arn)
    exported = lab.export(arn)
    pair = pki.leaf("www.example.com")
    imported = lab.acm.import_certificate(Certificate=pair.pem.encode(), PrivateKey=pair.key_pem.encode())
    again = lab.acm.get_certificate(CertificateArn=imported["CertificateArn"])
    with lab.authority.store.read() as tx:
        sizes = [len(said) for (said,) in tx._execute("SELECT said FROM audit ORDER BY number")]
    assert max(sizes[1:3]) < 400
    for each in (arn, imported["CertificateArn"]):
        lab.acm.delete_certificate(CertificateArn=each)
    shown = {record["eventName"]: record for record in lab.audit()[:3]}
    pems = {"certificate": got["Certificate"], "certificateChain": got["CertificateChain"]}
    assert shown["GetCertificate"]["responseElements"] == pems and shown["GetCertificate"]["readOnly"] is True
    assert exported["Certificate"] == got["Certificate"]
    assert shown["ExportCertificate"]["readOnly"] is False
    assert shown["ExportCertificate"]["responseElements"] == {**pems, "privateKey": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    assert shown["ExportCertificate"]["requestParameters"] == {
        "certificateArn": arn, "passphrase": "HIDDEN_DUE_TO_SECURITY_REASONS",
    }  # fmt: skip
    assert lab.audit()[4]["responseElements"]["certificate"] == again["Certificate"]


def test_records_are_filtered(lab: Lab, clock: Clock) -> None:
    first = lab.private()
    clock.advance(hours=1)
    second = lab.private()
    lab.describe(first)
    clock.advance(hours=1)
    lab.fails("describe_certificate", "ResourceNotFoundException", CertificateArn=second[:-12] + "0" * 12)

    def found(**wanted: t.Any) -> list[str]:
        with lab.authority.store.read() as tx:
            return [json.loads(body)["eventName"] for _number, body in tx.journal.audit(wanted=Wanted(**wanted))]

    now = lab.authority.now()
    assert found(operations=("DescribeCertificate",)) == ["DescribeCertificate"] * 2
    assert found(arn=first) == ["RequestCertificate", "DescribeCertificate"]
    assert found(arn=second) == ["RequestCertificate"]
    assert found(start=now) == ["DescribeCertificate"]
    assert found(end=now - timedelta(hours=1)) == ["RequestCertificate"]
    assert found(failed=True) == ["DescribeCertificate"]
    assert found(failed=False, operations=("DescribeCertificate",)) == ["DescribeCertificate"]
