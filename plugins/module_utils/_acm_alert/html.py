# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts as the HTML of a mail: styles at the elements and nothing from elsewhere, as mail programs want it. Pure."""

from __future__ import annotations

import typing as t
from html import escape

from . import text
from .alert import Alert

_COLOURS = {"critical": "#b3261e", "warning": "#b25e00", "info": "#1a5fb4"}
_FONT = "font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:1.45;color:#1f1f1f"
_CODE = "font-family:Consolas,Menlo,monospace;font-size:13px;word-break:break-all"
_NAME = "color:#5f5f5f;padding:2px 14px 2px 0;vertical-align:top;white-space:nowrap"


def html(alerts: t.Sequence[Alert]) -> str:
    parts = []
    for severity, there in text.groups(alerts):
        if len(alerts) > 1:
            name = f"{text.SEVERITY_NAMES[severity]} ({len(there)})"
            parts.append(f'<h2 style="font-size:18px;margin:28px 0 8px;color:{_COLOURS[severity]}">{escape(name)}</h2>')
        parts += [html_alert(alert) for alert in there]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(text.headline(alerts))}</title></head>\n"
        f'<body style="margin:0;padding:20px;background:#ffffff;{_FONT}"><div style="max-width:680px">\n'
        + "\n".join(parts)
        + f'\n<p style="color:#5f5f5f;font-size:12px;margin-top:28px">{escape(text.FOOTER)}</p>\n'
        "</div></body></html>\n"
    )


def html_alert(alert: Alert) -> str:
    parts = [
        f'<h3 style="font-size:16px;margin:0 0 6px">{escape(alert.title)}</h3>',
        f'<p style="margin:0 0 8px;color:#5f5f5f">{escape(text.MEANINGS[alert.kind])}</p>',
    ]
    parts += [
        f'<p style="margin:0 0 8px">{escape(paragraph)}</p>'
        for paragraph in alert.text.split("\n")
        if paragraph.strip()
    ]
    if alert.records:
        parts.append(f'<p style="margin:0 0 4px"><b>{escape(text.records_title(alert))}</b></p>')
        for record in alert.records:
            rows = "".join(_row(name.capitalize(), value, _CODE) for name, value in record._asdict().items())
            parts.append(_table(rows, "background:#f4f4f4;padding:6px;margin:0 0 8px;width:100%"))
    known = "".join(_row(name, value) for name, value in text.facts(alert))
    if known:
        parts.append(_table(known, "margin:0"))
    style = f"border-left:4px solid {_COLOURS[alert.severity]};padding:2px 0 2px 14px;margin:0 0 22px"
    return f'<div style="{style}">\n' + "\n".join(parts) + "\n</div>"


def _table(rows: str, style: str) -> str:
    return f'<table role="presentation" style="border-collapse:separate;font-size:14px;{style}">{rows}</table>'


def _row(name: str, value: str, style: str = "word-break:break-word") -> str:
    return f'<tr><td style="{_NAME}">{escape(name)}</td><td style="{style}">{escape(value)}</td></tr>'
