# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the options of a task hold a secret (tests/integration/test_secret_options.py runs such tasks)."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins import action
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import (
    DICT,
    DICTS,
    HIDDEN,
    LIST,
    check_shapes,
    has_secret,
    is_told,
    mask,
    refuse_private_keys,
    secrets_in,
    sounds_secret,
    texts_of,
)
from ansible_collections.certops.acm.tests.support.module_secrets import every_secret

OPTIONS, CONTAINERS = ("key", "word"), ("items", "inner")


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({}, []),
        ({"name": "a", "key": None, "items": []}, []),
        ({"key": "k", "word": ""}, ["k"]),
        ({"items": [{"key": "k"}, {"inner": {"word": "w"}}]}, ["k", "w"]),
        ({"items": {"word": "w"}}, ["w"]),
        ({"elsewhere": {"key": "k"}}, ["k"]),
        ({"elsewhere": [[{"inner": {"word": "w"}}], "text"]}, ["w"]),
        ({"free": {"key": "k"}}, []),
        ({"services": [{"items": ["www.example.com"]}]}, []),
        ({"items": [["key=k"]]}, ["key=k"]),
        ({"items": '[{"key": "k"}]'}, ['[{"key": "k"}]']),
        ({"items": ["key=k"]}, ["key=k"]),
        ({"items": [{"key": {"a": 1}}]}, [{"a": 1}]),
    ],
)
def test_secrets_in(arguments: Any, found: list[Any]) -> None:
    assert list(secrets_in(arguments, OPTIONS.__contains__, CONTAINERS, ["free"])) == found


TOKEN = "Bearer c2VjcmV0IG9mIGEgdGVzdA=="


@pytest.mark.parametrize(
    ("secret", "item", "is_shown"),
    [
        (TOKEN, {"name": "a", "url": TOKEN}, True),
        (TOKEN, "a", False),
        ({"Authorization": TOKEN, "X-Level": "1"}, {"channel": {"headers": {"Authorization": TOKEN}}}, True),
        ({"Authorization": TOKEN, "X-Level": "1"}, [TOKEN.partition(" ")[2]], True),
        ({"Authorization": TOKEN, "X-Level": "1"}, "host1", False),
        (None, "a", False),
        ([TOKEN], {"name": {"text": TOKEN}}, True),
        ({"value": {"text": TOKEN}}, [TOKEN], True),
        (12345678, {"pin": 12345678}, True),
        (12345678, {"count": 1}, False),
    ],
)
def test_an_item_that_holds_a_secret(secret: Any, item: Any, is_shown: bool) -> None:
    assert is_told(item, texts_of(secret)) is is_shown


@pytest.mark.parametrize(("name", "path"), every_secret())
def test_every_option_hidden_in_logs_is_kept_out_of_temporary_files(name: str, path: tuple[str, ...]) -> None:
    plugin = importlib.import_module(f"{action.__name__}.{name}").ActionModule
    assert path[-1] in plugin.SECRET_OPTIONS and set(path[:-1]) <= set(plugin.CONTAINERS)


def test_options_that_sound_secret_count_on_request() -> None:
    arguments = {"Passphrase": "p", "inner": [{"my_password_1": 1234}], "return_secret": True, "token": None}
    assert list(secrets_in(arguments, sounds_secret, CONTAINERS)) == ["p", 1234]


@pytest.mark.parametrize(
    ("item", "is_one"),
    [
        ({"name": "a", "passphrase": "hushed"}, True),
        ([{"key": {"Password": 1234}}], True),
        ({"my_token": ["hushed"]}, True),
        ({"text": "-----BEGIN PRIVATE KEY-----"}, True),
        ({"name": "a", "passphrase": None, "password": "", "return_secret": True}, False),
        ({"private_key": "/etc/pki/www.key", "bundle": "/etc/pki/www.p12"}, False),
        ("www.example.com", False),
    ],
)
def test_an_item_containing_a_secret(item: Any, is_one: bool) -> None:
    assert has_secret(item) is is_one


def test_secrets_are_found_in_the_modules() -> None:
    names = {name for name, _path in every_secret()}
    assert {"acm_alert", "acm_authority", "acm_certificate", "acm_export", "acm_import", "certificate_bundle"} <= names


SHAPES = {"items": LIST, "inner": DICT, "files": DICTS}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"items": "www.example.com"}, "The option items is text; give a list of dictionaries."),
        ({"items": {"key": "hushed"}}, "The option items is a dictionary; give a list of dictionaries."),
        ({"items": ["hushed"]}, "The option items[1] is text; give a dictionary."),
        ({"items": [{}, None]}, "The option items[2] is empty; give a dictionary."),
        ({"items": '["hushed"]'}, "The option items[1] is text; give a dictionary."),
        ({"inner": "hushed"}, "The option inner is text; give a dictionary."),
        ({"inner": ["hushed"]}, "The option inner is a list; give a dictionary."),
        ({"inner": 5}, "The option inner is a number; give a dictionary."),
        ({"items": [{"inner": "hushed"}]}, "The option items[1].inner is text; give a dictionary."),
        ({"files": {"key": "/hushed"}}, "The option files.key is text; give a dictionary."),
    ],
)
def test_a_malformed_container(arguments: Any, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_shapes(arguments, SHAPES)
    assert str(caught.value) == said


def test_a_message_about_a_malformed_container_shows_the_right_form() -> None:
    for given, what in (("www.example.com", "items is text"), (["www.example.com"], "items[1] is text")):
        with pytest.raises(InvalidInput) as caught:
            check_shapes({"items": given}, SHAPES, {"items": "[{name: a}]"})
        assert str(caught.value) == f"The option {what}; give a list of dictionaries, such as [{{name: a}}]."
    with pytest.raises(InvalidInput, match="^The option files.key is text; give a dictionary.$"):
        check_shapes({"files": {"key": "/a"}}, SHAPES, {"files": "{key: {}}"})


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"items": None, "inner": "", "files": {}},
        {"items": [{"inner": {"key": "k"}}], "files": {"key": {"path": "/x"}, "cert": None}},
        {"items": '[{"key": "k"}]', "inner": "{'key': 'k'}"},
    ],
)
def test_valid_shapes(arguments: Any) -> None:
    check_shapes(arguments, SHAPES)


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ({"certificate_path": "@"}, "certificate_path"),
        ({"alerts": [{"text": "@"}]}, "alerts[1].text"),
        ({"alerts": [{"facts": {"error": "said @"}}]}, "alerts[1].facts.error"),
        ({"alerts": '[{"text": "@"}]'}, "alerts[1].text"),
        ({"told": {"@": {}}}, "told"),
        ({"items": [{"private_key": "@"}, {"name": "@"}]}, "items[2].name"),
    ],
)
def test_a_private_key_in_the_wrong_option(arguments: dict[str, Any], where: str) -> None:
    for name in ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY"):
        with pytest.raises(InvalidInput) as caught:
            refuse_private_keys(filled(arguments, f"-----BEGIN {name}-----MIGH"), ("private_key",))
        assert f"The option {where} contains a private key" in str(caught.value)
        assert "MIGH" not in str(caught.value)


def filled(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return {filled(name, key): filled(each, key) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, key) for each in value]
    return value.replace("@", key)


def test_secrets_are_masked_in_ansibles_output() -> None:
    result = {
        "msg": "cannot read long-secret here, but 1234 is a number",
        "invocation": {"module_args": {"items": [{"key": "long-secret", "pin": "1234"}], "port": 12345}},
        "sent": ["long-secret is ours to return"],
    }
    result["invocation"]["module_args"]["number"] = 1234
    mask(result, ["long-secret", "1234"])
    assert result["invocation"]["module_args"].pop("number") == HIDDEN
    assert result == {
        "msg": f"cannot read {HIDDEN} here, but 1234 is a number",
        "invocation": {"module_args": {"items": [{"key": HIDDEN, "pin": HIDDEN}], "port": 12345}},
        "sent": ["long-secret is ours to return"],
    }
