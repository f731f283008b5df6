# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hand acm_alert what opens its channels through the connection, never through a temporary file; and refuse, on the
controller, channels whose secrets AnsibleModule would not recognize as such."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils.alert_channels import check_channels, refuse_private_key
from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import PipelinedAction


class ActionModule(PipelinedAction):
    SECRET_OPTIONS = ("url", "headers", "signing_secret", "password")
    CONTAINERS = ("channels",)
    REFUSAL = "What opens a channel would be written to a temporary file, as {obstacle}."
    INSTEAD = "give all channels to one task"

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        try:
            refuse_private_key(self._task.args)
            check_channels(self._task.args.get("channels"))
        except InvalidInput as error:
            told = {"code": type(error).__name__, "operation": None}
            result: dict[str, t.Any] = {"failed": True, "msg": f"{error} Nothing was sent.", "error": told}
            self._hide_with_item(result, task_vars or {})
            return result
        return super().run(tmp, task_vars)
