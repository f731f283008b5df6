# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send certificate_bundle to the host through the connection, never through a file that would hold the key.

Without pipelining ansible-core writes module and arguments to a temporary file on the host before it runs them.
"""

from __future__ import annotations

import typing as t

from ansible import constants
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        if _carries_secret(self._task.args):
            obstacle = self._switch_pipelining_on()
            if obstacle:
                result.update(
                    failed=True,
                    msg=f"The private key would be written to a temporary file on the host, as {obstacle}. Nothing was sent.",
                )
                return result
        result.update(self._execute_module(task_vars=task_vars))
        return result

    def _switch_pipelining_on(self) -> str | None:
        """Switch it on for this task; returns what stands in the way, as a clause."""
        connection = self._connection
        become = getattr(connection, "become", None)
        name = getattr(connection, "transport", "in use")
        if constants.config.get_config_value("DEFAULT_KEEP_REMOTE_FILES"):
            return "ANSIBLE_KEEP_REMOTE_FILES is set; unset it"
        if self._task.async_val:
            return "async does not work with pipelining; run the task without async"
        if not (connection.has_pipelining or connection.always_pipeline_modules):
            return f"the connection {name} has no pipelining; use one that has, such as ssh"
        if become is not None and not become.pipelining:
            return f"become_method {become.name} does not work with pipelining; use sudo, or log in as root"
        try:
            connection.set_option("pipelining", True)
        except KeyError:  # a connection without the option follows the play
            setattr(self._play_context, "pipelining", True)
        if not connection.is_pipelining_enabled():
            return f"the connection {name} does not switch pipelining on; set ansible_pipelining to true"
        return None


def _carries_secret(arguments: dict[str, t.Any]) -> bool:
    """Whether any certificate comes with a key. What has another shape is for the module's own check to refuse."""
    certificates = arguments.get("certificates")
    if not isinstance(certificates, list):
        return certificates is not None
    return any(
        not isinstance(item, dict) or bool(item.get("private_key")) or bool(item.get("pkcs12")) for item in certificates
    )
