# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's data, from everything that the tasks have gathered. Pure.

The JSON file next to the page contains these data; page.py and spreadsheet.py show them.
"""

from __future__ import annotations

import copy
import typing as t
from collections import Counter

from ansible_collections.certops.acm.plugins.module_utils._certificates.renewal_window import parse_window
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.plugin_utils._renewals.words import counted

from . import attention, fleet, history, last_run, wanted
from .moments import Entry, moment
from ansible_collections.certops.acm.plugins.module_utils._rules.times import iso

TITLE = "TLS certificates"
SHOWN = 20  # titles in a job's summary


def make(gathered: Entry) -> dict[str, t.Any]:
    """gathered, as playbooks/tasks/report.yml notes it:

    made_at, title, renew_before; path: of the data; previous: the text of the previous data, None if there is none;
    connections: [{connection, result: acm_certificate_info's, sweep: acm_authority's or {}}];
    hosts: {name: {connection, certificates, services}}; looks: {name: served_certificate_info's result};
    left_out: hosts that this run does not look at; memories: the files of the renewals' memory, as slurp
    returns them.
    """
    now = moment(gathered["made_at"])
    if now is None:
        raise InvalidInput(f"made_at is {gathered['made_at']!r}, which is not a time.")
    window = parse_window(gathered["renew_before"]) if gathered.get("renew_before") else None
    previous = history.read_previous(gathered.get("previous"), gathered["path"])
    reads = [_read(each) for each in gathered["connections"]]
    certificates = fleet.certificates([read for read in reads if not read["error"]], window, now)
    hosts = fleet.hosts(gathered["hosts"], gathered["looks"], certificates)
    runs = last_run.last_runs(gathered["memories"])
    read_labels = {read["label"] for read in reads if not read["error"]}
    connections = [_connection(read, certificates) for read in reads]
    return {
        "generator": history.GENERATOR,
        "format": history.FORMAT,
        "title": gathered.get("title") or TITLE,
        "made_at": iso(now),
        "last_runs": runs,
        "connections": connections,
        "missing": {
            "hosts": sorted(gathered["left_out"]),
            "connections": sorted(
                {wanted.label(host["connection"]) for host in gathered["hosts"].values() if host["certificates"]}
                - {read["label"] for read in reads}
            ),
        },
        "attention": attention.items(certificates, hosts, connections, runs, now),
        "certificates": certificates,
        "hosts": hosts,
        "history": history.prolong(previous.get("history"), certificates, read_labels, iso(now)),
    }


def is_changed(report: Entry, previous: str | None, path: str) -> bool:
    """Whether the report has anything new, apart from its own time and those of the last runs."""
    before = history.read_previous(previous, path)
    return _lasting(before) != _lasting(report)


def summary(report: Entry, page: str) -> dict[str, t.Any]:
    """A few facts for the artifacts of an AWX job and the last line of the play."""
    places = Counter(place["state"] for host in report["hosts"] for place in host["places"])
    severities = Counter(item["severity"] for item in report["attention"])
    return {
        "page": page,
        "made_at": report["made_at"],
        "certificates": len(report["certificates"]),
        "hosts": sum(bool(host["certificates"] or host["places"]) for host in report["hosts"]),
        "hosts_not_looked_at": sum(not host["looked_at"] for host in report["hosts"] if host["places"]),
        "places": {state: places[state] for state in sorted(places)},
        "attention": {severity: severities[severity] for severity in attention.SEVERITIES},
        "first": [item["title"] for item in report["attention"][:SHOWN]],
        "last_run_at": report["last_runs"][0]["at"] if report["last_runs"] else None,
    }


def sentence(report: Entry, page: str) -> str:
    told = summary(report, page)
    plural = {"critical": "critical", "warning": "warnings", "notice": "notices"}
    severe = ", ".join(
        f"{number} {severity if number == 1 else plural[severity]}"
        for severity, number in told["attention"].items()
        if number
    )
    return f"{page} shows {counted(told['certificates'], 'certificate')} and {counted(told['hosts'], 'host')}; " + (
        f"what needs a person: {severe}." if severe else "nothing needs a person."
    )


def unread(report: Entry) -> list[str]:
    """Why the play fails at the end: one sentence for each connection that could not be read."""
    return [f"{each['label']}: {each['error']}" for each in report["connections"] if each["error"]]


def _read(each: Entry) -> dict[str, t.Any]:
    result = each["result"]
    found = result.get("certificates")
    error = None if found is not None else str(result.get("msg") or "acm_certificate_info did not answer.").strip()
    return {
        "label": wanted.label(each["connection"]),
        "certificates": found or [],
        "error": error,
        "last_sweep_at": ((each.get("sweep") or {}).get("authority") or {}).get("last_sweep_at"),
        "is_authority": bool(each["connection"].get("authority")),
    }


def _connection(read: Entry, certificates: t.Iterable[Entry]) -> dict[str, t.Any]:
    own = [each for each in certificates if each["connection"] == read["label"]]
    return {
        "label": read["label"],
        "is_authority": read["is_authority"],
        "regions": sorted({each["region"] for each in own if each["region"]}),
        "accounts": sorted({each["account"] for each in own if each["account"]}),
        "certificates": len(own),
        "error": read["error"],
        "last_sweep_at": read["last_sweep_at"],
    }


def _lasting(report: Entry) -> dict[str, t.Any]:
    lasting = copy.deepcopy({key: value for key, value in report.items() if key not in ("made_at", "last_runs")})
    for connection in lasting.get("connections", ()):
        connection.pop("last_sweep_at", None)
    return lasting
