# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Markdown page shows: its fenced blocks, and the prose around them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

COLLECTION = Path(__file__).resolve().parents[2]
GUIDES = COLLECTION / "docs" / "guides"


class Block(NamedTuple):
    """One fenced block."""

    page: Path
    language: str
    text: str
    heading: str  # the nearest one above
    line: int  # of the opening fence, from 1

    @property
    def file_name(self) -> str:
        """The file to save the block as, where its first line is a comment with nothing but that name."""
        named = re.match(r"(?:#|;|//|<!--) ([\w./-]+\.\w+)(?: -->)?\n", self.text)
        return named[1] if named else ""

    def __str__(self) -> str:
        return f"{self.page.relative_to(COLLECTION)}:{self.line}"


class Section(NamedTuple):
    """The text between one heading and the next."""

    heading: str
    prose: str
    blocks: list[Block]


def pages() -> list[Path]:
    """What users read, as Markdown."""
    return [
        COLLECTION / "README.md",
        *sorted((COLLECTION / "docs").rglob("*.md")),
        *COLLECTION.glob("roles/*/README.md"),
    ]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [block for section in sections(page) for block in section.blocks]


def sections(page: Path) -> list[Section]:
    """A page, heading by heading; the text before the first heading has the heading ''."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
    found = [Section("", "", [])]
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            found.append(Section(tokens[number + 1].content, "", []))
        elif token.type == "inline" and tokens[number - 1].type != "heading_open":
            found[-1] = found[-1]._replace(prose=f"{found[-1].prose}{token.content}\n")
        elif token.type == "fence":
            language = token.info.split()[0] if token.info.strip() else ""
            line = token.map[0] + 1 if token.map else 0
            found[-1].blocks.append(Block(page, language, token.content, found[-1].heading, line))
    return found
