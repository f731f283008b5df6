# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exports: which certificate is meant, what its files should hold, which of them do, and the calls that the rest needs.

ExportCertificate is called only for a key that no file at hand holds. What it answers is believed only after the key
was decrypted, found to belong to the certificate, and the chain found to verify.
"""

from __future__ import annotations

import base64
import secrets
import typing as t
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.certops.acm.plugins.module_utils import file_set, inventory, pem
from ansible_collections.certops.acm.plugins.module_utils.certificates import Certificate, newest
from ansible_collections.certops.acm.plugins.module_utils.client import AcmError
from ansible_collections.certops.acm.plugins.module_utils.file_set import FileSpec, Present
from ansible_collections.certops.acm.plugins.module_utils.inventory import Door
from ansible_collections.certops.acm.plugins.module_utils.names import InvalidInput, name_set
from ansible_collections.certops.acm.plugins.module_utils.pem import InvalidMaterial

FILE_NAMES = {
    "cert": "cert.pem",
    "chain": "chain.pem",
    "fullchain": "fullchain.pem",
    "key": "privkey.pem",
    "combined": "combined.pem",
    "pkcs12": "bundle.p12",
}
SECRET_FORMS = ("key", "combined", "pkcs12")
EXPORT = "ExportCertificate"
_GONE = "ResourceNotFoundException"
_NOT_YET = {
    "PENDING_VALIDATION": "still waits for its validation; let acm_certificate wait for it first",
    "EXPIRED": "has expired; export its successor",
    "REVOKED": "is revoked; export its successor",
}


@dataclass(frozen=True)
class Wanted:
    """One certificate to be exported, and what is to be made of it. Its repr does not show the passphrase."""

    arn: t.Optional[str] = None
    domain_name: t.Optional[str] = None
    names: t.Optional[frozenset[str]] = None
    passphrase: t.Optional[bytes] = field(default=None, repr=False)
    files: tuple[FileSpec, ...] = ()
    encrypts_key: bool = False
    returns_key: bool = False
    returns_pkcs12: bool = False

    @property
    def label(self) -> str:
        return self.arn or self.domain_name or ""

    @property
    def needs_key(self) -> bool:
        return self.returns_key or any(spec.form in SECRET_FORMS for spec in self.files)


@dataclass(repr=False)
class KeySet:
    """A certificate, its chain, and its key where it is known."""

    certificate: t.Any
    chain: tuple[t.Any, ...]
    key: t.Any = None

    def render(self, wanted: Wanted) -> dict[str, bytes]:
        """The content of every form of file that this set can fill. A PKCS#12 is made only where it is wanted."""
        leaf, chain = pem.certificate_pem(self.certificate), pem.chain_pem(self.chain)
        texts = {"cert": leaf, "chain": chain, "fullchain": leaf + chain}
        if self.key is not None:
            texts["combined"] = pem.combined(self.certificate, self.chain, self.key)
            texts["key"] = pem.private_key_pem(self.key)
            if wanted.encrypts_key and wanted.passphrase:
                texts["key"] = pem.encrypted_private_key_pem(self.key, wanted.passphrase)
        made = {form: text.encode("ascii") for form, text in texts.items() if text}
        if self.key is not None and any(spec.form == "pkcs12" for spec in wanted.files):
            made["pkcs12"] = self.pkcs12(wanted)
        return made

    def pkcs12(self, wanted: Wanted) -> bytes:
        name = (pem.domain_names(self.certificate) or [pem.serial(self.certificate)])[0]
        return pem.pkcs12(name, self.key, self.certificate, self.chain, wanted.passphrase or b"")


class Change(t.NamedTuple):
    """A file that is not as wanted, and how. is_content: it must be written; otherwise owner or mode are mended."""

    spec: FileSpec
    reasons: tuple[str, ...]
    is_content: bool


@dataclass
class Job:
    """One export of a task: what is wanted, what there is, what is to be done, and what came of it."""

    wanted: t.Optional[Wanted]
    error: t.Optional[Exception] = None
    one: t.Optional[Certificate] = None
    keys: t.Optional[KeySet] = None
    present: dict[str, t.Optional[Present]] = field(default_factory=dict)  # by path
    changes: list[Change] = field(default_factory=list)
    needs_export: bool = False
    was_exported: bool = False
    is_done: bool = False

    @property
    def want(self) -> Wanted:
        return t.cast(Wanted, self.wanted)

    @property
    def key_set(self) -> KeySet:
        return t.cast(KeySet, self.keys)

    @property
    def arn(self) -> str:
        return t.cast(Certificate, self.one).arn


# ---------------------------------------------------------------- read


def look_up(acm: Door, jobs: t.Sequence[Job], now: datetime) -> None:
    """Find the certificates, and read from ACM all but their keys."""
    by_arn = [job for job in _open(jobs) if job.want.arn]
    for job, answer in _each(acm, "DescribeCertificate", by_arn, lambda job: {"CertificateArn": job.want.arn}):
        job.one = inventory.from_detail(answer.get("Certificate") or {})
    by_names = [job for job in _open(jobs) if not job.want.arn]
    if by_names:
        names = tuple(sorted({str(job.want.domain_name) for job in by_names}))
        listed = inventory.with_names(acm, inventory.listing(acm, inventory.Query(any_names=names), now))
        for job in by_names:
            try:
                job.one = choose(job.want, listed, now)
            except InvalidInput as error:
                job.error = error
    for job in _open(jobs):
        try:
            check_state(t.cast(Certificate, job.one), now)
        except InvalidInput as error:
            job.error = error
    for job, answer in _each(acm, "GetCertificate", _open(jobs)):
        _settle(job, lambda job=job, answer=answer: setattr(job, "keys", parse(answer)))  # type: ignore[misc]


def choose(wanted: Wanted, listed: t.Iterable[Certificate], now: datetime) -> Certificate:
    """The newest valid one with these names; where the key is wanted, one whose key can be had."""
    same = [one for one in listed if has_names_of(wanted, one)]
    ready = [one for one in newest(same, now) if one.is_valid(now) and one.type != "IMPORTED"]
    exportable = [one for one in ready if not wanted.needs_key or is_exportable(one)]
    if exportable:
        return exportable[0]
    if ready:
        raise not_exportable(ready[0])
    if not same:
        raise InvalidInput(f"There is no certificate for {wanted.label}; request it with acm_certificate.")
    statuses = ", ".join(sorted({f"{one.type} {one.status}" for one in same if one.type and one.status}))
    raise InvalidInput(f"No certificate for {wanted.label} can be exported: what there is, is {statuses or 'unknown'}.")


def has_names_of(wanted: Wanted, one: Certificate) -> bool:
    if wanted.names is not None:
        return one.names == wanted.names
    return bool(one.domain_name) and name_set(one.domain_name) == name_set(wanted.domain_name)


def is_exportable(one: Certificate) -> bool:
    return one.type == "PRIVATE" or (one.type == "AMAZON_ISSUED" and one.export == "ENABLED")


def not_exportable(one: Certificate) -> InvalidInput:
    if one.type == "IMPORTED":
        return InvalidInput(f"{one.arn} was imported; ACM gives out no key that it was given.")
    return InvalidInput(
        f"{one.arn} was requested without export, and that can't be changed; "
        "request a new one with acm_certificate and options.export=ENABLED."
    )


def check_state(one: Certificate, now: datetime) -> None:
    """Raise InvalidInput unless the certificate can be served now."""
    status = "EXPIRED" if one.status == "ISSUED" and not one.is_valid(now) else one.status
    if status != "ISSUED":
        why = _NOT_YET.get(status or "", f"has the status {status}; only an ISSUED certificate can be exported")
        raise InvalidInput(f"{one.arn} {why}.")


def parse(answer: dict[str, t.Any], passphrase: t.Optional[bytes] = None) -> KeySet:
    """The set in an answer of GetCertificate or ExportCertificate, or InvalidMaterial when its parts do not fit."""
    certificate = pem.load_certificate(answer.get("Certificate") or "")
    chain = tuple(pem.load_certificates(answer.get("CertificateChain") or ""))
    child = certificate
    for parent in chain:
        if not pem.issued_by(child, parent):
            raise InvalidMaterial(
                "chain-order",
                f"ACM's chain for {pem.describe(certificate)} does not verify: "
                f"{pem.describe(parent)} does not certify {pem.describe(child)}.",
            )
        child = parent
    key = None
    if passphrase is not None:
        key = pem.load_private_key(answer.get("PrivateKey") or "", passphrase)
        if not pem.key_matches(key, certificate):
            raise InvalidMaterial(
                "key-matches-certificate", f"ACM's private key does not belong to {pem.describe(certificate)}."
            )
    return KeySet(certificate, chain, key)


# ---------------------------------------------------------------- decide


def decide(jobs: t.Sequence[Job]) -> None:
    """Compare every job's files with what they should hold, and see whether a key has to be fetched."""
    for job in _open(jobs):
        _settle(job, lambda job=job: _decide(job))  # type: ignore[misc]


def _decide(job: Job) -> None:
    want = job.want
    job.present = {spec.path: file_set.read(spec.path) for spec in want.files}
    job.key_set.key = _key_at_hand(job)
    job.changes = list(_changes(job))
    needs_key = want.returns_key or any(
        change.is_content and change.spec.form in SECRET_FORMS for change in job.changes
    )
    job.needs_export = needs_key and job.key_set.key is None
    if job.needs_export and not is_exportable(t.cast(Certificate, job.one)):
        raise not_exportable(t.cast(Certificate, job.one))


def _key_at_hand(job: Job) -> t.Any:
    """The key out of a file that is there, if it belongs to the certificate."""
    for spec in job.want.files:
        present = job.present[spec.path]
        if spec.form in SECRET_FORMS and present is not None:
            key = key_in(spec.form, present.content, job.want.passphrase)
            if key is not None and pem.key_matches(key, job.key_set.certificate):
                return key
    return None


def key_in(form: str, content: bytes, passphrase: t.Optional[bytes]) -> t.Any:
    """The private key in a file of this form, or None."""
    try:
        if form == "pkcs12":
            return pem.load_pkcs12(content, passphrase)[0] if passphrase else None
        return pem.load_private_key(content, passphrase)
    except InvalidMaterial:
        return None


def _changes(job: Job) -> t.Iterator[Change]:
    rendered = job.key_set.render(job.want)
    for spec in job.want.files:
        present = job.present[spec.path]
        if spec.form == "chain" and not job.key_set.chain:
            continue
        if present is None:
            yield Change(spec, ("it was missing",), True)
            continue
        reasons = file_set.access_differences(spec, present)
        if not _is_as_wanted(job, spec, present.content, rendered):
            yield Change(spec, (_content_reason(job, spec, present.content), *reasons), True)
        elif reasons:
            yield Change(spec, tuple(reasons), False)


def _is_as_wanted(job: Job, spec: FileSpec, content: bytes, rendered: dict[str, bytes]) -> bool:
    """Encrypted forms are salted anew each time, so they are opened instead of compared."""
    keys, want = job.key_set, job.want
    if spec.form in SECRET_FORMS and keys.key is None:
        return False
    if spec.form == "pkcs12":
        try:
            key, certificate, chain = pem.load_pkcs12(content, want.passphrase or b"")
        except InvalidMaterial:
            return False
        is_same = (certificate, chain) == (keys.certificate, list(keys.chain))
        return is_same and key is not None and pem.key_matches(key, keys.certificate)
    if spec.form == "key" and want.encrypts_key:
        key = key_in("key", content, want.passphrase)
        only = [block.label for block in pem.blocks(content)] == ["ENCRYPTED PRIVATE KEY"] if key is not None else False
        return only and pem.key_matches(key, keys.certificate)
    return content == rendered.get(spec.form)


def _content_reason(job: Job, spec: FileSpec, content: bytes) -> str:
    try:
        found = pem.load_certificates(content) if spec.form != "pkcs12" else []
    except InvalidMaterial:
        found = []
    if found and spec.form != "chain" and found[0] != job.key_set.certificate:
        return f"it held the certificate with serial {pem.serial(found[0])}"
    if spec.form == "key" and job.key_set.key is None:
        return "it held another key"
    return "it was altered"


# ---------------------------------------------------------------- do


def carry_out(acm: Door, jobs: t.Sequence[Job], restore_context: t.Optional[file_set.RestoreContext] = None) -> None:
    """Fetch the keys that are needed, side by side, and write the files."""
    due = [job for job in _open(jobs) if job.needs_export]
    passphrases = {id(job): job.want.passphrase or random_passphrase() for job in due}

    def members(job: Job) -> dict[str, t.Any]:
        return {"CertificateArn": job.arn, "Passphrase": passphrases[id(job)]}

    for job, answer in _each(acm, EXPORT, due, members):
        job.was_exported = True
        _settle(job, lambda job=job, answer=answer: _take(job, answer, passphrases[id(job)]))  # type: ignore[misc]
    for job in _open(jobs):
        _settle(job, lambda job=job: _write(job, restore_context))  # type: ignore[misc]
    _see_eligibility(acm, [job for job in _open(jobs) if job.was_exported])


def random_passphrase() -> bytes:
    """64 letters, digits, - and _: within ACM's rules, and never written anywhere."""
    return base64.urlsafe_b64encode(secrets.token_bytes(48))


def _take(job: Job, answer: dict[str, t.Any], passphrase: bytes) -> None:
    keys = parse(answer, passphrase)
    is_renewed = keys.certificate != job.key_set.certificate  # between the two calls
    job.keys = keys
    if is_renewed:
        job.changes = list(_changes(job))


def _write(job: Job, restore_context: t.Optional[file_set.RestoreContext]) -> None:
    rendered = job.key_set.render(job.want)
    contents = [(change.spec, rendered[change.spec.form]) for change in job.changes if change.is_content]
    file_set.write(contents, restore_context)
    file_set.mend_access([change.spec for change in job.changes if not change.is_content], restore_context)
    job.is_done = True


def _see_eligibility(acm: Door, jobs: t.Sequence[Job]) -> None:
    """An export is what makes a certificate that no service uses eligible for renewal: look again."""
    due = [job for job in jobs if job.one is not None and job.one.renewal_eligibility != "ELIGIBLE"]
    answers = acm.each("DescribeCertificate", [{"CertificateArn": job.arn} for job in due])
    for job, answer in zip(due, answers):
        if not isinstance(answer, AcmError):  # all is done: not to know is no failure
            job.one = inventory.from_detail(answer.get("Certificate") or {})


# ---------------------------------------------------------------- small things


def _each(
    acm: Door,
    operation: str,
    jobs: t.Sequence[Job],
    members: t.Callable[[Job], dict[str, t.Any]] = lambda job: {"CertificateArn": job.arn},
) -> t.Iterator[tuple[Job, dict[str, t.Any]]]:
    for job, answer in zip(jobs, acm.each(operation, [members(job) for job in jobs])):
        if not isinstance(answer, AcmError):
            yield job, answer
        elif answer.code == _GONE and job.want.arn:
            job.error = InvalidInput(f"There is no certificate {job.want.arn}; correct certificate_arn.")
        else:
            job.error = answer


def _settle(job: Job, action: t.Callable[[], None]) -> None:
    """Let a fault stay with its job."""
    try:
        action()
    except InvalidInput as error:
        job.error = error


def _open(jobs: t.Sequence[Job]) -> list[Job]:
    return [job for job in jobs if job.error is None]
