# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is displayed while a module waits, when, and that it cannot harm the task."""

from __future__ import annotations

import importlib
import threading
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.certops.acm.plugins import action as actions
from ansible_collections.certops.acm.plugins.plugin_utils import progress


class Action:
    """As much of an action plugin as a Watch needs."""

    def __init__(self, transport: str = "local", answer: t.Any = None) -> None:
        self.shown: list[str] = []
        self.asked: list[str] = []
        self._answer = answer
        self._task = SimpleNamespace(environment=[{"A": "b"}], get_name=lambda: "Have it")
        self._connection = SimpleNamespace(transport=transport, become=None)
        self._display = SimpleNamespace(display=lambda text, **_how: self.shown.append(text))

    def _low_level_execute_command(self, command: str) -> dict[str, t.Any]:
        self.asked.append(command)
        if isinstance(self._answer, Exception):
            raise self._answer
        return dict(self._answer)


def watch(action: Action, looks: int, written: t.Optional[str] = None) -> list[float]:
    """Let a module run for this many looks; returns the pauses between them."""
    pauses: list[float] = []
    is_over = threading.Event()

    def wait(_ended: threading.Event, seconds: float) -> bool:
        pauses.append(seconds)
        if len(pauses) <= looks:
            return False
        is_over.set()
        return True

    with_path: dict[str, str] = {}
    watched = progress.Watch(action, "b.example.com.", wait)
    if written is not None:
        Path(watched._path).write_text(written, encoding="utf-8")
    try:
        with watched:
            with_path.update(action._task.environment[-1])
            assert is_over.wait(60)
    finally:
        Path(watched._path).unlink(missing_ok=True)
    assert with_path == {"CERTOPS_ACM_PROGRESS": watched._path}
    assert action._task.environment == [{"A": "b"}]
    return pauses


def test_progress_is_shown_at_growing_intervals() -> None:
    action = Action()
    assert watch(action, 5, "a waits for b.") == [10.0, 20.0, 40.0, 80.0, 120.0, 120.0]
    assert action.shown == [
        f"Have it: still waiting after {time}: a waits for b."
        for time in ("10 seconds", "30 seconds", "70 seconds", "2 minutes", "4 minutes")
    ]


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ({"rc": 0, "stdout": "a waits."}, "Have it: still waiting after 10 seconds: a waits."),
        ({"rc": 1, "stdout": "", "stderr": "no such file"}, "Have it: still waiting after 10 seconds: b.example.com."),
        (OSError("gone"), "Have it: still waiting after 10 seconds: b.example.com."),
    ],
    ids=["read", "missing", "connection broken"],
)
def test_progress_on_another_host_is_read_there_and_never_fails(answer: t.Any, line: str) -> None:
    action = Action("ssh", answer)
    watch(action, 1)
    assert action.shown == [line] and action.asked[0].startswith("cat /tmp/.certops-acm-")


@pytest.mark.parametrize(
    ("items", "subject"),
    [
        ([{"domain_name": "a.example.com", "name_tag": "a"}], "a.example.com."),
        ([{"certificate_arn": "arn:1"}], "arn:1."),
        ([{"bundle": "x"}], "a certificate without a name."),
        (
            [{"domain_name": f"{name}.example.com"} for name in "abcde"],
            "5 certificates (a.example.com, b.example.com, c.example.com and 2 more).",
        ),
        ([{"name_tag": "a"}, "text"], "2 certificates (a and a certificate without a name)."),
        ([], ""),
    ],
    ids=str,
)
def test_a_task_is_about_the_certificates_that_it_names(items: list[t.Any], subject: str) -> None:
    assert progress.certificates(items) == subject


@pytest.mark.parametrize(
    ("module", "arguments", "subject"),
    [
        ("acm_certificate", {"domain_name": "a.example.com"}, "a.example.com."),
        ("acm_import", {"certificates": '[{"name_tag": "a"}, {"name_tag": "b"}]'}, "2 certificates (a and b)."),
        ("acm_export", {"certificate_arn": "arn:1"}, "arn:1."),
        ("acm_notifications", {"queue_name": "q"}, "notices in q."),
        ("acm_notifications", {}, "notices in the inbox."),
        (
            "served_certificate_info",
            {"endpoints": [{"host": "a", "port": 8443}, {"host": "b"}]},
            "a port 8443 and b port 443.",
        ),
        ("served_certificate_info", {"endpoints": "a"}, ""),
        ("certificate_bundle", {"path": "/srv"}, ""),
    ],
)
def test_modules_that_may_take_long_name_their_certificates(
    module: str, arguments: dict[str, t.Any], subject: str
) -> None:
    action = importlib.import_module(f"{actions.__name__}.{module}").ActionModule
    assert action.subject(action.__new__(action), arguments) == subject


def test_output_from_a_host_is_safe_for_a_terminal() -> None:
    text = progress.shown("a\x1b[31m b\r\nc\u202e" + "x" * 5000)
    assert text.startswith("a [31m b c x") and len(text) <= progress.LONGEST
