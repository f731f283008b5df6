# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The init system of this host: reload, start or query a unit. Standard library only."""

from __future__ import annotations

import os
import typing as t

from .commands import Outcome, find_program, run

SYSTEMD_FOLDER = "/run/systemd/system"  # sd_booted(3)
OPENRC_FOLDER = "/run/openrc"
SCRIPTS_FOLDER = "/etc/init.d"
_STATUS_TIMEOUT_S = 10.0


class InitSystem(t.NamedTuple):
    """How to call an init system: the words of a command, in which {action} and {unit} are filled in."""

    name: str
    words: tuple[str, ...]
    status_words: tuple[str, ...]

    def do(self, action: str, unit: str, timeout_s: float) -> Outcome:
        """Reload or start a unit (action: reload, start)."""
        outcome = run([word.format(action=action, unit=unit) for word in self.words], timeout_s)
        if action == "reload" and not outcome.is_good and not self.knows_reload(unit, outcome):
            return outcome._replace(
                output="",
                fault=f"failed, because the unit {unit} cannot be reloaded; give the service a reload_command",
            )
        return outcome

    def is_active(self, unit: str) -> bool | None:
        """Whether a unit runs; None if the init system does not know it."""
        if self.name == "service" and not os.access(os.path.join(SCRIPTS_FOLDER, unit), os.X_OK):
            return None
        status = run([word.format(unit=unit) for word in self.status_words], _STATUS_TIMEOUT_S).status
        if self.name == "systemd":
            return {0: True, 3: False}.get(-1 if status is None else status)  # 4: there is no such unit
        return {0: True, 3: False, 16: False, 32: False}.get(-1 if status is None else status)

    def knows_reload(self, unit: str, outcome: Outcome) -> bool:
        """Whether the unit supports reloading at all, judged by a failed reload."""
        said = outcome.output.lower()
        if self.name == "systemd":
            return "not applicable" not in said and "job type reload" not in said
        return not any(words in said for words in ("unknown function", "unknown command", "has no function", "usage:"))


SYSTEMD = InitSystem("systemd", ("systemctl", "{action}", "{unit}"), ("systemctl", "is-active", "--quiet", "{unit}"))
OPENRC = InitSystem("openrc", ("rc-service", "{unit}", "{action}"), ("rc-service", "--quiet", "{unit}", "status"))
SERVICE = InitSystem("service", ("service", "{unit}", "{action}"), ("service", "{unit}", "status"))


def find_init_system() -> InitSystem | None:
    """The running init system, chosen as by ansible.builtin.service: systemd, OpenRC, then scripts. Whether a program
    is installed says nothing."""
    if os.path.isdir(SYSTEMD_FOLDER) and find_program("systemctl"):
        return SYSTEMD
    if os.path.isdir(OPENRC_FOLDER) and find_program("rc-service"):
        return OPENRC
    return SERVICE if find_program("service") else None
