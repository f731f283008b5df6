# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every failure of every module has one sentence, a code and an operation (docs/developing/errors.md)."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

MODULES = Path(__file__).resolve().parents[4] / "plugins" / "modules"
NOWHERE = "/nowhere/at/all"
ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-4000-8000-000000000000"
ENDPOINT = {"host": "127.0.0.1", "port": 1}
# What fails in a module after its options were accepted, and the error code.
FAULTS: dict[str, tuple[dict[str, t.Any], str]] = {
    "acm_alert": (
        {
            "alerts": [{"key": "a", "kind": "expired", "title": "It has expired"}],
            "channels": [{"name": "hook", "type": "webhook", "url": "http://127.0.0.1:1/"}],
            "max_attempts": 1,
            "fail_on_error": True,
            "region": "eu-central-1",
        },
        "Undelivered",
    ),
    "acm_authority": ({"path": NOWHERE, "region": "nowhere"}, "InvalidInput"),
    "acm_authority_records_info": ({"path": NOWHERE}, "InvalidInput"),
    "acm_certificate": ({"authority": NOWHERE, "domain_name": "www.example.com"}, "InvalidInput"),
    "acm_certificate_info": ({"authority": NOWHERE}, "InvalidInput"),
    "acm_export": ({"authority": NOWHERE, "certificate_arn": ARN}, "InvalidInput"),
    "acm_import": ({"authority": NOWHERE, "certificate": "text", "private_key": "text"}, "InvalidMaterial"),
    "acm_notification_queue": ({"authority": NOWHERE}, "InvalidInput"),
    "acm_notifications": ({"authority": NOWHERE}, "InvalidInput"),
    "acm_renewals_memory": ({"path": NOWHERE, "name": "a/b", "memory": {}}, "InvalidInput"),
    "certificate_bundle": ({"path": NOWHERE, "certificates": [{"name": "a"}]}, "BundleFault"),
    "certificate_deployment": (
        {"path": NOWHERE, "certificates": [{"name": "a", "certificate": "text"}]},
        "DeploymentRefused",
    ),
    "haproxy_certificate": ({"socket": NOWHERE, "certificates": [NOWHERE]}, "HaproxyFault"),
    "served_certificate_info": (
        {"endpoints": [ENDPOINT], "fail_when": ["unreachable"], "wait_timeout": 0},
        "NotAsExpected",
    ),
}


@pytest.mark.parametrize("module", sorted(path.stem for path in MODULES.glob("*.py")))
def test_every_failure_keeps_the_contract(run_module: t.Any, module: str) -> None:
    arguments, code = FAULTS[module]
    for given, expected in ((arguments, code), ({**arguments, "misspelt": 1}, "InvalidInput")):
        result = run_module(module, given)
        assert result["failed"] and result["msg"].endswith((".", "?")), result
        assert {"code": expected, "operation": None}.items() <= result["error"].items()


@pytest.mark.parametrize("module", sorted(FAULTS))
def test_the_documentation_describes_the_error(module: str) -> None:
    text = (MODULES / f"{module}.py").read_text(encoding="utf-8").partition('RETURN = r"""')[2].partition('"""')[0]
    assert {"code", "operation"} <= set(yaml.safe_load(text)["error"]["contains"])
