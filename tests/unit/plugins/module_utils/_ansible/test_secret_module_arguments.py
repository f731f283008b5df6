# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as not given, and the messages for wrong arguments."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._ansible import secret_module as arguments

SPEC: dict[str, t.Any] = {
    "name": {"type": "str", "aliases": ["called"]},
    "place": {"type": "str", "fallback": (None, ["PLACE"])},
    "topic": {"type": "str"},
    "size": {"type": "int", "default": 3},
    "share": {"type": "float"},
    "wait": {"type": "bool"},
    "ports": {"type": "list", "elements": "int"},
    "pin": {"type": "int", "no_log": True},
    "zones": {"type": "list", "elements": "str"},
    "tags": {"type": "dict"},
    "where": {"type": "dict", "options": {"server": {"type": "str", "required": True}, "port": {"type": "int"}}},
    "items": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str"},
            "key": {"type": "str", "no_log": True},
            "mode": {"type": "raw"},
            "is_last": {"type": "bool"},
        },
    },
}

FILES: dict[str, t.Any] = {"type": "list", "elements": "path"}


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        ({"name": "", "size": ""}, {}),
        ({"called": None}, {}),
        ({"name": " "}, {"name": " "}),
        ({"place": ""}, {"place": None}),
        ({"topic": ""}, {"topic": ""}),
        ({"zones": ""}, {"zones": []}),
        ({"zones": ["", "a", None]}, {"zones": ["a"]}),
        ({"tags": {"a": ""}}, {"tags": {"a": ""}}),
        ({"where": {"server": "", "port": 1}}, {"where": {"port": 1}}),
        ({"items": [{"name": "", "mode": ""}, {"name": "a"}]}, {"items": [{}, {"name": "a"}]}),
        ({"items": ""}, {"items": ""}),
        ({"unknown": "", "_ansible_x": ""}, {"unknown": "", "_ansible_x": ""}),
    ],
    ids=str,
)
def test_an_empty_string_means_not_given(parameters: dict[str, t.Any], kept: dict[str, t.Any]) -> None:
    assert arguments.given(parameters, SPEC, ("topic",)) == kept


CONVERT = "dictionary requested, could not parse JSON or key=value"


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"nme": "a"}, "x.y.z has no option nme: did you mean name?"),
        ({"cald": "a"}, "x.y.z has no option cald: did you mean called?"),
        ({"qqq": "a"}, "x.y.z has no option qqq: ansible-doc x.y.z shows its options."),
        ({"where": {"serve": "a"}}, "x.y.z has no option serve in where: did you mean server?"),
        ({"items": [{}, {"nam": "a"}]}, "x.y.z has no option nam in items[2]: did you mean name?"),
        (
            {"items": "a,b"},
            "items is text, but must be a list in which each item is a dictionary with options such as name",
        ),
        (
            {"items": {"name": "a"}},
            "items is a single dictionary, but must be a list: write a dash before its first option.",
        ),
        (
            {"items": [{"name": "a"}, "secret"]},
            "Item 2 of items is text, but must be a dictionary with options such as",
        ),
        ({"where": 7}, "where is a number, but must be a dictionary with options such as server, port."),
        ({"where": True}, "where is a boolean, but must be"),
        ({"tags": "a"}, "tags is text, but must be a dictionary."),
        ({"tags": ["a"]}, "tags is a list, but must be a dictionary."),
        ({"zones": {"a": 1}}, "zones is a dictionary, but must be a list."),
        ({"size": "five"}, "size is 'five', but must be a whole number."),
        ({"size": "2.5"}, "size is '2.5', but must be a whole number."),
        ({"size": ["secret"]}, "size is a list, but must be a whole number."),
        ({"size": "secret" * 20}, "size is text, but must be a whole number."),
        ({"share": "half"}, "share is 'half', but must be a number."),
        ({"wait": "maybe"}, "wait is 'maybe', but must be true or false."),
        ({"ports": "443,https"}, "Item 2 of ports is 'https', but must be a whole number."),
        ({"pin": "secret"}, "pin is text, but must be a whole number."),
        ({"where": {"port": "dns"}}, "where.port is 'dns', but must be a whole number."),
        ({"items": [{}, {"is_last": "maybe"}]}, "items[2].is_last is 'maybe', but must be true or false."),
        ({"size": "5", "name": "a"}, f"{CONVERT[0].upper()}{CONVERT[1:]}."),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_mistake_names_the_option_and_shows_no_secret(parameters: dict[str, t.Any], sentence: str) -> None:
    said = arguments.mistake({**parameters, "_ansible_check_mode": False}, SPEC, "x.y.z", CONVERT)
    assert said.startswith(sentence) and "secret" not in said


def test_ansibles_own_message_becomes_a_sentence_if_it_is_clear_enough() -> None:
    complaint = "value of state must be one of: a, b, got: c"
    said = arguments.mistake({"where": '{"server": "a"}'}, SPEC, "x.y.z", complaint)
    assert said == "Value of state must be one of: a, b, got: c."
    complaint = "missing required arguments: kind found in alerts -> places"
    assert arguments.mistake({}, SPEC, "x.y.z", complaint) == "In alerts.places: missing required arguments: kind."


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"name": ["secret"]}, "name is a list, but must be text."),
        ({"called": {"secret": 1}}, "called is a dictionary, but must be text."),
        ({"zones": ["a", ["secret"]]}, "Item 2 of zones is a list, but must be text."),
        ({"where": {"server": {"secret": 1}}}, "where.server is a dictionary, but must be text."),
        ({"items": [{}, {"key": ["secret"]}]}, "items[2].key is a list, but must be text."),
        ({"file": False}, "file is a boolean, but must be a path."),
        ({"file": ["secret"]}, "file is a list, but must be a path."),
        ({"path": "/x\0y"}, "path has a NUL character, which no path can have."),
        ({"file": "/x\0y"}, "file has a NUL character, which no path can have."),
        ({"files": ["/x", "/x\0y"]}, "Item 2 of files has a NUL character, which no path can have."),
        (
            {"name": True, "called": 7, "tags": {"a": []}, "items": [{"mode": []}], "_ansible_x": {}, "zones": "a,b"},
            None,
        ),
        ({"name": None, "zones": [None], "file": "~/x"}, None),
    ],
    ids=str,
)
def test_a_list_or_a_dictionary_is_no_text(parameters: dict[str, t.Any], sentence: t.Optional[str]) -> None:
    assert (
        arguments.no_text(parameters, {**SPEC, "file": {"type": "path"}, "files": FILES, "path": {"type": "str"}})
        == sentence
    )


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["items"], None),
        (["items", "name"], "items and name cannot be given together: leave one of them out."),
        (["items", "name", "zones"], "items, name and zones cannot be given together: leave some of them out."),
    ],
    ids=str,
)
def test_options_that_exclude_each_other(names: list[str], sentence: t.Optional[str]) -> None:
    assert arguments.together(names, [["items", "name"], ["items", "zones"]]) == sentence
