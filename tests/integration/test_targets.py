# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each folder of tests/integration/targets, laid out as ansible-test wants it, is one case here: a play with that one role.

A target gets two variables: `output_dir`, an empty folder of its own, and `acm_connection`, the arguments that lead its
modules to the backend under test (`module_defaults: {group/certops.acm.acm: "{{ acm_connection }}"}`). A target with a
file tasks/impl.yml runs once for each backend.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.tests.support.programs import finish

TARGETS = Path(__file__).resolve().parent / "targets"
LIMIT_S = 600


def authority(folder: Path) -> dict[str, Any]:
    return {"authority": str(folder / "authority")}


# Name of a backend → the connection arguments that lead to it; each run gets a fresh one.
BACKENDS = {"authority": authority}


def cases() -> list[Any]:
    found = []
    for target in sorted(path.parents[1].name for path in TARGETS.glob("*/tasks/main.yml")):
        backends = list(BACKENDS) if (TARGETS / target / "tasks" / "impl.yml").exists() else [next(iter(BACKENDS))]
        found += [
            pytest.param(target, backend, id=f"{target}-{backend}" if len(backends) > 1 else target)
            for backend in backends
        ]
    return found


@pytest.mark.parametrize(("target", "backend"), cases())
def test_target(target: str, backend: str, tmp_path: Path) -> None:
    run_target(target, tmp_path, {"acm_backend": backend, "acm_connection": BACKENDS[backend](tmp_path)})


def run_target(target: str, tmp_path: Path, backend: dict[str, Any]) -> None:
    """Run a play with this role; the test fails when the play does. backend: variables that say where ACM is."""
    variables = {
        "ansible_python_interpreter": sys.executable,
        "output_dir": str(tmp_path / "output"),
        **backend,
    }
    Path(variables["output_dir"]).mkdir()
    play = [{"name": target, "hosts": "testhost", "roles": [target]}]
    (tmp_path / "play.yml").write_text(json.dumps(play), encoding="utf-8")
    (tmp_path / "hosts.json").write_text(
        json.dumps({"all": {"hosts": {"testhost": {"ansible_connection": "local"}}, "vars": variables}}),
        encoding="utf-8",
    )
    words = ["ansible-playbook", "-v", "-i", str(tmp_path / "hosts.json"), str(tmp_path / "play.yml")]
    done = finish(words, tmp_path, {"ANSIBLE_ROLES_PATH": str(TARGETS)}, LIMIT_S)
    if done.returncode:
        pytest.fail(
            f"{target} on {backend['acm_backend']} (exit code {done.returncode})\n\n{done.stdout}", pytrace=False
        )
