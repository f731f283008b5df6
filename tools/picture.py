# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draws docs/images/report.png from the report of the last ./run demo. Run it with .work/venv/dev/bin/python."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / ".work" / "demo" / "report.html"
PICTURE = ROOT / "docs" / "images" / "report.png"
SIZE: ViewportSize = {"width": 1240, "height": 866}
SCALE = 1.2  # sharp at the size that README.md shows


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, device_scale_factor=SCALE, color_scheme="light")
        page.goto(PAGE.as_uri())
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
