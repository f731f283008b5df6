# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No recorded result of a deployment, and no variable that it leaves behind, contains a key or a passphrase."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from ansible_collections.certops.acm.tests.support.deploy_lab import ROLE, SERVICE, Lab
from ansible_collections.certops.acm.tests.support.older_core import OLDER, python_path
from ansible_collections.certops.acm.tests.support.programs import COLLECTION

NAME, PASSPHRASE = "www.example.com", "Passw0rd-of-the-pkcs12"


@pytest.fixture(name="older_core", scope="module")
def fixture_older_core(tmp_path_factory: pytest.TempPathFactory) -> str:
    return python_path(tmp_path_factory.mktemp("core"))


@pytest.mark.parametrize("verbosity", [[], ["-vvvv"]], ids=["quiet", "vvvv"])
@pytest.mark.parametrize("core", ["installed", OLDER])
def test_nothing_recorded_contains_a_secret(
    tmp_path: Path, core: str, verbosity: list[str], request: pytest.FixtureRequest
) -> None:
    """One host where all goes well, one whose reload fails, and one that wants a certificate missing from ACM."""
    lab = Lab(tmp_path)
    authority = lab.issue("one", NAME)
    entry = {"domain_name": NAME, "pkcs12_passphrase": PASSPHRASE, "files": ["pkcs12", "key", "fullchain"]}
    lab.host("web1", acm_deploy_certificates=[entry])
    lab.host("web2", acm_deploy_certificates=[entry], acm_deploy_services=[{**SERVICE, "reload_command": ["false"]}])
    lab.host("web3", acm_deploy_certificates=[entry, {"domain_name": "nowhere.example.com"}])
    lab.host("web4", acm_deploy_certificates=[{"domain_name": NAME}])
    recorded = tmp_path / "recorded"
    lab.environment = {
        "ANSIBLE_CALLBACK_PLUGINS": str(COLLECTION / "tests" / "support" / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "record_all",
        "RECORD_ALL": str(recorded),
    }
    if core == OLDER:
        lab.environment["PYTHONPATH"] = request.getfixturevalue("older_core")
        assert f"core {OLDER}." in lab.version()
    done = lab.run({"hosts": "web", "vars": {"acm_deploy_authority": authority}, "tasks": [ROLE]}, options=verbosity)
    assert done.returncode == 2, done.stdout
    for host, outcome in (("web1", "failed=0"), ("web2", "failed=1"), ("web3", "failed=1"), ("web4", "failed=0")):
        (line,) = [line for line in done.stdout.splitlines() if line.startswith(f"{host} ") and "unreachable=" in line]
        assert outcome in line, done.stdout

    keys = [path.read_text(encoding="utf-8").splitlines()[2] for path in tmp_path.glob("web*/*/live/privkey.pem")]
    sealed = [base64.b64encode(path.read_bytes())[:80].decode() for path in tmp_path.glob("web*/*/live/bundle.p12")]
    assert len(keys) == 3 and len(sealed) == 2
    shown = recorded.read_text(encoding="utf-8")
    assert all(f"hostvars of web{number}" in shown for number in range(1, 5)) and "Export the keys" in shown
    for secret in (PASSPHRASE, "PRIVATE KEY-----", *keys, *sealed):
        assert [line[:120] for line in shown.splitlines() if secret in line] == []
        assert secret not in done.stdout


def test_a_pkcs12_is_recreated_only_for_a_different_alias(tmp_path: Path) -> None:
    """From the role's option through the export to the set on the host, as OpenSSL reads it."""
    lab = Lab(tmp_path)
    authority = lab.issue("one", NAME)
    entry = {"domain_name": NAME, "pkcs12_passphrase": PASSPHRASE, "files": ["pkcs12"]}
    play = {"hosts": "web", "vars": {"acm_deploy_authority": authority}, "tasks": [ROLE]}
    store = tmp_path / "web1" / NAME / "live" / "bundle.p12"
    before = b""
    for form, alias in (({}, NAME), ({"pkcs12_alias": "tomcat", "pkcs12_legacy": True}, "tomcat")):
        lab.host("web1", acm_deploy_certificates=[{**entry, **form}])
        done = lab.run(play)
        assert done.returncode == 0 and store.read_bytes() != before, done.stdout
        before = store.read_bytes()
        command = [
            "openssl",
            "pkcs12",
            "-legacy",
            "-in",
            str(store),
            "-passin",
            f"pass:{PASSPHRASE}",
            "-nokeys",
            "-info",
        ]
        shown = subprocess.run(command, capture_output=True, text=True, check=True)
        assert f"friendlyName: {alias}" in shown.stdout
        assert ("TripleDES" in shown.stderr) is bool(form)
        again = lab.run(play)
        assert again.returncode == 0 and store.read_bytes() == before, again.stdout
