# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare wanted and present: the calls that import a certificate, or replace the existing one. Pure.

A plan is what check mode and --diff show, and what execution.py carries out: nothing is decided later.
"""

from __future__ import annotations

import typing as t

from .._rules.times import iso
from . import matching
from .._rules import tags as tag_rules
from .._rules.errors import InvalidInput, InvalidMaterial
from .._x509 import import_rules, pem
from .held import Held
from .options import Wanted

IMPORT, ADD_TAGS, REMOVE_TAGS = "ImportCertificate", "AddTagsToCertificate", "RemoveTagsFromCertificate"
SHOWN = 5  # resources or names that a message lists


class Step(t.NamedTuple):
    """One call that writes; the private key is added to its members only when it is made."""

    operation: str
    members: dict[str, t.Any]


class Plan(t.NamedTuple):
    """What has to be done about one certificate. supersedes: it gets an ARN of its own besides the one that was
    found."""

    steps: tuple[Step, ...] = ()
    supersedes: bool = False
    before: t.Mapping[str, t.Any] = {}
    after: t.Mapping[str, t.Any] = {}
    warnings: tuple[str, ...] = ()

    @property
    def operations(self) -> list[str]:
        return [step.operation for step in self.steps]


class Present(t.NamedTuple):
    """The matching certificate in ACM. tags: empty if they do not matter; users: ARNs of the resources that use it."""

    arn: str
    held: Held
    tags: dict[str, str]
    users: tuple[str, ...]


def decide(want: Wanted, present: t.Optional[Present]) -> Plan:
    """The plan that makes the certificate as wanted. Raises InvalidInput for what ACM would refuse, or for an obvious
    mistake."""
    if present is None:
        return Plan((_import(want, tags=want.all_tags or {}),), after=_shown(want, {}))
    before = _facts(present.held.certificate, present.held.chain)
    if want.all_tags is not None:
        before["tags"] = present.tags
    after = _shown(want, present.tags)
    steps: list[Step] = []
    warnings: list[str] = []
    if not present.held.is_same(want.ready):
        if present.held.certificate != want.ready.certificate:
            refused = _refusal(want, present)
            if refused is not None and (not want.replace or want.arn):
                raise refused
            if refused is not None:
                return Plan((_import(want, tags=want.tags_after(present.tags)),), True, before, after)
            warnings += _check_names(want, present)
        warnings += _lost_chain(want, present)
        steps.append(_import(want, arn=present.arn))  # tags are refused here: acm-rules §5
    if want.all_tags is not None:
        steps += _tag_steps(present.arn, want, present.tags)
    return Plan(tuple(steps), False, before, after, tuple(warnings))


def _refusal(want: Wanted, present: Present) -> t.Optional[InvalidMaterial]:
    """Why ACM would refuse the new certificate under the old one's ARN."""
    try:
        import_rules.check_reimport(present.held.certificate, want.ready.certificate)
    except InvalidMaterial as error:
        advice = "Set replace: true to import it under a new ARN, with the tags of the old one."
        if want.arn:
            advice = "Leave out certificate_arn to import it under a new ARN."
        return InvalidMaterial(error.rule, f"{present.arn}: {error} {advice}")
    return None


def _check_names(want: Wanted, present: Present) -> list[str]:
    """Refuse to replace a certificate with one for entirely different names, unless the user says so."""
    old = present.held.certificate
    if matching.shares_a_name(old, want.ready.certificate):
        return []
    used = f", and is in use by {_some(present.users)}" if present.users else ""
    if want.replace:
        if not present.users:
            return []
        return [f"{present.arn} was for {_names(old)}{used}: from now on these serve a certificate for other names."]
    how = "certificate_arn" if want.arn else f"name_tag {want.name_tag}"
    raise InvalidInput(
        f"{present.arn} is for {_names(old)}{used}, but {want.label} is for {_names(want.ready.certificate)}: "
        f"they have no name in common. Correct {how}, or set replace: true to replace the old certificate anyway."
    )


def _lost_chain(want: Wanted, present: Present) -> list[str]:
    if not present.held.chain or want.ready.chain:
        return []
    chain = ", ".join(pem.describe(each) for each in present.held.chain)
    return [
        f"{present.arn} has a chain in ACM ({chain}), but none was given for {want.label}: the import removes it. "
        "Give certificate_chain to keep a chain."
    ]


def _import(want: Wanted, *, arn: t.Optional[str] = None, tags: t.Optional[dict[str, str]] = None) -> Step:
    members: dict[str, t.Any] = {"CertificateArn": arn} if arn else {}
    members["Certificate"] = want.ready.certificate_pem
    if want.ready.chain_pem:
        members["CertificateChain"] = want.ready.chain_pem
    return Step(IMPORT, {**members, **_tags_member(tags or {})})


def _tag_steps(arn: str, want: Wanted, present: dict[str, str]) -> list[Step]:
    change = want.tag_change(present)
    add = [Step(ADD_TAGS, {"CertificateArn": arn, **_tags_member(change.to_set)})] if change.to_set else []
    keys = [{"Key": key} for key in change.to_remove]
    remove = [Step(REMOVE_TAGS, {"CertificateArn": arn, "Tags": keys})] if keys else []
    # new tags first, so that it is never without tags, unless there is no room for both
    return add + remove if len({*present, *change.to_set}) <= tag_rules.MAX_TAGS else remove + add


def _tags_member(tags: dict[str, str]) -> dict[str, t.Any]:
    tags = {key: value for key, value in tags.items() if not key.startswith(tag_rules.RESERVED)}
    return {"Tags": tag_rules.as_list(tags)} if tags else {}


def _shown(want: Wanted, tags: dict[str, str]) -> dict[str, t.Any]:
    shown = _facts(want.ready.certificate, want.ready.chain)
    if want.all_tags is not None:
        shown["tags"] = want.tags_after(tags)
    return shown


def _facts(certificate: t.Any, chain: t.Sequence[t.Any]) -> dict[str, t.Any]:
    return {
        "subject": pem.distinguished_name(certificate.subject),
        "names": sorted(pem.domain_names(certificate)),
        "issuer": pem.distinguished_name(certificate.issuer),
        "serial": pem.serial(certificate),
        "fingerprint": pem.fingerprint(certificate),
        "not_after": iso(certificate.not_valid_after_utc),
        "key_algorithm": pem.key_algorithm(certificate.public_key()),
        "chain": [pem.describe(each) for each in chain],
    }


def _names(certificate: t.Any) -> str:
    return _some(sorted(matching.identity(certificate)))


def _some(texts: t.Sequence[str]) -> str:
    more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + more
