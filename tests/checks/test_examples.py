# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example is correct: each task in EXAMPLES, in a guide or in a playbook matches the real argument spec of what it calls."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.certops.acm.tests.support import guides as markdown
from ansible_collections.certops.acm.tests.support.task_calls import (
    COLLECTION,
    MODULES,
    OURS,
    ROLES,
    Call,
    calls_in,
    complaints,
    learn,
    role_specs,
)


def examples() -> Iterator[Call]:
    for path in sorted((COLLECTION / "plugins" / "modules").glob("*.py")):
        text = re.search(
            r'^EXAMPLES = r?"""(.*?)^"""', path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
        )
        yield from calls_in(yaml.safe_load(text[1]) if text else None, f"EXAMPLES of {path.stem}", {}, {})


def guides() -> Iterator[Call]:
    """The YAML in fenced blocks of every Markdown file: plays, tasks, or just the variables of a role."""
    for path in listed("*.md"):
        for block in markdown.blocks(path):
            where, content = str(block), yaml.safe_load(block.text) if block.language in ("yaml", "yml") else None
            if isinstance(content, list):
                yield from calls_in(content, where, {}, {})
            elif isinstance(content, dict):
                for role in ROLES:
                    found = {key: value for key, value in content.items() if str(key).startswith(f"{role}_")}
                    for entry_point in sorted({entry_point_with(role, key) for key in found}):
                        own = {key: found[key] for key in found if entry_point_with(role, key) == entry_point}
                        yield Call(where, f"{OURS}{role}:{entry_point}", own, is_whole=False)


def entry_point_with(role: str, variable: str) -> str:
    """The first entry point of the role that has this variable."""
    return next((name for name, spec in role_specs(role).items() if variable in spec["options"]), "main")


def playbooks() -> Iterator[Call]:
    for path in [*listed("playbooks/*.yml"), *listed("roles/*/tasks/*.yml")]:
        if path.parent.name == "vars":
            continue
        yield from calls_in(yaml.safe_load(path.read_text(encoding="utf-8")), str(path.relative_to(COLLECTION)), {}, {})


def listed(pattern: str) -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", pattern]
    done = subprocess.run(command, cwd=COLLECTION, capture_output=True, text=True, check=True)
    return [path for name in sorted(done.stdout.split("\0")) if name and (path := COLLECTION / name).is_file()]


CALLS = [*examples(), *guides(), *playbooks()]


@pytest.mark.parametrize("call", CALLS, ids=[f"{call.where}: {call.target}" for call in CALLS])
def test_call_matches_its_spec(call: Call) -> None:
    learn({one.target for one in CALLS if not one.target.startswith(OURS)})
    assert complaints(call) == []


@pytest.mark.parametrize("name", MODULES)
def test_module_shows_how_to_use_it(name: str) -> None:
    assert [call for call in CALLS if call.target == f"{OURS}{name}" and call.where.startswith(f"EXAMPLES of {name},")]


@pytest.mark.parametrize(
    "arguments",
    [{"nonsense": 1}, {"wait": "perhaps"}],
    ids=["an option that does not exist", "a value of the wrong type"],
)
def test_the_check_can_fail(arguments: dict[str, Any]) -> None:
    assert complaints(Call("here", "certops.acm.acm_certificate", {"domain_name": "www.example.com", **arguments}))


@pytest.mark.parametrize(
    ("target", "arguments"),
    [("amazon.aws.route53", {"zone": "example.com", "nonsense": 1}), ("amazon.aws.no_such_module", {})],
    ids=["an option that does not exist", "a module that does not exist"],
)
def test_the_check_of_other_collections_can_fail(target: str, arguments: dict[str, object]) -> None:
    try:
        found = complaints(Call("here", target, arguments, is_whole=False))
    except AssertionError as error:
        found = [str(error)]
    assert found
