# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test that follows a guide fails where the guide shows something else than what is printed."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.support.guide_runs import Reader, typed

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


@pytest.mark.parametrize(("shown", "is_so"), [("there", True), ("t…e", True), ("here", False), ("", False)])
def test_follow(tmp_path: Path, shown: str, is_so: bool) -> None:
    guide = tmp_path / "guide.md"
    guide.write_text(GUIDE.format(shown=shown), encoding="utf-8")
    reader = Reader(str(guide), tmp_path, {"/srv": f"{tmp_path}/srv"}, {})
    reader.save_files()
    if is_so:
        reader.follow("Run")
    else:
        with pytest.raises(AssertionError):
            reader.follow("Run")


def test_a_heading_without_a_console_is_no_success(tmp_path: Path) -> None:
    guide = tmp_path / "guide.md"
    guide.write_text(GUIDE, encoding="utf-8")
    with pytest.raises(AssertionError):
        Reader(str(guide), tmp_path, {}, {}).follow("Elsewhere")


def test_typed() -> None:
    console = "$ one \\\n  more\nprinted\n$ cat << END > file\n$ text\nEND\n$ three\na\nb\n"
    assert typed(console) == [
        ("one \\\n  more", "printed"),
        ("cat << END > file\n$ text\nEND", ""),
        ("three", "a\nb"),
    ]
