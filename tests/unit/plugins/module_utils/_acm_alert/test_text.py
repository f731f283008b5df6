# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an alert says, in plain text and in HTML."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_alert import text as alert_text, alert as alerts
from ansible_collections.certops.acm.tests.support.sample_alerts import an_alert, ARN, FULL


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, ""),
        ({"expires_at": "2027-03-16T12:00:00Z"}, "2027-03-16 12:00 UTC"),
        ({"expires_at": "2027-03-16T13:00:00+01:00", "days_to_expiry": 15}, "2027-03-16 12:00 UTC (in 15 days)"),
        ({"expires_at": "2027-03-16T12:00:00Z", "days_to_expiry": 1}, "2027-03-16 12:00 UTC (tomorrow)"),
        ({"expires_at": "2027-03-16T12:00:00Z", "days_to_expiry": 0}, "2027-03-16 12:00 UTC (today)"),
        ({"expires_at": "2027-02-27T12:00:00Z", "days_to_expiry": -2}, "2027-02-27 12:00 UTC (2 days ago)"),
        ({"days_to_expiry": 3}, "in 3 days"),
        ({"expires_at": "soon"}, "soon"),
    ],
)
def test_when(members: dict[str, t.Any], words: str) -> None:
    assert alert_text.when(an_alert(**members)) == words


@pytest.mark.parametrize(
    ("severities", "words"),
    [
        (["critical"], "Critical: Title of 0"),
        (["info"], "For information: Title of 0"),
        (["critical", "warning", "critical"], "TLS certificates: 2 critical, 1 warning"),
        (["info", "warning", "warning"], "TLS certificates: 2 warnings, 1 for information"),
    ],
)
def test_headline(severities: list[str], words: str) -> None:
    each = [an_alert(str(number), severity=severity) for number, severity in enumerate(severities)]
    assert alert_text.headline(each) == words


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("bücher.example – \u201cends\u201d soon…", 'b?cher.example - "ends" soon...'),
        ("a\r\nb", "a b"),
        ("x" * 120, "x" * 96 + "..."),
    ],
)
def test_ascii_line(text: str, line: str) -> None:
    assert alert_text.ascii_line(text, 99) == line


@pytest.mark.parametrize("kind", alerts.KINDS)
def test_every_kind_has_words(kind: str) -> None:
    shown = alert_text.plain_alert(an_alert(kind=kind, expires_at="2027-03-16T12:00:00Z"))
    assert alert_text.MEANINGS[kind] in " ".join(shown.split())
    assert ("Valid until:" in shown, "Expired:" in shown) == (kind in ("deployed", "resolved"), kind == "expired")


def test_plain_text_says_what_to_do_and_by_when() -> None:
    shown = alert_text.plain_text([FULL])
    for part in (FULL.title, "  Name:  _abc_def_.example.com.", "Expires:", "(in 15 days)", "web1, web2", ARN):
        assert part in shown
    assert all(len(line) <= 80 for line in shown.splitlines() if ARN not in line)


def test_html_is_escaped_and_holds_the_same() -> None:
    shown = alert_text.html([FULL, an_alert("other", title="</title><img src=x>")])
    assert "<script" not in shown and "<img" not in shown and "&lt;*.example.com&gt;" in shown
    for part in ("_abc_def_.example.com.", "_xyz.acm-validations.aws.", "(in 15 days)", "Critical (1)", "Warning (1)"):
        assert part in shown
    assert "http" not in shown  # a reader's program fetches nothing
