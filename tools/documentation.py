# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML documentation: the Markdown files, and the pages that antsibull-docs generates for modules, filters and the role."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

# Files that the pages link to.
OFFERED = ("roles/*/README.md", "playbooks/files/*", "playbooks/vars/*")
OPTIONS = ["--use-current", "--squash-hierarchy", "--fail-on-error", "certops.acm"]


def build(collection: Path, site: Path, run: Callable[[list[str]], None]) -> Path:
    """Build `site` from scratch, running programs with `run`; returns the path of the HTML's index."""
    shutil.rmtree(site, ignore_errors=True)
    source = site / "source"
    shutil.copytree(collection / "docs", source)
    (source / "README.md").rename(source / "index.md")
    for path in sorted(found for pattern in OFFERED for found in collection.glob(pattern)):
        target = source / path.relative_to(collection)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    # antsibull-docs refuses a folder that others can write to.
    (source / "collection").mkdir(mode=0o755)
    run(["antsibull-docs", "collection", f"--dest-dir={source}/collection", *OPTIONS])
    conf = str(collection / "docs" / "docsite")
    run(["sphinx-build", "-n", "-W", "--keep-going", "-b", "html", "-c", conf, str(source), f"{site}/html"])
    return site / "html" / "index.html"
