# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fetch the keys that are needed, and write the files.

ExportCertificate is called only for a key that no existing file contains. Its answer is used only after the key was
decrypted and found to belong to the certificate, and the chain was verified.
"""

from __future__ import annotations

import base64
import secrets
import typing as t
from datetime import datetime

from .._batch.items import attempt, still_open
from .._certificates.certificate import from_detail
from .._certificates.inventory import Door
from .._door.acm import AcmError
from .._files import atomic
from . import plan
from .item import Item, ask, parse
from .lookup import listed_by_arn

EXPORT = "ExportCertificate"


def execute(
    acm: Door, items: t.Sequence[Item], now: datetime, restore_context: t.Optional[atomic.RestoreContext] = None
) -> None:
    """Fetch the keys that are needed, in parallel, and write the files."""
    due = [item for item in still_open(items) if item.needs_export]
    passphrases = {id(item): item.want.passphrase or random_passphrase() for item in due}

    def members(item: Item) -> dict[str, t.Any]:
        return {"CertificateArn": item.arn, "Passphrase": passphrases[id(item)]}

    answers: dict[int, dict[str, t.Any]] = {}
    for item, answer in ask(acm, EXPORT, due, members):
        item.was_exported = True
        answers[id(item)] = answer
    attempt(
        [item for item in due if id(item) in answers],
        lambda item: _take(item, answers[id(item)], passphrases[id(item)]),
    )
    attempt(items, lambda item: _write(item, restore_context))
    _see_eligibility(acm, [item for item in still_open(items) if item.was_exported], now)


def random_passphrase() -> bytes:
    """64 letters, digits, - and _: within ACM's rules, and never written anywhere."""
    return base64.urlsafe_b64encode(secrets.token_bytes(48))


def _take(item: Item, answer: dict[str, t.Any], passphrase: bytes) -> None:
    keys = parse(answer, passphrase)
    is_news = item.keys is None or keys.certificate != item.keys.certificate  # renewed between the two calls
    item.keys = keys
    if is_news:
        item.changes = list(plan.changes(item))


def _write(item: Item, restore_context: t.Optional[atomic.RestoreContext]) -> None:
    if item.changes:
        wanted = [spec for spec in item.want.files if spec.form != "chain" or item.key_set.chain]
        with atomic.locked(wanted) as held:
            present = {spec.path: atomic.read(spec) for spec in item.want.files}
            if present != item.present:  # another run has written the files since: they must not become a mixture
                item.present = present
                item.changes = list(plan.changes(item))
            rendered = item.key_set.render(item.want)
            contents = [(change.spec, rendered[change.spec.form]) for change in item.changes if change.is_content]
            atomic.write(held, contents, restore_context)
            atomic.mend_access(held, [change.spec for change in item.changes if not change.is_content], restore_context)
    else:
        atomic.sweep(item.want.files)
    item.is_done = True


def _see_eligibility(acm: Door, items: t.Sequence[Item], now: datetime) -> None:
    """Exporting a certificate that no service uses makes it eligible for renewal: read it again."""
    due = [
        item for item in items if item.certificate is not None and item.certificate.renewal_eligibility != "ELIGIBLE"
    ]
    listed = listed_by_arn(acm, [item.arn for item in due], now)
    for item in due:
        item.certificate = listed.get(item.arn, item.certificate)
    due = [item for item in due if item.existing.renewal_eligibility != "ELIGIBLE"]
    answers = acm.each("DescribeCertificate", [{"CertificateArn": item.arn} for item in due])
    for item, answer in zip(due, answers):
        if not isinstance(answer, AcmError):  # everything has been done, so not knowing this is not a failure
            item.certificate = from_detail(answer["Certificate"])
