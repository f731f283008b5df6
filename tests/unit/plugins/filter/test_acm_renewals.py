# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the filter adds to the rules that it calls: what makes a run fail, and what it says of a wrong policy."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.certops.acm.plugins.filter.acm_renewals import acm_renewals

ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/one"
NAME = "www.example.com"
ISSUED = {"certificate_arn": ARN, "domain_name": NAME, "serial": "aa", "status": "ISSUED"}


def run_of(**members: t.Any) -> dict[str, t.Any]:
    """A run over two hosts that deploy one certificate; `web-2` does not answer."""
    return {
        "started_at": "2027-01-04T06:00:00Z",
        "memory": acm_renewals(None, "memory"),
        "problems": [],
        "listing": [ISSUED],
        "hosts": {"web-1": [{"domain_name": NAME}], "web-2": [{"domain_name": NAME}]},
        "reads": {NAME: ISSUED},
        "lost": [],
        "outcomes": {
            "web-1": {"started_at": "2027-01-04T06:00:00Z", "reachable": True, "failures": [], "done": []},
            "web-2": {"started_at": "2027-01-04T06:00:00Z", "reachable": False, "failures": [], "done": []},
        },
        **members,
    }


def test_a_run_fails_for_what_is_not_done_and_for_what_nobody_was_told() -> None:
    assert "web-2 did not answer, and lacks www.example.com." in acm_renewals(run_of(), "undone", [])
    well = run_of(hosts={}, outcomes={})
    assert acm_renewals(well, "undone", [{"changed": True}]) == []
    undelivered = {"undelivered": [{"key": "expired x", "channel": "chat", "reason": "HTTP 403"}]}
    tasks = [undelivered, {"failed": True, "msg": "The disk is full."}]
    assert acm_renewals({**well, "problems": ["No queue."]}, "undone", tasks) == [
        "No queue.",
        "The disk is full.",
        "expired x was not told by chat: HTTP 403",
    ]


def test_a_wrong_policy_is_a_sentence() -> None:
    with pytest.raises(AnsibleFilterError, match="renew_before"):
        acm_renewals({"renew_before": "soon"}, "policy")
