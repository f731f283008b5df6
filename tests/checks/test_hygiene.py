# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small rules for every file: licence header, size, no trace of the machine that a file was written on."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

COLLECTION = Path(__file__).resolve().parents[2]
PLUGINS = COLLECTION / "plugins"
HEADER = """\
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""
LINES = 600
# A home folder, or the usual places of a checkout or a temporary folder: examples use /srv, /etc and /var instead.
MACHINE_PATH = re.compile(r"(?<![\w.$}{/~:-])/(?:root|home/\w+|work|tmp/lab|opt/pypi|Users/\w+)(?:/|\b)(?!\.ansible)")
REGISTRY_HOST = re.compile(r"(?:files\.pythonhosted|pypi|registry\.npmjs|deb\.debian|archive\.ubuntu)\.(?:org|com)")


def files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=COLLECTION,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in sorted(listed.stdout.split("\0")) if name and (path := COLLECTION / name).is_file()]


def named(path: Path) -> str:
    return str(path.relative_to(COLLECTION))


FILES = files()
PYTHON = [path for path in FILES if path.suffix == ".py"]


def test_licence_header() -> None:
    """Every Python file has it, after a module's first line."""
    texts = {path: path.read_text(encoding="utf-8").removeprefix("#!/usr/bin/python\n") for path in PYTHON}
    assert [named(path) for path, text in texts.items() if not text.startswith(HEADER)] == []


def test_files_are_short() -> None:
    """Documentation blocks aside, no plugin is too long to keep in mind."""
    long = {named(path): lines for path in PYTHON if PLUGINS in path.parents and (lines := lines_of_code(path)) > LINES}
    assert long == {}


def lines_of_code(path: Path) -> int:
    text = path.read_text(encoding="utf-8")
    documentation = 0
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id in ("DOCUMENTATION", "EXAMPLES", "RETURN"):
                documentation += (node.end_lineno or node.lineno) - node.lineno + 1
    return text.count("\n") - documentation


@pytest.mark.parametrize("trace", [MACHINE_PATH, REGISTRY_HOST], ids=["path of a machine", "host of a registry"])
def test_no_trace_of_a_machine(trace: re.Pattern[str]) -> None:
    found = []
    for path in FILES:
        if path == Path(__file__).resolve() or path.name == "LICENSE" or path.parent.name == "LICENSES":
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found += [
            f"{named(path)}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if trace.search(line)
        ]
    assert found == []


def test_no_message_for_people_comes_from_assert() -> None:
    """The module assert shows the assertion, and what it evaluated to, before the message."""
    found = [path for folder in ("roles", "playbooks") for path in (COLLECTION / folder).rglob("*.yml")]
    assert found and [path for path in found if "fail_msg:" in path.read_text(encoding="utf-8")] == []
