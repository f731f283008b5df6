# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a certificate's files should contain, which files do, and whether a key has to be fetched for the rest. Pure."""

from __future__ import annotations

import typing as t

from .._batch.items import attempt
from .._files import atomic
from .._files.atomic import FileSpec
from .._files.certificate_files import SECRET_FORMS
from .._rules.errors import InvalidMaterial
from .._x509 import pem, pkcs12
from . import matching
from .item import Change, Item, key_in


def decide(items: t.Sequence[Item]) -> None:
    """Compare the files of every item with their wanted content, and see whether a key has to be fetched."""
    attempt(items, _decide)


def foretell(items: t.Sequence[Item]) -> None:
    """In check mode, where no task before has really requested its certificate: the files that would be written then."""
    for item in items:
        if isinstance(item.error, matching.Missing) and item.want.files:
            item.warnings.append(
                f"{str(item.error).rstrip('.')}. If a task before this one requests it, its files are written; otherwise this "
                "task fails outside check mode."
            )
            item.changes = [Change(spec, ("ACM does not have the certificate yet",), True) for spec in item.want.files]
            item.needs_export, item.error = item.want.needs_key, None


def _decide(item: Item) -> None:
    if item.keys is None:
        item.needs_export = True
        return
    leaf = item.keys.certificate
    item.keys.key = next((key for key in item.keys_at_hand if pem.key_matches(key, leaf)), None)
    item.changes = list(changes(item))
    needs_key = item.want.returns_key or any(
        change.is_content and change.spec.form in SECRET_FORMS for change in item.changes
    )
    item.needs_export = needs_key and item.keys.key is None
    certificate = item.existing
    if item.needs_export and not certificate.is_exportable:
        raise matching.not_exportable(certificate)


def changes(item: Item) -> t.Iterator[Change]:
    """The files that differ from the wanted content, and how."""
    rendered = item.key_set.render(item.want, is_sealed=False)
    for spec in item.want.files:
        present = item.present[spec.path]
        if spec.form == "chain" and not item.key_set.chain:
            continue
        if present is None:
            yield Change(spec, ("it was missing",), True)
            continue
        reasons = atomic.access_differences(spec, present)
        if not _is_as_wanted(item, spec, present.content, rendered):
            yield Change(spec, (_content_reason(item, spec, present.content), *reasons), True)
        elif reasons:
            yield Change(spec, tuple(reasons), False)


def _is_as_wanted(item: Item, spec: FileSpec, content: bytes, rendered: dict[str, bytes]) -> bool:
    """Encrypted forms are salted again each time, so they are decrypted instead of compared."""
    keys, want = item.key_set, item.want
    if spec.form in SECRET_FORMS and keys.key is None:
        return False
    if spec.form == "pkcs12":
        try:
            key, certificate, chain = pkcs12.load(content, want.passphrase or b"")
        except InvalidMaterial:
            return False
        alias, is_legacy = pkcs12.form_of(content, want.passphrase or b"")
        if is_legacy != want.is_pkcs12_legacy or want.pkcs12_alias not in (None, alias):
            return False
        is_same = (certificate, chain) == (keys.certificate, list(keys.chain))
        return is_same and key is not None and pem.key_matches(key, keys.certificate)
    if spec.form == "key" and want.encrypts_key:
        key = key_in("key", content, want.passphrase)
        only = [block.label for block in pem.blocks(content)] == ["ENCRYPTED PRIVATE KEY"] if key is not None else False
        return only and pem.key_matches(key, keys.certificate)
    return content == rendered.get(spec.form)


def _content_reason(item: Item, spec: FileSpec, content: bytes) -> str:
    try:
        found = pem.load_certificates(content) if spec.form != "pkcs12" else []
    except InvalidMaterial:
        found = []
    if found and spec.form != "chain" and found[0] != item.key_set.certificate:
        return f"it contained the certificate with serial {pem.serial(found[0])}"
    if spec.form in ("key", "pkcs12"):
        key = key_in(spec.form, content, item.want.passphrase)
        if key is not None and not pem.key_matches(key, item.key_set.certificate):
            return "it contained another key"
        if key is not None and spec.form == "pkcs12":
            return "it was in another form"
    return "it was altered"
