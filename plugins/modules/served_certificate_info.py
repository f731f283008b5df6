#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: served_certificate_info
version_added: 1.0.0
short_description: Look at the certificate that a server really serves
description:
  - Makes a TLS handshake with each endpoint and reports the certificate that the server presents, whether or not a client would trust it.
  - Can wait until a certificate is served consistently, because a server that reloads still presents the old certificate for a moment.
  - Needs nothing on the host but Python. Run it on the web host itself, or from anywhere with C(delegate_to).
extends_documentation_fragment:
  - certops.acm.attributes
  - certops.acm.attributes.info_module
options:
  host:
    description:
      - The host to connect to, a name or an address.
    type: str
    default: localhost
  ports:
    description:
      - The ports to connect to.
    type: list
    elements: int
    aliases: [port]
    default: [443]
  server_names:
    description:
      - The names to ask for (SNI), each at every one of O(ports).
    type: list
    elements: str
    aliases: [server_name]
    default: []
  without_sni:
    description:
      - Also make a handshake without a name, which shows the default certificate of the server.
      - If O(server_names) is empty, this is the only handshake.
    type: bool
    default: false
  starttls:
    description:
      - The protocol to speak before TLS begins. By default TLS begins immediately.
    type: str
    choices: [smtp, imap, pop3, ftp, lmtp, sieve, postgres]
  proxy_protocol:
    description:
      - The version of HAProxy's PROXY protocol with which to begin, for ports that expect it from a load balancer.
    type: str
    choices: [v1, v2]
  expect_fingerprint:
    description:
      - The SHA-256 fingerprint, in hexadecimal digits, of the certificate that every one of these endpoints should serve.
    type: str
  endpoints:
    description:
      - Endpoints that differ in more than port and name, all examined by one task.
      - What an endpoint leaves out, it takes from the option of the same name.
    type: list
    elements: dict
    suboptions:
      host:
        description:
          - Overrides O(host).
        type: str
      port:
        description:
          - The port to connect to.
        type: int
        required: true
      server_name:
        description:
          - The name to ask for (SNI). Without it the handshake has no name.
        type: str
      starttls:
        description:
          - Overrides O(starttls).
        type: str
        choices: [smtp, imap, pop3, ftp, lmtp, sieve, postgres]
      proxy_protocol:
        description:
          - Overrides O(proxy_protocol).
        type: str
        choices: [v1, v2]
      expect_fingerprint:
        description:
          - Overrides O(expect_fingerprint).
        type: str
      label:
        description:
          - Any text, which is returned with the result.
        type: str
  wait_timeout:
    description:
      - How many seconds to wait for the expected certificates or, if none is expected, until the port answers.
      - With V(0) there is only one handshake.
    type: float
    default: 0
  steady_for:
    description:
      - An expected certificate counts as served once every handshake during this many seconds has shown it, or during O(wait_timeout) if that is shorter.
      - nginx may still present the old certificate for a tenth of a second after it first presented the new one.
      - Matters only when O(wait_timeout) is not V(0).
    type: float
    default: 0.25
  timeout:
    description:
      - How many seconds one handshake may take.
    type: float
    default: 5
  ca_file:
    description:
      - A file on the host with the CA certificates to trust, as PEM. It switches O(verify) on.
    type: path
  verify:
    description:
      - Whether to report in RV(served[].verified) if a client would trust the certificate. Without O(ca_file), the CA certificates
        of the system are used.
    type: bool
    default: false
  fail_when:
    description:
      - What makes the task fail. Everything else is only reported.
      - V(unexpected) is an endpoint that does not serve the expected certificate, even if only because it cannot be reached.
      - V(unverified) is an endpoint whose certificate a client would not trust, or that cannot be reached. It switches O(verify) on.
      - In check mode, the tasks before this one have not really changed what is served. So the module then makes only one handshake, and
        an unexpected certificate is not a failure.
    type: list
    elements: str
    choices: [unreachable, unexpected, unverified]
    default: [unexpected]
seealso:
  - module: certops.acm.certificate_bundle
author:
  - The certops.acm authors (@certops)
"""

EXAMPLES = r"""
- name: Look at what the web server serves, with and without SNI
  certops.acm.served_certificate_info:
    server_name: www.example.com
    without_sni: true
  register: looked

- name: Wait until the new certificate is served
  certops.acm.served_certificate_info:
    server_name: www.example.com
    expect_fingerprint: "{{ exported.export.fingerprint }}"
    wait_timeout: 10

- name: Look at a mail server from the controller, and fail unless a client would trust it
  certops.acm.served_certificate_info:
    host: mail.example.com
    port: 25
    starttls: smtp
    server_name: mail.example.com
    verify: true
    fail_when: [unreachable, unverified]
  delegate_to: localhost
"""

RETURN = r"""
served:
  description: What was seen, one entry for each endpoint, in order.
  returned: always
  type: list
  elements: dict
  sample:
    - host: localhost
      port: 443
      server_name: www.example.com
      reachable: true
      serial: "0a:1b:2c"
      not_after: "2027-06-09T12:00:00Z"
      as_expected: true
  contains:
    host:
      description: The host.
      type: str
      returned: always
    port:
      description: The port.
      type: int
      returned: always
    server_name:
      description: The requested name; V(null) for none.
      type: str
      returned: always
    starttls:
      description: The protocol spoken before TLS began.
      type: str
      returned: always
    label:
      description: The text given as O(endpoints[].label).
      type: str
      returned: when given
    reachable:
      description: Whether a certificate was seen.
      type: bool
      returned: always
    error:
      description: Why none was seen, in one sentence.
      type: str
      returned: when not reachable
    as_expected:
      description: Whether the certificate is the one expected, V(null) if none was expected.
      type: bool
      returned: always
    looks:
      description: How many handshakes were made.
      type: int
      returned: always
    first_seen_after:
      description: Seconds from the start until the expected certificate was first seen.
      type: float
      returned: when it was seen
    fingerprint:
      description: SHA-256 of the certificate in lower-case hexadecimal digits.
      type: str
      returned: when reachable
    public_key_fingerprint:
      description: SHA-256 of the certificate's SubjectPublicKeyInfo, the value that key pinning uses.
      type: str
      returned: when reachable
    serial:
      description: Serial number, as ACM shows it.
      type: str
      returned: when reachable
    subject:
      description: Subject of the certificate.
      type: str
      returned: when reachable
    issuer:
      description: Issuer of the certificate.
      type: str
      returned: when reachable
    names:
      description: The DNS names of the certificate.
      type: list
      elements: str
      returned: when reachable
    ip_addresses:
      description: The IP addresses of the certificate.
      type: list
      elements: str
      returned: when reachable
    covers_server_name:
      description: Whether the certificate is valid for the requested name; V(null) if there was none.
      type: bool
      returned: when reachable
    not_before:
      description: When the certificate becomes valid.
      type: str
      returned: when reachable
    not_after:
      description: When the certificate expires.
      type: str
      returned: when reachable
    seconds_left:
      description: Seconds until the certificate expires by the host's clock; negative once it has expired.
      type: int
      returned: when reachable
    certificate:
      description: The certificate as PEM.
      type: str
      returned: when reachable
    chain:
      description: The certificates that came with it; V(null) before Python 3.13, which cannot tell.
      type: list
      elements: dict
      returned: when reachable
      contains:
        subject:
          description: Subject of the certificate.
          type: str
          returned: always
        fingerprint:
          description: SHA-256 of the certificate.
          type: str
          returned: always
        not_after:
          description: When the certificate expires.
          type: str
          returned: always
    protocol:
      description: The version of TLS that was agreed.
      type: str
      returned: when reachable
      sample: TLSv1.3
    verified:
      description: Whether a client would trust it; V(null) if O(verify) is off and O(ca_file) is not given.
      type: bool
      returned: when reachable
    verify_error:
      description: Why it would not, as a clause.
      type: str
      returned: when reachable
error:
  description: What failed.
  returned: failure
  type: dict
  contains:
    code:
      description: C(InvalidInput) where an option is wrong, C(NotAsExpected) where an endpoint is as O(fail_when) says.
      returned: always
      type: str
      sample: NotAsExpected
    operation:
      description: Always null, as no operation of ACM is called.
      returned: always
      type: str
"""

import re
import ssl
import time
import typing as t
from datetime import datetime, timezone

from ansible_collections.certops.acm.plugins.module_utils._ansible.secret_module import DiscreetModule
from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.handshake import (
    PROXY_PROTOCOLS,
    STARTTLS_PROTOCOLS,
    Endpoint,
    trust_of,
)
from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.watch import Watch, describe, watch_all
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput, contract
from ansible_collections.certops.acm.plugins.module_utils._rules.seconds import DAY_S, check_seconds
from ansible_collections.certops.acm.plugins.module_utils._rules.times import iso

ARGUMENT_SPEC: dict[str, t.Any] = {
    "host": {"type": "str", "default": "localhost"},
    "ports": {"type": "list", "elements": "int", "aliases": ["port"], "default": [443]},
    "server_names": {"type": "list", "elements": "str", "aliases": ["server_name"], "default": []},
    "without_sni": {"type": "bool", "default": False},
    "starttls": {"type": "str", "choices": list(STARTTLS_PROTOCOLS)},
    "proxy_protocol": {"type": "str", "choices": list(PROXY_PROTOCOLS)},
    "expect_fingerprint": {"type": "str"},
    "endpoints": {
        "type": "list",
        "elements": "dict",
        "options": {
            "host": {"type": "str"},
            "port": {"type": "int", "required": True},
            "server_name": {"type": "str"},
            "starttls": {"type": "str", "choices": list(STARTTLS_PROTOCOLS)},
            "proxy_protocol": {"type": "str", "choices": list(PROXY_PROTOCOLS)},
            "expect_fingerprint": {"type": "str"},
            "label": {"type": "str"},
        },
    },
    "wait_timeout": {"type": "float", "default": 0},
    "steady_for": {"type": "float", "default": 0.25},
    "timeout": {"type": "float", "default": 5},
    "ca_file": {"type": "path"},
    "verify": {"type": "bool", "default": False},
    "fail_when": {
        "type": "list",
        "elements": "str",
        "choices": ["unreachable", "unexpected", "unverified"],
        "default": ["unexpected"],
    },
}


def check(params: dict[str, t.Any], watches: t.Sequence[Watch]) -> None:
    """Raise InvalidInput for options with which no handshake can be tried."""
    for option in ("wait_timeout", "steady_for", "timeout"):
        check_seconds(option, params[option], DAY_S, may_be_0=option != "timeout")
    for endpoint in (watch.endpoint for watch in watches):
        if not 0 < endpoint.port < 65536:
            raise InvalidInput(
                f"{endpoint.host} has the invalid port {endpoint.port}; ports are numbers from 1 to 65535."
            )
        for option, name in (("host", endpoint.host), ("server_name", endpoint.server_name or "")):
            try:
                name.encode("idna")
                if re.search(r"[\s\0]", name):
                    raise UnicodeError
            except UnicodeError:
                raise InvalidInput(f"{option} is {name[:80]!r}, which is not a host name; correct it.") from None
    for digits in (digits for watch in watches for digits in watch.expected or ()):
        if not re.fullmatch(r"[0-9a-f]{64}", digits):
            raise InvalidInput(
                f"expect_fingerprint is {digits[:80]!r}, which is not a SHA-256 fingerprint: give its 64 hexadecimal digits."
            )


def endpoints_of(params: dict[str, t.Any]) -> list[Watch]:
    expected = normalise(params["expect_fingerprint"])
    if params["endpoints"] is not None:
        return [
            Watch(
                Endpoint(
                    entry["host"] or params["host"],
                    entry["port"],
                    entry["server_name"] or None,
                    entry["starttls"] or params["starttls"],
                    entry["proxy_protocol"] or params["proxy_protocol"],
                ),
                normalise(entry["expect_fingerprint"]) or expected,
                entry["label"],
            )
            for entry in params["endpoints"]
        ]
    names: list[str | None] = list(params["server_names"])
    if params["without_sni"] or not names:
        names.append(None)
    return [
        Watch(Endpoint(params["host"], port, name, params["starttls"], params["proxy_protocol"]), expected)
        for port in params["ports"]
        for name in names
    ]


def normalise(fingerprint: str | None) -> list[str] | None:
    return [fingerprint.replace(":", "").lower()] if fingerprint else None


def as_result(watch: Watch, started_at: float, now: datetime) -> dict[str, t.Any]:
    result, sight = describe(watch, now), watch.sight
    if watch.expected is not None and watch.first_seen_at is not None:
        result["first_seen_after"] = round(watch.first_seen_at - started_at, 3)
    if sight is not None:
        result.update(
            certificate=ssl.DER_cert_to_PEM_cert(sight.leaf_der),
            chain=None if sight.chain is None else [chain_entry(facts) for facts in sight.chain],
            verified=sight.verified,
            verify_error=sight.verify_error,
        )
    return result


def chain_entry(facts: t.Any) -> dict[str, str]:
    return {"subject": facts.subject, "fingerprint": facts.fingerprint, "not_after": iso(facts.not_after)}


def complaint(watch: Watch, fail_when: list[str]) -> str | None:
    """What is wrong with one endpoint, if that makes the task fail, in one sentence."""
    endpoint = watch.endpoint
    where = f"{endpoint.address}, {endpoint.asking},"
    if watch.sight is None:
        is_wanted = {"unreachable", "unverified"} & set(fail_when) or (watch.expected and "unexpected" in fail_when)
        return watch.error if is_wanted else None
    leaf = watch.sight.leaf
    if "unexpected" in fail_when and watch.is_as_expected is False:
        return (
            f"{where} serves {leaf.subject}, serial {leaf.serial}, valid until {iso(leaf.not_after)}, "
            f"not the certificate with the fingerprint {', '.join(watch.expected or ())}."
        )
    if "unverified" in fail_when and watch.sight.verified is False:
        return f"{where} serves {leaf.subject}, which a client does not trust: {watch.sight.verify_error}."
    return None


def main() -> None:
    module = DiscreetModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    trust = None
    if params["verify"] or params["ca_file"] or "unverified" in params["fail_when"]:
        try:
            trust = trust_of(params["ca_file"])
        except OSError as error:
            said = "it contains no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            module.fail_json(msg=f"The ca_file {params['ca_file']} cannot be used: {said}.")
    watches = endpoints_of(params)
    try:
        check(params, watches)
    except InvalidInput as error:
        module.fail(error)
    started_at = time.monotonic()
    wait_s = 0 if module.check_mode else params["wait_timeout"]
    fail_when = [kind for kind in params["fail_when"] if not (module.check_mode and kind == "unexpected")]
    watch_all(watches, wait_s, params["steady_for"], params["timeout"], trust)
    served = [as_result(watch, started_at, datetime.now(timezone.utc)) for watch in watches]
    complaints = [text for text in (complaint(watch, fail_when) for watch in watches) if text]
    if complaints:
        waited = f" Waited {wait_s:g} s." if wait_s else ""
        module.fail_json(
            msg=" ".join(dict.fromkeys(complaints)) + waited, served=served, error=contract("NotAsExpected")
        )
    module.exit_json(changed=False, served=served)


if __name__ == "__main__":
    main()
