# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`./run new-module NAME` writes a module that passes the checks and the tests unchanged, for each of the four kinds of module."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

KINDS = ("acm_weather", "acm_weather_info", "weather", "weather_info")
CHECKS = ("test_requirements", "test_imports", "test_shipped", "test_hygiene", "test_examples", "test_iam")


@pytest.fixture(name="new_module", scope="module")
def fixture_new_module(collection: Path) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(collection / "tools"))
        spec = importlib.util.spec_from_file_location("new_module", collection / "tools" / "new_module.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(name="copy", scope="module")
def fixture_copy(collection: Path, new_module: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection with one more module of each kind, in a separate tree."""
    tree = tmp_path_factory.mktemp("new-module")
    copy = tree / "ansible_collections" / "certops" / "acm"
    shutil.copytree(collection, copy, ignore=shutil.ignore_patterns("__pycache__", "output"))
    for beside in collection.parents[1].iterdir():
        if beside.is_dir() and beside.name != "certops":
            (copy.parents[1] / beside.name).symlink_to(beside)
    for name in KINDS:
        new_module.make(copy, name)
    return copy


def test_checks_and_tests_pass(tool, copy: Path) -> None:
    checks = [f"tests/checks/{name}.py" for name in CHECKS]
    units = [f"tests/unit/plugins/modules/test_{name}.py" for name in (*KINDS, "error_contract")]
    env = {"ANSIBLE_COLLECTIONS_PATH": str(copy.parents[2]), "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    told = tool(sys.executable, "-m", "pytest", "-q", *checks, *units, cwd=copy, env=env)
    assert " passed" in told
    tool("black", "--check", "--quiet", "--diff", "plugins/modules", "plugins/action", "tests/unit", cwd=copy)


def test_sanity_passes(tool, copy: Path) -> None:
    files = [f"plugins/{folder}/{name}.py" for folder in ("modules", "action") for name in KINDS]
    wanted = ["--test", "validate-modules", "--test", "pep8"]
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    tool("ansible-test", "sanity", "--color", "no", "--python", version, *wanted, *files, cwd=copy)


def test_the_module_is_added_everywhere(copy: Path) -> None:
    readme = (copy / "README.md").read_text(encoding="utf-8")
    runtime = (copy / "meta" / "runtime.yml").read_text(encoding="utf-8").split()
    assert [name for name in KINDS if readme.count(f"| `{name}` |") != 1] == []
    assert [name for name in KINDS if name in runtime] == ["acm_weather", "acm_weather_info"]


@pytest.mark.parametrize(
    ("name", "sentence"), [("acm_export", "already"), ("Weather", "lower-case letters"), ("a__b", "lower-case")]
)
def test_invalid_module_names_are_refused(new_module: ModuleType, copy: Path, name: str, sentence: str) -> None:
    with pytest.raises(new_module.Trouble, match=sentence):
        new_module.make(copy, name)
