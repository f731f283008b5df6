# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files have to be written or corrected, and when that requires a key from ACM: no calls, no files."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.certops.acm.plugins.module_utils._acm_export import matching, plan
from ansible_collections.certops.acm.plugins.module_utils._acm_export.item import Item, KeySet, Wanted
from ansible_collections.certops.acm.plugins.module_utils._certificates.certificate import Certificate
from ansible_collections.certops.acm.plugins.module_utils._files.atomic import FileSpec, Present
from ansible_collections.certops.acm.plugins.module_utils._rules.errors import InvalidInput
from ansible_collections.certops.acm.plugins.module_utils._x509 import pem
from ansible_collections.certops.acm.tests.support.scripted_acm import arn

MODES = {"cert": 0o644, "chain": 0o644, "fullchain": 0o644, "key": 0o600}


def export(pair: Any, *, passphrase: bytes | None = None, kind: str = "PRIVATE", **present: Any) -> Item:
    """An item with these files, of which some have this content, or this content and mode."""
    specs = tuple(FileSpec(form, f"/srv/{form}", mode) for form, mode in MODES.items())
    item = Item(Wanted(arn=arn(1), files=specs, passphrase=passphrase, encrypts_key=passphrase is not None))
    item.certificate = Certificate(arn(1), type=kind, export="ENABLED")
    item.keys = KeySet(pair.certificate, tuple(pair.issuers[:-1]))
    for spec in specs:
        found = present.get(spec.form)
        content, mode = found if isinstance(found, tuple) else (found, spec.mode)
        item.present[spec.path] = None if content is None else Present(content.encode(), mode, 0, 0)
    if isinstance(present.get("key"), str) and "ENCRYPTED" not in present["key"]:
        item.keys_at_hand = [pem.load_private_key(present["key"])]
    return item


def files(pair: Any) -> dict[str, str]:
    return {"cert": pair.pem, "chain": pair.chain_pem, "fullchain": pair.pem + pair.chain_pem, "key": pair.key_pem}


def decided(item: Item) -> dict[str, tuple[tuple[str, ...], bool]]:
    """Form → the reasons, and whether the content is written."""
    plan.decide([item])
    assert item.error is None, item.error
    return {change.spec.form: (change.reasons, change.is_content) for change in item.changes}


def test_nothing_is_done_if_the_files_are_as_wanted(pki: Any) -> None:
    item = export(pki.leaf(), **files(pki.leaf()))
    assert decided(item) == {} and not item.needs_export


def test_a_public_file_is_written_without_a_key(pki: Any) -> None:
    damaged = {**files(pki.leaf()), "cert": None, "chain": "x"}
    item = export(pki.leaf(), **damaged)
    assert decided(item) == {"cert": (("it was missing",), True), "chain": (("it was altered",), True)}
    assert not item.needs_export


def test_public_files_alone_never_need_a_key(pki: Any) -> None:
    item = Item(Wanted(arn=arn(1), files=(FileSpec("cert", "/srv/cert", 0o644),)))
    item.certificate, item.keys = Certificate(arn(1), type="IMPORTED"), KeySet(pki.leaf().certificate, ())
    item.present = {"/srv/cert": None}
    assert decided(item) == {"cert": (("it was missing",), True)} and not item.needs_export


def test_a_mode_is_corrected_without_rewriting_the_file(pki: Any) -> None:
    item = export(pki.leaf(), **{**files(pki.leaf()), "cert": (pki.leaf().pem, 0o600)})
    assert decided(item) == {"cert": (("its mode was 0600",), False)}


@pytest.mark.parametrize("key", [None, "another"])
def test_a_key_that_is_missing_or_belongs_to_another_certificate_is_fetched(pki: Any, key: str | None) -> None:
    pair, other = pki.leaf(), pki.leaf("other.example.com", number=7)
    item = export(pair, **{**files(pair), "key": other.key_pem if key else None})
    assert decided(item) == {"key": (("it contained another key" if key else "it was missing",), True)}
    assert item.needs_export


def test_a_renewed_certificate_says_which_serial_it_replaces(pki: Any) -> None:
    old, new = pki.leaf(), pki.leaf(number=7)
    changes = decided(export(new, **files(old)))
    serial = (f"it contained the certificate with serial {pem.serial(old.certificate)}",)
    assert changes["cert"] == changes["fullchain"] == (serial, True)
    assert changes["key"] == (("it contained another key",), True) and "chain" not in changes


@pytest.mark.parametrize(
    ("sealed_with", "is_as_wanted"), [(b"correct horse", True), (b"battery staple", False), (None, False)]
)
def test_an_encrypted_key_is_compared_by_its_content(pki: Any, sealed_with: bytes | None, is_as_wanted: bool) -> None:
    pair = pki.leaf()
    key = pair.key_pem_in("PKCS8", sealed_with) if sealed_with else pair.key_pem
    item = export(pair, passphrase=b"correct horse", **{**files(pair), "key": key})
    item.keys_at_hand = [pair.key]
    assert ("key" not in decided(item)) is is_as_wanted


def test_an_encrypted_key_of_another_certificate_is_replaced(pki: Any) -> None:
    pair, other = pki.leaf(), pki.leaf("other.example.com", number=7)
    sealed = other.key_pem_in("PKCS8", b"correct horse")
    item = export(pair, passphrase=b"correct horse", **{**files(pair), "key": sealed})
    item.keys_at_hand = [pair.key]
    assert decided(item) == {"key": (("it contained another key",), True)}


def test_a_key_that_acm_does_not_export_is_not_requested(pki: Any) -> None:
    item = export(pki.leaf(), kind="IMPORTED", **{**files(pki.leaf()), "key": None})
    plan.decide([item])
    assert "ACM does not export imported keys" in str(item.error)


def test_check_mode_predicts_the_files_of_a_certificate_that_does_not_exist_yet(pki: Any) -> None:
    missing, refused = export(pki.leaf()), export(pki.leaf())
    missing.error, refused.error = matching.Missing("There is no certificate."), InvalidInput("It has expired.")
    plan.foretell([missing, refused])
    assert missing.error is None and missing.needs_export and len(missing.changes) == len(MODES)
    (warning,) = missing.warnings
    assert warning.startswith("There is no certificate. If a task before this one requests it")
    assert refused.error is not None and refused.changes == []
