# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same targets with the same assertions, on an ACM that is remote, has AWS's rate limits, and sometimes fails."""

from __future__ import annotations

import collections
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.certops.acm.tests.integration import test_targets
from ansible_collections.certops.acm.tests.support.acm_endpoint import RATES, acm_endpoint

NO_SEARCH = {"deny": ["SearchCertificates"], "unknown": ["GetResources"]}
OLD_REGION = {"unknown": ["SearchCertificates"], "deny": ["GetResources"]}
BACKENDS: dict[str, dict[str, Any]] = {
    "faulty": {"latency_s": 0.01, "throttle_share": 0.3, "drop_share": 0.05, "rates": RATES, "is_signed": True},
    "no-search": {"latency_s": 0.002, **NO_SEARCH},
    "old-region": {"latency_s": 0.002, **OLD_REGION},
}


TARGETS = ("acm_certificate", "acm_certificate_info", "acm_import", "acm_export")


@pytest.mark.parametrize(
    ("target", "backend"),
    [(target, "faulty") for target in TARGETS]
    + [(target, backend) for target in TARGETS[:2] for backend in ("no-search", "old-region")],
)
def test_target(target: str, backend: str, tmp_path: Path) -> None:
    authority = tmp_path / "authority"
    with acm_endpoint(authority, **BACKENDS[backend]) as acm:
        variables = {"acm_backend": backend, "acm_connection": acm.connection, "acm_authority_path": str(authority)}
        test_targets.run_target(target, tmp_path, variables)
        outcomes = collections.Counter(call.outcome for call in acm.calls)
    assert outcomes["ok"] > 20
    if backend == "faulty":
        assert outcomes["ThrottlingException"] > 3 and outcomes["dropped"] > 0
    else:
        assert acm.count("ListCertificates", "ok") > 5
        assert acm.count("SearchCertificates", "ok") == acm.count("GetResources", "ok") == 0
