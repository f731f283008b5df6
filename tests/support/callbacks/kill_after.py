# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kill ansible-playbook with SIGKILL after step number KILL_AFTER; if that is not set, list the steps in the file KILL_COUNT.

A step is a task, or an item of its loop, that changed something; with KILL_AFTER_EACH=all, any that was not skipped.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: kill_after
type: aggregate
short_description: For tests only
description: For tests only.
"""

import os
import signal
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kill_after"

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)
        self.done: list[str] = []

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self.v2_runner_on_ok(result)

    def v2_runner_on_ok(self, result: Any) -> None:
        if os.environ.get("KILL_AFTER_EACH") != "all" and not result.is_changed():
            return
        self.done.append(str(getattr(result, "task_name", None) or getattr(result, "_task", "")))
        if len(self.done) == int(os.environ.get("KILL_AFTER", "0")):
            os.killpg(0, signal.SIGKILL)

    def v2_playbook_on_stats(self, stats: object) -> None:
        path = os.environ.get("KILL_COUNT")
        if path:
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(self.done))
