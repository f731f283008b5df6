# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""tests/unit mirrors plugins/module_utils: the tests of _x509/chain.py are in _x509/test_chain.py.

Files that are tested elsewhere are listed here with the place, and files that need no tests with the reason. Neither list may
name a file that has its own tests, so both can only get shorter.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
MIRROR = TESTS / "unit" / "plugins" / "module_utils"
FILES = TESTS.parent / "plugins" / "module_utils"

# The steps of a task show what they do only together: their tests run the module against an authority or an endpoint.
MODULES = {
    "_acm_certificate": ("modules/test_acm_certificate.py", "item lookup result task"),
    "_acm_export": ("modules/test_acm_export.py", "lookup result task"),
    "_acm_import": ("modules/test_acm_import.py", "execution item lookup options result task"),
    "_acm_notifications": ("modules/test_acm_notification_queue.py", "queue_services"),
    "_web_host/deployments": ("modules/test_certificate_deployment.py", "survey transaction"),
}
# Parts that are tested through the whole.
THROUGH = {
    "_authority/authority": "_authority/test_opening.py",
    "_authority/operations/answers": "_authority/operations/test_facts_certificates.py",
}
NOTHING_TO_TEST = {
    "_authority/issuing/checks/verdict": "a type and its three makers",
    "_authority/lifecycle/public_suffix_list": "data, written by tools/public_suffixes.py",
    "_authority/operations/table": "a table; tests/unit/.../wire/test_endpoint.py goes through all of it",
    "_authority/parts": "the clock and the ids that tests replace",
    "_authority/store/schema": "SQL text",
    "_authority/wire/messages": "types",
    "_door/module": "what joins AnsibleAWSModule and the door; each test of a module runs it",
    "_rules/acm_limits": "tables of numbers",
    "_rules/progress_file": "constants",
}
# Tests of what several files do together, or of everything.
TOGETHER = {
    "test_exchanged_folders.py",
    "test_mutated_input.py",
    "_ansible/test_secret_module_arguments.py",
    "_authority/operations/test_facts_certificates.py",
    "_authority/operations/test_facts_errors.py",
    "_authority/operations/test_facts_rules.py",
    "_authority/signing/test_lint.py",
    "_authority/wire/test_other_programs.py",
}

ELSEWHERE = {
    **{f"{room}/{file}": f"../{tests}" for room, (tests, files) in MODULES.items() for file in files.split()},
    **THROUGH,
}


def mirror_of(file: str) -> Path:
    room, _slash, name = file.rpartition("/")
    return MIRROR / room / f"test_{name}.py"


def every_file() -> list[str]:
    return sorted(str(path.relative_to(FILES).with_suffix("")) for path in FILES.rglob("*.py"))


def test_every_file_has_tests_at_the_mirrored_path() -> None:
    known = {*ELSEWHERE, *NOTHING_TO_TEST}
    assert [file for file in every_file() if not mirror_of(file).exists() and file not in known] == []


def test_the_lists_name_existing_files_without_their_own_tests() -> None:
    files = set(every_file())
    listed = [*ELSEWHERE, *NOTHING_TO_TEST]
    assert [file for file in listed if file not in files or mirror_of(file).exists()] == []
    assert not ELSEWHERE.keys() & NOTHING_TO_TEST.keys()


@pytest.mark.parametrize("tests", sorted({*ELSEWHERE.values()}))
def test_tests_elsewhere_exist(tests: str) -> None:
    assert (MIRROR / tests).exists()


def test_a_file_that_moved_leaves_no_tests_behind() -> None:
    files = set(every_file())
    found = [path.relative_to(MIRROR) for path in sorted(MIRROR.rglob("test_*.py"))]
    named = {str(path): str(path.with_name(path.stem.removeprefix("test_"))) for path in found}
    assert [tests for tests, file in named.items() if file not in files and tests not in TOGETHER] == []
    assert {tests for tests in TOGETHER if not (MIRROR / tests).exists()} == set()
