# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._certificates.renewal_window import parse_window
from ansible_collections.certops.acm.plugins.plugin_utils._report import fleet
from ansible_collections.certops.acm.tests.support import report_fleet
from ansible_collections.certops.acm.tests.support.report_fleet import NOW, iso

LABEL = "eu-central-1"


def known(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    told = [report_fleet.certificate(3 * number, **each) for number, each in enumerate(changes)]
    return fleet.certificates([{"label": LABEL, "certificates": told}], None, NOW)


def placed(certificates: list[dict[str, Any]], **sight: Any) -> dict[str, Any]:
    """One host that should serve www0, and what was seen there."""
    look = {"served": [{"reachable": True, "names": [], "serial": "00", **sight}]}
    (host,) = fleet.hosts({"web": report_fleet.host([0])}, {"web": look}, certificates)
    (place,) = host["places"]
    return place


NOW_SERIAL = report_fleet.serial("now", 0)


@pytest.mark.parametrize(
    ("sight", "state"),
    [
        ({"serial": NOW_SERIAL}, fleet.CURRENT),
        ({"serial": "01", "names": ["WWW0.example.com"]}, fleet.OUTDATED),
        ({"serial": "01", "names": ["mail.example.com"]}, fleet.OTHER),
        ({"serial": "01", "names": []}, fleet.OTHER),
        ({"reachable": False, "error": "refused"}, fleet.SILENT),
    ],
)
def test_the_served_certificate_is_compared_with_the_one_in_acm(sight: dict[str, Any], state: str) -> None:
    certificates = known({})
    place = placed(certificates, **sight)
    assert (place["state"], place["certificate_arn"]) == (state, certificates[0]["certificate_arn"])
    assert certificates[0]["places"] == {"web": [state]}


def test_the_fingerprint_decides_where_it_is_known() -> None:
    """Authorities count their serials from 1, so two of them may use the same one."""
    (certificate,) = known({"serial": "01"})
    certificate["fingerprint"] = "aa"
    assert placed([certificate], serial="01", fingerprint="bb")["state"] == fleet.OTHER
    assert placed([certificate], serial="01", fingerprint="aa")["state"] == fleet.CURRENT


def test_the_state_of_a_host_not_looked_at_is_unknown() -> None:
    hosts = fleet.hosts({"web": report_fleet.host([0])}, {}, known({}))
    assert [(host["looked_at"], host["trouble"]) for host in hosts] == [(False, None)]
    assert [place["state"] for place in hosts[0]["places"]] == [fleet.UNKNOWN]


@pytest.mark.parametrize(
    "look", [{"unreachable": True, "msg": "no route\nto host"}, {"failed": True, "msg": "no route\nhere"}]
)
def test_why_a_host_could_not_be_looked_at(look: dict[str, Any]) -> None:
    (host,) = fleet.hosts({"web": report_fleet.host([0])}, {"web": look}, known({}))
    assert (host["looked_at"], host["trouble"]) == (False, "no route")


def test_nothing_is_reported_missing_from_a_connection_that_was_not_read() -> None:
    (host,) = fleet.hosts({"web": report_fleet.host([0], place=1)}, {}, known({}))
    assert host["certificates"] == [{"identity": "www0.example.com", "certificate_arn": None, "is_known": False}]


@pytest.mark.parametrize(
    ("changes", "chosen"),
    [
        ([{}, {"domain_name": "www0.example.com", "created_at": iso(NOW)}], 1),
        ([{}, {"domain_name": "www0.example.com", "created_at": iso(NOW), "status": "REVOKED"}], 0),
        ([{}, {"domain_name": "www0.example.com", "created_at": iso(NOW), "type": "IMPORTED"}], 0),
        ([{}, {"domain_name": "www0.example.com", "created_at": iso(NOW), "options": {"export": "DISABLED"}}], 0),
        ([{"not_after": iso(NOW)}], None),
    ],
)
def test_a_name_means_the_newest_deployable_certificate(changes: list[dict[str, Any]], chosen: int | None) -> None:
    (host,) = fleet.hosts({"web": report_fleet.host([0])}, {}, known(*changes))
    arn = None if chosen is None else report_fleet.certificate(3 * chosen)["certificate_arn"]
    assert host["certificates"][0]["certificate_arn"] == arn


def test_two_connections_to_the_same_acm() -> None:
    told = [report_fleet.certificate(0)]
    reads = [{"label": "a", "certificates": told}, {"label": "b", "certificates": told}]
    assert [each["connection"] for each in fleet.certificates(reads, None, NOW)] == ["a"]


@pytest.mark.parametrize(
    ("changes", "days_before"),
    [
        ({}, 60),
        ({"validation_method": "EMAIL"}, 45),
        ({"not_after": iso(NOW + timedelta(days=47))}, 47 / 3),
        ({"type": "IMPORTED"}, None),
    ],
)
def test_when_the_renewal_begins(changes: dict[str, Any], days_before: float | None) -> None:
    (one,) = known(changes)
    ends_at = fleet.datetime.fromisoformat(one["not_after"].replace("Z", "+00:00"))
    assert one["renewal_from"] == (None if days_before is None else iso(ends_at - timedelta(days=days_before)))


def test_the_renewal_run_may_begin_earlier() -> None:
    told = [report_fleet.certificate(0), report_fleet.certificate(3, options={"export": "DISABLED"})]
    exportable, other = fleet.certificates([{"label": LABEL, "certificates": told}], parse_window("50%"), NOW)
    assert exportable["renewal_from"] == iso(NOW + timedelta(days=99))
    assert other["renewal_from"] < iso(NOW + timedelta(days=198 - 3 - 59))


def test_the_chain_excludes_the_leaf() -> None:
    (one,) = known(
        {
            "certificate": report_fleet.chain_pem("leaf"),
            "certificate_chain": report_fleet.chain_pem("leaf") + report_fleet.chain_pem("root"),
        }
    )
    assert one["fingerprint"] and [each["subject"] for each in one["chain"]] == ["CN=root"]
    (broken,) = known({"certificate_chain": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"})
    assert broken["chain"] == []
