# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate an export refers to, and what is known about it before its key is fetched: from ACM with as few
calls as possible, and from existing files."""

from __future__ import annotations

import functools
import typing as t
from datetime import datetime

from .._certificates import inventory
from .._files import atomic
from .._x509 import pem
from .._certificates.certificate import Certificate, from_detail
from .._door.acm import AcmError
from .._batch.items import attempt, still_open
from .._certificates.inventory import Door
from .._files.atomic import FileSpec
from .._files.certificate_files import SECRET_FORMS
from .._rules.errors import InvalidMaterial
from . import matching
from .item import Item, ask, key_in, parse


def look_up(acm: Door, items: t.Sequence[Item], now: datetime, *, is_check: bool = False) -> None:
    """Find the certificates, and read everything from their files and from ACM, except keys that no file contains."""
    _find_by_arn(acm, still_open(items), now)
    _find_by_names(acm, [item for item in still_open(items) if not item.want.arn], now)
    _check_states(acm, still_open(items), now)
    attempt(items, _read_files)
    # an export also returns the certificate
    due = [item for item in still_open(items) if is_check or not is_export_due(item)]
    answers = {id(item): answer for item, answer in ask(acm, "GetCertificate", due)}
    attempt([item for item in due if id(item) in answers], lambda item: setattr(item, "keys", parse(answers[id(item)])))


def _find_by_arn(acm: Door, items: t.Sequence[Item], now: datetime) -> None:
    by_arn = [item for item in items if item.want.arn]
    listed = listed_by_arn(acm, [str(item.want.arn) for item in by_arn], now)
    for item in by_arn:
        item.certificate = listed.get(str(item.want.arn))
    _describe(acm, [item for item in by_arn if item.certificate is None])


def listed_by_arn(acm: Door, arns: t.Sequence[str], now: datetime) -> dict[str, Certificate]:
    """The result of one read of the inventory for many items; nothing for a few, or without permission to list."""
    if len(arns) <= inventory.FEW:
        return {}
    try:
        return {
            certificate.arn: certificate
            for certificate in inventory.listing(acm, inventory.Query(arns=tuple(arns)), now)
        }
    except AcmError:
        return {}  # then each is described, which shows what is wrong


def _describe(acm: Door, items: t.Sequence[Item]) -> None:
    for item, answer in ask(
        acm, "DescribeCertificate", items, lambda item: {"CertificateArn": item.want.arn or item.arn}
    ):
        item.certificate = from_detail(answer["Certificate"])


def _find_by_names(acm: Door, items: t.Sequence[Item], now: datetime) -> None:
    if not items:
        return
    names = tuple(sorted({str(item.want.domain_name) for item in items}))
    try:
        listed = inventory.with_names(acm, inventory.listing(acm, inventory.Query(any_names=names), now))
    except AcmError as error:
        for item in items:
            item.error = error
        return
    attempt(items, lambda item: setattr(item, "certificate", matching.choose(item.want, listed, now)))


def _check_states(acm: Door, items: t.Sequence[Item], now: datetime) -> None:
    """Refuse exports that are impossible; lists may lag behind, so refused certificates were described."""
    attempt(items, lambda item: matching.check_state(item.existing, now, item.want.needs_key))
    doubtful = [
        item
        for item in items
        if item.error is not None and item.certificate is not None and item.certificate.detail is None
    ]
    for item in doubtful:
        item.error = None
    _describe(acm, doubtful)
    attempt(doubtful, lambda item: matching.check_state(item.existing, now, item.want.needs_key))


def _read_files(item: Item) -> None:
    item.present = {spec.path: atomic.read(spec) for spec in item.want.files}
    for spec in item.want.files:
        present = item.present[spec.path]
        if spec.form in SECRET_FORMS and present is not None:
            key = key_in(spec.form, present.content, item.want.passphrase)
            if key is not None:
                item.keys_at_hand.append(key)


def is_export_due(item: Item) -> bool:
    """Whether a key must be fetched whatever certificate ACM has: no file has a key that could belong to it."""
    certificate = item.existing
    if not item.want.needs_key or not certificate.is_exportable:
        return False
    leaves = [leaf for leaf in map(functools.partial(_leaf_in, item), item.want.files) if leaf is not None]
    if certificate.serial is None or any(pem.serial(leaf) == certificate.serial for leaf in leaves):
        return not item.keys_at_hand
    return all(any(pem.key_matches(key, leaf) for leaf in leaves) for key in item.keys_at_hand)


def _leaf_in(item: Item, spec: FileSpec) -> t.Any:
    """The certificate in a file of the set, if it contains one."""
    present = item.present[spec.path]
    if present is None or spec.form not in ("cert", "fullchain", "combined"):
        return None
    try:
        return next(iter(pem.load_certificates(present.content)), None)
    except InvalidMaterial:
        return None
