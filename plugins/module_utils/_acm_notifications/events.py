# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ACM's events from EventBridge and Health (acm-rules §8): messages in, notifications out. Pure.

A message contains one event as EventBridge sends it, bare or inside an SNS notification. What an event does not contain
is missing from the notification. Unreadable messages are returned separately and never lost.
"""

from __future__ import annotations

import json
import re
import typing as t
from datetime import timezone
from email.utils import parsedate_to_datetime

from .._rules.times import read_iso
from .._rules.times import iso

AVAILABLE = "available"
APPROACHING_EXPIRATION = "approaching_expiration"
EXPIRED = "expired"
RENEWAL_ACTION_REQUIRED = "renewal_action_required"
REVOKED = "revoked"
ROTATED = "rotated"
HEALTH = "health"

ACM_SOURCE = "aws.acm"
HEALTH_SOURCE = "aws.health"
DETAIL_TYPES = {
    AVAILABLE: "ACM Certificate Available",
    APPROACHING_EXPIRATION: "ACM Certificate Approaching Expiration",
    EXPIRED: "ACM Certificate Expired",
    RENEWAL_ACTION_REQUIRED: "ACM Certificate Renewal Action Required",
    REVOKED: "ACM Certificate Revoked",
    ROTATED: "ACM Certificate Rotated",
    HEALTH: "AWS Health Event",
}
KINDS = tuple(DETAIL_TYPES)

_KIND_OF = {(HEALTH_SOURCE if kind == HEALTH else ACM_SOURCE, name): kind for kind, name in DETAIL_TYPES.items()}
_CERTIFICATE_ARN = re.compile(r"arn:[a-z0-9-]+:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+")
_EXCERPT = 200


class Message(t.NamedTuple):
    """One message of a queue. handle: acknowledges it; deliveries: how often it was delivered, including this time."""

    id: str
    handle: str
    body: str
    deliveries: int


class Unreadable(Exception):
    """Why a message is not a notification, as a sentence."""

    def __init__(self, why: str, detail_type: t.Optional[str] = None) -> None:
        super().__init__(why)
        self.detail_type = detail_type


def read_all(messages: t.Iterable[Message]) -> tuple[list[dict[str, t.Any]], list[dict[str, t.Any]]]:
    """(notifications, unknown) in the order in which each was first seen.

    Messages with the same event id become one notification with all their handles; unreadable messages have nothing in
    common by which to merge them, so each is kept separately.
    """
    notifications: dict[str, dict[str, t.Any]] = {}
    deliveries: dict[str, dict[str, int]] = {}
    unknown: list[dict[str, t.Any]] = []
    for message in messages:
        try:
            found = read(message.body)
        except Unreadable as error:
            unknown.append(_unknown(message, error))
            continue
        except Exception as error:  # whatever is wrong with one message, the others are read
            unknown.append(_unknown(message, Unreadable(f"It cannot be read ({type(error).__name__}).")))
            continue
        event_id = found["id"]
        notification = notifications.setdefault(event_id, {**found, "handles": []})
        notification["handles"].append(message.handle)
        counts = deliveries.setdefault(event_id, {})
        counts[message.id] = max(counts.get(message.id, 0), message.deliveries)
        notification["deliveries"] = sum(counts.values())
    return list(notifications.values()), unknown


def read(body: str) -> dict[str, t.Any]:
    """The notification in a message's body. Raises Unreadable."""
    event = _object(body, "The message")
    if isinstance(event.get("TopicArn"), str):  # SNS, without raw message delivery
        if event.get("Type") != "Notification":
            raise Unreadable(f"It is not an SNS notification, but has the type {_short(event.get('Type'))}.")
        event = _object(event.get("Message"), "The message inside the SNS notification")
    source, detail_type, event_id = event.get("source"), event.get("detail-type"), event.get("id")
    if not isinstance(source, str) or not isinstance(detail_type, str):
        raise Unreadable("It is not an EventBridge event: source or detail-type is missing.")
    kind = _KIND_OF.get((source, detail_type))
    detail = event.get("detail")
    if kind is None:
        raise Unreadable(f"{source} with this detail-type is unknown.", detail_type)
    if not isinstance(event_id, str) or not event_id:
        raise Unreadable("The event has no id.", detail_type)
    if not isinstance(detail, dict):
        raise Unreadable("The event has no detail.", detail_type)
    said = _health(detail, detail_type) if kind == HEALTH else _acm(detail)
    if kind == REVOKED and "action" in said:
        # The user guide prints the event of a rotated certificate, which has an action, under this detail-type too.
        kind = ROTATED
    arns = _arns([*_list(event.get("resources")), *said.pop("entities", [])])
    if not arns:
        raise Unreadable("The event contains no certificate.", detail_type)
    common = {
        "id": event_id,
        "kind": kind,
        "detail_type": detail_type,
        "certificate_arns": arns,
        "region": _text(event.get("region")),
        "account": _text(event.get("account")),
        "occurred_at": _time(event.get("time")),
    }
    return {name: value for name, value in {**common, **said}.items() if value is not None}


def _acm(detail: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    said = {
        "action": _text(detail.get("Action")),
        "domain_name": _text(detail.get("CommonName")),
        "expires_at": _time(detail.get("CertificateExpirationDate")),
        "days_to_expiry": _number(detail.get("DaysToExpiry")),
        "reason": _text(detail.get("RenewalStatusReason")),
        "certificate_type": _text(detail.get("CertificateType")),
        "validation_method": _text(detail.get("DomainValidationMethod")),
        "in_use": _truth(detail.get("InUse")),
        "exported": _truth(detail.get("Exported")),
        "exportable": _truth(detail.get("Exportable")),
    }
    return {name: value for name, value in said.items() if value is not None}


def _health(detail: t.Mapping[str, t.Any], detail_type: str) -> dict[str, t.Any]:
    if detail.get("service") != "ACM":
        raise Unreadable(f"It is a Health event about {_short(detail.get('service'))}, not about ACM.", detail_type)
    descriptions = [each for each in _list(detail.get("eventDescription")) if isinstance(each, dict)]
    english = [each for each in descriptions if str(each.get("language", "")).lower().startswith("en")]
    told = [_text(each.get("latestDescription")) for each in (english or descriptions)[:1]]
    entities = [each for each in _list(detail.get("affectedEntities")) if isinstance(each, dict)]
    return {
        "health_code": _text(detail.get("eventTypeCode")),
        "description": told[0] if told else None,
        "entities": [each.get("entityValue") for each in entities],
    }


def _unknown(message: Message, error: Unreadable) -> dict[str, t.Any]:
    shown = {"detail_type": _excerpt(error.detail_type)} if error.detail_type else {"excerpt": _excerpt(message.body)}
    return {"handle": message.handle, "why": str(error), "deliveries": message.deliveries, **shown}


def _object(text: t.Any, what: str) -> dict[str, t.Any]:
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Unreadable(f"{what} is not a JSON object.")
    return value


def _arns(values: t.Iterable[t.Any]) -> list[str]:
    found = (value for value in values if isinstance(value, str) and _CERTIFICATE_ARN.fullmatch(value))
    return list(dict.fromkeys(found))


def _list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else []


def _text(value: t.Any) -> t.Optional[str]:
    """A text that can be written anywhere: without the half surrogate pairs that JSON can contain."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) and value else None


def _number(value: t.Any) -> t.Optional[int]:
    """An integer, which some services write as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def _truth(value: t.Any) -> t.Optional[bool]:
    """The user guide prints these as TRUE and FALSE."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _time(value: t.Any) -> t.Optional[str]:
    """ISO 8601 in UTC, from ISO 8601 or the date of a mail."""
    if not isinstance(value, str):
        return None
    try:
        moment = read_iso(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, TypeError, IndexError):
            return None
    try:
        moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return iso(moment)
    except (ValueError, OverflowError):
        return None


def _short(value: t.Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 40 else text[:37] + "…"


def _excerpt(text: str) -> str:
    plain = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    return plain if len(plain) <= _EXCERPT else plain[: _EXCERPT - 1] + "…"
