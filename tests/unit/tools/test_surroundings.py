# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""./run in bad conditions: one clear sentence, an exit code, and nothing half-made left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3]
REAL_PYTHON = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
# `run` itself needs nothing else from the system.
PROGRAMS = ("bash", "dirname", "env", "git")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone with what ./run reads."""
    folder = tmp_path / "acm"
    shutil.copytree(SOURCE / "tools", folder / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    for path in [SOURCE / "run", SOURCE / "galaxy.yml", *SOURCE.glob("requirements*.txt")]:
        shutil.copy2(path, folder)
    (folder / ".gitignore").write_text("/.work/\n", encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", "--template=", str(folder)], check=True)
    return folder


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder that is the whole PATH: `run`'s few programs and a good python3."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).symlink_to(str(shutil.which(name)))
    (folder / "python3").symlink_to(REAL_PYTHON)
    return folder


@pytest.fixture
def environment(programs: Path, tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    # Nothing answers on port 9 (discard) of this machine: pip is as good as offline.
    offline = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://someone:secret@127.0.0.1:9/simple"}
    return {"PATH": str(programs), "HOME": str(home), **offline}


@pytest.fixture
def run(checkout: Path, environment: dict[str, str]) -> Run:
    def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        command = [str(checkout / "run"), *arguments]
        return subprocess.run(
            command, env={**environment, **changes}, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def script(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The last line that a failed ./run says; no traceback comes before it."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.rstrip("\n").rpartition("\n")[2]


def leftovers(checkout: Path) -> list[str]:
    """What is in .work besides logs, locks and the empty home folder."""
    work = checkout / ".work"
    kept = [path for path in work.rglob("*") if path.is_file() and path.suffix not in (".log", ".lock")]
    return sorted(str(path.relative_to(work)) for path in kept if "cache" not in path.parts)


def test_without_arguments_it_lists_its_verbs(run: Run, checkout: Path) -> None:
    done = run()
    assert done.returncode == 0
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert {"demo", "play", "test", "lint", "bench", "docs"} <= set(listed)
    assert not (checkout / ".work").exists()


def test_unknown_verb(run: Run) -> None:
    assert run("dance").returncode == 2


def test_old_python(run: Run, programs: Path, checkout: Path) -> None:
    script(programs / "python3", 'if [[ $1 == --version ]]; then echo "Python 3.9.2"; fi; [[ $1 == --version ]]')
    said = sentence(run("demo"))
    assert "Python 3.10 or newer is needed" in said and "Python 3.9.2" in said
    assert not (checkout / ".work").exists()


def test_no_python(run: Run, programs: Path) -> None:
    (programs / "python3").unlink()
    assert "Python 3.10 or newer is needed" in sentence(run())


def test_newer_python_next_to_an_old_one(run: Run, programs: Path) -> None:
    script(programs / "python3", "exit 1")
    (programs / "python3.12").symlink_to(REAL_PYTHON)
    done = run()
    assert done.returncode == 0 and "Using python3.12" in done.stderr


def test_no_venv_module(run: Run, checkout: Path, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "ensurepip.py").write_text("raise ImportError\n", encoding="utf-8")
    said = sentence(run("play", "x.yml", PYTHONPATH=str(hidden)))
    assert f"apt-get install python3.{sys.version_info.minor}-venv" in said
    assert leftovers(checkout) == []


def test_no_network(run: Run, checkout: Path) -> None:
    said = sentence(run("play", "x.yml"))
    assert "cannot be fetched" in said and "127.0.0.1:9" in said and "secret" not in said
    assert Path(said.rpartition("Details: ")[2]).is_file()
    assert leftovers(checkout) == []


def test_no_git(run: Run, programs: Path, checkout: Path) -> None:
    (programs / "git").unlink()
    assert "git is missing" in sentence(run("demo"))
    assert not (checkout / ".work").exists()


def test_not_a_clone(run: Run, checkout: Path) -> None:
    shutil.rmtree(checkout / ".git")
    assert "work in a clone of the repository" in sentence(run("demo"))


def test_folder_that_cannot_be_written(run: Run, checkout: Path) -> None:
    # A file in place of the folder stops root too, whom permissions do not.
    (checkout / ".work").write_text("", encoding="utf-8")
    assert "Cannot write in" in sentence(run("demo"))


def test_playbook_is_missing(run: Run) -> None:
    assert "needs a playbook" in sentence(run("play"))


@pytest.fixture
def silent_index() -> Iterator[str]:
    """A package index that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_interrupted_while_setting_up(
    checkout: Path, environment: dict[str, str], silent_index: str, sent: signal.Signals
) -> None:
    running = subprocess.Popen(
        [str(checkout / "run"), "play", "x.yml"],
        env={**environment, "PIP_INDEX_URL": silent_index},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    log = checkout / ".work" / "log" / "venv-controller.log"
    deadline = time.monotonic() + 60
    while "index" not in (log.read_text(encoding="utf-8") if log.exists() else "") and time.monotonic() < deadline:
        time.sleep(0.05)
    # A terminal sends Ctrl-C to the whole group; a service manager sends SIGTERM to one process.
    (os.killpg if sent == signal.SIGINT else os.kill)(running.pid, sent)
    said = running.communicate(timeout=30)[1]
    assert running.returncode == 128 + sent
    assert "Traceback" not in said
    assert leftovers(checkout) == []
