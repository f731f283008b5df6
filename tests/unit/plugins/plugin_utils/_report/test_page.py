# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page as text. tests/integration/test_report_page.py tests it in a browser."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.filter.acm_report import acm_report
from ansible_collections.certops.acm.tests.support import report_fleet
from ansible_collections.certops.acm.tests.support.report_fleet import HOSTILE

MAX_BYTES = 3_000_000


class Page(HTMLParser):
    """The elements of a page, and the content of its scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[str, dict[str, str | None], str]] = []
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data: str) -> None:
        if self._open in ("script", "style"):
            self.inside.append((self._open, self.elements[-1][1], data))
        self._open = ""


@pytest.fixture(name="made", scope="module")
def fixture_made() -> dict[str, Any]:
    return acm_report(report_fleet.gathered(left_out=["web-900.example.com"]), "report")


@pytest.fixture(name="page", scope="module")
def fixture_page(made: dict[str, Any]) -> Page:
    return Page(made["html"])


def test_the_policy_allows_only_this_script_and_this_style(page: Page) -> None:
    (policy,) = [
        attrs["content"] for tag, attrs in page.elements if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in (policy or "").split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for kind in ("script", "style"):
        (content,) = [text for tag, attrs, text in page.inside if tag == kind and "type" not in attrs]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[f"{kind}-src"] == f"'sha256-{digest}'"


def test_nothing_is_fetched_and_nothing_is_inline(page: Page) -> None:
    for tag, attrs in page.elements:
        assert not [name for name in attrs if name.startswith("on") or name == "style"]
        assert "src" not in attrs and tag not in ("iframe", "object", "embed", "base", "img")
        if "href" in attrs:
            href = attrs["href"] or ""
            assert href.startswith(("#", "data:image/svg+xml,")) or href in ("fleet.json", "fleet.csv")


def test_hostile_names_are_text(made: dict[str, Any]) -> None:
    outside = re.sub(r"<script.*?</script>|<style>.*?</style>", "", made["html"], flags=re.DOTALL)
    assert "<img src=x" not in outside and "window.hacked=1</script>" not in outside
    assert '" autofocus' not in outside and "\u202e" not in outside
    data = re.search(r'<script type="application/json" id="data">([^<>&]*)</script>', made["html"])
    assert data
    names = [name for row in json.loads(data[1])["rows"] for name in row[4]]
    assert set(HOSTILE) <= set(names)  # whole, for page.js writes them as text


def test_no_cell_of_the_csv_is_a_formula() -> None:
    data = report_fleet.gathered(3, 0)
    names = ("=1+1", "@x", "-1", "+1", "\t=1")
    data["reads"][0]["certificates"] = [
        report_fleet.certificate(number, domain_name=name, subject_alternative_names=[name])
        for number, name in enumerate(names)
    ]
    rows = list(csv.reader(io.StringIO(acm_report(data, "report")["csv"])))
    assert {f"'{name}" for name in names} < {row[0] for row in rows}
    assert {len(row) for row in rows} == {len(rows[0])}


def test_ids_are_unique_and_labels_exist(page: Page) -> None:
    ids = [attrs["id"] for _tag, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    labels = [attrs["aria-labelledby"] for _tag, attrs in page.elements if "aria-labelledby" in attrs]
    assert set(labels) - {"detail-name"} <= set(ids)  # the dialog's heading comes with its content


def test_it_says_what_is_missing(made: dict[str, Any]) -> None:
    assert "1 host was left out of this run" in made["html"]
    without = acm_report(report_fleet.gathered(), "report")
    assert "left out of this run" not in without["html"]


def test_a_large_fleet_is_a_small_file() -> None:
    made = acm_report(report_fleet.gathered(2500, 500), "report")
    assert len(made["html"].encode()) < MAX_BYTES


def test_an_empty_fleet_is_a_page_too() -> None:
    made = acm_report({**report_fleet.gathered(0, 0, with_trouble=False), "memories": []}, "report")
    assert "Nothing needs a person now." in made["html"] and "No renewal run is known." in made["html"]
    assert made["sentence"] == "/srv/www/fleet.html shows 0 certificates and 0 hosts; nothing needs a person."
