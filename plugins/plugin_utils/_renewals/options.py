# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the entry point `renewals`, converted to their types before anything is done. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.arguments import coerce

from .plan import Entry
from .policy import WEEKDAYS

PREFIX = "acm_deploy_renewals_"
LONGEST_WAIT_S = 600  # of acm_notifications
WINDOW = "give a dictionary such as {start: '22:30', end: '05:00'}"
# Options that the role's tasks pass on to modules are here only to be checked. The channels are not among them: they
# contain secrets, and a run's data is passed on as a fact.
OPTIONS: dict[str, dict[str, t.Any]] = {
    "queue": {"type": "str"},
    "path": {"type": "str"},
    "textfile": {"type": "str"},
    "wait": {"type": "int"},
    "watch": {"type": "str", "choices": ["all", "deployed"]},
    "notice_days": {"type": "list", "elements": "int"},
    "renew_before": {"type": "str"},
    "maintenance_window": {
        "type": "dict",
        "options": {
            "weekdays": {
                "type": "list",
                "elements": "str",
                "choices": list(WEEKDAYS),
            },
            "start": {"type": "str", "required": True},
            "end": {"type": "str", "required": True},
            "time_zone": {"type": "str"},
        },
    },
    "urgent_before": {"type": "str"},
    "overdue_before": {"type": "str"},
    "forced_a_day": {"type": "int"},
    "timeout": {"type": "int"},
    "failed_hosts": {"type": "int"},
    "run_limit": {"type": "int"},
    "tolerate": {"type": "list", "elements": "str"},
    "stalled_after": {"type": "float"},
    "resolvers": {"type": "list", "elements": "str"},
    "become": {"type": "bool"},
}
UNJUDGED = ("has_channels", "has_sound_channels")


def read_options(given: Entry) -> dict[str, t.Any]:
    """The given options, each converted to its type. Raises InvalidInput."""
    window = given.get("maintenance_window")
    if window and not isinstance(window, dict):
        raise InvalidInput(f"{PREFIX}maintenance_window is not a dictionary; {WINDOW}.")
    if not given.get("has_sound_channels", True):
        raise InvalidInput(
            f"{PREFIX}channels is not a list of dictionaries; give a list such as "
            "[{name: chat, type: webhook, url: https://chat.example.com/hook}]."
        )
    named = {name: value for name, value in given.items() if name in OPTIONS and not (value is window and not window)}
    options = coerce(named, OPTIONS, PREFIX)
    if not 0 <= options.get("wait", 0) <= LONGEST_WAIT_S:
        raise InvalidInput(f"{PREFIX}wait is {options['wait']}; give a number of seconds from 0 to {LONGEST_WAIT_S}.")
    for name in ("path", "textfile"):
        if name in options and not options[name].startswith(("/", "~")):
            raise InvalidInput(f"{PREFIX}{name} is {options[name]!r}; give an absolute path.")
    return {**{name: given[name] for name in UNJUDGED if name in given}, **options}
