# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._web_host.servers import commands
from ansible_collections.certops.acm.plugins.module_utils._web_host.servers.commands import read_words, run, shorten


@pytest.mark.parametrize(
    "value, words",
    [
        (None, None),
        ([], []),
        (["nginx", "-t"], ["nginx", "-t"]),
        (["sleep", 1], ["sleep", "1"]),
        ("nginx -t", ["nginx", "-t"]),
        ("nginx -c '/etc/my nginx.conf' -t", ["nginx", "-c", "/etc/my nginx.conf", "-t"]),
        ("sh -c 'kill -USR2 $(cat /run/haproxy.pid)'", ["sh", "-c", "kill -USR2 $(cat /run/haproxy.pid)"]),
        ("sh -c 'kill -HUP 1; true'", ["sh", "-c", "kill -HUP 1; true"]),
        ("caddy reload --config /etc/caddy/Caddyfile#1", ["caddy", "reload", "--config", "/etc/caddy/Caddyfile#1"]),
    ],
)
def test_words_are_split_as_a_shell_would(value: t.Any, words: list[str] | None) -> None:
    assert read_words("check_command", "nginx", value) == words


@pytest.mark.parametrize(
    "value",
    [
        "nginx -t && true",
        "a | b",
        "a > b",
        "a; b",
        "kill $(cat /run/pid)",
        "kill `cat pid`",
        "echo \"it's $HOME, isn't it\"",
        "echo 'x",
        "a &",
    ],
)
def test_commands_that_need_a_shell_are_refused(value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_words("reload_command", "nginx", value)
    assert "The reload_command of nginx" in str(caught.value) and "sh, -c" in str(caught.value)


@pytest.mark.parametrize("value", [{"a": 1}, False, 7])
def test_a_command_is_text_or_a_list(value: t.Any) -> None:
    with pytest.raises(InvalidInput, match="check_command of nginx must be text or a list of words, or an empty list"):
        read_words("check_command", "nginx", value)


def test_an_empty_first_word_is_refused() -> None:
    with pytest.raises(InvalidInput):
        read_words("reload_command", "nginx", [" "])


def test_the_output_of_a_command_is_kept_and_shortened() -> None:
    outcome = run(["sh", "-c", "echo out; echo err >&2; exit 3"], 10)
    assert (outcome.status, outcome.is_good, outcome.sentence) == (3, False, "out err.")
    assert run(["false"], 10).sentence == "The command false exited with code 1 and printed nothing."
    text = "a" * 500 + "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----" + "b" * 500
    assert len(shorten(text)) < 900 and "secret" not in shorten(text)
    assert "secret" not in shorten("-----BEGIN PRIVATE KEY-----\nsecret\n")


def test_programs_in_sbin_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "acm-test-program"
    program.write_text('#!/bin/sh\necho "$PATH"\n')
    program.chmod(0o755)
    monkeypatch.setattr(commands, "SBIN", (str(tmp_path),))
    outcome = run(["acm-test-program"], 10)
    assert outcome.is_good and str(tmp_path) in outcome.output


@pytest.mark.parametrize("words", [["no-such-program-here"], ["/no/such/program"]])
def test_a_command_that_cannot_be_started_is_reported(words: list[str]) -> None:
    outcome = run(words, 10)
    assert outcome.status is None and "cannot be started" in outcome.sentence


def test_time_limits_end_a_command_and_its_children() -> None:
    outcome = run(["sh", "-c", "echo begun; sleep 600 & wait"], 0.3)
    assert outcome.status is None and "did not end within 0.3 s and was killed. It printed: begun." in outcome.sentence


def test_a_command_runs_even_without_space_for_its_output(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: t.Any) -> t.Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(commands.tempfile, "TemporaryFile", refuse)
    assert run(["true"], 10).is_good
    assert run(["sh", "-c", "echo lost; exit 2"], 10).sentence.endswith("exited with code 2 and printed nothing.")


@pytest.mark.parametrize("mark", ["[WARNING] (1) : config", "nginx: [warn] 1", "AH00001: warning:"])
def test_warnings_do_not_hide_why_a_command_failed(mark: str) -> None:
    many = [f"{mark} option number {number} has no effect" for number in range(50)]
    fault = "[ALERT] (1) : unable to load the certificate /etc/acm/www/live/haproxy.pem"
    text = "\n".join([*many, fault, *many, "[ALERT] (1) : Fatal errors found in configuration."])
    assert shorten(text) == f"{fault} [ALERT] (1) : Fatal errors found in configuration."
    assert shorten(f"{many[0]}\n{fault}") == f"{many[0]} {fault}."


def test_a_long_output_shows_each_line_once() -> None:
    lines = [
        *["the same line of an output"] * 60,
        "/etc/nginx/nginx.conf:7: unknown directive",
        *["the same line of an output"] * 60,
    ]
    assert shorten("\n".join(lines)) == "the same line of an output /etc/nginx/nginx.conf:7: unknown directive."
