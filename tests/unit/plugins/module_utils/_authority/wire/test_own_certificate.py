# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate of the server itself."""

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.wire.own_certificate import (
    OwnCertificate,
    checked_name,
)
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.tests.support.authority_lab import Clock, Lab


def test_its_own_certificate_is_renewed_in_time(lab: Lab, clock: Clock) -> None:
    own = OwnCertificate(lab.authority, ["acm.example.com", "192.0.2.1", "::1"])
    first = own.context
    assert not own.renew_if_due()
    clock.advance(days=3)
    assert own.renew_if_due() and own.context is not first
    clock.advance(days=-30)  # the clock was wrong
    assert own.renew_if_due()


def test_names_in_the_certificate() -> None:
    assert [checked_name(name) for name in ("ACM.example.com", "192.0.2.1", "2001:DB8::1")] == [
        "acm.example.com",
        "192.0.2.1",
        "2001:db8::1",
    ]
    with pytest.raises(InvalidInput, match="a_b..c is neither a host name nor an IP address"):
        checked_name("a_b..c")
