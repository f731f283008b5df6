# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the role acm_deploy, converted to their types at the beginning: templates turn everything into
text."""

from __future__ import annotations

import difflib
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.validation import check_type_bool, check_type_float, check_type_int
from ansible_collections.certops.acm.plugins.module_utils._ansible.secret_module import LONGEST, as_sentence
from ansible_collections.certops.acm.plugins.module_utils._files.certificate_files import SET_FILE_NAMES
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput, kind_of
from ansible_collections.certops.acm.plugins.module_utils._rules.seconds import check_deployment

FILES = tuple(SET_FILE_NAMES)
_WORDS = {"type": "list", "elements": "str"}
# certificate_deployment converts the options that only it reads; here they may have any type.
_FOR_THE_HOST = {"type": "raw"}

CERTIFICATE: dict[str, dict[str, t.Any]] = {
    "domain_name": {"type": "str"},
    "certificate_arn": {"type": "str"},
    "name": {"type": "str"},
    "server_names": _WORDS,
    "files": {**_WORDS, "choices": list(FILES)},
    "pkcs12_passphrase": {"type": "str", "no_log": True},
    "pkcs12_alias": {"type": "str"},
    "pkcs12_legacy": {"type": "bool"},
    "public_keys": {**_WORDS, "no_log": False},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": _FOR_THE_HOST,
}
SERVICE: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "server": {"type": "str"},
    "certificates": _WORDS,
    "default_certificate": {"type": "str"},
    "host": {"type": "str"},
    "ports": {"type": "list", "elements": "int"},
    "starttls": {"type": "str", "choices": ["smtp", "lmtp", "imap", "pop3", "ftp", "sieve", "postgres"]},
    "proxy_protocol": {"type": "str", "choices": ["v1", "v2"]},
    "sni": {"type": "bool"},
    "check_command": _FOR_THE_HOST,
    "reload_command": _FOR_THE_HOST,
    "start_command": _FOR_THE_HOST,
    "service_name": {"type": "str"},
    "pid_file": {"type": "str"},
    "runtime_socket": {"type": "str"},
    "link_directory": {"type": "str"},
    "snippets": {"type": "str"},
    "tls_policy": {"type": "str", "choices": ["modern", "intermediate"]},
    "files": {**_WORDS, "choices": list(FILES)},
    "owner": {"type": "str"},
    "group": {"type": "str"},
}
# The options of the entry point main, without the prefix acm_deploy_.
OPTIONS: dict[str, dict[str, t.Any]] = {
    "certificates": {"type": "list", "elements": "dict", "options": CERTIFICATE},
    "services": {"type": "list", "elements": "dict", "options": SERVICE},
    "leave_out": _WORDS,
    "path": {"type": "str"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": _FOR_THE_HOST,
    "keep": {"type": "int"},
    "require_valid": {"type": "bool"},
    "timeout": {"type": "float"},
    "steady_for": {"type": "float"},
    "command_timeout": {"type": "float"},
    "when_stopped": {"type": "str", "choices": ["ignore", "start", "fail"]},
    "authority": {"type": "str"},
    "region": {"type": "str"},
    "profile": {"type": "str"},
}
REQUIRED = {
    "certificates": "a list of certificates such as [{domain_name: www.example.com}]",
    "services": "a list of services such as [{name: nginx}]",
}
_CONVERTED: dict[str, tuple[t.Callable[[t.Any], t.Any], str]] = {
    "int": (check_type_int, "a whole number"),
    "float": (check_type_float, "a number of seconds"),
    "bool": (check_type_bool, "true or false"),
}
_IN_HOURS = ("acm_deploy_renewals_stalled_after",)
_ELEMENTS = {"str": "a list of strings", "int": "a list of whole numbers"}


def read_arguments(given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The options by name, without the prefix, each converted to its type; options that are not given are left out.

    Raises InvalidInput with a sentence that names the option and shows no value that may be secret.
    """
    given = _plain(given)
    for name, example in REQUIRED.items():
        value = given.get(name)
        if value is None or value == "":
            raise InvalidInput(f"acm_deploy_{name} is not set; give {example}.")
        _check_shape(f"acm_deploy_{name}", value, example, OPTIONS[name]["options"])
    options = coerce(given, OPTIONS, "acm_deploy_")
    check_deployment(options, "acm_deploy_")
    if options.get("keep", 1) < 1:
        raise InvalidInput(f"acm_deploy_keep is {options['keep']}; give a whole number, 1 or more.")
    return options


def coerce(
    given: t.Mapping[str, t.Any], options: t.Mapping[str, t.Mapping[str, t.Any]], prefix: str
) -> dict[str, t.Any]:
    """The given options, each converted to its type. prefix: of the variables that they come from.

    Raises InvalidInput.
    """
    named = {f"{prefix}{name}": _plain(value) for name, value in given.items() if value is not None and value != ""}
    for name, option in options.items():
        if "options" not in option:
            _check_value(f"{prefix}{name}", named.get(f"{prefix}{name}"), option)
            continue
        for where, values in _inside(f"{prefix}{name}", named.get(f"{prefix}{name}")):
            _check_names(where, values, option["options"])
            for inner, inner_option in option["options"].items():
                _check_value(f"{inner} in {where}", values.get(inner), inner_option)
    result = ArgumentSpecValidator({f"{prefix}{name}": dict(option) for name, option in options.items()}).validate(
        named
    )
    if result.error_messages:
        raise InvalidInput(as_sentence(result.error_messages[0].strip()))
    return {name.removeprefix(prefix): _strip(value) for name, value in _strip(result.validated_parameters).items()}


def _inside(name: str, value: t.Any) -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    """Where the dictionaries with options of their own are."""
    if isinstance(value, dict):
        yield name, value
    elif isinstance(value, list):
        yield from (
            (f"item {number} of {name}", item) for number, item in enumerate(value, 1) if isinstance(item, dict)
        )


def _check_shape(name: str, value: t.Any, example: str, options: t.Mapping[str, t.Any]) -> None:
    if not isinstance(value, (list, tuple)):
        raise InvalidInput(f"{name} is {kind_of(value)}; give {example}.")
    for number, entry in enumerate(value, 1):
        if not isinstance(entry, dict):
            raise InvalidInput(f"Item {number} of {name} is {kind_of(entry)}; give {example}.")
        _check_names(f"Item {number} of {name}", entry, options)


def _check_names(where: str, entry: t.Iterable[t.Any], options: t.Mapping[str, t.Any]) -> None:
    for option in entry:
        if option not in options:
            near = difflib.get_close_matches(str(option), list(options), 1, 0.5)
            hint = f"did you mean {near[0]}?" if near else f"the options are {', '.join(options)}."
            raise InvalidInput(f"{where} has the option {option}, which does not exist; {hint}")


def _check_value(name: str, value: t.Any, option: t.Mapping[str, t.Any]) -> None:
    """The value of an option that is not a list of dictionaries. A text is never shown, unless another type, or one of
    a few words, is expected: it may be secret."""
    if value is None or value == "":
        return
    kind, choices = option["type"], option.get("choices", ())
    given = repr(value) if isinstance(value, (str, bool, int, float)) and len(str(value)) <= LONGEST else kind_of(value)
    if kind == "str" and (isinstance(value, (dict, list)) or (choices and value not in choices)):
        raise InvalidInput(f"{name} is {given}; give {' or '.join(choices) if choices else 'text'}.")
    if kind == "list" and option["elements"] == "int" and _is_convertible(value, "int"):
        return  # a list of one
    if kind == "list" and not isinstance(value, str):
        words = _ELEMENTS[option["elements"]]
        if not isinstance(value, list):
            raise InvalidInput(f"{name} is {given}; give {words}.")
        if option["elements"] == "str" and not all(isinstance(each, str) for each in value if each is not None):
            raise InvalidInput(f"{name} is not {words}; give {words}.")
    if kind == "list" and option["elements"] == "int":
        elements = value.split(",") if isinstance(value, str) else value
        if not all(_is_convertible(each, "int") for each in elements if each is not None):
            raise InvalidInput(f"{name} is not {_ELEMENTS['int']}; give {_ELEMENTS['int']}.")
    if kind in _CONVERTED and not _is_convertible(value, kind):
        words = "a number of hours" if name in _IN_HOURS else _CONVERTED[kind][1]
        raise InvalidInput(f"{name} is {given}; give {words}.")


def _is_convertible(value: t.Any, kind: str) -> bool:
    try:
        if isinstance(value, bool) and kind != "bool":
            return False
        _CONVERTED[kind][0](value)
    except TypeError:
        return False
    return True


def _plain(value: t.Any) -> t.Any:
    """Plain containers. Ansible's own resolve templates when read, and copying one copies every variable of the
    play."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def _strip(value: t.Any) -> t.Any:
    """Without the options that are not given, which in a template are null or an empty text."""
    if isinstance(value, dict):
        return {key: _strip(each) for key, each in value.items() if each is not None and each != ""}
    if isinstance(value, list):
        return [_strip(each) for each in value if each is not None and each != ""]
    return value
