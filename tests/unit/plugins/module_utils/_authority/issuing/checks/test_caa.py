# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What CAA records mean for a request; the records' own rules are tested in _net/test_caa.py."""

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.issuing.checks import caa
from ansible_collections.certops.acm.plugins.module_utils._net.resolver import CaaRecord, Lookup, Resolver
from ansible_collections.certops.acm.plugins.module_utils._rules.names import ACM_ISSUERS
from ansible_collections.certops.acm.tests.support.name_server import silent_server

ZONES = {
    "ours.test": [CaaRecord(False, "issue", "amazon.com")],
    "nobody.test": [CaaRecord(False, "issue", ";")],
    "wild.test": [CaaRecord(False, "issue", "amazon.com"), CaaRecord(False, "issuewild", ";")],
}


class Zones:
    """Answers from ZONES; broken.test has a name server that fails."""

    def lookup(self, name: str, rdtype: str) -> Lookup:
        assert rdtype == "CAA"
        if name == "broken.test":
            return Lookup("SERVFAIL", detail="The name servers of broken.test fail.")
        records = ZONES.get(name)
        return Lookup("NOERROR", tuple(records)) if records else Lookup("NODATA")


@pytest.mark.parametrize(
    ("name", "wildcard", "status", "reason"),
    [
        ("www.free.test", False, "SUCCESS", None),
        ("www.ours.test", False, "SUCCESS", None),
        ("www.nobody.test", False, "FAILED", "CAA_ERROR"),
        ("wild.test", False, "SUCCESS", None),
        ("wild.test", True, "FAILED", "CAA_ERROR"),
        ("*.wild.test", True, "FAILED", "CAA_ERROR"),
        ("www.broken.test", False, "PENDING", None),  # not a permission, but no reason to end the request either
    ],
)
def test_the_verdict(name: str, wildcard: bool, status: str, reason: str | None) -> None:
    verdict = caa.check(name, list(ACM_ISSUERS), wildcard, Zones())
    assert (verdict.status, verdict.reason) == (status, reason)
    assert verdict.detail.endswith(".")


def test_a_missing_answer_does_not_permit_issuance() -> None:
    with silent_server() as silent:
        verdict = caa.check("www.example.com", list(ACM_ISSUERS), False, Resolver([silent], timeout_s=0.1))
    assert verdict.status == "PENDING" and silent in verdict.detail
