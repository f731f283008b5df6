# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users copy from the documentation, each playbook and each list of tasks, passes ansible-lint in its strictest profile."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path

import pytest
import yaml
from ansible_collections.certops.acm.tests.support.guides import COLLECTION, blocks, pages

# Modules of collections that are not installed for tests.
INCLUDED = {"deploy.yml": "---\n[]\n"}  # files that an example names, and that the reader writes
UNKNOWN = ["azure.azcollection.azure_rm_dnsrecordset", "community.general.cloudflare_dns"]


def kind(content: object) -> str:
    """The folder in which ansible-lint recognizes it; '' for what is neither plays nor tasks."""
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        return ""
    if any("sources" in entry for entry in content):  # a rulebook
        return ""
    return "playbooks" if any({"hosts", "import_playbook"} & set(entry) for entry in content) else "tasks"


def documented() -> dict[str, str]:
    """Path → text of everything to lint. The path says where the text comes from."""
    found = {}
    for page in pages():
        for block in blocks(page):
            folder = kind(yaml.safe_load(block.text)) if block.language in ("yaml", "yml") else ""
            if folder:
                name = str(page.relative_to(COLLECTION).with_suffix("")).replace("/", "-")
                found[f"{folder}/{name}-{block.line}.yml"] = textwrap.dedent(block.text)
    for module in sorted((COLLECTION / "plugins" / "modules").glob("*.py")):
        text = module.read_text(encoding="utf-8")
        examples = re.search(r'^EXAMPLES = r?"""\n(.*?)^"""', text, flags=re.MULTILINE | re.DOTALL)
        if examples and (folder := kind(yaml.safe_load(examples[1]))):
            found[f"{folder}/{module.stem}.yml"] = examples[1]
    return found


def lint(tool, folder: Path, texts: dict[str, str]) -> None:
    config = {"profile": "production", "offline": True, "strict": True, "mock_modules": UNKNOWN}
    for name, text in {**texts, **INCLUDED, ".ansible-lint.yml": yaml.safe_dump(config)}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    known = [os.environ["ANSIBLE_COLLECTIONS_PATH"], *filter(None, [os.environ.get("ACM_PEERS")])]
    env = {"ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(known)}
    tool("ansible-lint", "--nocolor", "-c", ".ansible-lint.yml", *sorted(texts), cwd=folder, env=env)


def test_documentation_passes_ansible_lint(tool, tmp_path: Path) -> None:
    texts = documented()
    assert {name.partition("/")[0] for name in texts} == {"playbooks", "tasks"}
    lint(tool, tmp_path, texts)


@pytest.mark.parametrize("text", ["- hosts: all\n", "- command: date\n"], ids=["a play", "a task"])
def test_the_check_can_fail(tool, tmp_path: Path, text: str) -> None:
    with pytest.raises(pytest.fail.Exception):
        lint(tool, tmp_path, {f"{kind(yaml.safe_load(text))}/wrong.yml": text})
