# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the last renewal runs ended, from the files that acm_renewals_memory keeps, one for each account and region.
Pure.

Their format belongs to the renewals. Only that time is read here, and a file that is something else is ignored.
"""

from __future__ import annotations

import base64
import json
import posixpath
import re
import typing as t

from .moments import Entry, moment
from ansible_collections.certops.acm.plugins.module_utils._rules.times import iso

# What follows the name of an authority's folder in the file name.
_DIGEST = re.compile(r"-[0-9a-f]{12}$")


def last_runs(files: t.Iterable[Entry]) -> list[dict[str, str]]:
    """{what, at} of each last completed run, the latest first. files: slurp's results, {source, content}."""
    found: dict[str, str] = {}
    for file in files:
        try:
            ended_at = moment(json.loads(base64.b64decode(file["content"]))["ended_at"])
        except (ValueError, KeyError, TypeError):
            continue
        if ended_at is not None:
            name = posixpath.basename(str(file.get("source") or "")).removesuffix(".json")
            what = _DIGEST.sub("", name)
            found[what] = max(iso(ended_at), found.get(what, ""))
    return sorted(({"what": what, "at": at} for what, at in found.items()), key=lambda run: run["at"], reverse=True)
