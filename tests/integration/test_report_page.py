# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's page in a real browser: what people do with it, by mouse and keyboard, wide and narrow, light and dark."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.filter.acm_report import acm_report
from ansible_collections.certops.acm.tests.support import report_fleet
from ansible_collections.certops.acm.tests.support.web_server import Answer, WebServer, web_server
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",  # the tests run as root in CI
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW = {"width": 1366, "height": 900}, {"width": 390, "height": 844}
# With 2,500 certificates on 500 hosts, compared with the first paint of a page with a heading only. Measured on two busy
# cores: 44 ms for the empty page, 220 ms for the large one, 34 ms for a filter.
PAINT_RATIO = 20
FILTER_RATIO = 5
EMPTY = "<!doctype html><html lang=en><title>empty</title><h1>Nothing</h1>"


@pytest.fixture(name="browser", scope="module")
def fixture_browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(name="site", scope="module")
def fixture_site() -> Iterator[WebServer]:
    """Pages on a web server that records its requests."""
    pages = {
        "/fleet.html": acm_report(report_fleet.gathered(150, 12, left_out=["web-900.example.com"]), "report")["html"],
        "/large.html": acm_report(report_fleet.gathered(2500, 500), "report")["html"],
        "/none.html": acm_report(report_fleet.gathered(0, 0, with_trouble=False), "report")["html"],
        "/empty.html": EMPTY,
    }
    answers = {path: Answer(headers={"Content-Type": "text/html"}, body=html.encode()) for path, html in pages.items()}
    with web_server(answers) as server:
        yield server


class Visit:
    """An open page, with all errors that it logged."""

    def __init__(self, context: BrowserContext, site: WebServer, path: str) -> None:
        self.context = context
        self.errors: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"http://{site.address}{path}")

    def names(self) -> list[str]:
        return self.page.locator("#table [data-arn]").all_inner_texts()

    def count(self) -> str:
        return self.page.locator("#count").inner_text()

    def sort(self, column: str) -> str:
        self.page.click(f'#table [data-sort="{column}"]')
        return self.page.locator(f"#table th.c-{column}").get_attribute("aria-sort") or ""

    def is_hacked(self) -> bool:
        return bool(self.page.evaluate("'hacked' in window"))

    def focused(self) -> str:
        return str(self.page.evaluate("document.activeElement.id || document.activeElement.textContent"))


@pytest.fixture(name="visit")
def fixture_visit(browser: Browser, site: WebServer) -> Iterator[Any]:
    """visit(path="/fleet.html", **options of the browser's context) opens a page; none may log an error."""
    visits: list[Visit] = []

    def visit(path: str = "/fleet.html", **options: Any) -> Visit:
        visits.append(Visit(browser.new_context(**{"viewport": WIDE, **options}), site, path))
        return visits[-1]

    yield visit
    errors = [error for each in visits for error in each.errors]
    for each in visits:
        each.context.close()
    assert errors == []


# ---------------------------------------------------------------- what people do


def test_the_most_urgent_are_at_the_top(visit: Any) -> None:
    seen = visit()
    titles = seen.page.locator(".item h3").all_inner_texts()
    assert titles[0].startswith("Critical pay.example.com expires on ")
    assert seen.names()[0] == "pay.example.com"
    # with the record to publish, the mail to approve, and the host to repair
    said = seen.page.locator("main").inner_text()
    assert ".acm-validations.aws." in said and "admin@example.org" in said and "serves an earlier certificate" in said


@pytest.mark.parametrize("width", [1280, 1000, 700, 390])
def test_the_months_of_the_timeline_are_whole(visit: Any, width: int) -> None:
    seen = visit(viewport={"width": width, "height": 800})
    # in one look: the page may draw its timeline again between two
    edge, *ends = seen.page.evaluate(
        """() => ["track", "month"].flatMap((name) =>
             [...document.querySelectorAll(`#timeline-axis .${name}`)].map((each) => each.getBoundingClientRect().right))"""
    )
    assert len(ends) > 3 and max(ends) <= edge
    assert "number below a month" in seen.page.locator("#timeline .legend").inner_text()


def test_sorting(visit: Any) -> None:
    seen = visit()
    assert seen.sort("name") == "ascending"
    names = [name.removeprefix("*.").lower() for name in seen.names()]
    assert names == sorted(names)
    assert seen.sort("name") == "descending"
    seen.page.click("#everything")
    assert [name.lower() for name in seen.names()][-len(names) :] == names[::-1]
    seen.sort("until")
    dates = seen.page.locator("#table td.c-until time").all_inner_texts()
    assert dates == sorted(dates)
    assert seen.page.locator("#table th[aria-sort]").count() == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("www17.example.com", ["www17.example.com"]),
        ("WWW17 us-east-1", []),
        ("www17.example.com eu-west-1", ["www17.example.com"]),
        ("legacy", ["legacy.example.org"]),
        ("team=team-5 service=api eu-west-1 www5.", ["www5.example.com"]),
        (report_fleet.serial("now", 33), ["www33.example.com"]),
        ("no such thing", []),
    ],
)
def test_searching(visit: Any, words: str, expected: list[str]) -> None:
    seen = visit()
    seen.page.fill("#query", words)
    assert seen.names() == expected
    assert seen.count() == f"{len(expected)} of 156 certificates"


def test_filters_narrow_each_other(visit: Any) -> None:
    seen = visit()
    seen.page.select_option("#view", "attention")
    needing = int(seen.count().split()[0])
    seen.page.select_option("#type", "IMPORTED")
    assert seen.names() == ["pay.example.com"] and needing > 1
    seen.page.select_option("#where", "111122223333 · us-east-1")
    assert seen.count() == "0 of 156 certificates" and "No certificate fits." in seen.page.inner_text("#table")
    seen.page.select_option("#view", "all")
    seen.page.select_option("#type", "")
    seen.page.select_option("#where", "")
    seen.page.select_option("#view", "wrong")
    assert set(seen.page.locator("#table td.c-served .tag").all_inner_texts()) == {"not current"}


def test_grouping_by_host_and_region(visit: Any) -> None:
    seen = visit()
    seen.page.select_option("#group", "region")
    groups = seen.page.locator('#table th[scope="rowgroup"]').all_inner_texts()
    assert groups[0].startswith("111122223333 · eu-central-1 (")
    seen.page.select_option("#group", "host")
    seen.page.click("#everything")
    groups = seen.page.locator('#table th[scope="rowgroup"]').all_inner_texts()
    assert [group.split(" ")[0] for group in groups[:-1]] == [f"web-{number:03}.example.com" for number in range(12)][
        : len(groups) - 1
    ]
    first = seen.page.locator("#table tbody").nth(4).locator("td.c-served").all_inner_texts()
    assert first and all("not current" in text for text in first)  # web-004


def test_more_is_shown_on_request(visit: Any) -> None:
    seen = visit()
    assert len(seen.names()) == 100
    seen.page.click("#more")
    assert len(seen.names()) == 156 and seen.page.locator("#more").count() == 0
    assert seen.focused() == seen.names()[100]  # the first of those that came


def test_the_section_of_a_certificate(visit: Any) -> None:
    seen = visit()
    seen.page.fill("#query", "www4.example.com")
    seen.page.click("text=www4.example.com >> nth=-1")
    detail = seen.page.locator("#detail").inner_text()
    for said in (
        "Needs attention",
        "serves an earlier certificate",
        "web-004.example.com",
        "CN=Corporate Issuing CA 1",
        "Serials",
    ):
        assert said in detail
    assert report_fleet.serial("now", 4) in detail and "_0000000000000000000000000000000b.xyz" in detail
    assert "team-4" in detail
    seen.page.keyboard.press("Escape")
    assert not seen.page.locator("#detail").is_visible() and seen.focused() == "www4.example.com"


def test_a_url_leads_to_a_certificate(visit: Any, site: WebServer) -> None:
    arn = report_fleet.certificate(7)["certificate_arn"]
    seen = visit(f"/fleet.html#c={arn}")
    assert seen.page.inner_text("#detail-name") == "www7.example.com"
    seen.page.click("#close")
    seen.page.locator("a.to-certificate").first.click()
    assert seen.page.inner_text("#detail-name") == "pay.example.com"
    visit("/fleet.html#c=%E0%A4%A")  # nonsense does no harm


def test_keyboard_alone_is_enough(visit: Any) -> None:
    seen = visit()
    seen.page.keyboard.press("Tab")
    assert seen.focused() == "Skip to the certificates"
    seen.page.keyboard.press("Enter")
    assert seen.focused() == "certificates"
    seen.page.keyboard.press("Tab")
    assert seen.focused() == "query"
    seen.page.keyboard.type("www9.example.com")
    assert seen.names() == ["www9.example.com"]
    for _control in range(5):
        seen.page.keyboard.press("Tab")
    assert seen.focused() == "Certificate"
    seen.page.keyboard.press("Enter")
    assert seen.page.locator("#table th.c-name").get_attribute("aria-sort") == "ascending"
    assert seen.focused() == "Certificate"  # it stays where it was
    for _column in range(9):
        seen.page.keyboard.press("Tab")
    assert seen.focused() == "www9.example.com"
    seen.page.keyboard.press("Enter")
    assert seen.page.locator("#detail").is_visible() and seen.focused() == "close"
    seen.page.keyboard.press("Enter")
    assert seen.focused() == "www9.example.com"
    seen.page.keyboard.press("/")
    assert seen.focused() == "query"


# ---------------------------------------------------------------- what it must not do


def test_hostile_names_are_shown_as_text(visit: Any) -> None:
    seen = visit()
    seen.page.fill("#query", "onerror")
    assert seen.names() == [report_fleet.HOSTILE[0]]
    seen.page.click("#table [data-arn]")
    detail = seen.page.inner_text("#detail")
    assert all(name in detail for name in report_fleet.HOSTILE if "\u202e" not in name)
    assert not seen.is_hacked() and seen.page.locator("main img, dialog img").count() == 0


def test_the_page_makes_no_request(visit: Any, site: WebServer) -> None:
    site.requests.clear()
    seen = visit()
    requests: list[str] = []
    seen.page.on("request", lambda request: requests.append(request.url))
    seen.page.fill("#query", "www1")
    seen.page.select_option("#group", "host")
    seen.page.click("#table [data-arn]")
    seen.page.wait_for_timeout(300)
    assert [request.path for request in site.requests] == ["/fleet.html"] and requests == []


def test_the_policy_holds(browser: Browser, site: WebServer) -> None:
    """Content that gets into the page in spite of everything neither runs, nor fetches anything, nor looks genuine."""
    context = browser.new_context()
    seen = Visit(context, site, "/fleet.html")
    site.requests.clear()
    seen.page.evaluate("""() => {
            document.body.insertAdjacentHTML("beforeend", `<img src=/leak.png onerror="window.hacked=1"><p style="color:red" id=styled>x</p>
                <iframe src=/leak.html></iframe>`);
            const script = document.createElement("script");
            script.textContent = "window.hacked=1";
            document.body.append(script);
            fetch("/leak").catch(() => {});
        }""")
    seen.page.wait_for_timeout(300)
    assert not seen.is_hacked() and site.requests == []
    assert seen.page.evaluate("getComputedStyle(document.getElementById('styled')).color") != "rgb(255, 0, 0)"
    context.close()


# ---------------------------------------------------------------- for everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing(visit: Any, scheme: str, viewport: dict[str, int]) -> None:
    seen = visit(color_scheme=scheme, viewport=viewport, reduced_motion="reduce")
    seen.page.click(".more > summary") if seen.page.locator(".more > summary").count() else None
    assert complaints(seen.page) == []
    seen.page.select_option("#group", "region")
    seen.page.click('[data-arn]:text-is("api.example.com")')
    assert complaints(seen.page) == []


def complaints(page: Page) -> list[str]:
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": tags})
    return [
        f"{violation['id']}: {violation['help']}: {violation['nodes'][0]['html'][:200]}"
        for violation in found.response["violations"]
    ]


def test_a_page_without_certificates_is_sound_too(visit: Any) -> None:
    seen = visit("/none.html")
    assert complaints(seen.page) == [] and "There are no certificates." in seen.page.inner_text("#table")


def test_a_narrow_screen_scrolls_only_vertically(visit: Any) -> None:
    seen = visit(viewport=NARROW)
    for _each in range(2):
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert seen.page.evaluate(
            "document.querySelector('.sheet').scrollWidth <= document.querySelector('.sheet').clientWidth"
        )
        seen.page.set_viewport_size({"width": 320, "height": 640})  # WCAG 1.4.10
    seen.page.click("[data-arn]")
    assert seen.page.evaluate("document.getElementById('detail').scrollWidth <= innerWidth")


def test_dark_is_dark(visit: Any) -> None:
    shades = {}
    for scheme in ("light", "dark"):
        seen = visit(color_scheme=scheme)
        colour = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        shades[scheme] = sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
    assert shades["dark"] < 150 < 600 < shades["light"]


def test_everything_is_printed(visit: Any, tmp_path: Path) -> None:
    seen = visit(color_scheme="dark")
    seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(seen.names()) == 156 and seen.page.locator("main details:not([open])").count() == 0
    seen.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(seen.names()) == 100
    seen.page.emulate_media(media="print")
    assert not seen.page.locator("#controls").is_visible()
    assert (
        seen.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--surface')").strip()
        == "#ffffff"
    )
    assert seen.page.pdf(path=str(tmp_path / "page.pdf")).startswith(b"%PDF")


def test_the_table_is_shown_without_javascript(browser: Browser, site: WebServer) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"http://{site.address}/fleet.html")
    assert page.locator("noscript tbody tr").count() == 156
    assert page.locator(".item").count() > 3 and not page.locator("#controls").is_visible()
    context.close()


# ---------------------------------------------------------------- a large fleet


def test_a_large_fleet_opens_and_filters_without_delay(browser: Browser, site: WebServer) -> None:
    """Compared with an empty page, because a busy machine slows down both."""
    paints: dict[str, list[float]] = {"/empty.html": [], "/large.html": []}
    filters: list[float] = []
    for _round in range(4):
        for path, times in paints.items():
            context = browser.new_context(viewport=WIDE)
            seen = Visit(context, site, path)
            seen.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            times.append(seen.page.evaluate(FIRST_PAINT))
            if path == "/large.html":
                filters += [seen.page.evaluate(FILTER, word) for word in ("www1", "team-3", "zzz", "")]
            context.close()
    empty = min(paints["/empty.html"])
    assert min(paints["/large.html"]) / empty < PAINT_RATIO
    assert sorted(filters)[len(filters) // 2] / empty < FILTER_RATIO


FIRST_PAINT = """new Promise((done) => new PerformanceObserver((list) => done(list.getEntries()[0].startTime))
    .observe({type: "paint", buffered: true}))"""
FILTER = """(word) => {
    const query = document.getElementById("query"), start = performance.now();
    query.value = word;
    query.dispatchEvent(new Event("input", {bubbles: true}));
    document.body.offsetHeight;
    return performance.now() - start;
}"""
