# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts in words, as plain text and HTML, for people who may know nothing about ACM. Pure; every channel uses
these."""

from __future__ import annotations

import textwrap
import typing as t
from html import escape

from .alert import Alert, moment, one_line

SENDER = "certops.acm"
HOSTS_SHOWN = 50
COLUMNS = 78
FOOTER = f"Sent by the automation that renews and deploys TLS certificates ({SENDER})."
# For readers who have never dealt with certificates.
MEANINGS = {
    "deployed": "A new certificate is in place. Nothing needs to be done.",
    "action_required": "The certificate is renewed automatically once somebody does what is described here.",
    "expiring": "Browsers and other clients refuse a server whose certificate has expired. This certificate expires soon.",
    "expired": "Browsers and other clients refuse a server that still uses this certificate.",
    "ineligible": "This certificate is not renewed automatically. Somebody must replace it before it expires.",
    "renewal_failed": "The renewal did not succeed, so the certificate still expires on the date below.",
    "not_issued": "A certificate was requested but has not been issued.",
    "unavailable": "Servers need a certificate for this name, but ACM has no valid certificate or does not hand it out.",
    "deploy_failed": "A certificate could not be put into service on a server.",
    "host_unreachable": "A server could not be reached, so it may still use an old certificate.",
    "not_served": "The certificate is on the server, but it could not be confirmed that the server uses it.",
    "run_failed": "The automation that renews certificates could not do all of its work.",
    "run_missed": "The automation that renews certificates did not run, so problems in the meantime went unnoticed.",
    "resolved": "The problem that was reported earlier is solved. Nothing needs to be done.",
}
SEVERITY_NAMES = {"critical": "Critical", "warning": "Warning", "info": "For information"}
_PLAIN = str.maketrans(
    {"–": "-", "—": "-", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "…": "...", "\u00a0": " "}
)


def ascii_line(text: str, most: int) -> str:
    """One line of limited length, in printable ASCII, with ? for other characters."""
    plain = one_line(text).translate(_PLAIN).encode("ascii", "replace").decode()
    return plain if len(plain) <= most else plain[: most - 3].rstrip() + "..."


def headline(alerts: t.Sequence[Alert]) -> str:
    """What a message is about, on one line."""
    if len(alerts) == 1:
        return f"{SEVERITY_NAMES[alerts[0].severity]}: {alerts[0].title}"
    counts = [(name, sum(alert.severity == name for alert in alerts)) for name in SEVERITY_NAMES]
    words = {"critical": "critical", "warning": "warnings", "info": "for information"}
    told = [
        f"{count} {'warning' if name == 'warning' and count == 1 else words[name]}" for name, count in counts if count
    ]
    return f"TLS certificates: {', '.join(told)}"


def groups(alerts: t.Sequence[Alert]) -> list[tuple[str, list[Alert]]]:
    """The alerts by severity, the highest first: (severity, alerts)."""
    found = [(name, [alert for alert in alerts if alert.severity == name]) for name in SEVERITY_NAMES]
    return [(name, there) for name, there in found if there]


def when(alert: Alert) -> str:
    """When the certificate expires or expired; empty if that is unknown."""
    at, days = moment(alert.expires_at), alert.days_to_expiry
    words = at.strftime("%Y-%m-%d %H:%M UTC") if at else alert.expires_at
    if days is None:
        return words
    if abs(days) < 2:
        distance = {0: "today", 1: "tomorrow", -1: "yesterday"}[days]
    else:
        distance = f"in {days} days" if days > 0 else f"{-days} days ago"
    return f"{words} ({distance})" if words else distance


def facts(alert: Alert) -> list[tuple[str, str]]:
    """What else is known, as (name, value), the most useful first; DNS records are shown separately."""
    deadline = {"deployed": "Valid until", "resolved": "Valid until", "expired": "Expired"}.get(alert.kind, "Expires")
    found = [
        ("Certificate for", alert.domain_name),
        (deadline, when(alert)),
        ("Server" if len(alert.hosts) == 1 else "Servers", _names(alert.hosts)),
        *alert.facts,
        ("ARN", alert.certificate_arn),
    ]
    return [(name, value) for name, value in found if value]


def _names(names: t.Sequence[str]) -> str:
    more = len(names) - HOSTS_SHOWN
    return ", ".join(names[:HOSTS_SHOWN]) + (f" and {more} more" if more > 0 else "")


def records_title(alert: Alert) -> str:
    return "DNS record to publish:" if len(alert.records) == 1 else "DNS records to publish:"


def plain_text(alerts: t.Sequence[Alert], most: t.Optional[int] = None) -> str:
    """A whole message. most: the maximum number of octets for one alert; a longer alert is cut."""
    parts = []
    for severity, there in groups(alerts):
        if len(alerts) > 1:
            name = f"{SEVERITY_NAMES[severity].upper()} ({len(there)})"
            parts.append(f"{name}\n{'=' * len(name)}")
        parts += [plain_alert(alert, most) for alert in there]
    return "\n\n".join([*parts, "\n".join(["-- ", *_wrap(FOOTER)])]) + "\n"


def plain_alert(alert: Alert, most: t.Optional[int] = None) -> str:
    lines = [*_wrap(alert.title), "-" * min(len(alert.title), COLUMNS), *_wrap(MEANINGS[alert.kind])]
    for paragraph in filter(str.strip, alert.text.split("\n")):
        lines += ["", *_wrap(paragraph)]
    if alert.records:
        lines += ["", records_title(alert)]
        for record in alert.records:
            lines += [f"  Name:  {record.name}", f"  Type:  {record.type}", f"  Value: {record.value}", ""]
        lines.pop()
    known = facts(alert)
    if known:
        width = max(len(name) for name, _value in known) + 1
        lines += ["", *(f"{name + ':':<{width}} {value}" for name, value in known)]
    return clip_octets("\n".join(lines), most)


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS, break_long_words=False, break_on_hyphens=False)


def clip_octets(text: str, most: t.Optional[int]) -> str:
    octets = text.encode("utf-8")
    if most is None or len(octets) <= most:
        return text
    return octets[: most - 3].decode("utf-8", "ignore").rstrip() + "…"


# ---------------------------------------------------------------- HTML with inline styles, which mail programs require

_COLOURS = {"critical": "#b3261e", "warning": "#b25e00", "info": "#1a5fb4"}
_FONT = "font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:1.45;color:#1f1f1f"
_CODE = "font-family:Consolas,Menlo,monospace;font-size:13px;word-break:break-all"
_NAME = "color:#5f5f5f;padding:2px 14px 2px 0;vertical-align:top;white-space:nowrap"


def html(alerts: t.Sequence[Alert]) -> str:
    parts = []
    for severity, there in groups(alerts):
        if len(alerts) > 1:
            name = f"{SEVERITY_NAMES[severity]} ({len(there)})"
            parts.append(f'<h2 style="font-size:18px;margin:28px 0 8px;color:{_COLOURS[severity]}">{escape(name)}</h2>')
        parts += [html_alert(alert) for alert in there]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(headline(alerts))}</title></head>\n"
        f'<body style="margin:0;padding:20px;background:#ffffff;{_FONT}"><div style="max-width:680px">\n'
        + "\n".join(parts)
        + f'\n<p style="color:#5f5f5f;font-size:12px;margin-top:28px">{escape(FOOTER)}</p>\n'
        "</div></body></html>\n"
    )


def html_alert(alert: Alert) -> str:
    parts = [
        f'<h3 style="font-size:16px;margin:0 0 6px">{escape(alert.title)}</h3>',
        f'<p style="margin:0 0 8px;color:#5f5f5f">{escape(MEANINGS[alert.kind])}</p>',
    ]
    parts += [
        f'<p style="margin:0 0 8px">{escape(paragraph)}</p>'
        for paragraph in alert.text.split("\n")
        if paragraph.strip()
    ]
    if alert.records:
        parts.append(f'<p style="margin:0 0 4px"><b>{escape(records_title(alert))}</b></p>')
        for record in alert.records:
            rows = "".join(_row(name.capitalize(), value, _CODE) for name, value in record._asdict().items())
            parts.append(_table(rows, "background:#f4f4f4;padding:6px;margin:0 0 8px;width:100%"))
    known = "".join(_row(name, value) for name, value in facts(alert))
    if known:
        parts.append(_table(known, "margin:0"))
    style = f"border-left:4px solid {_COLOURS[alert.severity]};padding:2px 0 2px 14px;margin:0 0 22px"
    return f'<div style="{style}">\n' + "\n".join(parts) + "\n</div>"


def _table(rows: str, style: str) -> str:
    return f'<table role="presentation" style="border-collapse:separate;font-size:14px;{style}">{rows}</table>'


def _row(name: str, value: str, style: str = "word-break:break-word") -> str:
    return f'<tr><td style="{_NAME}">{escape(name)}</td><td style="{style}">{escape(value)}</td></tr>'
