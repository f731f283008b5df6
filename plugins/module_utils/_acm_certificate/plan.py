# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare wanted and present: what has to be done about each certificate. Pure.

A plan is what check mode and --diff show, and what execution.py carries out: nothing is decided later.
"""

from __future__ import annotations

import types
import typing as t
from datetime import datetime

from .._rules.key_algorithms import DEFAULT_KEY_ALGORITHM
from .._certificates import renewal_window as renewal
from .._rules import tags as tag_rules
from .._certificates.certificate import Certificate
from .._rules.errors import InvalidInput
from .._rules.names import is_wildcard
from .._validation import blocked_names
from .matching import fixed_differences, is_same_request, users_of
from .options import Wanted, request_members

# What ACM charges for an exportable public certificate, at the request and at each renewal, since 2026-02-18.
PRICES: t.Mapping[str, t.Any] = types.MappingProxyType({"name": 7.0, "wildcard": 79.0, "currency": "USD"})
Prices = t.Mapping[str, t.Any]


class Step(t.NamedTuple):
    """One call that writes."""

    operation: str
    members: dict[str, t.Any]


# What to wait for after the calls.
ISSUE, MIGRATION, RENEWAL, RELEASE = "issue", "migration", "renewal", "release"


class Plan(t.NamedTuple):
    """What has to be done about one certificate.

    otherwise: the plan to follow if ACM refuses to change the validation method, which only a call can show.
    """

    steps: tuple[Step, ...] = ()
    before: t.Mapping[str, t.Any] = {}
    after: t.Mapping[str, t.Any] = {}
    warnings: tuple[str, ...] = ()
    renewal: t.Optional[renewal.Decision] = None
    cost: t.Optional[dict[str, t.Any]] = None
    replaces: t.Optional[Certificate] = None
    awaits: tuple[str, ...] = ()
    otherwise: t.Optional[Plan] = None

    @property
    def operations(self) -> list[str]:
        return [step.operation for step in self.steps]


def plan_present(
    wanted: Wanted,
    certificate: t.Optional[Certificate],
    tags: t.Optional[dict[str, str]],
    now: datetime,
    *,
    spent_arns: t.Sequence[str] = (),
    failed: t.Optional[Certificate] = None,
    near: t.Sequence[Certificate] = (),
    prices: t.Optional[Prices] = PRICES,
    can_migrate: bool = True,
) -> Plan:
    """The plan that makes the certificate as wanted. Raises InvalidInput for impossible changes.

    certificate: the matching certificate, or None; tags: its tags, or None if they do not matter. spent_arns, failed,
    near: what matching.py found if no certificate matches. prices: None if nothing is charged. can_migrate: see
    fixed_differences.
    """
    if certificate is None:
        if not wanted.replace:
            _refuse_repetition(wanted, failed)
        _refuse_to_renew_another(wanted, near)
        return _plan_request(wanted, wanted.all_tags, spent_arns, prices)
    differences = fixed_differences(wanted, certificate, can_migrate=can_migrate)
    is_dead = bool(wanted.domain_name) and not certificate.is_live(now)
    if differences or is_dead:
        what = "; ".join(str(difference) for difference in differences) or f"it is {certificate.status_at(now)}"
        if not wanted.replace:
            raise InvalidInput(
                f"{certificate.arn} differs from the task, and ACM cannot change that: {what}. "
                "Set replace=true to request a new certificate in addition, or change the task to match the existing "
                "certificate."
            )
        kept = {key: value for key, value in (tags or {}).items() if not key.startswith(tag_rules.RESERVED)}
        new_tags = wanted.all_tags if wanted.tags is not None else {**kept, **(wanted.all_tags or {})}
        plan = _plan_request(wanted, new_tags or None, [*spent_arns, certificate.arn], prices)
        before = {each.what: each.present for each in differences} or {"status": certificate.status_at(now)}
        return plan._replace(before={"certificate_arn": certificate.arn, **before}, replaces=certificate)
    plan = _plan_changes(wanted, certificate, tags, now, prices)
    if wanted.replace and any("ValidationMethod" in step.members.get("Options", ()) for step in plan.steps):
        instead = plan_present(wanted, certificate, tags, now, spent_arns=spent_arns, prices=prices, can_migrate=False)
        plan = plan._replace(otherwise=instead)
    return plan


def request_again(plan: Plan, wanted: Wanted, tags: t.Optional[dict[str, str]], spent_arns: t.Sequence[str]) -> Plan:
    """The same request with another token: ACM remembers a token for an hour, even after the certificate was
    deleted."""
    return plan._replace(steps=(Step("RequestCertificate", request_members(wanted, tags, spent_arns)),))


def plan_absent(found: t.Sequence[Certificate], wanted: Wanted, near: t.Sequence[Certificate] = ()) -> Plan:
    """The plan that removes the certificates. Raises InvalidInput if it is not clear which, or while any is in use.

    near: certificates with the same name that names do not remove.
    """
    if len(found) > 1 and not wanted.all_matching:
        raise InvalidInput(
            f"{len(found)} certificates match {wanted.label}: {', '.join(certificate.arn for certificate in found)}. "
            "Select one with certificate_arn, or set all_matching=true to remove them all."
        )
    for certificate in found:
        users = users_of(certificate)
        if users and not wanted.wait:
            raise InvalidInput(
                f"{certificate.arn} ({certificate.domain_name}) is in use by {', '.join(users)}: assign another "
                "certificate to these first, or set wait=true if they are about to release it."
            )
    steps = tuple(Step("DeleteCertificate", {"CertificateArn": certificate.arn}) for certificate in found)
    before = (
        {
            "certificates": [
                f"{certificate.arn} ({certificate.domain_name}, {certificate.status})" for certificate in found
            ]
        }
        if found
        else {}
    )
    awaits = (RELEASE,) if wanted.wait and found else ()
    warnings = () if found else tuple(map(_not_removed, near))
    return Plan(steps, before, {"certificates": []} if found else {}, awaits=awaits, warnings=warnings)


def _not_removed(certificate: Certificate) -> str:
    how = "imported" if certificate.type == "IMPORTED" else "issued over ACME"
    return (
        f"{certificate.arn} ({certificate.domain_name}) was {how}, so its name alone does not delete it: "
        "give its certificate_arn, or its name_tag instead of domain_name."
    )


def plan_revoked(found: t.Sequence[Certificate], wanted: Wanted) -> Plan:
    """The plan that revokes the certificate. Raises InvalidInput if it is not clear which, or if ACM would never do
    it."""
    if not found:
        raise InvalidInput(f"{wanted.is_missing} to revoke: correct certificate_arn, domain_name or name_tag.")
    # Revoked certificates count too: otherwise a second run would revoke the successor.
    meant = [certificate for certificate in found if certificate.status in ("ISSUED", "REVOKED")] or list(found)
    if len(meant) > 1 and not wanted.all_matching:
        raise InvalidInput(
            f"{len(meant)} certificates match {wanted.label}: "
            f"{', '.join(f'{certificate.arn} ({certificate.status})' for certificate in meant)}. "
            "Select one with certificate_arn, or set all_matching=true to revoke them all."
        )
    unrevoked = [certificate for certificate in meant if certificate.status != "REVOKED"]
    for certificate in unrevoked:
        if certificate.type == "IMPORTED":
            raise InvalidInput(f"{certificate.arn} was imported: ask the CA that issued it to revoke it.")
        if certificate.status != "ISSUED":
            raise InvalidInput(f"{certificate.arn} is {certificate.status}: only an issued certificate can be revoked.")
        if certificate.was_exported is False:
            raise InvalidInput(
                f"{certificate.arn} was never exported, so nobody but AWS has its key and ACM does not revoke it: "
                "delete it."
            )
        if users_of(certificate):
            raise InvalidInput(
                f"{certificate.arn} is in use by {', '.join(users_of(certificate))}: assign another certificate to "
                "these first."
            )
    steps = tuple(
        Step("RevokeCertificate", {"CertificateArn": certificate.arn, "RevocationReason": wanted.revocation_reason})
        for certificate in unrevoked
    )
    if not steps:
        return Plan()
    after = {"status": "REVOKED", "revocation_reason": wanted.revocation_reason}
    return Plan(steps, {"status": unrevoked[0].status}, after)


def requested_tags(step: Step) -> dict[str, str]:
    """The tags in the request."""
    return {tag["Key"]: tag["Value"] for tag in step.members.get("Tags") or ()}


def cost_of(names: t.Collection[str], prices: Prices) -> dict[str, t.Any]:
    """What an exportable public certificate costs, at its request and again at each renewal."""
    price = {**PRICES, **{key: value for key, value in prices.items() if value is not None}}
    wildcards = [is_wildcard(name) for name in names].count(True)
    plain = len(names) - wildcards
    amount = plain * float(price["name"]) + wildcards * float(price["wildcard"])
    return {"names": plain, "wildcards": wildcards, "amount": round(amount, 2), "currency": price["currency"]}


def is_charged(certificate: Certificate) -> bool:
    return certificate.type == "AMAZON_ISSUED" and certificate.export == "ENABLED"


def _refuse_repetition(wanted: Wanted, failed: t.Optional[Certificate]) -> None:
    """Refuse a request like one that failed: it would fail too, and each run would leave another failed request
    behind."""
    if failed is None or not is_same_request(wanted, failed):
        return
    raise InvalidInput(
        f"{blocked_names.explain(failed.detail or {}) or f'The request for {wanted.label} failed.'} "
        f"To request it again then, set replace=true; the failed request is {failed.arn}."
    )


def _refuse_to_renew_another(wanted: Wanted, near: t.Sequence[Certificate]) -> None:
    """Refuse a new request: whoever renews by name means an existing certificate."""
    meant = [each for each in near if wanted.force_renewal or (wanted.renew_before and _is_mistakable(wanted, each))]
    if not meant or wanted.replace:
        return
    option = "force_renewal" if wanted.force_renewal else "renew_before"
    listed = "; ".join(f"{each.arn} ({each.type}, {', '.join(sorted(each.names))})" for each in meant)
    of_a_ca = any(each.type == "PRIVATE" for each in meant) and not wanted.authority_arn
    raise InvalidInput(
        f"{option} is set, but no {_kind(wanted)} certificate has exactly {_listed(wanted.names)}. Existing "
        f"certificates: {listed}. To renew one of them, give its certificate_arn, or all of its names"
        f"{' and its certificate_authority_arn' if of_a_ca else ''}; to request a new certificate, leave out {option}."
    )


def _is_mistakable(wanted: Wanted, certificate: Certificate) -> bool:
    """Whether it differs only in what the user did not give: further names, or a CA."""
    unsaid = {*(() if wanted.names_are_all else ("names",)), *(() if wanted.authority_arn else ("type",))}
    return certificate.type != "IMPORTED" and {each.what for each in fixed_differences(wanted, certificate)} <= unsaid


def _kind(wanted: Wanted) -> str:
    return "private" if wanted.authority_arn else "public"


def _listed(names: t.Sequence[str]) -> str:
    return f"the names {', '.join(names)}" if len(names) > 1 else f"the name {names[0]}"


def _plan_request(
    wanted: Wanted,
    tags: t.Optional[dict[str, str]],
    spent_arns: t.Sequence[str],
    prices: t.Optional[Prices],
) -> Plan:
    if not wanted.domain_name:
        raise InvalidInput(f"{wanted.is_missing}: give domain_name to request it.")
    members = request_members(wanted, tags, spent_arns)
    after: dict[str, t.Any] = {
        "domain_name": wanted.domain_name,
        "subject_alternative_names": list(wanted.names),
        "type": wanted.type,
        "key_algorithm": wanted.key_algorithm or DEFAULT_KEY_ALGORITHM,
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
    if wanted.root_hierarchy:
        after["root_hierarchy_type"] = wanted.root_hierarchy
        after["certificate_usage"] = wanted.usage or "CLIENT_AND_SERVER_AUTH"
    if tags:
        after["tags"] = dict(tags)
    is_charged_for = wanted.type == "AMAZON_ISSUED" and wanted.export == "ENABLED"
    cost = cost_of(wanted.names, prices) if is_charged_for and prices is not None else None
    if cost:
        after["cost"] = cost
    awaits = (ISSUE,) if wanted.wait else ()
    return Plan((Step("RequestCertificate", members),), {}, after, cost=cost, awaits=awaits)


def _plan_changes(
    wanted: Wanted,
    certificate: Certificate,
    tags: t.Optional[dict[str, str]],
    now: datetime,
    prices: t.Optional[Prices],
) -> Plan:
    arn = {"CertificateArn": certificate.arn}
    steps: list[Step] = []
    before: dict[str, t.Any] = {}
    after: dict[str, t.Any] = {}
    cost = None
    if wanted.all_tags is not None:
        change = tag_rules.change(tags or {}, wanted.all_tags, wanted.does_purge)
        if change.to_remove:
            steps.append(Step("RemoveTagsFromCertificate", {**arn, "Tags": [{"Key": key} for key in change.to_remove]}))
        if change.to_set:
            steps.append(Step("AddTagsToCertificate", {**arn, "Tags": tag_rules.as_list(change.to_set)}))
        if change.to_set or change.to_remove:
            before["tags"], after["tags"] = dict(tags or {}), tag_rules.changed(tags or {}, change)
    options = _changed_options(wanted, certificate)
    if options:
        present = (certificate.detail or {}).get("Options") or {}
        steps.append(Step("UpdateCertificateOptions", {**arn, "Options": options}))
        for member, value in options.items():
            key = {"ValidationMethod": "validation_method"}.get(member, "certificate_transparency_logging_preference")
            before[key] = certificate.validation_method if member == "ValidationMethod" else present.get(member)
            after[key] = value
    if wanted.resend:
        resend = _resend_steps(wanted, certificate)
        steps.extend(resend)
        if resend:
            after["validation_emails_for"] = [step.members["Domain"] for step in resend]
    decision = renewal.decide(certificate, wanted.renew_before, wanted.force_renewal, now)
    awaits = [ISSUE, MIGRATION] if wanted.wait else []
    if decision is not None and decision.is_due:
        steps.append(Step("RenewCertificate", arn))
        before["serial"], after["serial"] = certificate.serial, "(a new certificate)"
        after["renewal"] = decision.reason
        if is_charged(certificate) and prices is not None:
            cost = cost_of(certificate.names, prices)
            after["cost"] = cost
    if decision is not None and (decision.is_due or decision.is_under_way) and wanted.wait:
        awaits.append(RENEWAL)
    return Plan(
        tuple(steps),
        before,
        after,
        tuple(_doubts(wanted, certificate, now)),
        decision,
        cost,
        awaits=tuple(awaits),
    )


def _doubts(wanted: Wanted, certificate: Certificate, now: datetime) -> t.Iterator[str]:
    """Warnings about an existing certificate that is as wanted."""
    if certificate.status != "PENDING_VALIDATION" and not certificate.is_valid(now):
        why = blocked_names.explain(certificate.detail) if certificate.detail and certificate.status == "FAILED" else ""
        yield f"{certificate.arn} is {certificate.status_at(now)}, so it cannot be used. {why}".rstrip()
    elif certificate.status == "PENDING_VALIDATION":
        if wanted.force_renewal:
            yield f"{certificate.arn} has not been issued yet, so there is nothing to renew."
    elif certificate.renewal_eligibility == "INELIGIBLE" and (wanted.renew_before or wanted.force_renewal):
        yield (
            f"ACM does not renew {certificate.arn} automatically (INELIGIBLE), because it is not in use and has not "
            "been exported since it was issued. Use it, or export it after each renewal (certops.acm.acm_export)."
        )


def _changed_options(wanted: Wanted, certificate: Certificate) -> dict[str, t.Any]:
    options: dict[str, t.Any] = {}
    present = (certificate.detail or {}).get("Options") or {}
    logging = wanted.transparency_logging
    if logging and certificate.type == "AMAZON_ISSUED":
        if present.get("CertificateTransparencyLoggingPreference", "ENABLED") != logging:
            options["CertificateTransparencyLoggingPreference"] = logging
    if (
        wanted.validation_method == "DNS"
        and certificate.validation_method == "EMAIL"
        and not _is_migrating(certificate)
    ):
        options["ValidationMethod"] = "DNS"
    return options


def _is_migrating(certificate: Certificate) -> bool:
    return ((certificate.detail or {}).get("UpdateSummary") or {}).get("Status") == "PENDING_DOMAIN_VALIDATION"


def _resend_steps(wanted: Wanted, certificate: Certificate) -> list[Step]:
    """A mail for every name that is still waiting for approval, in the request or in the renewal."""
    detail = certificate.detail or {}
    summary = detail.get("RenewalSummary") or {}
    if certificate.status == "PENDING_VALIDATION":
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
                "CertificateArn": certificate.arn,
                "Domain": option["DomainName"],
                "ValidationDomain": domains.get(option["DomainName"].lower())
                or option.get("ValidationDomain")
                or option["DomainName"],
            },
        )
        for option in waiting
        if option.get("ValidationMethod", "EMAIL") == "EMAIL" and option.get("ValidationStatus") == "PENDING_VALIDATION"
    ]
