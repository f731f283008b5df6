#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_import
version_added: 1.0.0
short_description: Import certificates into AWS Certificate Manager, and their successors under the same ARN
description:
  - Imports a certificate that another CA issued, with its private key and its chain, and later its successors under the same ARN,
    so that every load balancer that uses it gets the new certificate.
  - Accepts the material in any form and order. It reads PEM, however mangled, PKCS#7, PKCS#12, DER and base64 of these,
    matches the key with its certificate, and puts the chain in order.
  - Checks every rule of ACM for an import or a re-import before it calls ACM, and names the rule and the certificate that breaks it.
  - Finds the certificate again by O(certificate_arn), by O(name_tag), or by its names and key algorithm; a certificate without names
    by its IP addresses or else its subject. A second run changes nothing.
  - Never deletes a certificate, whatever fails. To delete a certificate, use M(certops.acm.acm_certificate).
options:
  certificate:
    description:
      - The certificate as PEM. Other certificates in it are used for its chain.
    type: str
  certificate_path:
    description:
      - A file with the certificate on the host that runs the module. It may also contain the chain and the key.
    type: path
  private_key:
    description:
      - The private key of the certificate as PEM.
    type: str
  private_key_path:
    description:
      - A file with the private key on the host that runs the module.
      - The key is then not an argument, so it cannot get into a log or a temporary file of Ansible.
    type: path
  certificate_chain:
    description:
      - The certificates of the CAs above it as PEM, in any order.
      - The certificates may include several paths to a root, and others that do not belong to the chain. The shortest complete path is used.
    type: str
  certificate_chain_path:
    description:
      - A file with the certificates of the CAs above it on the host that runs the module. An empty file counts as no chain.
    type: path
  bundle:
    description:
      - Certificate, key and chain together, as PEM in any order, or a PKCS#12 in base64.
    type: str
  bundle_path:
    description:
      - A file with certificate, key and chain, PEM in any order or PKCS#12, on the host that runs the module.
    type: path
  passphrase:
    description:
      - The passphrase of an encrypted key or of a PKCS#12. It is used only on the host that runs the module.
      - A line break at its end does not matter.
    type: str
  keep_root:
    description:
      - Whether the chain in ACM ends with the self-signed root, if one was given.
      - With V(false), the root is left out, unless it is the whole chain.
    type: bool
    default: false
  certificate_arn:
    description:
      - The ARN of the imported certificate to replace in place.
    type: str
    aliases: [arn]
  name_tag:
    description:
      - The value of the tag C(Name), which identifies the certificate. A new certificate gets this tag in the call that imports it.
      - If no certificate has this tag, a certificate with the same names and key algorithm and no tag C(Name) is adopted.
    type: str
    aliases: [name]
  replace:
    description:
      - What to do if the new certificate should not, or cannot, replace the old one.
      - With V(false), the task fails if the two have no name in common, because that is nearly always a mistake, and if ACM would refuse the import
        because the key's type or size, the key usages or all domain names would change.
      - With V(true), a certificate for other names replaces the old one. If ACM would refuse that, it is imported under a new ARN with
        the tags of the old one; RV(superseded) identifies the old one, which is left alone. With O(certificate_arn) the task fails in that case.
    type: bool
    default: false
  certificates:
    description:
      - A list of certificates, each with options of this module. An item that leaves out O(passphrase), O(keep_root), O(replace),
        O(tags) or O(purge_tags) takes it from the task.
      - An item that fails does not stop the others; the task fails after all others are done.
    type: list
    elements: dict
    suboptions:
      certificate:
        description: See O(certificate).
        type: str
      certificate_path:
        description: See O(certificate_path).
        type: path
      private_key:
        description: See O(private_key).
        type: str
      private_key_path:
        description: See O(private_key_path).
        type: path
      certificate_chain:
        description: See O(certificate_chain).
        type: str
      certificate_chain_path:
        description: See O(certificate_chain_path).
        type: path
      bundle:
        description: See O(bundle).
        type: str
      bundle_path:
        description: See O(bundle_path).
        type: path
      passphrase:
        description: See O(passphrase).
        type: str
      keep_root:
        description: See O(keep_root).
        type: bool
      certificate_arn:
        description: See O(certificate_arn).
        type: str
        aliases: [arn]
      name_tag:
        description: See O(name_tag).
        type: str
        aliases: [name]
      replace:
        description: See O(replace).
        type: bool
      tags:
        description: See O(tags).
        type: dict
        aliases: [resource_tags]
      purge_tags:
        description: See O(purge_tags).
        type: bool
  state:
    description:
      - Only V(present). It exists for playbooks that were written for C(community.aws.acm_certificate).
    type: str
    choices: [present]
    default: present
notes:
  - ACM refuses tags in a re-import, so they are set after it. If that fails, the certificate stays as it was imported, and the task says so.
  - Tags that are not given are not changed.
  - ACM never renews an imported certificate. Run this task with the successor before the old one expires.
  - A re-import also replaces the chain. If none is given and ACM has one, a warning says that it is removed.
  - Without pipelining, Ansible writes arguments to a temporary file. For a task with a key this module enables pipelining;
    if that is impossible, it fails before the key leaves the controller. O(private_key_path) and O(bundle_path) work everywhere.
  - The task needs the permissions C(acm:ImportCertificate), C(acm:DescribeCertificate), C(acm:GetCertificate), C(acm:SearchCertificates)
    (C(acm:ListCertificates) without it), and for tags C(acm:ListTagsForCertificate), C(acm:AddTagsToCertificate),
    C(acm:RemoveTagsFromCertificate), and optionally C(tag:GetResources).
seealso:
  - module: certops.acm.acm_certificate
  - module: certops.acm.acm_certificate_info
  - module: certops.acm.acm_export
requirements:
  - cryptography >= 45
  - dnspython >= 2.6.1 (with O(authority))
  - idna >= 3.4 (for internationalized names)
extends_documentation_fragment:
  - certops.acm.attributes
  - certops.acm.attributes.actiongroup_acm
  - certops.acm.connection
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows names, dates, serials, fingerprints and tags; never any part of a key.
  idempotent:
    support: full
author:
  - The certops.acm authors (@certops)
"""

EXAMPLES = r"""
- name: Import a certificate from files next to the playbook
  certops.acm.acm_import:
    certificate_path: "{{ playbook_dir }}/tls/www.example.com.pem"
    private_key_path: "{{ playbook_dir }}/tls/www.example.com.key"
    certificate_chain_path: "{{ playbook_dir }}/tls/intermediates.pem"
    name_tag: www
    tags:
      Team: web

- name: Import from a vault, with the key hidden
  certops.acm.acm_import:
    certificate: "{{ www_certificate }}"
    private_key: "{{ www_private_key }}"
    certificate_chain: "{{ www_chain }}"
    name_tag: www

- name: Import a PKCS#12
  certops.acm.acm_import:
    bundle_path: /etc/pki/www.p12
    passphrase: "{{ www_p12_passphrase }}"

- name: Import the successor under the same ARN
  certops.acm.acm_import:
    certificate_arn: arn:aws:acm:eu-central-1:123456789012:certificate/3f2b1c9e-8f57-4f0e-9d55-0a6a3e0c7a11
    bundle_path: /etc/pki/www-2027.pem

- name: Import several with one task
  certops.acm.acm_import:
    certificates:
      - bundle_path: /etc/pki/www.pem
        name_tag: www
      - bundle_path: /etc/pki/shop.p12
        passphrase: "{{ shop_p12_passphrase }}"
        name_tag: shop
    tags:
      Origin: corporate-ca
    purge_tags: false
"""

RETURN = r"""
certificate:
  description: The certificate as ACM has it now; in check mode, as far as that can be known beforehand.
  returned: when O(certificates) is not used
  type: dict
  contains:
    certificate_arn:
      description: Its ARN. In check mode, a certificate that is yet to be imported has none.
      type: str
      returned: success
      sample: arn:aws:acm:eu-central-1:123456789012:certificate/3f2b1c9e-8f57-4f0e-9d55-0a6a3e0c7a11
    domain_name:
      description: The first name.
      type: str
      returned: when it has one
      sample: www.example.com
    subject_alternative_names:
      description: All names.
      type: list
      elements: str
      returned: when it has any
      sample: [www.example.com, example.com]
    fingerprint:
      description: SHA-256 of the certificate in lower-case hexadecimal digits.
      type: str
      returned: success
    serial:
      description: Its serial number.
      type: str
      returned: success
      sample: "0a:1b:2c"
    subject:
      description: Its subject.
      type: str
      returned: success
      sample: CN=www.example.com
    issuer:
      description: Its issuer, by its organization or common name.
      type: str
      returned: success
      sample: Example CA
    key_algorithm:
      description: Type and size of the key.
      type: str
      returned: success
      sample: EC_prime256v1
    signature_algorithm:
      description: The algorithm of its signature.
      type: str
      returned: success
      sample: SHA256WITHECDSA
    not_before:
      description: Valid from.
      type: str
      returned: success
      sample: "2026-11-23T16:51:00Z"
    not_after:
      description: Valid until.
      type: str
      returned: success
      sample: "2027-02-21T16:51:00Z"
    status:
      description: ACM's status.
      type: str
      returned: success
      sample: ISSUED
    type:
      description: Always V(IMPORTED).
      type: str
      returned: success
      sample: IMPORTED
    imported_at:
      description: When it was imported last.
      type: str
      returned: when ACM says so
      sample: "2026-11-23T16:51:00Z"
    in_use_by:
      description: ARNs of the resources that use it.
      type: list
      elements: str
      returned: success
    renewal_eligibility:
      description: Always V(INELIGIBLE).
      type: str
      returned: when ACM says so
      sample: INELIGIBLE
    tags:
      description: Its tags.
      type: dict
      returned: when O(tags) or O(name_tag) is given
      sample: {"Name": "www"}
certificates:
  description:
    - One item for each item of O(certificates), in the same order, each with the members of RV(certificate). It also has
      RV(ignore:changed), RV(ignore:actions), RV(ignore:superseded),
      and when it failed RV(ignore:failed), RV(ignore:msg) and RV(ignore:error).
  returned: when O(certificates) is used
  type: list
  elements: dict
actions:
  description: The operations of ACM that changed something, in order; in check mode, those that would be called.
  returned: when O(certificates) is not used
  type: list
  elements: str
  sample: [ImportCertificate, AddTagsToCertificate]
superseded:
  description: The old certificate that O(replace) left alone. Remove it once it is no longer in use.
  returned: when a new certificate was imported in addition to it
  type: dict
  contains:
    certificate_arn:
      description: Its ARN.
      type: str
      returned: success
    in_use_by:
      description: ARNs of the resources that use it.
      type: list
      elements: str
      returned: when it is known
error:
  description: What failed.
  returned: failure
  type: dict
  contains:
    code:
      description: ACM's error code, or the kind of fault.
      type: str
      returned: failure
      sample: LimitExceededException
    operation:
      description: The operation that failed, if one was called.
      type: str
      returned: failure
      sample: ImportCertificate
    rule:
      description: The rule that the material breaks.
      type: str
      returned: when it breaks one
      sample: key-matches-certificate
"""

import typing as t
from datetime import datetime, timezone

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.certops.acm.plugins.module_utils._door.module import AcmModule, guard
from ansible_collections.certops.acm.plugins.module_utils._door.acm import Acm
from ansible_collections.certops.acm.plugins.module_utils._door.embedded import open_door
from ansible_collections.certops.acm.plugins.module_utils._acm_import import options, task
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem

_MATERIAL: dict[str, t.Any] = {
    "certificate": {"type": "str"},
    "certificate_path": {"type": "path"},
    "private_key": {"type": "str", "no_log": True},
    "private_key_path": {"type": "path", "no_log": False},
    "certificate_chain": {"type": "str"},
    "certificate_chain_path": {"type": "path"},
    "bundle": {"type": "str", "no_log": True},
    "bundle_path": {"type": "path"},
    "passphrase": {"type": "str", "no_log": True},
    "certificate_arn": {"type": "str", "aliases": ["arn"]},
    "name_tag": {"type": "str", "aliases": ["name"]},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
}
_SWITCHES: dict[str, t.Any] = {
    "keep_root": {"type": "bool"},
    "replace": {"type": "bool"},
    "purge_tags": {"type": "bool"},
}
_DEFAULTS = {"keep_root": False, "replace": False, "purge_tags": True}
_EXCLUSIVE = [
    ["certificate", "certificate_path"],
    ["private_key", "private_key_path"],
    ["certificate_chain", "certificate_chain_path"],
    ["bundle", "bundle_path"],
]


def argument_spec() -> dict[str, t.Any]:
    return {
        **_MATERIAL,
        **{name: {**spec, "default": _DEFAULTS[name]} for name, spec in _SWITCHES.items()},
        "certificates": {
            "type": "list",
            "elements": "dict",
            "options": {**_MATERIAL, **_SWITCHES},
            "mutually_exclusive": _EXCLUSIVE,
        },
        "state": {"type": "str", "choices": ["present"], "default": "present"},
    }


def open_embedded(path: str, region: t.Optional[str]) -> Acm:
    """The door to an embedded authority, which knows the operations that this module calls."""
    from ansible_collections.certops.acm.plugins.module_utils._authority.operations import (
        certificates,
        imports,
        lists,
        tags,
    )

    return open_door(path, region, certificates.OPERATIONS | imports.OPERATIONS | lists.OPERATIONS | tags.OPERATIONS)


def main() -> None:
    module = AcmModule(
        argument_spec=argument_spec(),
        embedded=open_embedded,
        mutually_exclusive=[*_EXCLUSIVE, *(["certificates", name] for name in options.ONE_CERTIFICATE)],
        supports_check_mode=True,
    )
    if not pem.HAS_CRYPTOGRAPHY:
        module.fail_json(msg=missing_required_lib("cryptography >= 45"), exception=str(pem.CRYPTOGRAPHY_IMPORT_ERROR))
    # a key in the wrong option is refused, and must not be shown with the other arguments
    module._module.no_log_values.update(options.misplaced_keys(module.params))

    def work() -> dict[str, t.Any]:
        result = task.run(lambda: module.acm, module.params, now=datetime.now(timezone.utc), is_check=module.check_mode)
        for warning in result.pop("warnings", []):
            module.warn(warning)
        return result

    guard(module, work)


if __name__ == "__main__":
    main()
