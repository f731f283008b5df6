# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.certops.acm.plugins.filter.acm_report import acm_report
from ansible_collections.certops.acm.tests.support import report_fleet
from ansible_collections.certops.acm.tests.support.report_fleet import NOW, iso


def make(**changes: Any) -> dict[str, Any]:
    return acm_report(report_fleet.gathered(**changes), "report")


def test_the_same_facts_at_another_time_are_not_a_change() -> None:
    first = make()
    assert first["changed"]
    later = iso(NOW + timedelta(minutes=5))
    second = make(previous=first["json"], made_at=later, memories=[report_fleet.remembered("x", later)])
    assert not second["changed"] and second["json"] != first["json"]


def test_a_renewal_is_a_change_and_earlier_serials_are_kept() -> None:
    first = make(certificates=3, hosts=0, with_trouble=False)
    renewed = report_fleet.gathered(3, 0, with_trouble=False, previous=first["json"])
    certificate = renewed["reads"][0]["certificates"][0]
    before, certificate["serial"] = certificate["serial"], "0a:0b"
    second = acm_report(renewed, "report")
    data = json.loads(second["json"])
    assert second["changed"]
    assert [each["serial"] for each in data["history"][certificate["certificate_arn"]]] == ["0a:0b", before]


def test_a_connection_that_could_not_be_read_is_reported_and_keeps_its_history() -> None:
    first = make(with_trouble=False)
    gathered = report_fleet.gathered(with_trouble=False, previous=first["json"])
    del gathered["reads"][1]["certificates"]
    gathered["reads"][1]["msg"] = "You are not allowed to call ListCertificates."
    second = acm_report(gathered, "report")
    data = json.loads(second["json"])
    assert second["unread"] == ["us-east-1: You are not allowed to call ListCertificates."]
    assert data["attention"][0]["title"] == "ACM could not be read: us-east-1"
    assert [item["kind"] for item in data["attention"]] == ["not_read"]  # nothing is said to be gone
    assert data["history"] == json.loads(first["json"])["history"]


def test_excluded_hosts_are_missing_and_not_gone() -> None:
    gathered = report_fleet.gathered(with_trouble=False)
    del gathered["looks"]["web-001.example.com"]
    made = acm_report({**gathered, "left_out": ["web-001.example.com"]}, "report")
    data = json.loads(made["json"])
    assert data["missing"] == {"hosts": ["web-001.example.com"], "connections": []}
    assert data["attention"] == []
    states = {
        place["state"] for host in data["hosts"] if host["name"] == "web-001.example.com" for place in host["places"]
    }
    assert states == {"unknown"}


def test_a_connection_of_excluded_hosts() -> None:
    gathered = report_fleet.gathered(with_trouble=False)
    gathered["reads"].pop()
    data = json.loads(acm_report(gathered, "report")["json"])
    assert data["missing"]["connections"] == ["eu-west-1, profile shop"]


def test_the_summary() -> None:
    made = make()
    summary = made["summary"]
    assert summary["certificates"] == 36 and summary["hosts"] == 6 and summary["hosts_not_looked_at"] == 1
    assert summary["attention"]["critical"] == 1 and summary["first"][0].startswith("pay.example.com expires on ")
    assert summary["places"] == {"current": 20, "outdated": 5, "unknown": 5}
    assert made["sentence"].startswith(
        "/srv/www/fleet.html shows 36 certificates and 6 hosts; what needs a person: 1 critical, "
    )


def test_the_sentence_uses_singular_and_plural() -> None:
    gathered = report_fleet.gathered(1, 1, with_trouble=False)
    gathered["hosts"]["localhost"] = {**next(iter(gathered["hosts"].values())), "certificates": [], "services": []}
    said = acm_report(gathered, "report")["sentence"]
    assert said == "/srv/www/fleet.html shows 1 certificate and 1 host; nothing needs a person."
    assert make()["sentence"].endswith("needs a person: 1 critical, 5 warnings.")


def test_the_last_sweep_of_an_authority() -> None:
    read = {"item": {"authority": "/srv/acm"}, "certificates": []}
    sweep = {"item": read, "authority": {"last_sweep_at": iso(NOW)}}
    gathered = {**report_fleet.gathered(0, 0), "reads": [read], "sweeps": [sweep]}
    data = json.loads(acm_report(gathered, "report")["json"])
    assert data["connections"][0]["last_sweep_at"] == iso(NOW)


def test_the_data_stays_text_when_templated() -> None:
    """Up to ansible-core 2.18, a text that begins with a brace or bracket becomes a dictionary or list."""
    made = make()
    assert not made["json"].startswith(("{", "[")) and json.loads(made["json"])["generator"] == "certops.acm.report"


def test_a_foreign_file_is_left_alone() -> None:
    with pytest.raises(AnsibleFilterError, match="^/srv/www/fleet.json already exists and is not the data of a report"):
        make(previous='{"name": "my-package"}')


def test_values_returned_to_ansible_are_never_templates() -> None:
    """Up to ansible-core 2.18 facts are templated again, unless they are marked."""
    noted = acm_report({"acm_deploy_certificates": [{"domain_name": report_fleet.HOSTILE[3]}]}, "host")
    assert type(noted["certificates"][0]["domain_name"]) is type(wrap_var("x"))
    assert type(make()["html"]) is type(wrap_var("x"))
