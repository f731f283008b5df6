# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports from a zip, in a separate process."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ansible_collections.certops.acm.plugins.module_utils._ansible import fast_import

PACKAGE = "ansible_collections.certops.acm.plugins.module_utils"
MODULES = Path(fast_import.__file__).parents[2] / "modules"
FILES = {
    "top/__init__.py": "",
    "top/loading.py": Path(fast_import.__file__).read_text(encoding="utf-8"),
    "top/first.py": "from top import loading\nfrom top import second\n",
    "top/second.py": "from top.below import third\n",
    "top/below/__init__.py": "WORD = 'below'\n",
    "top/below/third.py": "raise_here = lambda: 1 / 0\n",
    "top/broken.py": "1 +\n",
}
PROGRAM = """
import builtins, json, sys
sys.path.insert(0, sys.argv[1])
compiled, compile_it = [], builtins.compile
def counted(source, name, *others, **more):
    compiled.append(name)
    return compile_it(source, name, *others, **more)
builtins.compile = counted
{work}
names = [name for name in sys.modules if name.startswith("top")]
print(json.dumps({{
    "compiled": {{name: compiled.count(sys.modules[name].__file__) for name in names}},
    "files": {{name: sys.modules[name].__file__ for name in names}},
    "packages": [name for name in names if hasattr(sys.modules[name], "__path__")],
    "said": said,
}}))
"""


def told(archive: Path, work: str) -> dict[str, dict[str, int]]:
    command = [sys.executable, "-c", PROGRAM.format(work=work), str(archive)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


@pytest.fixture(name="archive")
def _archive(tmp_path: Path) -> Path:
    path = tmp_path / "module.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in FILES.items():
            file.writestr(name, content)
    return path


def test_a_file_is_compiled_once(archive: Path) -> None:
    """Except those whose import began before loading.py was imported."""
    done = told(archive, "import top.first\nsaid = ''")
    assert done["compiled"]["top.second"] == done["compiled"]["top.below.third"] == 1


def test_modules_and_files_are_the_same_as_without_it(archive: Path) -> None:
    with_it = told(archive, "import top.first\nsaid = ''")
    without = told(archive, "import top.second\nsaid = ''")
    assert with_it["packages"] == without["packages"] == ["top", "top.below"]
    assert without["files"].items() <= with_it["files"].items()
    assert with_it["files"]["top.below.third"] == f"{archive}/top/below/third.py"


@pytest.mark.parametrize(
    ("work", "said"),
    [
        ("import top.missing", "No module named 'top.missing'"),
        ("import top.broken", "invalid syntax (broken.py, line 1)"),
        ("top.below.third.raise_here()", "division by zero"),
    ],
)
def test_errors_are_the_same_as_pythons(archive: Path, work: str, said: str) -> None:
    attempt = f"import top.first\ntry:\n    {work}\nexcept Exception as error:\n    said = str(error)"
    assert told(archive, attempt)["said"] == said


@pytest.mark.parametrize("module", sorted(path.name for path in MODULES.glob("*.py")))
def test_a_module_that_uses_the_door_imports_it_first(module: str) -> None:
    """So that later imports are compiled once."""
    text = (MODULES / module).read_text(encoding="utf-8")
    ours = [line for line in text.splitlines() if line.startswith(f"from {PACKAGE}")]
    door = [line for line in ours if line.startswith(f"from {PACKAGE}._door.module ")]
    assert door in ([], ours[:1])


def test_the_importer_is_not_installed_outside_a_module() -> None:
    assert fast_import.Importer not in sys.path_hooks
