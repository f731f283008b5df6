# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What DescribeCertificate says of certificates that wait for validation."""

from __future__ import annotations

import typing as t

APEX = {"Name": "_a.example.com.", "Type": "CNAME", "Value": "_1.acm-validations.aws."}
WWW = {"Name": "_b.www.example.com.", "Type": "CNAME", "Value": "_2.acm-validations.aws."}
MAIL = ["administrator@example.com", "hostmaster@example.com"]
REDIRECT = {
    "RedirectFrom": "http://www.example.com/.well-known/pki-validation/x.txt",
    "RedirectTo": "https://validation.eu-central-1.acm-validations.aws/y/.well-known/pki-validation/x.txt",
}


def option(name: str, record: t.Optional[dict[str, str]] = None, **members: t.Any) -> dict[str, t.Any]:
    made = {"DomainName": name, "ValidationMethod": "DNS", "ValidationStatus": "PENDING_VALIDATION", **members}
    return {**made, "ResourceRecord": record} if record else made


def detail(*options: dict[str, t.Any], **members: t.Any) -> dict[str, t.Any]:
    return {
        "DomainName": "example.com",
        "Type": "AMAZON_ISSUED",
        "Status": "PENDING_VALIDATION",
        "DomainValidationOptions": list(options),
        **members,
    }


def as_item(record: dict[str, str]) -> dict[str, str]:
    return {"name": record["Name"], "type": record["Type"], "value": record["Value"]}
