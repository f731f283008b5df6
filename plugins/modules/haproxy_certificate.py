#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_certificate
version_added: 1.0.0
short_description: Make a running HAProxy serve the certificates in its files, without a reload
description:
  - Compares each file with the certificate that the running HAProxy serves from it, and sends changed files through HAProxy's runtime socket.
    No process is replaced and no connection is closed.
  - Each certificate is committed before the next one is sent, because HAProxy changes one at a time, and the module checks that
    HAProxy uses it. If one is refused, those before it are in use.
  - The files are not changed. HAProxy reads them at its next reload or start, so put the new certificate there first,
    for example with M(certops.acm.certificate_bundle). The key is sent from the file to the socket only.
  - Needs nothing on the host but Python, and HAProxy 2.2 or newer.
extends_documentation_fragment:
  - certops.acm.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows the SHA-1 fingerprints of the certificates.
  idempotent:
    support: full
options:
  socket:
    description:
      - The C(stats socket) of HAProxy, which must have C(level admin).
    type: path
    required: true
  certificates:
    description:
      - Files with certificate, chain and key, named as in HAProxy's configuration or by another path to the same file.
    type: list
    elements: path
    required: true
  unknown:
    description:
      - What to do about a file that the running HAProxy does not know, because it was added to the configuration later.
      - V(fail) changes nothing and fails. V(ignore) leaves the file to the reload that HAProxy then needs, see RV(certificates[].known).
    type: str
    choices: [fail, ignore]
    default: fail
seealso:
  - module: certops.acm.certificate_bundle
  - module: certops.acm.served_certificate_info
author:
  - The certops.acm authors (@certops)
"""

EXAMPLES = r"""
- name: Serve the certificate that was put in place
  certops.acm.haproxy_certificate:
    socket: /run/haproxy/admin.sock
    certificates:
      - /etc/acm/www.example.com/live/combined.pem
"""

RETURN = r"""
certificates:
  description: The result for each file, in the order given. In check mode, the predicted one.
  returned: success
  type: list
  elements: dict
  sample:
    - path: /etc/acm/www.example.com/live/combined.pem
      name: /etc/acm/www.example.com/live/combined.pem
      known: true
      changed: true
      previous_fingerprint: 2FD4E1C67A2D28FCED849EE1BB76E7391B93EB12
      fingerprint: DE9F2C7FD25E1B3AFAD3E85A0BD17D9B100DB4B3
  contains:
    path:
      description: The file.
      type: str
      returned: always
    name:
      description: What HAProxy calls it.
      type: str
      returned: when it knows it
    known:
      description: Whether the running HAProxy knows it.
      type: bool
      returned: always
    changed:
      description: Whether HAProxy served another certificate from it.
      type: bool
      returned: always
    previous_fingerprint:
      description: SHA-1 of the certificate that HAProxy served when the module began. HAProxy tells no other hash.
      type: str
      returned: when it knows it
    fingerprint:
      description: SHA-1 of the certificate in the file.
      type: str
      returned: always
error:
  description: What failed.
  returned: failure
  type: dict
  contains:
    code:
      description: C(InvalidInput) where an option is wrong, C(HaproxyFault) where HAProxy cannot be asked or refuses.
      returned: always
      type: str
      sample: HaproxyFault
    operation:
      description: Always null, as no operation of ACM is called.
      returned: always
      type: str
"""

from ansible_collections.certops.acm.plugins.module_utils._ansible.secret_module import DiscreetModule
from ansible_collections.certops.acm.plugins.module_utils._web_host.servers.haproxy import HaproxyFault, Runtime, update

ARGUMENT_SPEC = {
    "socket": {"type": "path", "required": True},
    "certificates": {"type": "list", "elements": "path", "required": True},
    "unknown": {"type": "str", "choices": ["fail", "ignore"], "default": "fail"},
}


def main() -> None:
    module = DiscreetModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    try:
        runtime = Runtime(params["socket"])
        results = update(runtime, params["certificates"], params["unknown"] == "ignore", module.check_mode)
    except HaproxyFault as fault:
        module.fail(fault)
    diff = [
        {
            "before_header": result["path"],
            "after_header": result["path"],
            "before": f"{result['previous_fingerprint']}\n",
            "after": f"{result['fingerprint']}\n",
        }
        for result in results
        if result["changed"]
    ]
    module.exit_json(changed=bool(diff), certificates=results, diff=diff)


if __name__ == "__main__":
    main()
