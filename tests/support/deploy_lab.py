# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays with the role acm_deploy: authorities, and hosts that are folders of this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

from ansible_collections.certops.acm.tests.support.programs import finish

SERVICE = {"name": "own", "ports": [], "reload_command": ["true"]}
ROLE = {"ansible.builtin.include_role": {"name": "certops.acm.acm_deploy"}}
Play = t.Dict[str, t.Any]


class Lab:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hosts: dict[str, dict[str, t.Any]] = {}
        self.everywhere: dict[str, t.Any] = {}  # variables of the group all, which apply to the controller too
        self.environment: dict[str, str] = {}

    def issue(self, authority: str, *names: str) -> str:
        """Issue these certificates; returns the path of the authority, whose CA has the same name."""
        path = str(self.folder / authority)
        cas = [{"name": authority, "key_algorithm": "EC_prime256v1"}]
        made = self.module("acm_authority", path=path, certificate_authorities=cas)
        if names:
            (ca,) = made["authority"]["certificate_authorities"]
            wanted = [{"domain_name": name} for name in names]
            self.request(path, *wanted, ca=ca["arn"], key_algorithm="EC_prime256v1")
        return path

    def request(self, authority: str, *certificates: dict[str, t.Any], ca: str, key_algorithm: str) -> list[str]:
        """The ARNs of the issued certificates."""
        common = {"certificate_authority_arn": ca, "key_algorithm": key_algorithm}
        wanted = [{**common, **certificate} for certificate in certificates]
        done = self.module("acm_certificate", authority=authority, certificates=wanted, wait=True)
        return [each["certificate_arn"] for each in done["certificates"]]

    def renew(self, authority: str, *arns: str) -> None:
        wanted = [{"certificate_arn": arn} for arn in arns]
        self.module("acm_certificate", authority=authority, certificates=wanted, force_renewal=True, wait=True)

    def host(self, name: str, **variables: t.Any) -> None:
        self.hosts[name] = {"acm_deploy_path": str(self.folder / name), **variables}

    def run(self, *plays: Play, options: t.Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        path = self.folder / "play.yml"
        path.write_text(json.dumps([{"gather_facts": False, **play} for play in plays]), encoding="utf-8")
        return self._ansible("ansible-playbook", *options, str(path))

    def module(self, name: str, **arguments: t.Any) -> dict[str, t.Any]:
        """Run a module on the controller and return its result; AssertionError if it fails."""
        words = ["-m", f"certops.acm.{name}", "-a", json.dumps(arguments)]
        done = self._ansible("ansible", "localhost", *words, "-e", f"ansible_python_interpreter={sys.executable}")
        assert done.returncode == 0, done.stdout
        return dict(json.loads(done.stdout[done.stdout.index("{") :]))

    def version(self) -> str:
        return self._ansible("ansible", "--version").stdout

    def _ansible(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        common = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "acm_deploy_services": [SERVICE],
        }
        inventory = {"all": {"vars": self.everywhere, "children": {"web": {"hosts": self.hosts, "vars": common}}}}
        (self.folder / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
        words = [program, "-i", str(self.folder / "hosts.json"), *words]
        return finish(words, self.folder, {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json", **self.environment})

    def live(self, host: str, name: str) -> Path:
        return self.folder / host / name / "live"

    def issuer(self, host: str, name: str) -> str:
        words = ["openssl", "x509", "-noout", "-issuer", "-in", str(self.live(host, name) / "fullchain.pem")]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout
