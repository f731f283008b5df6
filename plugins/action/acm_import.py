# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hand acm_import a key or a passphrase through the connection, never through a temporary file."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.action.certificate_bundle import ActionModule as PipelinedAction

SECRETS = ("private_key", "bundle", "passphrase")


class ActionModule(PipelinedAction):
    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        # past the rules of certificate_bundle, which look at other options
        result = super(PipelinedAction, self).run(tmp, task_vars)
        if _carries_secret(self._task.args):
            obstacle = self._switch_pipelining_on()
            if obstacle:
                result.update(
                    failed=True,
                    msg=f"The private key would be written to a temporary file, as {obstacle}, "
                    "or give private_key_path or bundle_path. Nothing was sent.",
                )
                return result
        result.update(self._execute_module(task_vars=task_vars))
        return result


def _carries_secret(arguments: dict[str, t.Any]) -> bool:
    items = arguments.get("certificates")
    every = [arguments, *(items if isinstance(items, list) else [])]
    return any(not isinstance(each, dict) or any(each.get(option) for option in SECRETS) for each in every)
