# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules write to the system's log when their secrets are in a list, and which log lines are warnings."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible_collections.certops.acm.plugins.module_utils._ansible.secret_module import log_as_warnings
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing import validation

PASSPHRASE = 'it\'s a "secret\\phrase"'


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []

    def log(_module: Any, message: str, log_args: Any = None) -> None:
        lines.append(f"{message} {log_args}")

    monkeypatch.setattr(basic.AnsibleModule, "log", log)
    return lines


def check(lines: list[str], result: dict[str, Any], pair: Any) -> None:
    assert any("Invoked with" in line and "www.example.com" in line for line in lines)
    for secret in (*pair.key_pem.splitlines()[1:-1], PASSPHRASE, "secret\\phrase", "secret\\\\phrase"):
        assert not [line for line in lines if secret in line]
        assert secret not in json.dumps(result)


def test_keys_and_passphrases_of_acm_import(run_module: Any, pki: Any, tmp_path: Path, logged: list[str]) -> None:
    pair = pki.leaf()
    items = [
        {"certificate": pair.pem, "private_key": pair.key_pem, "name_tag": "www.example.com"},
        {"bundle": pair.pem + pair.key_pem, "passphrase": PASSPHRASE},
    ]
    check(logged, run_module("acm_import", {"authority": str(tmp_path / "none"), "certificates": items}), pair)


def test_passphrases_of_acm_export(run_module: Any, pki: Any, tmp_path: Path, logged: list[str]) -> None:
    items = [{"domain_name": "www.example.com", "passphrase": PASSPHRASE}]
    check(logged, run_module("acm_export", {"authority": str(tmp_path / "none"), "certificates": items}), pki.leaf())


def test_keys_of_certificate_bundle(run_module: Any, pki: Any, tmp_path: Path, logged: list[str]) -> None:
    pair = pki.leaf()
    items = [{"name": "www.example.com", "certificate": pair.pem, "private_key": pair.key_pem, "chain": pair.chain_pem}]
    result = run_module(
        "certificate_bundle", {"path": str(tmp_path), "certificates": items, "_ansible_check_mode": True}
    )
    assert result["changed"]
    check(logged, result, pair)


def test_only_our_own_warnings_are_logged() -> None:
    heard: list[str] = []
    ours = validation.log
    with log_as_warnings(heard.append):
        ours.warning("The mail for %s was not sent.", "www.example.com")
        ours.info("too small to mention")
        logging.getLogger("botocore").warning("not ours")
    ours.warning("too late")
    assert heard == ["The mail for www.example.com was not sent."]
