# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that certificate_deployment is run on: a folder for sets, and a server that reads two of them."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from cryptography.hazmat.primitives import hashes

from ansible_collections.certops.acm.plugins.module_utils._web_host.tls.handshake import Endpoint, look
from ansible_collections.certops.acm.tests.support.pki import Pki
from ansible_collections.certops.acm.tests.support.tls_stand_in import StandIn

COLLECTION = Path(__file__).resolve().parents[2]
MODULE = COLLECTION / "plugins" / "modules" / "certificate_deployment.py"
DRIVER = COLLECTION / "tests" / "support" / "killed_module.py"
WWW, API = "www.example.com", "api.example.com"
LIMIT_S = 300
Answer = dict[str, t.Any]


def issue(*names: str, kind: str = "ec") -> dict[str, t.Any]:
    """A self-signed certificate as the module takes it, and its fingerprint."""
    pki = Pki()
    pair = pki.issue(names[0], key=pki.key("P-256" if kind == "ec" else "2048"), names=names, days=2)
    return {
        "name": names[0].replace("*", "wildcard"),
        "certificate": pair.pem,
        "private_key": pair.key_pem,
        "fingerprint": pair.certificate.fingerprint(hashes.SHA256()).hex(),
    }


class Host:
    """A host in FOLDER. first: the certificates that its server serves after begin()."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.acm = folder / "acm"
        self.server = StandIn(folder / "server", {name: str(self.acm / name / "live") for name in (WWW, API)})
        self.first: list[dict[str, t.Any]] = []

    def begin(self) -> None:
        self.first = [issue(WWW), issue(API)]
        answer = self.run(*self.first, when_stopped="start")
        assert not answer.get("failed"), answer

    def arguments(self, *certificates: dict[str, t.Any], **options: t.Any) -> dict[str, t.Any]:
        return {
            "path": str(self.acm),
            "certificates": [{k: v for k, v in each.items() if k != "fingerprint"} for each in certificates],
            "services": [self.server.service()],
            "host_name": "web1",
            "timeout": 2,
            "steady_for": 0.05,
            **options,
        }

    def start(
        self,
        *certificates: dict[str, t.Any],
        check: bool = False,
        environment: t.Mapping[str, str] | None = None,
        **options: t.Any,
    ) -> subprocess.Popen[str]:
        """Start a run; with an ENVIRONMENT, under killed_module.py, which reads it."""
        arguments = self.arguments(*certificates, **options)
        arguments.update(_ansible_check_mode=check, _ansible_diff=True)
        words = [sys.executable, *([str(DRIVER)] if environment is not None else []), str(MODULE)]
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(COLLECTION.parents[2]), **(environment or {})},
            text=True,
        )
        assert process.stdin
        process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
        process.stdin.close()
        process.stdin = None
        return process

    def run(self, *certificates: dict[str, t.Any], **options: t.Any) -> Answer:
        """The module's answer, which contains no certificate or key; empty if it was killed."""
        output, errors = self.start(*certificates, **options).communicate(timeout=LIMIT_S)
        assert output or options.get("environment") is not None, errors
        for each in certificates:
            for line in [*each.get("private_key", "").splitlines()[1:-1], *each["certificate"].splitlines()[1:-1]]:
                assert line not in output + errors
        return t.cast(Answer, json.loads(output or "{}"))

    def served(self, name: str = WWW) -> str:
        return look(Endpoint("127.0.0.1", self.server.port, name), 10).leaf.fingerprint

    def live(self, name: str = WWW) -> str:
        return os.readlink(self.acm / name / "live")

    def on_disk(self, name: str = WWW) -> str:
        """The fingerprint of the certificate in the live set; its key must match."""
        live = (self.acm / name / "live").resolve()
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(live / "fullchain.pem", live / "privkey.pem")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert((live / "fullchain.pem").read_text())).hexdigest()

    def leftovers(self) -> list[str]:
        """Files that may be there only while a run is in progress."""
        wanted = (
            "**/.new-*",
            "**/.old-*",
            "**/.live-new",
            "**/*.acm-new",
            ".deployment/journal.json",
            ".deployment/backup-*",
        )
        return [str(path.relative_to(self.acm)) for pattern in wanted for path in self.acm.glob(pattern)]


def without_key(certificate: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: value for name, value in certificate.items() if name != "private_key"}


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear."
        time.sleep(0.02)
