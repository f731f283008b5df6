# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the policy of an access key allows a call, and the condition keys of a call (user guide, "Condition
keys")."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ..authority import Authority
from ..keys import policies
from ..lifecycle.records import Caller
from ..settings import condition_values
from .call import Call, Fault
from ..._rules.times import iso

WITHOUT_RESOURCE = ("ListCertificates", "SearchCertificates", "GetAccountConfiguration", "PutAccountConfiguration")


def check(call: Call, policy: str) -> None:
    """Raises Fault, in AWS's words, for a call that the policy (JSON) does not allow."""
    request = policies.Request(f"acm:{call.operation}", _resource(call), _values(call, policy))
    refusal = policies.parsed(policy).refusal(request)
    if refusal is not None:
        raise Fault(
            "AccessDeniedException",
            f"User: {call.caller.arn(call.authority.place)} is not authorized to perform: {request.action} on "
            f"resource: {request.resource} {refusal}",
        )


def refusal_of(authority: Authority, caller: Caller, policy: str, action: str) -> t.Optional[str]:
    """The same for an action of another service, which has no resource: the refusal in AWS's words, or None."""
    values = _of_caller(authority, caller, authority.now())
    refusal = policies.parsed(policy).refusal(policies.Request(action, "*", values))
    who = caller.arn(authority.place)
    return refusal and f"User: {who} is not authorized to perform: {action} on resource: * {refusal}"


def _resource(call: Call) -> str:
    if call.operation in WITHOUT_RESOURCE:
        return "*"
    arn = call.request.get("CertificateArn") or call.request.get("ResourceArn")
    return str(arn or call.authority.arn("acm", "certificate/*"))


def _values(call: Call, policy: str) -> policies.Values:
    values = _of_caller(call.authority, call.caller, call.now)
    tags = call.request.get("Tags")
    if tags:
        values["aws:tagkeys"] = [tag["Key"] for tag in tags]
        values.update({f"aws:requesttag/{tag['Key'].lower()}": [tag.get("Value") or ""] for tag in tags})
    elif "TagKeys" in call.request:
        values["aws:tagkeys"] = call.request["TagKeys"]
    if call.operation == "RequestCertificate":
        values.update({key.lower(): value for key, value in condition_values(call.request).items() if value})
    if "aws:resourcetag/" in policy.lower():
        values.update({f"aws:resourcetag/{key.lower()}": [value] for key, value in _resource_tags(call).items()})
    return values


def _of_caller(authority: Authority, caller: Caller, now: datetime) -> dict[str, t.Sequence[str]]:
    place = authority.place
    values: dict[str, t.Sequence[str]] = {
        "aws:principalarn": [caller.principal_arn(place)],
        "aws:principalaccount": [place.account_id],
        "aws:securetransport": ["true" if caller.tls else "false"],
        "aws:currenttime": [iso(now)],
        "aws:requestedregion": [place.region],
        "aws:useragent": [caller.user_agent],
    }
    if caller.address:
        values["aws:sourceip"] = [caller.address]
    if caller.kind == "user":
        values["aws:username"] = [caller.name]
    return values


def _resource_tags(call: Call) -> dict[str, str]:
    arn = call.request.get("CertificateArn") or call.request.get("ResourceArn") or ""
    with call.read() as tx:
        found = tx.certificate(arn.rpartition("/")[2])
        return tx.tags(found.id) if found is not None and found.arn == arn else {}
