# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tools that every Ansible collection must pass, and those that keep the Python code in shape."""

from __future__ import annotations

import json
from pathlib import Path


def test_sanity(tool) -> None:
    """All sanity tests of ansible-test; compile and import run under each installed Python, from 3.9 on."""
    tool("ansible-test", "sanity", "--color", "no")


def test_ansible_lint(tool) -> None:
    tool("ansible-lint", "--offline", "--profile", "production", "--strict", "--nocolor")


def test_docs(tool) -> None:
    tool("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all", ".")


def test_each_filter_has_its_own_documentation(tool, collection: Path) -> None:
    """If a file with several filters has a DOCUMENTATION, ansible-doc shows it for all of them."""
    env = {"ANSIBLE_COLLECTIONS_PATH": str(collection.parents[2])}
    shown = json.loads(tool("ansible-doc", "--type", "filter", "--list", "--json", "certops.acm", env=env))
    assert len(set(shown.values())) == len(shown) > 20


def test_changelog(tool) -> None:
    tool("antsibull-changelog", "lint")


def test_black(tool) -> None:
    tool("black", "--check", "--quiet", "--diff", "plugins", "extensions", "tests", "tools")


def test_mypy(tool, collection: Path) -> None:
    """Types, except those of amazon.aws, which has none. mypy runs above ansible_collections, so that it finds the imports."""
    tree = collection.parents[2]
    config = str(collection / "pyproject.toml")
    parts = [f"ansible_collections/certops/acm/{part}" for part in ("plugins", "extensions")]
    tool("mypy", "--config-file", config, *parts, cwd=tree)


def test_mypy_tools(tool, collection: Path) -> None:
    tool("mypy", "--config-file", str(collection / "pyproject.toml"), ".", cwd=collection / "tools")


def test_shell(tool) -> None:
    tool("shellcheck", "run", ".ci/run")
