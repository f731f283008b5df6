# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays on this machine, as benchmarks time them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def run_tasks(
    tasks: Sequence[Mapping[str, Any]], folder: Path, env: Mapping[str, str], limit_s: float
) -> subprocess.CompletedProcess[str]:
    """A play with these tasks for localhost, to its end."""
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": list(tasks)}
    return run_play(play, folder / "play.yml", env, limit_s)


def run_play(
    play: Mapping[str, Any], file: Path, env: Mapping[str, str], limit_s: float, options: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Write the play to a file and run it to its end; stdout also contains its standard error. options: of
    ansible-playbook; without an inventory there is localhost alone."""
    file.write_text(json.dumps([play]), encoding="utf-8")
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    inventory = [] if "-i" in options else ["-i", "localhost,"]
    return subprocess.run(
        [program, *inventory, "-e", f"ansible_python_interpreter={sys.executable}", *options, str(file)],
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=limit_s,
        check=False,
    )
