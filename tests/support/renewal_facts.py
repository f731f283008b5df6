# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Made-up input for the rules of renewals: certificates, memories, outcomes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.certops.acm.plugins.module_utils._renewals import memory

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=timezone.utc)


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def arn(number: int) -> str:
    return f"arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-0000-0000-{number:012d}"


def make_certificate(number: int = 1, *, left: float = 100, lifetime: float = 395, **members: Any) -> dict[str, Any]:
    """A certificate as acm_certificate_info returns it, with this many days left."""
    until = NOW + timedelta(days=left)
    certificate = {
        "certificate_arn": arn(number),
        "domain_name": f"host-{number}.example.com",
        "subject_alternative_names": [f"host-{number}.example.com"],
        "status": "ISSUED",
        "type": "AMAZON_ISSUED",
        "serial": f"{number:02x}",
        "options": {"export": "ENABLED"},
        "renewal_eligibility": "ELIGIBLE",
        "exported": True,
        "in_use": False,
        "created_at": iso(until - timedelta(days=lifetime)),
        "not_before": iso(until - timedelta(days=lifetime)),
        "not_after": iso(until),
        **members,
    }
    return {name: value for name, value in certificate.items() if value is not None}


def make_memory(**members: Any) -> dict[str, Any]:
    return {**memory.empty(), **members}


def make_read(certificate: dict[str, Any]) -> dict[str, Any]:
    return {key: certificate[key] for key in ("certificate_arn", "domain_name", "serial", "not_before", "not_after")}


def make_known(certificate: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {**{key: certificate[key] for key in ("serial", "not_before", "not_after")}, **members}


def make_done(certificate: dict[str, Any], *, swapped: bool = False) -> dict[str, Any]:
    return {
        "identity": certificate["certificate_arn"],
        "arn": certificate["certificate_arn"],
        "name": certificate["domain_name"],
        "services": ["nginx"],
        "swapped": swapped,
        **make_known(certificate),
    }
