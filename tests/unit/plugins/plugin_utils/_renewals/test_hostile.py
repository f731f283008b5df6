# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A renewal run, whatever times, notices and hosts say: it finishes, and every certificate keeps its alert."""

from __future__ import annotations

import itertools
import json
import random
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._renewals import memory
from ansible_collections.certops.acm.plugins.plugin_utils._renewals import metrics, run as runs
from ansible_collections.certops.acm.plugins.plugin_utils._renewals.plan import moment
from ansible_collections.certops.acm.tests.support.renewal_facts import (
    NOW,
    arn,
    iso,
    make_certificate,
    make_done,
    make_known,
    make_memory,
)

HERE = "eu-central-1"
OPTIONS = {"renew_before": "30%", "maintenance_window": {"weekdays": ["sat"], "start": "01:00", "end": "05:00"}}
EXPIRED = make_certificate(9, left=-1)
MOMENTS = ("1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", iso(NOW))


def whole_run(
    listing: list[dict[str, Any]],
    outcome: Any = None,
    notices: Any = (),
    known: dict[str, Any] | None = None,
    now: datetime = NOW,
    ended: datetime | None = None,
) -> tuple[runs.Run, dict[str, Any]]:
    """The run, and what it leaves to the next."""
    hosts = {"web": [{"certificate_arn": each["certificate_arn"]} for each in listing]}
    connections = {name: [HERE if name == "region" else False] for name in ("authority", "region", "profile")}
    run = runs.begin(OPTIONS, list(hosts), list(hosts.values()), connections, iso(now), False)
    run = runs.learn(
        run,
        HERE,
        listed={"certificates": listing},
        recalled={"memory": known or make_memory(), "problems": [], "writable": True},
        received={"notifications": notices},
        read={"exports": listing},
    )
    runs.begin_forcing(run, HERE)
    runs.choose(run, "web", [outcome], iso(now))
    run = runs.gather(run, {"web": outcome}, [], iso(ended or now))
    runs.suspects(run, HERE, {"certificates": listing})
    run = runs.report(run, HERE, {"certificates": listing}, {})
    own = run["connections"][HERE]
    left = runs.remember(run, HERE, {"told": {}}, iso(ended or now))
    metrics.textfile(moment(run["started_at"]), own["listing"], runs.standings(own), own["report"]["troubles"])
    runs.lines(runs.close(run, HERE, {}, {}, {}), {})
    return run, left


def kinds(run: runs.Run) -> list[str]:
    return [alert["kind"] for alert in run["connections"][HERE]["report"]["alerts"]]


def done_now(*certificates: dict[str, Any]) -> dict[str, Any]:
    return {
        "started_at": iso(NOW),
        "reachable": True,
        "done": [make_done(each) for each in certificates],
        "failures": [],
    }


@pytest.mark.parametrize(("begins", "ends"), list(itertools.product(MOMENTS, repeat=2)))
def test_a_certificate_with_any_dates_silences_no_other(begins: str, ends: str) -> None:
    odd = make_certificate(1, not_before=begins, not_after=ends, created_at=begins)
    run, _left = whole_run([odd, EXPIRED], done_now(odd, EXPIRED))
    assert "expired" in kinds(run)
    assert any(EXPIRED["domain_name"] in each for each in runs.faults(run, {}))


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(hours=-2), timedelta(hours=2), timedelta(days=400)])
def test_after_a_clock_jump_the_next_run_reports_nothing_false(jump: timedelta) -> None:
    good = make_certificate(1, left=3000, lifetime=4000)
    _run, left = whole_run([good], done_now(good), ended=NOW + jump)
    recalled = memory.judge(json.dumps(left), NOW + timedelta(hours=1)).document
    following, _left = whole_run([good], known=recalled, now=NOW + timedelta(hours=1))
    assert "run_failed" not in kinds(following)


STRANGE: list[Any] = [
    None,
    True,
    -1,
    float("nan"),
    float("inf"),
    "",
    "x" * 100_000,
    [],
    {},
    [[[]]],
    {"a": {"b": []}},
    "\x1b[2J\u202e",
    "{{ lookup('pipe', 'id') }}",
]


def test_no_outcome_of_a_host_silences_the_others_alerts() -> None:
    """An outcome is made on the controller from a host's answer; whatever it contains, the run ends with its report."""
    chance = random.Random(17)
    good = make_certificate(1)
    for _time in range(600):
        outcome = done_now(good, EXPIRED)
        for _change in range(chance.randint(1, 3)):
            place: Any = chance.choice([outcome, outcome["done"], *[each for each in outcome["done"] if each]])
            if isinstance(place, dict):
                place[chance.choice(list(place))] = chance.choice(STRANGE)
            elif isinstance(place, list):
                place.append(chance.choice(STRANGE))
            if not isinstance(outcome.get("done"), list) or not all(isinstance(each, dict) for each in outcome["done"]):
                break
        run, _left = whole_run([good, EXPIRED], outcome)
        assert "expired" in kinds(run), outcome


@pytest.mark.parametrize("strange", STRANGE, ids=lambda value: type(value).__name__)
def test_no_notice_silences_an_alert_or_affects_foreign_certificates(strange: Any) -> None:
    foreign = "arn:aws:acm:us-east-1:999999999999:certificate/00000000-0000-0000-0000-000000000001"
    notices: Any = [
        strange,
        {"kind": strange, "certificate_arns": [foreign], "handles": ["foreign"]},
        {"kind": "expired", "certificate_arns": [strange], "handles": ["strange"]},
        {"kind": "expired", "certificate_arns": strange, "handles": strange},
        {"kind": "expired", "certificate_arns": [EXPIRED["certificate_arn"]] * 10_000, "handles": ["much"]},
    ]
    run, _left = whole_run([EXPIRED], done_now(EXPIRED), notices)
    own = run["connections"][HERE]
    assert "expired" in kinds(run) and own["forced"]["due"] == []
    assert "foreign" in own["report"]["acknowledged"], "it is nothing of ours, and must not come again for ever"


def test_the_memory_of_other_hosts_is_kept() -> None:
    known = make_memory(hosts={"db": {arn(5): make_known(make_certificate(5))}})
    _run, left = whole_run([EXPIRED], done_now(EXPIRED), known=known)
    assert left["hosts"]["db"] == known["hosts"]["db"]
    assert datetime.fromisoformat(left["ended_at"].replace("Z", "+00:00")).tzinfo == timezone.utc
