# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/troubleshooting.md: it explains every problem and every reason, quoting the messages that people see."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._diagnosis.name_checks import diagnose
from ansible_collections.certops.acm.plugins.module_utils._diagnosis.obstacles import PROBLEMS
from ansible_collections.certops.acm.plugins.module_utils._net.fetcher import Page
from ansible_collections.certops.acm.plugins.module_utils._net.resolver import (
    NOERROR,
    NODATA,
    NXDOMAIN,
    REFUSED,
    SERVFAIL,
    TIMEOUT,
    CaaRecord,
    Lookup,
)
from ansible_collections.certops.acm.plugins.module_utils._validation.blocked_names import FAILURES
from ansible_collections.certops.acm.tests.support.guide_reader import Reader
from ansible_collections.certops.acm.tests.support.guides import GUIDES
from ansible_collections.certops.acm.tests.support.name_server import name_server
from ansible_collections.certops.acm.tests.support.programs import environment, run, require

PAGE = "troubleshooting.md"
TEXT = (GUIDES / PAGE).read_text(encoding="utf-8")
VALUE = "_v.acm-validations.aws"
OWNER = "_x.shop.test"
FROM, TO = "http://shop.test/x.txt", "https://validation.acm-validations.aws/x.txt"


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its head."""
    section = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines[2:]]


EXPLAINED = {
    row[0].strip("`"): row[1].strip("*")
    for heading in ("Validation by DNS", "CAA records", "Validation by e-mail", "Validation by HTTP")
    for row in rows(heading)
}


def test_every_problem_is_explained() -> None:
    in_words = set(re.findall(r"`(\w+)`", TEXT))
    assert set(PROBLEMS) - set(EXPLAINED) == {"pending", "ended", "renewal_stuck"} <= in_words
    assert set(EXPLAINED) <= set(PROBLEMS)


def test_every_reason_of_acm_is_explained() -> None:
    assert {name for row in rows("A request fails") for name in re.findall(r"`([A-Z_]+)`", row[0])} == set(FAILURES)


class Names:
    """A resolver that knows these records, and nothing else."""

    def __init__(self, records: dict[tuple[str, str], t.Any], otherwise: str = NODATA) -> None:
        self.records = records
        self.otherwise = otherwise

    def lookup(self, name: str, rdtype: str) -> Lookup:
        if (name, rdtype) in self.records:
            return Lookup(NOERROR, [self.records[name, rdtype]])
        return Lookup(self.otherwise, detail="Something is wrong.")


def dns(*records: tuple[str, str, t.Any], otherwise: str = NODATA) -> Names:
    return Names({(name, rdtype): value for name, rdtype, value in records}, otherwise)


RECORD = {"ValidationMethod": "DNS", "ResourceRecord": {"Name": OWNER, "Type": "CNAME", "Value": VALUE}}
MAIL = {"ValidationMethod": "EMAIL", "ValidationDomain": "shop.test"}
WEB = {"ValidationMethod": "HTTP", "HttpRedirect": {"RedirectFrom": FROM, "RedirectTo": TO}}
CASES: dict[str, tuple[dict[str, t.Any], Names]] = {
    "record_missing": (RECORD, dns()),
    "record_doubled": (RECORD, dns((f"{OWNER}.shop.test", "CNAME", VALUE))),
    "record_without_underscore": (RECORD, dns((OWNER[1:], "CNAME", VALUE))),
    "record_flattened": (RECORD, dns((OWNER, "A", "192.0.2.1"))),
    "record_wrong_type": (RECORD, dns((OWNER, "TXT", VALUE))),
    "record_private": (RECORD, dns()),
    "value_wrong": (RECORD, dns((OWNER, "CNAME", "_w.acm-validations.aws"))),
    "value_with_zone": (RECORD, dns((OWNER, "CNAME", f"{VALUE}.shop.test"))),
    "value_with_dot": (RECORD, dns((OWNER, "CNAME", f"{VALUE}\\."))),
    "chain_too_long": (RECORD, dns((OWNER, "CNAME", "a.test"), ("a.test", "CNAME", OWNER))),
    "zone_undelegated": (RECORD, dns(("test", "SOA", "."), otherwise=NXDOMAIN)),
    "zone_broken": (RECORD, dns(otherwise=SERVFAIL)),
    "resolver_silent": (RECORD, dns(otherwise=TIMEOUT)),
    "resolver_refuses": (RECORD, dns(otherwise=REFUSED)),
    "record_not_told": ({"ValidationMethod": "DNS"}, dns()),
    "caa_forbids": (MAIL, dns(("shop.test", "CAA", CaaRecord(False, "issue", "ca.example.net")))),
    "caa_unknown": (MAIL, dns(otherwise=SERVFAIL)),
    "mail_impossible": (MAIL, dns()),
    "mail_unknown": (MAIL, dns(otherwise=SERVFAIL)),
    "redirect_wrong": (WEB, dns()),
    "redirect_unreachable": (WEB, dns()),
    "redirect_not_told": ({"ValidationMethod": "HTTP"}, dns()),
}


@pytest.mark.parametrize("problem", sorted(EXPLAINED))
def test_each_explanation_quotes_the_message_that_people_see(problem: str) -> None:
    option, resolver = CASES[problem]
    detail = {"Type": "AMAZON_ISSUED", "DomainValidationOptions": [{"DomainName": "shop.test", **option}]}
    inside = dns((OWNER, "CNAME", VALUE)) if problem == "record_private" else None
    page = Page(404, "", b"") if problem == "redirect_wrong" else Page(0, "", b"", "It does not answer.")
    found = {each["problem"]: each for each in diagnose(detail, resolver, lambda url: page, inside=inside)}
    assert problem in found, found
    shown = ".+".join(re.escape(part) for part in EXPLAINED[problem].split("…"))
    assert re.fullmatch(shown, found[problem]["message"]), found[problem]["message"]


PREPARE = """
- hosts: localhost
  gather_facts: false
  tasks:
    - certops.acm.acm_authority:
        path: "{{ authority }}"
        settings: {public_suffixes: [test], resolvers: ["{{ server }}"]}
    - certops.acm.acm_certificate:
        authority: "{{ authority }}"
        domain_name: www.shop.test
      register: made
    - ansible.builtin.copy:
        content: "{{ made.validation_records | to_json }}"
        dest: records.json
        mode: "0600"
"""


def test_examine(tmp_path: Path) -> None:
    require("named")
    with name_server({"shop.test": "www A 192.0.2.1", "test": ""}) as server:
        (tmp_path / "prepare.yml").write_text(PREPARE, encoding="utf-8")
        variables = {"authority": str(tmp_path / "acm"), "server": server.endpoint}
        run(["ansible-playbook", "prepare.yml", "-e", json.dumps(variables)], tmp_path, environment({}))
        (record,) = json.loads((tmp_path / "records.json").read_text(encoding="utf-8"))
        server.add(f"{record['name'].rstrip('.')}.shop.test", "CNAME", record["value"])
        reader = Reader(PAGE, tmp_path, {"CERTOPS_ACM_AUTHORITY": str(tmp_path / "acm")})
        reader.save()
        reader.follow("Start here", without="aws ")
