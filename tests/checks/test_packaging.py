# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user downloads: it contains only the collection, Galaxy accepts it, and it installs without a network."""

from __future__ import annotations

import os
import re
import tarfile
from pathlib import Path

import pytest
import yaml

# What may be at the top of the artifact. Everything else is for those who work on the collection.
WANTED = {
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "FILES.json",
    "LICENSE",
    "MAINTAINERS.md",
    "MANIFEST.json",
    "README.md",
    "RELEASING.md",
    "SECURITY.md",
    "changelogs",
    "docs",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "requirements-server.txt",
    "requirements.txt",
    "roles",
    "tests",
}


def test_artifact_holds_only_the_collection(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        names = [member.name for member in archive.getmembers() if member.isfile()]
    strays = [name for name in names if name.split("/")[0] not in WANTED]
    strays += [
        name for name in names if name.startswith("tests/") and not re.match(r"tests/(config\.yml|sanity/)", name)
    ]
    strays += [name for name in names if re.search(r"(^|/)(\.|__pycache__|fragments/)|\.pyc$", name)]
    assert strays == []


def test_galaxy_importer(tool, artifact: Path, collection: Path, tmp_path: Path) -> None:
    """Galaxy's own importer, without a warning. Its exit code is useless: it is the truth value of the imported data."""
    python = os.environ.get("ACM_IMPORTER_PYTHON")
    if not python:
        pytest.skip("./run test brings galaxy-importer: ACM_IMPORTER_PYTHON is not set")
    # It imports into a separate tree. The modules' docs use fragments of amazon.aws, which is found as a Python package would be.
    env = {
        "PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(collection.parents[2]),
    }
    output = tool(
        python,
        "-m",
        "galaxy_importer.main",
        str(artifact),
        cwd=tmp_path,
        env=env,
        succeeds=lambda code, output: "Importer processing completed successfully" in output,
    )
    complaints = [line for line in output.splitlines() if re.match(r"(WARNING|ERROR|CRITICAL)", line)]
    assert complaints == []


def test_installs_without_a_network(tool, artifact: Path, collection: Path, tmp_path: Path) -> None:
    beside = tmp_path / "ansible_collections" / "amazon"
    beside.mkdir(parents=True)
    (beside / "aws").symlink_to(collection.parents[1] / "amazon" / "aws")
    env = {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path)}
    tool("ansible-galaxy", "collection", "install", "--offline", str(artifact), "-p", str(tmp_path), env=env)
    listed = tool("ansible-doc", "--list", "certops.acm", env=env)
    modules = {path.stem for path in (collection / "plugins" / "modules").glob("*.py")}
    assert {line.split()[0].removeprefix("certops.acm.") for line in listed.splitlines()} == modules


def test_execution_environment_installs_what_the_modules_need(collection: Path) -> None:
    """The files that meta/execution-environment.yml names are in the artifact, and agree with requirements.txt."""
    meta = yaml.safe_load((collection / "meta" / "execution-environment.yml").read_text(encoding="utf-8"))
    named = meta["dependencies"]
    assert lines_of(collection / named["python"]) == lines_of(collection / "requirements.txt") != []
    platforms = [line.rpartition(" ")[2] for line in lines_of(collection / named["system"])]
    assert sorted(platforms) == ["[platform:dpkg]", "[platform:rpm]"]


def test_example_of_an_execution_environment_is_pinned(collection: Path) -> None:
    """None of its versions changes on its own, and `./run matrix` tries its ansible-core with its Python."""
    example = yaml.safe_load((collection / "docs/examples/execution-environment.yml").read_text(encoding="utf-8"))
    assert re.fullmatch(r"[\w./-]+:\d+", example["images"]["base_image"]["name"])
    wanted = example["dependencies"]
    core = re.fullmatch(r"ansible-core~=(\d+\.\d+)\.\d+", wanted["ansible_core"]["package_pip"])
    python = re.fullmatch(r"python(\d+\.\d+)", wanted["python_interpreter"]["package_system"])
    rows = (collection / "tools" / "compatibility.py").read_text(encoding="utf-8")
    assert core and python and f'Row("{core[1]}", "{python[1]}"' in rows
    assert wanted["python_interpreter"]["python_path"].endswith(python[0])


def lines_of(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
