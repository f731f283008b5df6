# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a check by the CA."""

from __future__ import annotations

import typing as t

SUCCESS, PENDING, FAILED = "SUCCESS", "PENDING", "FAILED"


class Verdict(t.NamedTuple):
    """The result of one check.

    status: SUCCESS; PENDING (not yet, check again; the lifecycle decides for how long); FAILED (permanently).
    reason: ACM's FailureReason if FAILED, else None. detail: what was seen, in one sentence.
    """

    status: str
    reason: t.Optional[str]
    detail: str


def success(detail: str) -> Verdict:
    return Verdict(SUCCESS, None, detail)


def pending(detail: str) -> Verdict:
    return Verdict(PENDING, None, detail)


def failed(reason: str, detail: str) -> Verdict:
    return Verdict(FAILED, reason, detail)
