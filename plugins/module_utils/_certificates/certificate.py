# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate in ACM: one type for the results of three operations, and the return values of modules.

DescribeCertificate, SearchCertificates and ListCertificates each return different parts, spelled differently.
`Certificate` is what they have in common; `as_result` turns a description into a return value. Any member may be
missing (acm-rules §9), so the code relies on none."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict

from .._rules.names import is_exportable, spelled
from .._rules import key_algorithms, times

STATUSES = (
    "PENDING_VALIDATION",
    "ISSUED",
    "INACTIVE",
    "EXPIRED",
    "VALIDATION_TIMED_OUT",
    "REVOKED",
    "FAILED",
)
TYPES = ("AMAZON_ISSUED", "PRIVATE", "IMPORTED")
# Members that all operations spell alike, and those of lists
_ALIKE = {
    "status": "Status",
    "type": "Type",
    "managed_by": "ManagedBy",
    "key_pair_origin": "CertificateKeyPairOrigin",
    "root_hierarchy": "RootHierarchyType",
    "usage": "CertificateUsage",
    "renewal_eligibility": "RenewalEligibility",
}
_OF_LISTS = {"export": "ExportOption", "is_in_use": "InUse", "was_exported": "Exported"}
_MOMENTS = {
    "created_at": "CreatedAt",
    "issued_at": "IssuedAt",
    "imported_at": "ImportedAt",
    "revoked_at": "RevokedAt",
    "not_before": "NotBefore",
    "not_after": "NotAfter",
}


@dataclass(frozen=True)
class Certificate:
    """A certificate, as far as it is known. None means unknown."""

    arn: str
    domain_name: t.Optional[str] = None
    alternative_names: tuple[str, ...] = ()
    names_are_complete: bool = True
    status: t.Optional[str] = None
    type: t.Optional[str] = None
    key_algorithm: t.Optional[str] = None
    export: t.Optional[str] = None
    managed_by: t.Optional[str] = None
    validation_method: t.Optional[str] = None
    key_pair_origin: t.Optional[str] = None
    root_hierarchy: t.Optional[str] = None  # of an Amazon N2 certificate
    usage: t.Optional[str] = None  # likewise
    serial: t.Optional[str] = None
    subject: t.Optional[str] = None
    issuer: t.Optional[str] = None
    is_in_use: t.Optional[bool] = None
    was_exported: t.Optional[bool] = None
    renewal_eligibility: t.Optional[str] = None
    renewal_status: t.Optional[str] = None
    created_at: t.Optional[datetime] = None
    issued_at: t.Optional[datetime] = None
    imported_at: t.Optional[datetime] = None
    revoked_at: t.Optional[datetime] = None
    not_before: t.Optional[datetime] = None
    not_after: t.Optional[datetime] = None
    key_usages: tuple[str, ...] = ()
    extended_key_usages: tuple[str, ...] = ()
    detail: t.Optional[dict[str, t.Any]] = field(default=None, compare=False, repr=False)

    @functools.cached_property
    def names(self) -> frozenset[str]:
        """All names in the spelling used for comparisons."""
        return frozenset(spelled(name) for name in (self.domain_name, *self.alternative_names) if name)

    @property
    def is_exportable(self) -> bool:
        return is_exportable(self.type, self.export)

    def is_valid(self, now: datetime) -> bool:
        """Whether it can be served now. The date decides, not only the status: ACM may still call it ISSUED."""
        return self.status == "ISSUED" and (self.not_after is None or self.not_after > now)

    def status_at(self, now: datetime) -> t.Optional[str]:
        """The status, but EXPIRED if ACM still calls it ISSUED after it has expired."""
        return "EXPIRED" if self.status == "ISSUED" and not self.is_valid(now) else self.status

    def is_live(self, now: datetime) -> bool:
        """Whether it is valid, or may become so without a new request."""
        return self.status == "PENDING_VALIDATION" or self.is_valid(now)

    def detailed(self, detail: dict[str, t.Any]) -> "Certificate":
        """The same certificate with the facts of a description; what only lists have (exported) is kept."""
        told = from_detail(detail)
        return replace(
            told,
            was_exported=self.was_exported if told.was_exported is None else told.was_exported,
            key_pair_origin=told.key_pair_origin or self.key_pair_origin,
        )

    def result(self, tags: t.Optional[dict[str, str]] = None) -> dict[str, t.Any]:
        """The return value: from the description if it was read, or else from the list, in the same spelling."""
        if self.detail is not None:
            result = as_result(self.detail, tags)
        else:
            result = self._listed_result()
            if tags is not None:
                result["tags"] = dict(tags)
        for key, value in (("in_use", self.is_in_use), ("exported", self.was_exported)):
            if value is not None:
                result[key] = value
        return result

    def _listed_result(self) -> dict[str, t.Any]:
        told = {
            "certificate_arn": self.arn,
            "domain_name": self.domain_name,
            "subject_alternative_names": list(self.alternative_names) or None,
            "status": self.status,
            "type": self.type,
            "key_algorithm": self.key_algorithm,
            "options": {"export": self.export} if self.export else None,
            "managed_by": self.managed_by,
            "validation_method": self.validation_method,
            "certificate_key_pair_origin": self.key_pair_origin,
            "root_hierarchy_type": self.root_hierarchy,
            "certificate_usage": self.usage,
            "serial": self.serial,
            "subject": self.subject,
            "issuer": self.issuer,
            "renewal_eligibility": self.renewal_eligibility,
            "renewal_summary": {"renewal_status": self.renewal_status} if self.renewal_status else None,
            "key_usages": [{"name": name} for name in self.key_usages] or None,
            "extended_key_usages": [{"name": name} for name in self.extended_key_usages] or None,
        }
        for key in _MOMENTS:
            moment = getattr(self, key)
            told[key] = None if moment is None else times.iso(moment)
        return {key: value for key, value in told.items() if value is not None}


def from_detail(detail: dict[str, t.Any]) -> Certificate:
    """The common shape of a CertificateDetail (DescribeCertificate)."""
    options = detail.get("Options") or {}
    used_by = detail.get("InUseBy")
    return Certificate(
        arn=detail.get("CertificateArn", ""),
        domain_name=detail.get("DomainName"),
        alternative_names=tuple(detail.get("SubjectAlternativeNames") or ()),
        key_algorithm=_algorithm(detail),
        export=options.get("Export"),
        validation_method=validation_method(detail),
        serial=detail.get("Serial"),
        subject=detail.get("Subject"),
        issuer=detail.get("Issuer"),
        is_in_use=None if used_by is None else bool(used_by),
        renewal_status=(detail.get("RenewalSummary") or {}).get("RenewalStatus"),
        key_usages=tuple(usage.get("Name", "") for usage in detail.get("KeyUsages") or ()),
        extended_key_usages=tuple(usage.get("Name", "") for usage in detail.get("ExtendedKeyUsages") or ()),
        detail=detail,
        **_same(detail, _ALIKE),
        **_moments(detail),
    )


def from_list(summary: dict[str, t.Any]) -> Certificate:
    """The common shape of a CertificateSummary (ListCertificates)."""
    names = tuple(summary.get("SubjectAlternativeNameSummaries") or ())
    return Certificate(
        arn=summary.get("CertificateArn", ""),
        domain_name=summary.get("DomainName"),
        alternative_names=names,
        names_are_complete=bool(names) and not summary.get("HasAdditionalSubjectAlternativeNames"),
        key_algorithm=_algorithm(summary),
        key_usages=tuple(summary.get("KeyUsages") or ()),
        extended_key_usages=tuple(summary.get("ExtendedKeyUsages") or ()),
        **_same(summary, _ALIKE),
        **_same(summary, _OF_LISTS),
        **_moments(summary),
    )


def from_search(found: dict[str, t.Any]) -> Certificate:
    """The common shape of a CertificateSearchResult (SearchCertificates).

    A pending request may have no X.509 attributes; its names are then unknown.
    """
    x509 = found.get("X509Attributes") or {}
    metadata = (found.get("CertificateMetadata") or {}).get("AcmCertificateMetadata") or {}
    subject = x509.get("Subject") or {}
    names = tuple(name["DnsName"] for name in x509.get("SubjectAlternativeNames") or () if name.get("DnsName"))
    common_name = subject.get("CommonName") or (names[0] if names else None)
    return Certificate(
        arn=found.get("CertificateArn", ""),
        domain_name=common_name,
        alternative_names=names,
        names_are_complete=bool(names),
        key_algorithm=_algorithm(x509),
        validation_method=metadata.get("ValidationMethod"),
        serial=x509.get("SerialNumber"),
        subject=f"CN={subject['CommonName']}" if subject.get("CommonName") else None,
        issuer=_issuer(x509.get("Issuer") or {}),
        renewal_status=metadata.get("RenewalStatus"),
        key_usages=tuple(x509.get("KeyUsages") or ()),
        extended_key_usages=tuple(x509.get("ExtendedKeyUsages") or ()),
        **_same(metadata, _ALIKE),
        **_same(metadata, _OF_LISTS),
        **_moments({**x509, **metadata}),
    )


def as_result(detail: dict[str, t.Any], tags: t.Optional[dict[str, str]] = None) -> dict[str, t.Any]:
    """The return value for a CertificateDetail: snake_case keys, one spelling of algorithms, times ISO 8601 UTC.

    tags: as a dict; left out of the result when they were not read.
    """
    result = _shown(camel_dict_to_snake_dict(detail))
    if result.get("key_algorithm"):
        result["key_algorithm"] = key_algorithms.spell(result["key_algorithm"])
    result["in_use_by"] = list(result.get("in_use_by") or [])
    method = validation_method(detail)
    if method is not None:
        result["validation_method"] = method
    if tags is not None:
        result["tags"] = dict(tags)
    return result


def validation_method(detail: dict[str, t.Any]) -> t.Optional[str]:
    """The validation method in a description: DNS, EMAIL or HTTP; None for private and imported certificates."""
    for option in detail.get("DomainValidationOptions") or ():
        if option.get("ValidationMethod"):
            return str(option["ValidationMethod"])
    return None


def newest(certificates: t.Iterable[Certificate], now: datetime) -> list[Certificate]:
    """Valid certificates first, then the rest; each newest first."""
    long_ago = datetime.min.replace(tzinfo=timezone.utc)

    def rank(certificate: Certificate) -> tuple[bool, datetime, datetime, str]:
        made_at = certificate.created_at or certificate.imported_at or certificate.issued_at or long_ago
        return certificate.is_valid(now), made_at, certificate.not_after or long_ago, certificate.arn

    return sorted(certificates, key=rank, reverse=True)


def _same(members: dict[str, t.Any], names: t.Mapping[str, str]) -> dict[str, t.Any]:
    return {name: members.get(member) for name, member in names.items()}


def _moments(members: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: moment and _utc(moment) for name, moment in _same(members, _MOMENTS).items()}


def _algorithm(members: dict[str, t.Any]) -> t.Optional[str]:
    described = members.get("KeyAlgorithm")
    return key_algorithms.spell(described) if described else None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)


def _issuer(name: dict[str, t.Any]) -> t.Optional[str]:
    # DescribeCertificate's Issuer is the organization ("Amazon") if there is one.
    return name.get("Organization") or name.get("CommonName")


def _shown(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shown(item) for item in value]
    return times.iso(_utc(value)) if isinstance(value, datetime) else value
