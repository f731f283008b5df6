# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example is true: each task in EXAMPLES, in a guide or in a playbook fits the real argument spec of what it calls.

The spec is the one that the module hands to AnsibleModule, not the documented one; `ansible-test sanity` compares these two.
"""

from __future__ import annotations

import copy
import importlib
import re
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
ROLE_ACTIONS = {
    f"{prefix}{verb}_role" for prefix in ("", "ansible.builtin.", "ansible.legacy.") for verb in ("include", "import")
}
RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")


class Call(NamedTuple):
    """One use of a module or a role of ours."""

    where: str
    target: str  # a module's or a role's name; a role's entry point follows after a colon
    arguments: dict[str, Any]
    is_whole: bool = True  # False: a fragment, to which required arguments may be missing


# --- finding the calls ---


def calls_in(entries: Any, where: str, defaults: dict[str, Any], variables: dict[str, Any]) -> Iterator[Call]:
    """The calls in a list of plays, blocks or tasks, with the module_defaults and vars of what encloses them."""
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
            elif key.startswith(OURS):
                sources = [inner_defaults.get(default) for default in (*groups_of(key), key)] + [arguments]
                whole = not any(isinstance(source, str) for source in sources)
                yield Call(
                    place,
                    key.removeprefix(OURS),
                    {k: v for source in sources for k, v in written(source).items()},
                    whole,
                )


def written(arguments: Any) -> dict[str, Any]:
    """The arguments that stand there; those that a template brings as a whole are not known here."""
    return arguments if isinstance(arguments, dict) else {}


def groups_of(action: str) -> list[str]:
    """The keys under which module_defaults may reach a module by its action group."""
    groups = yaml.safe_load((COLLECTION / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    return [f"group/{OURS}{name}" for name, members in groups.items() if action.removeprefix(OURS) in members]


def role_call(name: str, entry_point: str, variables: dict[str, Any], where: str) -> Iterator[Call]:
    """A role's variables may also come from the inventory, so that required ones can be missing here."""
    if name.startswith(OURS):
        role = name.removeprefix(OURS)
        own = {key: value for key, value in variables.items() if key.startswith(f"{role}_")}
        yield Call(where, f"{role}:{entry_point}", own, is_whole=False)


def examples() -> Iterator[Call]:
    for path in sorted((COLLECTION / "plugins" / "modules").glob("*.py")):
        text = re.search(
            r'^EXAMPLES = r?"""(.*?)^"""', path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
        )
        yield from calls_in(yaml.safe_load(text[1]) if text else None, f"EXAMPLES of {path.stem}", {}, {})


def guides() -> Iterator[Call]:
    """The YAML in fenced blocks of every Markdown file: plays, tasks, or bare variables of a role."""
    for path in listed("*.md"):
        for block in re.findall(
            r"^```ya?ml[^\n]*\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
        ):
            where, content = str(path.relative_to(COLLECTION)), yaml.safe_load(block)
            if isinstance(content, list):
                yield from calls_in(content, where, {}, {})
            elif isinstance(content, dict):
                for role in ROLES:
                    found = {key: value for key, value in content.items() if str(key).startswith(f"{role}_")}
                    for entry_point in sorted({entry_point_with(role, key) for key in found}):
                        own = {key: found[key] for key in found if entry_point_with(role, key) == entry_point}
                        yield Call(where, f"{role}:{entry_point}", own, is_whole=False)


def entry_point_with(role: str, variable: str) -> str:
    """The first entry point of the role that has this variable."""
    return next((name for name, spec in role_specs(role).items() if variable in spec["options"]), "main")


def playbooks() -> Iterator[Call]:
    for path in [*listed("playbooks/*.yml"), *listed("roles/*/tasks/*.yml")]:
        if path.parent.name == "vars":
            continue
        yield from calls_in(yaml.safe_load(path.read_text(encoding="utf-8")), str(path.relative_to(COLLECTION)), {}, {})


def listed(pattern: str) -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", pattern]
    done = subprocess.run(command, cwd=COLLECTION, capture_output=True, text=True, check=True)
    return [path for name in sorted(done.stdout.split("\0")) if name and (path := COLLECTION / name).is_file()]


# --- the specs they are held against ---

MODULES = sorted(path.stem for path in (COLLECTION / "plugins" / "modules").glob("*.py"))
ROLES = sorted(path.parents[1].name for path in COLLECTION.glob("roles/*/meta/argument_specs.yml"))


class SpecFound(Exception):
    """Carries what a module hands to AnsibleModule out of its main()."""


@lru_cache(maxsize=None)
def module_spec(name: str) -> dict[str, Any]:
    """What the module hands to AnsibleModule: argument_spec and the rules between arguments."""
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
    raise AssertionError(f"{name}.main() makes no AnsibleModule")


@lru_cache(maxsize=None)
def role_specs(name: str) -> dict[str, Any]:
    path = COLLECTION / "roles" / name / "meta" / "argument_specs.yml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]


def spec_of(target: str) -> dict[str, Any]:
    role, is_role, entry_point = target.partition(":")
    if not is_role:
        assert target in MODULES, f"there is no module {OURS}{target}"
        return module_spec(target)
    assert role in ROLES, f"there is no role {OURS}{role}"
    assert entry_point in role_specs(role), f"the role {role} documents no entry point {entry_point}"
    return {"argument_spec": role_specs(role)[entry_point].get("options", {})}


# --- holding one against the other ---


def is_templated(value: Any) -> bool:
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def without_templated(options: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """A copy of the options in which what a template will fill takes anything; that it is allowed there still counts."""
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


CALLS = [*examples(), *guides(), *playbooks()]


@pytest.mark.parametrize("call", CALLS, ids=[f"{call.where}: {call.target}" for call in CALLS])
def test_call_fits_its_spec(call: Call) -> None:
    assert complaints(call) == []


@pytest.mark.parametrize("name", MODULES)
def test_module_shows_how_to_use_it(name: str) -> None:
    assert [call for call in CALLS if call.target == name and call.where.startswith(f"EXAMPLES of {name},")]


@pytest.mark.parametrize(
    "arguments",
    [{"nonsense": 1}, {"wait": "perhaps"}],
    ids=["an option that does not exist", "a value of the wrong type"],
)
def test_the_check_can_fail(arguments: dict[str, Any]) -> None:
    assert complaints(Call("here", "acm_certificate", {"domain_name": "www.example.com", **arguments}))
