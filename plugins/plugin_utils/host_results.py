# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep hosts from deciding too much. Whatever module ran, Ansible obeys some keys of its result: facts become variables
of the host, which take precedence over the inventory's, and new hosts and groups are added to the inventory. A host
that somebody else has taken over can return anything."""

from __future__ import annotations

import typing as t

from ansible import template
from ansible.utils.unsafe_proxy import wrap_var

# Keys that ansible-core's strategies obey in the result of any task.
_OBEYED = ("add_host", "add_group", "ansible_facts", "ansible_stats")
# The one fact that ansible-core adds to a result itself, after removing the host's own.
_DISCOVERED = "discovered_interpreter_"
_OURS = ("acm_", "__acm_")


def drop_what_ansible_obeys(result: dict[str, t.Any]) -> None:
    """Remove from the result of one of our modules everything that would set variables, hosts, groups or statistics."""
    facts = result.get("ansible_facts")
    found = {
        name: value
        for name, value in (facts.items() if isinstance(facts, dict) else ())
        if str(name).startswith(_DISCOVERED)
    }
    for key in _OBEYED:
        result.pop(key, None)
    if found:
        result["ansible_facts"] = found


def variables_from_facts(facts: t.Any) -> list[str]:
    """The names of this collection's variables among a host's facts, where no module of Ansible's own would put
    them."""
    return sorted(str(name) for name in facts or () if str(name).startswith(_OURS))


def refusal_of_facts(host: str, facts: t.Any) -> str:
    """The sentence for a host whose facts set this collection's variables; empty if they set none."""
    names = variables_from_facts(facts)
    if not names:
        return ""
    return (
        f"The facts of {host} set {', '.join(names[:5])}{' and others' if len(names) > 5 else ''}, which would decide "
        "what is done here and elsewhere. Set such variables in the inventory or the playbook, or by set_fact without "
        "cacheable; if you did not set them, somebody else has control of this host or of the fact cache."
    )


def as_data(value: t.Any) -> t.Any:
    """A filter's result, marked as not being a template. A name or an error from elsewhere may look like a template,
    and up to ansible-core 2.18 a text assembled by a filter would be resolved when it is used. Later versions resolve
    only what is marked as trusted."""
    return value if hasattr(template, "trust_as_template") else wrap_var(value)
