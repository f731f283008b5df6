# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which issuers the host's trust list contains, whatever else is in the file, or if there is none."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_import import trust_list

DAMAGED = "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n"


@pytest.fixture(name="place")
def fixture_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Path]:
    """The only place where a trust list is searched for."""
    path = tmp_path / "ca-certificates.crt"
    monkeypatch.setattr(trust_list, "PLACES", (str(path),))
    monkeypatch.setattr(
        trust_list.ssl, "get_default_verify_paths", lambda: trust_list.ssl.DefaultVerifyPaths(*[None] * 6)
    )
    trust_list._by_subject.cache_clear()
    yield path
    trust_list._by_subject.cache_clear()


def test_an_issuer_in_the_list_is_trusted(place: Path, pki: t.Any) -> None:
    leaf, root = pki.leaf(), pki.authority("root")
    place.write_text("# Example Root\n" + DAMAGED + root.pem)
    assert trust_list.is_issuer_trusted(leaf.issuers[0])
    assert not trust_list.is_issuer_trusted(leaf.certificate)


def test_a_root_of_the_same_name_with_another_key_is_not_the_issuer(place: Path, pki: t.Any) -> None:
    place.write_text(pki.authority("root", number=1).pem)
    assert not trust_list.is_issuer_trusted(pki.authority("intermediate", pki.authority("root")).certificate)


@pytest.mark.parametrize("content", [None, b"", b"\xff\x00 noise", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_without_a_readable_list_nothing_is_trusted(place: Path, pki: t.Any, content: bytes | None) -> None:
    if content is not None:
        place.write_bytes(content)
    assert not trust_list.is_issuer_trusted(pki.leaf().issuers[0])


def test_a_file_too_large_for_a_trust_list_is_not_read(
    place: Path, pki: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write_text(pki.authority("root").pem)
    monkeypatch.setattr(trust_list, "MAX_OCTETS", 100)
    assert not trust_list.is_issuer_trusted(pki.leaf().issuers[0])
