# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/guides/try-a-renewal.md, word for word: its files are written, its commands run, and their output compared."""

from __future__ import annotations

import os
import re
import shutil
import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.support.guide_reader import Reader
from ansible_collections.certops.acm.tests.support.programs import COLLECTION, environment, finish, require

GUIDE = COLLECTION / "docs" / "guides" / "try-a-renewal.md"
LIMIT_S = 900
PROGRAMS = ("named", "nsupdate", "tsig-keygen", "openssl")
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def blocks() -> t.Iterator[tuple[str, str]]:
    """(language, text) of each fenced block, in order."""
    for matched in re.finditer(r"^```(\w+)\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        yield matched[1], matched[2]


def shown(lines: str) -> re.Pattern[str]:
    """What the guide shows, with anything in place of an ellipsis."""
    return re.compile(".*".join(re.escape(part) for part in lines.strip("\n").split("…")))


def test_the_guide(tmp_path: Path) -> None:
    missing = [name for name in PROGRAMS if not shutil.which(name, path=PATH)]
    if missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{', '.join(missing)} is not installed.")
    ports = {"10053": str(free_port()), "10080": str(free_port())}
    script, steps = ["set -eu"], 0
    for language, text in blocks():
        for there, here in ports.items():
            text = text.replace(there, here)
        named = re.match(r"[#;] ([\w.-]+)\n", text)
        if named:
            (tmp_path / named[1]).write_text(text, encoding="utf-8")
        elif language == "sh":
            script += [f"echo '=== {steps}'", text]
            if text.rstrip().endswith("&"):  # a reader takes a moment to go on
                port = ports["10053"] if "named" in text else ports["10080"]
                script.append(
                    f"for try in $(seq 300); do (: < /dev/tcp/127.0.0.1/{port}) 2>/dev/null && break; sleep 0.1; done"
                )
            steps += 1
        else:
            script.append("true")
    path = f"{environment({})['PATH']}:/usr/sbin:/usr/local/sbin"
    env = {"PATH": path, "ANSIBLE_LOCALHOST_WARNING": "false"}
    done = finish(["bash", "-c", "\n".join(script)], tmp_path, env, LIMIT_S)
    assert done.returncode == 0, done.stdout
    heard = (tmp_path / "heard.txt").read_text(encoding="utf-8")
    promised = [text for language, text in blocks() if language == "text"]
    assert len(promised) == 3
    at = 0
    for text in promised:
        for line in text.strip("\n").split("\n"):
            found = shown(line).search(heard, at)
            assert found, f"{line!r} is not in what came after {heard[:at]!r}: {heard[at:]!r}\n{done.stdout[-6000:]}"
            at = found.end()
    serials = re.findall(r"^serial=(\w+)$", done.stdout, re.MULTILINE)
    assert len(serials) == len(set(serials)) == 2


def test_certificates_that_are_valid_for_minutes(tmp_path: Path) -> None:
    require("openssl")
    places = {
        "validity_minutes: 4": "validity_minutes: 1",
        "10081": str(free_port()),
        "~/.ansible/collections": str(COLLECTION.parents[2]),
    }
    reader = Reader(GUIDE.name, tmp_path, places=places)
    reader.follow("A renewal every two minutes")
