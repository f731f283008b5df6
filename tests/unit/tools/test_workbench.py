# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import workbench
from trouble import Trouble


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workbench around an empty checkout."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    work = checkout / ".work"
    work.mkdir()
    monkeypatch.setattr(workbench, "CHECKOUT", checkout)
    monkeypatch.setattr(workbench, "WORK", work)
    monkeypatch.setattr(workbench, "COLLECTION", work / "tree" / "acm")
    return checkout


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def copied() -> dict[str, str]:
    files = [path for path in workbench.COLLECTION.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {str(path.relative_to(workbench.COLLECTION)): path.read_text(encoding="utf-8") for path in files}


def test_copy_follows_the_checkout(bench: Path) -> None:
    write(bench / "a.yml", "a")
    write(bench / "deep" / "er" / "b.yml", "b")
    workbench.refresh_collection(["a.yml", "deep/er/b.yml"])
    assert copied() == {"a.yml": "a", "deep/er/b.yml": "b"}

    write(bench / "a.yml", "changed")
    workbench.refresh_collection(["a.yml", "c.yml"])
    assert copied() == {"a.yml": "changed"}
    assert not (workbench.COLLECTION / "deep").exists()


def test_copy_leaves_what_tests_have_created(bench: Path) -> None:
    write(bench / "tests" / "a.py", "a")
    workbench.refresh_collection(["tests/a.py"])
    write(workbench.COLLECTION / "tests" / "output" / "report", "made by a test")
    workbench.refresh_collection([])
    assert copied() == {"tests/output/report": "made by a test"}


def test_a_target_is_made_once(bench: Path) -> None:
    made = []
    target = bench / ".work" / "thing"

    def build(folder: Path) -> None:
        made.append(folder)
        folder.mkdir()

    for made_of in ("1", "1", "2"):
        workbench.make(target, made_of, "a thing", build)
    assert made == [target, target]


def test_nothing_half_made_remains(bench: Path) -> None:
    target = bench / ".work" / "thing"

    def build(folder: Path) -> None:
        folder.mkdir()
        raise OSError(28, "No space left on device")

    with pytest.raises(Trouble, match="Cannot set up a thing .* No space left on device"):
        workbench.make(target, "1", "a thing", build)
    assert not target.exists()


def test_requirements_of_requirements_count(tmp_path: Path) -> None:
    write(tmp_path / "dev.txt", "-r base.txt\npytest\n")
    write(tmp_path / "base.txt", "boto3\n")
    assert "boto3" in workbench.requirements_text(tmp_path / "dev.txt")


# Starts a daemon as servers do (own session, parent gone), prints its process ID, and exits with a given code.
START_A_DAEMON = "setsid sleep 987 >/dev/null 2>&1 & echo $!; exit 3"


def test_no_process_outlives_its_command() -> None:
    program = f"""
import os, sys
from pathlib import Path
sys.path.insert(0, {str(Path(workbench.__file__).parent)!r})
from processes import run_to_the_end
sys.exit(run_to_the_end(["sh", "-c", {START_A_DAEMON!r}], dict(os.environ), Path("/")))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 3, done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)
