# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of many certificates, written where each needs them: together if possible, separately if necessary."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._validation import publishing, proof_records
from ansible_collections.certops.acm.plugins.module_utils._validation.dns_records import (
    CREATE,
    Change,
    PublishError,
    Record,
)
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

SERVER = {"rfc2136": {"server": "192.0.2.1"}}
OTHER = {"rfc2136": {"server": "192.0.2.2"}}


class Zone:
    """A Publisher that remembers; it refuses names below `refused`."""

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
        self.held: dict[str, str] = {}
        self.applied: list[list[str]] = []

    def plan(self, records: t.Sequence[Record]) -> list[Change]:
        for record in records:
            if self.refused and record.name.endswith(self.refused):
                raise PublishError(f"no zone for {record.name}.")
        return [Change(CREATE, "zone", record, 300) for record in records if self.held.get(record.name) != record.value]

    def apply(self, changes: t.Sequence[Change]) -> None:
        self.applied.append([change.record.name for change in changes])
        self.held.update({change.record.name: change.record.value for change in changes})


@pytest.fixture(name="zones")
def fixture_zones(monkeypatch: pytest.MonkeyPatch) -> dict[str, Zone]:
    zones: dict[str, Zone] = {}

    def publisher(publish: t.Mapping[str, t.Any], connect: t.Any) -> Zone:
        return zones.setdefault(publish["rfc2136"]["server"], Zone())

    monkeypatch.setattr(proof_records, "publisher", publisher)
    return zones


def record(name: str) -> dict[str, str]:
    return {"name": f"_x.{name}.", "type": "CNAME", "value": f"_y.{name}.acm-validations.aws."}


def publish(*needs: tuple[dict[str, t.Any], list[dict[str, str]]], check: bool = False) -> list[publishing.Published]:
    return publishing.publish_each(needs, lambda service: None, check)


def names(published: publishing.Published) -> list[str]:
    return [change.record.name for change in published.changes]


def test_a_shared_record_is_written_once_and_reported_for_both(zones: dict[str, Zone]) -> None:
    first, second = publish(
        (SERVER, [record("example.com"), record("www.example.com")]), (SERVER, [record("example.com")])
    )
    assert zones["192.0.2.1"].applied == [["_x.example.com", "_x.www.example.com"]]
    assert names(first) == ["_x.example.com", "_x.www.example.com"]
    assert names(second) == ["_x.example.com"]
    assert [names(one) for one in publish((SERVER, [record("example.com")]))] == [[]]


def test_each_destination_gets_only_its_own_records(zones: dict[str, Zone]) -> None:
    publish((SERVER, [record("a.example.com")]), (OTHER, [record("b.example.com")]))
    assert zones["192.0.2.1"].applied == [["_x.a.example.com"]]
    assert zones["192.0.2.2"].applied == [["_x.b.example.com"]]


def test_only_the_affected_certificates_fail(zones: dict[str, Zone]) -> None:
    zones["192.0.2.1"] = Zone(refused="example.net")
    good, bad, other = publish(
        (SERVER, [record("a.example.com")]), (SERVER, [record("b.example.net")]), (OTHER, [record("b.example.net")])
    )
    assert (names(good), good.error) == (["_x.a.example.com"], None)
    assert isinstance(bad.error, PublishError) and bad.changes == []
    assert other.error is None


def test_check_mode_writes_nothing(zones: dict[str, Zone]) -> None:
    (one,) = publish((SERVER, [record("a.example.com")]), check=True)
    assert names(one) == ["_x.a.example.com"]
    assert zones["192.0.2.1"].applied == []


def test_nothing_is_written_before_records_are_known(zones: dict[str, Zone]) -> None:
    (one,) = publish((SERVER, []))
    assert one == publishing.Published([])


def test_invalid_settings_fail_only_their_own_certificate() -> None:
    good, bad = publish(
        (SERVER, []), ({"rfc2136": {"server": "192.0.2.1", "key_name": "x"}}, [record("a.example.com")])
    )
    assert good.error is None
    assert isinstance(bad.error, InvalidInput)
