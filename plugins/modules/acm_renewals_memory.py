#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_renewals_memory
short_description: Read and write the memory that one renewal run leaves for the next
version_added: 1.0.0
author:
  - The certops.acm authors (@certops)
description:
  - Reads and writes the small file in which the entry point C(renewals) of the role P(certops.acm.acm_deploy#role) stores which
    alerts were sent and which renewals were tried.
  - It belongs to that role. Its options may change with it at any time.
  - A file that is damaged, or that has times in the future, is moved aside. If the file cannot be written, it is written to a
    folder of the running user in the system's temporary folder, where the next run finds it.
extends_documentation_fragment:
  - certops.acm.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - It records when a run began, so every run changes it.
options:
  path:
    description:
      - The folder of the file. If it is missing, it is created so that only the running user can access it.
    type: path
    required: true
  name:
    description:
      - The name of the file, without its extension. Each account and region, and each authority, has its own file.
    type: str
    required: true
  began_at:
    description:
      - When a run begins, in ISO 8601. The module then reads the file and records that the run has begun.
    type: str
  memory:
    description:
      - What to write.
    type: dict
notes:
  - The file contains no secrets.
seealso:
  - module: certops.acm.acm_alert
"""

EXAMPLES = r"""
- name: Read the memory of the previous run
  certops.acm.acm_renewals_memory:
    path: ~/.local/state/acm-renewals
    name: 111122223333-eu-central-1
    began_at: "2027-03-01T06:00:00Z"
  register: recalled

- name: Write the memory for the next run
  certops.acm.acm_renewals_memory:
    path: ~/.local/state/acm-renewals
    name: 111122223333-eu-central-1
    memory: "{{ recalled.memory | combine({'ended_at': '2027-03-01T06:02:00Z'}) }}"
"""

RETURN = r"""
memory:
  description: The content of the file, without impossible values.
  returned: with O(began_at)
  type: dict
problems:
  description: What was wrong with the file that was read, one sentence for each problem.
  returned: with O(began_at)
  type: list
  elements: str
  sample:
    - >-
      /var/lib/acm-renewals/111122223333-eu-central-1.json is damaged, so alerts may be sent twice; it was moved to
      /var/lib/acm-renewals/111122223333-eu-central-1.json.20270301T060000Z, and nothing else needs to be done.
unwritten:
  description: Why the file could not be written where it belongs, and what to do, in one sentence.
  returned: when it could not be written there
  type: str
writable:
  description: Whether the file could be written, there or elsewhere. Always true in check mode, which writes nothing.
  returned: success
  type: bool
error:
  description: What failed.
  returned: failure
  type: dict
  contains:
    code:
      description: The kind of fault.
      returned: always
      type: str
      sample: InvalidInput
    operation:
      description: Always null, as no operation of ACM is called.
      returned: always
      type: str
"""

import re
import typing as t
from datetime import datetime, timezone

from ansible_collections.certops.acm.plugins.module_utils._ansible.secret_module import DiscreetModule
from ansible_collections.certops.acm.plugins.module_utils._renewals.memory import Store
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._rules.times import read_iso

ARGUMENT_SPEC: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "name": {"type": "str", "required": True},
    "began_at": {"type": "str"},
    "memory": {"type": "dict"},
}


def main() -> None:
    module = DiscreetModule(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[["began_at", "memory"]],
        required_one_of=[["began_at", "memory"]],
        supports_check_mode=True,
    )
    params = module.params
    if not re.fullmatch(r"[\w.-]{1,200}", params["name"], re.ASCII):
        module.fail_json(msg=f"name is {params['name']!r}: give letters, digits, dots and hyphens.")
    try:
        read_iso(params["began_at"] or "2000-01-01")
    except ValueError:
        module.fail_json(
            msg=f"began_at is {params['began_at']!r}: give a time in ISO 8601, such as 2027-03-01T06:00:00Z."
        )
    store = Store(params["path"], params["name"])
    result: dict[str, t.Any] = {"changed": False, "writable": True}
    document = params["memory"]
    if document is None:
        document, problems = store.recall(datetime.now(timezone.utc), may_change=not module.check_mode)
        result.update(memory=document, problems=problems)
        document = {**document, "began_at": params["began_at"]}
    if not module.check_mode:
        try:
            wrong = store.remember(document)
        except InvalidInput as error:
            wrong, result["writable"] = str(error), False
        if wrong:
            result["unwritten"] = wrong
    module.exit_json(**result)


if __name__ == "__main__":
    main()
