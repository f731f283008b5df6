# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of alerts: who wants which, who was told, which are resolved, how many go into one message."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_alert import chat, text as alert_text, alert as alerts
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.alert import Channel, DnsRecord
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.sample_alerts import an_alert, ARN, check_slack
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = datetime(2027, 3, 1, 6, tzinfo=timezone.utc)
OTHER = ARN[:-1] + "3"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("Subject\r\nBcc: all@example.com", "Subject Bcc: all@example.com"),
        ("a\u2028b\u2029c\u0085d\x0be", "a b c d e"),
        ("bell\x07 and \x1b[31mred\x1b[0m", "bell and [31mred[0m"),
        ("moc.\u202eelpmaxe\u202c", "moc.elpmaxe"),
        ("  many \t spaces ", "many spaces"),
        ("half \ud83d of a face", "half \ufffd of a face"),
        ("bücher.example", "bücher.example"),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert alerts.one_line(text) == line


def test_clean_keeps_paragraphs() -> None:
    assert alerts.clean("one\r\ntwo\x00\n\nthree\n") == "one\ntwo\n\nthree"


def test_reading_an_alert_cleans_everything_people_see() -> None:
    (alert,) = alerts.read_alerts(
        [
            {
                "key": "k",
                "kind": "action_required",
                "severity": "critical",
                "title": "Title\nwith a break",
                "text": "One.\r\nTwo.",
                "hosts": ["web1\n"],
                "records": [{"name": "_a.example.com.\n", "type": "CNAME", "value": "_b.aws."}],
                "facts": {"Reason": ["CAA_ERROR", 7], "Nothing": None, "": "x"},
            }
        ]
    )
    assert alert.title == "Title with a break" and alert.text == "One.\nTwo."
    assert alert.hosts == ("web1",) and alert.records == (DnsRecord("_a.example.com.", "CNAME", "_b.aws."),)
    assert alert.facts == (("Reason", "CAA_ERROR, 7"),)


def test_the_first_of_two_alerts_with_the_same_key_counts() -> None:
    given = [{"key": "k", "kind": "expired", "severity": "info", "title": title} for title in ("one", "two")]
    assert [alert.title for alert in alerts.read_alerts(given)] == ["one"]


@pytest.mark.parametrize("members", [{"key": "", "title": "x"}, {"key": "k", "title": "\n\x07"}])
def test_an_alert_needs_a_key_and_a_title(members: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="number 1: key and title"):
        alerts.read_alerts([{"kind": "expired", "severity": "info", **members}])


@pytest.mark.parametrize(
    ("members", "subject"),
    [
        ({"key": "k"}, "k"),
        ({"key": "k", "certificate_arn": ARN}, ARN),
        ({"key": f"{ARN}/expiring/7"}, ARN),
        ({"key": f"expiring:{ARN}:7"}, ARN),
    ],
)
def test_the_subject_of_an_alert(members: dict[str, str], subject: str) -> None:
    assert an_alert(**members).subject == subject


def test_alerts_are_sorted_by_severity_and_then_by_deadline() -> None:
    given = [
        an_alert("a", severity="info"),
        an_alert("b", days_to_expiry=30),
        an_alert("c"),
        an_alert("d", days_to_expiry=7),
        an_alert("e", severity="critical"),
    ]
    assert [alert.key for alert in alerts.by_urgency(given)] == ["e", "d", "b", "c", "a"]


@pytest.mark.parametrize(
    ("wishes", "kind", "severity", "is_wanted"),
    [
        ({}, "deployed", "info", True),
        ({"kinds": []}, "deployed", "info", True),
        ({"kinds": ["expired"]}, "deployed", "info", False),
        ({"kinds": ["expired", "deployed"]}, "deployed", "info", True),
        ({"min_severity": "info"}, "expired", "info", True),
        ({"min_severity": "warning"}, "expired", "info", False),
        ({"min_severity": "warning"}, "expired", "warning", True),
        ({"min_severity": "warning"}, "expired", "critical", True),
        ({"min_severity": "critical"}, "expired", "warning", False),
        ({"kinds": ["expired"], "min_severity": "critical"}, "deployed", "critical", False),
    ],
)
def test_which_alerts_a_channel_wants(wishes: dict[str, t.Any], kind: str, severity: str, is_wanted: bool) -> None:
    assert Channel({"name": "c", **wishes}).wants(an_alert(kind=kind, severity=severity)) is is_wanted


@pytest.mark.parametrize(
    ("at", "is_kept"),
    [
        ("2027-02-01T00:00:00Z", True),
        ("2026-01-25T06:00:00Z", True),
        ("2026-01-25T05:59:59Z", False),
        ("2026-01-25T06:59:59+01:00", False),
        ("2025-12-31T00:00:00", False),
        ("yesterday", True),
    ],
)
def test_old_keys_are_forgotten(at: str, is_kept: bool) -> None:
    kept = alerts.prune({"k": {"chat": at, "mail": "2027-02-28T00:00:00Z"}, "only": {"chat": at}}, NOW, timedelta(400))
    assert ("chat" in kept["k"], "only" in kept) == (is_kept, is_kept)
    assert kept["k"]["mail"]


@pytest.mark.parametrize(
    ("resolved", "current", "over"),
    [
        ([], [], []),
        (["plain"], [], ["plain"]),
        (["nobody"], [], []),
        ([ARN], [], [f"{ARN}/expiring/7", f"{ARN}/action_required"]),
        ([ARN], [f"{ARN}/action_required"], [f"{ARN}/expiring/7"]),
        ([f"{ARN}/expiring/7"], [], [f"{ARN}/expiring/7"]),
        (["plain"], ["plain"], []),
    ],
)
def test_which_alerts_are_resolved(resolved: list[str], current: list[str], over: list[str]) -> None:
    told = {key: {"chat": "t"} for key in ("plain", f"{ARN}/expiring/7", f"{ARN}/action_required", f"{OTHER}/expired")}
    assert alerts.keys_over(told, resolved, [an_alert(key) for key in current]) == over


def test_told_must_be_what_a_run_returned() -> None:
    with pytest.raises(InvalidInput, match="what an earlier run returned"):
        alerts.read_told({"k": "2027-02-01T00:00:00Z"})


@given(st.lists(st.floats(0, 1.5)))
@settings(max_examples=60, deadline=None)
def test_packing_loses_nothing_and_overfills_no_message(shares: list[float]) -> None:
    each = [an_alert(str(number)) for number in range(len(shares))]
    messages = alerts.pack(each, lambda alert: shares[int(alert.key)])
    assert [alert for message in messages for alert in message] == each
    assert all(message for message in messages)
    sums = [sum(shares[int(alert.key)] for alert in message) for message in messages]
    assert all(total <= 1 or len(message) == 1 for total, message in zip(sums, messages))


TEXTS = st.text(st.characters(codec="utf-8"), max_size=3000)
MANY = st.lists(
    st.builds(
        lambda number, title, text, records, hosts, facts, severity: (
            number,
            title,
            text,
            records,
            hosts,
            facts,
            severity,
        ),
        st.integers(0, 9),
        st.text('ab \u20ac"\\<&', min_size=1, max_size=400),
        TEXTS | st.integers(0, 25_000).map(lambda size: "wörd & <more> \\ " * (size // 16)),
        st.integers(0, 100),
        st.integers(0, 80),
        st.integers(0, 60),
        st.sampled_from(alerts.SEVERITIES),
    ),
    min_size=1,
    max_size=12,
)


@given(MANY)
@settings(max_examples=10, deadline=None)
def test_no_message_exceeds_the_limit_of_its_channel(drawn: list[t.Any]) -> None:
    each = alerts.read_alerts(
        [
            {
                "key": f"{position}-{number}",
                "kind": "action_required",
                "severity": severity,
                "title": f"T{position} {title}",
                "text": text,
                "records": [
                    {"name": f"_a{n}.www.example.com.", "type": "CNAME", "value": "_v." * 20} for n in range(records)
                ],
                "hosts": [f"web{n}.example.com" for n in range(hosts)],
                "facts": {f"Fact {n}": "value " * 40 for n in range(facts)},
            }
            for position, (number, title, text, records, hosts, facts, severity) in enumerate(drawn)
        ]
    )
    for message in alerts.pack(each, chat.slack_share):
        check_slack(chat.slack(message))
        assert all(
            alert.title[:200] in str(chat.slack(message)["blocks"]) for alert in message if "\\" not in alert.title
        )
    for message in alerts.pack(each, chat.teams_share):
        posted = chat.encode(chat.teams(message))
        assert len(posted) <= chat.TEAMS_OCTETS
    for message in alerts.pack(each, chat.json_share):
        assert len(chat.encode(chat.plain_json(message))) <= chat.JSON_OCTETS
    for message in alerts.pack(each, lambda alert: len(alert_text.plain_alert(alert, 5000).encode()) / 5000):
        shown = alert_text.plain_text(message, 5000)
        assert all(alert.title in shown for alert in message)
