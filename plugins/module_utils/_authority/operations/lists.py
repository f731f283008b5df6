# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ListCertificates and SearchCertificates (acm-rules §9), and ListCertificateDomainValidations."""

from __future__ import annotations

import base64
import binascii
import typing as t
from datetime import timedelta

from . import answers
from ..issuing import settlement
from ..lifecycle import state
from ..store import query
from .call import Call, Fault, Operation
from ..store.query import Clock, Condition, Query
from ..._rules.times import maybe_millis

LIST_PAGE = 100  # ListCertificates without MaxItems
SEARCH_PAGE = 100
VALIDATIONS_PAGE = 1000  # ListCertificateDomainValidations without MaxItems
DEEPEST_STATEMENT = 10
MOST_FILTERS = 200  # in one statement; SQLite takes some hundreds more
DEFAULT_KEY_TYPES = ("RSA_1024", "RSA_2048")
ORIGIN_TYPES = {"CUSTOMER_PROVIDED": ("IMPORTED",), "AWS_MANAGED": ("AMAZON_ISSUED", "PRIVATE"), "ACME": ()}


def list_certificates(call: Call) -> dict[str, t.Any]:
    request = call.request
    includes = request.get("Includes") or {}
    if bool(request.get("SortOrder")) != bool(request.get("SortBy")):
        raise Fault("ValidationException", "SortBy and SortOrder must be given together.")
    conditions = [query.one_of("KEY_ALGORITHM", includes.get("keyTypes") or DEFAULT_KEY_TYPES)]
    if not includes.get("keyTypes"):
        conditions.append(query.equals("HAS_NAMES", 1))
    if includes.get("keyUsage"):
        conditions.append(query.some([query.has_key_usage(usage) for usage in dict.fromkeys(includes["keyUsage"])]))
    if includes.get("extendedKeyUsage"):
        usages = dict.fromkeys(includes["extendedKeyUsage"])
        conditions.append(query.some([query.has_extended_key_usage(usage) for usage in usages]))
    # Amazon N2 certificates are listed only on request.
    conditions.append(query.one_of("ROOT_HIERARCHY", request.get("RootHierarchyTypes") or ("",)))
    if includes.get("exportOption"):
        conditions.append(query.equals("EXPORT_OPTION", includes["exportOption"]))
    if includes.get("managedBy"):
        conditions.append(query.equals("MANAGED_BY", includes["managedBy"]))
    if request.get("CertificateStatuses"):
        wanted = dict.fromkeys(request["CertificateStatuses"])
        conditions.append(query.some([_status(call, status) for status in wanted]))
    if request.get("CertificateKeyPairOrigins"):
        types = [name for origin in request["CertificateKeyPairOrigins"] for name in ORIGIN_TYPES[origin]]
        conditions.append(query.one_of("TYPE", types))
    return _page(
        call,
        Query(
            clock=_clock(call),
            where=query.every(conditions),
            limit=request.get("MaxItems", LIST_PAGE),
            descending=request.get("SortOrder", "DESCENDING") == "DESCENDING",
            next_token=request.get("NextToken"),
        ),
        "CertificateSummaryList",
        answers.summary,
    )


def search_certificates(call: Call) -> dict[str, t.Any]:
    request = call.request
    statement = request.get("FilterStatement")
    if statement and _filters_in(statement) > MOST_FILTERS:
        raise Fault("ValidationException", f"The filter statement has more than {MOST_FILTERS} filters.")
    return _page(
        call,
        Query(
            clock=_clock(call),
            where=_statement(call, statement) if statement else query.EVERYTHING,
            limit=request.get("MaxResults", SEARCH_PAGE),
            sort_by=request.get("SortBy", "CREATED_AT"),
            descending=request.get("SortOrder", "DESCENDING") == "DESCENDING",
            next_token=request.get("NextToken"),
        ),
        "Results",
        answers.search_result,
    )


def list_certificate_domain_validations(call: Call) -> dict[str, t.Any]:
    certificate = settlement.settle_read(call.authority, call.certificate())
    if certificate.type != state.AMAZON_ISSUED:
        return {"DomainValidationSummaryList": []}
    first, limit = _position(call), call.request.get("MaxItems", VALIDATIONS_PAGE)
    shown = answers.domain_validation_summaries(certificate, call.authority.place, call.authority.now(), call.settings)
    more = base64.urlsafe_b64encode(str(first + limit).encode()).decode() if len(shown) > first + limit else None
    return {"DomainValidationSummaryList": shown[first : first + limit], "NextToken": more}


def _position(call: Call) -> int:
    token = call.request.get("NextToken")
    if token is None:
        return 0
    try:
        return max(0, int(base64.urlsafe_b64decode(token.encode())))
    except (ValueError, binascii.Error):
        raise Fault("InvalidArgsException", "The NextToken does not belong to this list.") from None


def _page(call: Call, wanted: Query, member: str, shown: t.Callable[..., dict[str, t.Any]]) -> dict[str, t.Any]:
    settlement.settle_due(call.authority)
    try:
        with call.read() as tx:
            found, token = tx.find(wanted)
    except query.BadToken:
        raise Fault("ValidationException", "The NextToken does not belong to this list.") from None
    return {member: [shown(each, call.now, call.settings) for each in found], "NextToken": token}


def _status(call: Call, status: str) -> Condition:
    return query.has_status(status, _clock(call))


def _clock(call: Call) -> Clock:
    return Clock.at(call.now, timedelta(hours=call.settings.validation_hours))


# ---------------------------------------------------------------- filter statements


def _filters_in(statement: t.Mapping[str, t.Any]) -> int:
    ((kind, value),) = statement.items()
    if kind in ("And", "Or"):
        return sum(map(_filters_in, value))
    return _filters_in(value) if kind == "Not" else 1


def _statement(call: Call, statement: t.Mapping[str, t.Any], depth: int = 1) -> Condition:
    if depth > DEEPEST_STATEMENT:
        raise Fault("ValidationException", f"The filter statement is nested deeper than {DEEPEST_STATEMENT} levels.")
    ((kind, value),) = statement.items()
    if kind == "And":
        return query.every([_statement(call, each, depth + 1) for each in value])
    if kind == "Or":
        return query.some([_statement(call, each, depth + 1) for each in value])
    if kind == "Not":
        return query.none_of(_statement(call, value, depth + 1))
    return _filter(call, value)


def _filter(call: Call, value: t.Mapping[str, t.Any]) -> Condition:
    ((kind, wanted),) = value.items()
    if kind == "CertificateArn":
        identifier = wanted.rpartition("/")[2]
        is_ours = wanted == call.authority.arn("acm", f"certificate/{identifier}")
        return query.equals("ID", identifier) if is_ours else query.NOTHING
    ((member, what),) = wanted.items()
    return _metadata(call, member, what) if kind == "AcmCertificateMetadataFilter" else _attribute(member, what)


def _attribute(member: str, what: t.Any) -> Condition:
    if member == "Subject":
        name = what["CommonName"]
        value = name["Value"].lower()
        return (query.equals if name["ComparisonOperator"] == "EQUALS" else query.contains)("COMMON_NAME", value)
    if member == "SubjectAlternativeName":
        name = what["DnsName"]
        value = name["Value"].lower()
        return (query.has_name if name["ComparisonOperator"] == "EQUALS" else query.has_name_with)(value)
    if member == "ExtendedKeyUsage":
        return query.has_extended_key_usage(what)
    if member == "KeyUsage":
        return query.has_key_usage(what)
    if member in ("NotAfter", "NotBefore"):
        column = "NOT_AFTER" if member == "NotAfter" else "NOT_BEFORE"
        return query.between(column, maybe_millis(what.get("Start")), maybe_millis(what.get("End")))
    if member == "SerialNumber":
        return query.has_serial(what)
    return query.equals("KEY_ALGORITHM", what)


METADATA = {
    "RenewalStatus": "RENEWAL_STATUS",
    "Type": "TYPE",
    "InUse": "IN_USE",
    "Exported": "EXPORTED",
    "ExportOption": "EXPORT_OPTION",
    "ManagedBy": "MANAGED_BY",
    "ValidationMethod": "VALIDATION_METHOD",
    "RootHierarchyType": "ROOT_HIERARCHY",
}


def _metadata(call: Call, member: str, what: t.Any) -> Condition:
    if member == "Status":
        return _status(call, what)
    if member == "CertificateKeyPairOrigin":
        return query.one_of("TYPE", ORIGIN_TYPES[what])
    if member in METADATA:
        return query.equals(METADATA[member], what)
    return query.NOTHING  # of ACME, which the authority does not speak


INCLUDES = ("extendedKeyUsage", "keyUsage", "keyTypes", "exportOption", "managedBy")
OPERATIONS = {
    "ListCertificateDomainValidations": Operation(
        list_certificate_domain_validations, ("CertificateArn", "NextToken", "MaxItems")
    ),
    "ListCertificates": Operation(
        list_certificates,
        ("CertificateStatuses", "CertificateKeyPairOrigins", "RootHierarchyTypes")
        + ("Includes", *(f"Includes.{member}" for member in INCLUDES))
        + ("NextToken", "MaxItems", "SortBy", "SortOrder"),
    ),
    "SearchCertificates": Operation(
        search_certificates, ("FilterStatement", "MaxResults", "NextToken", "SortBy", "SortOrder")
    ),
}
