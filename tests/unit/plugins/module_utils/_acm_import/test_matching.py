# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate is meant; the whole of an import is tested with the module."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_import import matching
from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import Certificate


def listed(*names: str, serial: str | None = None) -> Certificate:
    return Certificate(arn="arn", domain_name=names[0] if names else None, alternative_names=names, serial=serial)


@pytest.mark.parametrize(
    ("shown", "common_name", "names", "is_same"),
    [
        (("www.example.com",), "www.example.com", ("www.example.com",), True),
        (("WWW.example.com.",), "www.example.com", ("www.example.com",), True),
        (("www.example.com", "example.com"), "www.example.com", ("example.com", "www.example.com"), True),
        # ACM may count the common name among the names, or not
        (("Web server 3", "www.example.com"), "Web server 3", ("www.example.com",), True),
        (("www.example.com",), "Web server 3", ("www.example.com",), True),
        (("www.example.com",), "www.example.com", (), True),
        # more or fewer names are another certificate
        (("www.example.com",), "www.example.com", ("www.example.com", "example.com"), False),
        (("example.com",), "www.example.com", ("www.example.com", "example.com"), False),
        (("www.example.com", "example.com"), "www.example.com", ("www.example.com",), False),
        # a certificate without names does not match one with names
        ((), "www.example.com", ("www.example.com",), False),
        ((), "server", (), False),
    ],
)
def test_the_names_that_acm_shows(
    pki: Any, shown: tuple[str, ...], common_name: str, names: tuple[str, ...], is_same: bool
) -> None:
    certificate = pki.issue(common_name, names=names).certificate
    assert matching.has_names_of(listed(*shown), certificate) is is_same


@pytest.mark.parametrize("spelling", ["0a:1b", "0A:1B", "0a1b", "a1b", "0A1B"])
def test_a_serial_is_a_number_however_it_is_spelled(pki: Any, spelling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching.pem, "serial", lambda _certificate: "0a:1b")
    certificate = pki.leaf().certificate
    assert matching.has_serial(listed("www.example.com", serial=spelling), certificate)
    assert not matching.has_serial(listed("www.example.com", serial="0b:1b"), certificate)
    assert not matching.has_serial(listed("www.example.com"), certificate)


@pytest.mark.parametrize(
    ("names", "searched"),
    [
        (("WWW.Example.com",), ("WWW.Example.com", "www.example.com")),
        (("www.example.com", "b c"), ("www.example.com",)),
        (("b c", "www..example.com", "localhost"), ()),
        ((), ()),
    ],
)
def test_a_name_is_searched_for_in_each_spelling(pki: Any, names: tuple[str, ...], searched: tuple[str, ...]) -> None:
    assert matching.searched_names(pki.issue("x", names=names).certificate) == searched


def test_which_certificates_share_a_name(pki: Any) -> None:
    address, both = pki.issue(None, addresses=("192.0.2.1",)), pki.issue(None, addresses=("192.0.2.1", "192.0.2.2"))
    third = pki.issue(None, addresses=("192.0.2.3",))
    assert matching.shares_a_name(address.certificate, both.certificate)
    assert not matching.shares_a_name(address.certificate, third.certificate)
    assert matching.shares_a_name(pki.authority("one").certificate, pki.authority("one").certificate)
    assert not matching.shares_a_name(pki.authority("one").certificate, pki.authority("two").certificate)
    wildcard, deep = pki.issue("*.example.com"), pki.issue("a.b.example.com")
    assert not matching.shares_a_name(wildcard.certificate, deep.certificate)
