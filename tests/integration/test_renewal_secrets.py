# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No recorded result of a renewal run contains a passphrase, a private key or the secret of a channel."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.support.older_core import OLDER, python_path
from ansible_collections.certops.acm.tests.support.programs import COLLECTION, finish
from ansible_collections.certops.acm.tests.support.unattended import NAME, make_authority

LIMIT_S = 400
PASSPHRASES = {f"web{number}": f"Passw0rd-of-web{number}" for number in (1, 2, 3)}
TOKEN, PASSWORD = "T0KEN-of-the-webhook", "Passw0rd-of-the-mail-server"


@pytest.fixture(name="older_core", scope="module")
def fixture_older_core(tmp_path_factory: pytest.TempPathFactory) -> str:
    return python_path(tmp_path_factory.mktemp("core"))


def write_site(folder: Path) -> Path:
    """Two hosts where all goes well and one whose reload fails, each with a passphrase of its own; channels that fail."""
    entry = {"domain_name": NAME, "files": ["pkcs12", "key"], "pkcs12_passphrase": "{{ sealed_with }}"}
    service = {"name": "app", "ports": [], "reload_command": ["true"]}
    hosts = {
        host: {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "acm_deploy_path": str(folder / host),
            "acm_deploy_services": [{**service, "reload_command": ["false" if host == "web3" else "true"]}],
            "sealed_with": passphrase,
        }
        for host, passphrase in PASSPHRASES.items()
    }
    variables = {
        "acm_deploy_become": False,
        "acm_deploy_serial": "100%",
        "acm_deploy_authority": str(folder / "authority"),
        "acm_deploy_certificates": [entry],
        "acm_deploy_renewals_path": str(folder / "state"),
        "acm_deploy_renewals_channels": [
            {"name": "people", "type": "webhook", "url": f"http://127.0.0.1:9/{TOKEN}", "headers": {"X-Key": TOKEN}},
            {
                "name": "mail",
                "type": "mail",
                "host": "127.0.0.1",
                "port": 9,
                "security": "starttls",
                "username": "certops",
                "password": PASSWORD,
                "sender": "certops@corp.test",
                "recipients": ["team@corp.test"],
            },
        ],
    }
    inventory = folder / "hosts.json"
    inventory.write_text(json.dumps({"web": {"hosts": hosts, "vars": variables}}), encoding="utf-8")
    return inventory


@pytest.mark.parametrize("verbosity", [[], ["-v"], ["-vvvv"]], ids=["quiet", "v", "vvvv"])
@pytest.mark.parametrize("core", ["installed", OLDER])
def test_no_recorded_result_contains_a_secret(
    tmp_path: Path, core: str, verbosity: list[str], request: pytest.FixtureRequest
) -> None:
    make_authority(tmp_path / "authority")
    inventory = write_site(tmp_path)
    recorded = tmp_path / "recorded"
    variables = {
        "ANSIBLE_CALLBACK_PLUGINS": str(COLLECTION / "tests" / "support" / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "record_all",
        "RECORD_ALL": str(recorded),
    }
    if core == OLDER:
        variables["PYTHONPATH"] = request.getfixturevalue("older_core")
    words = ["ansible-playbook", "certops.acm.renew", "-i", str(inventory), "--forks", "3", "--diff", *verbosity]
    done = finish(words, tmp_path, variables, LIMIT_S)
    said = " ".join(done.stdout.split())
    assert done.returncode == 2 and "The channel people did not get" in said, done.stdout
    assert "The channel mail did not get" in said and "web3: www.corp.test could not be deployed" in said, done.stdout
    sealed = [(tmp_path / host / NAME / "live" / "bundle.p12").read_bytes() for host in ("web1", "web2")]
    keys = [
        (tmp_path / host / NAME / "live" / "privkey.pem").read_text(encoding="utf-8").splitlines()[2]
        for host in ("web1", "web2")
    ]
    shown = recorded.read_text(encoding="utf-8")
    assert "Sum up" in shown and all(f"hostvars of {host}" in shown for host in PASSPHRASES)
    of_files = [*keys, *(base64.b64encode(each)[:80].decode() for each in sealed)]
    for secret in (*PASSPHRASES.values(), TOKEN, PASSWORD, "PRIVATE KEY-----", *of_files):
        assert [line[:120] for line in shown.splitlines() if secret in line] == []
        assert secret not in done.stdout
