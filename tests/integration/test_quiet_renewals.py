# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cost of a renewal run that has little to do: calls to ACM, and modules on the hosts."""

from __future__ import annotations

import collections
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from ansible_collections.certops.acm.tests.support.acm_endpoint import AcmEndpoint, acm_endpoint
from ansible_collections.certops.acm.tests.support.programs import COLLECTION, finish

LIMIT_S = 400
SKIPPED = "skipped"
HOSTS = ("web-1", "web-2", "web-3")
NAMES = ("www.corp.test", "api.corp.test")
READS = ("DescribeCertificate", "GetCertificate", "ExportCertificate")
# What Ansible does without a connection to the host.
ON_THE_CONTROLLER = {
    f"ansible.builtin.{name}"
    for name in ("assert", "debug", "include_role", "include_tasks", "set_fact", "validate_argument_spec")
} | {SKIPPED}
# Ansible puts a host through each of these, skipped ones too: its check of the role's arguments, and the role's own tasks.
TASKS_OF_A_DEPLOYMENT = 9
TASKS_OF_A_RENEWAL_RUN = 12  # what to deploy is chosen, the deployment included, and its outcome noted


class Run(NamedTuple):
    """modules: by host and name, how often each ran there, delegated ones where they were delegated to."""

    output: str
    modules: collections.Counter[tuple[str, str]]
    calls: collections.Counter[str]


class Site:
    """Three hosts that share two certificates of an ACM behind an endpoint that counts."""

    def __init__(self, folder: Path, acm: AcmEndpoint) -> None:
        self.folder, self.acm = folder, acm
        host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        hosts = {name: {**host, "acm_deploy_path": str(folder / name)} for name in HOSTS}
        variables = {
            "acm_deploy_become": False,
            "acm_deploy_region": acm.region,
            "acm_deploy_renewals_path": str(folder / "state"),
            "acm_deploy_certificates": [{"domain_name": name} for name in NAMES],
            "acm_deploy_services": [{"name": "app", "ports": [], "reload_command": ["true"]}],
        }
        (folder / "hosts.json").write_text(json.dumps({"web": {"hosts": hosts, "vars": variables}}), encoding="utf-8")

    def play(self, playbook: str, *words: str) -> Run:
        recorded = self.folder / "recorded"
        recorded.unlink(missing_ok=True)
        before = len(self.acm.calls)
        key, secret = self.acm.connection["access_key"], self.acm.connection["secret_key"]
        variables = {
            "AWS_ENDPOINT_URL": self.acm.url,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "ANSIBLE_CALLBACK_PLUGINS": str(COLLECTION / "tests" / "support" / "callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "count_modules",
            "COUNT_MODULES": str(recorded),
        }
        everywhere = ["ansible-playbook", playbook, "-i", str(self.folder / "hosts.json"), *words]
        done = finish(everywhere, self.folder, variables, LIMIT_S)
        assert done.returncode == 0, done.stdout
        ran = [tuple(line.split()) for line in recorded.read_text(encoding="utf-8").splitlines()]
        calls = collections.Counter(call.operation for call in self.acm.calls[before:])
        return Run(done.stdout, collections.Counter((host, module) for host, module in ran), calls)


@pytest.fixture(name="site", scope="module")
def fixture_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("quiet")
    with acm_endpoint(folder / "authority") as acm:
        ca = acm.authority.cas.private("corp", key_algorithm="EC_prime256v1").arn
        for name in NAMES:
            wanted = {"DomainName": name, "CertificateAuthorityArn": ca, "KeyAlgorithm": "EC_prime256v1"}
            acm.client().request_certificate(**wanted)
        site = Site(folder, acm)
        site.play("certops.acm.renew")
        yield site


def test_nothing_is_read_twice(site: Site) -> None:
    run = site.play("certops.acm.renew", "-e", "acm_deploy_serial=1")  # three batches of hosts
    assert {name: run.calls[name] for name in READS} == {
        "DescribeCertificate": 0,
        "GetCertificate": len(NAMES),
        "ExportCertificate": 0,
    }
    assert run.calls["SearchCertificates"] == 2, "to list them all, and to find those that the hosts want"


def test_a_host_with_nothing_due_runs_no_more_than_in_a_deployment(site: Site) -> None:
    renewed, deployed = site.play("certops.acm.renew"), site.play("certops.acm.deploy")
    for host in HOSTS:
        for run in (renewed, deployed):
            there = {module: count for (name, module), count in run.modules.items() if name == host}
            on_the_host = {module: count for module, count in there.items() if module not in ON_THE_CONTROLLER}
            assert on_the_host == {"certops.acm.certificate_deployment": 1}


def test_a_host_goes_through_few_tasks(site: Site) -> None:
    renewed, deployed = site.play("certops.acm.renew"), site.play("certops.acm.deploy")
    for host in HOSTS[2:]:  # those before it are the first of a wave, which asks for all of it
        for run, most in ((renewed, TASKS_OF_A_RENEWAL_RUN), (deployed, TASKS_OF_A_DEPLOYMENT)):
            assert sum(count for (name, _module), count in run.modules.items() if name == host) == most


def test_after_a_renewal_only_renewed_certificates_are_read_again(site: Site) -> None:
    due = ["-e", "acm_deploy_renewals_renew_before=99.99999%", "-e", "acm_deploy_renewals_forced_a_day=1"]
    run = site.play("certops.acm.renew", *due)
    assert run.calls["RenewCertificate"] == 1
    assert f"6 of 6 certificates on {len(HOSTS)} hosts are up to date with ACM." in " ".join(run.output.split())
    assert run.calls["ExportCertificate"] == 1
    assert run.calls["GetCertificate"] == len(NAMES) + 1
