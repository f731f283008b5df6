# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show what a module is waiting for while it runs.

A module cannot print anything before it ends. So it writes what it is waiting for to a small file on its host, named by
an environment variable, and the action plugin displays the content of that file from time to time. If there is no such
file, or it cannot be read, the task's own arguments say what it is about; the task never fails because of it."""

from __future__ import annotations

import secrets
import shlex
import threading
import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.progress_file import LONGEST, VARIABLE
from ansible_collections.certops.acm.plugins.module_utils._rules.sentences import first_few

FIRST_S = 10.0
GROWTH = 2.0
LONGEST_S = 120.0  # between two lines
ASK_S = 20
NAMES = ("domain_name", "name_tag", "certificate_arn")  # options that name a certificate


class Watch:
    """Displays what an action's module is waiting for, during a with block."""

    def __init__(
        self, action: t.Any, subject: str, wait: t.Optional[t.Callable[[threading.Event, float], bool]] = None
    ) -> None:
        """subject: what the task is about. wait: (ended, seconds) → whether the module has ended in the meantime."""
        self._action = action
        self._subject = subject
        self._wait = wait or (lambda ended, seconds: ended.wait(seconds))
        self._path = f"/tmp/.certops-acm-{secrets.token_hex(16)}"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._environment: t.Any = None

    def __enter__(self) -> Watch:
        task = self._action._task
        self._environment = task.environment
        given = self._environment or []
        task.environment = [*(given if isinstance(given, list) else [given]), {VARIABLE: self._path}]
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._action._task.environment = self._environment
        self._thread.join(ASK_S)

    def _watch(self) -> None:
        pause_s, waited_s = FIRST_S, 0.0
        while not self._wait(self._ended, pause_s):
            waited_s += pause_s
            pause_s = min(pause_s * GROWTH, LONGEST_S)
            what = shown(self._read() or self._subject)
            if self._ended.is_set():
                return
            text = f"{self._action._task.get_name()}: still waiting after {spoken(waited_s)}: {what}"
            self._action._display.display(text, color="bright blue", stderr=True)

    def _read(self) -> str:
        try:
            if getattr(self._action._connection, "transport", "") == "local" and not self._action._connection.become:
                with open(self._path, encoding="utf-8", errors="replace") as file:
                    return file.read(LONGEST)
            if getattr(self._action._connection, "sshpass_pipe", None) or self._ended.is_set():
                return ""
            answer = self._action._low_level_execute_command(f"cat {shlex.quote(self._path)}")
            return str(answer.get("stdout", "")) if answer.get("rc") == 0 else ""
        except Exception:  # pylint: disable=broad-except
            return ""  # the display is a courtesy: a fault in it must not affect the task


def certificates(items: t.Sequence[t.Any]) -> str:
    """A subject: the certificates that a task's items are about."""
    names = [name_of(item) for item in items]
    if len(names) == 1:
        return f"{names[0]}."
    return f"{len(names)} certificates ({first_few(names, 'and')})." if names else ""


def name_of(item: t.Any) -> str:
    options = item if isinstance(item, dict) else {}
    return next((str(options[option]) for option in NAMES if options.get(option)), "a certificate without a name")


def shown(text: str) -> str:
    """A host's text, made safe for a terminal: one line, no control characters, limited length."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text[:LONGEST]).split())
    return words


def spoken(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
