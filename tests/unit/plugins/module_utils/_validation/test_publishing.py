# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of many certificates, written where each needs them: together if possible, separately if necessary."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._validation import proof_records, publishing
from ansible_collections.certops.acm.plugins.module_utils._validation.dns_records import (
    CREATE,
    Change,
    PublishError,
    Record,
)
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._validation.rfc2136 import Rfc2136
from ansible_collections.certops.acm.plugins.module_utils._validation.route53 import Route53
from ansible_collections.certops.acm.tests.support.descriptions import APEX, WWW, as_item, detail, option
from ansible_collections.certops.acm.tests.support.name_server import NameServer, name_server
from hypothesis import given, strategies

SERVER = {"rfc2136": {"server": "192.0.2.1"}}
OTHER = {"rfc2136": {"server": "192.0.2.2"}}


class Zone:
    """A Publisher that remembers; it refuses names below `refused`."""

    def __init__(self, refused: str = "", held: t.Optional[dict[str, str]] = None) -> None:
        self.refused = refused
        self.held = dict(held or {})
        self.applied: list[list[str]] = []

    def check(self, names: t.Iterable[str]) -> None:
        pass

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

    monkeypatch.setattr(publishing, "publisher", publisher)
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


# ---------------------------------------------------------------- one place


def test_check_mode_shows_the_changes_and_makes_none() -> None:
    zone = Zone()
    (change,) = publishing.publish_records([as_item(APEX)], zone, is_check=True)
    assert change.record == Record("_a.example.com", "_1.acm-validations.aws")
    assert zone.held == {} and zone.applied == []


def test_shared_records_are_written_once_and_never_again() -> None:
    zone = Zone()
    same = {**as_item(APEX), "name": "_A.Example.COM"}
    assert len(publishing.publish_records([as_item(APEX), same, as_item(APEX)], zone)) == 1
    assert publishing.publish_records([same], zone) == []
    assert zone.applied == [["_a.example.com"]]


def test_one_name_cannot_hold_two_values() -> None:
    with pytest.raises(InvalidInput, match="different values at _a.example.com"):
        publishing.wanted_records([as_item(APEX), {**as_item(APEX), "value": "_9.acm-validations.aws."}])


NAMES = strategies.sampled_from([f"_{letter}.example.com" for letter in "abcdef"])


@given(strategies.sets(NAMES), strategies.sets(NAMES))
def test_after_publishing_every_needed_record_exists(there: set[str], wanted: set[str]) -> None:
    needed = [{"name": name + ".", "type": "CNAME", "value": "_v.acm-validations.aws."} for name in sorted(wanted)]
    zone = Zone(held=dict.fromkeys(there, "_v.acm-validations.aws"))
    changed = publishing.publish_records(needed, zone)
    assert {change.record.name for change in changed} == wanted - there
    assert set(zone.held) == there | wanted


# ---------------------------------------------------------------- the option


def no_client(service: str) -> t.Any:
    raise AssertionError(f"nobody asked for {service}")


def test_the_option_names_one_place() -> None:
    rfc2136 = publishing.publisher({"rfc2136": {"server": "192.0.2.1"}, "route53": None}, no_client)
    assert isinstance(rfc2136, Rfc2136)
    assert isinstance(publishing.publisher({"route53": {}}, no_client), Route53)


@pytest.mark.parametrize(
    "option_given",
    [{}, {"route53": None}, {"route53": {}, "rfc2136": {"server": "192.0.2.1"}}, {"carrier_pigeon": {}}],
)
def test_an_option_that_names_no_place_or_two_is_refused(option_given: dict[str, t.Any]) -> None:
    with pytest.raises(InvalidInput, match="publish"):
        publishing.publisher(option_given, no_client)


@pytest.fixture(scope="module")
def bind() -> t.Iterator[NameServer]:
    with name_server({"example.com": ""}) as server:
        yield server


def test_from_a_description_to_the_name_server(bind: NameServer) -> None:
    described = detail(option("*.example.com", APEX), option("example.com", APEX), option("www.example.com", WWW))
    where = publishing.publisher({"rfc2136": bind.rfc2136()}, no_client)
    changes = publishing.publish_records(proof_records.records(described), where)
    assert [change.as_result()["name"] for change in changes] == [APEX["Name"], WWW["Name"]]
    assert bind.values("_b.www.example.com") == [WWW["Value"]]
    assert publishing.publish_records(proof_records.records(described), where) == []
    assert bind.values("_a.example.com") == [APEX["Value"]]
