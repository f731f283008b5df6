# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task of acm_import from options to results: read and check the material, look, decide, do, tell."""

from __future__ import annotations

import os
import stat
import typing as t
from datetime import datetime

from . import imports
from .._x509 import pem
from .._rules import tags as tag_rules
from .._certificates.certificate import as_result
from .._door.acm import AcmError
from .imports import Job, Wanted
from .trust_list import is_issuer_trusted
from .._certificates.inventory import Door
from .._x509.material import holds_private_key, make_ready, refuse_misplaced_key
from .._x509.source_reading import MAX_SOURCE_OCTETS, Source
from .._rules.arns import check_certificate_arn
from .._rules.errors import InvalidInput
from .._rules.errors import InvalidMaterial

KINDS = ("certificate", "private_key", "certificate_chain", "bundle")
# Options that only one certificate can have, so a task that has `certificates` can't
ONE_CERTIFICATE = (*KINDS, *(f"{kind}_path" for kind in KINDS), "certificate_arn", "name_tag")
_SHARED = ("passphrase", "keep_root", "replace", "tags", "purge_tags")


def run(door: t.Callable[[], Door], options: dict[str, t.Any], *, now: datetime, is_check: bool) -> dict[str, t.Any]:
    """The result of the task. The door is opened when all material was checked and something of it is good."""
    items = options.get("certificates")
    jobs = [read(item, now) for item in ([options] if items is None else [_inherit(item, options) for item in items])]
    if any(job.is_open for job in jobs):
        acm = door()
        for job in jobs:
            _check_region(job, acm.region)
        imports.look_up(acm, jobs, now)
        imports.decide(jobs)
        if is_check:
            imports.read_details(acm, jobs)
        else:
            imports.carry_out(acm, jobs, now)
    return _of_one(jobs[0], is_check) if items is None else _of_many(jobs, is_check)


def read(options: dict[str, t.Any], now: datetime) -> Job:
    """Judge the options and the material of one certificate; what is wrong with them stays in the job."""
    try:
        return Job(_wanted(options, now))
    except InvalidInput as error:
        return Job(None, error)


def misplaced_keys(options: dict[str, t.Any]) -> set[str]:
    """Texts with a private key in an option that is shown in logs."""
    every = [options, *(item for item in options.get("certificates") or () if item)]
    texts = [each.get(option) for each in every for option in ("certificate", "certificate_chain")]
    return {text for text in texts if holds_private_key(text)}


def _wanted(options: dict[str, t.Any], now: datetime) -> Wanted:
    refuse_misplaced_key(options)
    arn, name_tag, tags = options.get("certificate_arn"), options.get("name_tag"), options.get("tags")
    if arn:
        check_certificate_arn(arn)
        if options.get("replace"):
            raise InvalidInput("replace would make another ARN than certificate_arn says; leave one of them out.")
    if name_tag is not None and (tags or {}).get("Name", name_tag) != name_tag:
        raise InvalidInput("name_tag and the tag Name in tags say different things; leave one of them out.")
    sources = list(_sources(options))
    if not sources:
        raise InvalidInput(
            "There is nothing to import; give certificate and private_key, or bundle, or their _path options."
        )
    passphrase = options.get("passphrase")
    ready = make_ready(
        sources,
        passphrase.encode("utf-8") if passphrase else None,
        now,
        keep_root=bool(options.get("keep_root")),
        is_trusted=is_issuer_trusted,
    )
    wanted = Wanted(
        ready=ready,
        arn=arn,
        name_tag=name_tag,
        tags=None if tags is None else tag_rules.check(tags),
        purge_tags=options.get("purge_tags") is not False,
        replace=bool(options.get("replace")),
    )
    tag_rules.check(wanted.all_tags or {})
    return wanted


def _sources(options: dict[str, t.Any]) -> t.Iterator[Source]:
    for kind in KINDS:
        text, path = options.get(kind), options.get(f"{kind}_path")
        if text is not None:
            yield Source(kind, kind, text.encode("utf-8", "surrogateescape"))
        if path is not None:
            where = f"{kind}_path {path}"
            yield Source(where, kind, _content(path, where))


def _content(path: str, where: str) -> bytes:
    try:
        # a pipe or a device must not make the task wait, or read for ever
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InvalidMaterial("file", f"{where} is not a regular file.")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(MAX_SOURCE_OCTETS + 1)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidMaterial):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidMaterial("file", f"{where} cannot be read: {reason}.") from error


def _inherit(item: dict[str, t.Any], task: dict[str, t.Any]) -> dict[str, t.Any]:
    return {**item, **{name: task.get(name) for name in _SHARED if item.get(name) is None}}


def _check_region(job: Job, region: str) -> None:
    if job.is_open and job.want.arn:
        try:
            check_certificate_arn(job.want.arn, region)
        except InvalidInput as error:
            job.error = error


# ---------------------------------------------------------------- results


def _of_one(job: Job, is_check: bool) -> dict[str, t.Any]:
    actions = job.operations if is_check else job.done
    result: dict[str, t.Any] = {
        "changed": bool(actions) and not (is_check and not job.is_open),
        "actions": list(actions),
        "certificate": _certificate(job, is_check),
    }
    if job.superseded is not None and job.is_open:
        told = job.superseded.detail or {}
        used_by = {"in_use_by": list(told["InUseBy"])} if "InUseBy" in told else {}
        result["superseded"] = {"certificate_arn": job.superseded.arn, **used_by}
    if job.wanted is not None and job.want.ready.warnings:
        result["warnings"] = list(job.want.ready.warnings)
    if result["changed"]:
        result["diff"] = _diff(job)
    if job.error is not None:
        result.update(_failure(job, is_check))
    return result


def _of_many(jobs: t.Sequence[Job], is_check: bool) -> dict[str, t.Any]:
    items, diffs, warnings = [], [], []
    for number, job in enumerate(jobs, 1):
        result = _of_one(job, is_check)
        diff = result.pop("diff", None)
        if diff:
            label = job.want.label if job.wanted else f"item {number}"
            diffs.append({"before_header": label, "after_header": label, **diff})
        warnings += result.pop("warnings", [])
        if "msg" in result:
            result["msg"] = f"Item {number}: {result['msg']}"
        items.append({**result.pop("certificate"), **result})
    answer: dict[str, t.Any] = {"changed": any(item["changed"] for item in items), "certificates": items}
    if diffs:
        answer["diff"] = diffs
    if warnings:
        answer["warnings"] = warnings
    failed = [item for item in items if item.get("failed")]
    if failed:
        answer["failed"] = True
        answer["msg"] = f"{len(failed)} of {len(items)} certificates failed. " + " ".join(
            item["msg"] for item in failed
        )
    return answer


def _certificate(job: Job, is_check: bool) -> dict[str, t.Any]:
    if job.wanted is None or (job.error is not None and job.one is None):
        return {}
    tags = None
    if job.want.all_tags is not None:
        tags = job.want.tags_after(job.tags or {}) if job.is_open else job.tags
    told: dict[str, t.Any] = {}
    if job.detail:
        told = as_result(job.detail, tags)
    elif job.one is not None:
        told = job.one.result(tags)
    was_imported = imports.IMPORT in job.done
    if job.error is not None and not was_imported:
        return told  # what is wanted is not what ACM has
    told["fingerprint"] = pem.fingerprint(job.want.ready.certificate)
    if was_imported and not job.detail:
        told.update(imports.facts(job.want.ready))
    if is_check and imports.IMPORT in job.operations:
        if job.superseded is not None:
            told = {"fingerprint": told["fingerprint"], **({} if tags is None else {"tags": tags})}
        told = {"in_use_by": [], **told, **imports.facts(job.want.ready)}
    return told


def _diff(job: Job) -> dict[str, t.Any]:
    want = job.want
    before: dict[str, t.Any] = {}
    after = _shown(want.ready.certificate, want.ready.chain)
    if job.held is not None:
        before = _shown(job.held.certificate, job.held.chain)
    if want.all_tags is not None:
        present = job.tags or {}
        if job.held is not None:
            before["tags"] = present
        after["tags"] = want.tags_after(present)
    return {"before": before, "after": after}


def _shown(certificate: t.Any, chain: t.Sequence[t.Any]) -> dict[str, t.Any]:
    return {
        "subject": pem.distinguished_name(certificate.subject),
        "names": sorted(pem.domain_names(certificate)),
        "issuer": pem.distinguished_name(certificate.issuer),
        "serial": pem.serial(certificate),
        "fingerprint": pem.fingerprint(certificate),
        "not_after": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "key_algorithm": pem.key_algorithm(certificate.public_key()),
        "chain": [pem.describe(each) for each in chain],
    }


def _failure(job: Job, is_check: bool) -> dict[str, t.Any]:
    error, sentence = job.error, str(job.error)
    if job.done and not is_check:
        done = ", ".join(dict.fromkeys(job.done))
        sentence = (
            f"{sentence.rstrip('.')}. Done before, and left as it is: {done} on {job.one.arn if job.one else 'it'}."
        )
    told: dict[str, t.Any] = {
        "code": getattr(error, "code", None) or type(error).__name__,
        "operation": error.operation if isinstance(error, AcmError) else None,
    }
    if isinstance(error, InvalidMaterial):
        told["rule"] = error.rule
    return {"failed": True, "msg": sentence, "error": told}
