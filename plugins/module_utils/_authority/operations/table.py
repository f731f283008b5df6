# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ACM's operations (acm-rules §1) by name: each is one function that checks, acts in one transaction, and answers."""

from __future__ import annotations

import typing as t

from . import account, certificates, imports, lists, requests, tags
from .call import Call

ARN = ("CertificateArn",)
RESOURCE = ("ResourceArn",)
OPTIONS = ("Options.CertificateTransparencyLoggingPreference", "Options.Export", "Options.ValidationMethod")
INCLUDES = tuple(
    f"Includes.{member}" for member in ("extendedKeyUsage", "keyUsage", "keyTypes", "exportOption", "managedBy")
)


class Operation(t.NamedTuple):
    """members: what a request may contain; the members of Options and Includes are written with a dot. A newer botocore
    may know more members: those not implemented here are refused by name, never ignored."""

    act: t.Callable[[Call], dict[str, t.Any]]
    members: tuple[str, ...]


OPERATIONS: dict[str, Operation] = {
    "AddTagsToCertificate": Operation(tags.add_tags_to_certificate, (*ARN, "Tags")),
    "DeleteCertificate": Operation(certificates.delete_certificate, ARN),
    "DescribeCertificate": Operation(certificates.describe_certificate, ARN),
    "ExportCertificate": Operation(certificates.export_certificate, (*ARN, "Passphrase")),
    "GetAccountConfiguration": Operation(account.get_account_configuration, ()),
    "GetCertificate": Operation(certificates.get_certificate, ARN),
    "ImportCertificate": Operation(
        imports.import_certificate, (*ARN, "Certificate", "PrivateKey", "CertificateChain", "Tags")
    ),
    "ListCertificateDomainValidations": Operation(
        lists.list_certificate_domain_validations, (*ARN, "NextToken", "MaxItems")
    ),
    "ListCertificates": Operation(
        lists.list_certificates,
        ("CertificateStatuses", "CertificateKeyPairOrigins", "RootHierarchyTypes", "Includes", *INCLUDES)
        + ("NextToken", "MaxItems", "SortBy", "SortOrder"),
    ),
    "ListTagsForCertificate": Operation(tags.list_tags_for_certificate, ARN),
    "ListTagsForResource": Operation(tags.list_tags_for_resource, RESOURCE),
    "PutAccountConfiguration": Operation(account.put_account_configuration, ("ExpiryEvents", "IdempotencyToken")),
    "RemoveTagsFromCertificate": Operation(tags.remove_tags_from_certificate, (*ARN, "Tags")),
    "RenewCertificate": Operation(certificates.renew_certificate, ARN),
    "RequestCertificate": Operation(
        requests.request_certificate,
        ("DomainName", "ValidationMethod", "SubjectAlternativeNames", "IdempotencyToken", "DomainValidationOptions")
        + ("Options", *OPTIONS, "CertificateAuthorityArn", "Tags", "KeyAlgorithm", "ManagedBy")
        + ("CertificateUsage", "RootHierarchyType"),
    ),
    "ResendValidationEmail": Operation(requests.resend_validation_email, (*ARN, "Domain", "ValidationDomain")),
    "RevokeCertificate": Operation(certificates.revoke_certificate, (*ARN, "RevocationReason")),
    "SearchCertificates": Operation(
        lists.search_certificates, ("FilterStatement", "MaxResults", "NextToken", "SortBy", "SortOrder")
    ),
    "TagResource": Operation(tags.tag_resource, (*RESOURCE, "Tags")),
    "UntagResource": Operation(tags.untag_resource, (*RESOURCE, "TagKeys")),
    "UpdateCertificateOptions": Operation(certificates.update_certificate_options, (*ARN, "Options", *OPTIONS)),
}


def unknown_member(operation: Operation, request: t.Mapping[str, t.Any]) -> t.Optional[str]:
    """The first member of a request that the operation does not implement, or None."""
    for name, value in request.items():
        if name not in operation.members:
            return name
        if name in ("Options", "Includes"):
            for inner in value:
                if f"{name}.{inner}" not in operation.members:
                    return f"{name}.{inner}"
    return None
