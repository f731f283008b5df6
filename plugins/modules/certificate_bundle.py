#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_bundle
version_added: 1.0.0
short_description: Put certificates with their keys on a host, each set swapped by one rename
description:
  - Puts certificate, chain and private key on a host as one set in a folder of its own,
    and moves a symbolic link to it by one rename. A server that reloads at any instant reads either the old set or the new one.
  - Before anything is written, the set is checked. The key must belong to the certificate, the chain must be in order and verify,
    every certificate must be valid at the host's clock, and the names asked for must be covered.
  - Owner, group and mode of a key are right before its first byte is written, and files reach the disk before they go live.
  - The sets that were live before are kept, so that RV(bundles) can be rolled back. Nothing that this module did not make is removed.
  - When several certificates are given, no set goes live unless all of them could be checked and written.
  - Needs nothing on the host but Python.
extends_documentation_fragment:
  - certops.acm.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows names, dates, serials, fingerprints and modes; never any part of a key.
  idempotent:
    support: partial
    details:
      - O(state=rolled_back) goes one set further back each time, unless O(certificates[].version) names the set to go to.
options:
  path:
    description:
      - The folder under which every certificate gets a folder of its own name.
      - It is made, mode C(0755), when it is missing, and left as it is when it is there.
    type: path
    default: /etc/acm
  certificates:
    description:
      - The certificates, each with the folder's name that it has under O(path).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the folder under O(path). Letters, digits, dots, hyphens and underscores.
        type: str
        required: true
      certificate:
        description:
          - The certificate as PEM. Certificates after the first are taken as the beginning of the chain.
          - Required when O(state=present).
        type: str
      chain:
        description:
          - The certificates that issued it, as PEM, in order. Leave out the root unless clients need it.
        type: str
      private_key:
        description:
          - The private key as PEM, not encrypted.
          - May be left out when the set that is live is of the same certificate and holds its key. That key is used then, so that
            a set that is as it should be needs none, and a missing file can be written. RV(bundles[].needs_key) tells beforehand,
            in check mode, whether it is needed.
          - Without pipelining Ansible would write it to a temporary file on the host. So this module refuses to run without,
            see the notes.
        type: str
      pkcs12:
        description:
          - The same as a PKCS#12 file, encoded as base64, for servers that want one.
          - It is compared by presence, as two exports of the same certificate are never the same bytes.
            A new one is written whenever the certificate, chain or key changes, or the one that lies there was altered.
          - May be left out like O(certificates[].private_key).
        type: str
      files:
        description:
          - The files that the set consists of.
          - V(cert) is C(cert.pem), the certificate alone. V(chain) is C(chain.pem), which is left out when the chain is empty.
            V(fullchain) is C(fullchain.pem), certificate and chain. V(key) is C(privkey.pem).
          - V(combined) is C(combined.pem) with certificate, chain and key, as HAProxy reads it.
          - V(pkcs12) is C(bundle.p12), which O(certificates[].pkcs12) holds. It is among the files whenever that is given.
        type: list
        elements: str
        choices: [cert, chain, fullchain, key, combined, pkcs12]
        default: [cert, chain, fullchain, key]
      domain_names:
        description:
          - Names that the certificate must cover. If it does not, nothing is changed.
        type: list
        elements: str
        default: []
      owner:
        description:
          - Overrides O(owner) for this certificate.
        type: str
      group:
        description:
          - Overrides O(group) for this certificate.
        type: str
      mode:
        description:
          - Overrides O(mode) for this certificate.
        type: raw
      version:
        description:
          - With O(state=rolled_back), the set to go back to, as RV(bundles[].previous_version) named it.
          - By default the one that was live before the one that is live now.
        type: str
  state:
    description:
      - V(present) puts the sets there, mends what is missing, altered or has the wrong mode, and changes nothing when all is as it should be.
      - V(rolled_back) makes the set live that was live before.
      - V(absent) removes the sets that this module made, and their folder when nothing else lies in it.
    type: str
    choices: [present, rolled_back, absent]
    default: present
  owner:
    description:
      - Owner of the files, a name or a number. The folders belong to the user that runs the module.
      - By default the owner of the set that is live now, at first the user that runs the module.
    type: str
  group:
    description:
      - Group of the files and folders, a name or a number.
      - By default the group of the set that is live now, at first that of the user that runs the module.
    type: str
  mode:
    description:
      - Mode of the files that hold the key, in octal digits such as V(0640). All others have C(0644).
      - By default V(0640) when a group is given, otherwise V(0600).
      - A mode that lets every user read the key is refused.
    type: raw
  directory_mode:
    description:
      - Mode of the folders of a certificate, in octal digits.
    type: raw
    default: "0755"
  keep:
    description:
      - How many of the sets that were live before are kept.
    type: int
    default: 2
  require_valid:
    description:
      - Refuse a set that has expired or is not valid yet by the clock of the host.
    type: bool
    default: true
notes:
  - Ansible hands a module its arguments through a temporary file unless pipelining is on.
    For the tasks of this module it is switched on whatever the configuration says, and where that is impossible
    (C(become_method) C(su), C(ANSIBLE_KEEP_REMOTE_FILES), C(async), a connection without it) a task that carries a key
    fails before the key leaves the controller.
  - The SELinux context of every file is set as the policy wants it for its final path.
seealso:
  - module: certops.acm.acm_export
  - module: certops.acm.served_certificate_info
author:
  - The certops.acm authors (@certops)
"""

EXAMPLES = r"""
- name: Put an exported certificate on the web servers
  certops.acm.certificate_bundle:
    group: www-data
    certificates:
      - name: www.example.com
        certificate: "{{ exported.export.certificate }}"
        chain: "{{ exported.export.chain }}"
        private_key: "{{ exported.export.private_key }}"
  no_log: true

- name: Put a certificate where HAProxy reads it
  certops.acm.certificate_bundle:
    path: /etc/haproxy/acm
    owner: haproxy
    certificates:
      - name: www.example.com
        certificate: "{{ exported.export.certificate }}"
        chain: "{{ exported.export.chain }}"
        private_key: "{{ exported.export.private_key }}"
        files: [combined]
        domain_names: [www.example.com, example.com]

- name: Go back to the set before
  certops.acm.certificate_bundle:
    state: rolled_back
    certificates:
      - name: www.example.com

- name: Remove a certificate that is no longer served
  certops.acm.certificate_bundle:
    state: absent
    certificates:
      - name: old.example.com
"""

RETURN = r"""
bundles:
  description: What became of each certificate, in the order given. In check mode, what would.
  returned: success
  type: list
  elements: dict
  sample:
    - name: www.example.com
      path: /etc/acm/www.example.com/live
      version: 0002-5f2a9c1e77d0
      previous_version: 0001-a44093b1c2ee
      serial: "0a:1b:2c"
      not_after: "2027-06-09T12:00:00Z"
      swapped: true
      changed: true
  contains:
    name:
      description: Name of the folder.
      type: str
      returned: always
    path:
      description: The folder that servers read, a symbolic link to the set that is live.
      type: str
      returned: always
    changed:
      description: Whether anything changed.
      type: bool
      returned: always
    swapped:
      description: Whether another set became the live one, so that servers have to reload.
      type: bool
      returned: always
    needs_key:
      description:
        - Whether the task needs the key, or the PKCS#12, that it was not given, because the live set does not hold it either.
        - Outside check mode such a task fails.
      type: bool
      returned: when O(state=present)
    reasons:
      description: Why it was changed, empty when it was not.
      type: list
      elements: str
      returned: always
    version:
      description: The set that is live.
      type: str
      returned: unless absent
    previous_version:
      description: The set that was live when the module began, if there was one.
      type: str
      returned: always
    serial:
      description: Serial number of the certificate, as ACM shows it.
      type: str
      returned: unless absent
    previous_serial:
      description: Serial number of the certificate that was live when the module began.
      type: str
      returned: always
    fingerprint:
      description: SHA-256 of the certificate in lower-case hexadecimal digits.
      type: str
      returned: unless absent
    public_key_fingerprint:
      description: SHA-256 of the certificate's SubjectPublicKeyInfo, the value that key pinning uses.
      type: str
      returned: unless absent
    previous_public_key_fingerprint:
      description: The same of the certificate that was live when the module began.
      type: str
      returned: always
    subject:
      description: Subject of the certificate.
      type: str
      returned: unless absent
    issuer:
      description: Issuer of the certificate.
      type: str
      returned: unless absent
    names:
      description: The DNS names of the certificate.
      type: list
      elements: str
      returned: unless absent
    not_before:
      description: The certificate is valid from then on.
      type: str
      returned: unless absent
    not_after:
      description: The certificate is valid until then.
      type: str
      returned: unless absent
    files:
      description: Path of each file by its kind, under RV(bundles[].path).
      type: dict
      returned: unless absent
    pruned:
      description: The sets that were removed, as they were neither live nor among those to keep.
      type: list
      elements: str
      returned: always
"""

import base64
import binascii
import contextlib
import grp
import os
import pwd
import stat
import typing as t
from datetime import datetime, timezone

from ansible_collections.certops.acm.plugins.module_utils._web_host.bundle import (
    Access,
    Bundle,
    Difference,
    Version,
    check_version,
    explain,
)
from ansible_collections.certops.acm.plugins.module_utils._web_host.der import CertificateFacts, iso
from ansible_collections.certops.acm.plugins.module_utils._ansible.secret_module import DiscreetModule
from ansible_collections.certops.acm.plugins.module_utils._files.forms import FILE_NAMES
from ansible_collections.certops.acm.plugins.module_utils._web_host.key_pair import (
    BundleFault,
    KeyPair,
    check_key_pair,
    read_key_pair,
)

CERTIFICATE_SPEC = {
    "name": {"type": "str", "required": True},
    "certificate": {"type": "str"},
    "chain": {"type": "str"},
    "private_key": {"type": "str", "no_log": True},
    "pkcs12": {"type": "str", "no_log": True},
    "files": {
        "type": "list",
        "elements": "str",
        "choices": ["cert", "chain", "fullchain", "key", "combined", "pkcs12"],
        "default": ["cert", "chain", "fullchain", "key"],
    },
    "domain_names": {"type": "list", "elements": "str", "default": []},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "raw"},
    "version": {"type": "str"},
}
ARGUMENT_SPEC = {
    "path": {"type": "path", "default": "/etc/acm"},
    "certificates": {"type": "list", "elements": "dict", "required": True, "options": CERTIFICATE_SPEC},
    "state": {"type": "str", "choices": ["present", "rolled_back", "absent"], "default": "present"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "raw"},
    "directory_mode": {"type": "raw", "default": "0755"},
    "keep": {"type": "int", "default": 2},
    "require_valid": {"type": "bool", "default": True},
}

Result = t.Dict[str, t.Any]


class Plan:
    """One certificate, what its folder should hold, and how that differs from what it holds."""

    def __init__(self, bundle: Bundle, pair: KeyPair, kinds: list[str]) -> None:
        self.bundle = bundle
        self.pair = pair
        self.kinds = kinds
        self.files = pair.render(kinds)
        self.live: Version | None = None
        self.live_facts: CertificateFacts | None = None
        self.differences: list[Difference] = []

    def look(self) -> None:
        self.live = self.bundle.live()
        if self.live is None:
            self.differences = [Difference(True, "there was no set")]
            return
        self.live_facts = self.bundle.facts(self.live)
        if self.live.manifest.get("fingerprint") != self.pair.facts.fingerprint:
            names = [str(name) for name in self.live.manifest.get("files", ())]
            lost = self.bundle.differences(self.live, dict.fromkeys(names))
            self.differences = [
                Difference(True, "another certificate was there"),
                *filter(lambda each: each.is_content, lost),
            ]
            return
        if self.needs_key:
            self.pair.adopt(*self.bundle.secrets(self.live))
            self.files = self.pair.render(self.kinds)
        self.differences = self.bundle.differences(self.live, self.files)
        if self.needs_key and not self.wants_new_set:
            self.differences.append(Difference(True, "its key was not the certificate's"))

    @property
    def needs_key(self) -> bool:
        return any(content is None for content in self.files.values())

    @property
    def wants_new_set(self) -> bool:
        return any(difference.is_content for difference in self.differences)


def put_in_place(module: DiscreetModule, now: datetime) -> list[Result]:
    """state=present: check and plan everything, then write everything, and only then let anything go live."""
    plans = [make_plan(module, item, now) for item in module.params["certificates"]]
    keep = module.params["keep"]
    if module.check_mode:
        for plan in plans:
            plan.look()
        return [describe(plan, predicted_version(plan), predicted_pruning(plan, keep)) for plan in plans]
    with contextlib.ExitStack() as locks:
        for plan in sorted(
            plans, key=lambda plan: plan.bundle.path
        ):  # one order for all runs: no two wait for each other
            locks.enter_context(plan.bundle.locked(make=True))
        staged: list[tuple[Plan, str]] = []
        try:
            for plan in plans:
                plan.look()
                if plan.needs_key:
                    raise BundleFault(
                        f"The certificate {plan.bundle.name} comes without its key, and no set of it here holds that; "
                        "give private_key, and pkcs12 where that is wanted. Nothing was changed."
                    )
                if plan.wants_new_set:
                    staged.append((plan, plan.bundle.stage(plan.pair, plan.files, plan.live, now)))
        except BaseException:
            for plan, _version_id in staged:
                plan.bundle.unstage()
            raise
        versions = {plan.bundle.name: version_id for plan, version_id in staged}
        for plan, version_id in staged:
            plan.bundle.commit(version_id)
        for plan in plans:
            if plan.differences and plan.live and not plan.wants_new_set:
                plan.bundle.mend_access(plan.live, plan.files)
        results = []
        for plan in plans:
            version = versions.get(plan.bundle.name) or t.cast(Version, plan.live).id
            results.append(describe(plan, version, plan.bundle.prune(keep)))
        return results


def make_plan(module: DiscreetModule, item: dict[str, t.Any], now: datetime) -> Plan:
    name = item["name"]
    bundle = make_bundle(module, item)
    if not item["certificate"]:
        raise BundleFault(f"The certificate {name} comes without certificate; state=present needs it.")
    try:
        pkcs12 = base64.b64decode(item["pkcs12"], validate=True) if item["pkcs12"] else None
    except binascii.Error:
        raise BundleFault(f"The option pkcs12 of {name} is not base64; use the filter b64encode.") from None
    pair = read_key_pair(name, item["certificate"], item["chain"], item["private_key"] or None, pkcs12)
    check_key_pair(pair, now, require_valid=module.params["require_valid"], names=item["domain_names"])
    return Plan(bundle, pair, item["files"])


def make_bundle(module: DiscreetModule, item: dict[str, t.Any]) -> Bundle:
    params = module.params
    group = item["group"] or params["group"]
    key_mode = read_mode("mode", item["mode"] if item["mode"] is not None else params["mode"])
    if key_mode is None:
        key_mode = 0o640 if group else 0o600
    if key_mode & 0o007:
        raise BundleFault(
            f"The mode {key_mode:04o} of {item['name']} would open its key to every user; use 0640 and a group, or 0600."
        )
    access = Access(
        uid=read_id("user", item["owner"] or params["owner"]),
        gid=read_id("group", group),
        key_mode=key_mode,
        directory_mode=t.cast(int, read_mode("directory_mode", params["directory_mode"])),
    )
    return Bundle(params["path"], item["name"], access, context_restorer(module))


def read_mode(option: str, value: t.Any) -> int | None:
    """An octal mode; YAML turns 0640 without quotes into the number 416, which means the same."""
    if value is None:
        return None
    try:
        mode = value if isinstance(value, int) and not isinstance(value, bool) else int(str(value), 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise BundleFault(f"The option {option} is {value!r}; give octal digits in quotes, such as '0640'.")
    return mode


def read_id(kind: str, value: str | None) -> int | None:
    if not value:
        return None
    if value.isdigit():
        return int(value)
    try:
        return pwd.getpwnam(value).pw_uid if kind == "user" else grp.getgrnam(value).gr_gid
    except KeyError:
        raise BundleFault(f"This host has no {kind} {value}; create it first, or name another.") from None


def context_restorer(module: DiscreetModule) -> t.Callable[[str, str], bool] | None:
    if not module.selinux_enabled():
        return None

    def restore(path: str, final_path: str) -> bool:
        mode = stat.S_IFMT(os.lstat(path).st_mode)
        return module.set_context_if_different(path, module.selinux_default_context(final_path, mode), False)

    return restore


def go_back(module: DiscreetModule) -> list[Result]:
    """state=rolled_back: look at every target first, then move every link."""
    steps: list[tuple[Bundle, Version, Version]] = []
    with contextlib.ExitStack() as locks:
        bundles = [(make_bundle(module, item), item["version"]) for item in module.params["certificates"]]
        if not module.check_mode:
            for bundle, _version in sorted(bundles, key=lambda pair: pair[0].path):
                locks.enter_context(bundle.locked(make=False))
        for bundle, version_id in bundles:
            live = bundle.live()
            if live is None:
                raise BundleFault(f"{bundle.path} holds no set, so there is none to go back to.")
            target = bundle.version(version_id or live.previous_id or "")
            if target is None:
                missing = f"the set {version_id} is not there" if version_id else f"no set was live before {live.id}"
                raise BundleFault(f"{bundle.path} cannot be rolled back: {missing}.")
            check_version(bundle.name, target)
            steps.append((bundle, live, target))
        results = []
        for bundle, live, target in steps:
            before, after = bundle.facts(live), bundle.facts(target)
            is_other = live.id != target.id
            if is_other and not module.check_mode:
                bundle.go_back(target)
            result = base_result(bundle, before, live, [f"rolled back from {live.id}"] if is_other else [])
            names = [str(name) for name in target.manifest.get("files", ())]
            result.update(version=target.id, swapped=is_other, files=file_paths(bundle, names))
            result.update(certificate_result(after))
            result["diff"] = diff(bundle, set_lines(live.id, before), set_lines(target.id, after))
            results.append(result)
        return results


def take_away(module: DiscreetModule) -> list[Result]:
    """state=absent."""
    results = []
    for item in module.params["certificates"]:
        bundle = make_bundle(module, item)
        with contextlib.nullcontext() if module.check_mode else bundle.locked(make=False):
            live, versions = bundle.live(), bundle.versions()
            before = bundle.facts(live) if live else None
            result = base_result(bundle, before, live, ["removed"] if versions else [])
            result["pruned"] = [version.id for version in versions]
            result["diff"] = diff(bundle, set_lines(live.id, before) if live else "", "")
            if not module.check_mode:
                bundle.remove()
            results.append(result)
    return results


def predicted_version(plan: Plan) -> str:
    if plan.wants_new_set or plan.live is None:
        return plan.bundle.next_id(plan.pair.facts)
    return plan.live.id


def predicted_pruning(plan: Plan, keep: int) -> list[str]:
    if plan.live is None:  # the new set is the only one that anything is known about
        return [version.id for version in plan.bundle.versions()]
    superfluous = plan.bundle.superfluous(plan.live, keep - 1 if plan.wants_new_set else keep)
    return [version.id for version in superfluous]


def describe(plan: Plan, version: str, pruned: list[str]) -> Result:
    bundle = plan.bundle
    reasons = [difference.text for difference in plan.differences]
    result = base_result(bundle, plan.live_facts, plan.live, reasons)
    result["changed"] = bool(reasons or pruned)
    result["needs_key"] = plan.needs_key
    result.update(version=version, swapped=plan.wants_new_set, pruned=pruned, files=file_paths(bundle, plan.files))
    result.update(certificate_result(plan.pair.facts))
    wanted = "".join(f"{name}: as wanted\n" for name in sorted(plan.files))
    result["diff"] = diff(
        bundle,
        set_lines(plan.live.id, plan.live_facts) + file_lines(plan) if plan.live else "",
        set_lines(version, plan.pair.facts) + wanted,
    )
    return result


def base_result(bundle: Bundle, before: CertificateFacts | None, live: Version | None, reasons: list[str]) -> Result:
    return {
        "name": bundle.name,
        "path": bundle.live_path,
        "changed": bool(reasons),
        "swapped": False,
        "reasons": reasons,
        "previous_version": live.id if live else None,
        "previous_serial": before.serial if before else None,
        "previous_public_key_fingerprint": before.public_key_fingerprint if before else None,
        "pruned": [],
    }


def certificate_result(facts: CertificateFacts | None) -> Result:
    if facts is None:
        return {}
    return {
        "serial": facts.serial,
        "fingerprint": facts.fingerprint,
        "public_key_fingerprint": facts.public_key_fingerprint,
        "subject": facts.subject,
        "issuer": facts.issuer,
        "names": facts.names,
        "not_before": iso(facts.not_before),
        "not_after": iso(facts.not_after),
    }


def file_paths(bundle: Bundle, names: t.Iterable[str]) -> dict[str, str]:
    return {kind: os.path.join(bundle.live_path, name) for kind, name in FILE_NAMES.items() if name in set(names)}


def file_lines(plan: Plan) -> str:
    """A line a file of the live set: as wanted, or how not."""
    if plan.live is None:
        return ""
    lines = []
    for name in sorted(plan.files):
        found = [
            difference.text[len(name) + 1 :] for difference in plan.differences if difference.text.startswith(name)
        ]
        lines.append(f"{name}: {', '.join(found) or 'as wanted'}\n")
    return "".join(lines)


def set_lines(version_id: str, facts: CertificateFacts | None) -> str:
    if facts is None:
        return f"set: {version_id}\ncertificate: not readable\n"
    return (
        f"set: {version_id}\nsubject: {facts.subject}\nnames: {', '.join(facts.names)}\nserial: {facts.serial}\n"
        f"not_after: {iso(facts.not_after)}\nfingerprint: {facts.fingerprint}\n"
        f"public key: {facts.public_key_fingerprint}\n"
    )


def diff(bundle: Bundle, before: str, after: str) -> dict[str, str]:
    return {"before_header": bundle.live_path, "after_header": bundle.live_path, "before": before, "after": after}


def main() -> None:
    module = DiscreetModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    names = [item["name"] for item in module.params["certificates"]]
    try:
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise BundleFault(
                f"The name {repeated[0]} is given twice in certificates; every certificate needs its own."
            )
        if module.params["keep"] < 0:
            raise BundleFault("The option keep cannot be negative; 0 keeps no set but the live one.")
        if module.params["state"] == "present":
            results = put_in_place(module, datetime.now(timezone.utc))
        elif module.params["state"] == "rolled_back":
            results = go_back(module)
        else:
            results = take_away(module)
    except BundleFault as fault:
        module.fail_json(msg=str(fault))
    except OSError as error:
        module.fail_json(msg=explain(error, module.params["path"]))
    diffs = [result.pop("diff") for result in results]
    diffs = [entry for entry in diffs if entry["before"] != entry["after"]]
    module.exit_json(changed=any(result["changed"] for result in results), bundles=results, diff=diffs)


if __name__ == "__main__":
    main()
