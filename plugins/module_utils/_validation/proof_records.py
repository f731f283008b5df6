# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The DNS records that validate a certificate's names, as ACM shows them.

`detail` is always the member Certificate of ACM's DescribeCertificate. Any of its members may be absent.
"""

from __future__ import annotations

import typing as t

from .._rules.names import plain

Detail = t.Mapping[str, t.Any]

# Certificates with one of these statuses need their records; with any other status they never become valid again.
ALIVE = ("PENDING_VALIDATION", "ISSUED")


def records(detail: Detail) -> list[dict[str, str]]:
    """The required DNS records {name, type, value}, as ACM spells them, each once: a wildcard and its apex share a
    record.

    Names that are already validated are included, because every renewal checks again. A certificate that has ended
    needs no records."""
    if detail.get("Status") not in ALIVE:
        return []
    found: dict[str, dict[str, str]] = {}
    for option in _options(detail):
        record = option.get("ResourceRecord") or {}
        if option.get("ValidationMethod", "DNS") == "DNS" and record.get("Name") and record.get("Value"):
            item = {"name": record["Name"], "type": record.get("Type", "CNAME"), "value": record["Value"]}
            found.setdefault(plain(item["name"]), item)
    return list(found.values())


def names_without_record(detail: Detail) -> list[str]:
    """Names to be validated by DNS whose records ACM does not show yet, which takes some seconds after the request."""
    return [
        option["DomainName"]
        for option in detail.get("DomainValidationOptions") or ()
        if option.get("ValidationMethod") == "DNS"
        and option.get("ValidationStatus") != "FAILED"
        and not option.get("ResourceRecord")
    ]


def has_records(detail: Detail) -> bool:
    """Whether ACM shows every record that records() will ever return for this certificate."""
    is_told = bool(detail.get("DomainValidationOptions")) and not names_without_record(detail)
    return is_told or detail.get("Status") != "PENDING_VALIDATION" or detail.get("Type") != "AMAZON_ISSUED"


def _options(detail: Detail) -> t.Iterator[Detail]:
    yield from detail.get("DomainValidationOptions") or ()
    yield from (detail.get("RenewalSummary") or {}).get("DomainValidationOptions") or ()
