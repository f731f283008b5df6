# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hide the result of acm_export if it contains a private key, whatever the task says about no_log.

A registered variable still contains the key. A passphrase is sent to the module through the connection, never in a
temporary file.
"""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import (
    DICTS,
    LIST,
    PipelinedAction,
    items_of,
    read_text,
)
from ansible_collections.certops.acm.plugins.plugin_utils.progress import certificates


class ActionModule(PipelinedAction):
    SECRET_OPTIONS = ("passphrase",)
    CONTAINERS = {"certificates": LIST, "files": DICTS}
    EXAMPLES = {"certificates": "[{domain_name: www.example.com}]", "files": "{fullchain: {}, key: {}}"}
    REFUSAL = "The passphrase would be written to a temporary file, as {obstacle}."

    def check(self, arguments: dict[str, t.Any]) -> None:
        super().check(arguments)
        items = read_text(arguments.get("certificates")) or ()
        for number, options in enumerate([arguments, *map(read_text, items)]):
            if isinstance(options, dict):
                refuse_empty_files(read_text(options.get("files")), f"files in item {number}" if number else "files")

    def subject(self, arguments: dict[str, t.Any]) -> str:
        return certificates(items_of(arguments))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        if any(export.get("private_key") for export in result.get("exports") or () if isinstance(export, dict)):
            result["_ansible_no_log"] = True
        return result


def refuse_empty_files(files: t.Any, name: str) -> None:
    """Raise InvalidInput if files are given but each is null, which would count as not given: the module would then write
    its default files, including one with the key."""
    if isinstance(files, dict) and files and all(options is None for options in files.values()):
        example = ", ".join(f"{form}: {{}}" for form in files)
        raise InvalidInput(
            f"{name} does not say how to write {' and '.join(map(str, files))}; for the usual names write {{{example}}}."
        )
