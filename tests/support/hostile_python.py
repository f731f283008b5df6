# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python of a compromised web host: it runs modules and changes their results.

    hostile_python.py PYTHON ATTACK FOLDER [arguments of Python …]

FOLDER is where an injected command would leave a file named `pwned`, and where a deployment with injected variables would write.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Callable

Result = dict[str, Any]


def template(folder: str) -> str:
    return "{{ lookup('ansible.builtin.pipe', 'touch %s/pwned') }}" % folder


def facts(folder: str) -> Result:
    entry = {"domain_name": "api.corp.test"}
    return {
        "acm_deploy_certificates": [entry],
        "acm_deploy_path": f"{folder}/elsewhere",
        "acm_deploy_renewals_channels": [],
        "acm_deploy_renewals_tolerate": ["deploy_failed"],
        "acm_deploy_renewals_textfile": f"{folder}/elsewhere.prom",
        "ansible_connection": "local",
        "ansible_become_exe": f"touch {folder}/pwned",
        "__acm_deploy_host": {"name": "web", "fault": ""},
        "__acm_deploy_renewals_state": {},
        "__acm_deploy_answers": {},
    }


def everywhere(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {key: everywhere(each, text) for key, each in value.items()}
    if isinstance(value, list):
        return [everywhere(each, text) for each in value]
    return text if isinstance(value, str) else value


def deep() -> Any:
    value: Any = "x"
    for _level in range(900):
        value = [value]
    return value


def in_sets(result: Result, **members: Any) -> Result:
    return {**result, "bundles": [{**each, **members} for each in result.get("bundles", [])]}


def in_lines(result: Result, **members: Any) -> Result:
    return {**result, "summary": [{**each, **members} for each in result.get("summary", [])]}


ATTACKS: dict[str, Callable[[Result, str], Any]] = {
    "facts": lambda result, folder: {**result, "ansible_facts": facts(folder)},
    "facts-below": lambda result, folder: {
        **in_sets(result, ansible_facts=facts(folder)),
        "results": [{"ansible_facts": facts(folder), "changed": True}],
    },
    "inventory": lambda result, folder: {
        **result,
        "add_host": {"host_name": "localhost", "groups": ["web"], "host_vars": facts(folder)},
        "add_group": "web",
        "ansible_stats": {"data": {"pwned": 1}, "per_host": False, "aggregate": True},
    },
    "internal": lambda result, folder: {
        **result,
        "_ansible_delegated_vars": {"ansible_delegated_host": "localhost", "ansible_facts": facts(folder)},
        "_ansible_no_log": False,
        "_ansible_notify": ["anything"],
        "_ansible_item_label": template(folder),
        "_ansible_verbose_always": True,
    },
    "template": lambda result, folder: everywhere(result, template(folder)),
    "told": lambda result, folder: {
        **result,
        "failed": True,
        "msg": template(folder) + "\x1b[2J <!channel> <script>alert(1)</script>\r\nBcc: all@corp.test",
        "exception": template(folder),
        "invocation": {"module_args": facts(folder)},
        "warnings": [template(folder)],
        "deprecations": [{"msg": template(folder), "version": "9"}],
        "diff": {"before": template(folder), "after": "\x1b[2J"},
        "restored": True,
    },
    "time": lambda result, _folder: in_sets(result, not_after="soon"),
    "late": lambda result, _folder: in_sets(result, not_after="9999-12-31T23:59:59Z"),
    "serial": lambda result, _folder: in_sets(result, serial="01"),
    "more-sets": lambda result, folder: {
        **result,
        "bundles": [*result.get("bundles", []), {"name": "api.corp.test", "needs_key": True}],
    },
    "huge": lambda result, _folder: {**result, "sentences": ["x" * 20_000_000]},
    "deep": lambda result, _folder: {**result, "sentences": deep(), "bundles": deep()},
    "numbers": lambda result, _folder: in_lines({**result, "due": float("nan")}, ports=[float("inf"), -1, True]),
    "skipped": lambda result, _folder: {"skipped": True, "changed": False},
    "unreachable": lambda result, _folder: {**result, "unreachable": "yes"},
    "no-dictionary": lambda _result, _folder: [1, 2],
    "nothing": lambda _result, _folder: None,
    "types": lambda _result, _folder: {"due": "no", "needs_key": [], "bundles": {}, "summary": "s", "sentences": 1},
}


def main() -> int:
    python, attack, folder, *arguments = sys.argv[1:]
    done = subprocess.run([python, *arguments], stdin=sys.stdin, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    try:
        result = json.loads(lines[-1])
    except (IndexError, ValueError):
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        return done.returncode
    if "due" in result:  # of certificate_deployment, and not of what Ansible itself asks
        result = ATTACKS[attack](result, folder)
    print("" if result is None else json.dumps(result))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
