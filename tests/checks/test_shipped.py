# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module takes along to its host: its own file and every file of ours that it imports, whichever way.

`./run test tests/checks/test_shipped.py -s` prints the table: module, files, zipped KB.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.checks.test_imports import GRAPH, PLUGINS, reached_from, room_of

MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
# The most files that some may ship; the others speak ACM, and bring the embedded authority along.
FILES = {
    "acm_alert": 20,
    "certificate_bundle": 10,
    "certificate_deployment": 30,
    "haproxy_certificate": 10,
    "served_certificate_info": 10,
}


def shipped(module: str) -> list[Path]:
    return [
        PLUGINS.joinpath(*name.split(".")).with_suffix(".py")
        for name in sorted(reached_from(f"modules.{module}") & set(GRAPH))
    ]


def zipped_kb(files: list[Path]) -> float:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, str(path.relative_to(PLUGINS)))
    return len(packed.getvalue()) / 1024


def test_what_each_module_ships() -> None:
    rows = {module: shipped(module) for module in MODULES}
    print()
    for module, files in rows.items():
        size = zipped_kb([*files, PLUGINS / "modules" / f"{module}.py"])
        print(f"{module:30} {len(files):3} files {size:7.1f} KB")
    assert {module: len(rows[module]) for module in FILES if module in rows and len(rows[module]) > FILES[module]} == {}


@pytest.mark.parametrize("module", [module for module in MODULES if module in FILES])
def test_a_module_without_use_for_an_authority_ships_none(module: str) -> None:
    rooms = {room_of(name) for name in reached_from(f"modules.{module}")}
    assert "_authority" not in rooms
    assert module == "acm_alert" or "_door" not in rooms
