# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn a module's options into sets on the host: plan all certificates, then stage the sets, then make them live.

Standard library only.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import typing as t
from datetime import datetime

from ..._files.certificate_files import SET_FILE_NAMES, read_id, read_mode
from ..._files.folders import RestoreContext
from .bundle import Access, Bundle, Difference, Version
from .der import CertificateFacts, is_sequence
from .key_pair import BundleFault, KeyPair, check_key_pair, read_key_pair
from ..._rules.times import iso

OTHER_CERTIFICATE = "another certificate was in place"  # a reason for a new set
DEFAULT_FILES = ["cert", "chain", "fullchain", "key"]

Result = t.Dict[str, t.Any]


class Layout(t.NamedTuple):
    """Where the sets of all certificates are, and who may read them unless a certificate's own options say
    otherwise."""

    path: str
    owner: t.Optional[str] = None
    group: t.Optional[str] = None
    mode: t.Any = None
    directory_mode: t.Any = "0755"
    keep: int = 2
    require_valid: bool = True
    restore_context: t.Optional[RestoreContext] = None


class Plan:
    """One certificate, what its folder should contain, and how that differs from what it contains."""

    def __init__(self, bundle: Bundle, pair: KeyPair, kinds: list[str], pkcs12_form: str = "") -> None:
        self.bundle = bundle
        self.pair = pair
        self.kinds = kinds
        self.pkcs12_form = pkcs12_form
        self.files = pair.render(kinds)
        self.live: Version | None = None
        self.live_facts: CertificateFacts | None = None
        self.differences: list[Difference] = []

    def look(self) -> None:
        self.live = self.bundle.live()
        if self.live is None:
            self.differences = [Difference(True, "there was no set")]
            return
        self.live_facts = self.bundle.facts(self.live)
        if self.live.manifest.get("fingerprint") != self.pair.facts.fingerprint:
            names = [str(name) for name in self.live.manifest.get("files", ())]
            lost = self.bundle.differences(self.live, dict.fromkeys(names))
            self.differences = [
                Difference(True, OTHER_CERTIFICATE),
                *filter(lambda each: each.is_content, lost),
            ]
            return
        is_other_form = self.live.manifest.get("pkcs12_form", "") != self.pkcs12_form and "bundle.p12" in self.files
        if self.needs_key:
            key, pkcs12 = self.bundle.secrets(self.live)
            self.pair.adopt(key, None if is_other_form else pkcs12)
            self.files = self.pair.render(self.kinds)
        self.differences = self.bundle.differences(self.live, self.files)
        if is_other_form:
            self.differences.append(Difference(True, "bundle.p12 was in another form"))
        if self.needs_key and not self.wants_new_set:
            self.differences.append(Difference(True, "its key did not belong to the certificate"))

    @property
    def needs_key(self) -> bool:
        return any(content is None for content in self.files.values())

    @property
    def wants_new_set(self) -> bool:
        return any(difference.is_content for difference in self.differences)


def make_plan(layout: Layout, item: t.Mapping[str, t.Any], now: datetime) -> Plan:
    """A plan from a dict with name, certificate, chain, private_key, pkcs12 (base64), pkcs12_form, files, domain_names,
    owner, group, mode."""
    name = item["name"]
    bundle = make_bundle(layout, item)
    if not item["certificate"]:
        raise BundleFault(f"The entry {name} has no certificate; give it as PEM.")
    try:
        pkcs12 = base64.b64decode(item["pkcs12"], validate=True) if item.get("pkcs12") else None
    except binascii.Error:
        raise BundleFault(f"The option pkcs12 of {name} is not base64; use the filter b64encode.") from None
    if pkcs12 is not None and not is_sequence(pkcs12):
        raise BundleFault(f"The option pkcs12 of {name} is not PKCS#12; give the value returned by acm_export.")
    pair = read_key_pair(name, item["certificate"], item["chain"], item.get("private_key") or None, pkcs12)
    check_key_pair(pair, now, require_valid=layout.require_valid, names=item["domain_names"])
    return Plan(bundle, pair, item["files"] or list(DEFAULT_FILES), item.get("pkcs12_form") or "")


def make_bundle(layout: Layout, item: t.Mapping[str, t.Any]) -> Bundle:
    group = item["group"] or layout.group
    default = 0o640 if group else 0o600
    key_mode = read_mode("mode", item["mode"] if item["mode"] is not None else layout.mode, default)
    if key_mode & 0o007:
        raise BundleFault(
            f"The mode {key_mode:04o} of {item['name']} would let every user read its key; use 0640 and a group, or "
            "0600."
        )
    directory_mode = read_mode("directory_mode", layout.directory_mode, 0o755)
    if directory_mode & 0o022:
        raise BundleFault(
            f"The directory_mode {directory_mode:04o} would let others than the owner replace the files of "
            f"{item['name']}; use 0755, or 0750 and a group."
        )
    access = Access(
        uid=read_id("owner", item["owner"] or layout.owner),
        gid=read_id("group", group),
        key_mode=key_mode,
        directory_mode=directory_mode,
    )
    return Bundle(layout.path, item["name"], access, layout.restore_context)


def check_names(names: t.Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise BundleFault(f"The name {repeated[0]} is given twice in certificates; every certificate needs its own.")


@contextlib.contextmanager
def locked(plans: t.Iterable[Plan]) -> t.Iterator[None]:
    """Lock the folders of all plans against other runs, always in the same order, so that no two runs deadlock."""
    with contextlib.ExitStack() as locks:
        for plan in sorted(plans, key=lambda plan: plan.bundle.path):
            locks.enter_context(plan.bundle.locked(make=True))
        yield


def stage(plans: t.Iterable[Plan], now: datetime) -> list[tuple[Plan, str]]:
    """Write all wanted sets next to the live ones, and return the name of each; all or none.

    The folders must be locked. Each plan is checked again.
    """
    staged: list[tuple[Plan, str]] = []
    try:
        for plan in plans:
            plan.look()
            if plan.needs_key:
                raise BundleFault(
                    f"The certificate {plan.bundle.name} comes without its key, and its sets on this host do not have "
                    "it; give private_key, and pkcs12 if that is wanted. Nothing was changed."
                )
            if plan.wants_new_set:
                staged.append((plan, plan.bundle.stage(plan.pair, plan.files, plan.live, now, plan.pkcs12_form)))
    except BaseException:
        unstage(staged)
        raise
    return staged


def unstage(staged: t.Iterable[tuple[Plan, str]]) -> None:
    for plan, _version_id in staged:
        plan.bundle.unstage()


def mend(plans: t.Iterable[Plan]) -> bool:
    """Set the wanted owner, group and mode on live sets that need no new content. Whether any needed it."""
    has_mended = False
    for plan in plans:
        if plan.differences and plan.live and not plan.wants_new_set:
            plan.bundle.mend_access(plan.live, plan.files)
            has_mended = True
    return has_mended


def predicted_version(plan: Plan) -> str:
    if plan.wants_new_set or plan.live is None:
        return plan.bundle.next_id(plan.pair.facts)
    return plan.live.id


def predicted_pruning(plan: Plan, keep: int) -> list[str]:
    if plan.live is None:  # only the new set's content is known
        return [version.id for version in plan.bundle.versions()]
    superfluous = plan.bundle.superfluous(plan.live, keep - 1 if plan.wants_new_set else keep)
    return [version.id for version in superfluous]


def describe(plan: Plan, version: str, pruned: list[str]) -> Result:
    bundle = plan.bundle
    reasons = [difference.text for difference in plan.differences]
    result = base_result(bundle, plan.live_facts, plan.live, reasons)
    result["changed"] = bool(reasons or pruned)
    result["needs_key"] = plan.needs_key
    result.update(version=version, swapped=plan.wants_new_set, pruned=pruned, files=file_paths(bundle, plan.files))
    result.update(certificate_result(plan.pair.facts))
    wanted = "".join(f"{name}: present\n" for name in sorted(plan.files))
    result["diff"] = diff(
        bundle,
        set_lines(plan.live.id, plan.live_facts) + file_lines(plan) if plan.live else "",
        set_lines(version, plan.pair.facts) + wanted,
    )
    return result


def base_result(bundle: Bundle, before: CertificateFacts | None, live: Version | None, reasons: list[str]) -> Result:
    return {
        "name": bundle.name,
        "path": bundle.live_path,
        "changed": bool(reasons),
        "swapped": False,
        "reasons": reasons,
        "previous_version": live.id if live else None,
        "previous_serial": before.serial if before else None,
        "previous_public_key_fingerprint": before.public_key_fingerprint if before else None,
        "pruned": [],
    }


def certificate_result(facts: CertificateFacts | None) -> Result:
    if facts is None:
        return {}
    return {
        "serial": facts.serial,
        "fingerprint": facts.fingerprint,
        "public_key_fingerprint": facts.public_key_fingerprint,
        "subject": facts.subject,
        "issuer": facts.issuer,
        "names": facts.names,
        "not_before": iso(facts.not_before),
        "not_after": iso(facts.not_after),
    }


def file_paths(bundle: Bundle, names: t.Iterable[str]) -> dict[str, str]:
    return {kind: os.path.join(bundle.live_path, name) for kind, name in SET_FILE_NAMES.items() if name in set(names)}


def file_lines(plan: Plan) -> str:
    """One line for each file of the live set: present, or how it differs."""
    if plan.live is None:
        return ""
    lines = []
    for name in sorted(plan.files):
        found = [
            difference.text[len(name) + 1 :] for difference in plan.differences if difference.text.startswith(name)
        ]
        lines.append(f"{name}: {', '.join(found) or 'present'}\n")
    return "".join(lines)


def set_lines(version_id: str, facts: CertificateFacts | None) -> str:
    if facts is None:
        return f"set: {version_id}\ncertificate: not readable\n"
    return (
        f"set: {version_id}\nsubject: {facts.subject}\nnames: {', '.join(facts.names)}\nserial: {facts.serial}\n"
        f"not_after: {iso(facts.not_after)}\nfingerprint: {facts.fingerprint}\n"
        f"public key: {facts.public_key_fingerprint}\n"
    )


def diff(bundle: Bundle, before: str, after: str) -> dict[str, str]:
    return {"before_header": bundle.live_path, "after_header": bundle.live_path, "before": before, "after": after}
