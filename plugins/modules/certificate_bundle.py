#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_bundle
version_added: 1.0.0
short_description: Put certificates with their keys on a host, each set swapped by a single rename
description:
  - Puts certificate, chain and private key on a host as one set in its own folder, and points a symbolic link to it with a
    single rename. Whenever a server reloads, it reads either the old set or the new one, never a mixture.
  - Checks the set before anything is written. The key must belong to the certificate, the chain must be in order and verify,
    every certificate must be valid by the host's clock, and O(certificates[].domain_names) must be covered.
  - Owner, group and mode of a key are set before its first byte is written, and files are on disk before they go live.
  - Previous sets are kept, so that the module can roll back to them. Nothing is removed that this module did not create.
  - If several certificates are given, no set goes live until all of them have been checked and written.
  - Needs only Python on the host.
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
      - O(state=rolled_back) goes back one more set each time, unless O(certificates[].version) names one.
options:
  path:
    description:
      - The folder in which every certificate gets a folder with its name.
      - It is created with mode C(0755) if it is missing; an existing folder is left as it is.
    type: path
    default: /etc/acm
  certificates:
    description:
      - The certificates, each with the name of its folder in O(path).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the folder in O(path). Letters, digits, dots, hyphens and underscores.
        type: str
        required: true
      certificate:
        description:
          - The certificate as PEM. Certificates after the first are treated as the beginning of the chain.
          - Required when O(state=present).
        type: str
      chain:
        description:
          - The certificates that issued it, as PEM, in order. Leave out the root unless clients need it.
        type: str
      private_key:
        description:
          - The private key as PEM, not encrypted.
          - May be left out if the live set has the same certificate and contains its key. That key is then used, so that a set
            that needs no change needs no key either, and a missing file can be written. In check mode RV(bundles[].needs_key)
            says whether the key is needed.
          - Without pipelining Ansible would write it to a temporary file on the host, so a task with a key requires pipelining;
            see the notes.
        type: str
      pkcs12:
        description:
          - Certificate, chain and key as a PKCS#12 file, encoded as base64, for servers that need one.
          - Two exports of the same certificate never have the same bytes, so the content is not compared.
            The file is written if the certificate, chain or key changes, if it is missing, or if it was altered.
          - May be left out like O(certificates[].private_key).
        type: str
      files:
        description:
          - The files of the set.
          - V(cert) is C(cert.pem), the certificate alone. V(chain) is C(chain.pem), which is left out if the chain is empty.
            V(fullchain) is C(fullchain.pem), certificate and chain. V(key) is C(privkey.pem).
          - V(combined) is C(combined.pem) with key, certificate and chain in this order, as HAProxy, lighttpd and Postfix's
            C(smtpd_tls_chain_files) read it.
          - V(pkcs1) is C(privkey-pkcs1.pem), the private key in the older format (C(BEGIN RSA PRIVATE KEY) or
            C(BEGIN EC PRIVATE KEY)), for programs that cannot read PKCS#8.
          - V(pkcs12) is C(bundle.p12), the content of O(certificates[].pkcs12). It is always written if that is given.
        type: list
        elements: str
        choices: [cert, chain, fullchain, key, combined, pkcs12, pkcs1]
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
          - By default the set that was live before the current one.
        type: str
  state:
    description:
      - V(present) puts the sets in place, corrects files that are missing, altered or have the wrong mode, and otherwise changes nothing.
      - V(rolled_back) makes the previous set live again.
      - V(absent) removes the sets that this module created, and their folder if nothing else is in it.
    type: str
    choices: [present, rolled_back, absent]
    default: present
  owner:
    description:
      - Owner of the files, a name or a number. The folders belong to the user that runs the module.
      - By default the owner of the live set, or for a first set the user that runs the module.
    type: str
  group:
    description:
      - Group of the files and folders, a name or a number.
      - By default the group of the live set, or for a first set that of the user that runs the module.
    type: str
  mode:
    description:
      - Mode of the files that contain the key, in octal digits such as V(0640) or symbols such as V(u=rw,g=r). All others have C(0644).
      - By default V(0640) if a group is given, otherwise V(0600).
      - A mode that lets every user read the key is refused.
    type: raw
  directory_mode:
    description:
      - Mode of the folders of a certificate, in octal digits.
    type: raw
    default: "0755"
  keep:
    description:
      - How many previous sets are kept.
    type: int
    default: 2
  require_valid:
    description:
      - Whether to refuse a certificate that, by the clock of the host, has expired or is not yet valid.
    type: bool
    default: true
notes:
  - Ansible passes arguments to a module in a temporary file unless pipelining is on.
    For the tasks of this module it is enabled, whatever the configuration says. If that is impossible
    (C(become_method) C(su), C(ANSIBLE_KEEP_REMOTE_FILES), C(async), a connection without it), a task with a key
    fails before the key leaves the controller.
  - Every file gets the SELinux context that the policy defines for its final path.
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

- name: Roll back to the previous set
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
  description: The result for each certificate, in the order given. In check mode, the predicted one.
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
      description: The folder that servers read, a symbolic link to the live set.
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
        - Whether the task needs the key, or the PKCS#12, because it was not given and the live set does not have it either.
        - Outside check mode such a task fails.
      type: bool
      returned: when O(state=present)
    reasons:
      description: Why it was changed; empty if it was not.
      type: list
      elements: str
      returned: always
    version:
      description: The live set.
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
      description: The same for the certificate that was live when the module began.
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
      description: When the certificate becomes valid.
      type: str
      returned: unless absent
    not_after:
      description: When the certificate expires.
      type: str
      returned: unless absent
    files:
      description: Path of each file by its kind, under RV(bundles[].path).
      type: dict
      returned: unless absent
    pruned:
      description: The sets that were removed because they were neither live nor among those to keep.
      type: list
      elements: str
      returned: always
error:
  description: What failed.
  returned: failure
  type: dict
  contains:
    code:
      description: C(InvalidInput) if an option is invalid, C(BundleFault) if a set cannot be used, C(OSError) if a file cannot.
      returned: always
      type: str
      sample: BundleFault
    operation:
      description: Always null, as no operation of ACM is called.
      returned: always
      type: str
"""

import contextlib
from datetime import datetime, timezone

from ansible_collections.certops.acm.plugins.module_utils._ansible.secret_module import DiscreetModule
from ansible_collections.certops.acm.plugins.module_utils._files.certificate_files import (
    SET_FILE_NAMES,
    context_restorer,
)
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput, contract
from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.bundle import (
    Bundle,
    Version,
    explain,
)
from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.key_pair import BundleFault
from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.placement import (
    Layout,
    Result,
    base_result,
    certificate_result,
    check_names,
    describe,
    diff,
    file_paths,
    locked,
    make_bundle,
    make_plan,
    mend,
    predicted_pruning,
    predicted_version,
    set_lines,
    stage,
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
        "choices": list(SET_FILE_NAMES),
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


def layout_of(module: DiscreetModule) -> Layout:
    params = module.params
    return Layout(
        params["path"],
        params["owner"],
        params["group"],
        params["mode"],
        params["directory_mode"],
        params["keep"],
        params["require_valid"],
        context_restorer(module),
    )


def put_in_place(module: DiscreetModule, now: datetime) -> list[Result]:
    """state=present: check and plan everything, then write everything, and only then make the sets live."""
    layout = layout_of(module)
    plans = [make_plan(layout, item, now) for item in module.params["certificates"]]
    if module.check_mode:
        for plan in plans:
            plan.look()
        return [describe(plan, predicted_version(plan), predicted_pruning(plan, layout.keep)) for plan in plans]
    with locked(plans):
        staged = stage(plans, now)
        versions = {plan.bundle.name: version_id for plan, version_id in staged}
        for plan, version_id in staged:
            plan.bundle.commit(version_id)
        mend(plans)
        results = []
        for plan in plans:
            version = versions.get(plan.bundle.name) or predicted_version(plan)  # the latter is the live one
            results.append(describe(plan, version, plan.bundle.prune(layout.keep)))
        return results


def go_back(module: DiscreetModule) -> list[Result]:
    """state=rolled_back: look at every target first, then move every link."""
    steps: list[tuple[Bundle, Version, Version]] = []
    with contextlib.ExitStack() as locks:
        bundles = [(make_bundle(layout_of(module), item), item["version"]) for item in module.params["certificates"]]
        if not module.check_mode:
            for bundle, _version in sorted(bundles, key=lambda pair: pair[0].path):
                locks.enter_context(bundle.locked(make=False))
        for bundle, version_id in bundles:
            live = bundle.live()
            if live is None:
                raise BundleFault(f"{bundle.path} has no set, so there is none to go back to.")
            target = bundle.version(version_id or live.previous_id or "")
            if target is None:
                missing = f"the set {version_id} does not exist" if version_id else f"no set was live before {live.id}"
                raise BundleFault(f"{bundle.path} cannot be rolled back: {missing}.")
            bundle.check(target)
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
        bundle = make_bundle(layout_of(module), item)
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


def main() -> None:
    module = DiscreetModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    names = [item["name"] for item in module.params["certificates"]]
    try:
        check_names(names)
        if module.params["keep"] < 0:
            raise BundleFault("The option keep cannot be negative; 0 keeps no set but the live one.")
        if module.params["state"] == "present":
            results = put_in_place(module, datetime.now(timezone.utc))
        elif module.params["state"] == "rolled_back":
            results = go_back(module)
        else:
            results = take_away(module)
    except InvalidInput as fault:
        module.fail(fault)
    except OSError as error:
        module.fail_json(msg=explain(error, module.params["path"]), error=contract("OSError"))
    diffs = [result.pop("diff") for result in results]
    diffs = [entry for entry in diffs if entry["before"] != entry["after"]]
    module.exit_json(changed=any(result["changed"] for result in results), bundles=results, diff=diffs)


if __name__ == "__main__":
    main()
