# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Slack, Teams and programs receive."""

from __future__ import annotations

import typing as t

from ansible_collections.certops.acm.plugins.module_utils._acm_alert import chat
from ansible_collections.certops.acm.plugins.module_utils._acm_alert.alert import Alert
from ansible_collections.certops.acm.tests.support.sample_alerts import an_alert, check_slack, FULL


def test_slack_shows_markup_as_text() -> None:
    message = chat.slack([FULL])
    check_slack(message)
    shown = str(message["blocks"])
    assert "mrkdwn" not in shown and FULL.title in shown and "_abc_def_.example.com. CNAME _xyz" in shown
    hostile = chat.slack([an_alert(title="<!channel> & <https://evil.example|here>")])
    assert "&lt;!channel&gt; &amp; &lt;https://evil.example|here&gt;" in hostile["text"]


def test_teams_shows_markup_as_text() -> None:
    (attachment,) = chat.teams([FULL, an_alert("other")])["attachments"]
    card = attachment["content"]
    assert (attachment["contentType"], card["type"]) == ("application/vnd.microsoft.card.adaptive", "AdaptiveCard")

    def types(node: t.Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*(types(each) for each in node))
        return {node["type"], *types(list(each for v in node.values() if isinstance(v, list) for each in v))}

    assert types(card["body"]) == {"RichTextBlock", "TextRun", "Container"}  # no TextBlock, which knows Markdown


def test_json_contains_the_alert_as_given() -> None:
    (member,) = chat.plain_json([FULL])["alerts"]
    assert member["records"] == [{"name": FULL.records[0].name, "type": "CNAME", "value": FULL.records[0].value}]
    assert (member["key"], member["days_to_expiry"], member["hosts"]) == (FULL.key, 15, ["web1", "web2"])
    assert set(member) == set(Alert._fields)


def test_a_shortened_card_keeps_the_cause_and_the_remedy() -> None:
    seen = " ".join(f"\u00fc Seen at port {number}." for number in range(1500))
    shown = str(chat.teams([an_alert(text=f"It is broken. {seen} Mend it.", facts=(("f", "\u00fc" * 20_000),))]))
    assert "It is broken." in shown and "Mend it." in shown and "Seen at port 450." not in shown
