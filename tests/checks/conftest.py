# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks on the code itself: most run a tool over the whole collection, and show the tool's own output when it fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.support.programs import finish, require

COLLECTION = Path(__file__).resolve().parents[2]
LIMIT_S = 900

Tool = Callable[..., str]


@pytest.fixture(scope="session")
def collection() -> Path:
    """The collection's folder, in a tree that also contains amazon.aws."""
    return COLLECTION


@pytest.fixture(scope="session")
def tool() -> Tool:
    """tool(program, *arguments, cwd=…, succeeds=…): run it and return its output; if it fails, fail with that output."""

    def run(
        program: str,
        *arguments: str,
        cwd: Path = COLLECTION,
        succeeds: Callable[[int, str], bool] = lambda code, output: code == 0,
        env: dict[str, str] | None = None,
    ) -> str:
        require(program)
        done = finish([program, *arguments], cwd, env, LIMIT_S)
        if not succeeds(done.returncode, done.stdout):
            pytest.fail(
                f"{program} {' '.join(arguments)} (exit code {done.returncode})\n\n{done.stdout}", pytrace=False
            )
        return done.stdout

    return run


@pytest.fixture(scope="session")
def artifact(tool: Tool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as `ansible-galaxy collection build` packages it."""
    folder = tmp_path_factory.mktemp("artifact")
    tool("ansible-galaxy", "collection", "build", "--output-path", str(folder), str(COLLECTION))
    (built,) = folder.glob("certops-acm-*.tar.gz")
    return built
