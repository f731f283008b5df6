# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of all unit tests of plugins: `pki`, keys and certificates, made once a session; `moto`; `run_module`."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from moto import mock_aws

from ansible_collections.certops.acm.tests.support.pki import Pki


@pytest.fixture(scope="session")
def pki() -> Pki:
    return Pki()


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS in memory, with credentials in the environment."""
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a module of this collection as Ansible does, in this process: (name, arguments) → what it prints."""

    def run(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        module = importlib.import_module(f"ansible_collections.certops.acm.plugins.modules.{name}")
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        # Where a test imported Ansible's controller, warnings would go to its display rather than into the result.
        if internal := sys.modules.get("ansible.module_utils._internal"):  # ansible-core 2.19 and newer
            monkeypatch.setattr(internal, "is_controller", False)
        warnings._global_warnings.clear()  # those of the module that ran before, in this same process
        capsys.readouterr()
        with pytest.raises(SystemExit):
            module.main()
        return dict(json.loads(capsys.readouterr().out))

    return run
