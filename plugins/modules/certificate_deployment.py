#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_deployment
version_added: 1.0.0
short_description: Deploy certificates to the servers of a host, prove that they are served, or roll back
description:
  - Puts sets of certificate, chain and key in place, has each server check its configuration, reloads it, and looks at it over TLS
    until it serves the new certificate. If it does not, the previous sets and snippets become live again, the servers reload them, and the
    task fails. All of that is one run on the host.
  - A server reloads when one of its sets or snippets is new, or when it does not serve what is on the disk, so a reload that an
    earlier run missed is caught up on. Nothing is ever restarted.
  - It is a transaction. A journal is written before the first change, and a run that finds an unfinished one first finishes that
    deployment or undoes it. Once it has begun to change something, the work continues in a session of its own if the
    connection breaks; the next run reports how it ended.
  - Needs only Python on the host.
extends_documentation_fragment:
  - certops.acm.attributes
attributes:
  check_mode:
    support: full
    details:
      - Looks at the host as a real run does, and executes every O(services[].check_command), but changes nothing.
      - Needs no keys. RV(needs_key) says whether a run would need one.
  diff_mode:
    support: full
    details:
      - Shows names, dates, serials, fingerprints, modes and snippets; never any part of a key.
  idempotent:
    support: full
options:
  path:
    description:
      - The folder in which every certificate has a folder with its name, see M(certops.acm.certificate_bundle).
      - The journal is C(.deployment) in it. Only one deployment at a time works in this folder.
    type: path
    default: /etc/acm
  certificates:
    description:
      - The certificates, each with the name of its folder in O(path).
      - A certificate that is given twice, with two names, has two folders, each with its own owner, files and services.
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
        type: str
        required: true
      chain:
        description:
          - The certificates that issued it, as PEM, in order.
        type: str
      private_key:
        description:
          - The private key as PEM, not encrypted.
          - May be left out if the live set contains it. In check mode RV(needs_key) says whether it is needed.
        type: str
      pkcs12:
        description:
          - Certificate, chain and key as a PKCS#12 file, encoded as base64. Its passphrase stays on the controller.
        type: str
      pkcs12_form:
        description:
          - A text of your choice that describes how the PKCS#12 was made, such as its alias. If it changes, the file is written again.
          - It is needed because two PKCS#12 files of the same certificate never have the same bytes and cannot be compared.
        type: str
      files:
        description:
          - The files of the set, as in M(certops.acm.certificate_bundle). By default the files that its services read.
        type: list
        elements: str
        choices: [cert, chain, fullchain, key, combined, pkcs12, pkcs1]
      server_names:
        description:
          - The names (SNI) for which servers must show this certificate. If it does not cover them, nothing is changed.
          - For a wildcard, the module asks for a name below it that no other certificate of the service covers.
          - By default the first name of the certificate. With an empty list the module asks for no name.
        type: list
        elements: str
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
  services:
    description:
      - The services that read the certificates.
      - C(nginx), C(apache), C(haproxy), C(lighttpd), C(caddy) and C(postfix) are known. Options that you leave out
        follow their packages on the operating system of this host.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name of the service in messages and results. It also determines the server type, unless O(services[].server) is set.
        type: str
        required: true
      server:
        description:
          - Which of the known servers it is.
        type: str
      certificates:
        description:
          - The names of the certificates that it reads. By default all of O(certificates).
        type: list
        elements: str
      is_partial:
        description:
          - Whether it has more certificates, which are left out of this run. A port that shows one of these is ignored.
        type: bool
        default: false
      default_certificate:
        description:
          - The name of the certificate that it shows to clients that send no name.
          - By default it is expected to show one of its certificates if it showed one of them, new or old, before.
        type: str
      host:
        description:
          - The host name or address at which to check it.
        type: str
      ports:
        description:
          - The ports to look at, V(443) unless a known server has another one. With an empty list no port is looked at.
        type: list
        elements: int
      starttls:
        description:
          - The protocol to speak before TLS begins.
        type: str
        choices: [smtp, imap, pop3, ftp, lmtp, sieve, postgres]
      proxy_protocol:
        description:
          - The version of HAProxy's PROXY protocol that its ports expect.
        type: str
        choices: [v1, v2]
      sni:
        description:
          - Whether it chooses the certificate by the name that a client sends (SNI).
        type: bool
      files:
        description:
          - The files that it reads, as in O(certificates[].files).
        type: list
        elements: str
        choices: [cert, chain, fullchain, key, combined, pkcs12, pkcs1]
      owner:
        description:
          - Owner of the files of its certificates.
        type: str
      group:
        description:
          - Group of the files of its certificates.
        type: str
      pid_file:
        description:
          - The file with its process ID, which shows whether it runs.
        type: path
      check_command:
        description:
          - The command that checks its configuration. With an empty list nothing is checked.
          - A list of words, or a string that is split into words as a shell would. No shell runs it.
        type: raw
      reload_command:
        description:
          - The command that makes it reload. Without it, the init system reloads O(services[].service_name).
        type: raw
      start_command:
        description:
          - The command that starts it, with O(when_stopped=start) or if a reload has stopped it. Without it, the init system does.
        type: raw
      service_name:
        description:
          - The name of its unit or init script.
          - The known servers have one, except where O(services[].reload_command) is given, because that may reload another instance.
        type: str
      runtime_socket:
        description:
          - HAProxy's C(stats socket) with C(level admin), through which it gets the new certificate without a reload.
        type: path
      link_directory:
        description:
          - A folder in which every certificate has a link C(NAME.pem) to its C(combined.pem), for HAProxy's C(crt) with a directory.
        type: path
  snippets:
    description:
      - Files of a server's configuration that are written together with the sets, and rolled back with them.
    type: list
    elements: dict
    default: []
    suboptions:
      service:
        description:
          - The name of the service that reads it and has to reload when it changes.
        type: str
        required: true
      path:
        description:
          - The path of the file.
        type: path
        required: true
      content:
        description:
          - The content of the file.
        type: str
        required: true
      mode:
        description:
          - The mode of the file.
        type: raw
        default: "0644"
      replace:
        description:
          - Whether an existing file may be replaced.
        type: bool
        default: true
  owner:
    description:
      - Owner of the files, a name or a number.
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
      - By default V(0640) when a group is given, otherwise V(0600).
    type: raw
  directory_mode:
    description:
      - Mode of the folders of a certificate.
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
  when_stopped:
    description:
      - What to do about a service that is not running. V(ignore) puts its sets in place for when it starts, V(start) starts it,
        V(fail) changes nothing and fails.
    type: str
    choices: [ignore, start, fail]
    default: ignore
  timeout:
    description:
      - How many seconds to wait until the new certificates are served, at most 3600.
    type: float
    default: 10
  steady_for:
    description:
      - A certificate counts as served once every handshake during this many seconds has shown it, or during O(timeout) if that is shorter.
    type: float
    default: 0.25
  command_timeout:
    description:
      - How many seconds a check, a reload or a start may take, at most 3600. After that it is killed together with its children, and counts as failed.
    type: float
    default: 60
  lock_timeout:
    description:
      - How many seconds to wait for another deployment in O(path) to end, at most 86400.
    type: float
    default: 120
  host_name:
    description:
      - The name of this host in messages. By default its own host name.
    type: str
notes:
  - Ansible passes arguments to a module in a temporary file unless pipelining is on. For the tasks of this module it is switched on,
    whatever the configuration says. If that is impossible, a task with a key fails before the key leaves the controller, and
    RV(pipelining_obstacle) of a run without keys says so beforehand.
  - Nothing is written in or below a folder that is writable by anyone other than root and the user of the task.
  - The session stays in the cgroup of the login. If systemd kills what a login leaves behind (C(KillUserProcesses=yes)), it may end
    the work when the connection breaks. The next run then finishes or undoes it, as the journal says.
seealso:
  - module: certops.acm.certificate_bundle
  - module: certops.acm.served_certificate_info
  - module: certops.acm.haproxy_certificate
author:
  - The certops.acm authors (@certops)
"""

EXAMPLES = r"""
- name: Deploy an exported certificate to nginx
  certops.acm.certificate_deployment:
    certificates:
      - name: www.example.com
        certificate: "{{ exported.export.certificate }}"
        chain: "{{ exported.export.chain }}"
        private_key: "{{ exported.export.private_key }}"
    services:
      - name: nginx

- name: Deploy to a server that the module does not know, on two ports
  certops.acm.certificate_deployment:
    certificates:
      - name: mail.example.com
        certificate: "{{ exported.export.certificate }}"
        chain: "{{ exported.export.chain }}"
        private_key: "{{ exported.export.private_key }}"
    services:
      - name: dovecot
        service_name: dovecot
        check_command: doveconf -n
        ports: [993, 995]
        sni: false

- name: See whether anything is due, and whether a key is needed for it
  certops.acm.certificate_deployment:
    certificates:
      - name: www.example.com
        certificate: "{{ read.export.certificate }}"
        chain: "{{ read.export.chain }}"
    services:
      - name: nginx
  check_mode: true
  register: look
"""

RETURN = r"""
due:
  description: Whether there was anything to do.
  returned: when the host could be looked at
  type: bool
needs_key:
  description: Whether the task needs a key, or a PKCS#12, that it was not given. Outside check mode such a task fails.
  returned: when the host could be looked at
  type: bool
pipelining_obstacle:
  description: Why a task with keys could not be sent to this host, in a sentence.
  returned: when there is an obstacle and the task had no keys
  type: str
restored:
  description:
    - Whether every port serves what it served before the run, because nothing was changed or everything was rolled back. It is also
      true where no port answered before.
  returned: failure
  type: bool
bundles:
  description: The result for each set, in the order given, as in M(certops.acm.certificate_bundle). In check mode, the predicted one.
  returned: unless it was rolled back
  type: list
  elements: dict
services:
  description: What was found out about each service, and what was done, or in check mode would be.
  returned: when the host could be looked at
  type: list
  elements: dict
  contains:
    name:
      description: Name of the service.
      type: str
      returned: always
    server:
      description: Which server it is.
      type: str
      returned: always
    state:
      description:
        - V(running), V(stopped), or V(not_observed) if it runs or may run but none of its ports shows a certificate.
        - V(assumed) if it has no port, process or unit to look at. V(unknown) if it has only ports, and nothing listens there.
      type: str
      returned: always
    evidence:
      description: How that is known, in a sentence.
      type: str
      returned: always
    action:
      description: V(none), V(reload), V(runtime) for HAProxy's socket, or V(start).
      type: str
      returned: always
    reason:
      description: Why, as a clause; V(null) if there was nothing to do.
      type: str
      returned: always
snippets:
  description: The files that were given as O(snippets), or that O(services[].link_directory) creates.
  returned: when the host could be looked at
  type: list
  elements: dict
  contains:
    service:
      description: Name of the service.
      type: str
      returned: always
    path:
      description: The file.
      type: str
      returned: always
    changed:
      description: Whether it was, or would be, written.
      type: bool
      returned: always
served_before:
  description: What each endpoint showed before, as in M(certops.acm.served_certificate_info), without the certificate's text.
  returned: when the host could be looked at
  type: list
  elements: dict
served_after:
  description: What each endpoint showed afterwards. Empty in check mode.
  returned: when the host could be looked at
  type: list
  elements: dict
summary:
  description: An entry for each certificate at each service.
  returned: unless it was taken back
  type: list
  elements: dict
  contains:
    service:
      description: Name of the service.
      type: str
      returned: always
    name:
      description: Name of the set.
      type: str
      returned: always
    path:
      description: The folder that the server reads.
      type: str
      returned: always
    state:
      description:
        - V(served) was seen. V(not_served) shows another certificate, V(not_observed) shows none although it runs or may run.
        - V(not_verified) shows another of its certificates that is right there too, or could not be asked.
        - V(stopped) is not running, V(not_looked_at) has no port to look at.
      type: str
      returned: always
    served:
      description: Whether O(ignore:state) is V(served).
      type: bool
      returned: always
    running:
      description: Whether the service is not known to be stopped.
      type: bool
      returned: always
    changed:
      description: Whether the set was changed.
      type: bool
      returned: always
    ports:
      description: The ports of the service.
      type: list
      elements: int
      returned: always
    server_names:
      description: The names that were asked for.
      type: list
      elements: str
      returned: always
    old_serial:
      description: Serial number of the certificate that was live before.
      type: str
      returned: always
    new_serial:
      description: Serial number of the certificate.
      type: str
      returned: always
    old_public_key_fingerprint:
      description: SHA-256 of the public key that was live before.
      type: str
      returned: always
    new_public_key_fingerprint:
      description: SHA-256 of the public key.
      type: str
      returned: always
    not_after:
      description: When the certificate expires.
      type: str
      returned: always
    sentence:
      description: The same as a sentence.
      type: str
      returned: always
sentences:
  description: What was done, or would be, and what is served now, in sentences.
  returned: when the host could be looked at
  type: list
  elements: str
steps:
  description: What was done, in order.
  returned: when something was done
  type: list
  elements: dict
  contains:
    after:
      description: Seconds since the work began.
      type: float
      returned: always
    step:
      description: V(place), V(snippet), V(check), V(reload), V(runtime), V(start), V(prove) or V(undo).
      type: str
      returned: always
    service:
      description: Name of the service, if it is about one.
      type: str
      returned: always
    text:
      description: A sentence.
      type: str
      returned: always
lost_outcome:
  description: How an earlier run ended whose connection was lost before it could report. It is reported once.
  returned: when there was one
  type: dict
  contains:
    failed:
      description: Whether it failed.
      type: bool
      returned: always
    message:
      description: Why it failed.
      type: str
      returned: always
    restored:
      description: Whether every port served what it served before, if it failed.
      type: bool
      returned: always
    was_changed:
      description: Whether anything is not as it was before it. If so, RV(ignore:changed) of this run is true, too.
      type: bool
      returned: always
    started_at:
      description: When it began.
      type: str
      returned: always
    finished_at:
      description: When it ended.
      type: str
      returned: always
recovered:
  description: What this run did about an earlier one that was killed half-way.
  returned: when there was one
  type: dict
  contains:
    outcome:
      description: V(finished), V(undone), V(untouched), or V(pending) in check mode.
      type: str
      returned: always
    message:
      description: The same as a sentence.
      type: str
      returned: always
error:
  description: What failed.
  returned: failure
  type: dict
  contains:
    code:
      description: C(InvalidInput) if an option is invalid, C(DeploymentRefused) if nothing was changed, C(DeploymentUndone) if everything
        was rolled back, C(DeploymentFailed) if it was not, C(DeploymentInterrupted) if the next run must continue.
      returned: always
      type: str
      sample: DeploymentUndone
    operation:
      description: Always null, as no operation of ACM is called.
      returned: always
      type: str
"""

import contextlib
import os
import socket
import sys
import typing as t
from datetime import datetime, timezone

from ansible_collections.certops.acm.plugins.module_utils._ansible.fast_import import no_collection

_loading = contextlib.ExitStack()  # tools do not understand imports in a with block
_loading.enter_context(no_collection())

from ansible_collections.certops.acm.plugins.module_utils._ansible.secret_module import DiscreetModule
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments import snippets as snippet_files
from ansible_collections.certops.acm.plugins.module_utils._files.certificate_files import (
    SET_FILE_NAMES,
    context_restorer,
)
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput, contract
from ansible_collections.certops.acm.plugins.module_utils._rules.seconds import check_deployment
from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.bundle import explain
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.rules import Limits
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.detached import Killed, run_detached
from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.handshake import (
    PROXY_PROTOCOLS,
    STARTTLS_PROTOCOLS,
)
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.journal import FINISHED, Journal, Record
from ansible_collections.certops.acm.plugins.module_utils._web_host.sets.placement import (
    DEFAULT_FILES,
    Layout,
    make_bundle,
    make_plan,
)
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.proof import to_ascii
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.report import list_diffs, report
from ansible_collections.certops.acm.plugins.module_utils._web_host.servers.known_servers import (
    Service,
    complete,
    read_os_family,
)
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.snippets import links, read_snippets
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.survey import Request, survey
from ansible_collections.certops.acm.plugins.module_utils._web_host.deployments.transaction import (
    NOTHING_CHANGED,
    Failure,
    Stopped,
    Transaction,
)

_loading.close()

FILES = {"type": "list", "elements": "str", "choices": list(SET_FILE_NAMES)}
CERTIFICATE_SPEC = {
    "name": {"type": "str", "required": True},
    "certificate": {"type": "str", "required": True},
    "chain": {"type": "str"},
    "private_key": {"type": "str", "no_log": True},
    "pkcs12": {"type": "str", "no_log": True},
    "pkcs12_form": {"type": "str"},
    "files": FILES,
    "server_names": {"type": "list", "elements": "str"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "raw"},
}
SERVICE_SPEC = {
    "name": {"type": "str", "required": True},
    "server": {"type": "str"},
    "certificates": {"type": "list", "elements": "str"},
    "is_partial": {"type": "bool", "default": False},
    "default_certificate": {"type": "str"},
    "host": {"type": "str"},
    "ports": {"type": "list", "elements": "int"},
    "starttls": {"type": "str", "choices": list(STARTTLS_PROTOCOLS)},
    "proxy_protocol": {"type": "str", "choices": list(PROXY_PROTOCOLS)},
    "sni": {"type": "bool"},
    "files": FILES,
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "pid_file": {"type": "path"},
    "check_command": {"type": "raw"},
    "reload_command": {"type": "raw"},
    "start_command": {"type": "raw"},
    "service_name": {"type": "str"},
    "runtime_socket": {"type": "path"},
    "link_directory": {"type": "path"},
}
SNIPPET_SPEC = {
    "service": {"type": "str", "required": True},
    "path": {"type": "path", "required": True},
    "content": {"type": "str", "required": True},
    "mode": {"type": "raw", "default": "0644"},
    "replace": {"type": "bool", "default": True},
}
ARGUMENT_SPEC = {
    "path": {"type": "path", "default": "/etc/acm"},
    "certificates": {"type": "list", "elements": "dict", "required": True, "options": CERTIFICATE_SPEC},
    "services": {"type": "list", "elements": "dict", "default": [], "options": SERVICE_SPEC},
    "snippets": {"type": "list", "elements": "dict", "default": [], "options": SNIPPET_SPEC},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "raw"},
    "directory_mode": {"type": "raw", "default": "0755"},
    "keep": {"type": "int", "default": 2},
    "require_valid": {"type": "bool", "default": True},
    "when_stopped": {"type": "str", "choices": ["ignore", "start", "fail"], "default": "ignore"},
    "timeout": {"type": "float", "default": 10},
    "steady_for": {"type": "float", "default": 0.25},
    "command_timeout": {"type": "float", "default": 60},
    "lock_timeout": {"type": "float", "default": 120},
    "host_name": {"type": "str"},
}
TEXTS = ("certificate", "chain", "private_key", "pkcs12", "content")  # never repeated in a log or result

Result = t.Dict[str, t.Any]
# The codes of failures
REFUSED = "DeploymentRefused"
RESTORED = "DeploymentUndone"
NOT_RESTORED = "DeploymentFailed"


class DeploymentModule(DiscreetModule):
    """Logs and returns its arguments without the texts in them."""

    def _log_invocation(self) -> None:
        params, self.params = self.params, self.shown_params()
        try:
            super()._log_invocation()
        finally:
            self.params = params

    def shown_params(self) -> Result:
        return {
            name: [without_texts(each) for each in value] if name in ("certificates", "snippets") else value
            for name, value in self.params.items()
        }


def without_texts(entry: t.Any) -> t.Any:
    if not isinstance(entry, dict):
        return "(not shown)"
    return {name: "(not shown)" if name in TEXTS and value else value for name, value in entry.items()}


def read_request(module: DeploymentModule) -> Request:
    """The options, completed, and checked as far as possible without looking at the host's files and ports."""
    params = module.params
    if params["keep"] < 0:
        raise InvalidInput("The option keep cannot be negative; 0 keeps no set but the live one.")
    check_deployment(params)
    layout = Layout(
        os.path.normpath(params["path"]),
        params["owner"],
        params["group"],
        params["mode"],
        params["directory_mode"],
        params["keep"],
        params["require_valid"],
        context_restorer(module),
    )
    names = [entry["name"] for entry in params["certificates"]]
    services = complete(params["services"], names, read_os_family())
    snippets = read_snippets(params["snippets"], [service.name for service in services])
    for service in services:
        if service.link_directory:
            snippets += links(service.link_directory, service.name, service.certificates, layout.path)
    return Request(
        layout,
        [complete_certificate(entry, services) for entry in params["certificates"]],
        services,
        snippets,
        params["when_stopped"],
        params["host_name"] or socket.gethostname(),
        Limits(
            params["timeout"],
            params["steady_for"],
            params["command_timeout"],
            lock_s=params["lock_timeout"],
        ),
    )


def complete_certificate(entry: Result, services: t.Iterable[Service]) -> Result:
    """An entry with its services' requirements for its files."""
    users = [service for service in services if entry["name"] in service.certificates]
    completed = dict(entry)
    completed["files"] = (
        entry["files"] or sorted({kind for service in users for kind in service.files}) or DEFAULT_FILES
    )
    if entry["server_names"] is not None:
        completed["server_names"] = [to_ascii(name) for name in entry["server_names"]]
    completed["domain_names"] = completed["server_names"] or []
    for option in ("owner", "group"):
        wanted = sorted({getattr(service, option) for service in users if getattr(service, option)})
        if len(wanted) > 1 and not entry[option]:
            raise InvalidInput(
                f"The services of {entry['name']} need different values of {option} ({', '.join(wanted)}); "
                f"set {option} of the certificate, or give each service an entry of its own."
            )
        completed[option] = entry[option] or (wanted[0] if wanted else None)
    return completed


class Run:
    """One run of the module."""

    def __init__(self, module: DeploymentModule) -> None:
        self.module = module
        self.request = read_request(module)
        self.journal = Journal(self.request.layout.path)
        self.is_told_here = False  # whether the journal's outcome is in our result

    def look(self) -> Result:
        """Check mode: what would be done."""
        record = self.journal.peek()
        found = survey(self.request, now())
        result = report(self.request.services, found, {}, {}, {}, is_check=True)
        if record and record["phase"] == FINISHED:
            result["lost_outcome"] = lost_outcome_of(record)
        elif record:
            message = f"An earlier deployment, begun at {record['started_at']}, is under way or was killed half-way."
            result.update(due=True, recovered={"outcome": "pending", "message": message})
        result.update(changed=result["due"], diff=list_diffs(found, shows_text=True))
        if found.refusal:
            result.update(failed=True, msg=found.refusal, error=contract(REFUSED), restored=True, changed=False)
        return result

    def deploy(self) -> Result:
        """Do what is due, in a process that outlives the connection."""
        if not os.path.isdir(self.journal.path):  # a refused run leaves no folder behind
            for item in self.request.certificates:
                make_plan(self.request.layout, item, now())
        self.journal.open_lock()
        transaction = Transaction(
            self.journal, self.request.limits, self.request.host_name, self.request.layout.restore_context
        )

        def stop() -> None:
            if transaction.may_stop:
                transaction.may_stop = False
                raise Stopped

        def work() -> Result:
            try:
                self.journal.lock(self.request.limits.lock_s)
                return {**self._work(transaction), "is_ours": True}
            except Stopped:
                return refusal("The deployment was asked to stop (SIGTERM).")
            except (InvalidInput, OSError) as error:
                return refusal(words_of(error, self.request))
            except Failure as failure:
                return failed(str(failure), NOT_RESTORED)
            except Exception as error:  # a bug of ours, whose traceback would be lost with the process
                return failed(describe_fault(error), "InternalFailure")

        try:
            result = run_detached(work, stop)
        except Killed as killed:
            return failed(
                f"The deployment on {self.request.host_name} was ended half-way by {killed}; "
                "run again: the next run finishes it or undoes it first.",
                "DeploymentInterrupted",
            )
        self.is_told_here = result.pop("is_ours", False)
        return result

    def _work(self, transaction: Transaction) -> Result:
        sweep(self.request)
        record = self.journal.peek()
        lost = lost_outcome_of(record) if record and record["phase"] == FINISHED else None
        recovered = transaction.recover(record, self.request.services) if record and not lost else None
        found = survey(self.request, now())
        ended = None
        if not found.refusal and found.is_due:
            ended = transaction.deploy(self.request, found, now())
        result = report(
            self.request.services,
            found,
            transaction.sightings,
            transaction.states,
            transaction.pruned,
            is_check=False,
        )
        result["changed"] = bool(
            (ended and ended.was_changed)
            or (lost and lost["was_changed"])
            or (recovered and recovered["outcome"] != "untouched")
        )
        result["diff"] = list_diffs(found, shows_text=True) if ended else []
        told = {"steps": transaction.steps, "recovered": recovered, "lost_outcome": lost}
        result.update({name: value for name, value in told.items() if value})
        if ended and ended.failed:
            error = contract(RESTORED if ended.restored else NOT_RESTORED)
            result.update(failed=True, msg=ended.message, error=error, restored=ended.restored)
            result["sentences"] = ended.message.splitlines()
            for name in ("bundles", "summary"):  # the wanted state, which was not reached
                del result[name]
        elif found.refusal:
            result.update(failed=True, msg=found.refusal, error=contract(REFUSED), restored=True)
        return result

    def forget(self) -> None:
        """Forget the outcome in the journal, which has been reported. A deployment in progress stays in it."""
        if self.is_told_here:
            with contextlib.suppress(OSError, InvalidInput):
                record = self.journal.peek()
                if record is None or record["phase"] == FINISHED:
                    self.journal.remove()


def lost_outcome_of(record: Record) -> Result:
    return {**record["outcome"], "started_at": record["started_at"]}


def sweep(request: Request) -> None:
    """Remove what a run left behind that was killed before its journal was written, or while it cleaned up."""
    for item in request.certificates:
        with make_bundle(request.layout, item).locked(make=False):
            pass
    for snippet in request.snippets:
        snippet_files.sweep(snippet)


def words_of(error: Exception, request: Request) -> str:
    return explain(error, request.layout.path) if isinstance(error, OSError) else str(error)


def describe_fault(error: Exception) -> str:
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = (
        f"{os.path.basename(place.tb_frame.f_code.co_filename)} line {place.tb_lineno}" if place else "an unknown place"
    )
    return (
        f"This is a bug in this module, please report it: {type(error).__name__} in {where}. "
        "The next run finishes or undoes what this run began."
    )


def refusal(message: str) -> Result:
    message = message if NOTHING_CHANGED in message else f"{message} {NOTHING_CHANGED}"
    return {"failed": True, "msg": message, "error": contract(REFUSED), "restored": True, "changed": False}


def failed(message: str, code: str) -> Result:
    return {"failed": True, "msg": message, "error": contract(code), "restored": False, "changed": True}


def now() -> datetime:
    return datetime.now(timezone.utc)


def main() -> None:
    module = DeploymentModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    run = None
    try:
        run = Run(module)
        result = run.look() if module.check_mode else run.deploy()
    except InvalidInput as fault:
        result = refusal(str(fault))
    except OSError as error:
        result = refusal(explain(error, module.params["path"]))
    if not module._diff:
        result.pop("diff", None)
    result["invocation"] = {"module_args": module.shown_params()}
    try:
        if result.pop("failed", False):
            module.fail_json(**result)
        module.exit_json(**result)
    except SystemExit:
        sys.stdout.flush()  # raises if nobody is listening any more: then the next run reports the outcome
        if run and not module.check_mode:
            run.forget()
        raise


if __name__ == "__main__":
    main()
