# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.plugin_utils._renewals import plan
from ansible_collections.certops.acm.plugins.plugin_utils._renewals.policy import read_policy
from ansible_collections.certops.acm.tests.support.renewal_facts import (
    NOW,
    arn,
    iso,
    make_certificate,
    make_done,
    make_known,
    make_memory,
    make_read,
)

CLOSED = {"start": "01:00", "end": "02:00"}  # it is noon


def force(listing: list[dict[str, Any]], memory: dict[str, Any] | None = None, **options: Any) -> plan.Forced:
    policy = read_policy({"renew_before": "30", **options})
    deployed = {one["certificate_arn"] for one in listing if one["domain_name"] != "elsewhere.example.com"}
    return plan.choose_forced(listing, deployed, memory or make_memory(), policy, NOW)


@pytest.mark.parametrize(
    ("members", "options", "is_due", "why"),
    [
        ({"left": 31}, {}, False, None),
        ({"left": 29}, {}, True, None),
        ({"left": 29}, {"renew_before": ""}, False, None),
        ({"left": 29, "type": "PRIVATE", "options": None}, {}, True, None),
        ({"left": 29, "options": {"export": "DISABLED"}}, {}, False, None),
        ({"left": 29, "type": "IMPORTED"}, {}, False, None),
        ({"left": 29, "domain_name": "elsewhere.example.com"}, {}, False, None),
        ({"left": 29, "status": "REVOKED"}, {}, False, None),
        ({"left": -1}, {}, False, None),
        ({"left": 29, "exported": False}, {}, False, "after its first export"),
        ({"left": 29, "renewal_summary": {"renewal_status": "PENDING_VALIDATION"}}, {}, False, "under way"),
        ({"left": 29, "renewal_summary": {"renewal_status": "FAILED"}}, {}, True, None),
        ({"left": 29}, {"maintenance_window": CLOSED}, False, "window is closed"),
        ({"left": 6}, {"maintenance_window": CLOSED}, True, None),
        ({"left": 29}, {"maintenance_window": CLOSED, "urgent_before": "10%"}, True, None),
        ({"left": 29}, {"forced_a_day": 0}, False, "0 renewals were forced"),
        ({"left": 14, "lifetime": 47}, {"renew_before": "33%"}, True, None),
        ({"left": 16, "lifetime": 47}, {"renew_before": "33%"}, False, None),
    ],
)
def test_forced(members: dict[str, Any], options: dict[str, Any], is_due: bool, why: str | None) -> None:
    one = make_certificate(**members)
    forced = force([one], **options)
    assert forced.due == ([one["certificate_arn"]] if is_due else [])
    assert [why in said if why else said for _arn, said in forced.waiting] == ([True] if why else [])
    assert forced.wrong == []


def test_a_window_as_long_as_the_lifetime_forces_nothing_and_is_reported() -> None:
    """It would renew in every run."""
    forced = force([make_certificate(1, left=20, lifetime=25), make_certificate(2, left=20)])
    assert forced.due == [arn(2)]
    assert [(which, "25 days" in said) for which, said in forced.wrong] == [(arn(1), True)]


def test_the_cap_favours_the_soonest_to_expire_and_counts_renewals_forced_today() -> None:
    listing = [make_certificate(number, left=left) for number, left in ((1, 20), (2, 10), (3, 15), (4, 5))]
    memory = make_memory(
        forced=[
            {"arn": arn(4), "at": iso(NOW - timedelta(hours=23))},
            {"arn": arn(9), "at": iso(NOW - timedelta(hours=25))},
        ]
    )
    forced = force(listing, memory, forced_a_day=2)
    assert forced.due == [arn(2)]
    assert dict(forced.waiting) == {
        arn(4): "its renewal was forced in the last 24 hours",
        arn(3): "2 renewals were forced in the last 24 hours",
        arn(1): "2 renewals were forced in the last 24 hours",
    }


@pytest.mark.parametrize(
    ("known", "waits"),
    [
        ({}, False),  # the host has nothing yet
        ({"serial": "ff"}, True),
        ({"serial": "ff", "not_after": iso(NOW + timedelta(days=6))}, False),  # urgent
    ],
)
def test_held_back(known: dict[str, Any], waits: bool) -> None:
    one = make_certificate()
    memory = make_memory(hosts={"web": {one["certificate_arn"]: make_known(one, **known)}} if known else {})
    reads = {one["certificate_arn"]: make_read(one)}
    for window, expected in ((CLOSED, waits), ({"start": "11:00", "end": "13:00"}, False)):
        policy = read_policy({"maintenance_window": window})
        held = plan.held_back("web", [one["certificate_arn"]], reads, memory, policy, NOW)
        assert held == ([one["certificate_arn"]] if expected else [])


def test_a_current_certificate_is_not_held_back() -> None:
    """So that a damaged file is repaired at any time."""
    one = make_certificate()
    memory = make_memory(hosts={"web": {one["certificate_arn"]: make_known(one)}})
    reads = {one["certificate_arn"]: make_read(one)}
    policy = read_policy({"maintenance_window": CLOSED})
    assert plan.held_back("web", [arn(1)], reads, memory, policy, NOW) == []


def stand(outcome: dict[str, Any] | None, memory: dict[str, Any] | None = None, **read: Any) -> plan.Standing:
    one = make_certificate()
    identity = one["certificate_arn"]
    reads = {identity: {**make_read(one), **read}}
    waiting = {"web": {identity: outcome["why"]}} if outcome and "why" in outcome else {}
    outcomes = {} if waiting else {"web": outcome}
    return plan.standings({"web": [identity]}, outcomes, reads, [one], memory or make_memory(), waiting)[0]


OLD = make_memory(hosts={"web": {arn(1): {**make_known(make_certificate()), "serial": "0f"}}})
SAME = make_memory(hosts={"web": {arn(1): make_known(make_certificate())}})
DONE = {"reachable": True, "done": [make_done(make_certificate())], "failures": []}
SWAPPED = {"reachable": True, "done": [make_done(make_certificate(), swapped=True)], "failures": []}
FAILED = {"reachable": True, "done": [], "failures": [{"identities": [arn(1)], "reason": "nginx -t failed."}]}


@pytest.mark.parametrize(
    ("outcome", "memory", "state", "is_current", "was_new"),
    [
        (DONE, None, "deployed", True, False),  # the first run of renewals finds what main had deployed
        (SWAPPED, None, "deployed", True, True),
        (SWAPPED, OLD, "deployed", True, True),
        (DONE, SAME, "deployed", True, False),
        (DONE, OLD, "deployed", True, True),  # a run that was killed had deployed it, and told nobody
        (FAILED, OLD, "failed", False, False),
        (FAILED, SAME, "failed", True, False),
        (None, OLD, "unreachable", False, False),
        ({"reachable": False}, SAME, "unreachable", True, False),
        ({"reachable": False}, None, "unreachable", False, False),
        ({"why": "Closed."}, OLD, "held_back", False, False),
        ({"why": "Closed."}, SAME, "held_back", True, False),
        ({"reachable": True, "done": [], "failures": []}, SAME, "held_back", True, False),  # nobody says how it is
    ],
)
def test_standing(
    outcome: dict[str, Any] | None, memory: dict[str, Any] | None, state: str, is_current: bool, was_new: bool
) -> None:
    one = stand(outcome, memory)
    assert (one.state, one.is_current, one.was_new) == (state, is_current, was_new)


def test_a_name_is_known_in_every_spelling() -> None:
    """The inventory may have it in Unicode, and the deployment reports it as ACM spells it."""
    done = {**make_done(make_certificate()), "identity": "xn--bcher-kva.example.com"}
    reads = {"Bücher.example.com": make_read(make_certificate())}
    outcomes = {"web": {"reachable": True, "done": [done], "failures": []}}
    found = plan.standings({"web": ["Bücher.example.com"]}, outcomes, reads, [], make_memory(), {})
    assert [(one.state, one.is_current) for one in found] == [("deployed", True)]


def test_a_certificate_under_two_names_appears_once_with_what_both_services_served() -> None:
    done = make_done(make_certificate())
    silent = {"service": "mail", "reason": "It could not be seen.", "is_stopped": False}
    told = [
        {**done, "name": "for-web", "services": ["web"], "unserved": [], "swapped": True},
        {**done, "name": "for-mail", "services": [], "unserved": [silent], "swapped": False},
    ]
    outcomes = {"web": {"reachable": True, "done": told, "failures": []}}
    reads = {arn(1): make_read(make_certificate())}
    (one,) = plan.standings({"web": [arn(1), arn(1)]}, outcomes, reads, [], make_memory(), {})
    assert one.was_new and one.services == ("web",) and one.unserved == (("mail", "It could not be seen."),)


def test_what_acm_cannot_export_is_left_out() -> None:
    for outcome in (DONE, {"reachable": False}):  # no host can change that
        one = stand(outcome, failed=True, msg="It is REVOKED.")
        assert (one.state, one.reason) == ("left_out", "It is REVOKED.")


@pytest.mark.parametrize(
    ("outcome", "memory", "is_done"),
    [(DONE, OLD, True), (FAILED, OLD, False), (None, OLD, False), (None, SAME, True), (None, None, False)],
)
def test_a_notice_is_acknowledged_when_every_host_has_the_certificate(
    outcome: dict[str, Any] | None, memory: dict[str, Any] | None, is_done: bool
) -> None:
    notices = [
        {"certificate_arns": [arn(1)], "handles": ["a", "b"]},
        {"certificate_arns": [arn(2)], "handles": ["c"]},  # nobody deploys that
        {"certificate_arns": [], "handles": ["d"]},
    ]
    handles = plan.acknowledged(notices, [stand(outcome, memory)])
    assert handles == (["a", "b", "c", "d"] if is_done else ["c", "d"])


@pytest.mark.parametrize(
    ("members", "is_suspect"),
    [
        ({"left": 100}, False),
        ({"left": 44}, True),
        ({"left": 44, "type": "IMPORTED"}, False),  # nothing to diagnose
        ({"left": -1}, False),
        ({"left": 100, "renewal_summary": {"renewal_status": "FAILED"}}, True),
        ({"left": 100, "renewal_summary": {"renewal_status": "SUCCESS"}}, False),
        ({"status": "PENDING_VALIDATION", "not_after": None, "serial": None}, True),
        ({"status": "REVOKED"}, False),
        ({"status": "FAILED", "not_after": None, "created_at": iso(NOW - timedelta(days=2))}, True),  # why?
        ({"status": "FAILED", "not_after": None, "created_at": iso(NOW - timedelta(days=20))}, False),
        ({"status": "VALIDATION_TIMED_OUT", "not_after": None, "created_at": iso(NOW - timedelta(days=4))}, True),
        ({"not_after": None, "not_before": None, "created_at": None}, False),  # ListCertificates may know nothing
    ],
)
def test_suspects(members: dict[str, Any], is_suspect: bool) -> None:
    one = make_certificate(**members)
    assert plan.suspects([one], [], read_policy({}), NOW) == ([arn(1)] if is_suspect else [])
    assert plan.suspects([one], [], read_policy({"watch": "deployed"}), NOW) == []


def test_a_certificate_with_a_notice_is_examined_closely() -> None:
    listing = [make_certificate(1), make_certificate(2)]
    assert plan.suspects(listing, [], read_policy({}), NOW, noticed={arn(2)}) == [arn(2)]


@pytest.mark.parametrize(
    ("unserved", "once", "told"),
    [
        ({"is_stopped": True}, [], False),  # it was never seen to serve, as before its first start
        ({"is_stopped": True}, ["nginx"], True),
        ({"is_stopped": False}, [], True),  # it runs, and nobody can see what it shows
    ],
)
def test_a_server_that_was_not_seen_serving_it(unserved: dict[str, Any], once: list[str], told: bool) -> None:
    done = {**make_done(make_certificate()), "unserved": [{"service": "nginx", "reason": "It is off", **unserved}]}
    known = {"web": {arn(1): make_known(make_certificate(), services=once)}}
    one = stand({"reachable": True, "done": [done], "failures": []}, make_memory(hosts=known))
    assert one.unserved == ((("nginx", "It is off"),) if told else ())
