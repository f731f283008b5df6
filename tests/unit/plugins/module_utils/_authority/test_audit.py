# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the authority's records: pages, names of operations, times, and the days to expiry."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority import audit
from ansible_collections.certops.acm.plugins.module_utils._authority.operations.table import OPERATIONS
from ansible_collections.certops.acm.plugins.module_utils._authority.store.event_log import Wanted
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)


def test_its_operations_are_those_of_the_authority() -> None:
    assert set(audit.OPERATIONS) == set(OPERATIONS)


def test_records_page_by_page(lab: Lab) -> None:
    arn = lab.private()
    for _call in range(4):
        lab.describe(arn)
    pages, number = [], 0
    while True:
        page = audit.find(lab.authority.store, Wanted(), number, 2)
        pages.append([record["eventName"] for record in page.records])
        if page.next_number is None:
            break
        number = page.next_number
    assert pages == [
        ["RequestCertificate", "DescribeCertificate"],
        ["DescribeCertificate"] * 2,
        ["DescribeCertificate"],
    ]
    found = audit.find(lab.authority.store, Wanted(operations=("RequestCertificate",)), 0, 1)
    assert [record["responseElements"] for record in found.records] == [{"certificateArn": arn}]
    assert found.next_number is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("describecertificate", "did you mean DescribeCertificate?"),
        ("ListCertificate", "did you mean ListCertificates?"),
        ("CreateBucket-42", "it may be AddTagsToCertificate, "),
    ],
)
def test_an_unknown_operation(name: str, said: str) -> None:
    assert audit.checked_operations(["GetCertificate"]) == ("GetCertificate",)
    with pytest.raises(InvalidInput) as caught:
        audit.checked_operations(["GetCertificate", name])
    assert str(caught.value).startswith(f"{name} is not an operation that the authority records; {said}")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("90m", NOW - timedelta(minutes=90)),
        ("12h", NOW - timedelta(hours=12)),
        ("7d", NOW - timedelta(days=7)),
        ("999999999d", datetime.min.replace(tzinfo=timezone.utc)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=timezone.utc)),
        ("2026-11-01T06:00:00+02:00", datetime(2026, 11, 1, 4, tzinfo=timezone.utc)),
        ("2026-11-01T06:00:00", datetime(2026, 11, 1, 6, tzinfo=timezone.utc)),
    ],
)
def test_times(text: str, wanted: datetime) -> None:
    assert audit.ago(text, NOW) == wanted


@pytest.mark.parametrize("text", ["", "d", "-1d", "1.5h", "²d", "9" * 5000 + "d", "7w", "yesterday", "2026-13-01"])
def test_invalid_times(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a time: write it like 2026-11-23T12:00:00Z, or like 90m"):
        audit.ago(text, NOW)
    with pytest.raises(InvalidInput, match="is not a time: write it like 2026-11-23T12:00:00Z.$"):
        audit.instant(text)


def test_days_to_expiry_of_valid_certificates(lab: Lab, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PAGE", 2)
    first = lab.private("first.corp.test")
    lab.public("pending.example.com")
    clock.advance(days=100)
    for number in range(4):
        lab.private(f"n{number}.corp.test")
    revoked = lab.exported("revoked.corp.test")
    lab.acm.revoke_certificate(CertificateArn=revoked, RevocationReason="SUPERSEDED")

    def days() -> dict[str, t.Any]:
        return {name: datum["Value"] for name, datum in audit.days_to_expiry(lab.authority.store, clock.now)}

    assert days() == {"first.corp.test": 295, **{f"n{number}.corp.test": 395 for number in range(4)}}
    clock.advance(days=295)
    assert lab.status(first) == "EXPIRED" and set(days().values()) == {100}
