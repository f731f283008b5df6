# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`requirements` in the documentation of a module name every library that its files import, and no other."""

from __future__ import annotations

import ast
import sys

import pytest
import yaml
from ansible_collections.certops.acm.tests.checks.test_imports import GRAPH, PLUGINS, reached_from

MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
# What is imported, and how requirements call it.
LIBRARIES = {"cryptography": "cryptography", "dns": "dnspython", "idna": "idna", "aiohttp": "aiohttp"}
ON_AWS = {"boto3", "botocore"}  # of these amazon.aws's own fragment speaks


def documentation(module: str) -> dict[str, object]:
    for node in ast.parse((PLUGINS / "modules" / f"{module}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            return dict(yaml.safe_load(ast.literal_eval(node.value)))
    raise AssertionError(f"{module} has no documentation")


def imported_by(module: str) -> set[str]:
    """Roots of what is neither ours, nor Ansible's, nor Python's."""
    reached = reached_from(f"modules.{module}")
    roots = {name.split(".")[0] for name in reached if name not in GRAPH}
    ours = {"ansible", "ansible_collections", "module_utils", "modules", ""}
    return roots - ours - set(sys.stdlib_module_names)


@pytest.mark.parametrize("module", MODULES)
def test_requirements_are_true(module: str) -> None:
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
        "amazon.aws.boto3" in fragments or any("botocore" in str(x) for x in requirements)
    )
