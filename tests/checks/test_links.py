# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation refers to exists: files, headings, and the tests that it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

COLLECTION = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted(COLLECTION.glob("*.md")),
    *sorted((COLLECTION / "docs").rglob("*.md")),
    *sorted((COLLECTION / "roles").rglob("*.md")),
]
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
# A name in capitals is a placeholder.
NAMED = re.compile(r"`((?:tests|plugins|playbooks|roles|docs|benchmarks)/(?![\w./-]*[A-Z]{3})[\w./-]+)`")
# A test by its file and its function.
TEST = re.compile(r"`(tests/[\w./-]+\.py)::(\w+)`")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", text).lower()).strip().replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(COLLECTION)))
def test_links_lead_somewhere(page: Path) -> None:
    missing = []
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
            missing.append(f"{target}#{anchor}" if anchor else target)
    missing += [name for name in NAMED.findall(page.read_text(encoding="utf-8")) if not (COLLECTION / name).exists()]
    for name, function in TEST.findall(page.read_text(encoding="utf-8")):
        test = COLLECTION / name
        if not test.exists() or f"def {function}(" not in test.read_text(encoding="utf-8"):
            missing.append(f"{name}::{function}")
    assert missing == []
