# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions and output of the playbook certops.acm.report; its tasks read and write.

The rules are in plugin_utils/_report/. Names, tags, subjects and error texts come from others: everything returned to
Ansible is marked as unsafe, so that it is never taken for a template.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: acm_report
version_added: 1.0.0
short_description: The decisions and output of the playbook certops.acm.report
description:
  - The parts of the playbook C(certops.acm.report) that compute something, apart from the tasks that read and write.
  - It belongs to that playbook. Its arguments may change with it at any time.
options:
  _input:
    description:
      - What the decision is about. For most it is the data of the report.
    type: raw
    required: true
  decision:
    description:
      - Which decision.
      - V(options) judges the variables of the playbook.
      - V(host) notes what a host is to serve, V(connections) lists what to read, V(names) says which names the certificates
        read have, V(endpoints) lists where to look on a host.
      - V(report) returns the page, the data next to it, a summary, and the reasons why the play fails.
    type: str
    required: true
    choices: [options, host, connections, names, endpoints, report]
positional: decision
author:
  - The certops.acm authors (@certops)
"""

EXAMPLES = r"""
- name: Show where a host would be looked at
  ansible.builtin.debug:
    msg: "{{ noted | certops.acm.acm_report('endpoints', {}) }}"
  vars:
    noted: "{{ {'acm_deploy_certificates': acm_deploy_certificates, 'acm_deploy_services': acm_deploy_services}
               | certops.acm.acm_report('host') }}"
"""

RETURN = r"""
_value:
  description: The decision, in the shape that the playbook's tasks want.
  type: raw
"""

import json
import typing as t

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._report import (
    options,
    page,
    report,
    spreadsheet,
    wanted,
)

Entry = t.Mapping[str, t.Any]


def note_host(host: Entry) -> dict[str, t.Any]:
    """host: the role's variables of a host, each only where it is set."""
    return {
        "connection": wanted.connection(host),
        "certificates": wanted.entries(host.get("acm_deploy_certificates")),
        "services": wanted.services(host.get("acm_deploy_services")),
    }


def list_names(reads: t.Iterable[Entry]) -> dict[str, dict[str, str]]:
    """{connection's label: {ARN: domain name}}. reads: results of acm_certificate_info in a loop over connections."""
    return {
        wanted.label(read["item"]): {
            each["certificate_arn"]: each["domain_name"]
            for each in read.get("certificates") or ()
            if each.get("domain_name")
        }
        for read in reads
    }


def list_endpoints(host: Entry, names: t.Mapping[str, Entry]) -> list[dict[str, t.Any]]:
    return wanted.endpoints(wanted.wishes(host, names.get(wanted.label(host["connection"]), {})))


def make_report(gathered: Entry) -> dict[str, t.Any]:
    """All that the playbook writes and says, made at once, for Ansible looks through whatever it is handed.

    gathered: see report.make, with reads and sweeps as Ansible registers loops over connections; page: the page's path.
    """
    sweeps = {wanted.label(each["item"]["item"]): each for each in gathered["sweeps"] if "item" in each}
    connections = [
        {"connection": each["item"], "result": each, "sweep": sweeps.get(wanted.label(each["item"]), {})}
        for each in gathered["reads"]
    ]
    data = report.make({**gathered, "connections": connections})
    stem = gathered["page"].rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return {
        "html": page.render(data, stem),
        # Up to ansible-core 2.18, what begins as a dictionary does is made one; the blank keeps it a text.
        "json": " " + json.dumps(data, indent=1, sort_keys=True) + "\n",
        "csv": spreadsheet.write(data),
        "changed": report.is_changed(data, gathered.get("previous"), gathered["path"]),
        "summary": report.summary(data, gathered["page"]),
        "sentence": report.sentence(data, gathered["page"]),
        "unread": report.unread(data),
    }


def check_options(given: t.Mapping[str, t.Any], here: str) -> dict[str, t.Any]:
    """The options, and `refusal`: what is wrong with them, in a sentence that Ansible adds nothing to, or an empty text."""
    try:
        return {**options.read_options(given, here), "refusal": ""}
    except InvalidInput as error:
        return {"refusal": str(error)}


DECISIONS: dict[str, t.Callable[..., t.Any]] = {
    "options": check_options,
    "host": note_host,
    "connections": wanted.connections,
    "names": list_names,
    "endpoints": list_endpoints,
    "report": make_report,
}


def acm_report(value: t.Any, decision: str, *arguments: t.Any) -> t.Any:
    try:
        return wrap_var(DECISIONS[decision](plain(value), *map(plain, arguments)))
    except InvalidInput as error:
        raise AnsibleFilterError(str(error)) from None


def plain(value: t.Any) -> t.Any:
    """The value without what Ansible adds to texts and containers: taken out once, for each access costs."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, t.Mapping):
        return {plain(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"acm_report": acm_report}
