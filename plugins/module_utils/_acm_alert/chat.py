# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts as messages for Slack and Teams, and as JSON for programs. Pure: (alerts) → what is posted.

Slack gets rich_text blocks and Teams text runs. Both are plain text: the asterisk of a wildcard name or the underscore
of a DNS record is never taken for markup, and nothing that a caller writes becomes a link or a mention.
"""

from __future__ import annotations

import json
import typing as t

from . import text as alert_text
from .alert import Alert, clip
from .._rules.sentences import condense

SLACK_BLOCKS = 50
SLACK_CHARACTERS = 3000  # of one text
SLACK_ALERT_BLOCKS = 20  # of one alert: 60,000 characters
SLACK_FALLBACK = 4000  # of the text shown by phones and by programs that do not support blocks
TEAMS_OCTETS = 28 * 1024
JSON_OCTETS = 256 * 1024
_FRAME = 1024  # octets around the alerts
_ICONS = {"critical": "\U0001f534", "warning": "\U0001f7e0", "info": "\U0001f535"}
_COLOURS = {"critical": "attention", "warning": "warning", "info": "accent"}


def slack_escape(text: str) -> str:
    """Text for mrkdwn, in which these three characters begin links, mentions and entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def pieces(text: str, most: int) -> list[str]:
    """The text in pieces of limited length, cut between lines or words where possible."""
    found = []
    while len(text) > most:
        cut = max(text.rfind("\n", 1, most), text.rfind(" ", most // 2, most))
        cut = cut if cut > 0 else most
        found.append(text[:cut])
        text = text[cut:].lstrip()
    return [*found, text] if text else found


# ---------------------------------------------------------------- Slack


def slack(alerts: t.Sequence[Alert]) -> dict[str, t.Any]:
    blocks: list[dict[str, t.Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": clip(alert_text.headline(alerts), 150)}}
    ]
    for alert in alerts:
        blocks += slack_blocks(alert)
    blocks.append({"type": "context", "elements": [{"type": "plain_text", "text": alert_text.FOOTER}]})
    fallback = "\n".join([alert_text.headline(alerts), *(alert.title for alert in alerts)])
    return {"text": slack_escape(clip(fallback, SLACK_FALLBACK)), "blocks": blocks}


def slack_share(alert: Alert) -> float:
    return len(slack_blocks(alert)) / (SLACK_BLOCKS - 2)


def slack_blocks(alert: Alert) -> list[dict[str, t.Any]]:
    """One alert; a very long one loses its end."""
    body = "\n".join(filter(None, [alert.text, _fact_lines(alert)]))
    title = clip(f"{_ICONS[alert.severity]} {alert.title}", 300)
    first, *rest = pieces(body, SLACK_CHARACTERS - 301) or [""]
    blocks = [_rich(_section(title, first))] + [
        _rich(_section("", each)) for text in rest for each in pieces(text, SLACK_CHARACTERS)
    ]
    if alert.records:
        blocks.append(_rich(_section(alert_text.records_title(alert), "")))
        blocks += [
            _rich({"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]})
            for text in pieces(_record_lines(alert), SLACK_CHARACTERS)
        ]
    if len(blocks) > SLACK_ALERT_BLOCKS:
        blocks = [*blocks[: SLACK_ALERT_BLOCKS - 1], _rich(_section("", "… and more: see the log of the run."))]
    return blocks


def _rich(element: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"type": "rich_text", "elements": [element]}


def _section(bold: str, text: str) -> dict[str, t.Any]:
    elements = [{"type": "text", "text": bold, "style": {"bold": True}}] if bold else []
    if text:
        elements.append({"type": "text", "text": f"\n{text}" if bold else text})
    return {"type": "rich_text_section", "elements": elements}


def _fact_lines(alert: Alert) -> str:
    return "\n".join(f"{name}: {value}" for name, value in alert_text.facts(alert))


def _record_lines(alert: Alert) -> str:
    return "\n".join(f"{record.name} {record.type} {record.value}" for record in alert.records)


# ---------------------------------------------------------------- Teams


def teams(alerts: t.Sequence[Alert]) -> dict[str, t.Any]:
    """An Adaptive Card for Teams' workflow "When a Teams webhook request is received"."""
    body = [_runs([_run(alert_text.headline(alerts), weight="bolder", size="large")])]
    for alert in alerts:
        body.append(_teams_alert(alert))
    body.append(_runs([_run(alert_text.FOOTER, size="small", isSubtle=True)], separator=True))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": clip(alert_text.headline(alerts), 200),
        "msteams": {"width": "Full"},
        "body": body,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def teams_share(alert: Alert) -> float:
    # The headline may repeat the title, and a comma and a space join the parts.
    takes = octets(_teams_alert(alert)) + 2
    return takes / (TEAMS_OCTETS - _FRAME - 2 * 4 * 300)


def _teams_alert(alert: Alert) -> dict[str, t.Any]:
    """One alert, which may fill a whole card; the parts of a very long alert are cut."""
    part = 1.0
    while True:
        made = _teams_container(alert, part)
        if octets(made) <= TEAMS_OCTETS - 2 * _FRAME - 2 * 4 * 300 or part < 0.001:
            return made
        part /= 2


def _teams_container(alert: Alert, part: float) -> dict[str, t.Any]:
    """part: how much of each part there shall be of it, 1 for all."""
    title = clip(f"{_ICONS[alert.severity]} {alert.title}", 300)
    text = condense(alert.text, max(1, round(len(alert.text) * part)))
    records = alert.records[: round(len(alert.records) * part)]
    known = alert_text.facts(alert)
    items = [_runs([_run(title, weight="bolder", color=_COLOURS[alert.severity])])]
    items += [_runs([_run(paragraph)]) for paragraph in text.split("\n") if paragraph.strip()]
    if alert.records:
        items.append(_runs([_run(alert_text.records_title(alert), weight="bolder")]))
        items += [_runs([_run(f"{each.name} {each.type} {each.value}", fontType="monospace")]) for each in records]
        if len(records) < len(alert.records):
            items.append(_runs([_run(f"… and {len(alert.records) - len(records)} more: see the log of the run.")]))
    for name, value in known[: max(1, round(len(known) * part))]:
        value = clip(value, max(40, round(1000 * part)))
        items.append(_runs([_run(f"{name}: ", isSubtle=True), _run(value)], spacing="small"))
    return {"type": "Container", "separator": True, "spacing": "medium", "items": items}


def _runs(runs: list[dict[str, t.Any]], **settings: t.Any) -> dict[str, t.Any]:
    return {"type": "RichTextBlock", "inlines": runs, **settings}


def _run(text: str, **settings: t.Any) -> dict[str, t.Any]:
    return {"type": "TextRun", "text": text, **settings}


# ---------------------------------------------------------------- JSON


def plain_json(alerts: t.Sequence[Alert]) -> dict[str, t.Any]:
    return {
        "source": alert_text.SENDER,
        "summary": alert_text.headline(alerts),
        "alerts": [_members(a) for a in alerts],
    }


def json_share(alert: Alert) -> float:
    return (octets(_members(alert)) + 2) / (JSON_OCTETS - _FRAME - 8 * len(alert.title))


def _members(alert: Alert) -> dict[str, t.Any]:
    """The alert as it was given to the task."""
    return {
        **alert._asdict(),
        "hosts": list(alert.hosts),
        "records": [record._asdict() for record in alert.records],
        "facts": dict(alert.facts),
    }


def encode(content: t.Mapping[str, t.Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def octets(content: t.Mapping[str, t.Any]) -> int:
    return len(encode(content))
