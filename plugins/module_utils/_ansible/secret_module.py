# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AnsibleModule for modules with secrets in lists and dictionaries, and for users who make mistakes: what counts as not
given, and a clear sentence about an invalid argument. Standard library and Ansible only."""

from __future__ import annotations

import contextlib
import difflib
import logging
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common import validation

from .._rules.errors import contract, kind_of

Spec = t.Mapping[str, t.Any]  # an Ansible argument spec
MISSING_LIBRARY = "Failed to import the required Python library"  # how missing_required_lib begins
_PLACE = " found in "  # before the place of an option in Ansible's messages
EXAMPLES = 3  # the number of options that a sentence names
# Paths of what a module creates, changes or looks after. A relative one would mean another place for each host, user and
# way to start Ansible, so it is refused; files that are only read may be given that way.
ABSOLUTE = frozenset({"authority", "path", "key_file", "backup_to", "link_directory"})
LONGEST = 60  # characters of a value that a sentence repeats
# How Ansible converts a value to a type, and what the type is called in a sentence.
TYPES: dict[str, tuple[t.Callable[[t.Any], t.Any], str]] = {
    "int": (validation.check_type_int, "a whole number"),
    "float": (validation.check_type_float, "a number"),
    "bool": (validation.check_type_bool, "true or false"),
    "dict": (validation.check_type_dict, "a dictionary"),
    "list": (validation.check_type_list, "a list"),
}


class DiscreetModule(AnsibleModule):
    """Keeps such secrets out of the system log, treats an empty text as an option that is not given, and explains an
    invalid argument in one sentence.

    AnsibleModule logs a list as its repr(), in which the line ends of a key are escaped, so AnsibleModule does not find
    the text that it should mask.
    """

    params: t.Any
    MAY_BE_EMPTY: t.Collection[
        str
    ] = ()  # options, or suboptions such as settings.url, for which an empty text has a meaning

    def __init__(self, *args: t.Any, **settings: t.Any) -> None:
        self._are_arguments_judged = False
        self.as_given: dict[str, t.Any] = {}  # before empty texts are left out
        super().__init__(*args, **settings)
        self._are_arguments_judged = True
        unusable = no_text(self.as_given, self.argument_spec) or relative_path(self.params, self.argument_spec)
        if unusable:
            self.fail_json(msg=unusable, invocation={"module_args": {}})  # a subclass may yet have secrets to mask

    def _load_params(self) -> None:
        super()._load_params()
        if isinstance(self.params, dict):
            self.as_given = dict(self.params)
            self.params = given(self.params, self.argument_spec, self.MAY_BE_EMPTY)

    def fail_json(self, msg: t.Any, **details: t.Any) -> t.NoReturn:  # type: ignore[override, unused-ignore]
        if not self._are_arguments_judged:
            excluded = self.mutually_exclusive or ()
            msg = mistake(self.as_given, self.argument_spec, self._name, str(msg), excluded)
            # If a list of dictionaries is malformed, AnsibleModule does not know which values are secret.
            details.setdefault("invocation", {"module_args": {}})
        is_library_missing = str(msg).startswith(MISSING_LIBRARY)
        details.setdefault("error", contract("MissingLibrary" if is_library_missing else "InvalidInput"))
        super().fail_json(msg, **details)
        raise SystemExit(1)

    def fail(self, error: Exception) -> t.NoReturn:
        """End with the sentence of an error, and its class as the code."""
        self.fail_json(msg=str(error), error=contract(type(error).__name__))

    def _log_invocation(self) -> None:
        self.no_log_values.update({repr(value)[1:-1] for value in self.no_log_values if isinstance(value, str)})
        super()._log_invocation()


# ---------------------------------------------------------------- what an embedded authority logs


class _Handler(logging.Handler):
    def __init__(self, warn: t.Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._warn = warn

    def emit(self, record: logging.LogRecord) -> None:
        self._warn(self.format(record))


@contextlib.contextmanager
def log_as_warnings(warn: t.Callable[[str], None]) -> t.Iterator[None]:
    """What our code logs meanwhile, such as a mail that could not be sent, becomes a warning."""
    log, handler = logging.getLogger(__name__.partition("._ansible.")[0]), _Handler(warn)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


# ---------------------------------------------------------------- arguments, pure


def given(parameters: t.Mapping[str, t.Any], spec: Spec, may_be_empty: t.Collection[str] = ()) -> dict[str, t.Any]:
    """The parameters without those that are null or an empty text, which in templates means "not given".

    Options with a fallback are kept, as null, since leaving them out is not the same as setting them to empty. Lists
    lose their empty elements. may_be_empty: options, or suboptions such as settings.url, for which an empty text has a
    meaning."""
    by_name = _by_name(spec)
    kept: dict[str, t.Any] = {}
    for name, value in parameters.items():
        option = by_name.get(name)
        if option is None or name in may_be_empty:
            kept[name] = value
        elif _is_empty(value) and not _is_list_of_dicts(option):
            if option.get("fallback"):
                kept[name] = None
            elif value == "" and option.get("type") == "list":
                kept[name] = []
        else:
            inside = [each.partition(".")[2] for each in may_be_empty if each.startswith(f"{name}.")]
            kept[name] = _given_inside(value, option, inside)
    return kept


def mistake(
    parameters: t.Mapping[str, t.Any],
    spec: Spec,
    module: str,
    complaint: str,
    exclusive: t.Iterable[t.Sequence[str]] = (),
) -> str:
    """A better sentence than Ansible's own message, if we have one: about an option that does not exist, has the wrong
    type, or excludes another one.

    It shows no values, since any of them may be secret, except where a short number, or true or false, was expected.
    """
    own = {name: value for name, value in parameters.items() if not name.startswith("_ansible_")}
    is_misshapen = "convert" in complaint or "dict" in complaint
    return (
        _unknown(own, spec, module, ())
        or (_emptied(own, spec) if "missing required" in complaint or "NoneType" in complaint else None)
        or (_misshapen(own, spec, ()) if is_misshapen else None)
        or together([name for name, value in own.items() if not _is_empty(value)], exclusive)
        or as_sentence(complaint)
    )


def no_text(parameters: t.Mapping[str, t.Any], spec: Spec) -> t.Optional[str]:
    """A sentence about the first value that cannot be the text or path that is expected. Ansible itself would take
    Python's notation of a list or dictionary for a text."""
    for path, value, option in _given(parameters, spec):
        here = _spelled(path)
        fault = _unlike_text(value, "path" if path[-1] == "path" else option.get("type", "str"))
        if fault:
            return f"{here} {fault}."
        for number, item in enumerate(value if isinstance(value, list) else (), 1):
            fault = _unlike_text(item, option.get("elements"))
            if fault:
                return f"Item {number} of {here} {fault}."
    return None


def _unlike_text(value: t.Any, kind: t.Any) -> t.Optional[str]:
    if isinstance(value, (dict, list)) and kind in ("str", "path") or isinstance(value, bool) and kind == "path":
        return f"is {kind_of(value)}, but must be {'a path' if kind == 'path' else 'text'}"
    if isinstance(value, str) and "\0" in value and kind == "path":
        return "has a NUL character, which no path can have"
    return None


def relative_path(parameters: t.Mapping[str, t.Any], spec: Spec) -> t.Optional[str]:
    """A sentence about the first relative path where only an absolute one is allowed."""
    for path, value, option in _given(parameters, spec):
        if path[-1] in ABSOLUTE and option.get("type") == "path" and value and not value.startswith("/"):
            here = _spelled(path)
            if not value.strip():
                return f"{here} is empty: give an absolute path."
            what = "URL" if "://" in value else "relative path"
            return f"{here} is {value!r}, which is a {what}: give an absolute path."
    return None


def as_sentence(complaint: str) -> str:
    """Ansible's own messages begin with a lower-case letter and end without a full stop, and the place comes last, which
    reads as if a missing option had been found there."""
    about, _found_in, place = complaint.rstrip(".").partition(_PLACE)
    if place:
        complaint = f"in {place.replace(' -> ', '.')}: {about}"
    return f"{complaint[:1].upper()}{complaint[1:]}{'' if complaint.endswith(('.', '?')) else '.'}"


def together(names: t.Collection[str], exclusive: t.Iterable[t.Sequence[str]]) -> t.Optional[str]:
    """A sentence about given options that exclude each other."""
    clashing = dict.fromkeys(
        name for group in exclusive if len({*group} & {*names}) > 1 for name in group if name in names
    )
    if not clashing:
        return None
    *first, last = clashing
    return f"{', '.join(first)} and {last} cannot be given together: leave {'one' if len(clashing) == 2 else 'some'} of them out."


def _emptied(parameters: t.Mapping[str, t.Any], spec: Spec) -> t.Optional[str]:
    """A sentence about a required option that is given, but empty."""
    empty = (path for path, value, option in _given(parameters, spec) if option.get("required") and _is_empty(value))
    return next((f"{_spelled(path)} is empty, but must have a value." for path in empty), None)


def _given(
    parameters: t.Mapping[str, t.Any], spec: Spec, above: tuple[str, ...] = ()
) -> t.Iterator[tuple[tuple[str, ...], t.Any, t.Mapping[str, t.Any]]]:
    """(path, value, its part of the spec) of every known option that is given, at any depth."""
    by_name = _by_name(spec)
    for name, value in parameters.items():
        if name in by_name:
            path = (*above, name)
            yield path, value, by_name[name]
            for inner, items in _inside(value, by_name[name], path):
                yield from _given(items, by_name[name]["options"], inner)


def _by_name(spec: Spec) -> dict[str, t.Mapping[str, t.Any]]:
    """Options by their names and aliases."""
    return {alias: option for name, option in spec.items() for alias in (name, *(option.get("aliases") or ()))}


def _is_empty(value: t.Any) -> bool:
    return value is None or (isinstance(value, str) and value == "")


def _is_list_of_dicts(option: t.Mapping[str, t.Any]) -> bool:
    return option.get("type") == "list" and option.get("elements") == "dict"


def _given_inside(value: t.Any, option: t.Mapping[str, t.Any], may_be_empty: t.Collection[str]) -> t.Any:
    inner = option.get("options")
    if isinstance(value, dict) and inner:
        return given(value, inner, may_be_empty)
    if isinstance(value, list) and inner:
        return [given(item, inner, may_be_empty) if isinstance(item, dict) else item for item in value]
    if isinstance(value, list) and option.get("elements") in ("str", "path"):
        return [item for item in value if not _is_empty(item)]
    return value


def _unknown(parameters: t.Mapping[t.Any, t.Any], spec: Spec, module: str, path: tuple[str, ...]) -> t.Optional[str]:
    by_name = _by_name(spec)
    for name in parameters:
        if name not in by_name:
            near = difflib.get_close_matches(str(name), list(by_name), 1, 0.6)
            hint = f"did you mean {near[0]}?" if near else f"ansible-doc {module} shows its options."
            where = f" in {_spelled(path)}" if path else ""
            return f"{module} has no option {name}{where}: {hint}"
    for name, value in parameters.items():
        for inner, items in _inside(value, by_name[name], (*path, str(name))):
            found = _unknown(items, by_name[name]["options"], module, inner)
            if found:
                return found
    return None


def _misshapen(parameters: t.Mapping[str, t.Any], spec: Spec, path: tuple[str, ...]) -> t.Optional[str]:
    by_name = _by_name(spec)
    for name, value in parameters.items():
        option = by_name[name]
        here = (*path, name)
        inner = option.get("options")
        if inner and value is not None:
            example = f"a dictionary with options such as {', '.join(list(inner)[:EXAMPLES])}"
            if _is_list_of_dicts(option):
                if not isinstance(value, list):
                    if isinstance(value, dict):
                        return f"{_spelled(here)} is a single dictionary, but must be a list: write a dash before its first option."
                    return f"{_spelled(here)} is {kind_of(value)}, but must be a list in which each item is {example}."
                for number, item in enumerate(value, 1):
                    if not isinstance(item, dict):
                        return f"Item {number} of {_spelled(here)} is {kind_of(item)}, but must be {example}."
            elif not isinstance(value, dict):
                return f"{_spelled(here)} is {kind_of(value)}, but must be {example}."
        elif value is not None:
            found = _mistyped(value, option, here)
            if found:
                return found
        for inner_path, items in _inside(value, option, here):
            found = _misshapen(items, option["options"], inner_path)
            if found:
                return found
    return None


def _mistyped(value: t.Any, option: t.Mapping[str, t.Any], path: tuple[str, ...]) -> t.Optional[str]:
    kind = option.get("type", "str")
    if not _is_of_type(value, kind):
        return f"{_spelled(path)} is {_shown(value, option)}, but must be {TYPES[kind][1]}."
    if kind == "list":
        for number, item in enumerate(validation.check_type_list(value), 1):
            elements = option.get("elements", "str")
            if not _is_of_type(item, elements):
                return f"Item {number} of {_spelled(path)} is {_shown(item, option)}, but must be {TYPES[elements][1]}."
    return None


def _is_of_type(value: t.Any, kind: t.Any) -> bool:
    if kind not in TYPES:
        return True
    try:
        TYPES[kind][0](value)
    except (TypeError, ValueError):
        return False
    return True


def _shown(value: t.Any, option: t.Mapping[str, t.Any]) -> str:
    is_scalar = {option.get("type"), option.get("elements")} & {"int", "float", "bool"}
    text = repr(str(value)) if isinstance(value, str) else ""  # str(): newer releases of Ansible tag their texts
    return text if is_scalar and text and len(text) <= LONGEST and not option.get("no_log") else kind_of(value)


def _inside(
    value: t.Any, option: t.Mapping[str, t.Any], path: tuple[str, ...]
) -> t.Iterator[tuple[tuple[str, ...], dict[str, t.Any]]]:
    """The dictionaries in a value that have options of their own."""
    if not option.get("options"):
        return
    if isinstance(value, dict):
        yield path, value
    elif isinstance(value, list):
        for number, item in enumerate(value, 1):
            if isinstance(item, dict):
                yield (*path[:-1], f"{path[-1]}[{number}]"), item


def _spelled(path: tuple[str, ...]) -> str:
    return ".".join(path)
