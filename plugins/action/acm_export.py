# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hide the result of acm_export where it holds a private key, whatever the task says about no_log.

What is registered holds it all the same. A passphrase reaches the module through the connection, never through a
temporary file.
"""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import DICTS, LIST, PipelinedAction


class ActionModule(PipelinedAction):
    SECRET_OPTIONS = ("passphrase",)
    CONTAINERS = {"certificates": LIST, "files": DICTS}
    EXAMPLES = {"certificates": "[{domain_name: www.example.com}]", "files": "{fullchain: {}, key: {}}"}
    REFUSAL = "The passphrase would be written to a temporary file, as {obstacle}."

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        if any(export.get("private_key") for export in result.get("exports") or () if isinstance(export, dict)):
            result["_ansible_no_log"] = True
        return result
