# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No result of a renewal run, as callbacks record it, holds a passphrase, a private key or what opens a channel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.certops.acm.tests.support.programs import COLLECTION, environment
from ansible_collections.certops.acm.tests.support.unattended import NAME, make_authority, write_inventory

LIMIT_S = 400
PASSPHRASE, TOKEN = "Passw0rd-of-the-pkcs12", "T0KEN-of-the-webhook"


@pytest.mark.parametrize("verbosity", [[], ["-vvv"]], ids=["quiet", "vvv"])
def test_no_recorded_result_has_a_secret(tmp_path: Path, verbosity: list[str]) -> None:
    make_authority(tmp_path / "authority")
    inventory = write_inventory(
        tmp_path,
        acm_deploy_authority=str(tmp_path / "authority"),
        acm_deploy_certificates=[{"domain_name": NAME, "pkcs12_passphrase": PASSPHRASE, "files": ["pkcs12", "key"]}],
        acm_deploy_renewals_channels=[
            {"name": "people", "type": "webhook", "url": f"http://127.0.0.1:9/{TOKEN}", "headers": {"X-Key": TOKEN}}
        ],
    )
    recorded = tmp_path / "recorded"
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "certops.acm.renew",
            "-i",
            str(inventory),
            *verbosity,
        ],
        env=environment(
            {
                "ANSIBLE_CALLBACK_PLUGINS": str(COLLECTION / "tests" / "support" / "callbacks"),
                "ANSIBLE_CALLBACKS_ENABLED": "record_all",
                "RECORD_ALL": str(recorded),
            }
        ),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 2 and "The channel people did not get" in done.stdout, done.stdout
    assert (tmp_path / "certificates" / NAME / "live" / "bundle.p12").exists()
    shown = recorded.read_text(encoding="utf-8")
    assert "Sum up" in shown
    for secret in (PASSPHRASE, TOKEN, "PRIVATE KEY-----"):
        told = [line[:120] for line in shown.splitlines() if secret in line]
        assert told == []
        assert secret not in done.stdout
