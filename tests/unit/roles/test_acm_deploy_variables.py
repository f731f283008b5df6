# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the role acm_deploy names its variables: a fact overrides a task's own variable, and outlives the task."""

from __future__ import annotations

import typing as t
from pathlib import Path

import yaml

ROLE = Path(__file__).resolve().parents[3] / "roles" / "acm_deploy"


def walk(tasks: t.Iterable[dict[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
    for task in tasks:
        yield task
        for section in ("block", "rescue", "always"):
            yield from walk(task.get(section, []))


def names() -> tuple[set[str], set[str]]:
    """What tasks leave behind, as facts or results, and what only a task or the whole role has."""
    left: set[str] = set()
    own = set(yaml.safe_load((ROLE / "vars" / "main.yml").read_text("utf-8")))
    for file in sorted((ROLE / "tasks").rglob("*.yml")):
        for task in walk(yaml.safe_load(file.read_text("utf-8"))):
            left |= set(task.get("ansible.builtin.set_fact", {})) | {task.get("register", "")}
            own |= set(task.get("vars", {}))
    return left - {""}, own


def test_no_fact_hides_a_variable_of_a_task() -> None:
    left, own = names()
    assert len(left) > 20 and len(own) > 20
    assert left & own == set()


def test_every_variable_has_the_prefix_of_the_role() -> None:
    left, own = names()
    public = {"acm_deploy_failure", "acm_deploy_summary"}
    foreign = {
        name
        for name in left | own
        if not name.startswith(("__acm_deploy_", "__acm_deploy_renewals", "acm_deploy_", "ansible_"))
    }
    assert foreign == set()
    assert public <= left
