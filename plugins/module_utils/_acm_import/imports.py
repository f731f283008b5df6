# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports and re-imports: which certificate in ACM is meant, what differs, and the calls that mend it.

One read of what exists for all, each kind of call side by side, and a failure stays with the certificate it belongs to.
Nothing is ever deleted: a re-import whose tagging fails leaves the certificate as it is (and says so).
"""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from .._certificates import inventory
from .._x509 import import_rules, pem
from .._rules import tags as tag_rules
from .._certificates.certificate import Certificate, iso, newest
from .._door.acm import AcmError
from .._certificates.inventory import Door
from .._x509.material import Ready
from .._rules.errors import InvalidInput
from .._rules.errors import InvalidMaterial

IMPORT, ADD_TAGS, REMOVE_TAGS = "ImportCertificate", "AddTagsToCertificate", "RemoveTagsFromCertificate"
ATTEMPTS_TO_IMPORT = 3
_GONE = "ResourceNotFoundException"
# botocore's names for a request that left and was never answered
_UNANSWERED = ("ConnectionClosedError", "ReadTimeoutError", "HTTPClientError", "ResponseStreamingError")


@dataclass(frozen=True)
class Wanted:
    """One certificate as a user wants it in ACM. None: not said, so nothing of the kind is changed."""

    ready: Ready
    arn: t.Optional[str] = None
    name_tag: t.Optional[str] = None
    tags: t.Optional[dict[str, str]] = None
    purge_tags: bool = True
    replace: bool = False

    @property
    def label(self) -> str:
        return pem.describe(self.ready.certificate)

    @property
    def key_algorithm(self) -> str:
        return pem.key_algorithm(self.ready.certificate.public_key())

    @property
    def all_tags(self) -> t.Optional[dict[str, str]]:
        """The tags with the name tag among them; None when tags are none of our business."""
        if self.name_tag is None:
            return self.tags
        return {**(self.tags or {}), "Name": self.name_tag}

    def tags_after(self, present: dict[str, str]) -> dict[str, str]:
        return tag_rules.changed(present, self.tag_change(present))

    def tag_change(self, present: dict[str, str]) -> tag_rules.Change:
        return tag_rules.change(present, self.all_tags or {}, self.purge_tags and self.tags is not None)


class Held(t.NamedTuple):
    """Certificate and chain as ACM holds them."""

    certificate: t.Any
    chain: tuple[t.Any, ...]

    def is_same(self, ready: Ready) -> bool:
        return bool(self.certificate == ready.certificate) and self.chain == ready.chain


class Step(t.NamedTuple):
    """One call that writes; its members lack the private key until it is made."""

    operation: str
    members: dict[str, t.Any]


@dataclass
class Job:
    """One certificate of a task: what is wanted, what there is, what is to be done, and what came of it."""

    wanted: t.Optional[Wanted]
    error: t.Optional[Exception] = None
    one: t.Optional[Certificate] = None
    held: t.Optional[Held] = None
    tags: t.Optional[dict[str, str]] = None
    steps: list[Step] = field(default_factory=list)
    superseded: t.Optional[Certificate] = None
    done: list[str] = field(default_factory=list)
    detail: t.Optional[dict[str, t.Any]] = None

    @property
    def want(self) -> Wanted:
        return t.cast(Wanted, self.wanted)

    @property
    def is_open(self) -> bool:
        return self.error is None

    @property
    def operations(self) -> list[str]:
        return [step.operation for step in self.steps]


# ---------------------------------------------------------------- read


def look_up(acm: Door, jobs: t.Sequence[Job], now: datetime) -> None:
    """Find the certificate that each job is about, and read what ACM holds of it."""
    _describe_by_arn(acm, jobs)
    _find(acm, [job for job in _open(jobs) if not job.want.arn], now)
    _refuse_shared(jobs)
    found = [job for job in _open(jobs) if job.one is not None]
    # operations have rates of their own: what is told by different ones is read side by side
    with ThreadPoolExecutor(max_workers=2) as pool:
        reading = pool.submit(_read_tags, acm, found)
        described = pool.submit(read_details, acm, [job for job in found if _seems_unchanged(job)])
        for job, answer in _each(acm, "GetCertificate", found):
            _settle(job, lambda job=job, answer=answer: setattr(job, "held", _held(answer)))  # type: ignore[misc]
        reading.result()
        described.result()


def _seems_unchanged(job: Job) -> bool:
    """Whether the list shows the certificate that is wanted, so that only the result needs its description."""
    return job.detail is None and t.cast(Certificate, job.one).serial == pem.serial(job.want.ready.certificate)


def _read_tags(acm: Door, jobs: t.Sequence[Job]) -> None:
    untold = [job for job in jobs if job.tags is None and (job.want.all_tags is not None or job.want.replace)]
    for job, answer in _each(acm, "ListTagsForCertificate", untold):
        job.tags = inventory.as_dict(answer.get("Tags"))


def _describe_by_arn(acm: Door, jobs: t.Sequence[Job]) -> None:
    by_arn = [job for job in _open(jobs) if job.want.arn]
    answers = acm.each("DescribeCertificate", [{"CertificateArn": job.want.arn} for job in by_arn])
    for job, answer in zip(by_arn, answers):
        if isinstance(answer, AcmError):
            job.error = answer
            if answer.code == _GONE:
                job.error = InvalidInput(
                    f"There is no certificate {job.want.arn}; "
                    "correct certificate_arn, or leave it out to import a new one."
                )
            continue
        job.detail = answer.get("Certificate") or {}
        job.one = inventory.from_detail(job.detail)
        if job.one.type not in (None, "IMPORTED"):
            job.error = InvalidInput(
                f"{job.want.arn} is of type {job.one.type}, not an imported certificate; "
                "leave certificate_arn out to import a new one."
            )


def _find(acm: Door, jobs: t.Sequence[Job], now: datetime) -> None:
    """Choose by name tag, else by names and key algorithm, among all imported certificates (one read for all jobs)."""
    for job in jobs:
        if not job.want.ready.names and job.want.name_tag is None:
            job.error = InvalidInput(
                f"The certificate {job.want.label} has no domain name to find it by again; "
                "give name_tag or certificate_arn."
            )
    jobs = _open(jobs)
    if not jobs:
        return
    try:
        listed = _listing(acm, jobs, now)
        tags = _name_tags(acm, jobs, listed)
    except AcmError as error:
        for job in jobs:
            job.error = error
        return
    for job in jobs:
        _settle(job, lambda job=job: setattr(job, "one", choose(job.want, listed, tags, now)))  # type: ignore[misc]
        if job.one is not None:
            job.tags = tags.get(job.one.arn)
            job.detail = job.one.detail


def _listing(acm: Door, jobs: t.Sequence[Job], now: datetime) -> list[Certificate]:
    """All imported certificates that the jobs may be about, with all their names."""
    any_names: t.Optional[tuple[str, ...]] = tuple(
        sorted(min(job.want.ready.names) for job in jobs if job.want.ready.names)
    )
    if any(job.want.name_tag is not None or not pem.dns_names(job.want.ready.certificate) for job in jobs):
        any_names = None  # a search by names would miss what is tagged so, and what has a common name only
    listed = inventory.listing(acm, inventory.Query(any_names=any_names, types=("IMPORTED",)), now)
    listed = inventory.with_names(acm, [one for one in listed if one.type in (None, "IMPORTED")])
    return [one for one in listed if one.type == "IMPORTED"]


def choose(
    wanted: Wanted, listed: t.Sequence[Certificate], tags: dict[str, dict[str, str]], now: datetime
) -> t.Optional[Certificate]:
    """The certificate that is meant: the one tagged so; else one with the same names and key algorithm that nobody
    tagged otherwise, the newest valid one first. None: there is none, so it is a new one.

    tags: by ARN, where a name tag is wanted. Raises InvalidInput when several carry the name tag.
    """
    serial = pem.serial(wanted.ready.certificate)
    if wanted.name_tag is not None:
        named = [one for one in listed if tags.get(one.arn, {}).get("Name") == wanted.name_tag]
        same = [one for one in named if one.serial == serial]
        if len(named) > 1 and len(same) != 1:
            raise InvalidInput(
                f"{len(named)} imported certificates have the tag Name={wanted.name_tag}; "
                "say with certificate_arn which one is meant."
            )
        if named:
            return (same or named)[0]
        listed = [one for one in listed if "Name" not in tags.get(one.arn, {})]
    alike = [one for one in listed if has_names_of(one, wanted.ready) and one.key_algorithm == wanted.key_algorithm]
    ordered = newest(alike, now)
    return next((one for one in ordered if one.serial == serial), ordered[0] if ordered else None)


def has_names_of(one: Certificate, ready: Ready) -> bool:
    """Whether the domain names are the same. A common name that is none ("Web server 3") does not matter."""
    common_name = {(pem.common_name(ready.certificate) or "").lower()}
    return bool(ready.names) and one.names | common_name == ready.names | common_name


def _name_tags(acm: Door, jobs: t.Sequence[Job], listed: t.Sequence[Certificate]) -> dict[str, dict[str, str]]:
    """Tags of all that a name tag may mean. The tagging API narrows it down where it can; ACM has the last word."""
    wanted = {job.want.name_tag for job in jobs if job.want.name_tag is not None}
    if not wanted:
        return {}
    candidates = {one.arn for one in listed if any(has_names_of(one, job.want.ready) for job in jobs)}
    # one question for each of a few, one for all of many
    questions = sorted(wanted) if len(wanted) <= inventory.FEW else [None]
    answers = [inventory.tagged(acm, {"Name": name}) for name in questions]
    for found in answers:
        if found is None:
            candidates |= {one.arn for one in listed}
        else:
            named = {arn for arn, tags in found.items() if tags.get("Name") in wanted}
            candidates |= named & {one.arn for one in listed}
    return inventory.tags_of(acm, sorted(candidates), surely=True)


def _refuse_shared(jobs: t.Sequence[Job]) -> None:
    """Two items must never mean one certificate: the second would undo the first."""
    seen: dict[t.Any, int] = {}
    for number, job in enumerate(jobs, 1):
        if not job.is_open:
            continue
        identity = _arn(job) if job.one else (job.want.name_tag, job.want.ready.names, job.want.key_algorithm)
        first = seen.setdefault(identity, number)
        if first != number:
            job.error = InvalidInput(
                f"Item {number} and item {first} mean the same certificate, {job.want.label}; leave one of them out."
            )


# ---------------------------------------------------------------- decide


def decide(jobs: t.Sequence[Job]) -> None:
    """Make every job's steps. Pure."""
    for job in _open(jobs):
        _settle(job, lambda job=job: setattr(job, "steps", _steps(job)))  # type: ignore[misc]


def _steps(job: Job) -> list[Step]:
    want, ready = job.want, job.want.ready
    members: dict[str, t.Any] = {"Certificate": ready.certificate_pem}
    if ready.chain_pem:
        members["CertificateChain"] = ready.chain_pem
    if job.one is None or job.held is None:
        return [Step(IMPORT, {**members, **_tags_member(want.all_tags or {})})]
    steps = []
    if not job.held.is_same(ready):
        if job.held.certificate != ready.certificate:
            try:
                import_rules.check_reimport(job.held.certificate, ready.certificate)
            except InvalidMaterial as error:
                if want.replace:
                    job.superseded = job.one
                    return [Step(IMPORT, {**members, **_tags_member(want.tags_after(job.tags or {}))})]
                raise InvalidMaterial(error.rule, f"{job.one.arn}: {error}") from error
        steps.append(Step(IMPORT, {"CertificateArn": job.one.arn, **members}))  # tags are refused here: ACM.md §5
    if want.all_tags is not None:
        steps += _tag_steps(job.one.arn, want, job.tags or {})
    return steps


def _tag_steps(arn: str, want: Wanted, present: dict[str, str]) -> list[Step]:
    change = want.tag_change(present)
    add = [Step(ADD_TAGS, {"CertificateArn": arn, **_tags_member(change.to_set)})] if change.to_set else []
    keys = [{"Key": key} for key in change.to_remove]
    remove = [Step(REMOVE_TAGS, {"CertificateArn": arn, "Tags": keys})] if keys else []
    # new ones first, so that it never is without; unless there is no room for both
    return add + remove if len({*present, *change.to_set}) <= tag_rules.MAX_TAGS else remove + add


def _tags_member(tags: dict[str, str]) -> dict[str, t.Any]:
    tags = {key: value for key, value in tags.items() if not key.startswith(tag_rules.RESERVED)}
    return {"Tags": tag_rules.as_list(tags)} if tags else {}


# ---------------------------------------------------------------- do


def carry_out(acm: Door, jobs: t.Sequence[Job], now: datetime) -> None:
    """Make the calls: imports first, tags of what was imported after them."""
    for turn in range(max((len(job.steps) for job in jobs), default=0)):
        for operation in (IMPORT, ADD_TAGS, REMOVE_TAGS):
            due = [job for job in _open(jobs) if len(job.steps) > turn and job.steps[turn].operation == operation]
            _make(acm, operation, due, turn)
            if operation == IMPORT:
                _take_up_lost(acm, due, turn, now)
    read_details(acm, jobs)


def _make(acm: Door, operation: str, jobs: t.Sequence[Job], turn: int) -> None:
    for job, answer in _each(acm, operation, jobs, lambda job: _members(job, job.steps[turn])):
        job.done.append(operation)
        if operation == IMPORT:
            job.detail = None
            if job.one is None or job.superseded is not None:
                job.one = Certificate(arn=answer.get("CertificateArn", ""))


def _take_up_lost(acm: Door, jobs: t.Sequence[Job], turn: int, now: datetime) -> None:
    """An import whose answer never came may have been carried out. ACM has no token against a second one for imports,
    so look before it is tried again."""
    for _attempt in range(ATTEMPTS_TO_IMPORT - 1):
        lost = [job for job in jobs if isinstance(job.error, AcmError) and job.error.code in _UNANSWERED]
        if not lost:
            return
        listed = _listing(acm, lost, now)
        for job in lost:
            job.error = None
        listed = inventory.described(
            acm, listed, lambda one: one.serial is None and any(has_names_of(one, job.want.ready) for job in lost)
        )
        for job in lost:
            serial = pem.serial(job.want.ready.certificate)
            found = next((one for one in listed if one.serial == serial and has_names_of(one, job.want.ready)), None)
            if found is not None and job.steps[turn].members.get("CertificateArn", found.arn) == found.arn:
                job.one, job.detail = found, None
                job.done.append(IMPORT)
        _make(acm, IMPORT, [job for job in lost if IMPORT not in job.done], turn)


def read_details(acm: Door, jobs: t.Sequence[Job]) -> None:
    """Describe what results have to tell, as far as it is not known."""
    due = [job for job in _open(jobs) if job.one is not None and job.detail is None]
    for job, answer in _each(acm, "DescribeCertificate", due):
        job.detail = answer.get("Certificate") or {}


def _members(job: Job, step: Step) -> dict[str, t.Any]:
    if step.operation == IMPORT:
        return {**step.members, "PrivateKey": job.want.ready.private_key_pem}
    return step.members


def _each(
    acm: Door,
    operation: str,
    jobs: t.Sequence[Job],
    members: t.Callable[[Job], dict[str, t.Any]] = lambda job: {"CertificateArn": _arn(job)},
) -> t.Iterator[tuple[Job, dict[str, t.Any]]]:
    for job, answer in zip(jobs, acm.each(operation, [members(job) for job in jobs])):
        if isinstance(answer, AcmError):
            job.error = answer
        else:
            yield job, answer


def _held(answer: dict[str, t.Any]) -> Held:
    certificate = pem.load_certificate(answer.get("Certificate") or "")
    chain = pem.load_certificates(answer.get("CertificateChain") or "")
    # An import without a chain comes back with itself as its chain.
    return Held(certificate, tuple(chain[1:] if chain[:1] == [certificate] else chain))


def _settle(job: Job, action: t.Callable[[], None]) -> None:
    """Let a fault stay with its job."""
    try:
        action()
    except InvalidInput as error:
        job.error = error


def _open(jobs: t.Sequence[Job]) -> list[Job]:
    return [job for job in jobs if job.error is None]


def _arn(job: Job) -> str:
    return t.cast(Certificate, job.one).arn


# ---------------------------------------------------------------- tell


def facts(ready: Ready) -> dict[str, t.Any]:
    """What DescribeCertificate will tell about it, as far as that is known before."""
    leaf = ready.certificate
    told: dict[str, t.Any] = {
        "serial": pem.serial(leaf),
        "subject": pem.distinguished_name(leaf.subject),
        "issuer": pem.distinguished_name(leaf.issuer),
        "not_before": iso(leaf.not_valid_before_utc),
        "not_after": iso(leaf.not_valid_after_utc),
        "key_algorithm": pem.key_algorithm(leaf.public_key()),
        "signature_algorithm": pem.signature_algorithm(leaf),
        "type": "IMPORTED",
        "status": "ISSUED",
        "renewal_eligibility": "INELIGIBLE",
    }
    names = pem.domain_names(leaf)
    if names:
        told.update(domain_name=pem.common_name(leaf) or names[0], subject_alternative_names=names)
    return told
