# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names for which no public certificate is ever issued."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.certops.acm.plugins.module_utils._authority.lifecycle.refused_domains import (
    domain_fault,
    is_public_suffix,
)
from ansible_collections.certops.acm.plugins.module_utils._authority.settings import Settings


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("www.example.com", None),
        ("*.example.co.uk", None),
        ("com", "INVALID_PUBLIC_DOMAIN"),
        ("*.com", "INVALID_PUBLIC_DOMAIN"),
        ("co.uk", "INVALID_PUBLIC_DOMAIN"),
        ("*.co.uk", "INVALID_PUBLIC_DOMAIN"),
        ("www.example.internal", "INVALID_PUBLIC_DOMAIN"),
        ("host.arpa", "INVALID_PUBLIC_DOMAIN"),
        ("hidden.onion", "INVALID_PUBLIC_DOMAIN"),
        ("d111.cloudfront.net", "DOMAIN_NOT_ALLOWED"),
    ],
)
def test_public_names(name: str, fault: t.Optional[str]) -> None:
    assert domain_fault(name, Settings()) == fault


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("kawasaki.jp", False), ("any.kawasaki.jp", True), ("city.kawasaki.jp", False), ("example.com", False)],
)
def test_wildcards_and_exceptions_in_the_list(name: str, is_one: bool) -> None:
    assert is_public_suffix(name) is is_one


def test_suffixes_of_a_lab_count_as_public_with_or_without_a_leading_dot() -> None:
    for suffix in ("lab.internal", ".lab.internal"):
        settings = Settings(public_suffixes=[suffix])
        assert domain_fault("www.lab.internal", settings) is None
        assert domain_fault("www.other.internal", settings) == "INVALID_PUBLIC_DOMAIN"
