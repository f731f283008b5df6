# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls of modules and roles in a piece of YAML, and the faults in each according to the called spec.

For our own modules the spec is the one that they pass to AnsibleModule, not the documented one; `ansible-test sanity` compares
these two. Calls of other collections' modules, if these are installed for tests, are checked against their documentation.
"""

from __future__ import annotations

import copy
import importlib
import json
import os
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

COLLECTION = Path(__file__).resolve().parents[2]
OURS = "certops.acm."
# Where other collections are: those that this one needs, and those that it is compared with.
ROOTS = [
    COLLECTION.parents[1],
    *([Path(os.environ["ACM_PEERS"]) / "ansible_collections"] if "ACM_PEERS" in os.environ else []),
]
PEERS = ("ansible.windows.", "community.aws.", "community.crypto.", "kubernetes.core.")
CHECKED = (OURS, "amazon.aws.", "awx.awx.", *(PEERS if len(ROOTS) > 1 else ()))
ROLE_ACTIONS = {
    f"{prefix}{verb}_role" for prefix in ("", "ansible.builtin.", "ansible.legacy.") for verb in ("include", "import")
}
RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")


class Call(NamedTuple):
    """A use of a module or of one of our roles."""

    where: str
    target: str  # the full name of a module or a role; a role's entry point follows after a colon
    arguments: dict[str, Any]
    is_whole: bool = True  # False: a fragment, which may lack required arguments


# --- finding the calls ---


def calls_in(entries: Any, where: str, defaults: dict[str, Any], variables: dict[str, Any]) -> Iterator[Call]:
    """The calls in a list of plays, blocks or tasks, with the module_defaults and vars that apply to them."""
    for number, entry in enumerate(entries or [], 1):
        if not isinstance(entry, dict):
            continue
        place = f"{where}, {entry.get('name', f'entry {number}')}"
        inner_defaults = {**defaults, **written(entry.get("module_defaults"))}
        inner_variables = {**variables, **written(entry.get("vars"))}
        for part in ("pre_tasks", "tasks", "post_tasks", "handlers", "block", "rescue", "always"):
            yield from calls_in(entry.get(part), place, inner_defaults, inner_variables)
        for role in entry.get("roles") or []:
            role = {"role": role} if isinstance(role, str) else role
            own = {**role, **written(role.get("vars"))}
            yield from role_call(str(role.get("role") or role.get("name")), "main", {**inner_variables, **own}, place)
        for key, arguments in entry.items():
            if key in ROLE_ACTIONS:
                entry_point = Path(arguments.get("tasks_from", "main")).stem
                yield from role_call(arguments["name"], entry_point, inner_variables, place)
            elif key.startswith(CHECKED):
                sources = [inner_defaults.get(default) for default in (*groups_of(key), key)] + [arguments]
                whole = not any(isinstance(source, str) for source in sources)
                yield Call(place, key, {k: v for source in sources for k, v in written(source).items()}, whole)


def written(arguments: Any) -> dict[str, Any]:
    """The arguments in the task itself; if a template gives all arguments, they are unknown."""
    return arguments if isinstance(arguments, dict) else {}


def groups_of(action: str) -> list[str]:
    """The keys of module_defaults that apply to a module through its action groups."""
    namespace, collection, module = action.split(".")
    runtime = next(
        (
            root / namespace / collection / "meta" / "runtime.yml"
            for root in ROOTS
            if (root / namespace / collection).is_dir()
        ),
        None,
    )
    groups = yaml.safe_load(runtime.read_text(encoding="utf-8")).get("action_groups", {}) if runtime else {}
    return [f"group/{namespace}.{collection}.{name}" for name, members in groups.items() if module in members]


def role_call(name: str, entry_point: str, variables: dict[str, Any], where: str) -> Iterator[Call]:
    """A role's variables may also come from the inventory, so required ones may be missing here."""
    if name.startswith(OURS):
        role = name.removeprefix(OURS)
        own = {key: value for key, value in variables.items() if key.startswith(f"{role}_")}
        yield Call(where, f"{OURS}{role}:{entry_point}", own, is_whole=False)


# --- the specs that they must match ---

MODULES = sorted(path.stem for path in (COLLECTION / "plugins" / "modules").glob("*.py"))
ROLES = sorted(path.parents[1].name for path in COLLECTION.glob("roles/*/meta/argument_specs.yml"))


class SpecFound(Exception):
    """Carries what a module passes to AnsibleModule out of its main()."""


@lru_cache(maxsize=None)
def module_spec(name: str) -> dict[str, Any]:
    """What the module passes to AnsibleModule: argument_spec and the rules between arguments."""
    from ansible.module_utils.basic import AnsibleModule

    def stop(self: Any, *args: Any, **keywords: Any) -> None:
        raise SpecFound(dict(zip(("argument_spec",), args), **keywords))

    module = importlib.import_module(f"ansible_collections.certops.acm.plugins.modules.{name}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AnsibleModule, "__init__", stop)
        try:
            module.main()
        except SpecFound as found:
            return found.args[0]
    raise AssertionError(f"{name}.main() does not create an AnsibleModule")


@lru_cache(maxsize=None)
def role_specs(name: str) -> dict[str, Any]:
    path = COLLECTION / "roles" / name / "meta" / "argument_specs.yml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]


def spec_of(target: str) -> dict[str, Any]:
    if not target.startswith(OURS):
        return documented_spec(target)
    role, is_role, entry_point = target.removeprefix(OURS).partition(":")
    if not is_role:
        assert role in MODULES, f"there is no module {target}"
        return module_spec(role)
    assert role in ROLES, f"there is no role {OURS}{role}"
    assert entry_point in role_specs(role), f"the role {role} documents no entry point {entry_point}"
    return {"argument_spec": role_specs(role)[entry_point].get("options", {})}


DOCUMENTS: dict[str, Any] = {}


def learn(names: set[str]) -> None:
    """Read the documentation of other collections' modules all at once, because each call of ansible-doc takes a second."""
    if names <= set(DOCUMENTS):
        return
    paths = os.pathsep.join(str(root.parent) for root in ROOTS)
    done = subprocess.run(
        ["ansible-doc", "--json", "-t", "module", *sorted(names)],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    DOCUMENTS.update({name: None for name in names} | json.loads(done.stdout))


def documented_spec(name: str) -> dict[str, Any]:
    """An argument spec made from a module's documentation, without the rules between options."""
    learn({name})
    assert DOCUMENTS[name], f"there is no module {name}"
    return {
        "argument_spec": {
            key: from_document(option) for key, option in DOCUMENTS[name]["doc"].get("options", {}).items()
        }
    }


def from_document(option: dict[str, Any]) -> dict[str, Any]:
    kept = {key: option[key] for key in ("type", "elements", "choices", "aliases", "required") if key in option}
    if isinstance(kept.get("choices"), dict):
        kept["choices"] = list(kept["choices"])
    if option.get("suboptions"):
        kept["options"] = {key: from_document(inner) for key, inner in option["suboptions"].items()}
    return kept


# --- comparing them ---


def is_templated(value: Any) -> bool:
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def without_templated(options: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """A copy of the options in which an option that exists may have any value if that is a template."""
    options = copy.deepcopy(options)
    for name, option in options.items():
        given = next((arguments[key] for key in (name, *option.get("aliases", [])) if key in arguments), None)
        items = given if isinstance(given, list) else [given]
        if is_templated(given) or any(is_templated(item) for item in items):
            for constraint in ("choices", "elements", "options", "suboptions", "mutually_exclusive", "required_if"):
                option.pop(constraint, None)
            option["type"] = "list" if isinstance(given, list) else "raw"
        elif option.get("options"):
            for item in items:
                if isinstance(item, dict):
                    option["options"] = without_templated(option["options"], item)
    return options


def complaints(call: Call) -> list[str]:
    spec = spec_of(call.target)
    options = without_templated(spec["argument_spec"], call.arguments)
    rules = {rule: spec.get(rule) for rule in RULES}
    if not call.is_whole:
        options = {name: {**option, "required": False} for name, option in options.items()}
    return ArgumentSpecValidator(options, **rules).validate(call.arguments).error_messages
