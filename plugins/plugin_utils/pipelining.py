# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks with a secret in their arguments: it is sent to the host through the connection, never in a file, and is never
shown.

Without pipelining ansible-core writes the module and its arguments to a temporary file on the host. And AnsibleModule
recognizes secrets only in options of the right name and type: if one option has the wrong type, it shows them all. So
the types are checked here, before anything is sent, and every other option is searched for a private key that was put
there by mistake."""

from __future__ import annotations

import ast
import contextlib
import json
import typing as t

from ansible import constants
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.certops.acm.plugins.module_utils._ansible.fast_import import no_collection
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import (
    InvalidInput,
    contract,
    contract_of,
    kind_of,
)
from ansible_collections.certops.acm.plugins.plugin_utils.host_results import drop_what_ansible_obeys
from ansible_collections.certops.acm.plugins.plugin_utils.progress import Watch

SHORTEST_PART = 8  # characters of a secret that would reveal something
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
LIST, DICT, DICTS = "a list of dictionaries", "a dictionary", "a dictionary of dictionaries"
_PRIVATE_KEY = "PRIVATE KEY-----"
# Options with these words in their names are secret wherever they are, however the rest of the name is spelt.
_SECRET_WORDS = ("passphrase", "password", "secret", "token")


class PipelinedAction(NormalAction):
    """Runs the module of the same name, with pipelining if its arguments contain a secret, and removes from its result
    what a host must not decide."""

    _requires_connection = True
    SECRET_OPTIONS: tuple[str, ...] = ()
    # The options, at any depth, that may contain SECRET_OPTIONS, and the type of each.
    CONTAINERS: t.Mapping[str, str] = {"certificates": LIST}
    # Options that are never secret, whatever the names in them.
    FREE_OPTIONS: tuple[str, ...] = ("tags", "resource_tags")
    EXAMPLES: t.Mapping[str, str] = {}  # examples of containers, for messages
    KEY_OPTIONS: tuple[str, ...] = ()  # where a private key in PEM belongs
    # The sentence for a connection without pipelining; {obstacle} is a clause with the reason.
    REFUSAL = "A secret would be written to a temporary file, as {obstacle}."
    INSTEAD = ""  # of a loop whose items hold a secret

    def check(self, arguments: dict[str, t.Any]) -> None:
        """Raise InvalidInput if the arguments must not be sent. A module with more to check extends this."""
        refuse_private_keys(arguments, self.KEY_OPTIONS)
        check_shapes(arguments, self.CONTAINERS, self.EXAMPLES)

    def subject(self, _arguments: dict[str, t.Any]) -> str:
        """What a task is about that may take long, to be displayed while it runs; empty for a module that is always
        quick."""
        return ""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = self._refusal()
        if result is None:
            with self._watch(), no_collection():  # Ansible reads all our files to find those to send to the host
                result = super().run(tmp, task_vars)
            drop_what_ansible_obeys(result)
            mask(result, self._hidden_texts())
        self._hide_with_item(result, task_vars or {})
        return result

    def _watch(self) -> t.ContextManager[t.Any]:
        task = self._task
        subject = "" if task.check_mode or task.no_log or task.async_val else self.subject(task.args)
        return Watch(self, subject) if subject else contextlib.nullcontext()

    def _refusal(self) -> dict[str, t.Any] | None:
        """The result of a task that is not sent."""
        try:
            self.check(self._task.args)
        except InvalidInput as error:
            return {"failed": True, "msg": f"{error} Nothing was sent.", "error": contract_of(error)}
        holds_secret = bool(self._secrets())
        obstacle = self._switch_pipelining_on() if holds_secret or self._is_local() else None
        if obstacle and holds_secret:
            sentence = f"{self.REFUSAL.format(obstacle=obstacle)} Nothing was sent."
            return {"failed": True, "msg": sentence, "error": contract("CannotPipeline")}
        return None

    def _secrets(self) -> list[t.Any]:
        """The values that must not be written to a temporary file."""
        return list(secrets_in(self._task.args, self.SECRET_OPTIONS.__contains__, self.CONTAINERS, self.FREE_OPTIONS))

    def _hidden_texts(self) -> list[str]:
        """The values that must not be shown, including those that only look like secrets."""
        found = secrets_in(
            self._task.args,
            lambda name: name in self.SECRET_OPTIONS or sounds_secret(name),
            self.CONTAINERS,
            self.FREE_OPTIONS,
        )
        return [text for each in found for text in texts_of(each)]

    def _is_local(self) -> bool:
        """Whether the module runs on the controller as the user who runs Ansible. There pipelining works however sudo
        is configured, and saves 6 % of a task (docs/developing/performance.md)."""
        connection = self._connection
        return getattr(connection, "transport", "") == "local" and getattr(connection, "become", None) is None

    def _hide_with_item(self, result: dict[str, t.Any], variables: dict[str, t.Any]) -> None:
        item = variables.get(variables.get("ansible_loop_var", "item"))
        is_own = self._task.loop is not None  # and not the item of a loop that includes this task
        if self._task.no_log or not (is_told(item, self._hidden_texts()) or (is_own and has_secret(item))):
            return
        result["_ansible_no_log"] = True
        instead = "loop over names"
        if "certificates" in self.CONTAINERS:
            instead = f"give the option certificates instead of a loop, or {instead}"
        self._display.warning(
            f"The items of this loop over {self._task.action} contain a secret, so its results are hidden; "
            f"{self.INSTEAD or instead}."
        )

    def _switch_pipelining_on(self) -> str | None:
        """Switch pipelining on for this task. Returns what prevents that, as a clause, or None."""
        connection = self._connection
        become = getattr(connection, "become", None)
        name = getattr(connection, "transport", "in use")
        if constants.config.get_config_value("DEFAULT_KEEP_REMOTE_FILES"):
            return "ANSIBLE_KEEP_REMOTE_FILES is set; unset it"
        if self._task.async_val:
            return "async does not work with pipelining; run the task without async"
        if not (connection.has_pipelining or connection.always_pipeline_modules):
            return f"the connection {name} does not support pipelining; use one that does, such as ssh"
        if become is not None and not getattr(become, "pipelining", become.name != "su"):
            return f"become_method {become.name} does not work with pipelining; use sudo, or log in as root"
        try:
            connection.set_option("pipelining", True)
        except KeyError:  # a connection without the option uses the play's setting
            setattr(self._play_context, "pipelining", True)
        # ansible-core 2.17 asks the action, later versions the connection.
        ask = getattr(connection, "is_pipelining_enabled", None)
        if not (ask() if ask else self._is_pipelining_enabled("new")):
            return f"pipelining is not enabled for the connection {name}; set ansible_pipelining to true"
        return None


def secrets_in(
    arguments: t.Any,
    is_secret: t.Callable[[t.Any], bool],
    containers: t.Collection[str],
    free_options: t.Collection[str] = (),
) -> t.Iterator[t.Any]:
    """The values of options with these names, at any depth: a secret in the wrong place is still a secret.

    Containers other than dictionaries and lists of them count as well: the module refuses or converts them.
    """
    if isinstance(arguments, (list, tuple)):
        for each in arguments:
            yield from secrets_in(each, is_secret, containers, free_options)
    elif isinstance(arguments, dict):
        for name, value in arguments.items():
            if name in free_options:
                continue
            if is_secret(name) and _is_content(value):
                yield value
                continue
            is_container = name in containers
            if is_container and value:
                yield from (each for each in _flat(value) if not isinstance(each, dict))
            # Elsewhere the same name may mean something else: the certificates of a service are only names.
            yield from secrets_in(value, is_secret, containers if is_container else (), free_options)


def _flat(value: t.Any) -> t.Iterator[t.Any]:
    for each in value if isinstance(value, (list, tuple)) else [value]:
        yield from _flat(each) if isinstance(each, (list, tuple)) else [each]


def check_shapes(
    arguments: t.Mapping[str, t.Any],
    containers: t.Mapping[str, str],
    examples: t.Mapping[str, str] | None = None,
    above: str = "",
) -> None:
    """Raise InvalidInput, which repeats no value, unless every container has the right type. Text is read as
    AnsibleModule reads it: as JSON or a Python literal."""
    examples = examples or {}
    for name, shape in containers.items():
        value = read_text(arguments.get(name))
        if value is None or value == "":
            continue
        where = f"{above}{name}"
        such_as = f", such as {examples[name]}" if name in examples else ""
        if not isinstance(value, (list, tuple) if shape == LIST else dict):
            raise InvalidInput(f"The option {where} is {kind_of(value)}; give {shape}{such_as}.")
        for key, each in _members(value, shape):
            inside = where if key is None else f"{where}[{key}]" if shape == LIST else f"{where}.{key}"
            each = read_text(each)
            if isinstance(each, dict):
                check_shapes(each, containers, examples, f"{inside}.")
            elif shape == LIST or each is not None:
                wanted = f"{shape}{such_as}" if shape == LIST and such_as else DICT
                raise InvalidInput(f"The option {inside} is {kind_of(each)}; give {wanted}.")


def _members(value: t.Any, shape: str) -> list[tuple[t.Any, t.Any]]:
    """The dictionaries in a container, each with its number or name; None if the container itself is the dictionary."""
    if shape == LIST:
        return list(enumerate(value, 1))
    return list(value.items()) if shape == DICTS else [(None, value)]


def items_of(arguments: dict[str, t.Any]) -> list[t.Any]:
    """The options of each certificate of a task, which has a list of them or is about one."""
    items = read_text(arguments.get("certificates"))
    return [read_text(item) for item in items] if isinstance(items, (list, tuple)) else [arguments]


def read_text(value: t.Any) -> t.Any:
    """VALUE, parsed as JSON or as a Python literal if it is the text of a list or dictionary."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{")):
        return value
    for read in (json.loads, ast.literal_eval):
        try:
            return read(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return value


def refuse_private_keys(arguments: t.Any, allowed: t.Collection[str], where: str = "") -> None:
    """Raise InvalidInput that names an option with a private key that is not ALLOWED to have one."""
    if isinstance(arguments, str) and _PRIVATE_KEY in arguments and read_text(arguments) is arguments:
        raise InvalidInput(
            f"The option {where} contains a private key, which does not belong there. Replace that key if others can "
            "read the playbook or its variables."
        )
    arguments = read_text(arguments)
    if isinstance(arguments, dict):
        for name, value in arguments.items():
            refuse_private_keys(str(name), (), where or "that the task has")
            if name not in allowed:
                refuse_private_keys(value, allowed, f"{where}.{name}" if where else str(name))
    elif isinstance(arguments, (list, tuple)):
        for number, value in enumerate(arguments, 1):
            refuse_private_keys(value, allowed, f"{where}[{number}]")


def mask(result: dict[str, t.Any], secrets: t.Collection[str]) -> None:
    """Remove the secrets from everything else that Ansible shows about a failed task besides the module's own
    results."""
    for name in ("invocation", "msg", "exception", "module_stdout", "module_stderr", "warnings"):
        if name in result:
            result[name] = masked(result[name], secrets)


def masked(value: t.Any, secrets: t.Collection[str]) -> t.Any:
    if isinstance(value, str):
        for secret in secrets:
            value = (
                HIDDEN if value == secret else value.replace(secret, HIDDEN) if len(secret) >= SHORTEST_PART else value
            )
        return value
    if isinstance(value, dict):
        return {masked(name, secrets): masked(each, secrets) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(each, secrets) for each in value]
    return HIDDEN if _is_number(value) and str(value) in secrets else value


def texts_of(secret: t.Any) -> list[str]:
    """The parts of a secret that must not be shown. A short value in a dictionary such as headers reveals nothing, and
    occurs in many other texts."""
    if isinstance(secret, dict):
        texts = [text for each in secret.values() for text in texts_of(each)]
        return [text for text in texts if len(text) >= SHORTEST_PART]
    if isinstance(secret, (list, tuple)):
        return [text for each in secret for text in texts_of(each)]
    return [str(secret)] if isinstance(secret, str) or _is_number(secret) else []


def _is_number(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_told(value: t.Any, secrets: t.Collection[str]) -> bool:
    """Whether VALUE contains, at any depth, one of the secrets or a part of one; short words do not count as a part."""
    if isinstance(value, str):
        return any(secret in value or (len(value) >= SHORTEST_PART and value in secret) for secret in secrets)
    if isinstance(value, dict):
        return any(is_told(each, secrets) for each in value.values())
    if isinstance(value, (list, tuple)):
        return any(is_told(each, secrets) for each in value)
    return _is_number(value) and str(value) in secrets


def has_secret(value: t.Any) -> bool:
    """Whether VALUE contains, at any depth, an option with a secret's name, or a private key."""
    if isinstance(value, dict):
        return any((sounds_secret(name) and _is_content(each)) or has_secret(each) for name, each in value.items())
    if isinstance(value, (list, tuple)):
        return any(map(has_secret, value))
    return isinstance(value, str) and _PRIVATE_KEY in value


def sounds_secret(name: t.Any) -> bool:
    return any(word in str(name).lower() for word in _SECRET_WORDS)


def _is_content(value: t.Any) -> bool:
    return bool(value) and not isinstance(value, bool)
