# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`requirements` in the documentation of a module lists every library that its files import, and no other, with the versions
in requirements.txt and tests/config.yml."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.certops.acm.tests.checks.test_imports import GRAPH, PLUGINS, reached_from

MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
# What is imported, and how requirements call it.
LIBRARIES = {"cryptography": "cryptography", "dns": "dnspython", "idna": "idna", "aiohttp": "aiohttp"}
ON_AWS = {"boto3", "botocore"}  # certops.acm.connection documents these


def documentation(module: str) -> dict[str, object]:
    for node in ast.parse((PLUGINS / "modules" / f"{module}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            return dict(yaml.safe_load(ast.literal_eval(node.value)))
    raise AssertionError(f"{module} has no documentation")


def imported_by(module: str) -> set[str]:
    """Top-level names of what is neither ours, nor Ansible's, nor Python's."""
    reached = reached_from(f"modules.{module}")
    roots = {name.split(".")[0] for name in reached if name not in GRAPH}
    ours = {"ansible", "ansible_collections", "module_utils", "modules", ""}
    return roots - ours - set(sys.stdlib_module_names)


def versions() -> dict[str, tuple[int, ...]]:
    """The oldest version of each requirement, without trailing zeros."""
    collection = PLUGINS.parent
    found = re.findall(
        r"^([\w-]+)>=([\d.]+)", (collection / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    python = yaml.safe_load((collection / "tests" / "config.yml").read_text(encoding="utf-8"))["modules"][
        "python_requires"
    ]
    return {name: number(text) for name, text in [*found, ("python", python.removeprefix(">="))]}


def number(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.sub(r"(\.0)+$", "", text).split("."))


@pytest.mark.parametrize(
    "path", sorted([*PLUGINS.glob("modules/*.py"), *PLUGINS.glob("doc_fragments/*.py")]), ids=lambda path: path.stem
)
def test_versions_match_requirements_txt(path: Path) -> None:
    named = re.findall(r"^ +- (\w+)(?: >= ([\d.]+))?(?: \(.*\))?$", path.read_text(encoding="utf-8"), re.MULTILINE)
    wrong = [
        (name, text) for name, text in named if name in versions() and (not text or number(text) != versions()[name])
    ]
    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_requirements_are_correct(module: str) -> None:
    told = documentation(module)
    requirements = told.get("requirements") or []
    assert isinstance(requirements, list)
    named = {library for library in LIBRARIES.values() if any(library in str(line) for line in requirements)}
    imported = imported_by(module)
    assert imported <= {*LIBRARIES, *ON_AWS}, "a library that this test does not know"
    assert named == {LIBRARIES[root] for root in imported & set(LIBRARIES)}
    fragments = told.get("extends_documentation_fragment")
    assert isinstance(fragments, list)
    assert bool(imported & ON_AWS) is (
        "certops.acm.connection" in fragments or any("botocore" in str(x) for x in requirements)
    )
