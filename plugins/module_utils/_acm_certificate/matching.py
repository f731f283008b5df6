# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate an item refers to, what is known about it, and how it differs from the options. Pure."""

from __future__ import annotations

import typing as t
from datetime import datetime

from .._certificates import renewal_window as renewal
from .._certificates.certificate import Certificate, newest
from .options import Wanted

Tags = t.Mapping[str, t.Mapping[str, str]]  # of every certificate, by ARN


class Difference(t.NamedTuple):
    """Something that ACM cannot change in an existing certificate."""

    what: str
    present: t.Any
    wanted: t.Any

    def __str__(self) -> str:
        return f"{self.what} is {_spoken(self.present)}, not {_spoken(self.wanted)}"


def may_be(wanted: Wanted, certificate: Certificate) -> bool:
    """Whether a certificate, as far as is known, has the names, type, CA, algorithm and export option of the user."""
    if not _was_requested(certificate):
        return False  # never changed or removed by names
    if certificate.names_are_complete and not _has_names_of(wanted, certificate):
        return False
    return not [
        difference
        for difference in fixed_differences(wanted, certificate)
        if difference.what not in ("names", "validation_method")
    ]


def needs_detail_to_match(wanted: Wanted, certificate: Certificate) -> bool:
    """Whether only a description can show if it matches: lists contain neither the CA nor the names of a pending
    certificate."""
    return certificate.detail is None and (
        not certificate.names_are_complete or bool(wanted.authority_arn) or not certificate.type
    )


def choose(
    wanted: Wanted, listed: t.Iterable[Certificate], tags: t.Optional[Tags], now: datetime
) -> t.Optional[Certificate]:
    """The matching live certificate: preferably one without differences, then the newest valid one.

    tags: by ARN, if a name tag is wanted: a certificate tagged with another name belongs to somebody else.
    """
    live = [each for each in newest(listed, now) if each.is_live(now) and may_be(wanted, each)]
    own = _own(wanted, live, tags)
    same = [each for each in own if not fixed_differences(wanted, each)]
    return next(iter(same or own), None)


def failed_request(
    wanted: Wanted, listed: t.Iterable[Certificate], tags: t.Optional[Tags], now: datetime
) -> t.Optional[Certificate]:
    """The last request of the same kind, if it FAILED: the next one would fail too until the cause is fixed."""
    own = _own(wanted, [each for each in newest(listed, now) if may_be(wanted, each)], tags)
    last = next(iter(own), None)
    return last if last is not None and last.status == "FAILED" else None


def is_same_request(wanted: Wanted, failed: Certificate) -> bool:
    """Whether the certificate would be validated in the same way as the failed request. failed: with its detail."""
    if wanted.authority_arn:
        return True
    if failed.validation_method not in (None, wanted.validation_method or "DNS"):
        return False
    asked = {
        option.get("DomainName"): option.get("ValidationDomain")
        for option in (failed.detail or {}).get("DomainValidationOptions") or ()
    }
    return all(asked.get(name) in (None, domain) for name, domain in wanted.validation_domains)


def near(wanted: Wanted, listed: t.Iterable[Certificate], now: datetime) -> list[Certificate]:
    """Certificates in use that have the wanted first name but do not match, for example because of other names."""
    return [
        each
        for each in newest(listed, now)
        if each.is_live(now) and wanted.names[:1] == (_first_name(each),) and not may_be(wanted, each)
    ]


def kept(wanted: Wanted, listed: t.Iterable[Certificate]) -> list[Certificate]:
    """Certificates with the first name that were not requested from ACM: names alone do not remove them."""
    return [each for each in listed if _first_name(each) == wanted.domain_name and not _was_requested(each)]


def spent(wanted: Wanted, listed: t.Iterable[Certificate], now: datetime) -> list[str]:
    """ARNs of certificates from earlier requests of this kind that are no longer of use."""
    return [each.arn for each in listed if not each.is_live(now) and may_be(wanted, each)]


def fixed_differences(wanted: Wanted, certificate: Certificate, *, can_migrate: bool = True) -> list[Difference]:
    """What differs and cannot be changed in place. Only given options and known members can differ.

    can_migrate: whether ACM can change from e-mail to DNS validation.
    """
    found = []
    if (
        wanted.state == "present"
        and wanted.domain_name
        and certificate.names_are_complete
        and certificate.names != frozenset(wanted.names)
    ):
        found.append(Difference("names", sorted(certificate.names), sorted(wanted.names)))
    is_request = wanted.state == "present" and bool(wanted.domain_name)
    if (is_request or wanted.authority_arn) and certificate.type and certificate.type != wanted.type:
        found.append(Difference("type", certificate.type, wanted.type))
    ca = (certificate.detail or {}).get("CertificateAuthorityArn")
    if wanted.authority_arn and certificate.detail is not None and ca != wanted.authority_arn:
        found.append(Difference("certificate_authority_arn", ca, wanted.authority_arn))
    if wanted.key_algorithm and certificate.key_algorithm and certificate.key_algorithm != wanted.key_algorithm:
        found.append(Difference("key_algorithm", certificate.key_algorithm, wanted.key_algorithm))
    # Private certificates report an export option that nobody chose.
    if wanted.export and certificate.type == "AMAZON_ISSUED" and (certificate.export or "DISABLED") != wanted.export:
        found.append(Difference("options.export", certificate.export or "DISABLED", wanted.export))
    if is_request and (certificate.managed_by or None) != wanted.managed_by:
        found.append(Difference("managed_by", certificate.managed_by, wanted.managed_by))
    if is_request and (certificate.root_hierarchy or None) != wanted.root_hierarchy:
        found.append(Difference("root_hierarchy_type", certificate.root_hierarchy, wanted.root_hierarchy))
    if wanted.usage and certificate.usage and certificate.usage != wanted.usage:
        found.append(Difference("certificate_usage", certificate.usage, wanted.usage))
    method = certificate.validation_method
    if wanted.validation_method and method and method != wanted.validation_method:
        if not can_migrate or (method, wanted.validation_method) != ("EMAIL", "DNS"):
            found.append(Difference("validation_method", method, wanted.validation_method))
    return found


def needs_detail(wanted: Wanted, certificate: Certificate, now: datetime) -> bool:
    """Whether the list contains too little to decide what has to be done."""
    if certificate.detail is not None:
        return False
    if wanted.state != "present":
        return certificate.is_in_use is not False  # the list does not show by what
    return bool(
        certificate.status != "ISSUED"
        or wanted.authority_arn
        or wanted.publish
        or wanted.transparency_logging
        or wanted.resend
        or wanted.force_renewal
        or (wanted.renew_before and not (certificate.not_before and certificate.not_after and certificate.serial))
        or (wanted.renew_before and concerns_renewal(wanted, certificate, now))
        or (wanted.validation_method and certificate.type == "AMAZON_ISSUED" and not certificate.validation_method)
        or (wanted.export and certificate.type == "AMAZON_ISSUED" and not certificate.export)
    )


def concerns_renewal(wanted: Wanted, certificate: Certificate, now: datetime) -> bool:
    """Whether to begin a renewal, or perhaps wait for one that is under way."""
    decision = renewal.decide(certificate, wanted.renew_before, wanted.force_renewal, now)
    return decision is not None and (decision.is_due or decision.is_under_way)


def users_of(certificate: Certificate) -> list[str]:
    """ARNs of the resources that use the certificate, according to its description."""
    return list((certificate.detail or {}).get("InUseBy") or ())


def _own(wanted: Wanted, listed: t.Sequence[Certificate], tags: t.Optional[Tags]) -> t.Sequence[Certificate]:
    """The certificates with the wanted name tag; if there are none, those without a name tag."""
    if wanted.name_tag is None or tags is None:
        return listed
    names = {each.arn: tags.get(each.arn, {}).get("Name") for each in listed}
    named = [each for each in listed if names[each.arn] == wanted.name_tag]
    return named or [each for each in listed if names[each.arn] is None]


def _was_requested(certificate: Certificate) -> bool:
    return certificate.type != "IMPORTED" and certificate.key_pair_origin != "ACME"


def _first_name(certificate: Certificate) -> str:
    return (certificate.domain_name or "").lower()


def _has_names_of(wanted: Wanted, certificate: Certificate) -> bool:
    """To remove or revoke, the first name alone is a match; everything else needs all names."""
    if wanted.state != "present" and not wanted.alternative_names:
        return _first_name(certificate) == wanted.domain_name
    return certificate.names == frozenset(wanted.names)


def _spoken(value: t.Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
