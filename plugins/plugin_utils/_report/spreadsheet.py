# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates as CSV (RFC 4180), one row each. Pure."""

from __future__ import annotations

import csv
import io
import typing as t

from .moments import Entry

COLUMNS = (
    "names",
    "status",
    "type",
    "key_algorithm",
    "issuer",
    "not_before",
    "not_after",
    "renewal_from",
    "renewal_eligibility",
    "renewal_status",
    "in_use_by",
    "hosts",
    "hosts_not_current",
    "attention",
    "serial",
    "account",
    "region",
    "connection",
    "certificate_arn",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(report: Entry) -> str:
    attention: dict[str, list[str]] = {}
    for item in report["attention"]:
        for arn in item["certificates"]:
            attention.setdefault(arn, []).append(item["title"])
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for certificate in report["certificates"]:
        places = certificate["places"]
        more = {
            "names": " ".join(certificate["names"]),
            "in_use_by": " ".join(certificate["in_use_by"]),
            "hosts": " ".join(sorted(places)),
            "hosts_not_current": " ".join(
                sorted(host for host, states in places.items() if set(states) - {"current", "unknown"})
            ),
            "attention": " | ".join(attention.get(certificate["certificate_arn"], ())),
        }
        rows.writerow([_cell(more.get(column, certificate.get(column))) for column in COLUMNS])
    return out.getvalue()


def _cell(value: t.Any) -> str:
    """A text that no spreadsheet takes for a formula: tags and names may come from anybody."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
