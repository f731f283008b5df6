# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what the authority recorded: its calls, and the metric DaysToExpiry of each certificate."""

from __future__ import annotations

import difflib
import json
import re
import typing as t
from datetime import datetime, timedelta, timezone

from .._rules.times import read_iso
from .lifecycle import records, state
from .lifecycle.events import days_to_expiry as days_left
from .settings import Settings
from .store.event_log import Wanted
from .store.transactions import Store
from .._rules.errors import InvalidInput

PAGE = 1000
# The names in table.OPERATIONS (a test compares them): importing that file would load every operation's code.
OPERATIONS = (
    "AddTagsToCertificate",
    "DeleteCertificate",
    "DescribeCertificate",
    "ExportCertificate",
    "GetAccountConfiguration",
    "GetCertificate",
    "ImportCertificate",
    "ListCertificateDomainValidations",
    "ListCertificates",
    "ListTagsForCertificate",
    "ListTagsForResource",
    "PutAccountConfiguration",
    "RemoveTagsFromCertificate",
    "RenewCertificate",
    "RequestCertificate",
    "ResendValidationEmail",
    "RevokeCertificate",
    "SearchCertificates",
    "TagResource",
    "UntagResource",
    "UpdateCertificateOptions",
)


class Page(t.NamedTuple):
    """records: newest last. next_number: where the next page begins, or None when this was the last."""

    records: list[dict[str, t.Any]]
    next_number: t.Optional[int]


def find(store: Store, wanted: Wanted, after: int = 0, limit: int = PAGE) -> Page:
    """Records of calls, oldest first."""
    with store.read() as tx:
        found = tx.journal.audit(after, limit + 1, wanted)
    shown = found[:limit]
    return Page([json.loads(body) for _number, body in shown], shown[-1][0] if len(found) > limit else None)


def checked_operations(names: t.Sequence[str]) -> tuple[str, ...]:
    """NAMES as ACM spells them. Raises InvalidInput for a name that no operation has: no record could match it."""
    for name in names:
        if name not in OPERATIONS:
            near = difflib.get_close_matches(name.lower(), [known.lower() for known in OPERATIONS], 1, 0.5)
            meant = next((known for known in OPERATIONS if known.lower() in near), "")
            hint = f"did you mean {meant}?" if meant else f"it may be {', '.join(OPERATIONS)}."
            raise InvalidInput(f"{name} is not an operation that the authority records; {hint}")
    return tuple(names)


def days_to_expiry(store: Store, now: datetime) -> list[tuple[str, dict[str, t.Any]]]:
    """(first name, MetricDatum) of every valid certificate. CloudWatch gets none for an expired certificate."""
    found: list[tuple[str, dict[str, t.Any]]] = []
    last = ""
    with store.read() as tx:
        settings = Settings.of(json.loads(tx.meta("settings") or "{}"))
        while identifiers := tx.ids_after(last, PAGE):
            last = identifiers[-1]
            for certificate in map(tx.certificate, identifiers):
                if certificate is None or certificate.leaf is None:
                    continue
                if state.status(certificate, now, settings) == "ISSUED":
                    days = days_left(certificate.leaf, now)
                    name = certificate.names[0] if certificate.names else ""
                    found.append((name, records.metric(certificate.arn, days, now)))
    return found


def instant(text: str) -> datetime:
    """ISO 8601 as an aware datetime; without a zone it is UTC. Raises InvalidInput."""
    try:
        return read_iso(text)
    except ValueError:
        raise InvalidInput(f"{text} is not a time: write it like 2026-11-23T12:00:00Z.") from None


def ago(text: str, now: datetime) -> datetime:
    """A time, or how long ago: 90m, 12h, 7d. Raises InvalidInput."""
    unit = {"m": "minutes", "h": "hours", "d": "days"}.get(text[-1:])
    if unit and re.fullmatch("[0-9]{1,9}", text[:-1]):
        try:
            return now - timedelta(**{unit: int(text[:-1])})
        except OverflowError:
            return datetime.min.replace(tzinfo=timezone.utc)
    try:
        return instant(text)
    except InvalidInput:
        raise InvalidInput(
            f"{text} is not a time: write it like 2026-11-23T12:00:00Z, or like 90m, 12h or 7d for a time that long "
            "ago."
        ) from None
