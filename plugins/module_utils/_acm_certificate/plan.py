# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wanted against present: which certificate is meant, what differs, and what would be called. Pure.

A plan is what check mode and --diff show, and what `fulfilment` carries out: nothing is decided later.
"""

from __future__ import annotations

import typing as t
from datetime import datetime

from .._certificates import renewal_window as renewal
from .._rules import tags as tag_rules
from .._certificates.certificate import Certificate, newest
from .._rules.errors import InvalidInput
from .._rules.names import is_wildcard
from .options import Wanted, request_members

# What ACM asks for an exportable public certificate, at the request and at each renewal, since 2026-02-18.
PRICES = {"name": 7.0, "wildcard": 79.0, "currency": "USD"}


class Step(t.NamedTuple):
    """One call that writes."""

    operation: str
    members: dict[str, t.Any]


class Difference(t.NamedTuple):
    """Something that ACM cannot change in a certificate that exists."""

    what: str
    present: t.Any
    wanted: t.Any

    def __str__(self) -> str:
        return f"{self.what} is {_spoken(self.present)}, not {_spoken(self.wanted)}"


class Plan(t.NamedTuple):
    """What is to be done about one certificate."""

    steps: tuple[Step, ...] = ()
    before: t.Mapping[str, t.Any] = {}
    after: t.Mapping[str, t.Any] = {}
    warnings: tuple[str, ...] = ()
    renewal: t.Optional[renewal.Decision] = None
    cost: t.Optional[dict[str, t.Any]] = None
    replaces: t.Optional[Certificate] = None

    @property
    def operations(self) -> list[str]:
        return [step.operation for step in self.steps]


# ---------------------------------------------------------------- which certificate is meant


def may_be(wanted: Wanted, one: Certificate) -> bool:
    """Whether a certificate is, as far as is told, the one that the user means by names, type, CA, algorithm, export."""
    if one.type == "IMPORTED" or one.key_pair_origin == "ACME":
        return False  # not requested, and never to be changed or removed by names
    if one.names_are_complete and not _has_names_of(wanted, one):
        return False
    return not [
        difference
        for difference in fixed_differences(wanted, one)
        if difference.what not in ("names", "validation_method")
    ]


def needs_detail_to_match(wanted: Wanted, one: Certificate) -> bool:
    """Whether only a description can tell if it is the one: lists do not tell the CA, nor a pending one's names."""
    return one.detail is None and (not one.names_are_complete or bool(wanted.authority_arn) or not one.type)


def choose(
    wanted: Wanted, listed: t.Iterable[Certificate], tags: t.Optional[dict[str, dict[str, str]]], now: datetime
) -> t.Optional[Certificate]:
    """The live certificate that is meant: one without differences before one with, the newest valid one first.

    tags: by ARN, where a name tag is wanted: one tagged with another name is somebody else's.
    """
    matching = [one for one in newest(listed, now) if one.is_live(now) and may_be(wanted, one)]
    if wanted.name_tag is not None and tags is not None:
        names = {one.arn: tags.get(one.arn, {}).get("Name") for one in matching}
        named = [one for one in matching if names[one.arn] == wanted.name_tag]
        matching = named or [one for one in matching if names[one.arn] is None]
    same = [one for one in matching if not fixed_differences(wanted, one)]
    return next(iter(same or matching), None)


def spent(wanted: Wanted, listed: t.Iterable[Certificate], now: datetime) -> list[str]:
    """ARNs of what earlier requests of this kind led to and what is of no use any more."""
    return [one.arn for one in listed if not one.is_live(now) and may_be(wanted, one)]


def fixed_differences(wanted: Wanted, one: Certificate, *, can_migrate: bool = True) -> list[Difference]:
    """What differs and cannot be changed in place. Only what the user said, and only what is known, can differ.

    can_migrate: whether ACM changes validation by e-mail to validation by DNS.
    """
    found = []
    if (
        wanted.state == "present"
        and wanted.domain_name
        and one.names_are_complete
        and one.names != frozenset(wanted.names)
    ):
        found.append(Difference("names", sorted(one.names), sorted(wanted.names)))
    is_request = wanted.state == "present" and bool(wanted.domain_name)
    if (is_request or wanted.authority_arn) and one.type and one.type != wanted.type:
        found.append(Difference("type", one.type, wanted.type))
    ca = (one.detail or {}).get("CertificateAuthorityArn")
    if wanted.authority_arn and one.detail is not None and ca != wanted.authority_arn:
        found.append(Difference("certificate_authority_arn", ca, wanted.authority_arn))
    if wanted.key_algorithm and one.key_algorithm and one.key_algorithm != wanted.key_algorithm:
        found.append(Difference("key_algorithm", one.key_algorithm, wanted.key_algorithm))
    # Private certificates report an export option that nobody chose.
    if wanted.export and one.type == "AMAZON_ISSUED" and (one.export or "DISABLED") != wanted.export:
        found.append(Difference("options.export", one.export or "DISABLED", wanted.export))
    if is_request and (one.managed_by or None) != wanted.managed_by:
        found.append(Difference("managed_by", one.managed_by, wanted.managed_by))
    method = one.validation_method
    if wanted.validation_method and method and method != wanted.validation_method:
        if not can_migrate or (method, wanted.validation_method) != ("EMAIL", "DNS"):
            found.append(Difference("validation_method", method, wanted.validation_method))
    return found


def needs_detail(wanted: Wanted, one: Certificate, now: datetime) -> bool:
    """Whether what a list told is too little to decide what is to be done."""
    if one.detail is not None:
        return False
    if wanted.state != "present":
        return one.is_in_use is not False  # in use by what?
    return bool(
        one.status != "ISSUED"
        or wanted.authority_arn
        or wanted.publish
        or wanted.transparency_logging
        or wanted.resend
        or wanted.force_renewal
        or (wanted.renew_before and not (one.not_before and one.not_after and one.serial))
        or (wanted.renew_before and renewal_is_due(wanted, one, now))
        or (wanted.validation_method and one.type == "AMAZON_ISSUED" and not one.validation_method)
        or (wanted.export and one.type == "AMAZON_ISSUED" and not one.export)
    )


def renewal_is_due(wanted: Wanted, one: Certificate, now: datetime) -> bool:
    decision = renewal.decide(one, wanted.renew_before, wanted.force_renewal, now)
    return decision is not None and decision.is_due


# ---------------------------------------------------------------- what is to be done


def plan_present(
    wanted: Wanted,
    one: t.Optional[Certificate],
    tags: t.Optional[dict[str, str]],
    now: datetime,
    *,
    spent_arns: t.Sequence[str] = (),
    prices: t.Optional[dict[str, t.Any]] = None,
    can_migrate: bool = True,
) -> Plan:
    """What makes the certificate as wanted. Raises InvalidInput for what cannot be had.

    one: the certificate that is meant, or None; tags: those it has, or None when they do not matter. can_migrate: see
    fixed_differences.
    """
    if one is None:
        return _plan_request(wanted, wanted.all_tags, spent_arns, prices)
    differences = fixed_differences(wanted, one, can_migrate=can_migrate)
    is_dead = bool(wanted.domain_name) and not one.is_live(now)
    if differences or is_dead:
        what = "; ".join(str(difference) for difference in differences) or f"it is {one.standing(now)}"
        if not wanted.replace:
            raise InvalidInput(
                f"ACM cannot change this in {one.arn}: {what}. "
                "Set replace=true to have a new certificate requested beside it, or describe the one that exists."
            )
        kept = {key: value for key, value in (tags or {}).items() if not key.startswith(tag_rules.RESERVED)}
        new_tags = wanted.all_tags if wanted.tags is not None else {**kept, **(wanted.all_tags or {})}
        plan = _plan_request(wanted, new_tags or None, [*spent_arns, one.arn], prices)
        before = {difference.what: difference.present for difference in differences} or {"status": one.standing(now)}
        return Plan(plan.steps, {"certificate_arn": one.arn, **before}, plan.after, plan.warnings, None, plan.cost, one)
    return _plan_changes(wanted, one, tags, now, prices)


def plan_absent(found: t.Sequence[Certificate], wanted: Wanted) -> Plan:
    """What removes the certificates. Raises InvalidInput when it is not clear which, or while one is in use."""
    if len(found) > 1 and not wanted.all_matching:
        raise InvalidInput(
            f"{len(found)} certificates match {wanted.label}: {', '.join(one.arn for one in found)}. "
            "Name one by certificate_arn, or set all_matching=true to remove them all."
        )
    for one in found:
        users = users_of(one)
        if users and not wanted.wait:
            raise InvalidInput(
                f"{one.arn} ({one.domain_name}) is in use by {', '.join(users)}: give these another certificate first, "
                "or set wait=true when they are about to release it."
            )
    steps = tuple(Step("DeleteCertificate", {"CertificateArn": one.arn}) for one in found)
    before = {"certificates": [f"{one.arn} ({one.domain_name}, {one.status})" for one in found]} if found else {}
    return Plan(steps, before, {"certificates": []} if found else {})


def plan_revoked(found: t.Sequence[Certificate], wanted: Wanted) -> Plan:
    """What revokes the certificate. Raises InvalidInput when it is not clear which, or ACM would never do it."""
    if not found:
        raise InvalidInput(f"There is no certificate {wanted.label} to revoke.")
    # One that has been revoked counts too: else a second run would revoke its successor.
    meant = [one for one in found if one.status in ("ISSUED", "REVOKED")] or list(found)
    if len(meant) > 1 and not wanted.all_matching:
        raise InvalidInput(
            f"{len(meant)} certificates match {wanted.label}: "
            f"{', '.join(f'{one.arn} ({one.status})' for one in meant)}. "
            "Name one by certificate_arn, or set all_matching=true to revoke them all."
        )
    standing = [one for one in meant if one.status != "REVOKED"]
    for one in standing:
        if one.type == "IMPORTED":
            raise InvalidInput(f"{one.arn} was imported: ask the CA that issued it to revoke it.")
        if one.status != "ISSUED":
            raise InvalidInput(f"{one.arn} is {one.status}: only an issued certificate can be revoked.")
        if one.was_exported is False:
            raise InvalidInput(
                f"{one.arn} was never exported, so nobody but AWS has its key and ACM does not revoke it: delete it."
            )
        if users_of(one):
            raise InvalidInput(
                f"{one.arn} is in use by {', '.join(users_of(one))}: give these another certificate first."
            )
    steps = tuple(
        Step("RevokeCertificate", {"CertificateArn": one.arn, "RevocationReason": wanted.revocation_reason})
        for one in standing
    )
    if not steps:
        return Plan()
    after = {"status": "REVOKED", "revocation_reason": wanted.revocation_reason}
    return Plan(steps, {"status": standing[0].status}, after)


def requested_tags(step: Step) -> dict[str, str]:
    """The tags that a request gives the certificate."""
    return {tag["Key"]: tag["Value"] for tag in step.members.get("Tags") or ()}


def users_of(one: Certificate) -> list[str]:
    """ARNs of what uses the certificate, as its description tells."""
    return list((one.detail or {}).get("InUseBy") or ())


def cost_of(names: t.Collection[str], prices: t.Optional[dict[str, t.Any]]) -> dict[str, t.Any]:
    """What an exportable public certificate costs, at its request and again at each renewal."""
    price = {**PRICES, **{key: value for key, value in (prices or {}).items() if value is not None}}
    wildcards = [is_wildcard(name) for name in names].count(True)
    plain = len(names) - wildcards
    amount = plain * float(price["name"]) + wildcards * float(price["wildcard"])
    return {"names": plain, "wildcards": wildcards, "amount": round(amount, 2), "currency": price["currency"]}


def is_charged(one: Certificate) -> bool:
    return one.type == "AMAZON_ISSUED" and one.export == "ENABLED"


def _plan_request(
    wanted: Wanted,
    tags: t.Optional[dict[str, str]],
    spent_arns: t.Sequence[str],
    prices: t.Optional[dict[str, t.Any]],
) -> Plan:
    if not wanted.domain_name:
        raise InvalidInput(f"There is no certificate {wanted.label}: give domain_name to have one requested.")
    members = request_members(wanted, tags, spent_arns)
    after: dict[str, t.Any] = {
        "domain_name": wanted.domain_name,
        "subject_alternative_names": list(wanted.names),
        "type": wanted.type,
        "key_algorithm": wanted.key_algorithm or "RSA_2048",
    }
    if wanted.authority_arn:
        after["certificate_authority_arn"] = wanted.authority_arn
    else:
        after["validation_method"] = members["ValidationMethod"]
        after["options"] = {
            "certificate_transparency_logging_preference": wanted.transparency_logging or "ENABLED",
            "export": wanted.export or "DISABLED",
        }
    if wanted.managed_by:
        after["managed_by"] = wanted.managed_by
    if tags:
        after["tags"] = dict(tags)
    cost = cost_of(wanted.names, prices) if wanted.type == "AMAZON_ISSUED" and wanted.export == "ENABLED" else None
    if cost:
        after["cost"] = cost
    return Plan((Step("RequestCertificate", members),), {}, after, cost=cost)


def _plan_changes(
    wanted: Wanted,
    one: Certificate,
    tags: t.Optional[dict[str, str]],
    now: datetime,
    prices: t.Optional[dict[str, t.Any]],
) -> Plan:
    arn = {"CertificateArn": one.arn}
    steps: list[Step] = []
    before: dict[str, t.Any] = {}
    after: dict[str, t.Any] = {}
    warnings: list[str] = []
    cost = None
    if wanted.all_tags is not None:
        change = tag_rules.change(tags or {}, wanted.all_tags, wanted.does_purge)
        if change.to_remove:
            steps.append(Step("RemoveTagsFromCertificate", {**arn, "Tags": [{"Key": key} for key in change.to_remove]}))
        if change.to_set:
            steps.append(Step("AddTagsToCertificate", {**arn, "Tags": tag_rules.as_list(change.to_set)}))
        if change.to_set or change.to_remove:
            before["tags"], after["tags"] = dict(tags or {}), tag_rules.changed(tags or {}, change)
    options = _changed_options(wanted, one)
    if options:
        present = (one.detail or {}).get("Options") or {}
        steps.append(Step("UpdateCertificateOptions", {**arn, "Options": options}))
        for member, value in options.items():
            key = {"ValidationMethod": "validation_method"}.get(member, "certificate_transparency_logging_preference")
            before[key] = one.validation_method if member == "ValidationMethod" else present.get(member)
            after[key] = value
    if wanted.resend:
        resend = _resend_steps(wanted, one)
        steps.extend(resend)
        if resend:
            after["validation_emails_for"] = [step.members["Domain"] for step in resend]
    decision = renewal.decide(one, wanted.renew_before, wanted.force_renewal, now)
    if decision is not None and decision.is_due:
        steps.append(Step("RenewCertificate", arn))
        before["serial"], after["serial"] = one.serial, "(a new one)"
        after["renewal"] = decision.reason
        if is_charged(one):
            cost = cost_of(one.names, prices)
            after["cost"] = cost
    if one.renewal_eligibility == "INELIGIBLE" and one.is_valid(now) and (wanted.renew_before or wanted.force_renewal):
        warnings.append(
            f"ACM does not renew {one.arn} by itself (INELIGIBLE): it is neither in use nor exported since it was issued. "
            "Export it after each renewal (certops.acm.acm_export), or use it."
        )
    return Plan(tuple(steps), before, after, tuple(warnings), decision, cost)


def _changed_options(wanted: Wanted, one: Certificate) -> dict[str, t.Any]:
    options: dict[str, t.Any] = {}
    present = (one.detail or {}).get("Options") or {}
    logging = wanted.transparency_logging
    if logging and one.type == "AMAZON_ISSUED":
        if present.get("CertificateTransparencyLoggingPreference", "ENABLED") != logging:
            options["CertificateTransparencyLoggingPreference"] = logging
    if wanted.validation_method == "DNS" and one.validation_method == "EMAIL" and not _is_migrating(one):
        options["ValidationMethod"] = "DNS"
    return options


def _is_migrating(one: Certificate) -> bool:
    return ((one.detail or {}).get("UpdateSummary") or {}).get("Status") == "PENDING_DOMAIN_VALIDATION"


def _resend_steps(wanted: Wanted, one: Certificate) -> list[Step]:
    """A mail for every name that still waits for one, in the request or in its renewal."""
    detail = one.detail or {}
    summary = detail.get("RenewalSummary") or {}
    if one.status == "PENDING_VALIDATION":
        waiting = detail.get("DomainValidationOptions") or ()
    elif summary.get("RenewalStatus") == "PENDING_VALIDATION":
        waiting = summary.get("DomainValidationOptions") or ()
    else:
        return []
    domains = dict(wanted.validation_domains)
    return [
        Step(
            "ResendValidationEmail",
            {
                "CertificateArn": one.arn,
                "Domain": option["DomainName"],
                "ValidationDomain": domains.get(option["DomainName"].lower())
                or option.get("ValidationDomain")
                or option["DomainName"],
            },
        )
        for option in waiting
        if option.get("ValidationMethod", "EMAIL") == "EMAIL" and option.get("ValidationStatus") == "PENDING_VALIDATION"
    ]


def _has_names_of(wanted: Wanted, one: Certificate) -> bool:
    """Removing and revoking take the first name alone for a match; everything else wants all names."""
    if wanted.state != "present" and not wanted.alternative_names:
        return (one.domain_name or "").lower() == wanted.domain_name
    return one.names == frozenset(wanted.names)


def _spoken(value: t.Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
