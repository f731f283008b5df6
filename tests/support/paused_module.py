# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run certificate_deployment, and pause when its journal says that a phase has begun: paused_module.py PHASE BEGUN GO MODULE.

It creates the file BEGUN, and continues when the file GO exists.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
import typing as t

from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.journal import Journal

PHASE, BEGUN, GO = sys.argv[1:4]
write = Journal.write


def write_and_pause(journal: Journal, record: dict[str, t.Any]) -> None:
    write(journal, record)
    if record["phase"] == PHASE and not os.path.exists(BEGUN):
        with open(BEGUN, "w", encoding="utf-8"):
            pass
        while not os.path.exists(GO):
            time.sleep(0.05)


setattr(Journal, "write", write_and_pause)
sys.argv = sys.argv[4:]
runpy.run_path(sys.argv[0], run_name="__main__")
