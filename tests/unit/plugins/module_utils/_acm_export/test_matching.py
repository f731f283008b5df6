# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate is meant by its names."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_export.item import Wanted
from ansible_collections.certops.acm.plugins.module_utils._acm_export.matching import check_state, choose
from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import Certificate
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._rules.names import name_set

NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
NAME = "www.example.com"


def certificate(arn: str, **members: Any) -> Certificate:
    defaults: dict[str, Any] = {
        "domain_name": NAME,
        "alternative_names": (NAME,),
        "status": "ISSUED",
        "type": "AMAZON_ISSUED",
        "export": "ENABLED",
        "created_at": NOW - timedelta(days=9),
        "not_after": NOW + timedelta(days=90),
    }
    return Certificate(arn, **{**defaults, **members})


USABLE = certificate("usable")
NEWER = certificate("newer", created_at=NOW)
CLOSED = certificate("closed", export="DISABLED", created_at=NOW)
IMPORTED = certificate("imported", type="IMPORTED", created_at=NOW)
PENDING = certificate("pending", status="PENDING_VALIDATION", not_after=None)
EXPIRED = certificate("expired", not_after=NOW - timedelta(days=1), created_at=NOW)
MORE = certificate("more", alternative_names=(NAME, "api.example.com"))


@pytest.mark.parametrize(
    ("listed", "needs_key", "chosen"),
    [
        ([USABLE], True, "usable"),
        ([USABLE, NEWER], True, "newer"),
        ([NEWER, USABLE], True, "newer"),
        ([USABLE, CLOSED], True, "usable"),
        ([USABLE, CLOSED], False, "closed"),
        ([USABLE, EXPIRED, PENDING, IMPORTED], True, "usable"),
        ([USABLE, certificate("other", domain_name="a.example.com")], True, "usable"),
    ],
)
def test_the_newest_exportable_certificate_is_chosen(listed: list[Certificate], needs_key: bool, chosen: str) -> None:
    assert choose(Wanted(domain_name=NAME, returns_key=needs_key), listed, NOW).arn == chosen


@pytest.mark.parametrize(
    ("listed", "names", "said"),
    [
        ([], None, f"There is no certificate for {NAME}"),
        ([CLOSED], None, "closed was requested without export"),
        ([IMPORTED], None, "ACM never gives out the key of an imported certificate"),
        ([PENDING], None, "pending is still waiting for its validation; have acm_certificate wait"),
        ([replace(PENDING, export="DISABLED")], None, "without export"),
        ([EXPIRED], None, "expired has expired; export its successor"),
        ([MORE], (NAME,), "more has www.example.com, but also has api.example.com"),
        ([USABLE], (NAME, "b.example.com"), "usable has www.example.com, but lacks b.example.com"),
        (
            [certificate("other", domain_name="api.example.com", alternative_names=("api.example.com",))],
            (NAME,),
            f"There is no certificate for {NAME}",
        ),
    ],
)
def test_why_no_certificate_can_be_exported(
    listed: list[Certificate], names: tuple[str, ...] | None, said: str
) -> None:
    wanted = Wanted(domain_name=NAME, names=name_set(names[0], names[1:]) if names else None, returns_key=True)
    with pytest.raises(InvalidInput) as caught:
        choose(wanted, listed, NOW)
    assert said in str(caught.value) and str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (USABLE, None),
        (PENDING, "is still waiting for its validation"),
        (EXPIRED, "has expired"),
        (certificate("a", status="REVOKED"), "is revoked"),
        (certificate("a", status="INACTIVE"), "has the status INACTIVE"),
    ],
)
def test_certificates_that_cannot_be_served_now(given: Certificate, said: str | None) -> None:
    if said is None:
        check_state(given, NOW)
    else:
        with pytest.raises(InvalidInput, match=said):
            check_state(given, NOW)
