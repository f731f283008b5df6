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

SUMMARY_NAMES = 100
ORIGINS = {"IMPORTED": "CUSTOMER_PROVIDED"}


def spelled(key_algorithm: str) -> str:
    """Answers say RSA-2048 where requests say RSA_2048 (ACM.md §2)."""
    return key_algorithm.replace("RSA_", "RSA-")


def detail(certificate: Certificate, place: Place, now: datetime, settings: Settings) -> dict[str, t.Any]:
    """DescribeCertificate's Certificate."""
    leaf, renewal = certificate.leaf, certificate.renewal
    shown: dict[str, t.Any] = {
        "CertificateArn": certificate.arn,
        "DomainName": certificate.names[0] if certificate.names else None,
        "SubjectAlternativeNames": list(certificate.names) or None,
        "ManagedBy": certificate.managed_by,
        "DomainValidationOptions": _validations(
            _ended(certificate, now, settings), certificate.created_at, place, now, settings
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
        "CertificateKeyPairOrigin": ORIGINS.get(certificate.type, "AWS_MANAGED"),
        "KeyUsages": [],
        "ExtendedKeyUsages": [],
    }
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
        "DomainName": certificate.names[0] if certificate.names else None,
        "SubjectAlternativeNameSummaries": list(certificate.names[:SUMMARY_NAMES]) or None,
        "HasAdditionalSubjectAlternativeNames": len(certificate.names) > SUMMARY_NAMES,
        "Status": state.status(certificate, now, settings),
        "Type": certificate.type,
        "KeyAlgorithm": spelled(certificate.key_algorithm),
        "KeyUsages": list(leaf.key_usages) if leaf else [],
        "ExtendedKeyUsages": [name for name, _oid in leaf.extended_key_usages] if leaf else [],
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
        "CertificateKeyPairOrigin": ORIGINS.get(certificate.type, "AWS_MANAGED"),
    }


def search_result(certificate: Certificate, now: datetime, settings: Settings) -> dict[str, t.Any]:
    """SearchCertificates' CertificateSearchResult."""
    leaf = certificate.leaf
    attributes: dict[str, t.Any] = {
        "Subject": {"CommonName": (leaf.common_name if leaf else None) or (certificate.names or (None,))[0]},
        "SubjectAlternativeNames": [{"DnsName": name} for name in certificate.names]
        + [{"IpAddress": address} for address in (leaf.ip_addresses if leaf else ())],
        "KeyAlgorithm": certificate.key_algorithm,  # the other spelling is Describe's and List's alone
    }
    if leaf:
        attributes.update(
            {
                "Issuer": {"CommonName": leaf.issuer_common_name},
                "ExtendedKeyUsages": [name for name, _oid in leaf.extended_key_usages],
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
                "CertificateKeyPairOrigin": ORIGINS.get(certificate.type, "AWS_MANAGED"),
            }
        },
    }


# ---------------------------------------------------------------- inside


def _issuer(certificate: Certificate) -> t.Optional[str]:
    if certificate.type == state.AMAZON_ISSUED:
        return "Amazon"
    leaf = certificate.leaf
    return (leaf.issuer_common_name or leaf.issuer) if leaf else None


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
            option["ValidationEmails"] = list(each.emails)
        shown.append(option)
    return shown or None


def _ended(certificate: Certificate, now: datetime, settings: Settings) -> t.Sequence[DomainValidation]:
    """A request that failed or timed out leaves no name pending; boto3's waiter would wait on for it."""
    if state.status(certificate, now, settings) not in ("FAILED", "VALIDATION_TIMED_OUT"):
        return certificate.validations
    return [
        each._replace(status=state.FAILED) if each.status == state.PENDING else each for each in certificate.validations
    ]


def _unvalidated(certificate: Certificate) -> list[dict[str, t.Any]]:
    """A private certificate's renewal has no names to validate, but its summary lists them."""
    return [{"DomainName": name} for name in certificate.names]
