# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write every result that Ansible passes to callbacks to the file RECORD_ALL, as AWX and the json callback do, and at the end
what hostvars contains for each host besides its inventory: facts, and registered variables."""

from __future__ import annotations

DOCUMENTATION = r"""
name: record_all
type: aggregate
short_description: For tests only
description: For tests only.
"""

import os
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record_all"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._variables = play.get_variable_manager()

    def v2_playbook_on_stats(self, stats: Any) -> None:
        known = self._variables
        for caches in (known._nonpersistent_fact_cache, known._vars_cache):  # pylint: disable=protected-access
            for host in list(caches):
                self._write(f"hostvars of {host}: {dict(caches[host])!r}")

    def _record(self, result: Any, **_others: Any) -> None:
        task = getattr(result, "task", None) or getattr(result, "_task", None)
        content = getattr(result, "result", None) or getattr(result, "_result", None)
        self._write(f"{task}: {content!r}")

    def _write(self, line: str) -> None:
        with open(os.environ["RECORD_ALL"], "a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_on_unreachable = v2_runner_on_skipped = _record
    v2_runner_item_on_ok = v2_runner_item_on_failed = v2_runner_item_on_skipped = _record
