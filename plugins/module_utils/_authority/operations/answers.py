# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stored facts in ACM's shapes: CertificateDetail, CertificateSummary, CertificateSearchResult. Pure."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ..lifecycle import state
from ..lifecycle.events import Place
from ..lifecycle.state import Certificate, DomainValidation
from ..settings import Settings
from ..lifecycle.proofs import http_redirect, resource_record
from ..signing.issuer import signature_algorithm

SUMMARY_NAMES = 100


def spelled(key_algorithm: str) -> str:
    """ACM's answers have RSA-2048 where requests have RSA_2048 (acm-rules §2)."""
    return key_algorithm.replace("RSA_", "RSA-")


def detail(certificate: Certificate, place: Place, now: datetime, settings: Settings) -> dict[str, t.Any]:
    """DescribeCertificate's Certificate."""
    leaf, renewal = certificate.leaf, certificate.renewal
    shown: dict[str, t.Any] = {
        "CertificateArn": certificate.arn,
        "DomainName": certificate.domain_name,
        "SubjectAlternativeNames": list(certificate.names) or None,
        "ManagedBy": certificate.managed_by,
        "DomainValidationOptions": (
            _unvalidated(certificate) or None
            if certificate.type == state.IMPORTED
            else _validations(_ended(certificate, now, settings), certificate.created_at, place, now, settings)
        ),
        "Subject": leaf.subject if leaf else f"CN={certificate.names[0]}" if certificate.names else None,
        "Issuer": _issuer(certificate),
        "CreatedAt": certificate.created_at,
        "IssuedAt": certificate.issued_at,
        "ImportedAt": certificate.imported_at,
        "Status": state.status(certificate, now, settings),
        "RevokedAt": certificate.revoked_at,
        "RevocationReason": certificate.revocation_reason,
        "KeyAlgorithm": spelled(certificate.key_algorithm),
        "InUseBy": list(certificate.in_use_by),
        "FailureReason": certificate.failure_reason,
        "Type": certificate.type,
        "CertificateAuthorityArn": certificate.ca_arn,
        "RenewalEligibility": _eligibility(certificate, now, settings),
        "Options": _options(certificate),
        "CertificateKeyPairOrigin": certificate.key_pair_origin,
        "KeyUsages": [],
        "ExtendedKeyUsages": [],
        "UpdateSummary": _update_summary(certificate),
        "RootHierarchyType": certificate.root_hierarchy,
        "CertificateUsage": certificate.usage,
    }
    if certificate.type == state.AMAZON_ISSUED:
        shown["SignatureAlgorithm"] = _signature_algorithm(certificate, settings)  # known before the leaf is signed
    if leaf:
        shown.update(
            {
                "Serial": leaf.serial,
                "NotBefore": leaf.not_before,
                "NotAfter": leaf.not_after,
                "SignatureAlgorithm": leaf.signature_algorithm,
                "KeyUsages": [{"Name": name} for name in leaf.key_usages],
                "ExtendedKeyUsages": [{"Name": name, "OID": oid} for name, oid in leaf.extended_key_usages],
            }
        )
    if renewal:
        options = _validations(renewal.validations, renewal.started_at, place, now, settings)
        shown["RenewalSummary"] = {
            "RenewalStatus": renewal.status,
            "DomainValidationOptions": options or _unvalidated(certificate),
            "RenewalStatusReason": renewal.reason,
            "UpdatedAt": renewal.updated_at,
        }
    return shown


def summary(certificate: Certificate, now: datetime, settings: Settings) -> dict[str, t.Any]:
    """ListCertificates' CertificateSummary."""
    leaf = certificate.leaf
    return {
        "CertificateArn": certificate.arn,
        "DomainName": certificate.domain_name,
        "SubjectAlternativeNameSummaries": list(certificate.names[:SUMMARY_NAMES]) or None,
        "HasAdditionalSubjectAlternativeNames": len(certificate.names) > SUMMARY_NAMES,
        "Status": state.status(certificate, now, settings),
        "Type": certificate.type,
        "KeyAlgorithm": spelled(certificate.key_algorithm),
        "KeyUsages": list(leaf.key_usages) if leaf else [],
        "ExtendedKeyUsages": leaf.extended_key_usage_names if leaf else [],
        "ExportOption": certificate.export_option,
        "InUse": bool(certificate.in_use_by),
        "Exported": certificate.ever_exported if certificate.type != state.IMPORTED else None,
        "RenewalEligibility": _eligibility(certificate, now, settings),
        "NotBefore": leaf.not_before if leaf else None,
        "NotAfter": leaf.not_after if leaf else None,
        "CreatedAt": certificate.created_at,
        "IssuedAt": certificate.issued_at,
        "ImportedAt": certificate.imported_at,
        "RevokedAt": certificate.revoked_at,
        "ManagedBy": certificate.managed_by,
        "CertificateKeyPairOrigin": certificate.key_pair_origin,
        "RootHierarchyType": certificate.root_hierarchy,
        "CertificateUsage": certificate.usage,
    }


def search_result(certificate: Certificate, now: datetime, settings: Settings) -> dict[str, t.Any]:
    """SearchCertificates' CertificateSearchResult."""
    leaf = certificate.leaf
    attributes: dict[str, t.Any] = {
        "Subject": {"CommonName": (leaf.common_name if leaf else None) or (certificate.names or (None,))[0]},
        "SubjectAlternativeNames": [{"DnsName": name} for name in certificate.names]
        + [{"IpAddress": address} for address in (leaf.ip_addresses if leaf else ())],
        "KeyAlgorithm": certificate.key_algorithm,  # only Describe and List use the other spelling
    }
    if leaf:
        attributes.update(
            {
                "Issuer": {"CommonName": leaf.issuer_common_name},
                "ExtendedKeyUsages": leaf.extended_key_usage_names,
                "KeyUsages": list(leaf.key_usages),
                "SerialNumber": leaf.serial,
                "NotAfter": leaf.not_after,
                "NotBefore": leaf.not_before,
            }
        )
    return {
        "CertificateArn": certificate.arn,
        "X509Attributes": attributes,
        "CertificateMetadata": {
            "AcmCertificateMetadata": {
                "CreatedAt": certificate.created_at,
                "Exported": certificate.ever_exported,
                "ImportedAt": certificate.imported_at,
                "InUse": bool(certificate.in_use_by),
                "IssuedAt": certificate.issued_at,
                "RenewalEligibility": _eligibility(certificate, now, settings),
                "RevokedAt": certificate.revoked_at,
                "Status": state.status(certificate, now, settings),
                "RenewalStatus": certificate.renewal.status if certificate.renewal else None,
                "Type": certificate.type,
                "ExportOption": certificate.export_option,
                "ManagedBy": certificate.managed_by,
                "ValidationMethod": certificate.validation_method,
                "CertificateKeyPairOrigin": certificate.key_pair_origin,
                "RootHierarchyType": certificate.root_hierarchy,
                "CertificateUsage": certificate.usage,
            }
        },
    }


def domain_validation_summaries(
    certificate: Certificate, place: Place, now: datetime, settings: Settings
) -> list[dict[str, t.Any]]:
    """ListCertificateDomainValidations' summaries: the configuration in effect, and the requested one."""

    def configurations(validations: t.Sequence[DomainValidation]) -> dict[str, dict[str, t.Any]]:
        shown = _validations(validations, certificate.created_at, place, now, settings) or []
        return {option["DomainName"]: _configuration(option) for option in shown}

    update = certificate.update
    latest = configurations(_ended(certificate, now, settings))
    if update is None or not state.is_migrating(certificate):
        return [{"DomainName": name, "ActiveValidationConfiguration": each} for name, each in latest.items()]
    return [
        {"DomainName": name, "ActiveValidationConfiguration": each, "RequestedValidationConfiguration": latest[name]}
        for name, each in configurations(update.before).items()
    ]


# ---------------------------------------------------------------- inside


def _issuer(certificate: Certificate) -> t.Optional[str]:
    if certificate.type == state.AMAZON_ISSUED:
        return "Amazon"
    leaf = certificate.leaf
    if leaf is None:
        return None
    organization = leaf.issuer_organization if certificate.type == state.IMPORTED else None
    return organization or leaf.issuer_common_name or leaf.issuer


def _signature_algorithm(certificate: Certificate, settings: Settings) -> str:
    is_rsa = certificate.key_algorithm.startswith("RSA")
    return signature_algorithm(settings.public_rsa_ca_key_algorithm if is_rsa else settings.public_ec_ca_key_algorithm)


def _update_summary(certificate: Certificate) -> t.Optional[dict[str, t.Any]]:
    update = certificate.update
    if update is None:
        return None
    return {
        "Status": update.status,
        "Type": "DOMAIN_VALIDATION_METHOD",
        "DomainValidationMethodUpdateSummary": {"From": "EMAIL", "To": "DNS"},
        "RequestedAt": update.requested_at,
        "UpdatedAt": update.updated_at,
    }


def _configuration(option: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A ValidationConfiguration, from the same in DescribeCertificate's shape."""
    challenge = None
    if option["ValidationMethod"] == "EMAIL":
        challenge = {
            "EmailValidationChallenge": {
                "ValidationEmails": option["ValidationEmails"],
                "ValidationDomain": option["ValidationDomain"],
            }
        }
    elif "ResourceRecord" in option:
        challenge = {"DnsValidationChallenge": {"ResourceRecord": option["ResourceRecord"]}}
    return {
        "ValidationMethod": option["ValidationMethod"],
        "ValidationChallenge": challenge,
        "ValidationStatus": option["ValidationStatus"],
    }


def _eligibility(certificate: Certificate, now: datetime, settings: Settings) -> str:
    return "ELIGIBLE" if state.is_eligible_for_renewal(certificate, now, settings) else "INELIGIBLE"


def _options(certificate: Certificate) -> dict[str, t.Any]:
    return {
        "CertificateTransparencyLoggingPreference": certificate.transparency,
        "Export": certificate.export_option,
    }


def _validations(
    validations: t.Sequence[DomainValidation], since: datetime, place: Place, now: datetime, settings: Settings
) -> t.Optional[list[dict[str, t.Any]]]:
    are_mailboxes_known = now >= since + timedelta(seconds=settings.validation_emails_delay_s)
    are_records_known = now >= since + timedelta(seconds=settings.resource_record_delay_s)
    shown = []
    for each in validations:
        option: dict[str, t.Any] = {
            "DomainName": each.name,
            "ValidationDomain": each.validation_domain or each.name,
            "ValidationStatus": each.status,
            "ValidationMethod": each.method,
        }
        if each.method == "DNS" and are_records_known:
            option["ResourceRecord"] = resource_record(each.name, place.account_id, settings)
        elif each.method == "HTTP" and are_records_known:
            option["HttpRedirect"] = http_redirect(each.name, place.account_id, place.region, settings)
        elif each.method == "EMAIL":
            option["ValidationEmails"] = list(each.emails) if are_mailboxes_known else []
        shown.append(option)
    return shown or None


def _ended(certificate: Certificate, now: datetime, settings: Settings) -> t.Sequence[DomainValidation]:
    """A request that timed out leaves no name pending. In a request that failed, only the name at fault has failed."""
    if state.status(certificate, now, settings) != "VALIDATION_TIMED_OUT":
        return certificate.validations
    return [
        each._replace(status=state.FAILED) if each.status == state.PENDING else each for each in certificate.validations
    ]


def _unvalidated(certificate: Certificate) -> list[dict[str, t.Any]]:
    """An import and the renewal of a private certificate have no names to validate, but list their names all the
    same."""
    return [{"DomainName": name} for name in certificate.names]
