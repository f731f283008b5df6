# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks whose arguments hold a secret go to their host through the connection, never through a file.

Without pipelining ansible-core writes module and arguments to a temporary file on the host before it runs them.
"""

from __future__ import annotations

import typing as t

from ansible import constants
from ansible.plugins.action import ActionBase


class PipelinedAction(ActionBase):
    """Runs the module of the same name, with pipelining wherever its arguments hold a secret."""

    _requires_connection = True
    REFUSAL = ""  # the sentence for a connection without pipelining; {obstacle} is the clause that says why

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        if self._carries_secret(self._task.args):
            obstacle = self._switch_pipelining_on()
            if obstacle:
                result.update(failed=True, msg=f"{self.REFUSAL.format(obstacle=obstacle)} Nothing was sent.")
                return result
        result.update(self._execute_module(task_vars=task_vars))
        return result

    def _carries_secret(self, arguments: dict[str, t.Any]) -> bool:
        raise NotImplementedError

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
        if become is not None and not getattr(become, "pipelining", become.name != "su"):
            return f"become_method {become.name} does not work with pipelining; use sudo, or log in as root"
        try:
            connection.set_option("pipelining", True)
        except KeyError:  # a connection without the option follows the play
            setattr(self._play_context, "pipelining", True)
        # ansible-core 2.17 asks the action, later versions the connection.
        ask = getattr(connection, "is_pipelining_enabled", None)
        if not (ask() if ask else self._is_pipelining_enabled("new")):
            return f"the connection {name} does not switch pipelining on; set ansible_pipelining to true"
        return None


def holds_any(arguments: dict[str, t.Any], options: t.Collection[str]) -> bool:
    """Whether the task or any item of its `certificates` has one of these options.

    What has another shape counts as well: to refuse it is for the module's own check.
    """
    items = arguments.get("certificates") or ()
    every = [arguments, *items] if isinstance(items, (list, tuple)) else [None]
    return any(not isinstance(each, dict) or any(each.get(option) for option in options) for each in every)
