# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task of acm_export from options to results: read the options, look, decide, do, tell."""

from __future__ import annotations

import base64
import os
import typing as t
from datetime import datetime

from . import lookup, exports
from .._files import access, atomic
from .._x509 import pem
from .._certificates.certificate import iso
from .._door.acm import AcmError
from .job import (
    Change,
    Job,
    Wanted,
    key_in,
)
from .._files.atomic import FileSpec, Present
from .._files.forms import FILE_NAMES, SECRET_FORMS
from .._certificates.inventory import Door
from .._rules.arns import check_certificate_arn
from .._rules.errors import InvalidInput
from .._rules.names import check_domain_name, name_set
from .._rules.passphrases import check_passphrase, octets
from .._rules.errors import InvalidMaterial

DEFAULT_FORMS = ("cert", "chain", "fullchain", "key")
# Options that only one export can have, so a task that has `certificates` can't
ONE_EXPORT = ("certificate_arn", "domain_name", "subject_alternative_names", "path", "files")
_SHARED = ("passphrase", "owner", "group", "mode", "encrypt_key", "return_private_key", "return_pkcs12")


def run(
    door: t.Callable[[], Door],
    options: dict[str, t.Any],
    *,
    now: datetime,
    is_check: bool,
    restore_context: t.Optional[atomic.RestoreContext] = None,
) -> dict[str, t.Any]:
    """The result of the task."""
    items = options.get("certificates")
    jobs = [read(item) for item in ([options] if items is None else [_inherit(item, options) for item in items])]
    _refuse_shared_files(jobs)
    if any(job.error is None for job in jobs):
        acm = door()
        for job in jobs:
            _check_region(job, acm.region)
        lookup.look_up(acm, jobs, now, is_check=is_check)
        exports.decide(jobs)
        if not is_check:
            exports.carry_out(acm, jobs, now, restore_context)
    results = [_of_one(job, is_check) for job in jobs]
    if items is None:
        return _told_alone(results[0])
    return _told_together(jobs, results)


def read(options: dict[str, t.Any]) -> Job:
    """Judge the options of one export; what is wrong with them stays in the job."""
    try:
        return Job(_wanted(options))
    except InvalidInput as error:
        return Job(None, error)


def _wanted(options: dict[str, t.Any]) -> Wanted:
    arn, domain_name = options.get("certificate_arn"), options.get("domain_name")
    alternatives, passphrase = options.get("subject_alternative_names"), options.get("passphrase")
    if bool(arn) == bool(domain_name):
        raise InvalidInput("Say which certificate is meant with either certificate_arn or domain_name.")
    if alternatives is not None and arn:
        raise InvalidInput("subject_alternative_names goes with domain_name; leave it out beside certificate_arn.")
    names = None
    if arn:
        check_certificate_arn(arn)
    else:
        domain_name = check_domain_name(str(domain_name), option="domain_name")
        if alternatives is not None:
            names = name_set(
                domain_name, [check_domain_name(name, option="subject_alternative_names") for name in alternatives]
            )
    secret = None if passphrase is None else octets(passphrase)
    if secret is not None:
        check_passphrase(secret)
    files = tuple(_files(options))
    for what, is_asked in (
        ("A PKCS#12", options.get("return_pkcs12") or any(spec.form == "pkcs12" for spec in files)),
        ("encrypt_key", options.get("encrypt_key")),
    ):
        if is_asked and secret is None:
            raise InvalidInput(f"{what} needs a passphrase, or nobody could open what is written; give passphrase.")
    return Wanted(
        arn=arn,
        domain_name=domain_name,
        names=names,
        passphrase=secret,
        files=files,
        encrypts_key=bool(options.get("encrypt_key")),
        returns_key=bool(options.get("return_private_key") or options.get("return_pkcs12")),
        returns_pkcs12=bool(options.get("return_pkcs12")),
    )


def _files(options: dict[str, t.Any]) -> t.Iterator[FileSpec]:
    folder, files = options.get("path"), options.get("files")
    chosen: dict[str, dict[str, t.Any]] = {form: each for form, each in (files or {}).items() if each is not None}
    if folder and not chosen:
        chosen = {form: {} for form in DEFAULT_FORMS}
    for form, own in chosen.items():
        name = os.path.expanduser(own.get("path") or FILE_NAMES[form])
        if not os.path.isabs(name) and not folder:
            raise InvalidInput(f"files.{form} has no folder to lie in; give path, or a full path in files.{form}.path.")
        path = os.path.normpath(os.path.join(folder or "/", name))
        if not os.path.isabs(path):
            path = os.path.abspath(path)
        group = own.get("group") or options.get("group")
        default = 0o644 if form not in SECRET_FORMS else 0o640 if group else 0o600
        mode = access.read_mode(f"files.{form}.mode", own.get("mode"), default)
        if form in SECRET_FORMS:
            if mode is None:
                mode = access.read_mode("mode", options.get("mode"), default)
            if (mode or 0) & 0o007:
                raise InvalidInput(
                    f"The mode {mode:04o} of {path} would open its key to every user; use 0640 and a group, or 0600."
                )
        yield FileSpec(
            form,
            path,
            default if mode is None else mode,
            access.read_id("owner", own.get("owner") or options.get("owner")),
            access.read_id("group", group),
        )


def _inherit(item: dict[str, t.Any], task: dict[str, t.Any]) -> dict[str, t.Any]:
    return {**item, **{name: task.get(name) for name in _SHARED if item.get(name) is None}}


def _refuse_shared_files(jobs: t.Sequence[Job]) -> None:
    seen: dict[str, int] = {}
    for number, job in enumerate(jobs, 1):
        for spec in job.wanted.files if job.wanted else ():
            first = seen.setdefault(spec.path, number)
            if first != number:
                job.error = InvalidInput(f"{spec.path} is a file of items {first} and {number}; name different files.")
            elif [each.path for each in job.want.files].count(spec.path) > 1:
                job.error = InvalidInput(f"{spec.path} is named for several forms; name a file of its own for each.")


def _check_region(job: Job, region: str) -> None:
    if job.error is None and job.want.arn:
        try:
            check_certificate_arn(job.want.arn, region)
        except InvalidInput as error:
            job.error = error


# ---------------------------------------------------------------- results


def _told_alone(result: dict[str, t.Any]) -> dict[str, t.Any]:
    outer: dict[str, t.Any] = {
        name: result.pop(name) for name in ("failed", "msg", "error", "warnings", "diff") if name in result
    }
    return {"changed": result["changed"], "export": result, "exports": [result], **outer}


def _told_together(jobs: t.Sequence[Job], results: t.Sequence[dict[str, t.Any]]) -> dict[str, t.Any]:
    diffs: list[dict[str, t.Any]] = []
    warnings: list[str] = []
    for number, (job, result) in enumerate(zip(jobs, results), 1):
        if "diff" in result:
            label = job.want.label if job.wanted else f"item {number}"
            diffs.append({"before_header": label, "after_header": label, **result.pop("diff")})
        warnings += result.pop("warnings", [])
        if "msg" in result:
            result["msg"] = f"Item {number}: {result['msg']}"
    answer: dict[str, t.Any] = {"changed": any(result["changed"] for result in results), "exports": list(results)}
    if diffs:
        answer["diff"] = diffs
    if warnings:
        answer["warnings"] = warnings
    failed = [result for result in results if result.get("failed")]
    if failed:
        answer["failed"] = True
        answer["msg"] = f"{len(failed)} of {len(results)} exports failed. " + " ".join(each["msg"] for each in failed)
    return answer


def _of_one(job: Job, is_check: bool) -> dict[str, t.Any]:
    has_failed = job.error is not None
    is_changed = bool(job.changes) and (not has_failed if is_check else job.is_done)
    result: dict[str, t.Any] = {"changed": is_changed, "exported": job.was_exported}
    if job.one is not None:
        result["certificate_arn"] = job.one.arn
    if job.keys is not None:
        result.update(_facts(job))
    if job.wanted is not None:
        result["files"] = [_file(job, spec, is_changed) for spec in job.want.files]
    if job.error is not None:
        result.update(_failure(job.error))
        return result
    if job.want.returns_key and job.key_set.key is not None:
        result["private_key"] = pem.private_key_pem(job.key_set.key)
        if job.want.returns_pkcs12:
            result["pkcs12"] = base64.b64encode(job.key_set.pkcs12(job.want)).decode("ascii")
    warnings = list(_warnings(job, is_check))
    if warnings:
        result["warnings"] = warnings
    if is_changed:
        result["diff"] = _diff(job)
    return result


def _facts(job: Job) -> dict[str, t.Any]:
    keys, one = job.key_set, job.one
    leaf = keys.certificate
    certificate, chain = pem.certificate_pem(leaf), pem.chain_pem(keys.chain)
    names = pem.domain_names(leaf)
    facts: dict[str, t.Any] = {
        "domain_name": (one.domain_name if one else None) or (names[0] if names else None),
        "subject_alternative_names": names,
        "serial": pem.serial(leaf),
        "fingerprint": pem.fingerprint(leaf),
        "public_key_fingerprint": pem.public_key_fingerprint(leaf.public_key()),
        "subject": pem.distinguished_name(leaf.subject),
        "issuer": pem.distinguished_name(leaf.issuer),
        "key_algorithm": pem.key_algorithm(leaf.public_key()),
        "not_before": iso(leaf.not_valid_before_utc),
        "not_after": iso(leaf.not_valid_after_utc),
        "certificate": certificate,
        "chain": chain,
        "fullchain": certificate + chain,
    }
    if one is not None:
        facts["type"] = one.type
        if one.renewal_eligibility is not None:
            facts["renewal_eligibility"] = one.renewal_eligibility
        if one.is_in_use is not None:
            facts["renewal_depends_on_export"] = not one.is_in_use
    return facts


def _warnings(job: Job, is_check: bool) -> t.Iterator[str]:
    one = job.one
    if one is None or one.renewal_eligibility != "INELIGIBLE" or (is_check and job.needs_export):
        return
    why = "its key has not been exported since it was issued or last renewed, and no AWS service uses it"
    if not one.is_exportable:
        why = "its key can't be exported, and no AWS service uses it"
    elif job.was_exported:
        why = "it says INELIGIBLE even after this export"
    yield f"ACM will not renew {one.arn} ({one.domain_name or 'no name'}): {why}."


def _file(job: Job, spec: FileSpec, is_changed: bool) -> dict[str, t.Any]:
    change = next((each for each in job.changes if each.spec == spec), None)
    return {
        "form": spec.form,
        "path": spec.path,
        "mode": f"{spec.mode:04o}",
        "changed": change is not None and is_changed,
        "reasons": list(change.reasons) if change else [],
    }


def _diff(job: Job) -> dict[str, t.Any]:
    """A line a file that changes: what it holds, and who may read it. Of a key only the hash of its public part."""
    before, after = {}, {}
    for change in job.changes:
        spec, present = change.spec, job.present.get(change.spec.path)
        before[spec.path] = "absent" if present is None else f"{_held(job, spec, present)}, {_access(present)}"
        after[spec.path] = f"{_wanted_content(job, spec)}, mode {spec.mode:04o}{_owners(change, present)}"
    return {"before": before, "after": after}


def _held(job: Job, spec: FileSpec, present: Present) -> str:
    if spec.form in ("key", "pkcs12"):
        key = key_in(spec.form, present.content, job.want.passphrase)
        return "unreadable" if key is None else f"public key {pem.public_key_fingerprint(key.public_key())}"
    try:
        return "certificates " + ", ".join(pem.serial(each) for each in pem.load_certificates(present.content))
    except InvalidMaterial:
        return "unreadable"


def _wanted_content(job: Job, spec: FileSpec) -> str:
    keys = job.key_set
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


def _failure(error: Exception) -> dict[str, t.Any]:
    told: dict[str, t.Any] = {
        "code": getattr(error, "code", None) or type(error).__name__,
        "operation": error.operation if isinstance(error, AcmError) else None,
    }
    if isinstance(error, InvalidMaterial):
        told["rule"] = error.rule
    return {"failed": True, "msg": str(error), "error": told}
