# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names that begin with acm_deploy_: a misspelt variable would otherwise be ignored and the default used. Pure."""

from __future__ import annotations

import difflib
import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

from .arguments import OPTIONS

PREFIX = "acm_deploy_"
# The options of the entry point renewals.
RENEWALS = (
    "renewals_queue",
    "renewals_wait",
    "renewals_watch",
    "renewals_notice_days",
    "renewals_renew_before",
    "renewals_maintenance_window",
    "renewals_urgent_before",
    "renewals_overdue_before",
    "renewals_forced_a_day",
    "renewals_timeout",
    "renewals_failed_hosts",
    "renewals_run_limit",
    "renewals_tolerate",
    "renewals_stalled_after",
    "renewals_channels",
    "renewals_resolvers",
    "renewals_host",
    "renewals_become",
    "renewals_path",
    "renewals_textfile",
)
# Facts that the role sets for the tasks after it.
LEFT_BEHIND = ("failure", "summary")
# Variables that only the playbooks of this collection read.
OF_PLAYBOOKS = ("hosts", "become", "serial", "max_fail_percentage", "endpoint_url")
KNOWN = frozenset(PREFIX + name for name in (*OPTIONS, *RENEWALS, *LEFT_BEHIND, *OF_PLAYBOOKS))


def check_authority(authority: t.Any, name: str = f"{PREFIX}authority") -> None:
    """Raise InvalidInput if the value of the variable NAME is an empty text, which must not lead to AWS instead, or a
    relative path, which would start at another folder than the one Ansible was started in. False means AWS."""
    if isinstance(authority, str) and not authority.strip():
        raise InvalidInput(f"{name} is empty; give the path of an authority, or leave it out to use AWS.")
    if authority is True or isinstance(authority, str) and not authority.startswith(("/", "~")):
        raise InvalidInput(f"{name} is {authority!r}; give an absolute path such as /srv/acm.")


def check_names(names: t.Iterable[str]) -> None:
    """Raise InvalidInput if one of NAMES, which begin with acm_deploy_, is unknown to the role and the playbooks."""
    unknown = sorted(set(names) - KNOWN)
    if unknown:
        near = difflib.get_close_matches(unknown[0], sorted(KNOWN), 1, 0.8)
        hint = (
            f"did you mean {near[0]}?"
            if near
            else f"choose names that do not begin with {PREFIX} for your own variables."
        )
        raise InvalidInput(f"The role acm_deploy has no variable {unknown[0]}; {hint}")
