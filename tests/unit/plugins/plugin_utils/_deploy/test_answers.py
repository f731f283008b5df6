# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host's answer is used only if it is one that certificate_deployment gives."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.answers import fault_of, has_answered, lacking_keys

READ = {
    "serial": "01:02",
    "fingerprint": "aa",
    "not_before": "2026-11-01T00:00:00Z",
    "not_after": "2027-11-01T00:00:00Z",
}
HOST: dict[str, Any] = {
    "name": "web1",
    "fault": "",
    "certificates": [{"identity": "www.example.com", "folder": "www.example.com"}],
    "services": [{"name": "nginx"}],
    "read": {"www.example.com": READ},
}
BUNDLE = {"name": "www.example.com", "changed": False, "swapped": False, "needs_key": True, **READ}
LINE = {
    "service": "nginx",
    "name": "www.example.com",
    "path": "/etc/acm/www.example.com/live",
    "ports": [443],
    "server_names": ["www.example.com"],
    "old_serial": None,
    "new_serial": "01:02",
    "old_public_key_fingerprint": None,
    "new_public_key_fingerprint": "cc",
    "not_after": "2027-11-01T00:00:00Z",
    "changed": False,
    "running": True,
    "served": True,
    "state": "served",
    "sentence": "nginx serves it.",
}


def answer(line: dict[str, Any] | None = None, bundle: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    lines, bundles = [{**LINE, **(line or {})}], [{**BUNDLE, **(bundle or {})}]
    return {"due": True, "needs_key": True, "bundles": bundles, "summary": lines, "sentences": [], **more}


def test_a_good_answer_is_used() -> None:
    assert fault_of(answer(), HOST) == "" and lacking_keys(HOST, answer()) == {"www.example.com"}


@pytest.mark.parametrize(
    ("odd", "where"),
    [
        (answer(due="yes"), "due"),
        (answer(bundles=[]), "bundles"),
        (answer(bundles="none"), "bundles"),
        (answer(bundle={"name": "api.example.com"}), "bundles"),
        (answer(bundle={"needs_key": "no"}), r"bundles\[0\].needs_key"),
        (answer(bundle={"not_after": "soon"}), r"bundles\[0\].not_after"),
        (answer(bundle={"not_after": "2027-99-01T00:00:00Z"}), r"bundles\[0\].not_after"),
        (answer(bundle={"not_after": "2037-11-01T00:00:00Z"}), r"bundles\[0\].not_after"),
        (answer(bundle={"serial": "03"}), r"bundles\[0\].serial"),
        (answer(bundle={"fingerprint": "bb"}), r"bundles\[0\].fingerprint"),
        (answer(line={"not_after": "2026-11-31"}), r"summary\[0\].not_after"),
        (answer(line={"name": "other"}), r"summary\[0\]"),
        (answer(line={"service": "other"}), r"summary\[0\]"),
        (answer(line={"ports": ["443"]}), r"summary\[0\].ports"),
        (answer(line={"ports": [0]}), r"summary\[0\].ports"),
        (answer(line={"served": None}), r"summary\[0\].served"),
        (answer(line={"sentence": "x" * 5000}), r"summary\[0\].sentence"),
        (answer(sentences=[1]), "sentences"),
    ],
)
def test_an_unexpected_answer_is_refused_and_gets_no_key(odd: dict[str, Any], where: str) -> None:
    fault = fault_of(odd, HOST)
    assert fault.startswith("web1 returned something that certificate_deployment never returns (")
    assert f"({where})".replace("\\", "") in fault and lacking_keys(HOST, odd) == set()


@pytest.mark.parametrize(
    "silence", [{}, {"skipped": True}, {"unreachable": True, "due": True}, {"msg": "MODULE FAILURE"}, None]
)
def test_a_host_without_an_answer(silence: Any) -> None:
    assert not has_answered(silence) and lacking_keys(HOST, silence) == set()
