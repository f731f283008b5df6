# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find and read certificates with as few calls as possible.

One SearchCertificates (ListCertificates if search is not available) shows what exists; DescribeCertificate is called
only for what is missing from that, in parallel; tags come from the tagging API, a hundred certificates per call."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

try:
    from botocore.exceptions import BotoCoreError, ClientError

    NO_ANSWER: tuple[type[Exception], ...] = (BotoCoreError, ClientError)
except ImportError:
    NO_ANSWER = ()  # AnsibleAWSModule reports the missing library

from .._rules.key_algorithms import KEY_ALGORITHMS
from .certificate import Certificate, from_list, from_search, newest
from .._door.acm import GONE, AcmError
from .._rules.names import covers, to_ascii

SEARCH_PAGE = 500
LIST_PAGE = 1000
TAGGING_PAGE = 100
ROOT_HIERARCHIES = ("N2_AMAZON_MANAGED", "N2_SFG2_AMAZON_MANAGED")
KEY_PAIR_ORIGINS = ("AWS_MANAGED", "ACME", "CUSTOMER_PROVIDED")
MAX_TERMS = 15  # in one And or Or of a filter statement
MOST_TERMS = 10 * MAX_TERMS  # in an Or of Ors; for more values everything is read, which costs little more
FEW = 2  # the tags of up to this many certificates are read from ACM itself, which never lags


class Door(t.Protocol):
    """What is needed of _door.acm.Acm."""

    is_authority: bool
    region: str

    def call(self, operation: str, **members: t.Any) -> dict[str, t.Any]: ...

    def pages(self, operation: str, **members: t.Any) -> t.Iterator[dict[str, t.Any]]: ...

    def each(self, operation: str, requests: t.Sequence[dict[str, t.Any]]) -> list[t.Any]: ...

    def client(self, service: str) -> t.Any: ...

    def takes(self, operation: str, member: str) -> bool: ...

    def first_answer_at(self, operation: str) -> t.Optional[datetime]: ...

    @property
    def private_cas(self) -> t.Callable[[], t.Mapping[str, str]]: ...


class Query(t.NamedTuple):
    """What to look for; None matches anything. Every condition must hold; for a tuple, any of its values matches."""

    arns: t.Optional[tuple[str, ...]] = None
    names: t.Optional[tuple[str, ...]] = None  # it has all of these names
    any_names: t.Optional[tuple[str, ...]] = None  # it has one of these names, or its names are not known yet
    covering: bool = False  # a wildcard that covers the name also matches
    statuses: t.Optional[tuple[str, ...]] = None
    types: t.Optional[tuple[str, ...]] = None
    key_algorithms: t.Optional[tuple[str, ...]] = None
    export: t.Optional[str] = None
    is_in_use: t.Optional[bool] = None
    was_exported: t.Optional[bool] = None
    renewal_eligibility: t.Optional[str] = None
    expires_within: t.Optional[timedelta] = None


# ---------------------------------------------------------------- what exists


def find(acm: Door, query: Query, now: datetime) -> list[Certificate]:
    """All certificates that satisfy the query, valid ones first, newest first.

    If the query has names, certificates whose names the list does not show are described.
    """
    listed = listing(acm, query, now)
    if query.names:
        listed = with_names(acm, listed)
    return newest((certificate for certificate in listed if satisfies(certificate, query, now)), now)


def read(acm: Door, query: Query, now: datetime, *, as_listed: bool = False) -> list[Certificate]:
    """The certificates of query.arns that exist and satisfy the query, each described, in the order of `find`.

    as_listed: also read a list, since only that shows whether a certificate was exported.
    """
    arns = query.arns or ()
    listed: dict[str, Certificate] = {}
    if arns and (as_listed or query.was_exported is not None):
        try:
            listed = {certificate.arn: certificate for certificate in listing(acm, Query(arns=arns), now)}
        except AcmError as error:
            # A user who may describe may not be allowed to list; then only this is missing.
            if "AccessDenied" not in error.code or query.was_exported is not None:
                raise
    details = describe_each(acm, arns)
    described_ones = (
        listed.get(arn, Certificate(arn)).detailed(detail) for arn, detail in details.items() if detail is not None
    )
    return newest((certificate for certificate in described_ones if satisfies(certificate, query, now)), now)


def listing(acm: Door, query: Query, now: datetime) -> list[Certificate]:
    """One read of the inventory. The query only makes the answer smaller: apply `satisfies` to it."""
    try:
        members = {"MaxResults": SEARCH_PAGE, "FilterStatement": search_filter(query, now)}
        pages = list(acm.pages("SearchCertificates", **{key: value for key, value in members.items() if value}))
        if all(
            "Results" in page for page in pages
        ):  # otherwise the list decides, which is never left out of its answer
            return [from_search(found) for page in pages for found in page["Results"]]
    except AcmError as error:
        # Unknown to an old botocore or to the region, or not allowed: ListCertificates returns nearly as much.
        # But if there was no answer at all (EndpointConnectionError …), a second call would get none either.
        if "Throttl" in error.code or error.code.endswith("Error"):
            raise
    filters = list_members(query)
    if acm.takes("ListCertificates", "CertificateKeyPairOrigins"):
        filters["CertificateKeyPairOrigins"] = list(
            KEY_PAIR_ORIGINS
        )  # otherwise certificates requested through ACME are not listed
    pages = list(acm.pages("ListCertificates", MaxItems=LIST_PAGE, **filters))
    # Amazon N2 certificates are never listed with the others: no filter returns both in one call. All of them are public.
    may_be_of_n2 = query.types is None or "AMAZON_ISSUED" in query.types
    if may_be_of_n2 and acm.takes("ListCertificates", "RootHierarchyTypes"):
        pages += acm.pages("ListCertificates", MaxItems=LIST_PAGE, RootHierarchyTypes=list(ROOT_HIERARCHIES), **filters)
    listed = [from_list(summary) for page in pages for summary in page["CertificateSummaryList"]]
    # each once: a region that does not know the filter yet may list some twice
    return list({certificate.arn: certificate for certificate in listed}.values())


def with_names(acm: Door, listed: t.Sequence[Certificate]) -> list[Certificate]:
    """The same certificates, described if the list does not have all names."""
    return described(acm, listed, lambda certificate: not certificate.names_are_complete)


def described(
    acm: Door, listed: t.Sequence[Certificate], which: t.Callable[[Certificate], bool] = lambda certificate: True
) -> list[Certificate]:
    """The same certificates, described if `which` says so. Certificates deleted in the meantime are left out."""
    arns = [certificate.arn for certificate in listed if certificate.detail is None and which(certificate)]
    details = describe_each(acm, arns)
    result = []
    for certificate in listed:
        detail = details.get(certificate.arn)
        if detail is not None:
            result.append(certificate.detailed(detail))
        elif certificate.arn not in details:
            result.append(certificate)
    return result


def describe_each(acm: Door, arns: t.Sequence[str]) -> dict[str, t.Optional[dict[str, t.Any]]]:
    """CertificateDetail of every ARN, read in parallel; None if it does not exist. Raises the first AcmError."""
    return {
        arn: None if answer is None else answer["Certificate"]
        for arn, answer in _each(acm, "DescribeCertificate", arns).items()
    }


def satisfies(certificate: Certificate, query: Query, now: datetime) -> bool:
    """Whether a certificate satisfies the query. An unknown member does not satisfy a condition."""
    if query.arns is not None and certificate.arn not in query.arns:
        return False
    if query.names is not None:
        wanted = [to_ascii(name) for name in query.names]
        if query.covering:
            held = certificate.names
            if not all(any(covers(pattern, name) for pattern in held) for name in wanted):
                return False
        elif not certificate.names.issuperset(wanted):
            return False
    if (
        query.any_names is not None
        and certificate.names_are_complete
        and not certificate.names.intersection(query.any_names)
    ):
        return False
    for allowed, value in (
        (query.statuses, certificate.status_at(now)),
        (query.types, certificate.type),
        (query.key_algorithms, certificate.key_algorithm),
    ):
        if allowed is not None and value not in allowed:
            return False
    if query.export is not None and (certificate.export or "DISABLED") != query.export:
        return False
    if query.is_in_use is not None and certificate.is_in_use is not query.is_in_use:
        return False
    if query.was_exported is not None and bool(certificate.was_exported) is not query.was_exported:
        return False
    if query.renewal_eligibility is not None and certificate.renewal_eligibility != query.renewal_eligibility:
        return False
    if query.expires_within is not None:
        return certificate.not_after is not None and now <= certificate.not_after <= now + query.expires_within
    return True


def search_filter(query: Query, now: datetime) -> t.Optional[dict[str, t.Any]]:
    """The FilterStatement that finds at least what the query asks for; None: everything.

    A pending request may have no names in SearchCertificates yet, so a search by names asks for all pending ones too.
    """
    terms: list[dict[str, t.Any]] = []
    if query.arns and len(query.arns) <= MOST_TERMS:
        terms.append(any_of([{"Filter": {"CertificateArn": arn}} for arn in query.arns]))
    if query.names:
        spellings = [spelling for name in query.names[:1] for spelling in _spellings(name, query.covering)]
        terms.append(any_of([*map(name_term, spellings), metadata_term("Status", "PENDING_VALIDATION")]))
    if query.any_names and len(set(query.any_names)) < MOST_TERMS:
        spellings = sorted(set(query.any_names))
        terms.append(any_of([*map(name_term, spellings), metadata_term("Status", "PENDING_VALIDATION")]))
    if query.statuses:
        statuses = [metadata_term("Status", status) for status in query.statuses]
        if "EXPIRED" in query.statuses:  # it may have expired long before ACM says so
            statuses.append({"Filter": {"X509AttributeFilter": {"NotAfter": {"End": now}}}})
        terms.append(any_of(statuses))
    if query.types:
        terms.append(any_of([metadata_term("Type", type_) for type_ in query.types]))
    if query.key_algorithms:
        terms.append(
            any_of(
                [{"Filter": {"X509AttributeFilter": {"KeyAlgorithm": algorithm}}} for algorithm in query.key_algorithms]
            )
        )
    if query.export == "ENABLED":
        terms.append(metadata_term("ExportOption", "ENABLED"))
    if query.is_in_use is not None:
        terms.append(metadata_term("InUse", query.is_in_use))
    if query.was_exported:
        terms.append(metadata_term("Exported", True))
    if query.expires_within is not None:
        period = {"Start": now, "End": now + query.expires_within}
        terms.append({"Filter": {"X509AttributeFilter": {"NotAfter": period}}})
    if not terms:
        return None
    return terms[0] if len(terms) == 1 else {"And": terms}


def any_of(terms: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    """One statement of at most MOST_TERMS."""
    if len(terms) > MAX_TERMS:
        terms = [any_of(terms[start : start + MAX_TERMS]) for start in range(0, len(terms), MAX_TERMS)]
    return terms[0] if len(terms) == 1 else {"Or": terms}


def name_term(name: str) -> dict[str, t.Any]:
    condition = {"DnsName": {"Value": name, "ComparisonOperator": "EQUALS"}}
    return {"Filter": {"X509AttributeFilter": {"SubjectAlternativeName": condition}}}


def metadata_term(member: str, value: t.Any) -> dict[str, t.Any]:
    return {"Filter": {"AcmCertificateMetadataFilter": {member: value}}}


def list_members(query: Query) -> dict[str, t.Any]:
    """The filters of ListCertificates. Without key types it would list only two kinds of RSA (acm-rules §9)."""
    members: dict[str, t.Any] = {"Includes": {"keyTypes": list(query.key_algorithms or KEY_ALGORITHMS)}}
    if query.statuses and "EXPIRED" not in query.statuses:  # otherwise by its date
        members["CertificateStatuses"] = list(query.statuses)
    if query.export == "ENABLED":
        members["Includes"]["exportOption"] = "ENABLED"
    return members


def _spellings(name: str, covering: bool) -> list[str]:
    name = to_ascii(name)
    parent = name.partition(".")[2]
    return [name, f"*.{parent}"] if covering and not name.startswith("*.") else [name]


# ---------------------------------------------------------------- tags


def tags_of(acm: Door, arns: t.Sequence[str], *, surely: bool = False) -> dict[str, dict[str, str]]:
    """Tags of every certificate.

    surely: ask ACM itself, which is exact but costs one call per certificate. The tagging API answers for a hundred at
    once but lags behind: let ACM confirm its answer before anything is written because of it."""
    wanted = list(dict.fromkeys(arns))
    if not surely and not acm.is_authority and len(wanted) > FEW:
        try:
            return _tags_from_tagging_api(acm, wanted)
        except NO_ANSWER:
            pass  # not allowed, or not available
    return {
        arn: {} if answer is None else as_dict(answer.get("Tags"))
        for arn, answer in _each(acm, "ListTagsForCertificate", wanted).items()
    }


def tagged(acm: Door, tags: dict[str, t.Optional[str]]) -> t.Optional[dict[str, dict[str, str]]]:
    """Tags, by ARN, of the certificates with all these tags (None: whatever the value).

    None if the tagging API is not available, so that only ACM itself can tell.
    """
    if acm.is_authority:
        return None
    filters = [{"Key": key, "Values": [] if value is None else [value]} for key, value in sorted(tags.items())]
    try:
        return dict(_resources(acm, TagFilters=filters, ResourceTypeFilters=["acm:certificate"]))
    except NO_ANSWER:
        return None


def has_tags(present: dict[str, str], wanted: dict[str, t.Optional[str]]) -> bool:
    return all(key in present and value in (None, present[key]) for key, value in wanted.items())


def as_dict(tags: t.Optional[t.Sequence[dict[str, str]]]) -> dict[str, str]:
    """ACM's list of tags as a dict; a tag may lack its Value."""
    return {tag["Key"]: tag.get("Value") or "" for tag in tags or ()}


def _tags_from_tagging_api(acm: Door, arns: list[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {arn: {} for arn in arns}
    for start in range(0, len(arns), TAGGING_PAGE):
        found.update(_resources(acm, ResourceARNList=arns[start : start + TAGGING_PAGE]))
    return found


def _resources(acm: Door, **members: t.Any) -> t.Iterator[tuple[str, dict[str, str]]]:
    client = acm.client("resourcegroupstaggingapi")
    if "TagFilters" in members:
        members["ResourcesPerPage"] = TAGGING_PAGE  # cannot be combined with a list of ARNs
    while True:
        page = client.get_resources(**members)
        for resource in page.get("ResourceTagMappingList") or ():
            yield resource["ResourceARN"], as_dict(resource.get("Tags"))
        if not page.get("PaginationToken"):
            return
        members["PaginationToken"] = page["PaginationToken"]


def _each(acm: Door, operation: str, arns: t.Sequence[str]) -> dict[str, t.Optional[dict[str, t.Any]]]:
    wanted = list(dict.fromkeys(arns))
    answers = acm.each(operation, [{"CertificateArn": arn} for arn in wanted])
    result: dict[str, t.Optional[dict[str, t.Any]]] = {}
    for arn, answer in zip(wanted, answers):
        if isinstance(answer, AcmError):
            if answer.code != GONE:
                raise answer
            answer = None
        result[arn] = answer
    return result
