# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/quotas-and-cost.md: its figures are those in the code, and its runs make the calls that it states."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from pathlib import Path

from ansible_collections.certops.acm.plugins.module_utils._acm_certificate.plan import PRICES
from ansible_collections.certops.acm.plugins.module_utils._authority.settings import Settings
from ansible_collections.certops.acm.plugins.module_utils._rules.acm_limits import RATES
from ansible_collections.certops.acm.tests.support import guides
from ansible_collections.certops.acm.tests.support.aws_account import REGION, aws_account
from ansible_collections.certops.acm.tests.support.guide_reader import YAML, Reader

PAGE = "quotas-and-cost.md"
TEXT = (guides.GUIDES / PAGE).read_text(encoding="utf-8")
UNDOCUMENTED = {"RevokeCertificate", "SearchCertificates"}


def test_quotas_are_those_of_the_authority() -> None:
    quotas = TEXT.partition("## Quotas\n")[2].partition("\n## ")[0]
    told = [int(number.replace(",", "")) for number in re.findall(r"^\| [\w ]+ \| ([\d,]+)", quotas, re.MULTILINE)]
    settings = Settings()
    assert told == [
        settings.quota_certificates,
        settings.quota_requests_a_year,
        settings.quota_imported,
        settings.quota_imports_a_year,
        settings.max_names,
        settings.quota_private_cas,
        settings.quota_certificates_a_ca,
    ]


def test_rates_are_those_the_modules_stay_within() -> None:
    sentence = TEXT.partition("of each operation: ")[2].partition("\n\n")[0]
    told: dict[str, int] = {}
    for names, rate in re.findall(r"((?:`\w+`[,\s]*(?:and )?)+)(\d+)", sentence):
        told |= dict.fromkeys(re.findall(r"\w+", names.replace("and", "").replace("`", " ")), int(rate))
    assert told == {name: rate for name, rate in RATES.items() if name not in UNDOCUMENTED}
    assert f"the modules make at most {RATES['SearchCertificates']} a second" in TEXT
    assert len({RATES[name] for name in UNDOCUMENTED}) == 1


def test_prices_are_those_the_module_uses() -> None:
    assert f"| ${PRICES['name']:g} for each name, ${PRICES['wildcard']:g} for each wildcard," in TEXT


def test_the_outputs_it_shows(tmp_path: Path) -> None:
    with aws_account(tmp_path / "acm") as aws:
        reader = Reader(PAGE, tmp_path, aws.environment | YAML)
        reader.follow("Cost")
        acm = aws.client("acm")
        kept = acm.request_certificate(DomainName="kept.example.com", ValidationMethod="DNS")["CertificateArn"]
        aws.acm_in(REGION)[0].configure({"failure_reasons": {"shop.example.com": "OTHER"}})
        acm.request_certificate(DomainName="shop.example.com", ValidationMethod="DNS")
        aws.acm_in(REGION)[0].configure({"quota_certificates": 2})
        reader.follow("Quotas", without="aws ")
        reader.run("ansible-playbook clean-up.yml")
        assert [each["CertificateArn"] for each in acm.list_certificates()["CertificateSummaryList"]] == [kept]


def told_calls(run: str) -> Counter[str]:
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| {run} |"))
    return Counter({name: int(number) for number, name in re.findall(r"(\d+)(?: or more)? `(\w+)`", row)})


MATERIAL = """
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem -days 30 \\
  -subj /CN=old.example.com -addext subjectAltName=DNS:old.example.com
"""
ONE = "domain_name=www.example.com publish={'route53':{}} wait=true"
THREE = {
    "publish": {"route53": {}},
    "wait": True,
    "certificates": [{"domain_name": f"{label}.example.com"} for label in ("a", "b", "*")],
}
FILES = "certificate_path={0}/certificate.pem private_key_path={0}/key.pem"


def test_calls_of_each_run(tmp_path: Path) -> None:
    with aws_account(tmp_path / "acm") as aws:
        aws.zone("example.com", "Z0123456789ABCDEFGHIJ")
        reader = Reader(PAGE, tmp_path, aws.environment | YAML)
        reader.run(MATERIAL)

        def calls(module: str, arguments: str) -> Counter[str]:
            aws.calls.clear()
            reader.run(f"ansible localhost -m certops.acm.{module} -a {shlex.quote(arguments)}")
            return Counter(call.removeprefix("acm ") for call in aws.calls if call.startswith("acm "))

        assert calls("acm_certificate", ONE) == told_calls("`acm_certificate`, which requests, publishes and waits")
        nothing = told_calls("`acm_certificate`, nothing to do")
        assert calls("acm_certificate", ONE) == nothing
        calls("acm_certificate", f"{ONE} tags={{'service':'shop'}}")
        tags = told_calls("the same with `tags`")
        assert calls("acm_certificate", f"{ONE} tags={{'service':'shop'}}") == nothing + tags
        calls("acm_certificate", json.dumps(THREE))
        assert calls("acm_certificate", json.dumps(THREE)) == told_calls(
            "`acm_certificate` with three `certificates` and `publish`, nothing to do"
        )
        assert calls("acm_certificate_info", "sort=name") == told_calls("`acm_certificate_info`")
        assert calls("acm_import", FILES.format(tmp_path)) == told_calls("`acm_import`, a new certificate")
        assert calls("acm_import", FILES.format(tmp_path)) == told_calls("`acm_import`, nothing to do")
