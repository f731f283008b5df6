# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible ships with a module to its host: the module's own file and all of our files that it imports, even indirectly.

`./run test tests/checks/test_shipped.py -s` prints the table: module, files, zipped KB.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.checks.test_imports import GRAPH, PLUGINS, reached_from, room_of

MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
# The most files, and zipped KB in steps of five, that each may ship, not counting its own file. Those that talk to ACM include
# what the embedded authority needs for the operations that they pass in (`open_embedded`).
MOST = {
    "acm_alert": (20, 50),
    "acm_authority": (60, 140),
    "acm_authority_records_info": (25, 70),
    "acm_certificate": (94, 250),
    "acm_certificate_info": (73, 175),
    "acm_export": (82, 190),
    "acm_import": (90, 210),
    "acm_notification_queue": (54, 130),
    "acm_notifications": (51, 120),
    "acm_renewals_memory": (7, 25),
    "certificate_bundle": (10, 35),
    "certificate_deployment": (27, 85),
    "haproxy_certificate": (4, 15),
    "served_certificate_info": (7, 20),
}
# These do not use an authority.
WITHOUT_AUTHORITY = (
    "acm_alert",
    "acm_renewals_memory",
    "certificate_bundle",
    "certificate_deployment",
    "haproxy_certificate",
    "served_certificate_info",
)


def shipped(module: str) -> list[Path]:
    return [
        PLUGINS.joinpath(*name.split(".")).with_suffix(".py")
        for name in sorted(reached_from(f"modules.{module}") & set(GRAPH))
    ]


def own_file(module: str) -> Path:
    return PLUGINS / "modules" / f"{module}.py"


def zipped_kb(files: list[Path]) -> float:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, str(path.relative_to(PLUGINS)))
    return len(packed.getvalue()) / 1024


def test_what_each_module_ships() -> None:
    rows = {module: shipped(module) for module in MODULES}
    sizes = {module: (len(files), zipped_kb(files)) for module, files in rows.items()}
    print()
    for module, (files, size) in sizes.items():
        print(f"{module:30} {files:3} files {size:7.1f} KB, with its own {zipped_kb([own_file(module)]):5.1f} KB")
    assert {
        module: sizes[module]
        for module, most in MOST.items()
        if sizes[module][0] > most[0] or sizes[module][1] > most[1]
    } == {}


@pytest.mark.parametrize("module", WITHOUT_AUTHORITY)
def test_a_module_that_does_not_use_an_authority_ships_none(module: str) -> None:
    rooms = {room_of(name) for name in reached_from(f"modules.{module}")}
    assert "_authority" not in rooms
    assert module == "acm_alert" or "_door" not in rooms


def test_what_an_action_plugin_loads() -> None:
    """Ansible loads it for each task, and compiles it and what it imports each time."""
    ours = {name for name in reached_from("plugin_utils.pipelining") if name in GRAPH}
    assert ours == {
        "module_utils._ansible.fast_import",
        "module_utils._rules.errors",
        "module_utils._rules.progress_file",
        "module_utils._rules.sentences",
        "plugin_utils.host_results",
        "plugin_utils.progress",
    }
