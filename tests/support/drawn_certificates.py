# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates in every state, drawn at random."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle.state import (
    Certificate,
    DomainValidation,
    Leaf,
    Renewal,
)
from ansible_collections.certops.acm.plugins.module_utils._authority.settings import Settings
from hypothesis import strategies as st

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
DAY = timedelta(days=1)
DEFAULTS = Settings()


def leaf(ends: timedelta = 90 * DAY, lifetime: timedelta = 395 * DAY) -> Leaf:
    return Leaf(
        serial="0a",
        not_before=NOW + ends - lifetime,
        not_after=NOW + ends,
        signature_algorithm="SHA256WITHRSA",
        subject="CN=a.example.com",
        issuer="CN=ca",
        common_name="a.example.com",
        issuer_common_name="ca",
    )


def certificate(**changes: t.Any) -> Certificate:
    base: dict[str, t.Any] = {
        "id": "1", "arn": "arn:1", "type": "AMAZON_ISSUED", "key_algorithm": "RSA_2048", "created_at": NOW - 2 * DAY,
        "names": ("a.example.com",), "validation_method": "DNS", "validations": (DomainValidation("a.example.com", "DNS"),),
    }  # fmt: skip
    return Certificate(**{**base, **changes})


MILLI = timedelta(milliseconds=1)
MOMENTS = st.one_of(
    st.none(),
    st.integers(-500, 500).map(lambda hours: NOW + timedelta(hours=hours)),
    st.sampled_from([NOW, NOW - timedelta(hours=72), NOW - timedelta(hours=72) + MILLI, NOW + MILLI, NOW - MILLI]),
)
LEAVES = st.one_of(
    st.none(),
    st.integers(-100, 400).map(lambda days: leaf(days * DAY)),
    st.sampled_from([leaf(-MILLI), leaf(timedelta(0))]),
)
CERTIFICATES = st.builds(
    certificate,
    type=st.sampled_from(["AMAZON_ISSUED", "PRIVATE", "IMPORTED"]),
    created_at=MOMENTS.filter(bool),
    leaf=LEAVES,
    issued_at=MOMENTS,
    imported_at=MOMENTS,
    failed_at=MOMENTS,
    revoked_at=MOMENTS,
    exported_at=MOMENTS,
    in_use_by=st.sampled_from([(), ("arn:service",)]),
    names=st.sampled_from([(), ("a.example.com",), ("*.example.com", "ab--c.example.com")]),
    noticed_at=MOMENTS,
    renewal=st.one_of(
        st.none(),
        st.builds(
            Renewal,
            status=st.sampled_from(["PENDING_AUTO_RENEWAL", "PENDING_VALIDATION", "SUCCESS", "FAILED"]),
            started_at=MOMENTS.filter(bool),
            updated_at=MOMENTS.filter(bool),
            reason=st.sampled_from([None, "CAA_ERROR"]),
            attempted_at=MOMENTS,
            validations=st.sampled_from([(), (DomainValidation("a.example.com", "EMAIL", emails=("a@b", "c@d")),)]),
        ),
    ),
)
