# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How entries name certificates, and in which spelling names are compared."""

from __future__ import annotations

import pytest
from ansible_collections.certops.acm.plugins.plugin_utils._deploy.identities import (
    as_request,
    identity_of,
    spell,
    spell_identity,
)

ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/A1"


@pytest.mark.parametrize("identity", [ARN, "www.example.com"])
def test_a_request_asks_for_its_identity(identity: str) -> None:
    assert identity_of(as_request(identity)) == identity


def test_an_arn_goes_before_a_name() -> None:
    assert identity_of({"domain_name": "www.example.com", "certificate_arn": ARN}) == ARN


@pytest.mark.parametrize(
    ("given", "compared", "kept"),
    [
        (" WWW.Example.COM. ", "www.example.com", "www.example.com"),
        ("straße.example", "xn--strae-oqa.example", "xn--strae-oqa.example"),
        ("No_Name!", "no_name!", "no_name!"),
        (f"{ARN} ", ARN.lower(), ARN),
    ],
)
def test_spellings(given: str, compared: str, kept: str) -> None:
    assert (spell(given), spell_identity(given)) == (compared, kept)
