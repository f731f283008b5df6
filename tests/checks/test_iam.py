# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/reference/iam.md lists for each module exactly the actions that its files can call, and for playbooks the modules that
they use. Its policies allow what those modules may need."""

from __future__ import annotations

import ast
import json
import re
from functools import lru_cache
from pathlib import Path

import botocore.session
import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.operations import table
from ansible_collections.certops.acm.tests.checks.test_imports import GRAPH, PLUGINS, own_name, reached_from
from ansible_collections.certops.acm.tests.support import policies
from ansible_collections.certops.acm.tests.support.guides import sections
from botocore import xform_name

COLLECTION = PLUGINS.parent
PAGE = COLLECTION / "docs" / "reference" / "iam.md"
SERVICES = ("acm", "events", "resourcegroupstaggingapi", "route53", "securityhub", "sns", "sqs", "sts")
# AWS services call these on the caller's behalf; none of our files does.
CALLED_BY_AWS = ("acm-pca:", "kms:")
# An operation, and the action that allows it.
ALLOWED_BY = {"DeleteMessageBatch": "DeleteMessage"}
# Files that name operations without calling any, or contain words that only look like an AWS operation.
NOT_CALLING = re.compile(
    r"^module_utils\.(_authority\.|_batch\.results$|_rules\.acm_limits$|_door\.|_net\.|_web_host\.|_validation\.rfc2136$|_acm_alert\.channels\.mail$)"
)
# "Publish" is a common word: only in this file is it a call.
PUBLISHING = "module_utils._acm_alert.channels.sns"
# What a module does not call, although a file that it imports contains it.
NOT_CALLED = {
    # The diagnosis uses the rules of publishing; nothing is published.
    "acm_certificate_info": {
        "AssumeRole",
        "ChangeResourceRecordSets",
        "GetHostedZone",
        "ListHostedZones",
        "ListResourceRecordSets",
    },
    # Certificates are found by names and ARNs, never by tags.
    "acm_export": {"GetResources", "ListTagsForCertificate"},
    # The queue is found as a reader finds it, but not read.
    "acm_notification_queue": {"DeleteMessage", "ReceiveMessage"},
}
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
# The operations in each file of the authority's operations
OPERATIONS_IN = {own_name(file.__name__): file.OPERATIONS.keys() for file in table.FILES}
SECTIONS = {section.heading: section for section in sections(PAGE)}


@lru_cache(maxsize=None)
def operations() -> dict[str, str]:
    """Every operation of these services, under both of its names."""
    session = botocore.session.get_session()
    names = [name for service in SERVICES for name in session.get_service_model(service).operation_names]
    return {spelling: name for name in names for spelling in (name, xform_name(name))}


@lru_cache(maxsize=None)
def called_in(name: str) -> frozenset[str]:
    """The operations that one of our files names, as a string or as a method."""
    path = next(path for path in (PLUGINS / f"{name.replace('.', '/')}.py",))
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        word = node.value if isinstance(node, ast.Constant) else node.attr if isinstance(node, ast.Attribute) else None
        operation = operations().get(word) if isinstance(word, str) else None
        if operation and (operation != "Publish" or name == PUBLISHING):
            found.add(ALLOWED_BY.get(operation, operation))
    return frozenset(found)


def callable_by(module: str) -> set[str]:
    names = {name for name in {f"modules.{module}", *reached_from(f"modules.{module}")} if name in GRAPH}
    files = [
        name for name in names if not NOT_CALLING.match(name) and (PLUGINS / f"{name.replace('.', '/')}.py").is_file()
    ]
    return set().union(*map(called_in, files)) - NOT_CALLED.get(module, set())


@lru_cache(maxsize=None)
def documented(module: str) -> frozenset[str]:
    """The actions in the first column of a module's table."""
    text = PAGE.read_text(encoding="utf-8")
    section = re.search(rf"^## {module}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| (`[^|]*`) \|", section[1], re.MULTILINE) if section else []
    return frozenset(action for row in rows for action in re.findall(r"`([\w-]+:\w+)`", row))


@pytest.mark.parametrize("module", MODULES)
def test_module_has_its_actions(module: str) -> None:
    own = {action for action in documented(module) if not action.startswith(CALLED_BY_AWS)}
    assert {action.partition(":")[2] for action in own} == callable_by(module)
    assert [action for action in documented(module) if not policies.is_action(action)] == []


@pytest.mark.parametrize("module", MODULES)
def test_module_passes_the_operations_it_calls_to_the_embedded_authority(module: str) -> None:
    """Every operation, and no file of which it calls none."""
    called = {action.partition(":")[2] for action in documented(module) if action.startswith("acm:")}
    assert called <= table.OPERATIONS.keys()
    handed_in = OPERATIONS_IN.keys() & set(GRAPH[f"modules.{module}"])
    assert handed_in == {name for name, known in OPERATIONS_IN.items() if known & called}


def test_the_check_sees_calls() -> None:
    assert {"ImportCertificate", "GetCertificate"} <= callable_by("acm_import")
    assert callable_by("certificate_deployment") == set()


def modules_used_by(*files: Path) -> set[str]:
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    return {name for name in re.findall(r"^ +(?:- )?certops\.acm\.(\w+):", text, re.MULTILINE) if documented(name)}


ROLE = COLLECTION / "roles" / "acm_deploy" / "tasks"
PLAYBOOKS = COLLECTION / "playbooks"


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("certops.acm.deploy", [*ROLE.glob("*.yml"), PLAYBOOKS / "deploy.yml"]),
        ("certops.acm.renew", [*ROLE.rglob("*.yml"), PLAYBOOKS / "renew.yml"]),
        ("certops.acm.report", [PLAYBOOKS / "report.yml", *PLAYBOOKS.glob("tasks/report*.yml")]),
    ],
)
def test_playbook_has_its_modules(name: str, files: list[Path]) -> None:
    rows = PAGE.read_text(encoding="utf-8").splitlines()
    (row,) = [row for row in rows if row.startswith("|") and f"`{name}`" in row.split("|")[1]]
    assert set(re.findall(r"`(\w+)`", row.split("|")[2])) == modules_used_by(*files)
    (block,) = SECTIONS[name].blocks
    allowed = {
        action for statement in json.loads(block.text)["Statement"] for action in policies.as_list(statement["Action"])
    }
    assert allowed <= set().union(*map(documented, modules_used_by(*files)))


@pytest.mark.parametrize("name", ["awx", "authority_server"])
def test_other_playbooks_call_nothing(name: str) -> None:
    assert modules_used_by(PLAYBOOKS / f"{name}.yml") == set()
