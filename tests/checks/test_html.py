# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML documentation as `./run docs` builds it: it is complete, every link works, and it is readable on a narrow screen."""

from __future__ import annotations

import importlib.util
import shutil
import urllib.parse
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

COLLECTION = Path(__file__).resolve().parents[2]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = {"desktop": 1280, "phone": 390}
# The elements that overflow the screen, or their own box, and are in nothing that scrolls.
STICKING_OUT = """() => {
    const scrolls = element => {
        for (let around = element; around && !around.matches(".wy-nav-content"); around = around.parentElement)
            if (["auto", "scroll"].includes(getComputedStyle(around).overflowX)) return true;
        return false;
    };
    const sticksOut = element => {
        const box = element.getBoundingClientRect(), style = getComputedStyle(element);
        const overflows = style.display === "block" && element.clientWidth && element.scrollWidth > element.clientWidth + 1;
        return box.width && (box.right > innerWidth + 1 || overflows);
    };
    const inside = [...document.querySelectorAll(".wy-nav-content *")];
    const found = inside.filter(element => sticksOut(element) && !scrolls(element));
    const page = document.documentElement.scrollWidth > innerWidth ? ["the page scrolls sideways"] : [];
    return page.concat(found.map(element => `${element.tagName} ${element.textContent.trim().slice(0, 60)}`));
}"""


class Page(HTMLParser):
    """The anchors of a page, and the targets of its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = {"", "#"}
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.add(value)


@pytest.fixture(name="site", scope="module")
def fixture_site(tool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the HTML. To Sphinx, a label of ours that leads nowhere is an error."""
    spec = importlib.util.spec_from_file_location("documentation", COLLECTION / "tools" / "documentation.py")
    assert spec and spec.loader
    documentation = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(documentation)
    folder = tmp_path_factory.mktemp("docs")
    folder.chmod(0o755)  # antsibull-docs refuses a folder that others can write to
    return documentation.build(COLLECTION, folder / "site", lambda command: tool(*command)).parent


@lru_cache(maxsize=None)
def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def broken(page: Path) -> list[str]:
    found = []
    for link in sorted(read(page).links):
        parts = urllib.parse.urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        there = (page.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else page
        if not there.is_file() or (there.suffix == ".html" and parts.fragment not in read(there).anchors):
            found.append(link)
    return found


def test_every_link_leads_somewhere(site: Path) -> None:
    assert {str(page.relative_to(site)): found for page in site.rglob("*.html") if (found := broken(page))} == {}


def test_every_page_exists(site: Path) -> None:
    guides = {
        str(path.relative_to(COLLECTION / "docs").with_suffix("")) for path in (COLLECTION / "docs").rglob("*.md")
    }
    modules = {f"collection/{path.stem}_module" for path in (COLLECTION / "plugins" / "modules").glob("*.py")}
    wanted = (guides - {"README"}) | modules | {"index", "collection/acm_deploy_role", "roles/acm_deploy/README"}
    assert wanted <= {str(page.relative_to(site).with_suffix("")) for page in site.rglob("*.html")}


def test_a_module_that_a_guide_names_has_a_link(site: Path) -> None:
    assert "../collection/acm_alert_module.html" in read(site / "guides" / "alerts.html").links


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_nothing_overflows(tool, site: Path, width: int) -> None:
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        tool("chromium", "--version")  # skips, or fails in CI
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        window = browser.new_page(viewport={"width": width, "height": 844})
        found = {}
        for page in sorted(site.rglob("*.html")):
            window.goto(page.as_uri())
            if sticking_out := window.evaluate(STICKING_OUT):
                found[str(page.relative_to(site))] = sticking_out[:5]
        window.set_content("<div class=wy-nav-content><p><span style='white-space: nowrap'>" + "a long line " * 200)
        assert window.evaluate(STICKING_OUT), "the check can fail"
        browser.close()
    assert found == {}
