# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A guide followed word by word: its files are saved, what its consoles show is typed, and the same must be printed.

An ellipsis in a console matches anything. Commands in `sh` blocks are not run: they are for machines that a test has not.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.support.guides import GUIDES, blocks
from ansible_collections.certops.acm.tests.support.programs import environment

LIMIT_S = 300
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"])
END = "\x1e"


def needs(*programs: str) -> None:
    """Skip the test on a machine without one of them; in CI, fail."""
    missing = [name for name in programs if not shutil.which(name, path=PATH)]
    if missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{', '.join(missing)} is not installed.")


class Reader:
    """Follows one guide in an empty folder. `places` says what a path or port of the guide is called here."""

    def __init__(self, guide: str, folder: Path, places: Mapping[str, str], env: Mapping[str, str]) -> None:
        self.blocks = blocks(GUIDES / guide)
        self.folder = folder
        self.places = dict(places)
        self.env = {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json", **env}  # what readers see who have set nothing

    def here(self, text: str) -> str:
        for theirs, ours in self.places.items():
            text = text.replace(theirs, ours)
        return text

    def save_files(self) -> None:
        for block in self.blocks:
            if block.file_name:
                path = self.folder / self.here(block.file_name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.here(block.text), encoding="utf-8")

    def follow(self, *headings: str) -> None:
        """Type what the consoles below these headings show, in one shell; AssertionError where something else is printed."""
        found = [block for block in self.blocks if block.heading in headings and block.language == "console"]
        assert {block.heading for block in found} == set(headings), f"no console below one of {headings}"
        steps = [(block, command, shown) for block in found for command, shown in typed(block.text)]
        printed, complaints = self._type([command for block, command, shown in steps])
        for number, (block, command, shown) in enumerate(steps):
            answer = plain(printed[number]) if number < len(printed) else "(nothing: the shell has ended)"
            assert pattern(self.here(shown)).fullmatch(answer), (
                f"{block.page.name}:{block.line}: $ {command}\n--- the guide shows\n{self.here(shown)}\n"
                f"--- printed\n{answer}\n--- and complained\n{complaints[-4000:]}"
            )

    def _type(self, commands: list[str]) -> tuple[list[str], str]:
        """What each command prints, and what all of them complain of. What they leave running is ended."""
        with open(self.folder / "printed", "w+b") as printed, open(self.folder / "complaints", "w+b") as complaints:
            shell = subprocess.Popen(
                ["bash", "-c", "\n".join(f"{self.here(command)}\nprintf '{END}'" for command in commands)],
                cwd=self.folder,
                env=environment(self.env),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=complaints,
                start_new_session=True,
            )
            try:
                shell.wait(LIMIT_S)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(shell.pid, signal.SIGKILL)
            for file in (printed, complaints):
                file.seek(0)
            return printed.read().decode().split(END)[:-1], complaints.read().decode()


def typed(console: str) -> list[tuple[str, str]]:
    """(command, what it prints) of each prompt; a command goes on after a backslash, or to the end of a here-document."""
    steps: list[tuple[list[str], list[str]]] = []
    end_of_document, is_continued = "", False
    for line in console.splitlines():
        if end_of_document or is_continued:
            steps[-1][0].append(line)
            end_of_document = "" if line == end_of_document else end_of_document
        elif line.startswith("$ "):
            steps.append(([line[2:]], []))
            document = re.search(r"<<\s*'?(\w+)'?", line)
            end_of_document = document[1] if document else ""
        else:
            steps[-1][1].append(line)
        is_continued = not end_of_document and line.endswith("\\")
    return [("\n".join(command), "\n".join(shown)) for command, shown in steps]


def plain(output: str) -> str:
    """Without what depends on the width of a terminal, and without empty lines."""
    lines = [re.sub(r" \*{2,}$", " ***", line.rstrip()) for line in output.splitlines()]
    return "\n".join(line for line in lines if line)


def pattern(shown: str) -> re.Pattern[str]:
    """What matches the same output, with anything in the place of an ellipsis."""
    parts = plain(shown).split("…")
    return re.compile(".*".join(re.escape(part) for part in parts), re.DOTALL)
