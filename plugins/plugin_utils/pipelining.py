# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks whose arguments hold a secret go to their host through the connection, never through a file; and where the item
of a loop holds it, which Ansible shows beside every result, the result is hidden.

Without pipelining ansible-core writes module and arguments to a temporary file on the host before it runs them.
"""

from __future__ import annotations

import typing as t

from ansible import constants
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.certops.acm.plugins.module_utils._ansible.fast_import import no_collection
from ansible_collections.certops.acm.plugins.plugin_utils.host_results import drop_what_ansible_obeys

SHORTEST_PART = 8  # characters of a secret that tell something of it


class PipelinedAction(NormalAction):
    """Runs the module of the same name, with pipelining wherever its arguments hold a secret, and takes from its result
    only what is about the host."""

    _requires_connection = True
    SECRET_OPTIONS: tuple[str, ...] = ()
    CONTAINERS: tuple[str, ...] = ("certificates",)  # the options, at any depth, that may have SECRET_OPTIONS in them
    REFUSAL = ""  # the sentence for a connection without pipelining; {obstacle} is the clause that says why
    INSTEAD = "give the option certificates instead of a loop, or loop over names"

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        obstacle = self._switch_pipelining_on() if self._secrets() else None
        if obstacle:
            result = {"failed": True, "msg": f"{self.REFUSAL.format(obstacle=obstacle)} Nothing was sent."}
        else:
            with no_collection():  # Ansible reads all our files to find what goes to the host
                result = super().run(tmp, task_vars)
            drop_what_ansible_obeys(result)
        self._hide_with_item(result, task_vars or {})
        return result

    def _secrets(self) -> list[t.Any]:
        return list(secrets_in(self._task.args, self.SECRET_OPTIONS, self.CONTAINERS))

    def _hide_with_item(self, result: dict[str, t.Any], variables: dict[str, t.Any]) -> None:
        texts = [text for each in self._secrets() for text in texts_of(each)]
        if self._task.no_log or not is_told(variables.get(variables.get("ansible_loop_var", "item")), texts):
            return
        result["_ansible_no_log"] = True
        self._display.warning(
            f"The items of this loop over {self._task.action} hold a secret, so its results are hidden; {self.INSTEAD}."
        )

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


def secrets_in(arguments: t.Any, options: t.Collection[str], containers: t.Collection[str]) -> t.Iterator[t.Any]:
    """What these options are set to, in the task and in its containers.

    A container of another shape than one or many dictionaries counts as well: to refuse or to convert it is for the
    module.
    """
    if not isinstance(arguments, dict):
        yield arguments
        return
    for name, value in arguments.items():
        if name in options and value:
            yield value
        elif name in containers and value:
            for each in value if isinstance(value, (list, tuple)) else [value]:
                yield from secrets_in(each, options, containers)


def texts_of(secret: t.Any) -> list[str]:
    """The texts that may not be shown of a secret. Of many under names of their own, such as headers, a short one gives
    nothing away and stands in much else."""
    if isinstance(secret, dict):
        return [text for text in secret.values() if isinstance(text, str) and len(text) >= SHORTEST_PART]
    return [secret] if isinstance(secret, str) else []


def is_told(value: t.Any, secrets: t.Collection[str]) -> bool:
    """Whether VALUE has, at any depth, one of the secrets or a part of one; short words are no part."""
    if isinstance(value, str):
        return any(secret in value or (len(value) >= SHORTEST_PART and value in secret) for secret in secrets)
    if isinstance(value, dict):
        return any(is_told(each, secrets) for each in value.values())
    return isinstance(value, (list, tuple)) and any(is_told(each, secrets) for each in value)
