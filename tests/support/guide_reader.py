# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reader who does what a guide says, word by word, and compares what comes with what the guide shows.

reader = Reader(folder, environment)
reader.follow("getting-started.md", "The first certificate", "Check that it worked")

A block that names a file is written there, a block of `sh` is run, and a block of `text` is what the commands before it show: its
lines, in order, with anything in the place of an ellipsis. A command may fail where what is shown says so.
"""

from __future__ import annotations

import json
import re
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.certops.acm.tests.support import guides
from ansible_collections.certops.acm.tests.support.programs import environment

LIMIT_S = 300
WARNINGS = {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
# What differs from one run to the next.
VARIABLE = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r"\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z| UTC)"), "TIME"),
    (re.compile(r"\b[0-9a-f]{2}(:[0-9a-f]{2}){7,}\b"), "SERIAL"),
    (re.compile(r"\b_[0-9a-f]{32}\b"), "_TOKEN"),
    (re.compile(r"\b(123456789012|111122223333)\b"), "ACCOUNT"),
    (re.compile(r"\*{3,}"), "***"),
    (re.compile(r"\s+"), " "),
)


class Reader:
    """folder: where the reader works. instead: words of the guide, and what stands in this reader's place for them."""

    def __init__(self, folder: Path, env: t.Mapping[str, str], instead: t.Optional[t.Mapping[str, str]] = None) -> None:
        self.folder, self.env = folder, dict(env)
        self.instead = dict(instead or {})
        self.shown = ""  # by the last commands

    def follow(self, page: str, *headings: str, without: str = "\0") -> None:
        """Do what stands under these headings of a guide, in the order of the guide; `without` commands that begin so."""
        sections = {section.heading: section for section in guides.sections(guides.GUIDES / page)}
        for heading in headings:
            assert heading in sections, f"{page} has no section {heading}"
        for section in sections.values():
            if section.heading in headings:
                self._read([block for block in section.blocks if not block.text.startswith(without)])

    def save(self, page: str, heading: str) -> None:
        """Write the files of a section, and run nothing."""
        for section in guides.sections(guides.GUIDES / page):
            if section.heading == heading:
                self._read([block for block in section.blocks if block.file_name])

    def _read(self, blocks: t.Sequence[guides.Block]) -> None:
        for number, block in enumerate(blocks):
            following = blocks[number + 1] if number + 1 < len(blocks) else None
            if block.file_name:
                (self.folder / block.file_name).write_text(self._mine(block.text), encoding="utf-8")
            elif block.language == "sh":
                shown = following.text if following is not None and following.language == "text" else ""
                self.run(block.text, is_to_fail="fatal: [" in shown)
            elif block.language == "text":
                self.compare(block)

    def run(self, commands: str, is_to_fail: bool = False) -> None:
        done = subprocess.run(
            ["bash", "-euc", self._mine(commands)],
            cwd=self.folder,
            env=environment({**WARNINGS, **self.env}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        self.shown = done.stdout
        assert (done.returncode != 0) is is_to_fail, f"{commands}exit code {done.returncode}\n{done.stdout}"

    def compare(self, block: guides.Block) -> None:
        there = plain(self.shown)
        at = 0
        for line in self._mine(block.text).strip("\n").splitlines():
            found = pattern(line).search(there, at)
            assert found, f"{block} shows {line!r}, which did not come:\n{self.shown}"
            at = found.end()

    def _mine(self, text: str) -> str:
        for word, mine in self.instead.items():
            text = text.replace(word, mine)
        return text


def plain(text: str) -> str:
    """With a word in the place of what differs from one run to the next, on one line."""
    for variable, word in VARIABLE:
        text = variable.sub(word, text)
    return text


def pattern(shown: str) -> re.Pattern[str]:
    """What the guide shows, with anything in the place of an ellipsis."""
    return re.compile(".*?".join(re.escape(part) for part in plain(shown).strip().split("…")))


def allowed(page: str, heading: str, number: int) -> set[str]:
    """The actions that one of the policies under a heading allows."""
    found = next(section.blocks for section in guides.sections(guides.GUIDES / page) if section.heading == heading)
    policy = json.loads([block.text for block in found if block.language == "json"][number])
    actions = [statement["Action"] for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    return {action for each in actions for action in ([each] if isinstance(each, str) else each)}


def sentences(page: str, heading: str) -> list[str]:
    """The first column of the table under a heading: what people see, as it is quoted there."""
    text = (guides.GUIDES / page).read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(.+?)` \|", text, re.MULTILINE)
