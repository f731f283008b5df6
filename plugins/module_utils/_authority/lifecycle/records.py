# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls as CloudTrail records them, and the metric of CloudWatch (ACM user guide, "Using CloudTrail", "CloudWatch
metrics"). Pure.

A call is stored in the form that `stored` returns, without what all calls have in common; `record` adds that on
reading."""

from __future__ import annotations

import hashlib
import typing as t
from datetime import datetime

from . import events
from .events import Place
from ..._rules.times import iso

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
SECRET_MEMBERS = ("Passphrase", "PrivateKey")
# Records of these operations contain the response although they only read; records of other reads do not.
SHOWN_READS = ("GetCertificate", "ExportCertificate")
DEEPEST = 50  # levels of a request that are recorded
# Characters. CloudTrail has limits, too: whoever may do nothing still must not fill the disk with refused calls.
LONGEST_MESSAGE = 1024
LARGEST = 100_000  # of a record
LARGEST_MEMBER = 20_000  # of a request or response, once the record is too large
LOCAL_ADDRESS, LOCAL_AGENT = "127.0.0.1", "certops.acm"  # for calls that did not come over a network


class Caller(t.NamedTuple):
    """Who calls. kind: owner, user or role. name: of the user or role; for an owner without an access key, the account
    on this machine. tls: version, cipher suite and the requested host."""

    kind: str = "owner"
    name: str = ""
    access_key_id: str = ""
    address: str = ""
    user_agent: str = ""
    tls: tuple[str, ...] = ()

    def arn(self, place: Place) -> str:
        """The ARN in messages and records."""
        account = f"{place.partition}:%s::{place.account_id}"
        if self.kind == "role":
            return f"arn:{account % 'sts'}:assumed-role/{self.name}/{self.name}"
        return f"arn:{account % 'iam'}:" + (f"user/{self.name}" if self.kind == "user" else "root")

    def principal_arn(self, place: Place) -> str:
        """The ARN in policies: aws:PrincipalArn is the ARN of the role, not of its session."""
        return (
            f"arn:{place.partition}:iam::{place.account_id}:role/{self.name}"
            if self.kind == "role"
            else self.arn(place)
        )


def stored(
    operation: str,
    request: t.Mapping[str, t.Any],
    answer: t.Optional[t.Mapping[str, t.Any]],
    error: t.Optional[tuple[str, str]],
    caller: Caller = Caller(),
    leaf: t.Optional[tuple[str, str]] = None,
) -> dict[str, t.Any]:
    """What is stored about a call; keys and passphrases are hidden.

    leaf: CA id and serial of the certificate in the response: its PEM is in the store, so it is not stored again.
    """
    call: dict[str, t.Any] = {"requestParameters": _spelled(request)}
    if leaf:
        call["leaf"] = leaf
    elif answer and (not is_read(operation) or operation in SHOWN_READS):
        call["responseElements"] = _spelled(answer)
    if error:
        call["errorCode"], call["errorMessage"] = error[0], error[1][:LONGEST_MESSAGE]
    who = list(caller)
    while who and not who[-1]:
        who.pop()
    if who != ["owner"]:
        call["caller"] = who
    return call


def text(call: t.Mapping[str, t.Any]) -> str:
    """What is stored about a call, as JSON; of a record that is too large, without the members that make it so."""
    full = events.text(call)
    if len(full) <= LARGEST:
        return full
    return events.text({name: _without_large(value) for name, value in call.items()})


def _without_large(value: t.Any) -> t.Any:
    if not isinstance(value, dict):
        return value
    kept = {name: each for name, each in value.items() if len(events.text({name: each})) <= LARGEST_MEMBER}
    return kept if len(kept) == len(value) else {**kept, "omitted": True}


def record(
    operation: str, call: t.Mapping[str, t.Any], place: Place, at: datetime, identifier: str
) -> dict[str, t.Any]:
    """One call as CloudTrail records it. identifier: of the request. `leaf` becomes responseElements."""
    caller = Caller(*call.get("caller", ()))
    shown: dict[str, t.Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(caller, place, at),
        "eventTime": iso(at),
        "eventSource": "acm.amazonaws.com",
        "eventName": operation,
        "awsRegion": place.region,
        "sourceIPAddress": caller.address or LOCAL_ADDRESS,
        "userAgent": caller.user_agent or LOCAL_AGENT,
        "requestParameters": call.get("requestParameters"),
        "responseElements": call.get("responseElements"),
        "requestID": identifier,
        "eventID": _event_id(identifier),
        "readOnly": is_read(operation),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": place.account_id,
        "eventCategory": "Management",
    }
    if "errorCode" in call:
        shown["errorCode"], shown["errorMessage"] = call["errorCode"], call["errorMessage"]
    if caller.tls:
        shown["tlsDetails"] = dict(zip(("tlsVersion", "cipherSuite", "clientProvidedHostHeader"), caller.tls))
    return shown


def answered_leaf(operation: str, certificate: str, chain: t.Optional[str]) -> dict[str, t.Any]:
    """The responseElements of a call that returned a certificate in the store."""
    shown = {"certificate": certificate, "certificateChain": chain}
    return {**shown, "privateKey": HIDDEN} if operation == "ExportCertificate" else shown


def metric(arn: str, days: int, at: datetime) -> dict[str, t.Any]:
    """A MetricDatum of CloudWatch, with its namespace."""
    return {
        "Namespace": "AWS/CertificateManager",
        "MetricName": "DaysToExpiry",
        "Dimensions": [{"Name": "CertificateArn", "Value": arn}],
        "Timestamp": iso(at),
        "Value": days,
        "Unit": "None",
    }


def is_read(operation: str) -> bool:
    return operation.startswith(("Describe", "Get", "List", "Search"))


# ---------------------------------------------------------------- inside


def _identity(caller: Caller, place: Place, at: datetime) -> dict[str, t.Any]:
    account = place.account_id
    if caller.kind == "owner":
        identity = {"type": "Root", "principalId": account}
    elif caller.kind == "user":
        identity = {"type": "IAMUser", "principalId": _principal_id("AIDA", caller.name)}
    else:
        identity = {"type": "AssumedRole", "principalId": f"{_principal_id('AROA', caller.name)}:{caller.name}"}
    shown: dict[str, t.Any] = {**identity, "arn": caller.arn(place), "accountId": account}
    if caller.access_key_id:
        shown["accessKeyId"] = caller.access_key_id
    if caller.kind == "role":
        shown["sessionContext"] = {
            "sessionIssuer": {
                "type": "Role",
                "principalId": _principal_id("AROA", caller.name),
                "arn": caller.principal_arn(place),
                "accountId": account,
                "userName": caller.name,
            },
            "attributes": {"creationDate": iso(at), "mfaAuthenticated": "false"},
        }
    elif caller.name:
        shown["userName"] = caller.name
    return shown


def _principal_id(prefix: str, name: str) -> str:
    """An id derived from the name."""
    return prefix + hashlib.sha256(name.encode()).hexdigest()[:17].upper()


def _event_id(identifier: str) -> str:
    """A UUID for the record of a request, derived so that it need not be stored."""
    digits = hashlib.sha256(identifier.encode()).hexdigest()[:32]
    digits = f"{digits[:12]}5{digits[13:16]}a{digits[17:]}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _spelled(members: t.Mapping[str, t.Any], depth: int = 0) -> dict[str, t.Any]:
    """The members, at all levels, in CloudTrail's spelling: with a lower-case first letter."""
    return {
        name[:1].lower() + name[1:]: HIDDEN if name in SECRET_MEMBERS else _shown(value, depth)
        for name, value in members.items()
    }


def _shown(value: t.Any, depth: int) -> t.Any:
    if depth > DEEPEST:
        return "…"
    if isinstance(value, dict):
        return _spelled(value, depth + 1)
    if isinstance(value, (list, tuple)):
        return [_shown(each, depth + 1) for each in value]
    if isinstance(value, datetime):
        return iso(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
