# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the report knows of the last renewal runs, from the files that they leave behind. Pure.

The shape of those files belongs to the renewals. Only the moments of the last runs are read here, wherever they are kept.
"""

from __future__ import annotations

import json
import typing as t

from .moments import iso, moment

KEYS = ("last_sweep_at", "last_run_at")
DEPTH = 4


def last_runs(texts: t.Iterable[str | None]) -> list[dict[str, str]]:
    """{what, at} of each last run, the latest first. what: of which account and region, where the file says so."""
    found: dict[str, str] = {}
    for text in texts:
        try:
            document = json.loads(text or "")
        except ValueError:
            continue
        for what, at in _moments(document, "", DEPTH):
            found[what] = max(at, found.get(what, ""))
    return sorted(({"what": what, "at": at} for what, at in found.items()), key=lambda run: run["at"], reverse=True)


def _moments(document: t.Any, what: str, depth: int) -> t.Iterator[tuple[str, str]]:
    if not isinstance(document, dict) or depth == 0:
        return
    for key in KEYS:
        at = moment(document.get(key)) if document.get(key) else None
        if at is not None:
            yield str(document.get("key") or what), iso(at)
    for key, value in document.items():
        if key not in ("hosts", "told", "forced"):
            wrapper = key in ("connections", "memories", "places", "accounts")
            yield from _moments(value, what if wrapper else f"{what} {key}".strip(), depth - 1)
