# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What proves control over a name: the same each time, and different for each name and account."""

from __future__ import annotations

import re

import pytest
from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle import proofs
from ansible_collections.certops.acm.plugins.module_utils._authority.settings import Settings

ACCOUNT, OTHER_ACCOUNT = "123456789012", "210987654321"
SETTINGS = Settings()


def test_a_record_looks_like_acms() -> None:
    record = proofs.resource_record("www.example.com", ACCOUNT, SETTINGS)
    assert record["Type"] == "CNAME"
    assert re.fullmatch(r"_[0-9a-f]{32}\.www\.example\.com\.", record["Name"])
    suffix = re.escape(SETTINGS.validation_suffix)
    assert re.fullmatch(rf"_[0-9a-f]{{32}}\.[a-p]{{10}}\.{suffix}\.", record["Value"])


@pytest.mark.parametrize(
    ("name", "account_id", "is_same"),
    [
        ("www.example.com", ACCOUNT, True),
        ("*.www.example.com", ACCOUNT, True),
        ("example.com", ACCOUNT, False),
        ("*.example.com", ACCOUNT, False),
        ("www.example.com", OTHER_ACCOUNT, False),
    ],
)
def test_which_names_share_a_record(name: str, account_id: str, is_same: bool) -> None:
    first = proofs.resource_record("www.example.com", ACCOUNT, SETTINGS)
    second = proofs.resource_record(name, account_id, SETTINGS)
    assert (first == second) is is_same
    assert (first["Value"] == second["Value"]) is is_same


def test_the_target_of_an_http_redirect_may_be_served_directly() -> None:
    redirect = proofs.http_redirect("www.example.com", ACCOUNT, "us-east-1", SETTINGS)
    assert redirect["RedirectFrom"].startswith("http://www.example.com/.well-known/pki-validation/")
    assert redirect["RedirectTo"].startswith("https://validation.us-east-1.")
    assert redirect["RedirectTo"].endswith(redirect["RedirectFrom"].partition("example.com")[2])
    elsewhere = proofs.http_redirect("www.example.com", ACCOUNT, "eu-west-1", SETTINGS)
    assert proofs.http_content(redirect) == proofs.http_content(dict(redirect)) != proofs.http_content(elsewhere)
