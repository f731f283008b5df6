# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module that kills itself, before or after a rename, fsync, link, removal, fork, command or look.

    killed_module.py MODULE < arguments

KILL_AT is the number of that point, or 0 for none. KILL_POINTS is a file that gets a line for each point passed.
KILL_SIGNAL is the signal, SIGKILL unless given. KILL_WHOM is `self`, or `parent` for the process that Ansible waits for.
"""

from __future__ import annotations

import importlib
import os
import runpy
import signal
import sys
import typing as t

ROOM = "ansible_collections.certops.acm.plugins.module_utils._web_host."
KILL_AT = int(os.environ.get("KILL_AT", "0"))
SIGNAL = getattr(signal, os.environ.get("KILL_SIGNAL", "SIGKILL"))
passed = 0
main_pid = os.getpid()


def point(label: str) -> None:
    global passed
    passed += 1
    with open(os.environ["KILL_POINTS"], "a", encoding="utf-8") as file:
        file.write(f"{label}\n")
    if passed == KILL_AT:
        os.kill(main_pid if os.environ.get("KILL_WHOM") == "parent" else os.getpid(), SIGNAL)


def watched(place: t.Any, name: str) -> None:
    function = getattr(place, name)

    def wrapped(*arguments: t.Any, **options: t.Any) -> t.Any:
        point(f"before {name}")
        result = function(*arguments, **options)
        point(f"after {name}")
        return result

    setattr(place, name, wrapped)


for each in ("rename", "fsync", "symlink", "unlink", "fork"):
    watched(os, each)
for module in ("deployments.survey", "deployments.transaction", "servers.init_systems"):
    watched(importlib.import_module(ROOM + module), "run")
watched(importlib.import_module(ROOM + "tls.watch"), "look")

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
