# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one HTML file that loads nothing else. Pure, except for reading page.css and page.js next to it.

This file writes the list of what needs attention, and a plain table for browsers without JavaScript. From the data in
the page, page.js builds the table that can be sorted, filtered and grouped, the timeline, and the details of each
certificate. The policy in the page's head allows exactly this script and this style, by their hashes."""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t
from collections import Counter
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import quote

from ansible_collections.certops.acm.plugins.module_utils._rules.times import read_iso
from .moments import Entry, moment

HERE = Path(__file__).resolve().parent
SHOWN_ITEMS = 12
SHOWN_HOSTS = 8
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%230b5cad' "
    "d='M8 0l6 2v6c0 4-3 7-6 8-3-1-6-4-6-8V2z'/%3E%3C/svg%3E"
)
SEVERITY_WORDS = {"critical": "Critical", "warning": "Warning", "notice": "Notice"}
# The columns of page.js's data; each certificate is a list in this order.
CERTIFICATE = (
    "arn", "connection", "region", "account", "names", "status", "reason", "type", "key", "issuer", "serial", "fingerprint",
    "from", "until", "renewalFrom", "eligibility", "renewalStatus", "renewalReason", "inUse", "inUseBy", "tags",
    "validations", "chain", "history", "places", "items",
)  # fmt: skip


def render(report: Entry, beside: str = "") -> str:
    """beside: the name of the page's file without .html, for links to the data; empty if there is no data next to
    it."""
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    now = read_iso(report["made_at"])
    return "".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{_text(policy)}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            f'<meta name="generator" content="{_text(report["generator"])}">\n',
            '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n',
            '<meta name="color-scheme" content="light dark">\n',
            f'<link rel="icon" href="{ICON}">\n<title>{_text(report["title"])}</title>\n<style>{style}</style>\n</head>\n<body>\n',
            '<a class="skip" href="#certificates">Skip to the certificates</a>\n',
            _header(report),
            "<main>\n",
            _figures(report, now),
            _attention(report, now),
            _missing(report),
            _TIMELINE,
            _certificates(report),
            _sources(report, beside),
            "</main>\n",
            '<dialog id="detail" aria-labelledby="detail-name"></dialog>\n',
            f'<script type="application/json" id="data">{_json(_data(report))}</script>\n',
            f"<script>{script}</script>\n</body>\n</html>\n",
        ]
    )


# ---------------------------------------------------------------- parts of the page


def _header(report: Entry) -> str:
    runs = report["last_runs"]
    said = f"last renewal run {_time(runs[0]['at'])}" if runs else "no renewal run is known"
    return (
        f'<header>\n<h1>{_text(report["title"])}</h1>\n<p class="made">Made {_time(report["made_at"])}'
        f'<span class="ago" data-at="{_text(report["made_at"])}"></span> · {said}</p>\n</header>\n'
    )


def _figures(report: Entry, now: datetime) -> str:
    states = Counter(place["state"] for host in report["hosts"] for place in host["places"])
    severities = Counter(item["severity"] for item in report["attention"])
    valid = sum(each["status"] == "ISSUED" for each in report["certificates"])
    looked_at = sum(host["looked_at"] for host in report["hosts"] if host["places"])
    with_places = sum(bool(host["places"]) for host in report["hosts"])
    places = sum(states.values())
    figures = [
        ("Certificates", str(len(report["certificates"])), f"{valid} valid"),
        (
            "Need attention",
            str(severities["critical"] + severities["warning"]),
            f"{severities['critical']} critical",
        ),
        (
            "Served and current",
            f"{states['current']} of {places}" if places else "–",
            "places where a certificate should be served" if places else "no host should serve a certificate",
        ),
        ("Hosts checked", f"{looked_at} of {with_places}" if with_places else "–", "with certificates to serve"),
    ]
    items = "".join(
        f"<div><dt>{_text(name)}</dt><dd><strong>{_text(number)}</strong> <span>{_text(more)}</span></dd></div>"
        for name, number, more in figures
    )
    return f'<dl class="figures">{items}</dl>\n'


def _attention(report: Entry, now: datetime) -> str:
    names = {each["certificate_arn"]: ", ".join(each["names"][:1]) for each in report["certificates"]}
    items = [_item(number, item, names, now) for number, item in enumerate(report["attention"])]
    if not items:
        body = '<p class="calm">Nothing needs a person now.</p>'
    else:
        body = f'<ol class="items">{"".join(items[:SHOWN_ITEMS])}</ol>'
        if len(items) > SHOWN_ITEMS:
            body += (
                f'<details class="more"><summary>Show {len(items) - SHOWN_ITEMS} more</summary>'
                f'<ol class="items" start="{SHOWN_ITEMS + 1}">{"".join(items[SHOWN_ITEMS:])}</ol></details>'
            )
    return f'<section aria-labelledby="attention"><h2 id="attention">Needs attention</h2>\n{body}\n</section>\n'


def _item(number: int, item: Entry, names: t.Mapping[str, str], now: datetime) -> str:
    parts = [
        f'<li class="item {_text(item["severity"])}" id="item-{number}">',
        f'<h3><span class="severity">{SEVERITY_WORDS.get(item["severity"], "Notice")}</span> {_text(item["title"])}</h3>',
    ]
    if item["text"]:
        parts.append(f"<p>{_text(item['text'])}</p>")
    if item["remedy"]:
        parts.append(f'<p class="remedy"><strong>What to do:</strong> {_text(item["remedy"])}</p>')
    if item["records"]:
        rows = "".join(
            f"<tr><td><code>{_text(each.get('name'))}</code></td><td><code>{_text(each.get('type'))}</code></td>"
            f"<td><code>{_text(each.get('value'))}</code></td></tr>"
            for each in item["records"]
        )
        parts.append(
            f'<div class="scroll" tabindex="0" role="region" aria-label="Records: {_text(item["title"])}"><table class="records">'
            '<thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Value</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        )
    if item["emails"]:
        parts.append(
            f"<p>The mail with the link is for {', '.join(f'<code>{_text(each)}</code>' for each in item['emails'])}.</p>"
        )
    about = [f'<p class="about">{_left(item["until"], now)}</p>'] if item["until"] else []
    if item["certificates"]:
        about.append(_links(item["certificates"], names))
    if len(item["hosts"]) > 1:
        about.append(_hosts(item["hosts"]))
    if about:
        parts.append(f'<div class="about-line">{"".join(about)}</div>')
    return "".join([*parts, "</li>"])


def _links(arns: t.Sequence[str], names: t.Mapping[str, str]) -> str:
    links = ", ".join(
        f'<a class="to-certificate" href="#{_text(_anchor(arn))}">{_text(names.get(arn) or arn)}</a>' for arn in arns
    )
    if len(arns) <= SHOWN_HOSTS:
        return f'<p class="about to-certificates">Details: {links}</p>'
    return f'<details class="about to-certificates"><summary>{len(arns)} certificates</summary><p>{links}</p></details>'


def _hosts(names: t.Sequence[str]) -> str:
    listed = ", ".join(f"<code>{_text(name)}</code>" for name in names)
    if len(names) <= SHOWN_HOSTS:
        return f'<p class="about">Hosts: {listed}</p>'
    return f'<details class="about"><summary>{len(names)} hosts</summary><p>{listed}</p></details>'


def _missing(report: Entry) -> str:
    hosts, connections = report["missing"]["hosts"], report["missing"]["connections"]
    if not hosts and not connections:
        return ""
    said = []
    if hosts:
        said.append(
            f"<p>{len(hosts)} {'host was' if len(hosts) == 1 else 'hosts were'} left out of this run "
            '(<code class="word">--limit</code>). It was not checked what they serve.</p>' + _hosts(hosts)
        )
    if connections:
        listed = ", ".join(f"<code>{_text(each)}</code>" for each in connections)
        said.append(f"<p>ACM was not read for {listed}: only hosts that were left out belong there.</p>")
    return (
        '<section aria-labelledby="missing" class="missing"><h2 id="missing">Not on this page</h2>'
        f'{"".join(said)}</section>\n'
    )


_TIMELINE = """<section id="timeline" aria-labelledby="timeline-name" hidden>
<h2 id="timeline-name">Timeline</h2>
<p class="legend"><span class="key life">valid</span> <span class="key window">time for the renewal</span> <span class="key today">today</span>
<span>number below a month: certificates that expire in it</span></p>
<div id="timeline-axis" aria-hidden="true"></div>
<ol id="timeline-rows"></ol>
<p><button type="button" id="timeline-more" hidden>Show more</button></p>
</section>
"""


def _certificates(report: Entry) -> str:
    return (
        '<section aria-labelledby="certificates"><h2 id="certificates" tabindex="-1">Certificates</h2>\n'
        '<form id="controls" role="search" aria-label="Certificates" hidden></form>\n'
        '<p id="count" role="status"></p>\n<div id="table"></div>\n'
        f"<noscript>{_plain_table(report)}</noscript>\n</section>\n"
    )


def _plain_table(report: Entry) -> str:
    rows = []
    for each in report["certificates"]:
        places = Counter(state for states in each["places"].values() for state in states)
        served = ", ".join(f"{number} {state}" for state, number in sorted(places.items()))
        kind = " ".join(filter(None, [each["type"], each["key_algorithm"]]))
        rows.append(
            f'<tr><th scope="row">{_text(", ".join(each["names"]) or each["certificate_arn"])}</th><td>{_text(each["status"])}</td>'
            f"<td>{_text(kind)}</td><td>{_day(each['not_after'])}</td><td>{_day(each['renewal_from'])}</td>"
            f"<td>{_text(served)}</td><td>{_text(each['account'])} {_text(each['region'])}</td></tr>"
        )
    heads = ("Names", "Status", "Type and key", "Valid until", "Renewal from", "Served", "Account and region")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        "<p>Sorting, filters, the timeline and the details of each certificate need JavaScript.</p>"
        f'<table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _sources(report: Entry, beside: str) -> str:
    rows = []
    for each in report["connections"]:
        sweep = "–"
        if each["is_authority"]:
            sweep = _time(each["last_sweep_at"]) if each["last_sweep_at"] else "never"
        number = f'<strong>not read</strong>: {_text(each["error"])}' if each["error"] else str(each["certificates"])
        rows.append(
            f'<tr><th scope="row">{_text(each["label"])}</th><td>{_text(", ".join(each["accounts"]))}</td>'
            f'<td>{_text(", ".join(each["regions"]))}</td><td>{number}</td><td>{sweep}</td></tr>'
        )
    runs = "".join(
        f"<li>{_time(run['at'])}{f' ({_text(run_what)})' if (run_what := run['what']) else ''}</li>"
        for run in report["last_runs"]
    )
    data = ""
    if beside:
        data = f'<p>The same data as <a href="{_text(_url(beside))}.json">JSON</a> and <a href="{_text(_url(beside))}.csv">CSV</a>.</p>'
    return (
        '<section aria-labelledby="sources"><h2 id="sources">Where this comes from</h2>'
        '<div class="scroll" tabindex="0" role="region" aria-label="What was read"><table>'
        '<thead><tr><th scope="col">ACM</th><th scope="col">Account</th><th scope="col">Region</th>'
        '<th scope="col">Certificates</th><th scope="col">Last sweep of the authority</th></tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table></div>'
        + (f"<p>Last renewal runs:</p><ul>{runs}</ul>" if runs else "<p>No renewal run is known.</p>")
        + data
        + "</section>\n"
    )


# ---------------------------------------------------------------- the data for page.js


class _Strings:
    """Each text once, referred to by its index: hosts, names and issuers occur many times."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, text: t.Any) -> int:
        if text is None:
            return -1
        if text not in self._places:
            self._places[text] = len(self.texts)
            self.texts.append(str(text))
        return self._places[text]


def _data(report: Entry) -> dict[str, t.Any]:
    strings = _Strings()
    chains: dict[str, int] = {}
    above: list[list[t.Any]] = []
    items: dict[str, list[int]] = {}
    for number, item in enumerate(report["attention"]):
        for arn in item["certificates"]:
            items.setdefault(arn, []).append(number)
    places: dict[str, list[list[t.Any]]] = {}
    for host in report["hosts"]:
        for place in host["places"]:
            if place["certificate_arn"]:
                places.setdefault(place["certificate_arn"], []).append(_place(strings, host, place))
    rows = []
    for each in report["certificates"]:
        arn = each["certificate_arn"]
        for link in each["chain"]:
            if link["fingerprint"] not in chains:
                chains[link["fingerprint"]] = len(above)
                above.append([link["subject"], link["not_after"], link["fingerprint"]])
        row = {
            "arn": arn,
            "connection": strings.place(each["connection"]),
            "region": strings.place(each["region"]),
            "account": strings.place(each["account"]),
            "names": each["names"],
            "status": strings.place(each["status"]),
            "reason": each["reason"],
            "type": strings.place(each["type"]),
            "key": strings.place(each["key_algorithm"]),
            "issuer": strings.place(each["issuer"]),
            "serial": each["serial"],
            "fingerprint": each["fingerprint"],
            "from": each["not_before"],
            "until": each["not_after"],
            "renewalFrom": each["renewal_from"],
            "eligibility": strings.place(each["renewal_eligibility"]),
            "renewalStatus": strings.place(each["renewal_status"]),
            "renewalReason": each["renewal_reason"],
            "inUse": each["in_use"],
            "inUseBy": each["in_use_by"],
            "tags": [[key, value] for key, value in sorted(each["tags"].items())],
            "validations": [_validation(option) for option in each["validations"]],
            "chain": [chains[link["fingerprint"]] for link in each["chain"]],
            "history": [
                [past["serial"], past["not_before"], past["not_after"], past["first_seen_at"]]
                for past in report["history"].get(arn, ())
            ],
            "places": places.get(arn, []),
            "items": [[number, report["attention"][number]["severity"]] for number in items.get(arn, ())],
        }
        rows.append([row[column] for column in CERTIFICATE])
    return {"madeAt": report["made_at"], "columns": CERTIFICATE, "strings": strings.texts, "above": above, "rows": rows}


def _place(strings: _Strings, host: Entry, place: Entry) -> list[t.Any]:
    is_current = place["state"] == "current"
    return [
        strings.place(host["name"]),
        strings.place(place["service"]),
        place["port"],
        strings.place(place["server_name"]),
        strings.place(place["state"]),
        None if is_current else place["serial"],
        None if is_current else place["not_after"],
        place["error"] or (host["trouble"] if not host["looked_at"] else None),
    ]


def _validation(option: Entry) -> list[t.Any]:
    record, redirect = option["record"] or {}, option["redirect"] or {}
    target = record.get("value") or redirect.get("redirect_to") or ", ".join(option["emails"])
    return [
        option["name"],
        option["method"],
        option["status"],
        record.get("name") or redirect.get("redirect_from"),
        record.get("type"),
        target or None,
    ]


# ---------------------------------------------------------------- words and escaping


def _text(value: t.Any) -> str:
    """Escaped for HTML, also inside a quoted attribute. Characters that only change the direction of writing are made
    visible, so that a name cannot look like another one."""
    text = "" if value is None else str(value)
    return "".join(_VISIBLE.get(character, character) for character in escape(text, quote=True))


# Bidirectional controls, and characters without width: U+202A..U+202E, U+2066..U+2069, U+200B..U+200F, U+FEFF, NUL.
_VISIBLE = {
    chr(code): "\N{REPLACEMENT CHARACTER}"
    for code in (0, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
}


def _json(data: t.Any) -> str:
    """JSON that cannot end a script: `<` and the separators that old parsers take for line ends are escaped."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _anchor(arn: str) -> str:
    return "c=" + _url(arn)


def _url(text: str) -> str:
    return quote(text, safe="")


def _time(at: str | None) -> str:
    when = moment(at)
    if when is None:
        return "–"
    return f'<time datetime="{_text(at)}">{when:%Y-%m-%d %H:%M} UTC</time>'


def _day(at: str | None) -> str:
    when = moment(at)
    return f'<time datetime="{_text(at)}">{when:%Y-%m-%d}</time>' if when else "–"


def _left(at: str, now: datetime) -> str:
    when = moment(at)
    if when is None:
        return ""
    days = (when.date() - now.date()).days
    many = f"{abs(days)} day{'s' * (abs(days) != 1)}"
    words = "today" if days == 0 else f"in {many}" if days > 0 else f"{many} ago"
    return f'<span class="until">{_day(at)} ({words})</span>'


def _asset(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii") + "'"
