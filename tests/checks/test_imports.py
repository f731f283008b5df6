# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports point one way: modules → module_utils; only client.py opens the door to authority/, and acm_authority runs it.

`authority/` leans on the shared rules and what these lean on, never on a module or the door; what runs on a web host
imports Python's standard library only.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
OURS = "ansible_collections.certops.acm.plugins."
# Pure rules, and plain access to DNS and HTTP, that both sides of the door use. They know neither ACM's client nor Ansible.
SHARED = frozenset(
    f"module_utils.{name}" for name in ("names", "pem", "import_rules", "caa", "rates", "resolver", "fetcher")
)
HOST_MODULES = ("certificate_bundle", "haproxy_certificate", "served_certificate_info")


def imports_of(path: Path) -> Iterator[str]:
    """The dotted names that a file imports, wherever in it; ours without the collection's prefix."""
    here = ["plugins", *path.relative_to(PLUGINS).with_suffix("").parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix(OURS) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(["ansible_collections.certops.acm", *here[: -node.level], *filter(None, [base])])
            # `from package import name` may import a module `package.name`: both spellings count.
            yield from (own_name(f"{base}.{alias.name}") for alias in node.names)


def own_name(dotted: str) -> str:
    """A name of ours without the prefix, and without what is imported from within a file."""
    if not dotted.startswith(OURS):
        return dotted
    parts = dotted.removeprefix(OURS).split(".")
    while (
        len(parts) > 1
        and not PLUGINS.joinpath(*parts).with_suffix(".py").exists()
        and not PLUGINS.joinpath(*parts).is_dir()
    ):
        parts.pop()
    return ".".join(parts)


GRAPH = {
    ".".join(path.relative_to(PLUGINS).with_suffix("").parts): sorted(set(imports_of(path)))
    for path in sorted(PLUGINS.rglob("*.py"))
}


def reached_from(start: str) -> set[str]:
    """Everything that `start` imports, directly or through our own files."""
    found: set[str] = set()
    todo = [start]
    while todo:
        for name in GRAPH.get(todo.pop(), []):
            if name not in found:
                found.add(name)
                todo.append(name)
    return found


def is_authority(name: str) -> bool:
    return f"{name}.".startswith("module_utils.authority.")


def strays(importers: list[str], is_stray: Callable[[str], bool]) -> dict[str, list[str]]:
    """Which of `importers` import what they must not."""
    return {name: found for name in importers if (found := [used for used in GRAPH[name] if is_stray(used)])}


def test_nothing_imports_a_module() -> None:
    assert strays(list(GRAPH), lambda used: used.startswith("modules.")) == {}


def test_only_the_client_opens_the_authority() -> None:
    """And the module that makes, configures and sweeps one: what it does is no operation of ACM."""
    allowed = ("module_utils.client", "modules.acm_authority")
    outside = [name for name in GRAPH if not is_authority(name) and name not in allowed]
    assert strays(outside, is_authority) == {}


def test_the_authority_leans_on_shared_rules_only() -> None:
    allowed = SHARED.union(*(reached_from(name) for name in SHARED))
    inside = [name for name in GRAPH if is_authority(name)]
    assert strays(inside, lambda used: used in GRAPH and not is_authority(used) and used not in allowed) == {}


def test_shared_rules_and_the_authority_do_not_know_ansible() -> None:
    below = [name for name in GRAPH if is_authority(name) or name in SHARED]
    assert strays(below, lambda used: used.startswith(("ansible.", "ansible_collections."))) == {}


def test_only_modules_and_the_client_know_ansible_module() -> None:
    """What decides takes plain arguments, so that it can be tested without Ansible."""
    edge = ("module_utils.client", "module_utils.discreet_module")
    rules = [name for name in GRAPH if name.startswith("module_utils.") and name not in edge]
    known = ("ansible.module_utils.basic", "ansible_collections.amazon.aws.plugins.module_utils.modules", edge[1])
    assert strays(rules, lambda used: used.startswith(known)) == {}


@pytest.mark.parametrize("name", HOST_MODULES)
def test_host_modules_need_the_standard_library_only(name: str) -> None:
    """A web host has no boto3 and no cryptography. ansible.module_utils travels with every module."""
    reached = reached_from(f"modules.{name}")
    assert f"modules.{name}" in GRAPH
    roots = {
        used.split(".")[0] for used in reached if used not in GRAPH and not used.startswith("ansible.module_utils.")
    }
    assert roots <= set(sys.stdlib_module_names)
