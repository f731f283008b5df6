# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secret options of our modules, according to their argument specs, and the wrong shapes in which people give them."""

from __future__ import annotations

import importlib
import json
import pkgutil
import typing as t
from collections.abc import Iterator

from ansible_collections.certops.acm.plugins import modules
from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import sounds_secret

Spec = dict[str, t.Any]


def argument_spec(module: str) -> Spec:
    found = importlib.import_module(f"{modules.__name__}.{module}")
    spec: Spec = getattr(found, "ARGUMENT_SPEC", None) or found.argument_spec()
    return spec


def secret_paths(spec: Spec, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, option in spec.items():
        if option.get("no_log"):
            yield (*above, name)
        yield from secret_paths(option.get("options") or {}, (*above, name))


def every_secret() -> list[tuple[str, tuple[str, ...]]]:
    """(module, path) of each secret option; the path is the names that lead to it."""
    names = sorted(each.name for each in pkgutil.iter_modules(modules.__path__))
    return [(name, path) for name in names for path in secret_paths(argument_spec(name))]


def misshapen(module: str, secret: str) -> Iterator[tuple[str, dict[str, t.Any]]]:
    """What was changed in a module's arguments, and the arguments, which contain the secret near its right place."""
    spec = argument_spec(module)
    paths = list(secret_paths(spec))
    for path in paths:
        yield from _secret_misshapen(spec, path, secret)
    for path in {path[:-1]: path for path in paths}.values():
        yield from _containers_misshapen(spec, path, secret)
    yield from _others_misshapen(spec, paths, secret)


def _secret_misshapen(spec: Spec, path: tuple[str, ...], secret: str) -> Iterator[tuple[str, dict[str, t.Any]]]:
    where, name = ".".join(path), path[-1]
    for what, value in (
        ("text", secret),
        ("a list", [secret]),
        ("a dictionary", {"value": secret}),
        ("a dictionary in a list", [{"value": {"text": secret}}]),
    ):
        yield f"{where} is {what}", _inside(spec, path, {name: value})
    if sounds_secret(name):  # no other wrong name can be recognized
        yield f"{where} is misspelt", _inside(spec, path, {f"{name}_of_mine": secret})
        yield f"{where} is in capitals", _inside(spec, path, {name.upper(): secret})
    yield f"{where} is one level too deep", _inside(spec, path, {"options": {name: secret}})


def _containers_misshapen(spec: Spec, path: tuple[str, ...], secret: str) -> Iterator[tuple[str, dict[str, t.Any]]]:
    """Each dictionary or list on the way to the secret, in a wrong shape."""
    *containers, name = path
    for depth, container in enumerate(containers):
        below = _inside(spec, path, {name: secret}, depth + 1)
        for what, value in (
            ("a dictionary", below),
            ("a list in a list", [[below]]),
            ("a list one level too deep", [{"options": below}]),
            ("text", f"{name}={secret}"),
            ("a list of text", [f"{name}={secret}"]),
            ("truncated JSON", json.dumps(below)[:-1]),
        ):
            upto = path[: depth + 1]
            yield f"{'.'.join(upto)} with {name} in it is {what}", _inside(spec, upto, {container: value})


def _others_misshapen(spec: Spec, paths: list[tuple[str, ...]], secret: str) -> Iterator[tuple[str, dict[str, t.Any]]]:
    """A wrong value for an option of each type, together with a correct secret."""
    kinds = {option.get("type", "str"): name for name, option in spec.items() if not option.get("no_log")}
    for kind in ("list", "dict", "int", "bool"):
        path = next((path for path in paths if path[0] != kinds.get(kind)), None)
        if path and kind in kinds:
            right = _inside(spec, path, {path[-1]: secret})
            yield f"{kinds[kind]} is wrong beside {'.'.join(path)}", {**right, kinds[kind]: [["wrong"]]}


def _inside(spec: Spec, path: tuple[str, ...], value: dict[str, t.Any], start: int = 0) -> dict[str, t.Any]:
    """VALUE in the containers that PATH names, from START on, with everything that the spec requires."""
    here = spec
    for name in path[:start]:
        here = here[name].get("options") or {}
    required = {name: _example(option) for name, option in here.items() if option.get("required")}
    if start >= len(path) - 1:
        return {**required, **value}
    inner = _inside(spec, path, value, start + 1)
    is_list = here[path[start]].get("type") == "list"
    return {**required, path[start]: [inner] if is_list else inner}


def _example(option: Spec) -> t.Any:
    if option.get("choices"):
        return option["choices"][0]
    if option.get("options"):
        inner = {name: _example(each) for name, each in option["options"].items() if each.get("required")}
        return [inner] if option.get("type") == "list" else inner
    return {"list": [], "dict": {}, "int": 1, "bool": True, "float": 1.0}.get(option.get("type", "str"), "/nowhere/a")
