# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The skeleton of a module: files that `./run lint` accepts, a test that passes, and an entry wherever every module has one.

A module whose name begins with acm_ talks to ACM: it takes the connection options and belongs to the action group.
Any other runs on a web host and needs only Python. A module whose name ends in _info only reads.
"""

from __future__ import annotations

import bisect
import re
from pathlib import Path

from trouble import Trouble

HEADER = """\
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
MODULE = '''\
from __future__ import annotations

DOCUMENTATION = r"""
module: {name}
short_description: What it does, in one line without a full stop
version_added: {version}
author:
  - The certops.acm authors (@certops)
description:
  - What it does, and when to use it.
{requirements}extends_documentation_fragment:
{fragments}{attributes}options:
{options}seealso:
  - module: {neighbour}
"""

EXAMPLES = r"""
- name: Do the usual thing
  certops.acm.{name}:
    {example}
  register: done
"""

RETURN = r"""
{result}
error:
  description: What failed.
  returned: failure
  type: dict
  contains:
    code:
      description: {code}
      returned: always
      type: str
      sample: InvalidInput
    operation:
      description: {operation}
      returned: always
      type: str
"""

{program}

if __name__ == "__main__":
    main()
'''
ATTRIBUTES = """\
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
"""
ON_ACM = {
    "requirements": """\
requirements:
  - cryptography >= 45
  - dnspython >= 2.6.1 (with O(authority))
  - idna >= 3.4 (for internationalized names)
""",
    "options": """\
  certificate_arn:
    description:
      - The ARN of the certificate.
    type: str
    required: true
    aliases: [arn]
""",
    "neighbour": "certops.acm.acm_certificate",
    "example": "certificate_arn: arn:aws:acm:eu-central-1:123456789012:certificate/3f2b1c9e-8f57-4f0e-9d55-0a6a3e0c7a11",
    "result": """\
status:
  description: The status of the certificate.
  returned: success
  type: str
  sample: ISSUED""",
    "code": "ACM's error code, or the kind of fault.",
    "operation": "The operation that failed, if one was called.",
    "program": """\
import typing as t

from ansible_collections.certops.acm.plugins.module_utils._door.acm import Acm
from ansible_collections.certops.acm.plugins.module_utils._door.embedded import open_door
from ansible_collections.certops.acm.plugins.module_utils._door.module import AcmModule, guard
from ansible_collections.certops.acm.plugins.module_utils._rules.arns import check_certificate_arn

ARGUMENT_SPEC: dict[str, t.Any] = {
    "certificate_arn": {"type": "str", "required": True, "aliases": ["arn"]},
}


def run(module: AcmModule) -> dict[str, t.Any]:
    arn = module.params["certificate_arn"]
    check_certificate_arn(arn, module.acm.region)
    certificate = module.acm.call("DescribeCertificate", CertificateArn=arn)["Certificate"]
    return {"changed": False, "status": certificate["Status"]}


def open_embedded(path: str, region: t.Optional[str]) -> Acm:
    \"\"\"The door to an embedded authority, which knows the operations that this module calls.\"\"\"
    from ansible_collections.certops.acm.plugins.module_utils._authority.operations import certificates

    return open_door(path, region, certificates.OPERATIONS)


def main() -> None:
    module = AcmModule(ARGUMENT_SPEC, embedded=open_embedded, supports_check_mode=True)
    guard(module, lambda: run(module))
""",
}
ON_A_HOST = {
    "requirements": "",
    "options": """\
  path:
    description:
      - An absolute path.
    type: path
    required: true
""",
    "neighbour": "certops.acm.certificate_deployment",
    "example": "path: /etc/acm",
    "result": """\
exists:
  description: Whether there is a file or folder of that name.
  returned: success
  type: bool
  sample: true""",
    "code": "The kind of fault.",
    "operation": "Always null, as no operation of ACM is called.",
    "program": '''\
import os
import typing as t

from ansible_collections.certops.acm.plugins.module_utils._ansible.secret_module import DiscreetModule
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

ARGUMENT_SPEC: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
}


def run(params: dict[str, t.Any]) -> dict[str, t.Any]:
    """The module's result. Raises InvalidInput."""
    if not os.path.isabs(params["path"]):
        raise InvalidInput(f"path is {params['path']}: give an absolute path.")
    return {"changed": False, "exists": os.path.lexists(params["path"])}


def main() -> None:
    module = DiscreetModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        module.exit_json(**run(module.params))
    except InvalidInput as error:
        module.fail(error)
''',
}
ACTION = '''\
"""Take from the result of {name} only what is about the host that it ran on."""

from __future__ import annotations

from ansible_collections.certops.acm.plugins.plugin_utils.pipelining import PipelinedAction


class ActionModule(PipelinedAction):
    CONTAINERS = {{}}
'''
TEST_ON_ACM = '''\
"""{name} from its options to its answer, on an embedded authority."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.certops.acm.plugins.module_utils._authority import creation
from ansible_collections.certops.acm.tests.support.authority_client import authority_client


def test_the_status_is_read(run_module: t.Any, tmp_path: Path) -> None:
    path = str(tmp_path / "authority")
    ca = creation.create(path).cas.private("corp", key_algorithm="EC_prime256v1").arn
    acm = authority_client(path)
    wanted = {{"DomainName": "a.corp.test", "CertificateAuthorityArn": ca, "KeyAlgorithm": "EC_prime256v1"}}
    arn = acm.request_certificate(**wanted)["CertificateArn"]
    acm.describe_certificate(CertificateArn=arn)
    result = run_module("{name}", {{"authority": path, "certificate_arn": arn}})
    assert (result["changed"], result["status"]) == (False, "ISSUED")
'''
TEST_ON_A_HOST = '''\
"""{name} from its options to its answer."""

from __future__ import annotations

import typing as t
from pathlib import Path


def test_a_path_is_checked(run_module: t.Any, tmp_path: Path) -> None:
    for path, exists in ((tmp_path, True), (tmp_path / "none", False)):
        result = run_module("{name}", {{"path": str(path)}})
        assert (result["changed"], result["exists"]) == (False, exists)
'''
FAULT_ON_ACM = '({"authority": NOWHERE, "certificate_arn": ARN}, "InvalidInput")'
FAULT_ON_A_HOST = '({"path": "here"}, "InvalidInput")'


def make(root: Path, name: str) -> list[Path]:
    """Write what a module with this name needs into the checkout. Returns the files that are new or changed."""
    module = root / "plugins" / "modules" / f"{name}.py"
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise Trouble(f"A module cannot be called {name}: use lower-case letters, digits and single underscores.")
    if module.exists():
        raise Trouble(f"There is already a module {name}: {module.relative_to(root)}.")
    is_on_acm = name.startswith("acm_")
    test = root / "tests" / "unit" / "plugins" / "modules" / f"test_{name}.py"
    module.write_text("#!/usr/bin/python\n" + HEADER + skeleton(root, name, is_on_acm), encoding="utf-8")
    action = root / "plugins" / "action" / f"{name}.py"
    action.write_text(HEADER + ACTION.format(name=name), encoding="utf-8")
    test.write_text(HEADER + (TEST_ON_ACM if is_on_acm else TEST_ON_A_HOST).format(name=name), encoding="utf-8")
    changed = [
        mention_in_readme(root / "README.md", name, is_on_acm),
        expect_a_fault(test.with_name("test_error_contract.py"), name, is_on_acm),
    ]
    if is_on_acm:
        changed.append(join_action_group(root / "meta" / "runtime.yml", name))
        changed.append(list_permissions(root / "docs" / "reference" / "iam.md", name))
    return [module, action, test, *changed]


def skeleton(root: Path, name: str, is_on_acm: bool) -> str:
    is_info = name.endswith("_info")
    fragments = ["certops.acm.attributes"]
    if is_info:
        fragments.append("certops.acm.attributes.info_module")
    if is_on_acm:
        fragments += ["certops.acm.attributes.actiongroup_acm", "certops.acm.connection"]
        fragments += [f"amazon.aws.{each}" for each in ("common.modules", "region.modules")]
    version = re.search(r"^version: (\d+\.\d+\.\d+)", (root / "galaxy.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version
    return MODULE.format(
        name=name,
        version=version[1],
        fragments="".join(f"  - {each}\n" for each in fragments),
        attributes="" if is_info else ATTRIBUTES,
        **(ON_ACM if is_on_acm else ON_A_HOST),
    )


def mention_in_readme(readme: Path, name: str, is_on_acm: bool) -> Path:
    """Add a row at the end of its part of the table of modules."""
    following = "| **on a web host** | |\n" if is_on_acm else "| **unattended** | |\n"
    text = readme.read_text(encoding="utf-8")
    row = f"| `{name}` | what it does, in half a sentence |\n"
    readme.write_text(text.replace(following, row + following, 1), encoding="utf-8")
    return readme


def expect_a_fault(test: Path, name: str, is_on_acm: bool) -> Path:
    """Add its line to the table of what each module fails with."""
    lines = test.read_text(encoding="utf-8").splitlines(keepends=True)
    number = next(at for at, line in enumerate(lines) if line == "}\n")
    for at, line in enumerate(lines):
        entry = re.match(r'    "(\w+)": \(', line)
        if entry and entry[1] > name:
            number = at
            break
    lines.insert(number, f'    "{name}": {FAULT_ON_ACM if is_on_acm else FAULT_ON_A_HOST},\n')
    test.write_text("".join(lines), encoding="utf-8")
    return test


def join_action_group(runtime: Path, name: str) -> Path:
    before, group, members = runtime.read_text(encoding="utf-8").partition("  acm:\n")
    names = re.findall(r"    - (\w+)\n", members)
    bisect.insort(names, name)
    runtime.write_text(before + group + "".join(f"    - {each}\n" for each in names), encoding="utf-8")
    return runtime


def list_permissions(page: Path, name: str) -> Path:
    """Add its section, with what the skeleton calls."""
    before, others, after = page.read_text(encoding="utf-8").partition("## The others\n")
    table = "| action | when |\n| --- | --- |\n| `acm:DescribeCertificate` | always |\n"
    page.write_text(f"{before}## {name}\n\n{table}\n{others}{after}", encoding="utf-8")
    return page
