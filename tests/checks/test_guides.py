# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fenced block that users read is checked by a test.

test_examples.py checks tasks; commands and IAM policies are checked here. Output, configuration of other programs and other
JSON are checked by a test that runs or reads the page, and names it.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

import pytest
import yaml
from ansible_collections.certops.acm.plugins.module_utils._files.certificate_files import SET_FILE_NAMES
from ansible_collections.certops.acm.tests.support import command_lines, policies
from ansible_collections.certops.acm.tests.support.guides import COLLECTION, Block, Section, pages, sections

TASKS = {"yaml", "yml"}
COMMANDS = {"console", "sh"}
OTHERS = {"csv", "ini", "javascript", "json", "named", "nginx", "python", "text", "xml", "zone"}
SECTIONS = [(page, section) for page in pages() for section in sections(page)]
BLOCKS = [(section, block) for page, section in SECTIONS for block in section.blocks]
POLICIES = [(section, block) for section, block in BLOCKS if block.language == "json" and '"Statement"' in block.text]
# A file of a deployed certificate, as in /etc/acm/www.example.com/live/privkey.pem.
DEPLOYED = re.compile(r"(?<!letsencrypt/)\blive/([\w.]+\w)")
NAMES = [str(block) for section, block in BLOCKS]


@pytest.mark.parametrize("block", [block for section, block in BLOCKS], ids=NAMES)
def test_block_is_checked(block: Block) -> None:
    """Its language is known, its text is valid in that language, and a test checks it."""
    assert block.language in TASKS | COMMANDS | OTHERS
    if block.language in TASKS:
        list(yaml.safe_load_all(block.text))
    elif block.language == "json":
        json.loads(block.text)
    is_policy = any(block is policy for section, policy in POLICIES)
    if block.language in OTHERS and not is_policy and not (block.language == "nginx" and DEPLOYED.search(block.text)):
        assert is_named_by_a_test(block.page.name), f"no test names {block.page.name}, so nothing checks this block"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(COLLECTION)))
def test_deployed_files_have_these_names(page: Path) -> None:
    assert set(DEPLOYED.findall(page.read_text(encoding="utf-8"))) <= set(SET_FILE_NAMES.values())


@lru_cache(maxsize=None)
def is_named_by_a_test(name: str) -> bool:
    tests = [path for path in (COLLECTION / "tests").rglob("test_*.py") if path != Path(__file__).resolve()]
    return any(f'"{name}"' in path.read_text(encoding="utf-8") for path in tests)


@pytest.mark.parametrize(("section", "block"), POLICIES, ids=[str(block) for section, block in POLICIES])
def test_policy(section: Section, block: Block) -> None:
    """The section may explain why `*` is the only possible resource."""
    assert policies.faults(json.loads(block.text), is_any_resource_explained="`*`" in section.prose) == []


@pytest.mark.parametrize(
    "block",
    [block for section, block in BLOCKS if block.language in COMMANDS],
    ids=[str(block) for section, block in BLOCKS if block.language in COMMANDS],
)
def test_commands(block: Block) -> None:
    text = block.page.read_text(encoding="utf-8")
    files = {other.file_name for section, other in BLOCKS if other.page == block.page}
    assert command_lines.faults(block.language, block.text, command_lines.Page(text, files)) == []


# --- the checks can fail ---


@pytest.mark.parametrize(
    "command",
    [
        "frobnicate --all",
        "ansible-playbook certops.acm.nonsense",
        "ansible-playbook certops.acm.deploy -e acm_deploy_nonsense=1",
        "ansible-playbook certops.acm.deploy -e '{\"acm_deploy_nonsense\": 1}'",
        "ansible-playbook certops.acm.deploy --nonsense",
        "sudo -u somebody ansible-playbook certops.acm.nonsense",
        "ansible-playbook not-on-the-page.yml",
        "ansible-doc certops.acm.nonsense",
        "ansible-doc -t role certops.acm.nonsense",
        "ansible localhost -m certops.acm.nonsense",
        "ansible localhost -m certops.acm.acm_certificate -a 'domain_name=www.example.com nonsense=1'",
        "ansible-rulebook --rulebook certops.acm.nonsense",
        "cd acm && ./run nonsense",
        "./run bench nonsense",
        "./run play certops.acm.nonsense",
        "aws acm nonsense",
        "aws nonsense list",
        "aws acm describe-certificate",
        "aws acm describe-certificate --certificate-arn x --nonsense",
        "aws acm wait nonsense --certificate-arn x",
        "openssl nonsense",
        "python3 not-on-the-page.py",
        "pip install -r nonsense.txt",
        "acm-authority nonsense /srv/acm",
        "acm-authority serve /srv/acm 8410 --nonsense",
        "alias acm-authority='python3 -m ansible_collections.certops.acm.nonsense'",
    ],
)
def test_wrong_command_is_found(command: str) -> None:
    assert command_lines.faults("sh", f"{command}\n", command_lines.Page("", set()))


def test_console_output_is_not_a_command() -> None:
    console = "$ openssl x509 -in a.pem \\\n    -noout -serial\nserial=01\n$ frobnicate\nfrobnicate: not found\n"
    assert [words[0] for words in command_lines.commands("console", console)] == ["openssl", "frobnicate"]


GOOD = {"Effect": "Allow", "Action": "acm:ListCertificates", "Resource": "*"}


@pytest.mark.parametrize(
    "statement",
    [
        {**GOOD, "Action": "acm:Nonsense"},
        {**GOOD, "Action": "acm:Describe*"},
        {**GOOD, "Action": "nonsense:ListCertificates"},
        {**GOOD, "Action": "sqs:DeleteMessageBatch"},
        {**GOOD, "Effect": "allow"},
        {"Effect": "Allow", "Action": "acm:ListCertificates"},
        {"Effect": "Allow", "Resource": "*"},
        {**GOOD, "Action": "acm:DeleteCertificate"},
        {**GOOD, "Resource": "certificate/*"},
        {**GOOD, "Nonsense": 1},
        {**GOOD, "Sid": "with space"},
        {**GOOD, "Condition": {"StringEquals": {"acm:Nonsense": "x"}}},
    ],
    ids=str,
)
def test_wrong_statement_is_found(statement: dict[str, object]) -> None:
    assert policies.faults({"Version": "2012-10-17", "Statement": [GOOD]}) == []
    assert policies.faults({"Version": "2012-10-17", "Statement": [statement]})


def test_wrong_version_is_found() -> None:
    assert policies.faults({"Version": "2012-10-18", "Statement": GOOD})
