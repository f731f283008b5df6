# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hand acm_import a key or a passphrase through the connection, never through a temporary file; and a key in an option
that the host would log not at all."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._x509.material import refuse_misplaced_key
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidMaterial
from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import PipelinedAction


class ActionModule(PipelinedAction):
    SECRET_OPTIONS = ("private_key", "bundle", "passphrase")
    REFUSAL = (
        "The private key would be written to a temporary file, as {obstacle}, "
        "or give private_key_path or bundle_path."
    )

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        items = self._task.args.get("certificates") or ()
        for options in (self._task.args, *(items if isinstance(items, (list, tuple)) else ())):
            try:
                if isinstance(options, dict):
                    refuse_misplaced_key(options)
            except InvalidMaterial as error:
                told = {"code": type(error).__name__, "operation": None, "rule": error.rule}
                result: dict[str, t.Any] = {"failed": True, "msg": f"{error} Nothing was sent.", "error": told}
                self._hide_with_item(result, task_vars or {})
                return result
        return super().run(tmp, task_vars)
