#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_export
version_added: 1.0.0
short_description: Export certificates with their keys from AWS Certificate Manager
description:
  - Exports a private certificate, or a public one that was requested with C(options.export=ENABLED), with its chain and private key.
  - ACM encrypts the key with a passphrase, which is random and kept only in memory unless you give one. The module decrypts the key
    (RSA or EC) in memory, and uses it only if it belongs to the certificate and the chain verifies.
  - Writes the files that servers need, each with its owner, group and mode from the first byte, and each with a single rename.
    To replace several files as one versioned set on a host, use M(certops.acm.certificate_bundle).
  - Changes nothing, and does not export again, if the files already have this certificate and its key. A file that is missing, was
    altered or has the wrong mode is corrected, with the key of another file if one has it.
  - Calls C(ExportCertificate) only if a key is needed, so without O(path), O(files), O(return_private_key) and O(return_pkcs12) it only reads.
options:
  certificate_arn:
    description:
      - The ARN of the certificate.
    type: str
    aliases: [arn]
  domain_name:
    description:
      - The first name of the certificate, instead of its ARN. If there are several, the newest valid one whose key can be exported is used.
    type: str
  subject_alternative_names:
    description:
      - The other names. If they are given, even as an empty list, the certificate must have exactly these names, in any order.
    type: list
    elements: str
  passphrase:
    description:
      - The passphrase of the export. It also encrypts a PKCS#12, and the key with O(encrypt_key).
      - ACM requires 4 to 128 ASCII characters other than V(#), V($) and V(%).
      - By default it is random and forgotten at the end of the task.
    type: str
  path:
    description:
      - The folder of the files. It is created, with mode C(0755), if it is missing.
      - It must be an absolute path, such as V({{ playbook_dir }}/tls), or begin with C(~).
    type: path
  files:
    description:
      - The files to write, each with its own path unless it should have its usual name in O(path).
      - By default C(cert.pem), C(chain.pem), C(fullchain.pem) and C(privkey.pem) if O(path) is given.
      - An empty dictionary, C({}), means the usual name, owner and mode. A file that is null is not written.
    type: dict
    suboptions:
      cert:
        description: The certificate alone, C(cert.pem).
        type: dict
        suboptions: &file
          path:
            description: A file name in O(path), or an absolute path.
            type: str
          owner:
            description: Overrides O(owner).
            type: str
          group:
            description: Overrides O(group).
            type: str
          mode:
            description: Mode of this file. By default O(mode) for a file that contains the key, and C(0644) for others.
            type: raw
      chain:
        description: The certificates above it as ACM returns them, C(chain.pem). It is not written if the chain is empty.
        type: dict
        suboptions: *file
      fullchain:
        description: Certificate and chain, C(fullchain.pem), which nginx and most other servers need.
        type: dict
        suboptions: *file
      key:
        description: The private key as PKCS#8, C(privkey.pem), unencrypted unless O(encrypt_key) is set.
        type: dict
        suboptions: *file
      combined:
        description: Certificate, chain and unencrypted key in the order that HAProxy reads, C(combined.pem).
        type: dict
        suboptions: *file
      pkcs12:
        description: A PKCS#12 with everything, C(bundle.p12), encrypted with O(passphrase). See also O(pkcs12_alias) and O(pkcs12_legacy).
        type: dict
        suboptions: *file
  owner:
    description:
      - Owner of the files, a name or a number. By default the present owner of a file, or for a new one the user that runs the module.
    type: str
  group:
    description:
      - Group of the files, a name or a number. By default the present group of a file, or for a new one that of the user that runs the module.
    type: str
  mode:
    description:
      - Mode of the files that contain the key, in octal digits such as V(0640) or symbols such as V(u=rw,g=r). All
        others have C(0644) unless their own mode is set.
      - By default V(0640) if a group is given, otherwise V(0600). A mode that lets every user read a key is refused.
    type: raw
  encrypt_key:
    description:
      - Whether the key file is encrypted with O(passphrase), as PKCS#8 with AES-256 and 600,000 rounds of PBKDF2. The combined file never is.
    type: bool
    default: false
  return_private_key:
    description:
      - Whether the result contains the unencrypted private key.
      - If it does, the module hides the whole result from the log and the screen, with any verbosity. A variable that it is
        registered in still has it, so set C(no_log=true) on this task and on those that use the variable.
    type: bool
    default: false
  return_pkcs12:
    description:
      - Whether the result contains a PKCS#12, in base64, and the private key, hidden as with O(return_private_key).
    type: bool
    default: false
  pkcs12_alias:
    description:
      - The name under which a PKCS#12 has the key and certificate (its friendly name), which Java calls the alias.
      - By default the first name of the certificate. A file with another alias is written again only if you give one.
    type: str
    version_added: 1.0.0
  pkcs12_legacy:
    description:
      - Whether a PKCS#12 is encrypted with Triple DES and SHA-1, for programs that support nothing better, such as Java before 8u301
        and Windows Server 2016.
      - By default it is encrypted with AES-256 and SHA-256.
    type: bool
    default: false
    version_added: 1.0.0
  certificates:
    description:
      - A list of exports, each with options of this module, made with as few calls as possible.
      - Options that an item leaves out are taken from the task, except for the certificate and the files.
      - An export that fails does not stop the others; the task fails after all others are done.
    type: list
    elements: dict
    suboptions:
      certificate_arn:
        description: See O(certificate_arn).
        type: str
        aliases: [arn]
      domain_name:
        description: See O(domain_name).
        type: str
      subject_alternative_names:
        description: See O(subject_alternative_names).
        type: list
        elements: str
      passphrase:
        description: See O(passphrase).
        type: str
      path:
        description: See O(path).
        type: path
      files:
        description: See O(files).
        type: dict
        suboptions:
          cert:
            description: See O(files.cert).
            type: dict
            suboptions:
              path:
                description: See O(files.cert.path).
                type: str
              owner:
                description: See O(files.cert.owner).
                type: str
              group:
                description: See O(files.cert.group).
                type: str
              mode:
                description: See O(files.cert.mode).
                type: raw
          chain:
            description: See O(files.chain).
            type: dict
            suboptions:
              path:
                description: See O(files.chain.path).
                type: str
              owner:
                description: See O(files.chain.owner).
                type: str
              group:
                description: See O(files.chain.group).
                type: str
              mode:
                description: See O(files.chain.mode).
                type: raw
          fullchain:
            description: See O(files.fullchain).
            type: dict
            suboptions:
              path:
                description: See O(files.fullchain.path).
                type: str
              owner:
                description: See O(files.fullchain.owner).
                type: str
              group:
                description: See O(files.fullchain.group).
                type: str
              mode:
                description: See O(files.fullchain.mode).
                type: raw
          key:
            description: See O(files.key).
            type: dict
            suboptions:
              path:
                description: See O(files.key.path).
                type: str
              owner:
                description: See O(files.key.owner).
                type: str
              group:
                description: See O(files.key.group).
                type: str
              mode:
                description: See O(files.key.mode).
                type: raw
          combined:
            description: See O(files.combined).
            type: dict
            suboptions:
              path:
                description: See O(files.combined.path).
                type: str
              owner:
                description: See O(files.combined.owner).
                type: str
              group:
                description: See O(files.combined.group).
                type: str
              mode:
                description: See O(files.combined.mode).
                type: raw
          pkcs12:
            description: See O(files.pkcs12).
            type: dict
            suboptions:
              path:
                description: See O(files.pkcs12.path).
                type: str
              owner:
                description: See O(files.pkcs12.owner).
                type: str
              group:
                description: See O(files.pkcs12.group).
                type: str
              mode:
                description: See O(files.pkcs12.mode).
                type: raw
      owner:
        description: See O(owner).
        type: str
      group:
        description: See O(group).
        type: str
      mode:
        description: See O(mode).
        type: raw
      encrypt_key:
        description: See O(encrypt_key).
        type: bool
      return_private_key:
        description: See O(return_private_key).
        type: bool
      return_pkcs12:
        description: See O(return_pkcs12).
        type: bool
      pkcs12_alias:
        description: See O(pkcs12_alias).
        type: str
        version_added: 1.0.0
      pkcs12_legacy:
        description: See O(pkcs12_legacy).
        type: bool
        version_added: 1.0.0
notes:
  - For a certificate that no AWS service uses, the first export after it was issued or renewed is what keeps its renewal alive.
    RV(export.renewal_depends_on_export) says whether this applies, and the task warns about a certificate that ACM will not renew.
  - In check mode nothing is exported, so RV(export.private_key) is returned only if an existing file has it.
  - In check mode, a O(domain_name) for which ACM has no certificate is a warning, not a failure, if files are to be written, since an
    earlier task may be the one that requests it. The result then says which files would be written, and nothing about the certificate.
    Without files, or with a O(certificate_arn) that does not exist, the task fails as it would outside check mode.
  - Every file gets the SELinux context that the policy defines for its path.
  - A passphrase that you give is sent to the module only through the connection. If that does not support pipelining, the task fails
    instead of writing it to a temporary file.
  - The least policy is C(acm:DescribeCertificate), C(acm:GetCertificate) and C(acm:ExportCertificate),
    and for O(domain_name) C(acm:SearchCertificates) (C(acm:ListCertificates) without it).
seealso:
  - module: certops.acm.acm_certificate
  - module: certops.acm.acm_import
  - module: certops.acm.certificate_bundle
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
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows serials, modes and owners, and for a key the hash of its public part.
  idempotent:
    support: full
author:
  - The certops.acm authors (@certops)
"""

EXAMPLES = r"""
- name: Export for nginx
  certops.acm.acm_export:
    domain_name: www.example.com
    path: /etc/nginx/tls/www.example.com
    group: www-data

- name: Export for HAProxy, one file
  certops.acm.acm_export:
    certificate_arn: "{{ www.certificate.certificate_arn }}"
    files:
      combined:
        path: /etc/haproxy/tls/www.pem
        owner: haproxy

- name: Export a PKCS#12 for Java
  certops.acm.acm_export:
    domain_name: app.example.com
    passphrase: "{{ app_keystore_passphrase }}"
    files:
      pkcs12:
        path: /opt/app/keystore.p12
        owner: app
        mode: "0400"

- name: Export several certificates for web servers
  certops.acm.acm_export:
    certificates:
      - domain_name: www.example.com
      - domain_name: shop.example.com
        subject_alternative_names: [www.shop.example.com]
    return_private_key: true
  no_log: true
  register: exported
"""

RETURN = r"""
export:
  description: The result, if the task exports one certificate. Use RV(exports) for a task with O(certificates).
  returned: when O(certificates) is not used
  type: dict
  contains:
    certificate_arn:
      description: Its ARN.
      type: str
      returned: when it was found
      sample: arn:aws:acm:eu-central-1:123456789012:certificate/3f2b1c9e-8f57-4f0e-9d55-0a6a3e0c7a11
    domain_name:
      description: The first name.
      type: str
      returned: success
      sample: www.example.com
    subject_alternative_names:
      description: All names.
      type: list
      elements: str
      returned: success
      sample: [www.example.com, example.com]
    serial:
      description: Serial number, as ACM shows it.
      type: str
      returned: success
      sample: "0a:1b:2c"
    fingerprint:
      description: SHA-256 of the certificate in lower-case hexadecimal digits.
      type: str
      returned: success
    public_key_fingerprint:
      description: SHA-256 of the certificate's SubjectPublicKeyInfo, the value that key pinning uses.
      type: str
      returned: success
    subject:
      description: The subject of the certificate.
      type: str
      returned: success
      sample: CN=www.example.com
    issuer:
      description: The issuer of the certificate.
      type: str
      returned: success
      sample: CN=Example CA
    key_algorithm:
      description: Type and size of the key.
      type: str
      returned: success
      sample: RSA_2048
    type:
      description: V(AMAZON_ISSUED) or V(PRIVATE); V(IMPORTED) is possible if no key was requested.
      type: str
      returned: success
      sample: PRIVATE
    not_before:
      description: Valid from.
      type: str
      returned: success
      sample: "2026-11-23T16:51:00Z"
    not_after:
      description: Valid until.
      type: str
      returned: success
      sample: "2027-06-09T16:51:00Z"
    certificate:
      description: The certificate as PEM.
      type: str
      returned: success
    chain:
      description: The certificates above it as PEM.
      type: str
      returned: success
    fullchain:
      description: Certificate and chain as PEM.
      type: str
      returned: success
    private_key:
      description: The private key as PKCS#8 PEM, unencrypted.
      type: str
      returned: when O(return_private_key) or O(return_pkcs12) is set, and not in check mode unless a file has it
    pkcs12:
      description: A PKCS#12, encrypted with O(passphrase), in base64.
      type: str
      returned: when O(return_pkcs12) is set, and not in check mode unless a file has the key
    renewal_eligibility:
      description: Whether ACM will renew it automatically, according to ACM after this task.
      type: str
      returned: when ACM reports it
      sample: ELIGIBLE
    renewal_depends_on_export:
      description: Whether it is not used by any AWS service, so that it is renewed only if it is exported after every renewal.
      type: bool
      returned: when ACM reports it
    exported:
      description: Whether C(ExportCertificate) was called.
      type: bool
      returned: always
    changed:
      description: Whether files changed.
      type: bool
      returned: always
    files:
      description: The files, in the order of O(files).
      type: list
      elements: dict
      returned: when the options could be read
      contains:
        form:
          description: Which file it is.
          type: str
          returned: success
          sample: fullchain
        path:
          description: Where it is.
          type: str
          returned: success
          sample: /etc/nginx/tls/www.example.com/fullchain.pem
        mode:
          description: Its mode.
          type: str
          returned: success
          sample: "0644"
        changed:
          description: Whether it changed.
          type: bool
          returned: success
        reasons:
          description: Why it was, or would be, changed.
          type: list
          elements: str
          returned: success
          sample: [it was missing]
exports:
  description:
    - The results for the items of O(certificates), in the same order, each with the members of RV(export).
    - A task that exports one certificate returns a list with its RV(export), so that code that handles a list works for both.
    - An item that failed has RV(ignore:failed), RV(ignore:msg) and RV(ignore:error).
  returned: always
  type: list
  elements: dict
error:
  description: What failed.
  returned: failure
  type: dict
  contains:
    code:
      description: ACM's error code, or the kind of fault.
      type: str
      returned: failure
      sample: RequestInProgressException
    operation:
      description: The operation that failed, if one was called.
      type: str
      returned: failure
      sample: ExportCertificate
"""

import typing as t
from datetime import datetime, timezone

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.certops.acm.plugins.module_utils._door.module import AcmModule, guard
from ansible_collections.certops.acm.plugins.module_utils._door.acm import Acm
from ansible_collections.certops.acm.plugins.module_utils._door.embedded import open_door
from ansible_collections.certops.acm.plugins.module_utils._acm_export import options, task
from ansible_collections.certops.acm.plugins.module_utils._files.certificate_files import FILE_NAMES, context_restorer
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem

_FILE: dict[str, t.Any] = {
    "type": "dict",
    "no_log": False,  # one of them is called key, and contains a path
    "options": {
        "path": {"type": "str"},
        "owner": {"type": "str"},
        "group": {"type": "str"},
        "mode": {"type": "raw"},
    },
}
_EXPORT: dict[str, t.Any] = {
    "certificate_arn": {"type": "str", "aliases": ["arn"]},
    "domain_name": {"type": "str"},
    "subject_alternative_names": {"type": "list", "elements": "str"},
    "passphrase": {"type": "str", "no_log": True},
    "path": {"type": "path"},
    "files": {"type": "dict", "options": {form: _FILE for form in FILE_NAMES}},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "raw"},
    "pkcs12_alias": {"type": "str"},
}
_SWITCHES: dict[str, t.Any] = {
    "encrypt_key": {"type": "bool", "no_log": False},
    "return_private_key": {"type": "bool", "no_log": False},
    "return_pkcs12": {"type": "bool"},
    "pkcs12_legacy": {"type": "bool"},
}


def argument_spec() -> dict[str, t.Any]:
    return {
        **_EXPORT,
        **{name: {**spec, "default": False} for name, spec in _SWITCHES.items()},
        "certificates": {"type": "list", "elements": "dict", "options": {**_EXPORT, **_SWITCHES}},
    }


def open_embedded(path: str, region: t.Optional[str]) -> Acm:
    """The door to an embedded authority, which knows the operations that this module calls."""
    from ansible_collections.certops.acm.plugins.module_utils._authority.operations import certificates, exports, lists

    return open_door(path, region, certificates.OPERATIONS | exports.OPERATIONS | lists.OPERATIONS)


def main() -> None:
    module = AcmModule(
        argument_spec=argument_spec(),
        embedded=open_embedded,
        mutually_exclusive=[["certificates", name] for name in options.ONE_EXPORT],
        required_one_of=[["certificate_arn", "domain_name", "certificates"]],
        supports_check_mode=True,
    )
    if not pem.HAS_CRYPTOGRAPHY:
        module.fail_json(msg=missing_required_lib("cryptography >= 45"), exception=str(pem.CRYPTOGRAPHY_IMPORT_ERROR))

    def work() -> dict[str, t.Any]:
        result = task.run(
            lambda: module.acm,
            module.params,
            now=datetime.now(timezone.utc),
            is_check=module.check_mode,
            restore_context=context_restorer(module._module),
        )
        for warning in result.pop("warnings", []):
            module.warn(warning)
        return result

    guard(module, work)


if __name__ == "__main__":
    main()
