# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/scale.md: its estimates follow from what it says was measured, its rates are those that the modules keep, and
a deployment makes the calls that it tells."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from pathlib import Path

from ansible_collections.certops.acm.plugins.module_utils._rules.acm_limits import RATES
from ansible_collections.certops.acm.tests.support.guides import GUIDES
from ansible_collections.certops.acm.tests.support.programs import environment, run

PAGE = "scale.md"
TEXT = (GUIDES / PAGE).read_text(encoding="utf-8")
SIZES = (100, 1_000, 10_000)


def rows(heading: str) -> list[list[str]]:
    section = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip(" |") for cell in line] for line in lines[2:]]


def in_words(seconds: float) -> str:
    if seconds < 300:
        return f"{seconds:.0f} s"
    return f"{int(seconds / 60 + 0.5)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def test_estimates_follow_from_what_was_measured() -> None:
    measured = dict(re.findall(r"^(\w[\w ,]+?) +[\d.]+ s, +([\d.]+) s a host", TEXT, re.MULTILINE))
    assert len(measured) == 4
    assert rows("What it means") == [
        [what, *(in_words(float(each) * size) for size in SIZES)] for what, each in measured.items()
    ]


def test_rates_are_those_the_modules_stay_within() -> None:
    for _what, calls, *rate in rows("ACM's rates"):
        if rate and rate[0]:
            assert {RATES[name] for name in re.findall(r"`(\w+)`", calls)} == {int(rate[0])}
    assert f"exports, and 1,000 imports need {in_words(1000 / RATES['ImportCertificate'])}" in TEXT.replace("\n", " ")
    assert f"need {1000 // RATES['ExportCertificate']} seconds for their exports" in TEXT


DEPLOY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - certops.acm.acm_authority:
        path: "{{ path }}"
        certificate_authorities: [{name: ca, key_algorithm: EC_prime256v1}]
      register: made
    - certops.acm.acm_certificate:
        authority: "{{ path }}"
        wait: true
        certificates:
          - {domain_name: a.lab.test, certificate_authority_arn: ca, key_algorithm: EC_prime256v1}
          - {domain_name: b.lab.test, certificate_authority_arn: ca, key_algorithm: EC_prime256v1}
- hosts: web
  gather_facts: false
  serial: 1
  roles: [certops.acm.acm_deploy]
"""


def test_a_deployment_makes_the_calls_that_the_guide_states(tmp_path: Path) -> None:
    path = tmp_path / "acm"
    names = ["a.lab.test", "b.lab.test"]
    hosts = {name: {"acm_deploy_path": str(tmp_path / name)} for name in ("web1", "web2")}
    variables = {
        "ansible_connection": "local",
        "acm_deploy_authority": str(path),
        "acm_deploy_services": [],
        "acm_deploy_certificates": [{"domain_name": name} for name in names],
    }
    (tmp_path / "hosts.json").write_text(json.dumps({"web": {"hosts": hosts, "vars": variables}}), encoding="utf-8")
    (tmp_path / "deploy.yml").write_text(DEPLOY, encoding="utf-8")
    command = ["ansible-playbook", "-i", "hosts.json", "deploy.yml", "-e", json.dumps({"path": str(path)})]
    run(command, tmp_path, environment({}))
    before = calls(path)
    assert before["ExportCertificate"] == len(names)
    run(command, tmp_path, environment({}))
    again = calls(path) - before
    waves = len(hosts)
    requests = Counter(SearchCertificates=1, DescribeCertificate=len(names))  # of the first play
    assert again - requests == Counter(SearchCertificates=waves, GetCertificate=len(names) * waves)


def calls(path: Path) -> Counter[str]:
    with sqlite3.connect(path / "acm.sqlite3") as database:
        return Counter(name for (name,) in database.execute("SELECT operation FROM audit"))
