# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reader who follows a guide word for word, and compares the output with the one in the guide.

reader = Reader("getting-started.md", folder, environment)
reader.follow("The first certificate", "Check that it worked")

A block that names a file is saved. The commands of a `console` block are typed, and each must print exactly what is below it.
A block of `sh` is run, and must print the lines of the `text` block after it, in order; it must fail if they say so."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ansible_collections.certops.acm.tests.support.guides import GUIDES, Block, blocks
from ansible_collections.certops.acm.tests.support.programs import environment, finish

LIMIT_S = 300
END = "\x1e\n"
YAML = {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}  # the settings that docs/README.md recommends for results as YAML
ENVIRONMENT = {
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
}
# What differs from one run to the next: its form in a guide, and what it may be here.
SAME_FORM = (
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
    r"\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?(?:Z| UTC)",
    r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){7,}\b",
    r"\b_[0-9a-f]{32}\b",
)
VARIABLE = {"…": ".*?", "111122223333": "(?:111122223333|123456789012)", **{form: form for form in SAME_FORM}}


class Reader:
    """Follows one guide in a folder. `places` maps words, paths and ports of the guide to those used here."""

    def __init__(
        self, guide: str, folder: Path, env: Mapping[str, str] | None = None, places: Mapping[str, str] | None = None
    ) -> None:
        self.blocks = blocks(GUIDES / guide)
        self.folder = folder
        self.env = {**ENVIRONMENT, **(env or {})}
        self.places = dict(places or {})
        self.shown = ""  # by the last `run`
        self._saved: set[Block] = set()

    def here(self, text: str) -> str:
        for theirs, ours in self.places.items():
            text = text.replace(theirs, ours)
        return text

    def save(self, *headings: str) -> None:
        """Write the files below these headings, or all of the guide."""
        for block in self.blocks:
            if block.file_name and block.heading in (headings or [block.heading]):
                self._save(block)

    def _save(self, block: Block) -> None:
        """Only once: a test may change the file before it follows the guide."""
        if block not in self._saved:
            path = self.folder / self.here(block.file_name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.here(block.text), encoding="utf-8")
            self._saved.add(block)

    def follow(self, *headings: str, without: str | tuple[str, ...] = ()) -> None:
        """Carry out the blocks below these headings, in the guide's order, except those that begin with `without`."""
        found = [block for block in self.blocks if block.heading in headings and not block.text.startswith(without)]
        commands = {block.heading for block in found if block.language in ("console", "sh") and not block.file_name}
        assert commands == set(headings), f"no commands below one of {headings}"
        with self._shell() as type_in:
            for number, block in enumerate(found):
                if block.file_name:
                    self._save(block)
                elif block.language == "console":
                    for command, shown in typed(block.text):
                        printed, complaints = type_in(self.here(command))
                        assert pattern(plain(self.here(shown))).fullmatch(plain(printed)), (
                            f"{block.page.name}:{block.line}: $ {command}\n--- the guide shows\n{self.here(shown)}\n"
                            f"--- printed\n{printed}\n--- and on stderr\n{complaints[-4000:]}"
                        )
                elif block.language == "sh":
                    shown = "".join(after.text for after in found[number + 1 : number + 2] if after.language == "text")
                    self.run(block.text, is_to_fail="fatal: [" in shown)
                elif block.language == "text":
                    self.compare(block)

    @contextlib.contextmanager
    def _shell(self) -> Iterator[Callable[[str], tuple[str, str]]]:
        """A shell for several commands: a function that runs a command and returns its output and errors. Ends what still runs."""
        with tempfile.TemporaryFile() as errors, subprocess.Popen(
            ["timeout", str(LIMIT_S), "bash"],
            cwd=self.folder,
            env=environment(self.env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        ) as shell:
            assert shell.stdin and shell.stdout
            keyboard, screen = shell.stdin, shell.stdout

            def type_in(command: str) -> tuple[str, str]:
                start = os.fstat(errors.fileno()).st_size
                keyboard.write(f"{{ {command}\n}} </dev/null\nprintf '{END}'\n")
                keyboard.flush()
                printed = ""
                while not printed.endswith(END):
                    line = screen.readline()
                    assert line, f"$ {command}\nthe shell has ended after\n{printed}"
                    printed += line
                return printed[: -len(END)], os.pread(errors.fileno(), 1 << 20, start).decode()

            try:
                yield type_in
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(shell.pid, signal.SIGKILL)

    def run(self, commands: str, is_to_fail: bool = False) -> None:
        done = finish(["bash", "-euc", self.here(commands)], self.folder, self.env)
        self.shown = done.stdout
        assert (done.returncode != 0) is is_to_fail, f"{commands}exit code {done.returncode}\n{done.stdout}"

    def compare(self, block: Block) -> None:
        """Its lines, in order, wherever Ansible wraps them."""
        there, at = " ".join(plain(self.shown).split()), 0
        for line in plain(self.here(block.text)).splitlines():
            found = pattern(" ".join(line.split())).search(there, at)
            assert found, f"{block.page.name}:{block.line} shows {line!r}, which was not printed:\n{self.shown}"
            at = found.end()


def typed(console: str) -> list[tuple[str, str]]:
    """(command, what it prints) of each prompt; a command goes on after a backslash, or to the end of a
    here-document."""
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


def plain(text: str) -> str:
    """The text without empty lines and anything that depends on the width of the terminal."""
    lines = [re.sub(r" \*{2,}$", " ***", line.rstrip()) for line in text.splitlines()]
    return "\n".join(line for line in lines if line)


def pattern(shown: str) -> re.Pattern[str]:
    """A pattern that matches the same output of another run."""
    parts = re.split(f"({'|'.join(VARIABLE)})", shown)
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = [next(here for there, here in VARIABLE.items() if re.fullmatch(there, part)) for part in parts[1::2]]
    return re.compile("".join(parts), re.DOTALL)


def allowed(page: str, heading: str, number: int) -> set[str]:
    """The actions allowed by one of the policies under a heading."""
    found = [block.text for block in blocks(GUIDES / page) if block.heading == heading and block.language == "json"]
    policy = json.loads(found[number])
    actions = [statement["Action"] for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    return {action for each in actions for action in ([each] if isinstance(each, str) else each)}


def sentences(page: str, heading: str) -> list[str]:
    """The first column of the table under a heading: the quoted messages."""
    text = (GUIDES / page).read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(.+?)` \|", text, re.MULTILINE)
