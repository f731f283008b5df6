# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events that ACM sends, in the format of EventBridge (acm-rules §8). Pure."""

from __future__ import annotations

import hashlib
import json
import typing as t
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

from .state import Certificate, Leaf
from ..._rules.times import iso

AVAILABLE = "ACM Certificate Available"
APPROACHING = "ACM Certificate Approaching Expiration"
EXPIRED = "ACM Certificate Expired"
ACTION_REQUIRED = "ACM Certificate Renewal Action Required"
REVOKED = "ACM Certificate Revoked"
HEALTH = "AWS Health Event"

RENEWAL_STATE_CHANGE = "AWS_ACM_RENEWAL_STATE_CHANGE"  # renewed, expired, or waiting for the customer
CAA_CHECK_FAILURE = "CAA_CHECK_FAILURE"
RENEWAL_FAILURE = "AWS_ACM_RENEWAL_FAILURE"  # of a certificate signed by a private CA


class Place(t.NamedTuple):
    """Where the authority claims to be."""

    partition: str
    region: str
    account_id: str

    def arn(self, service: str, resource: str, account_id: t.Optional[str] = None) -> str:
        """account_id: by default the authority's."""
        return f"arn:{self.partition}:{service}:{self.region}:{account_id or self.account_id}:{resource}"


def event(
    detail_type: str, arn: str, place: Place, at: datetime, identifier: str, told: t.Mapping[str, t.Any]
) -> dict[str, t.Any]:
    """One event as EventBridge delivers it; `told`: its detail, from the functions below."""
    return {
        "version": "0",
        "id": identifier,
        "detail-type": detail_type,
        "source": "aws.health" if detail_type == HEALTH else "aws.acm",
        "account": place.account_id,
        "time": iso(at),
        "region": place.region,
        "resources": [arn],
        "detail": told,
    }


def detail(detail_type: str, certificate: Certificate, now: datetime, **details: t.Any) -> dict[str, t.Any]:
    """The detail of an ACM event; `details` adds to or overrides the type's standard members, None removes one."""
    told = {**_detail(detail_type, certificate, now), **details}
    return {name: value for name, value in told.items() if value is not None}


def health_detail(
    type_code: str, certificate: Certificate, place: Place, now: datetime, identifier: str, description: str
) -> dict[str, t.Any]:
    """The detail of an AWS Health event (AWS Health user guide, "EventBridge event schema"). identifier: of this
    notice.

    AWS Health treats everything about one renewal as one event: a later notice has the same event ARN and start, and
    replaces the notice before. certificate: its state before the renewal has succeeded.
    """
    renewal = certificate.renewal
    since = renewal.started_at if renewal else now
    event_id = hashlib.sha256(f"{certificate.arn} {certificate.leaf.serial if certificate.leaf else ''}".encode())
    return {
        "eventArn": f"arn:{place.partition}:health:{place.region}::event/ACM/{type_code}/"
        f"{type_code}_{event_id.hexdigest()[:32]}",
        "service": "ACM",
        "eventTypeCode": type_code,
        "eventTypeCategory": "scheduledChange",
        "eventScopeCode": "ACCOUNT_SPECIFIC",
        "communicationId": identifier,
        "startTime": _mail_time(since),
        "lastUpdatedTime": _mail_time(now),
        "statusCode": "open",
        "eventRegion": place.region,
        "eventDescription": [{"language": "en_US", "latestDescription": description}],
        "affectedEntities": [{"entityValue": certificate.arn, "lastUpdatedTime": _mail_time(now)}],
        "affectedAccount": place.account_id,
        "page": "1",
        "totalPages": "1",
    }


def health_code(certificate: Certificate, reason: t.Optional[str]) -> str:
    """The code for a renewal that needs the customer."""
    if reason == "CAA_ERROR":
        return CAA_CHECK_FAILURE
    return RENEWAL_FAILURE if certificate.type == "PRIVATE" else RENEWAL_STATE_CHANGE


def days_to_expiry(leaf: Leaf, now: datetime) -> int:
    """Days left, counting the day that has begun: 1 on the last day, 0 or less once expired."""
    return -((now - leaf.not_after) // timedelta(days=1))


def text(told: t.Mapping[str, t.Any]) -> str:
    """An event, a record, or a part of one, as JSON."""
    return ENCODER.encode(told)


ENCODER = json.JSONEncoder(separators=(",", ":"), default=iso, check_circular=False)


def _mail_time(moment: datetime) -> str:
    return format_datetime(moment.astimezone(timezone.utc), usegmt=True)


def _common_name(certificate: Certificate) -> t.Optional[str]:
    """The CN, whether or not it is a domain name; for a certificate without a CN, its first name."""
    leaf = certificate.leaf
    return (leaf.common_name if leaf else None) or (certificate.names[0] if certificate.names else None)


def _detail(detail_type: str, certificate: Certificate, now: datetime) -> dict[str, t.Any]:
    leaf = certificate.leaf
    if detail_type == APPROACHING:
        return {"DaysToExpiry": days_to_expiry(leaf, now) if leaf else None, "CommonName": _common_name(certificate)}
    detail: dict[str, t.Any] = {"CertificateType": certificate.type, "CommonName": _common_name(certificate)}
    if detail_type == REVOKED:
        detail["CertificateExpirationDate"] = iso(leaf.not_after) if leaf else None
        detail["Exportable"] = certificate.is_exportable
        return detail
    detail["DomainValidationMethod"] = certificate.validation_method
    detail["CertificateCreatedDate"] = iso(certificate.created_at)
    detail["CertificateExpirationDate"] = iso(leaf.not_after) if leaf else None
    if detail_type != EXPIRED:
        detail["DaysToExpiry"] = days_to_expiry(leaf, now) if leaf else None
    detail["InUse"] = bool(certificate.in_use_by)
    detail["Exported"] = certificate.ever_exported
    if detail_type == AVAILABLE:
        detail["Exportable"] = certificate.is_exportable
        detail["FirstSubjectAlternativeName"] = certificate.names[0] if certificate.names else None
        detail["ValidityInDays"] = -(-leaf.lifetime // timedelta(days=1)) if leaf else None
        detail["CertificateKeyPairOrigin"] = certificate.key_pair_origin
    return detail
