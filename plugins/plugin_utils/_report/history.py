# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The serials that a certificate has had, as seen by earlier reports. Pure.

ACM shows only the present. So each report takes over what the previous report knew, and adds what it sees itself.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput

from .moments import Entry

GENERATOR = "certops.acm.report"
FORMAT = 1
KEPT = 24  # serials of one certificate: two years of monthly ones

History = dict[str, list[dict[str, t.Any]]]


def read_previous(text: str | None, path: str) -> dict[str, t.Any]:
    """The data of the previous report, {} if there is none. Raises InvalidInput if the file is something else, since it
    would be overwritten. An empty file counts as none: up to ansible-core 2.18, none arrives as an empty text."""
    if not text:
        return {}
    try:
        document = json.loads(text)
        is_ours = document["generator"] == GENERATOR
    except (ValueError, KeyError, TypeError):
        is_ours = False
    if not is_ours:
        raise InvalidInput(
            f"{path} already exists and is not the data of a report by this playbook, so it is not overwritten; "
            "move the file away, or choose another acm_report_path."
        )
    return dict(document) if document.get("format") == FORMAT else {}


def prolong(before: t.Any, certificates: t.Iterable[Entry], read: t.Collection[str], at: str) -> History:
    """The present history, newest serial first. read: the connections that were read; entries of others are kept.

    before: {ARN: [{serial, not_before, not_after, first_seen_at, connection}]}.
    """
    known: History = before if isinstance(before, dict) else {}
    found: History = {
        arn: serials
        for arn, serials in known.items()
        if serials and serials[0].get("connection") not in read  # deleted in ACM, unless it comes below
    }
    for certificate in certificates:
        serials = list(known.get(certificate["certificate_arn"], ()))
        if certificate.get("serial") and not (serials and serials[0]["serial"] == certificate["serial"]):
            serial = {
                "serial": certificate["serial"],
                "not_before": certificate.get("not_before"),
                "not_after": certificate.get("not_after"),
                "first_seen_at": at,
                "connection": certificate["connection"],
            }
            serials = [serial, *(each for each in serials if each["serial"] != certificate["serial"])]
        if serials:
            found[certificate["certificate_arn"]] = serials[:KEPT]
    return found
