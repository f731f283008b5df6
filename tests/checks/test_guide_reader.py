# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test that follows a guide fails if the guide shows something other than what is printed."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.support.guide_reader import Reader, pattern, typed

GUIDE = """\
# Guide

```text
# words.txt
/srv/words
```

## Run

```console
$ place=there; cat words.txt \\
    words.txt
# words.txt
/srv/words
# words…
$ echo "$place"
{shown}
```
"""


def written(folder: Path, text: str) -> str:
    (folder / "guide.md").write_text(text, encoding="utf-8")
    return str(folder / "guide.md")


@pytest.mark.parametrize(("shown", "is_so"), [("there", True), ("t…e", True), ("here", False), ("", False)])
def test_follow(tmp_path: Path, shown: str, is_so: bool) -> None:
    reader = Reader(written(tmp_path, GUIDE.format(shown=shown)), tmp_path, places={"/srv": f"{tmp_path}/srv"})
    reader.save()
    with contextlib.nullcontext() if is_so else pytest.raises(AssertionError):
        reader.follow("Run")


def test_a_heading_without_a_console_fails(tmp_path: Path) -> None:
    guide = written(tmp_path, GUIDE)
    with pytest.raises(AssertionError):
        Reader(guide, tmp_path).follow("Elsewhere")


SCRIPT = """\
# Guide

## Run

```sh
printf 'one\\ntwo   of\\nthree\\n'; {command}
```

```text
{shown}
```
"""


@pytest.mark.parametrize(
    ("command", "shown", "is_so"),
    [
        ("true", "one\nthree", True),
        ("true", "two of three", True),
        ("true", "three\none", False),
        ("true", "four", False),
        ("false", "one", False),
        ("echo fatal: [localhost]; false", "one\nfatal: [localhost]", True),
        ("echo fatal: [localhost]", "fatal: [localhost]", False),
    ],
)
def test_script(tmp_path: Path, command: str, shown: str, is_so: bool) -> None:
    reader = Reader(written(tmp_path, SCRIPT.format(command=command, shown=shown)), tmp_path)
    with contextlib.nullcontext() if is_so else pytest.raises(AssertionError):
        reader.follow("Run")


def test_a_heading_with_nothing_left_to_run_fails(tmp_path: Path) -> None:
    guide = written(tmp_path, SCRIPT.format(command="false", shown="four"))
    with pytest.raises(AssertionError, match="no commands"):
        Reader(guide, tmp_path).follow("Run", without="printf")


def test_a_file_is_saved_once(tmp_path: Path) -> None:
    reader = Reader(written(tmp_path, GUIDE.format(shown="there")), tmp_path)
    reader.save()
    (tmp_path / "words.txt").write_text("changed by the test\n", encoding="utf-8")
    reader.save()
    assert (tmp_path / "words.txt").read_text(encoding="utf-8") == "changed by the test\n"


@pytest.mark.parametrize(
    ("shown", "printed", "is_so"),
    [
        ("at 2026-01-02T03:04:05Z.", "at 2027-11-12T13:14:15Z.", True),
        ("at 2026-01-02T03:04:05Z.", "at noon.", False),
        ("certificate/9c0f7c8e-5f3b-4c6b-8d9e-2f1a7b3c4d5e", "certificate/01234567-89ab-cdef-0123-456789abcdef", True),
        ("certificate/9c0f7c8e-5f3b-4c6b-8d9e-2f1a7b3c4d5e", "certificate/none", False),
        ("20… of 111122223333", "2026-01-02 03:04 UTC of 123456789012", True),
        ("123456789012", "111122223333", False),
        ("a.b", "a+b", False),
    ],
)
def test_pattern(shown: str, printed: str, is_so: bool) -> None:
    assert bool(pattern(shown).fullmatch(printed)) is is_so


def test_typed() -> None:
    console = "$ one \\\n  more\nprinted\n$ cat << END > file\n$ text\nEND\n$ three\na\nb\n"
    assert typed(console) == [
        ("one \\\n  more", "printed"),
        ("cat << END > file\n$ text\nEND", ""),
        ("three", "a\nb"),
    ]
