# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Append a line for each task to the file COUNT_MODULES: "HOST ACTION", with the host on which it ran, or "HOST skipped"."""

from __future__ import annotations

DOCUMENTATION = r"""
name: count_modules
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
    CALLBACK_NAME = "count_modules"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        if not os.environ.get("COUNT_MODULES"):
            return
        task = result._task
        host = task.delegate_to or result._host.get_name()
        with open(os.environ["COUNT_MODULES"], "a", encoding="utf-8") as file:
            file.write(f"{host} {task.resolved_action or task.action}\n")

    def v2_runner_on_skipped(self, result: Any) -> None:
        if os.environ.get("COUNT_MODULES"):
            with open(os.environ["COUNT_MODULES"], "a", encoding="utf-8") as file:
                file.write(f"{result._host.get_name()} skipped\n")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self.v2_runner_on_ok(result)
