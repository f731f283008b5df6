# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send acm_certificate's TSIG key through the connection, never in a temporary file, and show what it is waiting for."""

from __future__ import annotations

import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import DICT, LIST, PipelinedAction
from ansible_collections.certops.acm.plugins.plugin_utils.progress import Watch


class ActionModule(PipelinedAction):
    SECRET_OPTIONS = ("key_secret",)
    CONTAINERS = {"certificates": LIST, "publish": DICT, "rfc2136": DICT}
    EXAMPLES = {"certificates": "[{domain_name: www.example.com}]", "publish": "{route53: {}}"}
    REFUSAL = "The key_secret would be written to a temporary file, as {obstacle}."

    def check(self, arguments: dict[str, t.Any]) -> None:
        # Options of the module of this name in community.aws, which also imports.
        given = [name for name in ("certificate", "private_key", "certificate_chain") if name in arguments]
        if given:
            raise InvalidInput(
                f"{self._task.action} has no option {given[0]}: use certops.acm.acm_import to import a certificate."
            )
        super().check(arguments)

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        if self._task.check_mode or self._task.no_log or self._task.async_val or not may_wait(self._task.args):
            return super().run(tmp, task_vars)
        with Watch(self):
            return super().run(tmp, task_vars)


def may_wait(arguments: dict[str, t.Any]) -> bool:
    """Whether the task, or an item of its list, waits for something."""
    items = arguments.get("certificates")
    every = [arguments, *(items if isinstance(items, (list, tuple)) else ())]
    return any(isinstance(each, dict) and boolean(each.get("wait") or False, strict=False) for each in every)
