# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of acm_export for one certificate. Pure."""

from __future__ import annotations

import base64
import typing as t

from .._batch import results
from .._rules.times import iso
from .._files.atomic import FileSpec, Present
from .._rules.errors import InvalidMaterial
from .._x509 import pem
from .item import Change, Item, key_in


def of_one(item: Item, is_check: bool) -> dict[str, t.Any]:
    has_failed = item.error is not None
    is_changed = bool(item.changes) and (not has_failed if is_check else item.is_done)
    result: dict[str, t.Any] = {"changed": is_changed, "exported": item.was_exported}
    if item.certificate is not None:
        result["certificate_arn"] = item.certificate.arn
    if item.keys is not None:
        result.update(_facts(item))
    if item.wanted is not None:
        result["files"] = [_file(item, spec, is_changed) for spec in item.want.files]
    if item.error is not None:
        result.update(results.failure(item.error))
        return result
    if item.want.returns_key and item.keys is not None and item.keys.key is not None:
        result["private_key"] = pem.private_key_pem(item.key_set.key)
        if item.want.returns_pkcs12:
            result["pkcs12"] = base64.b64encode(item.key_set.pkcs12(item.want)).decode("ascii")
    warnings = [*item.warnings, *_warnings(item, is_check)]
    if warnings:
        result["warnings"] = warnings
    if is_changed and item.keys is not None:
        result["diff"] = _diff(item)
    return result


def _facts(item: Item) -> dict[str, t.Any]:
    keys, certificate = item.key_set, item.certificate
    leaf = keys.certificate
    leaf_text, chain_text = pem.certificate_pem(leaf), pem.chain_pem(keys.chain)
    names = pem.domain_names(leaf)
    facts: dict[str, t.Any] = {
        "domain_name": (certificate.domain_name if certificate else None) or (names[0] if names else None),
        "subject_alternative_names": names,
        "serial": pem.serial(leaf),
        "fingerprint": pem.fingerprint(leaf),
        "public_key_fingerprint": pem.public_key_fingerprint(leaf.public_key()),
        "subject": pem.distinguished_name(leaf.subject),
        "issuer": pem.distinguished_name(leaf.issuer),
        "key_algorithm": pem.key_algorithm(leaf.public_key()),
        "not_before": iso(leaf.not_valid_before_utc),
        "not_after": iso(leaf.not_valid_after_utc),
        "certificate": leaf_text,
        "chain": chain_text,
        "fullchain": leaf_text + chain_text,
    }
    if certificate is not None:
        facts["type"] = certificate.type
        if certificate.renewal_eligibility is not None:
            facts["renewal_eligibility"] = certificate.renewal_eligibility
        if certificate.is_in_use is not None:
            facts["renewal_depends_on_export"] = not certificate.is_in_use
    return facts


def _warnings(item: Item, is_check: bool) -> t.Iterator[str]:
    certificate = item.certificate
    if certificate is None or certificate.renewal_eligibility != "INELIGIBLE" or (is_check and item.needs_export):
        return
    why = "its key has not been exported since it was issued or last renewed, and no AWS service uses it"
    if not certificate.is_exportable:
        why = "its key can't be exported, and no AWS service uses it"
    elif item.was_exported and certificate.serial not in (None, pem.serial(item.key_set.certificate)):
        return  # it was renewed as soon as the export made it eligible; the next export is for the new certificate
    elif item.was_exported:
        why = "ACM still reports INELIGIBLE after this export"
    yield f"ACM will not renew {certificate.arn} ({certificate.domain_name or 'no name'}): {why}."


def _file(item: Item, spec: FileSpec, is_changed: bool) -> dict[str, t.Any]:
    change = next((each for each in item.changes if each.spec == spec), None)
    return {
        "form": spec.form,
        "path": spec.path,
        "mode": f"{spec.mode:04o}",
        "changed": change is not None and is_changed,
        "reasons": list(change.reasons) if change else [],
    }


def _diff(item: Item) -> dict[str, t.Any]:
    """One line for each changed file: its content, and who may read it. For a key only the hash of its public part."""
    before, after = {}, {}
    for change in item.changes:
        spec, present = change.spec, item.present.get(change.spec.path)
        before[spec.path] = "absent" if present is None else f"{_held(item, spec, present)}, {_access(present)}"
        after[spec.path] = f"{_wanted_content(item, spec)}, mode {spec.mode:04o}{_owners(change, present)}"
    return {"before": before, "after": after}


def _held(item: Item, spec: FileSpec, present: Present) -> str:
    if spec.form in ("key", "pkcs12"):
        key = key_in(spec.form, present.content, item.want.passphrase)
        return "unreadable" if key is None else f"public key {pem.public_key_fingerprint(key.public_key())}"
    try:
        return "certificates " + ", ".join(pem.serial(each) for each in pem.load_certificates(present.content))
    except InvalidMaterial:
        return "unreadable"


def _wanted_content(item: Item, spec: FileSpec) -> str:
    keys = item.key_set
    if spec.form in ("key", "pkcs12"):
        return f"public key {pem.public_key_fingerprint(keys.certificate.public_key())}"
    leaf, chain = [pem.serial(keys.certificate)], [pem.serial(each) for each in keys.chain]
    return "certificates " + ", ".join({"cert": leaf, "chain": chain}.get(spec.form, leaf + chain))


def _access(present: Present) -> str:
    return f"mode {present.mode:04o}, owner {present.uid}, group {present.gid}"


def _owners(change: Change, present: t.Optional[Present]) -> str:
    uid = change.spec.uid if change.spec.uid is not None else present.uid if present else None
    gid = change.spec.gid if change.spec.gid is not None else present.gid if present else None
    return "".join(f", {what} {number}" for what, number in (("owner", uid), ("group", gid)) if number is not None)
