# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send certificate_deployment to the host through the connection, never in a file that would contain the key.

A run without keys, in check mode, tells beforehand whether one with keys could be sent.
"""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import contract
from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import PipelinedAction

WORDS_SHOWN = 600  # the end of the output of a Python that does not start, or fails


LAST_CODE = 128  # of a program that exited on its own; after a signal the code is higher, or negative


def was_killed(code: t.Any) -> bool:
    return isinstance(code, int) and (code > LAST_CODE or code < 0)


class ActionModule(PipelinedAction):
    SECRET_OPTIONS = ("private_key", "pkcs12")
    KEY_OPTIONS = ("private_key",)
    REFUSAL = "The private key would be written to a temporary file on the host, as {obstacle}."

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        obstacle = None if self._secrets() else self._switch_pipelining_on()
        result = super().run(tmp, task_vars)
        if obstacle and not result.get("failed"):
            result["pipelining_obstacle"] = self.REFUSAL.format(obstacle=obstacle)
        said = str(result.get("module_stderr") or result.get("module_stdout") or "").strip()
        if result.get("failed") and said:  # the module has not answered: its Python's own output says why
            words = said[-WORDS_SHOWN:]
            if was_killed(result.get("rc")):
                result["msg"] = (
                    f"The module was killed while it ran on this host ({words}); run again: the next run finishes the "
                    "deployment or undoes it."
                )
                result["error"] = contract("DeploymentInterrupted")
            else:
                result["msg"] = f"The module did not run on this host. The output was: {words}"
        return result
